"""Keeps the expert base (专家库), draws panels by lot, and records who declared a conflict."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets.identifiers import InvalidIdentifier, credit_code
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.edge.versions import VersionChanged
from marketplace.experts import rules
from marketplace.experts.events import ExpertDeclared, ExpertsDrawn
from marketplace.experts.schemas import (
    Declaration,
    Draw,
    Expert,
    ExpertChange,
    ExpertField,
    ExpertState,
    NewDraw,
    NewExpert,
    Purpose,
    Seat,
    SeatState,
)
from marketplace.organisations.schemas import Caller, Role
from marketplace.outbox.service import add as tell

_SQL = load_statements("marketplace.experts", "queries.sql")
Entry = TypeVar("Entry", bound=NewExpert)


class DrawnAlready(Conflict):
    """A panel stands for this matter; it must be set aside before another is drawn. / 该事项已抽取专家，须先作废。"""

    code = "experts_drawn_already"


class TooFewExperts(Conflict):
    """The base has too few experts without a conflict. / 无利害关系的专家人数不足。"""

    code = "too_few_experts"


class DrawerSetsAside(Forbidden):
    """A draw is set aside by another person than the one who drew. / 作废须由抽取人以外的人员作出。"""

    code = "drawer_sets_aside"


async def register(conn: Connection, caller: Caller, new: NewExpert, *, now: datetime) -> Expert:
    """Enter an expert in the caller's base."""
    new = _normal(new)
    expert = Expert(
        **msgspec.structs.asdict(new),
        id=uuid7(now),
        organisation_id=caller.organisation_id,
        state=ExpertState.ACTIVE,
        version=1,
        created_at=now,
        updated_at=now,
    )
    await _stored(
        conn, _SQL["insert"], expert.id, expert.organisation_id, *_columns(new), expert.created_at
    )
    await record(
        conn,
        caller,
        now=now,
        action="expert_registered",
        subject="expert",
        subject_id=expert.id,
        after=new,
    )
    return expert


async def change(
    conn: Connection,
    caller: Caller,
    expert_id: UUID,
    new: ExpertChange,
    *,
    version: int,
    now: datetime,
) -> Expert:
    """What the entry says from now on; draws made before keep what they saw."""
    before = await get(conn, caller, expert_id)
    rules.require_expert_step(before.state, new.state, name=before.name)
    new = _normal(new)
    done = await _stored(conn, _SQL["change"], expert_id, version, *_columns(new), new.state, now)
    if done != "UPDATE 1":
        raise VersionChanged(version=before.version)
    await record(
        conn,
        caller,
        now=now,
        action="expert_changed",
        subject="expert",
        subject_id=expert_id,
        before=before,
        after=new,
    )
    return await get(conn, caller, expert_id)


async def get(conn: Connection, caller: Caller, expert_id: UUID) -> Expert:
    """One expert of the caller's base (supervisors: of any), or `NotFound`."""
    row = await conn.fetchrow(_SQL["by_id"], expert_id, _base_of(caller))
    if row is None:
        raise NotFound(f"expert {expert_id}: no such expert", f"专家 {expert_id} 不存在")
    return _expert(row)


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Expert]:
    """Up to `limit` experts that the caller may see, with ids after `after`."""
    return [_expert(row) for row in await conn.fetch(_SQL["page"], after, _base_of(caller), limit)]


async def draw(
    conn: Connection, caller: Caller, new: NewDraw, *, now: datetime, seed: bytes | None = None
) -> Draw:
    """Draw a panel out of the caller's base, with everybody left out who is tied to a party.

    `seed` is for repeating a draw in a test; left out, it is drawn at random and kept with the result. Raises
    `DrawnAlready` where a panel stands for the matter, `TooFewExperts` where seats would stay open.
    """
    rules.require_panel(new.quotas, new.purpose)
    seed = secrets.token_bytes(rules.SEED_BYTES) if seed is None else seed
    draw_id = uuid7(now)
    base = [_expert(row) for row in await conn.fetch(_SQL["base"], caller.organisation_id)]
    drawn = rules.draw(base, new.quotas, new.parties, seed=seed, draw_id=draw_id)
    if lacking := rules.missing(new.quotas, drawn.seats):
        raise _too_few(lacking)
    await conn.execute(
        _SQL["insert_draw"],
        draw_id,
        caller.organisation_id,
        new.subject,
        new.subject_id,
        new.purpose,
        _json(new.quotas),
        _json(new.parties),
        seed,
        _json(drawn.candidates),
        _json(drawn.excluded),
        caller.user_id,
        now,
    )
    standing = (draw_id, caller.organisation_id, new.subject_id, new.purpose)
    try:
        async with conn.transaction():
            await conn.execute(_SQL["insert_standing"], *standing)
    except asyncpg.UniqueViolationError as error:
        raise DrawnAlready(subject_id=str(new.subject_id)) from error
    for seat in drawn.seats:
        await _seat(conn, draw_id, seat)
    await record(
        conn,
        caller,
        now=now,
        action="experts_drawn",
        subject="expert_draw",
        subject_id=draw_id,
        after={"asked": new, "seed": seed.hex(), "seats": drawn.seats},
    )
    told = ExpertsDrawn(
        draw_id=draw_id, organisation_id=caller.organisation_id, subject_id=new.subject_id
    )
    await tell(conn, told, now=now)
    return await get_draw(conn, caller, draw_id)


