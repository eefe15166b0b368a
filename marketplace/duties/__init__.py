"""Duties (待办): what must happen at a time, kept in PostgreSQL until it is done."""
