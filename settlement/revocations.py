"""A result set aside after the close (撤销): whatever was paid of the price goes back, by two people.

Unlike a rescission, which the registry's refusal causes, the sale itself should not have been: its price may not be
paid yet. The deposit that is still held is the marketplace's to release. Source: 法释〔2016〕18号 art. 31; domain 2.10.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.sql import Connection, load_statements
from settlement import orders, rescissions, sales
from settlement.errors import IllegalStep

_PLANS = load_statements("settlement", "sql/distribution.sql")
_REVOCABLE = (
    sales.PRICE_DUE,
    sales.PRICE_PAID,
    sales.COSTS_LOCKED,
    sales.PLAN_DRAFTED,
    sales.PLAN_APPROVED,
)


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """The document: which sale is set aside, on which ground, by what evidence, and how much goes back to whom."""

    lot_id: UUID
    buyer_id: UUID
    returned_fen: int
    ground: str
    reason: str
    evidence: str


async def propose(
    conn: Connection,
    lot_id: UUID,
    *,
    ground: str,
    reason: str,
    evidence: str,
    proposed_by: UUID,
    now: datetime,
) -> orders.Order:
    """Propose that a sale be set aside. Raises `IllegalStep` once the title is recorded or the price distributed."""
    sale = await sales.lock(conn, lot_id)
    _must_be_revocable(sale)
    document = Revocation(
        lot_id=lot_id,
        buyer_id=sale.buyer_id,
        returned_fen=sale.paid_fen + sale.interest_paid_fen,
        ground=ground,
        reason=reason,
        evidence=evidence,
    )
    return await orders.propose(
        conn, orders.REVOCATION, lot_id, document, proposed_by=proposed_by, now=now
    )


async def revoke(
    conn: Connection, lot_id: UUID, *, content_hash: bytes, approved_by: UUID, now: datetime
) -> tuple[Revocation, bool]:
    """Set the sale aside as proposed, by another person, once; the document, and whether it was done before.

    Money that came in since the proposal goes back too: the document says what was there when it was drawn up.
    """
    sale = await sales.lock(conn, lot_id)
    order, was_done = await orders.approve(
        conn,
        orders.REVOCATION,
        lot_id,
        content_hash=content_hash,
        approved_by=approved_by,
        now=now,
    )
    if not was_done:
        _must_be_revocable(sale)
        await conn.execute(_PLANS["withdraw_standing"], lot_id)
        await sales.set_state(conn, sale, sales.RESCINDED)
        await rescissions.give_back(conn, lot_id, now=now)
    return orders.document_of(order, Revocation), was_done


def _must_be_revocable(sale: sales.Sale) -> None:
    if sale.title_recorded_at is not None:
        raise IllegalStep(f"sale of lot {sale.lot_id}", state="title recorded", step="REVOKED")
    if sale.state not in _REVOCABLE:
        raise IllegalStep(f"sale of lot {sale.lot_id}", state=sale.state, step="REVOKED")
