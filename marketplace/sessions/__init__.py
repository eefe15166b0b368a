"""Concentrated auctions (集中拍卖): lots that close one after the other, until the debt behind them is covered."""
