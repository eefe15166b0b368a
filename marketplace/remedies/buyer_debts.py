"""What a defaulting buyer owes beyond its deposit (差额追偿): shown, booked, shared. Source: domain 6.5."""

from datetime import datetime
from uuid import UUID

from kit.errors import NotFound
from kit.reach import everything
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.claims import recovering
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import service as lots
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.outbox import service as outbox
from marketplace.remedies.schemas import BuyerDebt, BuyerDebtPaid, DebtLine, DebtReceipt
from settlement import buyer_claims
from settlement import sales as accounts
from settlement.rules.references import reference_of, shown


async def of_lot(conn: Connection, caller: Caller, lot_id: UUID) -> BuyerDebt:
    """The claim on the buyer of a lot, for its venue and consignor. Raises `NotFound` where nothing is owed."""
    await lots.owned(conn, caller, lot_id)
    claim = await buyer_claims.find(conn, lot_id)
    if claim is None:
        raise NotFound("nothing is owed beyond a deposit", "没有差额追偿")
    async with everything(conn):  # the confirmation named the buyer to everybody
        debtor = await organisations.organisation_by_id(conn, claim.debtor_id)
    return BuyerDebt(
        lot_id=lot_id,
        debtor_id=claim.debtor_id,
        debtor_name=debtor.name,
        reference=shown(reference_of("CLAIM", lot_id, claim.debtor_id)),
        amount_fen=claim.amount_fen,
        paid_fen=claim.paid_fen,
        open_fen=claim.open_fen,
        lines=[
            DebtLine(
                to=line.to,
                payee=line.payee.name,
                amount_fen=line.amount_fen,
                computation=line.computation,
            )
            for line in claim.content.lines
        ],
        receipts=[
            DebtReceipt(
                bank_reference=one.bank_reference,
                amount_fen=one.amount_fen,
                applied_fen=one.applied_fen,
                costs_fen=one.costs_fen,
                received_at=one.received_at,
            )
            for one in await buyer_claims.receipts(conn, lot_id)
        ],
        claimed_at=claim.claimed_at,
    )


async def receive(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    *,
    bank_reference: str,
    amount_fen: int,
    received_at: datetime,
    now: datetime,
) -> None:
    """Book a credit for it, once; what makes good the loss becomes a duty to share it with the fund."""
    receipt = await buyer_claims.receive(
        conn,
        lot_id,
        bank_reference=bank_reference,
        amount_fen=amount_fen,
        received_at=received_at,
        now=now,
    )
    if receipt is None or receipt.recorded_at != now:
        return
    claim = await buyer_claims.find(conn, lot_id)
    assert claim is not None, "what was paid was claimed"
    await audit.record(
        conn,
        caller,
        now=now,
        action="buyer_debt_paid",
        subject="lot",
        subject_id=lot_id,
        after={"bank_reference": bank_reference, "applied_fen": receipt.applied_fen},
    )
    await duties.add(conn, Kind.SHARE_CLAIM_ON_BUYER, subject_id=receipt.id, due_at=now, now=now)
    await outbox.add(
        conn,
        BuyerDebtPaid(lot_id=lot_id, applied_fen=receipt.applied_fen, open_fen=claim.open_fen),
        now=now,
    )


async def share(conn: Connection, receipt_id: UUID, *, now: datetime) -> bool:
    """Hand a credit to the loan's compensation case, once; False while that is not ready for it."""
    receipt = await buyer_claims.receipt(conn, receipt_id)
    case_id = (await accounts.get(conn, receipt.lot_id)).case_id
    if case_id is None:
        return True
    return await recovering.record_other_recovery(
        conn, SYSTEM_CALLER, case_id=case_id, event=buyer_claims.as_recovery(receipt), now=now
    )
