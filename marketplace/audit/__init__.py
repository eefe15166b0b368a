"""The audit trail 审计日志: one entry a change of state, append-only, chained by hashes."""
