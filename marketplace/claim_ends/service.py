"""What may follow a claim: resumed after a breaker, charged, taken back; each noted and told once."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import NotFound
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.claim_ends.schemas import (
    Ageing,
    ChargePaid,
    ClaimEnd,
    ClaimEndMoved,
    ClawbackIn,
    Overdue,
)
from marketplace.claims import rows
from marketplace.funds import service as funds
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from settlement import (
    cases,
    clawbacks,
    compensation,
    paper_sources,
    papers,
    recoveries,
    returning,
)
from settlement.papers import Paper
from settlement.rules import ageing

_SQL = load_statements("marketplace.claim_ends", "queries.sql")
_RETURNING = load_statements("settlement", "sql/returning.sql")
Step = Callable[[UUID], Awaitable[object]]


async def end_of(conn: Connection, caller: Caller, claim_id: UUID) -> ClaimEnd:
    """What followed a claim that the caller may see; raises `NotFound`."""
    claim = await rows.get(conn, caller, claim_id)
    case_id = claim.case_id
    case = await cases.get(conn, case_id)
    try:
        taken: clawbacks.Clawback | None = await clawbacks.get(conn, case_id)
    except NotFound:
        taken = None
    return ClaimEnd(
        claim_id=claim_id,
        case_id=case_id,
        state=case.state,
        clearings=await recoveries.clearings(conn, case_id),
        settlements=await recoveries.settlements(conn, case_id),
        charges=await returning.charges(conn, case_id),
        clawback=taken,
    )


async def resume(conn: Connection, caller: Caller, claim_id: UUID, *, now: datetime) -> ClaimEnd:
    """Look again at a claim that a breaker deferred."""

    async def step(case_id: UUID) -> object:
        return await compensation.resume(conn, case_id, now=now)

    return await _step(conn, caller, claim_id, "claim_resumed", step, now=now)


async def propose_clawback(
    conn: Connection, caller: Caller, claim_id: UUID, given: ClawbackIn, *, now: datetime
) -> ClaimEnd:
    """Propose to take back everything that the fund paid."""

    async def step(case_id: UUID) -> object:
        return await clawbacks.propose(
            conn,
            case_id,
            reason=given.reason,
            evidence=given.evidence_sha256,
            proposed_by=caller.user_id,
            now=now,
        )

    return await _step(
        conn, caller, claim_id, "clawback_proposed", step, now=now, reason=given.reason
    )


async def decide_clawback(
    conn: Connection, caller: Caller, claim_id: UUID, *, now: datetime
) -> ClaimEnd:
    """Another person takes everything back."""

    async def step(case_id: UUID) -> object:
        return await clawbacks.decide(conn, case_id, decided_by=caller.user_id, now=now)

    return await _step(conn, caller, claim_id, "claim_clawed_back", step, now=now)


async def charge_paid(
    conn: Connection,
    caller: Caller,
    claim_id: UUID,
    charge_id: UUID,
    given: ChargePaid,
    *,
    now: datetime,
) -> ClaimEnd:
    """A charge reached the special account of the caller's fund."""

    async def step(case_id: UUID) -> object:
        case = await cases.get(conn, case_id)
        found = [one for one in await returning.charges(conn, case_id) if one.id == charge_id]
        if not found or case.parties[found[0].fund_party] != caller.organisation_id:
            raise NotFound
        return await returning.record_charge_paid(
            conn,
            case_id,
            charge_id,
            amount_fen=given.amount_fen,
            bank_reference=given.bank_reference,
            now=now,
        )

    return await _step(conn, caller, claim_id, "charge_paid", step, now=now)


async def unreturned(conn: Connection, caller: Caller, fund_id: UUID, *, now: datetime) -> Ageing:
    """Money that should come back to a fund which the caller may see, by how late it is."""
    await funds.get(conn, caller, fund_id)
    today = now.astimezone(CHINA).date()
    found = await conn.fetch(_RETURNING["overdue"], fund_id)
    items = [
        Overdue(
            case_id=row["case_id"],
            loan_number=row["loan_number"],
            party=row["party"],
            kind=row["kind"],
            amount_fen=row["amount_fen"],
            due_on=None if row["due_on"] is None else str(row["due_on"]),
            days_late=ageing.days_late(row["due_on"], today),
        )
        for row in found
    ]
    owed = [ageing.Overdue(amount_fen=row["amount_fen"], due_on=row["due_on"]) for row in found]
    return Ageing(items=items, buckets=ageing.age(owed, today))


async def paper_of(
    conn: Connection, caller: Caller, claim_id: UUID, kind: str, *, now: datetime
) -> Paper:
    """The 补偿申请书 or the 审核表 of a claim that the caller may see."""
    claim = await rows.get(conn, caller, claim_id)
    found = await conn.fetch(_SQL["names_of_case"], claim.case_id)
    names = {row["id"]: row["name"] for row in found}
    make = (
        paper_sources.application_body if kind == papers.APPLICATION else paper_sources.review_body
    )
    body = await make(conn, claim.case_id, names=names)
    return await papers.issue(conn, kind, claim.case_id, body, now=now, issued_by=caller.user_id)


async def progress(conn: Connection, caller: Caller, quarter: str, *, now: datetime) -> Paper:
    """The 追偿进展表 of the caller's organisation."""
    own = caller.organisation_id
    names = {row["id"]: row["name"] for row in await conn.fetch(_SQL["name"], own)}
    body = await paper_sources.progress_body(conn, own, quarter, names=names)
    return await papers.issue(conn, papers.PROGRESS, own, body, now=now, issued_by=caller.user_id)


async def _step(
    conn: Connection,
    caller: Caller,
    claim_id: UUID,
    action: str,
    step: Step,
    *,
    now: datetime,
    reason: str | None = None,
) -> ClaimEnd:
    """Do a step of a claim that has come to the caller's fund; what changes nothing is not noted."""
    claim = await rows.lock_of_fund(conn, caller, claim_id)
    before = await end_of(conn, caller, claim_id)
    await step(claim.case_id)
    after = await end_of(conn, caller, claim_id)
    if after == before:
        return after
    await audit.record(
        conn,
        caller,
        now=now,
        action=action,
        subject="claim",
        subject_id=claim_id,
        before={"state": before.state, "charges": len(before.charges)},
        after={
            "state": after.state,
            "charges": [msgspec.to_builtins(charge) for charge in after.charges],
        },
        reason=reason,
    )
    await outbox.add(conn, ClaimEndMoved(claim_id=claim_id, what=action), now=now)
    return after
