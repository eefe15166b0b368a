"""Recoveries of a claim (追偿): from a distributed sale or another receipt, each shared once.

Source: domain 5.3, 5.4.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kit.errors import Conflict, InvalidInput, NotFound
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.claims import rows
from marketplace.claims.events import RecoveryShared
from marketplace.claims.rows import StoredClaim
from marketplace.claims.schemas import Claim, ClaimStatus, ReceiptRecovery, SaleRecovery
from marketplace.claims.service import tell
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from marketplace.statements import service as statements
from settlement import cases, costs, liabilities, recoveries, reopening, sales
from settlement.rules.case import Cost, RecoveryEvent
from settlement.rules.recovery import Recovered

#: While a case is in one of these, nothing can be shared yet: the claim has not been advanced.
BEFORE_RECOVERY = frozenset(
    {
        cases.LOAN_ENROLLED,
        cases.OVERDUE,
        cases.DEFAULT_CONFIRMED,
        cases.COMP_APPLIED,
        cases.COMP_REVIEWED,
    }
)


class NotDistributed(Conflict):
    """The money of this sale has not been distributed. / 该笔成交价款尚未分配。"""

    code = "not_distributed"


class NotApproved(Conflict):
    """This claim has not come to its funds. / 该申请尚未提交基金。"""

    code = "not_approved"


async def record(
    conn: Connection,
    caller: Caller,
    claim_id: UUID,
    given: SaleRecovery | ReceiptRecovery,
    *,
    now: datetime,
) -> Claim:
    """The bank enters what came in. The same recovery again is answered as the first time.

    What comes after the final clearing reopens it. Raises `IllegalStep` before the advance, `NotDistributed`,
    `EnteredAsPayout` for what a guarantor or insurer paid: that is no recovery from the debtor.
    """
    claim = await rows.lock_of_bank(conn, caller, claim_id)
    if claim.state != "approved":
        raise NotApproved
    if isinstance(given, SaleRecovery):
        event = await _event_of_sale(conn, claim, given.lot_id)
    else:
        if await liabilities.is_payout(conn, claim.case_id, given.reference):
            raise liabilities.EnteredAsPayout
        event = RecoveryEvent(
            id=f"{given.origin}:{given.reference}",
            gross_fen=given.gross_fen,
            costs=tuple(Cost(name=cost.name, amount_fen=cost.amount_fen) for cost in given.costs),
        )
    await _share(conn, caller, claim, event, now=now)
    return await rows.get(conn, caller, claim_id)


async def record_sale_recovery(
    conn: Connection,
    caller: Caller,
    *,
    case_id: UUID,
    sale_id: UUID,
    gross_fen: int,
    costs_paid: Sequence[Cost],
    now: datetime,
) -> Recovered | None:
    """Share what a sale brought, in the transaction that distributes it; `sale_id` is the lot's id.

    `gross_fen` is the hammer price, `costs_paid` its costs and taxes, those of 0 left out. None where nothing is to be
    shared now: the loan has no claim, or one that is not advanced. Then the bank enters the sale later, and no final
    clearing passes it by.
    """
    event = RecoveryEvent(id=f"lot:{sale_id}", gross_fen=gross_fen, costs=tuple(costs_paid))
    return await _share_now(conn, caller, case_id, event, now=now)


async def record_other_recovery(
    conn: Connection, caller: Caller, *, case_id: UUID, event: RecoveryEvent, now: datetime
) -> bool:
    """Share what another route of disposal brought, once an event; False while the loan's claim is not ready for it.

    A loan in no scheme has nothing to share, and neither has one that was cleared: late money is the bank's to enter.
    """
    try:
        case = await cases.get(conn, case_id)
    except NotFound:
        return True
    if case.state in BEFORE_RECOVERY:
        return False
    await _share_now(conn, caller, case_id, event, now=now)
    return True


async def _share_now(
    conn: Connection, caller: Caller, case_id: UUID, event: RecoveryEvent, *, now: datetime
) -> Recovered | None:
    claim = await rows.lock_of_case(conn, case_id)
    if claim is None:
        return None
    case = await cases.get(conn, case_id)
    if case.state not in (cases.ADVANCE_PAID, cases.DISPOSAL):
        return None
    return await _share(conn, caller, claim, event, now=now)


async def _event_of_sale(conn: Connection, claim: StoredClaim, lot_id: UUID) -> RecoveryEvent:
    """The sale as its books have it: its price and interest, and the costs and taxes that were locked."""
    sale = await sales.get(conn, lot_id)
    if sale.case_id != claim.case_id:
        raise InvalidInput("lot_id", "is not a lot of this loan", "不是该贷款的标的")
    if sale.state not in (sales.DISTRIBUTED, sales.CLOSED):
        raise NotDistributed
    sheet = await costs.of_lot(conn, lot_id)
    return RecoveryEvent(
        id=f"lot:{lot_id}",
        gross_fen=sale.hammer_price_fen + sale.interest_paid_fen,
        costs=tuple(
            Cost(name=line.name, amount_fen=line.amount_fen)
            for line in sheet.content.lines
            if line.amount_fen
        ),
    )


async def _share(
    conn: Connection, caller: Caller, claim: StoredClaim, event: RecoveryEvent, *, now: datetime
) -> Recovered:
    earlier = await recoveries.recoveries(conn, claim.case_id)
    case = await cases.get(conn, claim.case_id)
    is_late = case.state in (cases.FINAL_CLEARING, cases.CLOSED)
    if is_late:
        recovered = await reopening.record_late_recovery(
            conn, claim.case_id, event, recorded_by=caller.user_id, now=now
        )
    else:
        recovered = await recoveries.record_recovery(conn, claim.case_id, event, now=now)
    if any(one.event.id == event.id for one in earlier):
        return recovered
    await audit.record(
        conn,
        caller,
        now=now,
        action="recovery_shared",
        subject="claim",
        subject_id=claim.id,
        after={"event": event, "movements": recovered.movements, "positions": recovered.positions},
    )
    await outbox.add(
        conn,
        RecoveryShared(
            claim_id=claim.id, case_id=claim.case_id, event_id=event.id, net_fen=recovered.net_fen
        ),
        now=now,
    )
    if is_late:  # the clearing was reopened: it has another version, and so has its statement
        await statements.issue_clearing(conn, caller, claim.case_id, now=now)
        await tell(conn, claim.id, claim.case_id, ClaimStatus.CLEARED, now=now)
    elif not earlier:
        await tell(conn, claim.id, claim.case_id, ClaimStatus.RECOVERING, now=now)
    return recovered
