"""A sale undone because the registry refused the transfer, and money of a price that goes back to its buyer.

While the notice keeps the price in escrow until the title is recorded it is all still there: the whole of it, premium
and deposit included, becomes the buyer's free money again, and no plan of the lot is paid any more. Two people decide.
Source: domain 6.6 (recordal refused by CNIPA).
"""

from datetime import date, datetime
from uuid import UUID

import msgspec

from kit.failpoints import register
from kit.sql import Connection, load_statements
from settlement import orders, sales
from settlement.errors import IllegalStep
from settlement.ledger import (
    Entry,
    Transfer,
    client_interest,
    client_money,
    client_price,
    post_one,
)

_SQL = load_statements("settlement", "sql/orders.sql")
_PLANS = load_statements("settlement", "sql/distribution.sql")
_RESCINDABLE = (sales.PRICE_PAID, sales.COSTS_LOCKED, sales.PLAN_DRAFTED, sales.PLAN_APPROVED)

_before_return = register("settlement.rescissions.before_return")
_after_return = register("settlement.rescissions.after_return")


class Rescission(msgspec.Struct, frozen=True, kw_only=True):
    """The document: which sale is undone, how much goes back to whom, and the registry's refusal."""

    lot_id: UUID
    buyer_id: UUID
    returned_fen: int
    refused_on: date
    refusal_number: str
    reason: str


async def propose(
    conn: Connection,
    lot_id: UUID,
    *,
    refused_on: date,
    refusal_number: str,
    reason: str,
    proposed_by: UUID,
    now: datetime,
) -> orders.Order:
    """Propose that a sale be undone. Raises `IllegalStep` once the title is recorded or the price distributed."""
    sale = await sales.lock(conn, lot_id)
    _must_be_rescindable(sale)
    document = Rescission(
        lot_id=lot_id,
        buyer_id=sale.buyer_id,
        returned_fen=sale.paid_fen + sale.interest_paid_fen,
        refused_on=refused_on,
        refusal_number=refusal_number,
        reason=reason,
    )
    return await orders.propose(
        conn, orders.RESCISSION, lot_id, document, proposed_by=proposed_by, now=now
    )


async def rescind(
    conn: Connection, lot_id: UUID, *, content_hash: bytes, approved_by: UUID, now: datetime
) -> sales.Sale:
    """Undo the sale as proposed, by another person, once: the price is the buyer's free money again."""
    sale = await sales.lock(conn, lot_id)
    _, was_done = await orders.approve(
        conn,
        orders.RESCISSION,
        lot_id,
        content_hash=content_hash,
        approved_by=approved_by,
        now=now,
    )
    if was_done:
        return sale
    _must_be_rescindable(sale)
    await conn.execute(_PLANS["withdraw_standing"], lot_id)
    await sales.set_state(conn, sale, sales.RESCINDED)
    return await give_back(conn, lot_id, now=now)


async def give_back(conn: Connection, lot_id: UUID, *, now: datetime) -> sales.Sale:
    """Give what was paid of the price of a rescinded or defaulted sale, and of its interest, back to the buyer, once.

    It becomes the buyer's free money; what the default cost is taken of the deposit.
    """
    sale = await sales.lock(conn, lot_id)
    if sale.state not in (sales.RESCINDED, sales.DEFAULTED):
        raise IllegalStep(f"sale of lot {lot_id}", state=sale.state, step="returned")
    if sale.paid_fen == sale.returned_fen:
        return sale
    _before_return()
    interest = [Entry(client_interest(lot_id), -sale.interest_paid_fen)]
    await post_one(
        conn,
        Transfer(
            idempotency_id=f"sale:{lot_id}:returned",
            kind="price_returned",
            ref=f"lot:{lot_id}",
            entries=(
                Entry(client_price(lot_id), -sale.paid_fen),
                *(interest if sale.interest_paid_fen else ()),
                Entry(
                    client_money(sale.buyer_id, sale.venue_id),
                    sale.paid_fen + sale.interest_paid_fen,
                ),
            ),
        ),
        now=now,
    )
    await conn.execute(_SQL["mark_returned"], lot_id)
    _after_return()
    return await sales.get(conn, lot_id)


def _must_be_rescindable(sale: sales.Sale) -> None:
    if sale.title_recorded_at is not None:
        raise IllegalStep(
            f"sale of lot {sale.lot_id}", state="title recorded", step=sales.RESCINDED
        )
    if sale.state not in _RESCINDABLE:
        raise IllegalStep(f"sale of lot {sale.lot_id}", state=sale.state, step=sales.RESCINDED)
