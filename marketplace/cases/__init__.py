"""Defaulted loans (违约贷款), tracked one by one."""
