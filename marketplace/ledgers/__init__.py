"""The case ledger (案件台账): every loan tracked one by one, with its timeline, its deadlines and what rests on it."""
