"""Money that leaves for a lot's payees: what waits, and the bank's word that it went."""

from datetime import datetime
from uuid import UUID

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller
from marketplace.sales.schemas import PaidOut, Payout
from settlement import payments


async def of_lot(conn: Connection, caller: Caller, lot_id: UUID) -> list[Payout]:
    """What the lot's paid plan sends to whom, in the order queued; for its venue's people."""
    await lots.owned(conn, caller, lot_id)
    return [_shown(payout) for payout in await payments.payouts_of(conn, lot_id)]


async def confirm(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    payout_id: UUID,
    given: PaidOut,
    *,
    now: datetime,
) -> Payout:
    """Book that the bank paid one out; the same word again changes nothing, another reference is refused."""
    await lots.owned_for_update(conn, caller, lot_id)
    waiting = {payout.id: payout for payout in await payments.payouts_of(conn, lot_id)}
    if payout_id not in waiting:
        raise NotFound
    before = waiting[payout_id]
    paid = await payments.confirm_payout(
        conn, payout_id, bank_reference=given.bank_reference, now=now
    )
    if before.state != payments.PAID:
        await audit.record(
            conn,
            caller,
            now=now,
            action="payout_confirmed",
            subject="lot",
            subject_id=lot_id,
            after={
                "payout_id": payout_id,
                "amount_fen": paid.amount_fen,
                "bank_reference": given.bank_reference,
            },
        )
    return _shown(paid)


def _shown(payout: payments.Payout) -> Payout:
    return Payout(
        id=payout.id,
        payee_name=payout.payee_name,
        amount_fen=payout.amount_fen,
        purpose=payout.purpose,
        state=payout.state,
        bank_reference=payout.bank_reference,
        queued_at=payout.queued_at,
        paid_at=payout.paid_at,
    )
