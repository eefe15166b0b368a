"""Claims at the funds: reviewed by two people each, then advanced (先行拨付) once, then paid out."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kit.errors import NotFound
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind as ApprovalKind
from marketplace.audit import service as audit
from marketplace.claims import rows
from marketplace.claims.events import ClaimReviewed, CompensationPaidOut
from marketplace.claims.rows import StoredClaim
from marketplace.claims.rules import is_last_review, next_review, status_of
from marketplace.claims.schemas import Claim, ClaimStatus, Decision, PaidOut, Review
from marketplace.claims.service import tell
from marketplace.organisations.schemas import Caller, Role
from marketplace.outbox import service as outbox
from marketplace.statements import service as statements
from settlement import by_hand, cases, compensation, payments
from settlement.errors import PlanChanged, SamePerson

_SQL = load_statements("marketplace.claims", "queries.sql")


async def review(
    conn: Connection, caller: Caller, claim_id: UUID, given: Decision, *, now: datetime
) -> Claim:
    """One person's review for their fund: its administrator first, then its checker, another person.

    From the fund's limit on two checkers agree (domain 7): the first one's yes leaves the review open for the second.
    The last approval opens the books; one refusal rejects the claim. Raises `SamePerson`, `PlanChanged`,
    `ReviewComplete`, `Forbidden`, `IllegalStep`.
    """
    claim = await rows.lock_of_fund(conn, caller, claim_id)
    earlier = await rows.reviews_of(conn, claim_id)
    own = next((one for one in earlier if one.reviewer_id == caller.user_id), None)
    if own is not None:
        if own.approved != given.approved:
            raise SamePerson
        return await rows.get(conn, caller, claim_id)
    (await cases.get(conn, claim.case_id)).needs(cases.COMP_APPLIED, step=cases.COMP_REVIEWED)
    if given.claim_sha256 != claim.claim_sha256.hex():
        raise PlanChanged
    role = next_review(earlier, caller.organisation_id, caller)
    if not await _is_signed(conn, caller, claim, earlier, given, role, now=now):
        return await rows.get(conn, caller, claim_id)
    await conn.execute(
        _SQL["insert_review"],
        *(claim_id, caller.user_id, caller.organisation_id, role),
        *(given.approved, given.reason, now),
    )
    done = await rows.reviews_of(conn, claim_id)
    # Settlement hears the first and the deciding one of each claim; with several funds there are more between.
    is_last = is_last_review(done, claim.fund_ids)
    if not earlier or is_last or not given.approved:
        await compensation.review_claim(
            conn,
            claim.case_id,
            reviewer_id=caller.user_id,
            approved=given.approved,
            reason=given.reason,
            reviewed_hash=claim.claim_sha256,
            now=now,
        )
    await audit.record(
        conn,
        caller,
        now=now,
        action="claim_reviewed",
        subject="claim",
        subject_id=claim_id,
        after={"approved": given.approved, "role": role, "sha256": given.claim_sha256},
        reason=given.reason,
    )
    await _ask_next(conn, caller, claim, given, role, now=now)
    event = ClaimReviewed(
        claim_id=claim_id, fund_id=caller.organisation_id, approved=given.approved
    )
    await outbox.add(conn, event, now=now)
    if is_last or not given.approved:
        # A breaker of the scheme may have stopped what both reviewers approved.
        status = status_of("approved", (await cases.get(conn, claim.case_id)).state)
        await tell(conn, claim_id, claim.case_id, status, now=now)
    return await rows.get(conn, caller, claim_id)


async def _is_signed(
    conn: Connection,
    caller: Caller,
    claim: StoredClaim,
    earlier: Sequence[Review],
    given: Decision,
    role: Role,
    *,
    now: datetime,
) -> bool:
    """Whether enough of the fund's checkers agree to the claim that its administrator passed on; others need not."""
    if role is not Role.FUND_CHECKER or not given.approved:
        return True
    own = next(one for one in earlier if one.fund_id == caller.organisation_id)
    paper = _paper(claim, own.reviewer_id, caller.organisation_id)
    return (await approvals.sign(conn, caller, paper, reason=given.reason, now=now)).is_complete


