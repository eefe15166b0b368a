"""Duties (待办): what must happen at a time, kept in PostgreSQL. arq only wakes somebody up to do them."""
