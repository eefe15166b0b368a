"""The database that tests of `conn` share: each finds it as the migrations made it."""

import pytest

from kit.sql import Connection


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_begins_as_the_first(conn: Connection, turn: int) -> None:
    """Rows, numbers and roles that one test has changed are as they were in the next."""
    assert await conn.fetchval("SELECT current_user") == "luochui_engine"
    assert await conn.fetchval("SELECT nextval('market.lot_numbers')") == 1
    assert await conn.fetchval("SELECT count(*) FROM market.organisations") == 1
    await conn.execute(
        "INSERT INTO market.organisations (id, kind, name, created_at)"
        " VALUES (gen_random_uuid(), 'bank', $1, now())",
        f"bank {turn}",
    )
    await conn.execute("SET ROLE luochui_app")