async def _ask_next(
    conn: Connection,
    caller: Caller,
    claim: StoredClaim,
    given: Decision,
    role: Role,
    *,
    now: datetime,
) -> None:
    """The fund's checkers are asked once its administrator passed the claim on; nobody is, once one refused it."""
    if not given.approved:
        await approvals.drop(
            conn, caller, ApprovalKind.COMPENSATION, claim.id, reason="refused", now=now
        )
    elif role is not Role.FUND_CHECKER:
        paper = _paper(claim, caller.user_id, caller.organisation_id)
        await approvals.file(conn, caller, paper, reason=given.reason, now=now)


def _paper(claim: StoredClaim, asked_by: UUID, fund_id: UUID) -> approvals.Paper:
    return approvals.Paper(
        kind=ApprovalKind.COMPENSATION,
        organisation_id=fund_id,
        subject_id=claim.id,
        asked_by=asked_by,
        content={
            "claim_sha256": claim.claim_sha256.hex(),
            "advance_fen": claim.computed.advance_fen,
        },
        amount_fen=claim.computed.advance_fen,
    )


async def advance(conn: Connection, caller: Caller, claim_id: UUID, *, now: datetime) -> Claim:
    """Advance the promised part once: from the special account to what is payable to each party it relieves."""
    claim = await rows.lock_of_fund(conn, caller, claim_id)
    before = await cases.get(conn, claim.case_id)
    if _is_advanced(before):
        return await rows.get(conn, caller, claim_id)
    await compensation.pay_advance(conn, claim.case_id, paid_by=caller.user_id, now=now)
    await audit.record(
        conn,
        caller,
        now=now,
        action="claim_advanced",
        subject="claim",
        subject_id=claim_id,
        before={"state": before.state},
        after={"state": cases.ADVANCE_PAID, "advance_fen": claim.computed.advance_fen},
    )
    await tell(conn, claim_id, claim.case_id, ClaimStatus.ADVANCED, now=now)
    return await rows.get(conn, caller, claim_id)


async def paid_out(
    conn: Connection,
    caller: Caller,
    claim_id: UUID,
    payment_id: UUID,
    given: PaidOut,
    *,
    now: datetime,
) -> Claim:
    """A payment was made by hand: one person reports it, another reads the same, and it is booked once."""
    claim = await rows.lock_of_fund(conn, caller, claim_id)
    payment = await _payment(conn, claim, payment_id)
    if payment.state == payments.PAID and payment.bank_reference == given.bank_reference:
        return await rows.get(conn, caller, claim_id)
    was_reported = await by_hand.reported(conn, payment_id)
    after = await by_hand.tell(
        conn,
        payment_id,
        bank_reference=given.bank_reference,
        evidence=given.evidence,
        told_by=caller.user_id,
        now=now,
    )
    is_paid = after.state == payments.PAID
    if not is_paid and was_reported is not None:
        return await rows.get(conn, caller, claim_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="compensation_paid_out" if is_paid else "compensation_payment_reported",
        subject="claim",
        subject_id=claim_id,
        after={
            "payment_id": payment_id,
            "amount_fen": payment.amount_fen,
            "bank_reference": given.bank_reference,
        },
    )
    if not is_paid:
        return await rows.get(conn, caller, claim_id)
    await outbox.add(
        conn,
        CompensationPaidOut(
            claim_id=claim_id, payment_id=payment_id, amount_fen=payment.amount_fen
        ),
        now=now,
    )
    if claim.final_approved_by is not None:  # the clearing statement says what is paid
        await statements.issue_clearing(conn, caller, claim.case_id, now=now)
    return await rows.get(conn, caller, claim_id)


async def _payment(conn: Connection, claim: StoredClaim, payment_id: UUID) -> payments.Payout:
    for payout in await payments.payouts_of(conn, claim.case_id):
        if payout.id == payment_id:
            return payout
    raise NotFound(f"payment {payment_id}: not of this claim", f"付款 {payment_id} 不属于该申请")


def _is_advanced(case: cases.Case) -> bool:
    return case.state in (cases.ADVANCE_PAID, cases.DISPOSAL, cases.FINAL_CLEARING, cases.CLOSED)
