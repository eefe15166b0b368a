"""The public log (公开日志): its keys, checkpoints and proofs, for anybody to check receipts with."""
