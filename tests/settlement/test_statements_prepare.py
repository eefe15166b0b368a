"""Every SQL statement of the package fits the migrated schema."""

from pathlib import Path

import asyncpg
import pytest

import settlement
from kit.sql import load_statements

FILES = sorted(path.name for path in (Path(settlement.__file__).parent / "sql").glob("*.sql"))


@pytest.mark.parametrize("filename", FILES)
async def test_statements_can_be_prepared(filename: str, conn: asyncpg.Connection) -> None:
    """PostgreSQL accepts each named statement, tables, columns and parameter types included."""
    statements = load_statements("settlement", f"sql/{filename}")
    assert statements
    for name, sql in statements.items():
        prepared = await conn.prepare(sql)
        assert prepared.get_query() == sql, name
