"""Auctions (竞价) over HTTP: bids in, decisions and receipts out, the live public record."""
