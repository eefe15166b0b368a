"""Bidders (竞买人): who may bid for a lot, with which deposit (保证金), paddle (号牌) and priority (优先购买权)."""
