"""Money after the hammer: ledger, deposits, waterfall, compensation clearing, statements."""
