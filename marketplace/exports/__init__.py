"""Exports (导出): a bank's portfolio in the import's own layout, and the graded catalogue of rights; safe to open."""
