"""Liabilities (分险责任) of guarantors, insurers and re-guarantors: confirmed, paid, and what comes back to them."""
