"""Duties: kept in the table until they are done, whoever dies on the way."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from kit.ids import uuid7
from marketplace.duties import rules, service
from marketplace.duties.schemas import Duty, Kind, State
from marketplace.organisations.schemas import SYSTEM_CALLER


async def add(conn: asyncpg.Connection, now: datetime, **changes: object) -> UUID:
    """A duty that is due now, for a subject of its own."""
    subject = uuid7(now)
    await service.add(
        conn,
        Kind.CLOSE_AUCTION,
        subject_id=subject,
        due_at=changes.get("due_at", now),
        now=now,
    )
    return subject


async def claim(conn: asyncpg.Connection, now: datetime) -> Duty:
    """The next due duty, which must be there."""
    duty = await service.claim_next(conn, now=now)
    assert duty is not None
    return duty


async def test_duty_asked_for_twice_is_one_duty(conn: asyncpg.Connection, now: datetime) -> None:
    """Asking again for the same kind and subject adds nothing and changes nothing."""
    subject = await add(conn, now)
    later = now + timedelta(hours=1)
    await service.add(conn, Kind.CLOSE_AUCTION, subject_id=subject, due_at=later, now=now)
    assert (await claim(conn, now)).due_at == now
    assert await service.claim_next(conn, now=now) is None


async def test_duty_is_not_given_out_before_it_is_due(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A duty waits for its time."""
    await add(conn, now, due_at=now + timedelta(seconds=1))
    assert await service.claim_next(conn, now=now) is None
    assert await service.claim_next(conn, now=now + timedelta(seconds=1)) is not None


async def test_two_workers_never_hold_one_duty(database: asyncpg.Pool, now: datetime) -> None:
    """While one worker's transaction holds a duty, another skips it instead of waiting."""
    async with database.acquire() as one, database.acquire() as two:
        await add(one, now)
        async with one.transaction():
            assert await service.claim_next(one, now=now) is not None
            assert await service.claim_next(two, now=now) is None
        assert await service.claim_next(two, now=now) is None


async def test_duty_of_a_dead_worker_is_taken_up_after_its_lease(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A lease that runs out frees the duty, and what the first worker reports afterwards is not believed."""
    await add(conn, now)
    first = await claim(conn, now)
    assert await service.claim_next(conn, now=now + rules.LEASE - timedelta(seconds=1)) is None
    second = await claim(conn, now + rules.LEASE)
    assert second.id == first.id
    await service.finish(conn, first, now=now)
    assert await service.count_unfinished(conn, now=now) == 1
    await service.finish(conn, second, now=now)
    assert await service.count_unfinished(conn, now=now) == 0


async def test_failing_duty_becomes_stuck_and_can_be_revived(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """After the last attempt a duty is left to people, is counted, and starts anew when an operator says so."""
    await add(conn, now)
    for attempt in range(1, rules.ATTEMPTS_MAX + 1):
        duty = await claim(conn, now)
        state = await service.fail(conn, duty, now=now, error="no connection")
        assert state is (State.STUCK if attempt == rules.ATTEMPTS_MAX else State.WAITING)
        now += rules.pause_after(attempt)
    assert await service.claim_next(conn, now=now) is None
    assert await service.count_stuck(conn) == 1
    [stuck] = await service.stuck(conn)
    assert stuck.last_error == "no connection"
    revived = await service.revive(conn, SYSTEM_CALLER, stuck.id, now=now)
    assert revived.attempts == 0
    assert (await claim(conn, now)).id == stuck.id


async def test_postponed_duty_counts_no_attempt(conn: asyncpg.Connection, now: datetime) -> None:
    """A duty that turns out to be due later waits for its new time with a clean record."""
    await add(conn, now)
    duty = await claim(conn, now)
    later = now + timedelta(minutes=5)
    await service.postpone(conn, duty, due_at=later)
    assert await service.next_due_at(conn) == later
    assert (await claim(conn, later)).attempts == 0


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 300), (99, 300)]
)
def test_pause_doubles_up_to_five_minutes(attempts: int, seconds: int) -> None:
    """The pause after a failure doubles, and never passes five minutes."""
    assert rules.pause_after(attempts) == timedelta(seconds=seconds)
