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
from marketplace.assets.visibility import Visibility, visibility_of
from marketplace.audit.service import record
from marketplace.cases.events import CaseMoved, CaseRegistered
from marketplace.cases.rules import contradictions, require_case_step, steps_to
from marketplace.cases.schemas import Case, CaseState, CaseUpdate, NewCase
from marketplace.edge.versions import VersionChanged
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller, Role
from marketplace.outbox.service import add as tell

_SQL = load_statements("marketplace.cases", "queries.sql")
#: What moves in a loan after it was entered.
MOVING = tuple(name for name in CaseUpdate.__struct_fields__ if name != "reason")


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
    frozen_from = case.state if wanted is CaseState.FROZEN else None
    await conn.execute(_SQL["set_state"], case_id, wanted, now, frozen_from)
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
    return msgspec.structs.replace(
        case, state=wanted, frozen_from=frozen_from, version=case.version + 1, updated_at=now
    )


async def advance(
    conn: Connection, caller: Caller, case_id: UUID, wanted: CaseState, *, now: datetime
) -> None:
    """Bring the loan up to `wanted` on its way, step by step; a loan that is past it, or off the way, stays."""
    case = await get(conn, SYSTEM_CALLER, case_id)
    for step in steps_to(case.state, wanted):
        await move(conn, caller, case_id, step, now=now)


async def step_back(
    conn: Connection, caller: Caller, case_id: UUID, *, reason: str, now: datetime
) -> None:
    """A consignment came back before its disposal began: the loan is where it began, unless it is past that."""
    case = await get(conn, SYSTEM_CALLER, case_id)
    if case.state in (CaseState.SUBMITTED, CaseState.APPROVED, CaseState.ROUTE_SET):
        await move(conn, caller, case_id, CaseState.REGISTERED, now=now, reason=reason)


async def freeze(
    conn: Connection, caller: Caller, case_id: UUID, *, reason: str, now: datetime
) -> None:
    """Nothing goes on with the loan until it is let go; frozen twice it is frozen once."""
    case = await get(conn, SYSTEM_CALLER, case_id)
    if case.state is not CaseState.FROZEN:
        await move(conn, caller, case_id, CaseState.FROZEN, now=now, reason=reason)


async def thaw(
    conn: Connection, caller: Caller, case_id: UUID, *, reason: str, now: datetime
) -> None:
    """The loan goes on where it stood; one that is not frozen any more stays as it is."""
    case = await get(conn, SYSTEM_CALLER, case_id)
    if case.state is CaseState.FROZEN and case.frozen_from is not None:
        await move(conn, caller, case_id, case.frozen_from, now=now, reason=reason)


async def update(
    conn: Connection,
    caller: Caller,
    case_id: UUID,
    given: CaseUpdate,
    *,
    version: int,
    now: datetime,
) -> Case:
    """What moved in a loan of the caller's bank, over version `version`."""
    before = await get(conn, caller, case_id)
    fields = {name: getattr(given, name) for name in MOVING}
    after = msgspec.structs.replace(before, **fields)
    stated = {name: getattr(after, name) for name in NewCase.__struct_fields__}
    for wrong in contradictions(NewCase(**stated)):
        raise wrong
    done = await conn.execute(
        _SQL["update_figures"],
        case_id,
        version,
        given.principal_fen,
        given.interest_fen,
        given.penalty_fen,
        given.demanded_on,
        given.limitation_ends_on,
        given.grade,
        sorted(given.flags),
        given.ip_part_bp,
        now,
        caller.organisation_id,
    )
    if done != "UPDATE 1":
        raise VersionChanged(version=before.version)
    await record(
        conn,
        caller,
        now=now,
        action="case_updated",
        subject="case",
        subject_id=case_id,
        before={name: getattr(before, name) for name in MOVING},
        after=fields,
        reason=given.reason,
    )
    told = CaseMoved(
        case_id=case_id, organisation_id=before.organisation_id, state=before.state.value
    )
    await tell(conn, told, now=now)
    return await get(conn, caller, case_id)


async def get(conn: Connection, caller: Caller, case_id: UUID) -> Case:
    """One loan, or `NotFound` when there is none that the caller may see."""
    seen = _seen_by(caller)
    row = await conn.fetchrow(_SQL["by_id"], case_id, seen.owner_id, seen.venue_id)
    if row is None:
        raise NotFound(f"case {case_id}: no such loan", f"案件 {case_id} 不存在")
    return msgspec.convert(dict(row), Case)


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Case]:
    """Up to `limit` loans that the caller may see, with ids after `after`."""
    seen = _seen_by(caller)
    rows = await conn.fetch(_SQL["page"], after, seen.owner_id, seen.venue_id, limit)
    return [msgspec.convert(dict(row), Case) for row in rows]


async def known(
    conn: Connection, caller: Caller, contract_numbers: Iterable[str]
) -> Mapping[str, tuple[UUID, int]]:
    """Which of these contracts the caller's organisation has on record: number -> id and loan amount in fen."""
    rows = await conn.fetch(_SQL["known"], caller.organisation_id, sorted(set(contract_numbers)))
    return {row["contract_number"]: (row["id"], row["loan_amount_fen"]) for row in rows}


def _seen_by(caller: Caller) -> Visibility:
    """Who shares a loan's loss, or owes it, is told by row-level security: claims and credit codes say who they are."""
    if caller.has(Role.RISK_BEARER, Role.RISK_CHECKER, Role.PLEDGOR):
        return Visibility()
    return visibility_of(caller)


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
