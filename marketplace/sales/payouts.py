"""Money that leaves for a lot's payees: what waits, and the bank's word that it went."""

from datetime import datetime
from uuid import UUID

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller
from marketplace.sales.schemas import (
    Approval,
    CorrectionView,
    PaidOut,
    Payout,
    PayoutCorrection,
)
from settlement import by_hand, orders, payments


async def of_lot(conn: Connection, caller: Caller, lot_id: UUID) -> list[Payout]:
    """What the lot's paid plan sends to whom, in the order queued; for its venue's people."""
    await lots.owned(conn, caller, lot_id)
    return [
        _shown(payout, await by_hand.reported(conn, payout.id))
        for payout in await payments.payouts_of(conn, lot_id)
    ]


async def confirm(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    payout_id: UUID,
    given: PaidOut,
    *,
    now: datetime,
) -> Payout:
    """Report that one was paid by hand; another person who reads the same reference from the bank's paper books it.

    The same word again changes nothing, another reference is refused, and what a file took to the bank is told paid by
    the bank alone.
    """
    await lots.owned_for_update(conn, caller, lot_id)
    waiting = {payout.id: payout for payout in await payments.payouts_of(conn, lot_id)}
    if payout_id not in waiting:
        raise NotFound
    before = waiting[payout_id]
    was_reported = await by_hand.reported(conn, payout_id)
    paid = await by_hand.tell(
        conn,
        payout_id,
        bank_reference=given.bank_reference,
        evidence=given.evidence,
        told_by=caller.user_id,
        now=now,
    )
    reported = await by_hand.reported(conn, payout_id)
    if (before.state, was_reported) != (paid.state, reported):
        is_paid = paid.state == payments.PAID
        await audit.record(
            conn,
            caller,
            now=now,
            action="payout_confirmed" if is_paid else "payout_reported",
            subject="lot",
            subject_id=lot_id,
            after={
                "payout_id": payout_id,
                "amount_fen": paid.amount_fen,
                "bank_reference": given.bank_reference,
            },
        )
    return _shown(paid, reported)


async def propose_correction(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    payout_id: UUID,
    given: PayoutCorrection,
    *,
    now: datetime,
) -> CorrectionView:
    """Propose another reference for what two people paid by hand; nothing changes until another person agrees."""
    await _of_the_lot(conn, caller, lot_id, payout_id)
    order = await by_hand.propose_correction(
        conn,
        payout_id,
        bank_reference=given.bank_reference,
        evidence=given.evidence,
        reason=given.reason,
        proposed_by=caller.user_id,
        now=now,
    )
    return await _noted(conn, caller, lot_id, order, at=order.proposed_at, now=now)


async def correct(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    payout_id: UUID,
    given: Approval,
    *,
    now: datetime,
) -> CorrectionView:
    """Correct the reference as shown, by another person than who proposed it."""
    await _of_the_lot(conn, caller, lot_id, payout_id)
    await by_hand.correct(
        conn,
        payout_id,
        content_hash=bytes.fromhex(given.content_hash),
        approved_by=caller.user_id,
        now=now,
    )
    order = await orders.standing(conn, orders.PAYOUT_REFERENCE, payout_id)
    return await _noted(conn, caller, lot_id, order, at=order.decided_at, now=now)


async def _of_the_lot(conn: Connection, caller: Caller, lot_id: UUID, payout_id: UUID) -> None:
    await lots.owned_for_update(conn, caller, lot_id)
    if all(payout.id != payout_id for payout in await payments.payouts_of(conn, lot_id)):
        raise NotFound(f"no payout {payout_id}", f"没有付款 {payout_id}")


async def _noted(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    order: orders.Order,
    *,
    at: datetime | None,
    now: datetime,
) -> CorrectionView:
    """The correction as it is shown; an entry for what was done just now, none for a repeat."""
    said = orders.document_of(order, by_hand.ReferenceCorrected)
    if at == now:
        step = "proposed" if order.state == orders.PROPOSED else "approved"
        await audit.record(
            conn,
            caller,
            now=now,
            action=f"payout_reference_{step}",
            subject="lot",
            subject_id=lot_id,
            after={
                "payout_id": said.payout_id,
                "wrong_reference": said.wrong_reference,
                "bank_reference": said.bank_reference,
            },
            reason=said.reason,
        )
    return CorrectionView(
        payout_id=said.payout_id,
        wrong_reference=said.wrong_reference,
        bank_reference=said.bank_reference,
        evidence=said.evidence,
        reason=said.reason,
        content_hash=order.content_hash.hex(),
        state=order.state,
        proposed_by=order.proposed_by,
        decided_by=order.decided_by,
    )


def _shown(payout: payments.Payout, reported: by_hand.PaidByHand | None) -> Payout:
    return Payout(
        id=payout.id,
        payee_name=payout.payee_name,
        amount_fen=payout.amount_fen,
        purpose=payout.purpose,
        state=payout.state,
        bank_reference=payout.bank_reference,
        reported_reference=None if reported is None else reported.bank_reference,
        queued_at=payout.queued_at,
        paid_at=payout.paid_at,
    )
