"""Compensation funds (风险补偿资金): what came into the special account, what is promised, what was advanced."""
