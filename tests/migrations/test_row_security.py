"""Row-level security covers what the migrations make: every table, view and function that looks at others' rows."""

import re

import asyncpg
import pytest

#: The tables without row-level security, and why each belongs to no organisation. Keep it short: a table of an
#: organisation's rows gets policies (docs/architecture.md, "Whose rows").
WITHOUT = {
    "market.duties": "what is to be done later; workers do it, and a duty names a thing, not what is in it",
    "market.lot_search": "published text alone: the index of its characters would lie idle under a policy",
    "market.outbox": "events on their way; workers announce them",
    "market.sign_in_buckets": "counters of sign-in attempts, before anybody is known",
    "settlement.account_kinds": "the chart of accounts, the same for all",
    "settlement.schemes": "compensation schemes, which are public papers",
    "settlement.steps": "the steps of every state machine",
}
#: Functions that touch guarded tables and see what their caller sees, on purpose.
AS_CALLER = {
    "market.secret_of_lot": "shows a secret reserve to whom the row is its own, by the caller's organisation",
    "market.secret_of_sealing": "the same of a sealing",
}

_TABLES = """
SELECT n.nspname || '.' || c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS is_guarded,
       EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd IN ('r', '*')) AS can_be_read
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('market', 'settlement') AND c.relkind IN ('r', 'p')
 ORDER BY 1"""
_VIEWS = """
SELECT n.nspname || '.' || c.relname AS name, coalesce('security_invoker=true' = ANY (c.reloptions), false) AS is_safe
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('market', 'settlement') AND c.relkind IN ('v', 'm')"""
_FUNCTIONS = """
SELECT n.nspname || '.' || p.proname AS name, p.prosrc AS source,
       coalesce('app.scope=all' = ANY (p.proconfig), false) AS sees_all
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname IN ('market', 'settlement', 'engine')"""


async def test_every_table_is_guarded_or_named(conn: asyncpg.Connection) -> None:
    """A new table has forced row-level security with a policy to read by, or stands in the list with its reason."""
    rows = {row["name"]: row for row in await conn.fetch(_TABLES)}
    bare = {name for name, row in rows.items() if not (row["is_guarded"] and row["can_be_read"])}
    assert bare == WITHOUT.keys(), (
        'see "Whose rows" in docs/architecture.md: every table of market and settlement has ENABLE and FORCE ROW LEVEL'
        " SECURITY and policies, or a reason in WITHOUT"
    )


async def test_no_view_reads_past_the_policies(conn: asyncpg.Connection) -> None:
    """A view reads with the rights of who asks, not of its owner."""
    assert [row["name"] for row in await conn.fetch(_VIEWS) if not row["is_safe"]] == [], (
        "ALTER VIEW ... SET (security_invoker = true)"
    )


async def test_functions_that_look_at_rows_of_others_say_so(conn: asyncpg.Connection) -> None:
    """A trigger that keeps what is always true sees every row: with the caller's eyes it would miss some."""
    guarded = [row["name"] for row in await conn.fetch(_TABLES) if row["is_guarded"]]
    pattern = re.compile(
        r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(" + "|".join(guarded) + r")\b", re.IGNORECASE
    )
    narrow = {
        row["name"]
        for row in await conn.fetch(_FUNCTIONS)
        if pattern.search(row["source"]) and not row["sees_all"]
    }
    assert narrow == AS_CALLER.keys(), "ALTER FUNCTION ... SET app.scope = 'all', or a reason here"


@pytest.mark.parametrize("name", ["luochui_app", "luochui_engine"])
async def test_the_application_cannot_step_around_the_policies(
    name: str, conn: asyncpg.Connection
) -> None:
    """The application's roles are bound by row-level security: no superuser, no bypass, owner of no table."""
    role = await conn.fetchrow(
        "SELECT rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) AS owns"
        " FROM pg_roles r WHERE rolname = $1",
        name,
    )
    assert role is not None
    assert dict(role) == {"rolsuper": False, "rolbypassrls": False, "owns": False}
