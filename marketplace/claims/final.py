"""The end of a claim: final clearing (清算), proposed by one person of a fund, approved by another; returns (退回)."""

import hashlib
from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import Conflict, InvalidInput
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.claims import rows
from marketplace.claims.events import (
    CompensationReturned,
    FinalClearingProposed,
    FinalClearingRefused,
)
from marketplace.claims.rows import StoredClaim, lines_of
from marketplace.claims.schemas import (
    Claim,
    ClaimStatus,
    FinalDecision,
    FinalFigures,
    ReturnIn,
)
from marketplace.claims.service import tell
from marketplace.consignments import service as consignments
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.outbox import service as outbox
from marketplace.statements import service as statements
from settlement import cases, recoveries
from settlement.errors import PlanChanged, SamePerson

_SQL = load_statements("marketplace.claims", "queries.sql")


class DisposalNotOver(Conflict):
    """The disposal of this loan's collateral is not over. / 该贷款的质物处置尚未结束。"""

    code = "disposal_not_over"


class NothingProposed(Conflict):
    """No final clearing is proposed for this claim. / 该申请尚未提出清算。"""

    code = "nothing_proposed"


async def propose(conn: Connection, caller: Caller, claim_id: UUID, *, now: datetime) -> Claim:
    """Propose the final clearing as it comes out now; nothing moves. A proposal of the same figures stays.

    Raises `DisposalNotOver` while money of a sale is on its way or not recorded as a recovery, `IllegalStep`,
    `InsufficientFunds` when the fund can't pay what it would owe.
    """
    claim = await rows.lock_of_fund(conn, caller, claim_id)
    if claim.final_approved_by is not None:
        return await rows.get(conn, caller, claim_id)
    await _require_over(conn, claim)
    savepoint = conn.transaction()
    await savepoint.start()
    try:
        figures = await _clear(conn, claim, cleared_by=caller.user_id, now=now)
    finally:
        await savepoint.rollback()
    sha256 = _digest(claim, figures)
    if claim.final_sha256 == sha256:
        return await rows.get(conn, caller, claim_id)
    await conn.execute(
        _SQL["propose_final"],
        *(claim_id, msgspec.json.encode(figures).decode(), sha256, caller.user_id, now),
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action="final_clearing_proposed",
        subject="claim",
        subject_id=claim_id,
        after={"figures": figures, "sha256": sha256.hex()},
    )
    await outbox.add(
        conn, FinalClearingProposed(claim_id=claim_id, delta_fen=figures.delta_fen), now=now
    )
    return await rows.get(conn, caller, claim_id)


async def decide(
    conn: Connection, caller: Caller, claim_id: UUID, given: FinalDecision, *, now: datetime
) -> Claim:
    """Another person of the fund clears as proposed, which issues the clearing statement (清算单), or refuses.

    Raises `SamePerson`, `NothingProposed`, and `PlanChanged` when what was read is not what would be done now.
    """
    claim = await rows.lock_of_fund(conn, caller, claim_id)
    if claim.final_approved_by == caller.user_id and given.approved:
        return await rows.get(conn, caller, claim_id)
    if claim.final_sha256 is None or claim.final_approved_by is not None:
        raise NothingProposed
    if claim.final_proposed_by == caller.user_id:
        raise SamePerson
    if claim.final_sha256.hex() != given.final_sha256:
        raise PlanChanged
    if not given.approved:
        return await _refuse(conn, caller, claim, given, now=now)
    await _require_over(conn, claim)
    figures = await _clear(conn, claim, cleared_by=caller.user_id, now=now)
    if _digest(claim, figures) != claim.final_sha256:
        raise PlanChanged
    await conn.execute(_SQL["approve_final"], claim_id, caller.user_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="claim_cleared",
        subject="claim",
        subject_id=claim_id,
        after={"figures": figures, "sha256": given.final_sha256},
        reason=given.reason,
    )
    await statements.issue_clearing(conn, caller, claim.case_id, now=now)
    await _ended(conn, claim, now=now)
    return await rows.get(conn, caller, claim_id)


