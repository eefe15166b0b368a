"""Disclosures (信息披露): a listing that goes on because too few came (延牌), and a notice that changes (重新披露)."""
