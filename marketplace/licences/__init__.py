"""Licences (二次许可) and their income over the years: terms, period statements, audits, receipts, the 许可费结算单."""
