"""The states of a sale in the books: every pair of them is tried against the database, which holds the table."""

from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from settlement import sales

STATES = (
    sales.PRICE_DUE,
    sales.PRICE_PAID,
    sales.COSTS_LOCKED,
    sales.PLAN_DRAFTED,
    sales.PLAN_APPROVED,
    sales.DISTRIBUTED,
    sales.CLOSED,
    sales.DEFAULTED,
    sales.RESCINDED,
)
#: Source: domain 6.6; written here once more, so that a change of the table is a change of two files.
STEPS = """
PRICE_DUE PRICE_PAID | PRICE_DUE DEFAULTED | PRICE_PAID COSTS_LOCKED | COSTS_LOCKED PLAN_DRAFTED
PLAN_DRAFTED PLAN_APPROVED | PLAN_DRAFTED COSTS_LOCKED | PLAN_APPROVED DISTRIBUTED | DISTRIBUTED CLOSED
PRICE_DUE RESCINDED | PRICE_PAID RESCINDED | COSTS_LOCKED RESCINDED | PLAN_DRAFTED RESCINDED | PLAN_APPROVED RESCINDED
"""
KNOWN = {tuple(pair.split()) for line in STEPS.strip().splitlines() for pair in line.split("|")}


@pytest.mark.parametrize("before", STATES)
async def test_a_sale_takes_exactly_the_steps_of_the_table(
    before: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """From each state every other is tried: a step of the table is taken, any other the database refuses."""
    for after in STATES:
        if after == before:
            continue
        lot_id = uuid4()
        await conn.execute(
            "INSERT INTO settlement.sales (lot_id, buyer_id, consignor_id, venue_id, hammer_price_fen,"
            " buyer_premium_fen, paid_fen, price_paid_at, state, release_on, objection_days, sold_at, deadline_at)"
            " VALUES ($1, $2, $2, $2, 5, 0, 5, $4, $3, 'PRICE_PAID', 0, $4, $5)",
            lot_id,
            uuid4(),
            before,
            now,
            now + timedelta(days=5),
        )
        sale = await sales.lock(conn, lot_id)
        if (before, after) in KNOWN:
            assert (await sales.set_state(conn, sale, after)).state == after
            continue
        with pytest.raises(asyncpg.PostgresError, match=f"no step from {before} to {after}"):
            async with conn.transaction():
                await sales.set_state(conn, sale, after)


async def test_the_table_has_no_other_step(conn: asyncpg.Connection) -> None:
    """What the database allows is what is written here."""
    rows = await conn.fetch(
        "SELECT from_state, to_state FROM settlement.steps WHERE subject = 'sales'"
    )
    assert {(row["from_state"], row["to_state"]) for row in rows} == KNOWN
