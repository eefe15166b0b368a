"""Conflicts (利害关系与禁入): who may not bid, whose interests are one, and what a bidder declares of itself."""
