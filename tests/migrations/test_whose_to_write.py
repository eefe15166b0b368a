"""Who only reads writes nothing: tried in every table, as everybody who is named to read or oversees.

A row stands in every table, each beneath each (all their ids are one), and all of it is one organisation's. An outsider
is then put into one single column, by which something is shared with it. The routes are not asked here: the policies
alone must keep an outsider from changing what it may read. Reliability T40.
"""

from collections.abc import AsyncIterator, Iterable

import asyncpg
import pytest

OWNER, THING, OUTSIDER = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2, 3))
#: Columns of `settlement`, which has no foreign keys into `market`, that name an organisation.
_NAMING = {
    "owner", "organisation_id", "venue_id", "consignor_id", "buyer_id", "lender_id", "holder_id", "licensee_id",
    "payer_id", "payee_id", "party_id", "fund_id", "debtor_id", "fund_ids", "recipients",
}  # fmt: skip
#: By the column in which the outsider is named, and its kind: the tables whose rows it may write there. Everything
#: else it may at most read, also where the parent of a row is shared with it.
WRITES: dict[tuple[str, str, str], set[str]] = {
    ("market.lots", "consignor_id", "bank"): set(),
    ("market.claims", "fund_ids", "fund"): set(),
    ("market.fund_notices", "fund_ids", "fund"): set(),
    ("market.quarterly_returns", "recipients", "regulator"): set(),
    ("market.mandates", "agency_id", "agency"): set(),
    ("market.licence_grants", "licensee_id", "agency"): set(),
    ("market.licence_applications", "organisation_id", "agency"): {"market.licence_applications"},
    ("market.transfers", "buyer_id", "agency"): set(),
    ("market.bidders", "organisation_id", "agency"): {
        "market.bidders", "market.collection_offers",
    },
    ("market.valuation_orders", "valuer_id", "valuer"): {"market.valuation_orders"},
    # Who bears a part of a loss answers for it; bank and parties of the case read that, and what was paid.
    ("market.liabilities", "organisation_id", "guarantor"): {"market.liabilities"},
    ("market.liabilities", "lender_id", "bank"): set(),
    ("settlement.liability_payouts", "organisation_id", "reguarantor"): set(),
    ("settlement.liability_payouts", "payee_id", "guarantor"): set(),
    ("market.white_list_pushes", "bank_id", "bank"): {"market.white_list_pushes"},
    # An expert's house: its people, and the seats on which they sit.
    ("market.users", "organisation_id", "expert"): {
        "market.users", "market.sessions", "market.api_keys", "market.second_factors", "market.recovery_codes",
        "market.expert_seats",
    },
    ("settlement.sales", "buyer_id", "agency"): set(),
    # The routes let a bank draft and approve its lot's plan, name claims on the proceeds, and answer objections.
    ("settlement.sales", "consignor_id", "bank"): {
        "settlement.plans", "settlement.sale_claims", "settlement.objections", "settlement.statements",
        "settlement.money_orders",
    },
    ("settlement.sales", "venue_id", "venue"): {
        "settlement.sales", "settlement.cost_sheets", "settlement.plans", "settlement.instalments",
        "settlement.sale_claims", "settlement.objections", "settlement.statements", "settlement.money_orders",
        "settlement.deposits", "settlement.forfeitures", "settlement.payouts",
    },
    # A bidder's money: its accounts with what moved on them, its deposit, what it paid in, what is paid out to it.
    ("settlement.accounts", "owner", "agency"): set(),
    ("settlement.deposits", "bidder_id", "agency"): set(),
    ("settlement.payments_in", "payer_id", "agency"): set(),
    ("settlement.payouts", "payee_id", "bank"): set(),
    ("settlement.dues", "party_id", "agency"): set(),
    ("settlement.buyer_claims", "debtor_id", "agency"): set(),
    ("settlement.case_parties", "organisation_id", "guarantor"): set(),
    ("settlement.case_promises", "fund_id", "fund"): set(),
    ("settlement.licences", "licensee_id", "agency"): set(),
    ("settlement.licences", "lender_id", "bank"): {"settlement.papers"},
}  # fmt: skip
#: Who is named nowhere: by scope, kind and, for a regulator, its authority.
STRANGERS = [
    ("oversight", "auditor", None),
    ("authority", "regulator", "joint"),
    ("authority", "regulator", "court"),
    ("organisation", "bank", None),
    ("organisation", "fund", None),
    ("organisation", "pledgor", None),  # whose credit code is in the loan, the pledge and the right
    ("public", "", None),
]
_COLUMNS = """
SELECT n.nspname || '.' || c.relname AS table, a.attname AS column, t.typname AS type, t.typcategory::text AS category,
       a.attidentity::text <> '' AS is_identity, c.relrowsecurity AS is_guarded,
       EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum]
                  AND f.confrelid = 'market.organisations'::regclass) AS names_organisation
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE n.nspname IN ('market', 'settlement') AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attgenerated = ''
 ORDER BY 1, a.attnum"""
