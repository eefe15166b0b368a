"""Adds duties in the transaction that makes them necessary, and hands them to whoever does them."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import NotFound, Unavailable
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.duties.rules import LEASE, PATIENT_MAX, is_exhausted, pause_after
from marketplace.duties.schemas import Duty, Kind, State
from marketplace.organisations.schemas import Caller

_SQL = load_statements("marketplace.duties", "queries.sql")
_ERROR_LENGTH_MAX = 500


class DutiesStuck(Unavailable):
    """Duties were tried in vain too often and wait for people. / 有待办多次失败，需人工处理。"""

    code = "duties_stuck"


async def add(
    conn: Connection, kind: Kind, *, subject_id: UUID, due_at: datetime, now: datetime
) -> None:
    """Ask for `kind` to be done for `subject_id` at `due_at`; asked for twice, it is the same duty."""
    await conn.execute(_SQL["add"], uuid7(now), kind, subject_id, due_at, now)


async def ask_again(
    conn: Connection, kind: Kind, *, subject_id: UUID, due_at: datetime, now: datetime
) -> None:
    """Ask for `kind` to be done anew: something changed after it was done, or while it was."""
    await conn.execute(_SQL["ask_again"], uuid7(now), kind, subject_id, due_at, now)


async def claim_next(conn: Connection, *, now: datetime) -> Duty | None:
    """Take up the duty that is due longest, under a lease; None when nothing is due that nobody has."""
    return _duty_or_none(await conn.fetchrow(_SQL["claim_next"], now, now + LEASE))


async def claim_one(conn: Connection, duty_id: UUID, *, now: datetime) -> Duty | None:
    """Take up this very duty, if it is due and nobody has it."""
    return _duty_or_none(await conn.fetchrow(_SQL["claim_one"], now, now + LEASE, duty_id))


async def renew(conn: Connection, duty: Duty, *, now: datetime) -> None:
    """Whoever has the duty in hand goes on with it: a new lease from `now`. Only the latest claim gets one."""
    await conn.execute(_SQL["renew"], duty.id, duty.claims, now + LEASE)


async def finish(conn: Connection, duty: Duty, *, now: datetime) -> None:
    """The duty is done. A claim that is no longer the latest changes nothing."""
    await conn.execute(_SQL["finish"], duty.id, duty.claims, now)


async def postpone(conn: Connection, duty: Duty, *, due_at: datetime) -> None:
    """The duty turned out to be due later."""
    await conn.execute(_SQL["postpone"], duty.id, duty.claims, due_at)


async def fail(conn: Connection, duty: Duty, *, now: datetime, error: str) -> State:
    """The attempt failed: try again after a pause, or leave it to people after too many; what it is now."""
    attempts = duty.attempts + 1
    state = State.STUCK if is_exhausted(attempts) else State.WAITING
    await conn.execute(
        _SQL["fail"],
        duty.id,
        duty.claims,
        state,
        now + pause_after(attempts),
        error[:_ERROR_LENGTH_MAX],
    )
    return state


async def revive(conn: Connection, caller: Caller, duty_id: UUID, *, now: datetime) -> Duty:
    """An operator has a stuck duty tried again."""
    duty = _duty_or_none(await conn.fetchrow(_SQL["revive"], duty_id, now))
    if duty is None:
        raise NotFound(f"no stuck duty {duty_id}", f"没有卡住的待办 {duty_id}")
    await audit.record(
        conn, caller, now=now, action="duty_revived", subject="duty", subject_id=duty_id
    )
    return duty


async def stuck(conn: Connection) -> list[Duty]:
    """Duties that are left to people, at most a hundred."""
    return [_duty(row) for row in await conn.fetch(_SQL["stuck"])]


async def count_stuck(conn: Connection) -> int:
    """How many duties are left to people: 0 is healthy."""
    return int(await conn.fetchval(_SQL["count_stuck"]))


async def require_none_stuck(conn: Connection) -> str:
    """ "0 stuck", or `DutiesStuck`: for the readiness check."""
    found = await count_stuck(conn)
    if found:
        raise DutiesStuck(
            f"{found} duties are stuck; see /v1/duties/stuck", f"有 {found} 项待办卡住"
        )
    return "0 stuck"


async def hasten(conn: Connection, kind: Kind, *, subject_id: UUID, now: datetime) -> None:
    """What waits for its time is due now, because what it waits for has happened."""
    await conn.execute(_SQL["hasten"], kind, subject_id, now)


async def count_unfinished(conn: Connection, *, now: datetime) -> int:
    """How many duties are due and not done."""
    return int(await conn.fetchval(_SQL["count_unfinished"], now))


async def due(conn: Connection, *, now: datetime, limit: int) -> list[tuple[UUID, Kind]]:
    """Ids and kinds of duties that are due, longest waiting first; of those that may wait only a few, and last."""
    rows = await conn.fetch(_SQL["due"], now, limit, min(limit, PATIENT_MAX))
    return [(row["id"], Kind(row["kind"])) for row in rows]


async def next_due_at(conn: Connection) -> datetime | None:
    """When the next waiting duty falls due."""
    found: datetime | None = await conn.fetchval(_SQL["next_due_at"])
    return found


def _duty(row: object) -> Duty:
    return msgspec.convert(dict(row), Duty)  # type: ignore[call-overload]  # asyncpg's Record is a mapping


def _duty_or_none(row: object) -> Duty | None:
    return None if row is None else _duty(row)
