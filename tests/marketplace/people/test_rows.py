"""Row-level security on rows: a forgotten condition shows a stranger nothing, and changes nothing of another.

Every query here has no condition at all. Reliability T40.
"""

import asyncpg
import pytest

from kit.reach import Scope, enter, everything
from kit.sql import Connection
from marketplace.organisations.schemas import Caller, Role
from tests.make_stage import Stage

_GUARDED = """
SELECT n.nspname || '.' || c.relname AS name,
       (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = 1) AS column
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('market', 'settlement') AND c.relkind = 'r' AND c.relrowsecurity
 ORDER BY 1"""
#: What is everybody's to read once it is published, and the directory of who is in the market (bidders excepted).
_PUBLISHED = {
    "market.organisations", "market.lots", "market.lot_assets", "market.assets", "market.notices",
    "settlement.payee_accounts",
}  # fmt: skip
#: Nobody may: no privilege, a generated column, rows that are only ever added.
_NEVER = ("42501", "428C9", "LL008")
_STRANGERS = (Role.BANK_CHECKER, Role.VENUE_OPERATOR, Role.AGENCY_BIDDER, Role.FUND_CHECKER)


async def counts(stage: Stage, scope: Scope | None, caller: Caller | None = None) -> dict[str, int]:
    """How many rows each table shows, on a connection that requests borrow; None: it was told nothing."""
    found = {}
    async with stage.resources.requests.acquire() as conn:
        tables = await conn.fetch(_GUARDED)
        if scope is not None:
            whose = (
                ()
                if caller is None
                else (str(caller.organisation_id), str(caller.organisation_kind))
            )
            await enter(conn, scope, *whose)
        for table in tables:
            found[table["name"]] = await conn.fetchval(f"SELECT count(*) FROM {table['name']}")
    return {name: count for name, count in found.items() if count}


@pytest.fixture
async def sale(stage: Stage) -> Stage:
    """A published lot with a registered bidder, and all that stands behind it."""
    await stage.registered(await stage.published(lasts=600, opens_in=600))
    return stage


async def test_a_forgotten_condition_leaks_nothing(sale: Stage) -> None:
    """Told nothing: nothing. Strangers and visitors: what is published. Who has to do with it: that. Overseers: all."""
    assert await counts(sale, None) == {}
    whole = await counts(sale, Scope.ALL)
    assert {
        "market.consignments",
        "market.loan_cases",
        "market.bidders",
        "market.valuations",
    } <= whole.keys()
    assert (await counts(sale, Scope.PUBLIC)).keys() <= _PUBLISHED
    for role in _STRANGERS:
        stranger = (await sale.person(role)).caller
        seen = await counts(sale, Scope.ORGANISATION, stranger)
        own = {"market.users": 1, "market.api_keys": 1}
        left = {
            name: n for name, n in seen.items() if name not in _PUBLISHED and own.get(name) != n
        }
        assert {name for name in left if name != "market.audit_entries"} == set(), role
    bank = await counts(sale, Scope.ORGANISATION, sale.bank_maker.caller)
    venue = await counts(sale, Scope.ORGANISATION, sale.operator.caller)
    assert bank["market.consignments"] == bank["market.loan_cases"] == 1
    assert (
        venue["market.consignments"] == venue["market.bidders"] == venue["market.valuations"] == 1
    )
    assert "market.bidders" not in bank
    whole = await counts(sale, Scope.ALL)
    assert await counts(sale, Scope.OVERSIGHT, sale.bank_maker.caller) == whole


async def outcome(conn: Connection, statement: str) -> str:
    """How many rows a statement touched, or the code with which the database refused it."""
    try:
        return (await conn.execute(statement)).split(" ")[-1]
    except asyncpg.PostgresError as error:
        return str(error.sqlstate)


@pytest.mark.parametrize(
    "scope", [Scope.ORGANISATION, Scope.OVERSIGHT, Scope.PUBLIC, Scope.PLATFORM]
)
async def test_what_is_not_ones_own_does_not_change(sale: Stage, scope: Scope) -> None:
    """An UPDATE and a DELETE without any condition touch no row of another: overseers, who see all, included."""
    stranger = (await sale.person(Role.BANK_CHECKER)).caller
    mine = {"market.users", "market.api_keys", "market.organisations"}
    async with sale.resources.requests.acquire() as conn:
        for table in await conn.fetch(_GUARDED):
            if table["name"] in mine:
                continue
            column, name = table["column"], table["name"]
            for statement in (f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}"):
                transaction = conn.transaction()
                await transaction.start()
                await enter(conn, scope, str(stranger.organisation_id), "bank")
                assert await outcome(conn, statement) in {"0", *_NEVER}, statement
                await transaction.rollback()


async def test_nobody_adds_a_row_for_another(sale: Stage) -> None:
    """An INSERT in another's name is refused, whoever sees what."""
    stranger = (await sale.person(Role.BANK_CHECKER)).caller
    async with sale.resources.requests.acquire() as conn:
        for scope in (Scope.ORGANISATION, Scope.OVERSIGHT, Scope.PUBLIC):
            await enter(conn, scope, str(stranger.organisation_id), "bank")
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await conn.execute(
                    "INSERT INTO market.approval_limits (organisation_id, version, approval_id, set_at)"
                    " VALUES ($1, 1, gen_random_uuid(), now())",
                    sale.bank_maker.caller.organisation_id,
                )


async def broken_off(conn: Connection) -> None:
    """An error of ours within the block."""
    async with everything(conn):
        raise ZeroDivisionError


async def broken(conn: Connection) -> None:
    """An error of the database within the block, in a transaction that it breaks."""
    async with conn.transaction(), everything(conn):
        await conn.fetchval("SELECT 1 / 0")


async def test_everything_lasts_as_long_as_its_block(sale: Stage) -> None:
    """Within a transaction and without; after an error too, and after one that broke the transaction."""
    count = "SELECT count(*) FROM market.consignments"
    stranger = str((await sale.person(Role.BANK_CHECKER)).caller.organisation_id)
    async with sale.resources.requests.acquire() as conn:
        await enter(conn, Scope.ORGANISATION, stranger, "bank")
        async with everything(conn):
            assert await conn.fetchval(count) == 1
        assert await conn.fetchval(count) == 0
        async with conn.transaction():
            await enter(conn, Scope.ORGANISATION, stranger, "bank")
            with pytest.raises(ZeroDivisionError):
                await broken_off(conn)
            assert await conn.fetchval(count) == 0
            with pytest.raises(asyncpg.DivisionByZeroError):
                await broken(conn)
            assert await conn.fetchval(count) == 0
    async with sale.resources.requests.acquire() as conn:
        assert await conn.fetchval(count) == 0
