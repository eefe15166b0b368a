"""Every state machine that the database guards: each step of its table is taken, every other pair of states is refused.

`test_sale_states` does so through the service of sales; here each table with a state is tried at the database itself.
"""

import re

import asyncpg
import pytest

#: Source: domain 5.2, 6.5, 6.6; written here once more, so that a change of a table is a change of two files.
MACHINES = {
    "settlement.holds": "HELD CAPTURED | HELD RELEASED | HELD EXPIRED",
    "settlement.deposits": """CREATED FROZEN | FROZEN RELEASED | FROZEN APPLIED_TO_PRICE | FROZEN FORFEITED
        FROZEN PARTLY_FORFEITED""",
    "settlement.sales": """PRICE_DUE PRICE_PAID | PRICE_DUE DEFAULTED | PRICE_DUE RESCINDED | PRICE_PAID COSTS_LOCKED
        PRICE_PAID RESCINDED | COSTS_LOCKED PLAN_DRAFTED | COSTS_LOCKED RESCINDED | PLAN_DRAFTED COSTS_LOCKED
        PLAN_DRAFTED PLAN_APPROVED | PLAN_DRAFTED RESCINDED | PLAN_APPROVED DISTRIBUTED | PLAN_APPROVED RESCINDED
        DISTRIBUTED CLOSED""",
    "settlement.payouts": """QUEUED SENT | QUEUED PAID | SENT PAID | SENT FAILED | FAILED QUEUED""",
    "settlement.cost_sheets": "DRAFT LOCKED | DRAFT WITHDRAWN",
    "settlement.plans": "DRAFT APPROVED | DRAFT WITHDRAWN | APPROVED PAID | APPROVED WITHDRAWN",
    "settlement.objections": "OPEN DISMISSED | OPEN UPHELD",
    "settlement.money_orders": "PROPOSED DONE | PROPOSED REFUSED",
    "settlement.cases": """LOAN_ENROLLED OVERDUE | LOAN_ENROLLED DEFAULT_CONFIRMED | OVERDUE LOAN_ENROLLED
        OVERDUE DEFAULT_CONFIRMED | DEFAULT_CONFIRMED COMP_APPLIED | COMP_APPLIED COMP_REVIEWED | COMP_APPLIED REJECTED
        COMP_APPLIED SUSPENDED_BY_BREAKER | SUSPENDED_BY_BREAKER COMP_APPLIED | SUSPENDED_BY_BREAKER COMP_REVIEWED
        SUSPENDED_BY_BREAKER REJECTED | COMP_REVIEWED ADVANCE_PAID | ADVANCE_PAID DISPOSAL | ADVANCE_PAID FINAL_CLEARING
        ADVANCE_PAID CLAWED_BACK | DISPOSAL FINAL_CLEARING | DISPOSAL CLAWED_BACK | FINAL_CLEARING CLOSED
        FINAL_CLEARING CLAWED_BACK | CLOSED FINAL_CLEARING | CLOSED CLAWED_BACK | CLOSED WRITTEN_OFF""",
    "settlement.enrolments": "FILED ACCEPTED | FILED REFUSED",
    "settlement.licences": "DRAFT ACTIVE | DRAFT WITHDRAWN | ACTIVE ENDED",
    "settlement.royalty_receipts": "ESCROWED DISTRIBUTED",
    "settlement.bank_files": "QUARANTINED IMPORTED",
    "settlement.bank_entries": """OPEN MATCHED | OPEN BOOKED | OPEN HELD | OPEN ASSIGNED | OPEN RETURNED | OPEN NOTED
        HELD ASSIGNED | HELD RETURNED""",
    "settlement.bank_decisions": "PROPOSED DONE | PROPOSED REFUSED",
    "settlement.payee_accounts": "PROPOSED ACTIVE | PROPOSED REFUSED | ACTIVE REPLACED",
    "settlement.payment_files": """DRAFT APPROVED | DRAFT WITHDRAWN | DRAFT VOID | APPROVED EXPORTED
        APPROVED WITHDRAWN | APPROVED VOID""",
    "settlement.payment_lines": """PENDING ACCEPTED | PENDING PAID | PENDING REJECTED | PENDING DROPPED
        ACCEPTED PAID | ACCEPTED REJECTED""",
    "market.approvals": """pending approved | pending refused | pending withdrawn | approved used
        approved withdrawn""",
    "market.claims": "drafted returned | drafted approved",
    "market.quarterly_returns": """drafted submitted | drafted locked | submitted locked | submitted reopened
        locked reopened""",
    "market.sealings": """proposed keyed | keyed peeled | peeled proved | keyed proposed | peeled proposed
        proved proposed""",
    "market.valuation_orders": "ordered delivered | ordered declined | ordered withdrawn",
    "market.liabilities": "notified confirmed | notified disputed | disputed confirmed",
    "market.import_jobs": """waiting reading | reading checking | reading entering | reading completed | reading refused
        reading unreadable | checking reading | checking entering | checking completed | checking refused
        checking unreadable | entering reading | entering checking | entering completed | entering refused
        entering unreadable""",
}
#: The function that guards each table, and what it says.
GUARDS = {
    "market.approvals": ("approval_is_frozen_v2", "what was settled stays"),
    "market.claims": ("claim_is_frozen", "what was decided does not change"),
}
BY_STEPS = ("guard_state", "there is no step from")
#: What a column holds where nobody cares, by its type.
ANYTHING = {
    "uuid": "gen_random_uuid()",
    "text": "'x'",
    "bigint": "1",
    "integer": "1",
    "smallint": "1",
    "bytea": "sha256('x')",
    "boolean": "false",
    "date": "DATE '2026-11-20'",
    "timestamp with time zone": "now()",
    "uuid[]": "ARRAY[gen_random_uuid()]",
    "text[]": "ARRAY['x']",
    "jsonb": "'{}'",
}


