"""Enrolments (备案) of a bank's sound loans: filed by a maker, decided by a checker. Source: domain 5.2."""

from datetime import datetime
from uuid import UUID

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.claims import schemes
from marketplace.claims.rules import borrower_id
from marketplace.enrolments.schemas import EnrolmentDecision, EnrolmentIn, EnrolmentOut
from marketplace.organisations.schemas import Caller, OrganisationKind
from settlement import enrolments
from settlement.enrolments import Enrolment, NewEnrolment


async def file(
    conn: Connection, caller: Caller, data: EnrolmentIn, *, now: datetime
) -> EnrolmentOut:
    """File a sound loan of the caller's bank under a scheme; the same again is answered as the first time."""
    await schemes.known_version(conn, data.scheme_id, data.scheme_version, now=now)
    given = NewEnrolment(
        scheme_id=data.scheme_id,
        scheme_version=data.scheme_version,
        lender_id=caller.organisation_id,
        borrower_id=borrower_id(data.borrower_code),
        loan_number=data.contract_number,
        contract_hash=bytes.fromhex(data.contract_sha256),
        principal_fen=data.principal_fen,
        granted_on=data.granted_on,
        due_on=data.due_on,
    )
    before = await enrolments.of_loan(conn, given.lender_id, given.loan_number)
    filed = await enrolments.file(conn, given, enrolled_by=caller.user_id, now=now)
    if before is None:
        await audit.record(
            conn, caller, now=now, action="loan_enrolled", subject="enrolment",
            subject_id=filed.id, after=data,
        )  # fmt: skip
    return _out(filed)


async def decide(
    conn: Connection, caller: Caller, enrolment_id: UUID, data: EnrolmentDecision, *, now: datetime
) -> EnrolmentOut:
    """Accept or refuse an enrolment of the caller's bank; by another person than who filed it."""
    before = await _visible(conn, caller, enrolment_id)
    done = await enrolments.decide(
        conn,
        enrolment_id,
        accepted=data.accepted,
        reason=data.reason,
        decided_by=caller.user_id,
        now=now,
    )
    if done != before:
        await audit.record(
            conn, caller, now=now, action="enrolment_decided", subject="enrolment",
            subject_id=enrolment_id, before={"state": before.state}, after={"state": done.state},
            reason=data.reason,
        )  # fmt: skip
    return _out(done)


async def get(conn: Connection, caller: Caller, enrolment_id: UUID) -> EnrolmentOut:
    """One enrolment that the caller may see; `NotFound`."""
    return _out(await _visible(conn, caller, enrolment_id))


async def page(
    conn: Connection, caller: Caller, *, before: UUID | None, limit: int
) -> list[EnrolmentOut]:
    """Up to `limit` enrolments that the caller may see, newest first: a bank's own, those of whom a fund promised."""
    lender_id = caller.organisation_id if _is_bank(caller) else None
    found = await enrolments.page(conn, lender_id=lender_id, before=before, limit=limit)
    return [_out(one) for one in found]


async def _visible(conn: Connection, caller: Caller, enrolment_id: UUID) -> Enrolment:
    found = await enrolments.get(conn, enrolment_id)
    if _is_bank(caller) and found.lender_id != caller.organisation_id:
        raise NotFound
    return found


def _is_bank(caller: Caller) -> bool:
    return caller.organisation_kind is OrganisationKind.BANK


def _out(found: Enrolment) -> EnrolmentOut:
    return EnrolmentOut(
        id=found.id,
        scheme_id=found.scheme_id,
        scheme_version=found.scheme_version,
        lender_id=found.lender_id,
        contract_number=found.loan_number,
        contract_sha256=found.contract_hash.hex(),
        principal_fen=found.principal_fen,
        granted_on=found.granted_on,
        due_on=found.due_on,
        enrolled_on=found.enrolled_on,
        enrolled_by=found.enrolled_by,
        accepted_by=found.accepted_by,
        state=found.state,
        reason=found.reason,
    )
