"""Telling the parties (通知当事人): pledgor, debtor, co-owners and priority holders hear of a sale first."""