async def declare(
    conn: Connection,
    caller: Caller,
    draw_id: UUID,
    expert_id: UUID,
    given: Declaration,
    *,
    now: datetime,
) -> Draw:
    """Record an expert's word on conflicts: their own, or what the base's operator has from them in writing.

    Who is not free gives up the seat, and the next of the field by rank is called up.
    """
    await conn.execute(_SQL["lock_draw"], draw_id)
    found = await _draw_or_none(conn, draw_id)
    seat = (
        next((each for each in found.seats if each.expert_id == expert_id), None) if found else None
    )
    if found is None or seat is None or not await _may_declare(conn, caller, found, expert_id):
        raise NotFound(f"draw {draw_id}: no such seat", f"抽取 {draw_id} 中无此席位")
    expert = await _any_expert(conn, expert_id)
    wanted = SeatState.CONFIRMED if given.is_free else SeatState.RECUSED
    rules.require_seat_step(seat.state, wanted, name=expert.name)
    said = (draw_id, expert_id, wanted, given.statement, caller.user_id, now)
    await conn.execute(_SQL["declare"], *said)
    if wanted is SeatState.RECUSED:
        called = rules.next_for(seat.field, found.candidates, found.seats)
        if called is not None:
            await _seat(conn, draw_id, called)
    await record(
        conn,
        caller,
        now=now,
        action="expert_declared",
        subject="expert_draw",
        subject_id=draw_id,
        after={"expert_id": expert_id, "state": wanted},
        reason=given.statement,
    )
    told = ExpertDeclared(
        draw_id=draw_id,
        expert_id=expert_id,
        organisation_id=found.organisation_id,
        is_free=given.is_free,
    )
    await tell(conn, told, now=now)
    after = await _draw_or_none(conn, draw_id)
    assert after is not None
    return after


async def set_aside(
    conn: Connection, caller: Caller, draw_id: UUID, *, reason: str, now: datetime
) -> Draw:
    """The draw counts no more; by another person than the one who drew."""
    await conn.execute(_SQL["lock_draw"], draw_id)
    found = await get_draw(conn, caller, draw_id)
    if found.set_aside_by is not None:
        raise Conflict(f"draw {draw_id} is set aside already", f"抽取 {draw_id} 已作废")
    if found.drawn_by == caller.user_id:
        raise DrawerSetsAside
    await conn.execute(_SQL["set_aside"], draw_id, caller.user_id, now, reason)
    await record(
        conn,
        caller,
        now=now,
        action="expert_draw_set_aside",
        subject="expert_draw",
        subject_id=draw_id,
        reason=reason,
    )
    return await get_draw(conn, caller, draw_id)


async def get_draw(conn: Connection, caller: Caller, draw_id: UUID) -> Draw:
    """One draw of the caller's base (supervisors: of any), or `NotFound`."""
    row = await conn.fetchrow(_SQL["draw_by_id"], draw_id, _base_of(caller))
    if row is None:
        raise NotFound(f"draw {draw_id}: no such draw", f"抽取 {draw_id} 不存在")
    return (await _draws(conn, [row]))[0]


async def draws_page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[Draw]:
    """Up to `limit` draws that the caller may see, with ids after `after`."""
    rows = await conn.fetch(_SQL["draws_page"], after, _base_of(caller), limit)
    return await _draws(conn, rows)


