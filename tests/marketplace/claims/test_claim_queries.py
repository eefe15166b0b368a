"""Every SQL statement of the rooms of claims, funds and statements fits the migrated schema."""

import asyncpg
import pytest

from kit.sql import load_statements


@pytest.mark.parametrize("room", ["claims", "funds", "statements"])
async def test_the_rooms_statements_can_be_prepared(room: str, conn: asyncpg.Connection) -> None:
    """PostgreSQL accepts each named statement, tables, columns and parameter types included."""
    for name, sql in load_statements(f"marketplace.{room}", "queries.sql").items():
        assert (await conn.prepare(sql)).get_query() == sql, name
