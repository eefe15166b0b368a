"""The pledgor's desk (出质人): its rights, debts and their disposal; notices received, consents, objections."""
