"""What must stay hidden is kept back by grants: tried as each role that the application works as."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from kit.reach import ENGINE, NOBODY, SYSTEM, journal

#: By table: the columns that only the engine's role may read.
HIDDEN = {
    "engine.batches": ("header", "commands", "decisions"),
    "market.lots": ("reserve_price_fen", "profile", "profile_salt"),
    "market.sealings": ("profile", "profile_salt"),
}
_READABLE = """
SELECT a.attname AS name, has_column_privilege($1, a.attrelid, a.attname, 'SELECT') AS may
  FROM pg_attribute a
 WHERE a.attrelid = $2::text::regclass AND a.attnum > 0 AND NOT a.attisdropped"""


@pytest.fixture
async def login(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of a login that is in the application's role alone, as one for reports would be."""
    admin = await asyncpg.connect(database_url)
    await admin.execute(
        "CREATE ROLE only_reads LOGIN PASSWORD 'only-reads'; GRANT luochui_app TO only_reads"
    )
    connection = await asyncpg.connect(database_url, user="only_reads", password="only-reads")
    yield connection
    await connection.close()
    await admin.execute("DROP ROLE only_reads")
    await admin.close()


@pytest.mark.parametrize("table", HIDDEN)
async def test_only_the_engine_s_role_reads_what_is_hidden(
    table: str, database: asyncpg.Pool
) -> None:
    """`luochui_app` reads every column but these, also one that a later migration adds; `luochui_engine` reads all."""
    for role, hidden in (("luochui_app", set(HIDDEN[table])), ("luochui_engine", set())):
        rows = await database.fetch(_READABLE, role, table)
        assert {row["name"] for row in rows if not row["may"]} == hidden, role


@pytest.mark.parametrize("settings", [NOBODY, SYSTEM], ids=["a request", "the system's own"])
@pytest.mark.parametrize(("table", "column"), [(t, c) for t, cs in HIDDEN.items() for c in cs])
async def test_the_application_s_role_is_refused(
    settings: dict[str, str], table: str, column: str, database_url: str
) -> None:
    """By the column, by the whole row, by a condition on it: whatever its scope says."""
    connection = await asyncpg.connect(database_url, server_settings=dict(settings))
    try:
        for scope in ("public", "organisation", "platform", "oversight", "all"):
            await connection.execute("SELECT set_config('app.scope', $1, false)", scope)
            for asked in (
                f"SELECT {column} FROM {table}",
                f"SELECT * FROM {table}",
                f"SELECT t FROM {table} t",
                f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL",
                f"UPDATE {table} SET {column} = {column}",
                f"COPY {table} ({column}) TO STDOUT",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(asked)
    finally:
        await connection.close()
    engine = await asyncpg.connect(database_url, server_settings=dict(ENGINE))
    await engine.execute(f"SELECT {column} FROM {table}")
    await engine.close()


async def test_a_login_for_reports_can_not_become_the_engine(login: asyncpg.Connection) -> None:
    """Who is in `luochui_app` alone can set every scope, and neither read the journal's bytes nor take the role."""
    await login.execute("SET app.scope = 'all'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await login.fetch("SELECT commands FROM engine.batches")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await login.execute("SET ROLE luochui_engine")


@pytest.mark.parametrize("in_transaction", [True, False])
async def test_a_request_that_has_to_reads_the_journal_for_as_long_as_it_says(
    in_transaction: bool, database_url: str
) -> None:
    """Afterwards, whatever happened in between, it is the application's role again."""
    conn = await asyncpg.connect(database_url, server_settings=dict(NOBODY))

    async def role() -> str:
        return str(await conn.fetchval("SELECT current_user"))

    async def read() -> None:
        async with journal(conn):
            assert await role() == "luochui_engine"
            await conn.fetch("SELECT commands FROM engine.batches")
        assert await role() == "luochui_app"
        with pytest.raises(ZeroDivisionError):
            async with journal(conn):
                raise ZeroDivisionError
        assert await role() == "luochui_app"

    try:
        if in_transaction:
            async with conn.transaction():
                await read()
            with pytest.raises(asyncpg.DivisionByZeroError):
                async with conn.transaction(), journal(conn):
                    await conn.execute("SELECT 1 / 0")
        else:
            await read()
        assert await role() == "luochui_app"
    finally:
        await conn.close()
