"""A payment that a person says has left: two people, the bank's reference and what proves it.

The way out is a payment file (`settlement.instructions`). Where a custodian's bank takes none, somebody pays at its
counter; then one person reports the debit and another confirms it from the bank's paper. What was sent in a file is
told paid by the bank alone, so nothing is paid both ways. A report that nobody confirmed is refused like any order; a
reference that two people read wrong is corrected by two, with the reason. Source: reliability T33.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.sql import Connection
from settlement import orders, payments
from settlement.errors import DuplicateBankReference, IllegalStep


class ReportedOtherwise(Conflict):
    """Another person read another bank reference: look at the paper. / 与他人登记的流水号不一致。"""

    code = "reported_otherwise"


class NotPaidByHand(Conflict):
    """Only the reference of what two people paid by hand is corrected. / 仅人工登记付款的流水号可以更正。"""

    code = "not_paid_by_hand"


class ReferenceCorrected(msgspec.Struct, frozen=True, kw_only=True):
    """The document: which payout left under another reference than two people read, and why that is known."""

    payout_id: UUID
    payee_name: str
    amount_fen: int
    wrong_reference: str
    bank_reference: str
    evidence: str
    reason: str


class PaidByHand(msgspec.Struct, frozen=True, kw_only=True):
    """The document: which payout left, to whom, how much, under which reference, and what proves it."""

    payout_id: UUID
    payee_name: str
    amount_fen: int
    bank_reference: str
    evidence: str


async def tell(
    conn: Connection,
    payout_id: UUID,
    *,
    bank_reference: str,
    evidence: str,
    told_by: UUID,
    now: datetime,
) -> payments.Payout:
    """One person reports that a payout left; when another reads the same from the bank's paper, it is booked, once.

    Both enter the bank's reference for themselves. Raises `IllegalStep` for a payout that a file took to the bank,
    `DuplicateBankReference`, and `ReportedOtherwise` where the second reads another reference.
    """
    payout = await payments.get(conn, payout_id)
    if payout.state == payments.PAID:
        return await payments.confirm_payout(
            conn, payout.id, bank_reference=bank_reference, now=now
        )
    if payout.state == "SENT":
        raise IllegalStep(f"payout {payout.id}", state=payout.state, step="paid by hand")
    if await payments.is_reference_used(conn, bank_reference, but_for=payout.id):
        raise DuplicateBankReference
    order = await _standing(conn, payout.id)
    if order is None:
        document = PaidByHand(
            payout_id=payout.id,
            payee_name=payout.payee_name,
            amount_fen=payout.amount_fen,
            bank_reference=bank_reference,
            evidence=evidence,
        )
        await orders.propose(
            conn, orders.PAID_BY_HAND, payout.id, document, proposed_by=told_by, now=now
        )
        return payout
    if orders.document_of(order, PaidByHand).bank_reference != bank_reference:
        raise ReportedOtherwise
    if order.proposed_by == told_by:
        return payout
    await orders.approve(
        conn,
        orders.PAID_BY_HAND,
        payout.id,
        content_hash=order.content_hash,
        approved_by=told_by,
        now=now,
    )
    return await payments.confirm_payout(conn, payout.id, bank_reference=bank_reference, now=now)


async def propose_correction(
    conn: Connection,
    payout_id: UUID,
    *,
    bank_reference: str,
    evidence: str,
    reason: str,
    proposed_by: UUID,
    now: datetime,
) -> orders.Order:
    """Propose another reference for a payout that was paid by hand; nothing changes until another person agrees.

    Raises `NotPaidByHand` for one that is not paid or that the bank told paid, `DuplicateBankReference`.
    """
    payout = await _paid_by_hand(conn, payout_id)
    if await payments.is_reference_used(conn, bank_reference, but_for=payout_id):
        raise DuplicateBankReference
    if payout.bank_reference == bank_reference:
        raise InvalidInput(
            "bank_reference", "must differ from the one that stands", "须与现登记的流水号不同"
        )
    document = ReferenceCorrected(
        payout_id=payout.id,
        payee_name=payout.payee_name,
        amount_fen=payout.amount_fen,
        wrong_reference=payout.bank_reference or "",
        bank_reference=bank_reference,
        evidence=evidence,
        reason=reason,
    )
    return await orders.propose(
        conn, orders.PAYOUT_REFERENCE, payout_id, document, proposed_by=proposed_by, now=now
    )


async def correct(
    conn: Connection, payout_id: UUID, *, content_hash: bytes, approved_by: UUID, now: datetime
) -> payments.Payout:
    """Correct a payout's reference as proposed, by another person; no money moves, and both references stay on file."""
    payout = await _paid_by_hand(conn, payout_id)
    order, was_done = await orders.approve(
        conn,
        orders.PAYOUT_REFERENCE,
        payout_id,
        content_hash=content_hash,
        approved_by=approved_by,
        now=now,
    )
    if was_done:
        return payout
    wanted = orders.document_of(order, ReferenceCorrected)
    return await payments.correct_reference(conn, payout_id, bank_reference=wanted.bank_reference)


async def reported(conn: Connection, payout_id: UUID) -> PaidByHand | None:
    """What one person reported of a payout that waits for the second; None where nobody did."""
    for order in await orders.of_subject(conn, payout_id):
        if (order.kind, order.state) == (orders.PAID_BY_HAND, orders.PROPOSED):
            return orders.document_of(order, PaidByHand)
    return None


async def _paid_by_hand(conn: Connection, payout_id: UUID) -> payments.Payout:
    payout = await payments.get(conn, payout_id)
    order = await _standing(conn, payout_id)
    if payout.state != payments.PAID or order is None or order.state != orders.DONE:
        raise NotPaidByHand
    return payout


async def _standing(conn: Connection, payout_id: UUID) -> orders.Order | None:
    try:
        return await orders.standing(conn, orders.PAID_BY_HAND, payout_id)
    except NotFound:
        return None