_CHECKS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS drop
  FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
 WHERE c.contype = 'c' AND c.conrelid <> 0 AND n.nspname IN ('market', 'settlement')"""
_UNEQUAL = """
SELECT tablename FROM pg_policies WHERE schemaname IN ('market', 'settlement') AND cmd IN ('INSERT', 'UPDATE', 'DELETE')
 GROUP BY schemaname, tablename HAVING count(*) <> 3 OR count(DISTINCT coalesce(with_check, qual)) <> 1"""


class World:
    """One row in every table, on a superuser's connection; outsiders come and go within transactions."""

    def __init__(self, conn: asyncpg.Connection, columns: Iterable[asyncpg.Record]) -> None:
        self.conn = conn
        self.columns: dict[str, list[asyncpg.Record]] = {}
        for column in columns:
            self.columns.setdefault(column["table"], []).append(column)
        self.guarded = [
            table
            for table, found in self.columns.items()
            if found[0]["is_guarded"] and table != "market.organisations"
        ]

    def insert(self, table: str, **changed: str | None) -> str:
        """The statement that adds the row of a table."""
        values = {one["column"]: _value(one) for one in self.columns[table]} | changed
        said = ", ".join("NULL" if value is None else f"'{value}'" for value in values.values())
        return f"INSERT INTO {table} ({', '.join(values)}) OVERRIDING SYSTEM VALUE VALUES ({said})"

    async def enter(self, scope: str, kind: str, authority: str | None = None) -> None:
        """The outsider works from here to the end of the transaction, as the application does."""
        outsider = self.insert(
            "market.organisations", id=OUTSIDER, kind=kind, authority=authority, region=None,
            parent_id=None, credit_code=THING if kind == "pledgor" else None,
        )  # fmt: skip
        await self.conn.execute(outsider)
        await self.conn.execute(
            "SELECT set_config('role', 'luochui_app', true), set_config('app.scope', $1, true),"
            " set_config('app.organisation', $2, true), set_config('app.kind', $3, true)",
            scope, OUTSIDER if kind else "", kind,
        )  # fmt: skip

    async def readable(self) -> set[str]:
        """The tables of which a query without any condition shows a row."""
        asked = " UNION ALL ".join(
            f"SELECT '{table}' AS name WHERE EXISTS (SELECT FROM {table})" for table in self.guarded
        )
        return {row["name"] for row in await self.conn.fetch(asked)}

    async def changed(self) -> set[str]:
        """The tables in which an UPDATE without any condition touches a row."""
        found = set()
        for table in self.guarded:
            column = next(one["column"] for one in self.columns[table] if not one["is_identity"])
            if await self.conn.execute(f"UPDATE {table} SET {column} = {column}") != "UPDATE 0":
                found.add(table)
        return found

    async def removed_or_added(self) -> set[str]:
        """The tables out of which a DELETE takes a row, or into which the same row goes a second time."""
        found = set()
        for table in self.guarded:
            if await self.conn.execute(f"DELETE FROM {table}") != "DELETE 0":
                found.add(table)
            try:
                async with self.conn.transaction():
                    await self.conn.execute(self.insert(table))
            except asyncpg.InsufficientPrivilegeError as error:
                if "row-level security" not in str(error):
                    raise
                continue
            except asyncpg.UniqueViolationError:  # the policy let it pass
                pass
            found.add(table)
        return found