async def tasks_of(conn: Connection, caller: Caller) -> list[Draw]:
    """The panels on which the caller sits, newest first."""
    rows = await conn.fetch(_SQL["tasks"], caller.user_id)
    found = [await _draw_or_none(conn, row["draw_id"]) for row in rows]
    return [each for each in found if each is not None]


async def panel_of(
    conn: Connection, *, organisation_id: UUID, subject_id: UUID, purpose: Purpose
) -> tuple[UUID, ...] | None:
    """The experts who judge a matter, for a room that has checked who asks; None while the panel is not whole."""
    draw_id = await conn.fetchval(_SQL["standing_of"], organisation_id, subject_id, purpose)
    found = None if draw_id is None else await _draw_or_none(conn, draw_id)
    return None if found is None else rules.panel(found.quotas, found.seats)


async def is_expert(conn: Connection, caller: Caller, expert_id: UUID) -> bool:
    """Whether the caller's account is that of this expert."""
    return (await _any_expert(conn, expert_id)).user_id == caller.user_id


async def _may_declare(conn: Connection, caller: Caller, found: Draw, expert_id: UUID) -> bool:
    is_keeper = caller.organisation_id == found.organisation_id and caller.has(Role.VENUE_OPERATOR)
    return is_keeper or await is_expert(conn, caller, expert_id)


async def _any_expert(conn: Connection, expert_id: UUID) -> Expert:
    row = await conn.fetchrow(_SQL["by_id"], expert_id, None)
    assert row is not None, "a seat is an expert's"
    return _expert(row)


async def _draw_or_none(conn: Connection, draw_id: UUID) -> Draw | None:
    row = await conn.fetchrow(_SQL["draw_by_id"], draw_id, None)
    return None if row is None else (await _draws(conn, [row]))[0]


async def _draws(conn: Connection, rows: Iterable[asyncpg.Record]) -> list[Draw]:
    found = list(rows)
    seats = await conn.fetch(_SQL["seats"], [row["id"] for row in found])
    drawn = []
    for row in found:
        decoded = {
            name: msgspec.json.decode(row[name])
            for name in ("quotas", "parties", "candidates", "excluded")
        }
        of_draw = [dict(seat) for seat in seats if seat["draw_id"] == row["id"]]
        more = {"seed": row["seed"].hex(), "seats": of_draw}
        drawn.append(msgspec.convert(dict(row) | decoded | more, Draw))
    return drawn


async def _seat(conn: Connection, draw_id: UUID, seat: Seat) -> None:
    await conn.execute(_SQL["insert_seat"], draw_id, seat.expert_id, seat.position, seat.field)


async def _stored(conn: Connection, sql: str, *values: object) -> str:
    """Run an insert or update of an entry; what the database refuses is said by its field."""
    try:
        async with conn.transaction():
            return str(await conn.execute(sql, *values))
    except asyncpg.ForeignKeyViolationError as error:
        raise InvalidInput("user_id", "is nobody's account", "不是有效账号") from error
    except asyncpg.UniqueViolationError as error:
        raise InvalidInput(
            "user_id", "is another expert's account already", "该账号已属于另一专家"
        ) from error


def _too_few(lacking: dict[ExpertField, int]) -> TooFewExperts:
    said = ", ".join(f"{count} of {field}" for field, count in lacking.items())
    said_zh = "、".join(f"{field} {count} 名" for field, count in lacking.items())
    return TooFewExperts(
        f"quotas: {said} lack; enter more experts, or ask for fewer",
        f"quotas：缺少 {said_zh}；请补充专家或减少人数",
        field="quotas",
    )


def _base_of(caller: Caller) -> UUID | None:
    seen = visibility_of(caller)
    return seen.venue_id or seen.owner_id


def _normal(new: Entry) -> Entry:
    try:
        if new.employer_code is not None:
            new = msgspec.structs.replace(new, employer_code=credit_code(new.employer_code))
    except InvalidIdentifier as error:
        raise InvalidInput("employer_code", error.message, error.message_zh) from error
    return new


def _columns(new: NewExpert) -> tuple[object, ...]:
    return (
        new.user_id,
        new.name,
        new.employer_name,
        new.employer_code,
        sorted(new.fields),
        new.credentials,
        _json(new.interests),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _expert(row: asyncpg.Record) -> Expert:
    return msgspec.convert(dict(row) | {"interests": msgspec.json.decode(row["interests"])}, Expert)
