"""Enters defaulted loans, moves their state, and finds loans for those who may see them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets.identifiers import InvalidIdentifier, credit_code
from marketplace.assets.service import AlreadyRegistered
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.cases.events import CaseMoved, CaseRegistered
from marketplace.cases.rules import contradictions, require_case_step
from marketplace.cases.schemas import Case, CaseState, NewCase
from marketplace.organisations.schemas import Caller
from marketplace.outbox.service import add as tell

_SQL = load_statements("marketplace.cases", "queries.sql")


async def register(conn: Connection, caller: Caller, new: NewCase, *, now: datetime) -> Case:
    """Enter one defaulted loan of the caller's bank; `InvalidInput` says what is wrong with it."""
    try:
        new = msgspec.structs.replace(new, borrower_code=credit_code(new.borrower_code))
    except InvalidIdentifier as error:
        raise InvalidInput("borrower_code", error.message, error.message_zh) from error
    for wrong in contradictions(new):
        raise wrong
    case = _case(new, caller, now=now, import_id=None)
    try:
        async with conn.transaction():
            await conn.execute(_SQL["insert"], *_columns(case))
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegistered(
            f"contract_number: {case.contract_number} is on record already",
            f"合同编号：{case.contract_number} 已登记",
            field="contract_number",
        ) from error
    await record(
        conn,
        caller,
        now=now,
        action="case_registered",
        subject="case",
        subject_id=case.id,
        after=new,
    )
    await tell(conn, CaseRegistered(case_id=case.id, organisation_id=case.organisation_id), now=now)
    return case


async def register_all(
    conn: Connection, caller: Caller, news: Sequence[NewCase], *, now: datetime, import_id: UUID
) -> list[Case]:
    """Enter the loans of an import, checked before; the import's own audit entry stands for them."""
    cases = [_case(new, caller, now=now, import_id=import_id) for new in news]
    await conn.executemany(_SQL["insert"], [_columns(case) for case in cases])
    return cases


async def move(
    conn: Connection,
    caller: Caller,
    case_id: UUID,
    wanted: CaseState,
    *,
    now: datetime,
    reason: str | None = None,
) -> Case:
    """Bring the loan to the state `wanted`, or raise `IllegalStep`. Its rooms call this; it checks no ownership."""
    row = await conn.fetchrow(_SQL["lock"], case_id)
    if row is None:
        raise NotFound(f"case {case_id}: no such loan", f"案件 {case_id} 不存在")
    case = msgspec.convert(dict(row), Case)
    require_case_step(case.state, wanted, number=case.contract_number)
    await conn.execute(_SQL["set_state"], case_id, wanted, now)
    await record(
        conn,
        caller,
        now=now,
        action="case_moved",
        subject="case",
        subject_id=case_id,
        before={"state": case.state},
        after={"state": wanted},
        reason=reason,
    )
    await tell(
        conn,
        CaseMoved(case_id=case_id, organisation_id=case.organisation_id, state=wanted.value),
        now=now,
    )
    return msgspec.structs.replace(case, state=wanted, version=case.version + 1, updated_at=now)


async def get(conn: Connection, caller: Caller, case_id: UUID) -> Case:
    """One loan, or `NotFound` when there is none that the caller may see."""
    seen = visibility_of(caller)
    row = await conn.fetchrow(_SQL["by_id"], case_id, seen.owner_id, seen.venue_id)
    if row is None:
        raise NotFound(f"case {case_id}: no such loan", f"案件 {case_id} 不存在")
    return msgspec.convert(dict(row), Case)


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Case]:
    """Up to `limit` loans that the caller may see, with ids after `after`."""
    seen = visibility_of(caller)
    rows = await conn.fetch(_SQL["page"], after, seen.owner_id, seen.venue_id, limit)
    return [msgspec.convert(dict(row), Case) for row in rows]


async def known(
    conn: Connection, caller: Caller, contract_numbers: Iterable[str]
) -> Mapping[str, tuple[UUID, int]]:
    """Which of these contracts the caller's organisation has on record: number -> id and loan amount in fen."""
    rows = await conn.fetch(_SQL["known"], caller.organisation_id, sorted(set(contract_numbers)))
    return {row["contract_number"]: (row["id"], row["loan_amount_fen"]) for row in rows}


def _case(new: NewCase, caller: Caller, *, now: datetime, import_id: UUID | None) -> Case:
    return Case(
        **msgspec.structs.asdict(new),
        id=uuid7(now),
        organisation_id=caller.organisation_id,
        state=CaseState.REGISTERED,
        import_id=import_id,
        version=1,
        created_at=now,
        updated_at=now,
    )


def _columns(case: Case) -> tuple[object, ...]:
    return (
        case.id,
        case.organisation_id,
        case.contract_number,
        case.borrower_name,
        case.borrower_code,
        case.loan_amount_fen,
        case.principal_fen,
        case.interest_fen,
        case.penalty_fen,
        case.granted_on,
        case.due_on,
        case.defaulted_on,
        case.demanded_on,
        case.limitation_ends_on,
        case.grade,
        sorted(case.flags),
        case.ip_part_bp,
        case.state,
        case.import_id,
        case.created_at,
    )
