"""Register look-ups (登记查询) through an adapter; the one that works asks file-based extracts that were brought in."""
