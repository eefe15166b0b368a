"""Claims at the bank: drafted by its maker with every figure computed, decided by its checker.

What a draft shows is computed by the very steps that the approval takes, undone again: so nothing is enrolled, and
nothing of a fund reserved, before two people of the bank have agreed. Source: domain 5.2, 5.3.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import Conflict
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind as ApprovalKind
from marketplace.audit import service as audit
from marketplace.cases import service as loans
from marketplace.cases.schemas import Case as LoanCase
from marketplace.claims import rows, schemes
from marketplace.claims.events import ClaimMoved
from marketplace.claims.rows import StoredClaim, lines_of
from marketplace.claims.rules import (
    borrower_id,
    loan_of,
    require_claimable,
    require_kinds,
    require_unsuspected,
    whole_parties,
)
from marketplace.claims.schemas import Claim, ClaimIn, ClaimStatus, Decision, Figures
from marketplace.liabilities import notifying as liabilities
from marketplace.monitoring import service as monitoring
from marketplace.organisations.schemas import Caller, OrganisationKind
from marketplace.outbox import service as outbox
from settlement import cases, compensation, enrolments
from settlement.cases import Case, Evidence
from settlement.claim_lines import claim_lines
from settlement.errors import PlanChanged, SamePerson
from settlement.rules.case import JuniorClaim
from settlement.rules.scheme import Scheme

_DRAFTED = "application drafted 已起草补偿申请"
_SQL = load_statements("marketplace.claims", "queries.sql")


class ClaimExists(Conflict):
    """This loan has another claim already. / 该贷款已有补偿申请。"""

    code = "claim_exists"


class ClaimDecided(Conflict):
    """This claim has been decided at the bank. / 该申请已由银行复核。"""

    code = "claim_decided"


class FiguresChanged(Conflict):
    """The figures are no longer those of the draft: return it and draft it anew. / 金额已变化，请退回并重新申请。"""

    code = "figures_changed"


async def draft(conn: Connection, caller: Caller, given: ClaimIn, *, now: datetime) -> Claim:
    """Draft a claim for a loan of the caller's bank. The same application again is answered as the first time.

    Raises `NotFound` for another's loan, `NotClaimable`, `ClaimExists`, `AlreadyEnrolled`, `InvalidInput`.
    """
    loan = await loans.get(conn, caller, given.case_id)
    require_claimable(loan, today=now.astimezone(CHINA).date())
    await _require_unsuspected(conn, loan)
    file = await schemes.known_version(conn, given.scheme_id, given.scheme_version, now=now)
    schemes.require_usable(file, now=now)
    assert file.scheme is not None
    application = await _whole(conn, caller, given, file.scheme)
    content = msgspec.json.encode(application, order="deterministic").decode()
    standing = await conn.fetchrow(_SQL["standing_of_case"], given.case_id)
    if standing is not None:
        return await _same_or_refuse(conn, caller, rows.stored(standing), content)
    case = await _computed(conn, loan, application, drafted_by=caller.user_id, now=now)
    figures = _figures(case)
    claim_id: UUID | None = await conn.fetchval(
        _SQL["insert"],
        *(uuid7(now), loan.id, caller.organisation_id, given.scheme_id, given.scheme_version),
        *(schemes.fund_ids(file, application.parties), content),
        msgspec.json.encode(figures).decode(),
        *(compensation.claim_hash(case), caller.user_id, now),
    )
    if claim_id is None:  # another draft was quicker, and is committed now
        row = await conn.fetchrow(_SQL["standing_of_case"], given.case_id)
        return await _same_or_refuse(conn, caller, rows.stored(row), content)
    claim = await rows.get(conn, caller, claim_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="claim_drafted",
        subject="claim",
        subject_id=claim_id,
        after={"application": application, "figures": figures, "sha256": claim.claim_sha256},
    )
    await tell(conn, claim_id, loan.id, ClaimStatus.DRAFTED, now=now)
    await approvals.file(conn, caller, _paper(claim, loan), reason=_DRAFTED, now=now)
    return claim


async def decide(
    conn: Connection, caller: Caller, claim_id: UUID, given: Decision, *, now: datetime
) -> Claim:
    """The bank's second person sends the claim to its funds, or returns it to be drafted anew.

    Raises `SamePerson` for the drafter, `PlanChanged` when another claim was read, `FiguresChanged` when the
    funds' limits leave something else by now.
    """
    claim = await rows.lock_of_bank(conn, caller, claim_id)
    state = "approved" if given.approved else "returned"
    if claim.state != "drafted":
        if (claim.state, claim.decided_by) == (state, caller.user_id):
            return await rows.get(conn, caller, claim_id)
        raise ClaimDecided
    if claim.drafted_by == caller.user_id:
        raise SamePerson
    if claim.claim_sha256.hex() != given.claim_sha256:
        raise PlanChanged
    if given.approved:
        loan = await loans.get(conn, caller, claim.case_id)
        await _require_unsuspected(conn, loan)
        paper = _paper(await rows.get(conn, caller, claim_id), loan)
        signed = await approvals.sign(conn, caller, paper, reason=given.reason, now=now)
        if not signed.is_complete:
            return await rows.get(conn, caller, claim_id)
        case = await _applied(conn, loan, claim.asked, drafted_by=claim.drafted_by, now=now)
        if compensation.claim_hash(case) != claim.claim_sha256:
            raise FiguresChanged
    else:
        await approvals.drop(
            conn, caller, ApprovalKind.COMPENSATION, claim_id, reason="returned", now=now
        )
    await conn.execute(_SQL["decide"], claim_id, state, caller.user_id, now, given.reason)
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"claim_{state}",
        subject="claim",
        subject_id=claim_id,
        before={"state": "drafted"},
        after={"state": state, "sha256": given.claim_sha256},
        reason=given.reason,
    )
    if given.approved:
        await liabilities.notify(conn, claim_id, claim.case_id, claim.organisation_id, now=now)
    status = ClaimStatus.APPLIED if given.approved else ClaimStatus.RETURNED
    await tell(conn, claim_id, claim.case_id, status, now=now)
    return await rows.get(conn, caller, claim_id)


async def tell(
    conn: Connection, claim_id: UUID, case_id: UUID, status: ClaimStatus, *, now: datetime
) -> None:
    """Report that a claim came to another state."""
    await outbox.add(conn, ClaimMoved(claim_id=claim_id, case_id=case_id, status=status), now=now)


async def _require_unsuspected(conn: Connection, loan: LoanCase) -> None:
    require_unsuspected(loan, await monitoring.open_over(conn, case_id=loan.id, asset_ids=()))


def _paper(claim: Claim, loan: LoanCase) -> approvals.Paper:
    return approvals.Paper(
        kind=ApprovalKind.COMPENSATION,
        organisation_id=claim.organisation_id,
        subject_id=claim.id,
        asked_by=claim.drafted_by,
        content={"claim_sha256": claim.claim_sha256},
        amount_fen=loan.principal_fen,
    )


async def _whole(conn: Connection, caller: Caller, given: ClaimIn, scheme: Scheme) -> ClaimIn:
    """The application with every party named, each of the kind that its role needs."""
    parties = whole_parties(scheme, given.parties, bank_id=caller.organisation_id)
    found = await conn.fetch(_SQL["kinds"], list(parties.values()))
    require_kinds(scheme, parties, {row["id"]: OrganisationKind(row["kind"]) for row in found})
    return msgspec.structs.replace(given, parties=parties)


async def _same_or_refuse(
    conn: Connection, caller: Caller, standing: StoredClaim, content: str
) -> Claim:
    if (standing.application, standing.drafted_by) != (content, caller.user_id):
        raise ClaimExists(claim_id=str(standing.id))
    return await rows.get(conn, caller, standing.id)


async def _computed(
    conn: Connection, loan: LoanCase, asked: ClaimIn, *, drafted_by: UUID, now: datetime
) -> Case:
    """The case as it would be once applied for; nothing of it stays."""
    savepoint = conn.transaction()
    await savepoint.start()
    try:
        return await _applied(conn, loan, asked, drafted_by=drafted_by, now=now)
    finally:
        await savepoint.rollback()


async def _applied(
    conn: Connection, loan: LoanCase, asked: ClaimIn, *, drafted_by: UUID, now: datetime
) -> Case:
    """Enrol the loan under its own id, note its default, apply."""
    file = await cases.scheme(conn, asked.scheme_id, asked.scheme_version)
    scheme = file.scheme
    assert scheme is not None, "a claim is drafted under a complete scheme only"
    await enrolments.require(
        conn,
        file,
        lender_id=loan.organisation_id,
        loan_number=loan.contract_number,
        contract_hash=bytes.fromhex(asked.contract_sha256),
        defaulted_on=loan.defaulted_on,
    )
    await cases.enrol_loan(
        conn,
        asked.scheme_id,
        asked.scheme_version,
        lender_id=loan.organisation_id,
        borrower_id=borrower_id(loan.borrower_code),
        loan_number=loan.contract_number,
        contract_hash=bytes.fromhex(asked.contract_sha256),
        parties=asked.parties,
        now=now,
        case_id=loan.id,
    )
    await cases.confirm_default(conn, loan.id, now=now)
    return await compensation.apply_claim(
        conn,
        loan.id,
        loan=loan_of(loan, received_fen=asked.received_fen, flags=asked.flags, scheme=scheme),
        applied_by=drafted_by,
        now=now,
        junior_claims=[
            JuniorClaim(
                party=junior.party, claim_fen=junior.claim_fen, registered_at=junior.registered_at
            )
            for junior in asked.junior_claims
        ],
        evidence=[Evidence(name=item.name, sha256=item.sha256) for item in asked.evidence],
    )


def _figures(case: Case) -> Figures:
    claim, opening, _ = case.claimed()
    return Figures(
        loss_fen=opening.bearing.loss_fen,
        borne=opening.bearing.borne,
        compensation=opening.compensation,
        promised=opening.promised,
        positions=opening.positions,
        advance=opening.advance,
        advance_fen=sum(opening.advance.values()),
        lines=lines_of(claim_lines(claim.scheme, claim.loan, opening)),
    )


async def funds_of_case(conn: Connection, case_id: UUID) -> tuple[UUID, ...]:
    """The funds with a claim on a loan that was not returned, for a room that has checked who asks."""
    row = await conn.fetchrow(_SQL["standing_of_case"], case_id)
    return () if row is None else tuple(row["fund_ids"])
