"""Sealed bids of lots (密封报价): keys, the canary that proves them, and the opening after the close."""
