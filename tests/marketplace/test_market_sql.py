"""Every named statement of the marketplace fits the migrated schema."""

from pathlib import Path

import asyncpg
import pytest

import marketplace
from kit.sql import load_statements

ROOT = Path(marketplace.__path__[0])
STATEMENTS = [
    pytest.param(sql, id=f"{path.parent.name}/{path.stem}:{name}")
    for path in sorted(ROOT.glob("*/*.sql"))
    for name, sql in load_statements(f"marketplace.{path.parent.name}", path.name).items()
]


@pytest.mark.parametrize("sql", STATEMENTS)
async def test_statement_can_be_prepared(conn: asyncpg.Connection, sql: str) -> None:
    """The database understands the statement: no column or table is misspelled."""
    statement = await conn.prepare(sql)
    assert statement.get_query() == sql