def _value(column: asyncpg.Record) -> str:
    """A value that makes every row belong to the owner and every child stand beneath every parent."""
    name, kind = column["column"], column["type"]
    names = column["names_organisation"] or name in _NAMING
    names = names or (column["table"], name) == ("settlement.deposits", "bidder_id")
    if kind in ("uuid", "_uuid"):
        whose = OWNER if names else THING
        return whose if kind == "uuid" else f"{{{whose}}}"
    if kind in ("bytea", "json", "jsonb") or name in ("profile", "content"):
        return "{}"
    if name == "state":
        return "approved"
    by_category = {"N": "1", "B": "true", "D": "2020-01-01", "T": "1 day", "A": "{}", "R": "empty"}
    return by_category.get(column["category"], THING)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """Every table with its row; constraints and triggers are off, so that the policies alone stand in the way."""
    conn = await asyncpg.connect(database_url)
    await conn.execute("SET session_replication_role = replica; SET app.scope = 'all'")
    await conn.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA market, settlement TO luochui_app"
    )
    await conn.execute("; ".join(row["drop"] for row in await conn.fetch(_CHECKS)))
    made = World(conn, await conn.fetch(_COLUMNS))
    whole = [made.insert(table) for table in made.guarded]
    whole.append(
        made.insert("market.organisations", id=OWNER, kind="bank", region=None, credit_code=None)
    )
    await conn.execute("; ".join(whole))
    yield made
    await conn.close()


async def test_adding_changing_and_removing_ask_the_same(conn: asyncpg.Connection) -> None:
    """So that what is tried below of one of the three holds of all."""
    assert await conn.fetch(_UNEQUAL) == []


async def test_who_is_named_to_read_changes_nothing(world: World) -> None:
    """In each column by which something is shared, one outsider: it reads, and writes its own rows alone."""
    for (table, column, kind), own in WRITES.items():
        transaction = world.conn.transaction()
        await transaction.start()
        value = f"{{{OUTSIDER}}}" if column in ("fund_ids", "recipients") else OUTSIDER
        await world.conn.execute(f"UPDATE {table} SET {column} = '{value}'")
        await world.enter("organisation", kind)
        assert table in await world.readable(), (table, column)
        assert await world.changed() == own, (table, column)
        await transaction.rollback()


async def test_overseers_and_strangers_write_nothing(world: World) -> None:
    """Who sees everything, or an area, or only what is published, adds, changes and removes nothing."""
    seen: dict[tuple[str, str, str | None], set[str]] = {}
    for scope, kind, authority in STRANGERS:
        transaction = world.conn.transaction()
        await transaction.start()
        await world.enter(scope, kind, authority)
        who = (scope, kind, authority)
        seen[who] = await world.readable()
        assert await world.changed() == set(), who
        assert await world.removed_or_added() == set(), who
        await transaction.rollback()
    assert seen["oversight", "auditor", None] == set(world.guarded)
    assert {"market.loan_cases", "settlement.cases", "settlement.entries"} <= seen[
        "authority", "regulator", "joint"
    ]
    assert {"market.pledges", "settlement.plans"} <= seen["organisation", "pledgor", None]
    for who in (("organisation", "bank", None), ("public", "", None)):
        assert not any(table.startswith("settlement.case") for table in seen[who])


async def test_a_fund_reads_enrolments_and_trips_of_banks_to_which_it_promised(
    world: World,
) -> None:
    """Of this bank, under this scheme, once a loan of it has a promise; before that, and under another scheme, none."""
    rows = {"settlement.enrolments", "settlement.breaker_trips"}
    for set_, is_seen in (
        ("UPDATE settlement.case_promises SET fund_id = $1", True),
        ("UPDATE settlement.case_promises SET fund_id = $1 WHERE false", False),
    ):
        for other in ("", "scheme_id = 'another'", f"lender_id = '{THING}'"):
            transaction = world.conn.transaction()
            await transaction.start()
            await world.conn.execute(set_.replace("$1", f"'{OUTSIDER}'"))
            if other:
                await world.conn.execute(f"UPDATE settlement.cases SET {other}")
            await world.enter("organisation", "fund")
            expected = rows if is_seen and not other else set()
            assert await world.readable() & rows == expected, (set_, other)
            await transaction.rollback()