async def record_return(
    conn: Connection, caller: Caller, claim_id: UUID, given: ReturnIn, *, now: datetime
) -> Claim:
    """Money asked back by the final clearing reached the caller's special account, once a bank reference."""
    claim = await rows.lock_of_fund(conn, caller, claim_id)
    case = await cases.get(conn, claim.case_id)
    if case.parties.get(given.fund_party) != caller.organisation_id:
        raise InvalidInput("fund_party", "must be your own fund", "须为本基金")
    before = await recoveries.settlements(conn, claim.case_id)
    await recoveries.record_return(
        conn,
        claim.case_id,
        fund_party=given.fund_party,
        party=given.party,
        amount_fen=given.amount_fen,
        bank_reference=given.bank_reference,
        now=now,
    )
    if await recoveries.settlements(conn, claim.case_id) == before:
        return await rows.get(conn, caller, claim_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="compensation_returned",
        subject="claim",
        subject_id=claim_id,
        after=given,
    )
    await outbox.add(
        conn, CompensationReturned(claim_id=claim_id, amount_fen=given.amount_fen), now=now
    )
    await statements.issue_clearing(conn, caller, claim.case_id, now=now)
    await _ended(conn, claim, now=now)
    return await rows.get(conn, caller, claim_id)


async def _refuse(
    conn: Connection, caller: Caller, claim: StoredClaim, given: FinalDecision, *, now: datetime
) -> Claim:
    await conn.execute(_SQL["drop_final"], claim.id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="final_clearing_refused",
        subject="claim",
        subject_id=claim.id,
        before={"sha256": given.final_sha256},
        reason=given.reason,
    )
    await outbox.add(conn, FinalClearingRefused(claim_id=claim.id), now=now)
    return await rows.get(conn, caller, claim.id)


async def _clear(
    conn: Connection, claim: StoredClaim, *, cleared_by: UUID, now: datetime
) -> FinalFigures:
    """Clear the case for good, and say what came out."""
    done = await recoveries.final_clearing(conn, claim.case_id, cleared_by=cleared_by, now=now)
    steps = await cases.steps(conn, claim.case_id)
    return FinalFigures(
        closing=done.closing,
        true_up=done.true_up,
        delta=done.delta,
        delta_fen=done.delta_fen,
        lines=lines_of(steps[-1].lines),
    )


async def _require_over(conn: Connection, claim: StoredClaim) -> None:
    """Every consignment of the loan has ended; every sale has been distributed and shared, or has failed."""
    rest = await conn.fetch(_SQL["unfinished"], claim.case_id)
    if rest:
        named = [f"{row['kind']} {row['id']}" for row in rest]
        raise DisposalNotOver(
            "consignments must have ended, and sold lots be distributed and recorded as recoveries; still open: "
            + ", ".join(named),
            "委托须已结束，成交标的须已分配并登记追偿；尚未办结：" + "、".join(named),
            open=named,
        )


async def _ended(conn: Connection, claim: StoredClaim, *, now: datetime) -> None:
    """Report what the claim is now; once it is closed, so are the consignments that it cleared."""
    case = await cases.get(conn, claim.case_id)
    if case.state != cases.CLOSED:
        await tell(conn, claim.id, claim.case_id, ClaimStatus.CLEARED, now=now)
        return
    for row in await conn.fetch(_SQL["recovered_consignments"], claim.case_id):
        await consignments.clear(conn, SYSTEM_CALLER, row["id"], now=now)
    await tell(conn, claim.id, claim.case_id, ClaimStatus.CLOSED, now=now)


def _digest(claim: StoredClaim, figures: FinalFigures) -> bytes:
    """What the second person approves: these figures of this claim."""
    content = msgspec.json.encode((claim.id, figures), order="deterministic")
    return hashlib.sha256(content).digest()
