"""Money that leaves for a lot's payees: what waits, and the bank's word that it went."""

from datetime import datetime
from uuid import UUID

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller
from marketplace.sales.schemas import PaidOut, Payout
from settlement import by_hand, payments


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
