"""Steps of the random walk off the straight way: what goes back, in parts, by hand, by statement, out of a deposit."""

from datetime import timedelta
from random import Random
from uuid import UUID

import asyncpg

from settlement import (
    by_hand,
    deposits,
    forfeitures,
    instalments,
    refunds,
    rescissions,
    sales,
    statement_files,
)
from settlement.distribution import Payee
from settlement.rules.deposits import JUDICIAL_TERMS, Loss
from tests.settlement.make_bank import camt_of, some_entry, some_statement
from tests.settlement.make_money import BANK, CHECKER, MAKER, VENUE


async def rescind(conn: asyncpg.Connection, lot_id: UUID) -> None:
    """The registry refuses a transfer, and two people undo the sale."""
    now = (await sales.get(conn, lot_id)).sold_at
    order = await rescissions.propose(
        conn, lot_id, refused_on=now.date(), refusal_number="N", reason="r", proposed_by=MAKER, now=now
    )  # fmt: skip
    await rescissions.rescind(
        conn, lot_id, content_hash=order.content_hash, approved_by=CHECKER, now=now
    )


async def give_back(conn: asyncpg.Connection, lot_id: UUID) -> None:
    """What a defaulting buyer had paid of the price goes back."""
    await rescissions.give_back(conn, lot_id, now=(await sales.get(conn, lot_id)).sold_at)


async def agree_to_parts(conn: asyncpg.Connection, lot_id: UUID) -> None:
    """A price in two instalments."""
    sale = await sales.get(conn, lot_id)
    first = sale.due_fen // 2 + 1
    parts = [
        (first, sale.sold_at + timedelta(days=1)),
        (sale.due_fen - first, sale.sold_at + timedelta(days=20)),
    ]
    order = await instalments.propose(
        conn,
        lot_id,
        parts=parts,
        interest_bp_year=345,
        security="s",
        reason="r",
        proposed_by=MAKER,
        now=sale.sold_at,
    )
    await instalments.agree(
        conn, lot_id, content_hash=order.content_hash, agreed_by=CHECKER, now=sale.sold_at
    )


async def pay_by_hand(conn: asyncpg.Connection, random: Random) -> None:
    """Two people say that some waiting payout left."""
    rows = await conn.fetch(
        "SELECT id, queued_at FROM settlement.payouts WHERE state = 'QUEUED' ORDER BY id"
    )
    if rows:
        row = random.choice(rows)
        for who in (MAKER, CHECKER):
            await by_hand.tell(
                conn, row["id"], bank_reference=f"hand-{row['id']}", evidence="slip", told_by=who,
                now=row["queued_at"],
            )  # fmt: skip


async def use_deposit(conn: asyncpg.Connection, deposit_id: UUID) -> None:
    """A forfeited deposit is used up by the law of judicial sales."""
    deposit = await deposits.lock(conn, deposit_id)
    await forfeitures.use_forfeited(
        conn,
        deposit_id,
        terms=JUDICIAL_TERMS["JUDICIAL_OFFLINE"],
        loss=Loss(costs_fen=7, shortfall_fen=deposit.amount_fen // 2),
        costs_to=Payee(id=VENUE, name="venue"),
        lender=Payee(id=BANK, name="bank"),
        now=deposit.created_at,
    )


async def refund(conn: asyncpg.Connection, deposit_id: UUID) -> None:
    """A released deposit is sent back to its bidder."""
    deposit = await deposits.lock(conn, deposit_id)
    await refunds.refund_deposit(
        conn, deposit_id, holder_id=VENUE, payee_name="bidder", now=deposit.created_at
    )


async def take_in(conn: asyncpg.Connection, reference: str, amount_fen: int) -> None:
    """A stranger's credit comes by statement and waits; the same statement again changes nothing."""
    entry = some_entry(reference, amount_fen, counterparty_name="路人")
    await statement_files.receive_statements(
        conn, VENUE, camt_of(some_statement(entry)), received_by=MAKER, now=entry.booked_at
    )
