"""Runs the eligibility rules over consignments, keeps what they found with its evidence, and records overrides.

Whatever changes beneath a consignment under way has it run again (the database asks for it with the change), and so do
its acceptance, the check of its lot and the lot's publication.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit.service import record
from marketplace.consignments import service as consignments
from marketplace.consignments.eligibility import CHECK_SET
from marketplace.consignments.rules import require_another_person
from marketplace.consignments.schemas import Consignment
from marketplace.diligence import rules
from marketplace.diligence.events import DiligenceRun
from marketplace.diligence.schemas import Cause, Examined, NewOverride, Outcome, Run
from marketplace.lots.regimes import Severity
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.outbox.service import add as tell

_SQL = load_statements("marketplace.diligence", "queries.sql")


class NotOverridable(Conflict):
    """Only a finding that holds the sale can be passed over. / 仅“暂缓”类问题可人工放行。"""

    code = "not_overridable"


async def run(
    conn: Connection, caller: Caller, consignment_id: UUID, *, cause: Cause, now: datetime
) -> Run:
    """Run the rules over a consignment that the caller may see, and keep what they found."""
    consignment = await consignments.get(conn, caller, consignment_id)
    return await _run(conn, caller, consignment, cause=cause, now=now)


async def require_clear(
    conn: Connection,
    caller: Caller,
    consignment_id: UUID,
    *,
    cause: Cause,
    leaving_out: Collection[str] = (),
    now: datetime,
) -> None:
    """Run the rules once more; raise `NotEligible` while one blocks, or holds and is not passed over.

    `leaving_out`: rules that say nothing of what is decided.
    """
    made = await run(conn, caller, consignment_id, cause=cause, now=now)
    standing = _standing(made.findings, leaving_out)
    if standing:
        raise consignments.NotEligible(
            "; ".join(f"{each.code} {each.subject}: {each.message}" for each in standing[:5]),
            "；".join(f"{each.code} {each.subject}：{each.message_zh}" for each in standing[:5]),
            findings=[each.code for each in standing],
        )


async def is_clear(
    conn: Connection, consignment_id: UUID, *, leaving_out: Collection[str] = (), now: datetime
) -> bool:
    """What `require_clear` would say now, for a job; nothing is kept."""
    consignment = await consignments.get(conn, SYSTEM_CALLER, consignment_id)
    return not _standing(await examine(conn, consignment, now=now), leaving_out)


def _standing(findings: Sequence[Examined], leaving_out: Collection[str]) -> list[Examined]:
    """What blocks, or holds and is not passed over."""
    return [
        found
        for found in findings
        if found.severity is not Severity.WARN and found.code not in leaving_out
    ]


async def recheck(conn: Connection, consignment_id: UUID, *, now: datetime) -> Run:
    """Run them again because something changed; for a job."""
    return await run(conn, SYSTEM_CALLER, consignment_id, cause=Cause.CHANGED, now=now)


async def examine(
    conn: Connection, consignment: Consignment, *, now: datetime
) -> tuple[Examined, ...]:
    """What the rules hold against a consignment today, overrides applied; nothing is kept."""
    findings = await consignments.eligibility_of(conn, consignment, now=now)
    rows = await conn.fetch(_SQL["overrides"], consignment.id)
    standing = {
        row["evidence_sha256"]: rules.Standing(
            reason=row["reason"], overridden_by=row["overridden_by"]
        )
        for row in rows
    }
    return rules.examined(findings, standing)


async def override(
    conn: Connection, caller: Caller, consignment_id: UUID, given: NewOverride, *, now: datetime
) -> Run:
    """A checker passes over what holds the sale, for a reason; not one who drafted or submitted it.

    The rules run once more, so that what is passed over is what they find now. Raises `NotOverridable` for a finding
    that blocks or warns, `NotFound` for one that they do not find any more.
    """
    consignment = await consignments.get(conn, caller, consignment_id)
    require_another_person(consignment.drafted_by, caller.user_id)
    require_another_person(consignment.submitted_by, caller.user_id)
    found = await examine(conn, consignment, now=now)
    finding = next((each for each in found if each.evidence_sha256 == given.evidence_sha256), None)
    if finding is None:
        raise NotFound(
            f"consignment {consignment.number}: no such finding now; read the last run again",
            f"委托 {consignment.number} 目前没有该项问题，请重新查看最近一次审查",
        )
    if finding.severity is not Severity.HOLD:
        raise NotOverridable(
            f"{finding.code} {finding.subject} is {finding.severity}; only what holds can be passed over",
            f"{finding.code} {finding.subject} 级别为 {finding.severity}，仅“暂缓”类可人工放行",
        )
    await conn.execute(
        _SQL["insert_override"],
        uuid7(now),
        consignment_id,
        consignment.organisation_id,
        consignment.venue_id,
        finding.code,
        given.evidence_sha256,
        msgspec.json.encode(finding).decode(),
        given.reason,
        caller.user_id,
        now,
    )
    await record(
        conn,
        caller,
        now=now,
        action="finding_overridden",
        subject="consignment",
        subject_id=consignment_id,
        after={"code": finding.code, "subject": finding.subject, "evidence": finding.evidence},
        reason=given.reason,
    )
    return await _run(conn, caller, consignment, cause=Cause.OVERRIDDEN, now=now)


async def runs_of(conn: Connection, caller: Caller, consignment_id: UUID) -> list[Run]:
    """The runs over a consignment that the caller may see, the newest first, a hundred at most."""
    await consignments.get(conn, caller, consignment_id)
    return [_from_row(row) for row in await conn.fetch(_SQL["runs"], consignment_id)]


async def outcomes_of(conn: Connection, consignment_ids: Sequence[UUID]) -> dict[UUID, Outcome]:
    """What the last run over each consignment came to, for a room that has checked who asks."""
    rows = await conn.fetch(_SQL["outcomes"], list(consignment_ids))
    return {row["consignment_id"]: Outcome(row["outcome"]) for row in rows}


async def _run(
    conn: Connection, caller: Caller, consignment: Consignment, *, cause: Cause, now: datetime
) -> Run:
    findings = await examine(conn, consignment, now=now)
    before = await conn.fetchrow(_SQL["latest"], consignment.id)
    made = Run(
        id=uuid7(now),
        consignment_id=consignment.id,
        organisation_id=consignment.organisation_id,
        venue_id=consignment.venue_id,
        checks_version=CHECK_SET.version,
        cause=cause,
        outcome=rules.outcome(findings),
        findings=findings,
        made_by=caller.user_id,
        made_at=now,
    )
    await conn.execute(
        _SQL["insert_run"],
        made.id,
        made.consignment_id,
        made.organisation_id,
        made.venue_id,
        made.checks_version,
        made.cause,
        made.outcome,
        msgspec.json.encode(made.findings).decode(),
        made.made_by,
        now,
    )
    if before is None or before["outcome"] != made.outcome:
        told = DiligenceRun(
            run_id=made.id,
            consignment_id=consignment.id,
            organisation_id=consignment.organisation_id,
            outcome=made.outcome.value,
        )
        await tell(conn, told, now=now)
    return made


def _from_row(row: asyncpg.Record) -> Run:
    return msgspec.convert(dict(row) | {"findings": msgspec.json.decode(row["findings"])}, Run)
