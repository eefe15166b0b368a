"""Duties: kept in the table until they are done, whoever dies on the way."""

from contextlib import nullcontext
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
import pytest

from kit.errors import NotFound
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


async def test_what_may_wait_waits_for_all_others(conn: asyncpg.Connection, now: datetime) -> None:
    """A hundred thousand loans to be looked at, all due before: an auction's close is given out first, and stands first
    in what is handed to the workers, where few of the others go along.
    """
    earlier = now - timedelta(minutes=5)
    for _ in range(rules.PATIENT_MAX + 5):
        await service.add(conn, Kind.WATCH_CASE, subject_id=uuid7(now), due_at=earlier, now=earlier)
    close = await add(conn, now)
    handed = [kind for _, kind in await service.due(conn, now=now, limit=200)]
    assert handed == [Kind.CLOSE_AUCTION, *[Kind.WATCH_CASE] * rules.PATIENT_MAX]
    assert await service.next_due_at(conn) == earlier
    first = await claim(conn, now)
    assert (first.kind, first.subject_id) == (Kind.CLOSE_AUCTION, close)
    assert (await claim(conn, now)).kind is Kind.WATCH_CASE
    # One whose worker has not come back is no less urgent than before.
    assert (await claim(conn, now + rules.LEASE)).id == first.id


async def test_the_database_knows_the_same_kinds_that_may_wait(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Which kinds may wait is said by the rules and by a column; both say the same of every kind."""
    for kind in Kind:
        await service.add(conn, kind, subject_id=uuid7(now), due_at=now, now=now)
    rows = await conn.fetch("SELECT kind FROM market.duties WHERE is_patient")
    assert {Kind(row["kind"]) for row in rows} == rules.PATIENT


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


#: What may happen to a duty, and the states in which each does something: every other pair changes nothing.
STEPS = {
    ("waiting", "claim_next"): "running",
    ("waiting", "claim_one"): "running",
    ("running", "finish"): "done",
    ("running", "postpone"): "waiting",
    ("running", "fail"): "waiting",
    ("running", "fail_for_good"): "stuck",
    ("stuck", "revive"): "waiting",
}
EVENTS = sorted({event for _, event in STEPS})


async def happen(conn: asyncpg.Connection, duty: Duty, event: str, now: datetime) -> None:
    """One of the events, told of the duty as it was last claimed."""
    if event == "claim_next":
        await service.claim_next(conn, now=now)
    elif event == "claim_one":
        await service.claim_one(conn, duty.id, now=now)
    elif event == "finish":
        await service.finish(conn, duty, now=now)
    elif event == "postpone":
        await service.postpone(conn, duty, due_at=now)
    elif event == "revive":
        await service.revive(conn, SYSTEM_CALLER, duty.id, now=now)
    else:
        many = rules.ATTEMPTS_MAX if event == "fail_for_good" else 0
        tried = msgspec.structs.replace(duty, attempts=many)
        await service.fail(conn, tried, now=now, error="broken")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("before", list(State))
async def test_a_duty_takes_exactly_the_written_steps(
    before: State, event: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """From each state every event is tried: a written one is taken, any other leaves the state as it was."""
    await add(conn, now)
    duty = await claim(conn, now)
    lease = now + timedelta(hours=1) if before is State.RUNNING else None
    done = now if before is State.DONE else None
    await conn.execute(
        "UPDATE market.duties SET state = $1, lease_until = $2, done_at = $3", before, lease, done
    )
    refused = before is not State.STUCK and event == "revive"
    with pytest.raises(NotFound) if refused else nullcontext():
        await happen(conn, duty, event, now)
    after = await conn.fetchval("SELECT state FROM market.duties")
    assert after == STEPS.get((before, event), before)
