"""Enrolment (备案): a loan is made known to its fund while it is sound, and accepted by another person.

Source: domain 5.2 ("enrolment is needed before default").
"""

from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement import breakers, cases
from settlement.errors import AlreadyEnrolled, IllegalStep, NotEnrolled, SamePerson, SchemeUnknown
from settlement.schemes import SchemeFile

_SQL = load_statements("settlement", "sql/enrolments.sql")
FILED, ACCEPTED, REFUSED = "FILED", "ACCEPTED", "REFUSED"


class NewEnrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What a lender files of a loan; the principal is what it was granted for."""

    scheme_id: str
    scheme_version: int
    lender_id: UUID
    borrower_id: UUID
    loan_number: str
    contract_hash: bytes
    principal_fen: int
    granted_on: date
    due_on: date


class Enrolment(NewEnrolment, frozen=True, kw_only=True):
    """An enrolment as it stands."""

    id: UUID
    enrolled_on: date
    enrolled_by: UUID
    enrolled_at: datetime
    accepted_by: UUID | None
    accepted_at: datetime | None
    state: str
    reason: str | None


async def file(
    conn: Connection, given: NewEnrolment, *, enrolled_by: UUID, now: datetime
) -> Enrolment:
    """File a loan for enrolment; the same filing again is answered as the first time.

    Raises `AlreadyEnrolled` for the loan or its contract with other content, `BreakerTripped`, `SchemeUnknown`.
    """
    scheme = await cases.scheme(conn, given.scheme_id, given.scheme_version)
    if scheme.scheme is None:
        raise SchemeUnknown(
            "scheme", f"{given.scheme_id} is a template; something is missing", "方案内容不完整"
        )
    today = now.astimezone(CHINA).date()
    if not given.granted_on <= today:
        raise InvalidInput("granted_on", f"must not be after {today}", "不能晚于今日")
    if given.due_on <= today:
        raise InvalidInput("due_on", f"must be after {today}: a sound loan", "须晚于今日")
    known = await of_loan(conn, given.lender_id, given.loan_number)
    if known is None:
        await breakers.require_open(conn, scheme, given.lender_id, now=now)
        made = await conn.fetchval(
            _SQL["insert_enrolment"],
            *(uuid7(now), given.scheme_id, given.scheme_version, given.lender_id),
            *(given.borrower_id, given.loan_number, given.contract_hash, given.principal_fen),
            *(given.granted_on, given.due_on, today, enrolled_by, now),
        )
        if made is not None:
            return await get(conn, made)
        known = await of_loan(conn, given.lender_id, given.loan_number)
    if known is None or _content(known) != given:
        raise AlreadyEnrolled
    return known


async def decide(
    conn: Connection,
    enrolment_id: UUID,
    *,
    accepted: bool,
    reason: str,
    decided_by: UUID,
    now: datetime,
) -> Enrolment:
    """Another person accepts or refuses an enrolment. Raises `SamePerson`, `IllegalStep`."""
    found = _enrolment(await conn.fetchrow(_SQL["lock_enrolment"], enrolment_id))
    state = ACCEPTED if accepted else REFUSED
    if (found.state, found.accepted_by) == (state, decided_by):
        return found
    if found.state != FILED:
        raise IllegalStep(f"enrolment {enrolment_id}", state=found.state, step=state)
    if found.enrolled_by == decided_by:
        raise SamePerson
    await conn.execute(_SQL["decide_enrolment"], enrolment_id, state, decided_by, now, reason)
    return await get(conn, enrolment_id)


async def get(conn: Connection, enrolment_id: UUID) -> Enrolment:
    """An enrolment; raises `NotFound`."""
    return _enrolment(await conn.fetchrow(_SQL["enrolment"], enrolment_id))


async def page(
    conn: Connection, *, lender_id: UUID | None, before: UUID | None, limit: int
) -> list[Enrolment]:
    """Up to `limit` enrolments that may be seen, newest first; of one lender alone where it is given."""
    rows = await conn.fetch(_SQL["enrolments"], lender_id, before, limit)
    return [_enrolment(row) for row in rows]


async def of_loan(conn: Connection, lender_id: UUID, loan_number: str) -> Enrolment | None:
    """The enrolment of a lender's loan; None where it was never filed."""
    row = await conn.fetchrow(_SQL["enrolment_of_loan"], lender_id, loan_number)
    return None if row is None else _enrolment(row)


async def require(
    conn: Connection,
    scheme: SchemeFile,
    *,
    lender_id: UUID,
    loan_number: str,
    contract_hash: bytes,
    defaulted_on: date,
) -> None:
    """Refuse a claim for a loan that was not enrolled in time, where its scheme asks for that.

    Raises `NotEnrolled`: nothing filed and accepted before the default, another scheme's, or another contract's.
    """
    if not scheme.operating.enrolment_required:
        return
    found = await of_loan(conn, lender_id, loan_number)
    if found is None or found.state != ACCEPTED or found.scheme_id != scheme.id:
        raise NotEnrolled
    if found.contract_hash != contract_hash:
        raise NotEnrolled(
            f"loan {loan_number} was enrolled with another contract",
            f"贷款 {loan_number} 备案时的合同与此不一致",
        )
    if found.enrolled_on >= defaulted_on:
        raise NotEnrolled(
            f"loan {loan_number} was enrolled on {found.enrolled_on}, not before its default on {defaulted_on}",
            f"贷款 {loan_number} 于 {found.enrolled_on} 备案，不早于违约日 {defaulted_on}",
        )


def _content(found: Enrolment) -> NewEnrolment:
    names = NewEnrolment.__struct_fields__
    return NewEnrolment(**{name: getattr(found, name) for name in names})


def _enrolment(row: asyncpg.Record | None) -> Enrolment:
    if row is None:
        raise NotFound
    return Enrolment(**dict(row))