def steps_of(name: str) -> set[tuple[str, str]]:
    """The steps written for a machine."""
    pairs = [pair.split() for line in MACHINES[name].splitlines() for pair in line.split("|")]
    return {(before, after) for before, after in pairs}


async def states_of(conn: asyncpg.Connection, name: str) -> list[str]:
    """The states that the table's own check knows."""
    definitions = await conn.fetch(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c'",
        name,
    )
    wanted = re.compile(r"CHECK \(\(state = ANY \(ARRAY\[(.*)\]\)\)\)")
    (found,) = [match[1] for row in definitions if (match := wanted.fullmatch(row["text"]))]
    return re.findall(r"'(\w+)'", found)


async def lay_bare(conn: asyncpg.Connection, name: str, guard: str) -> None:
    """Leave the guard alone with the table: nothing else refuses a row, so that what is refused it refused."""
    for row in await conn.fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('c', 'f')",
        name,
    ):
        await conn.execute(f"ALTER TABLE {name} DROP CONSTRAINT {row['conname']}")
    await conn.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    (trigger,) = await conn.fetch(
        "SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE t.tgrelid = $1::regclass AND p.proname = $2",
        name,
        guard,
    )
    await conn.execute(f"ALTER TABLE {name} ENABLE TRIGGER {trigger['tgname']}")


async def put(conn: asyncpg.Connection, name: str, state: str) -> None:
    """A row in a state, whatever else is in it, and no other."""
    columns = await conn.fetch(
        "SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute"
        " WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''"
        " AND attnotnull AND attname <> 'state'",
        name,
    )
    names = ", ".join(["state", *(row["name"] for row in columns)])
    values = ", ".join([f"'{state}'", *(ANYTHING[row["type"]] for row in columns)])
    await conn.execute(f"DELETE FROM {name}")
    await conn.execute(f"INSERT INTO {name} ({names}) VALUES ({values})")


@pytest.mark.parametrize("name", MACHINES)
async def test_a_table_takes_exactly_the_written_steps(name: str, conn: asyncpg.Connection) -> None:
    """From each state every other is tried: a written step is taken, any other the database refuses."""
    await conn.execute("SET LOCAL ROLE NONE")  # as the owner, whom the guard stops too
    guard, says = GUARDS.get(name, BY_STEPS)
    states, known = await states_of(conn, name), steps_of(name)
    assert {state for pair in known for state in pair} <= set(states)
    await lay_bare(conn, name, guard)
    for before in states:
        for after in states:
            if before == after:
                continue
            await put(conn, name, before)
            if (before, after) in known:
                await conn.execute(f"UPDATE {name} SET state = $1", after)
                assert await conn.fetchval(f"SELECT state FROM {name}") == after
                continue
            with pytest.raises(asyncpg.PostgresError, match=says):
                async with conn.transaction():
                    await conn.execute(f"UPDATE {name} SET state = $1", after)


async def test_every_guarded_table_is_tried(conn: asyncpg.Connection) -> None:
    """A table of settlement with a state is guarded and written above; what the database allows is what is written."""
    tables = await conn.fetch(
        "SELECT a.attrelid::regclass::text AS name,"
        "       EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        "                WHERE t.tgrelid = a.attrelid AND p.proname = 'guard_state') AS is_guarded"
        "  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'settlement' AND a.attname = 'state' AND c.relkind = 'r'"
    )
    assert {row["name"] for row in tables} == {
        name for name in MACHINES if name.startswith("settlement.")
    }
    assert all(row["is_guarded"] for row in tables), [
        row["name"] for row in tables if not row["is_guarded"]
    ]
    rows = await conn.fetch("SELECT subject, from_state, to_state FROM settlement.steps")
    allowed: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        allowed.setdefault(f"settlement.{row['subject']}", set()).add(
            (row["from_state"], row["to_state"])
        )
    wanted = {name: steps_of(name) for name in MACHINES if name.startswith("settlement.")}
    assert allowed == wanted
