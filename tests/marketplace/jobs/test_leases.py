"""What takes longer than a lease is begun once all the same: whoever does it renews its lease."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from kit.clock import system_clock
from kit.embedded import Valkey
from kit.ids import uuid7
from marketplace.duties import rules
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.jobs import running, worker
from marketplace.jobs.handlers import JobResources
from tests.make_stage import Stage

SOON = timedelta(seconds=0.2)


class SlowHandler:
    """A handler that is in hand until it is let go; it counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = asyncio.Event()

    async def __call__(self, resources: JobResources, subject_id: UUID, now: datetime) -> None:
        """Wait."""
        del resources, subject_id, now
        self.begun += 1
        await self.go_on.wait()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowHandler:
    """Every duty takes its time; leases are renewed every 20 ms."""
    handler = SlowHandler()
    monkeypatch.setattr(running, "HANDLERS", dict.fromkeys(Kind, handler))
    monkeypatch.setattr(running, "_RENEW_SECONDS", 0.02)
    return handler


async def asked_for(stage: Stage, kind: Kind, now: datetime) -> UUID:
    """A duty of this kind that is due; its id."""
    subject = uuid7(now)
    async with stage.pool.acquire() as conn:
        await duties.add(conn, kind, subject_id=subject, due_at=now, now=now)
    found = await stage.pool.fetchval("SELECT id FROM market.duties WHERE subject_id = $1", subject)
    return UUID(str(found))


async def lease_of(stage: Stage, duty_id: UUID) -> datetime | None:
    """Until when somebody has the duty in hand."""
    found: datetime | None = await stage.pool.fetchval(
        "SELECT lease_until FROM market.duties WHERE id = $1", duty_id
    )
    return found


async def in_hand_past(stage: Stage, duty_id: UUID, moment: datetime) -> None:
    """Wait until the lease reaches beyond a moment."""
    for _ in range(500):
        lease = await lease_of(stage, duty_id)
        if lease is not None and lease > moment:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"the lease ends at {lease}, not after {moment}")


async def test_long_import_is_not_begun_again_when_its_first_lease_is_over(
    stage: Stage, slow: SlowHandler
) -> None:
    """A second worker that looks after the first lease leaves the import alone; done, nothing is left to do."""
    now = system_clock()
    duty_id = await asked_for(stage, Kind.RUN_IMPORT, now)
    first = asyncio.create_task(running.run_duty(stage, duty_id, now))
    after_first_lease = now + rules.LEASE + SOON
    await in_hand_past(stage, duty_id, after_first_lease)
    assert await running.run_duty(stage, duty_id, after_first_lease) is False
    async with stage.pool.acquire() as conn:
        assert (duty_id, Kind.RUN_IMPORT) not in await duties.due(
            conn, now=after_first_lease, limit=500
        )
    slow.go_on.set()
    assert await first is True
    assert slow.begun == 1
    assert await lease_of(stage, duty_id) is None
    row = await stage.pool.fetchrow(
        "SELECT state, claims FROM market.duties WHERE id = $1", duty_id
    )
    assert row is not None
    assert (row["state"], row["claims"]) == ("done", 1)


async def test_import_of_a_worker_that_died_is_taken_up_after_its_lease(
    stage: Stage, slow: SlowHandler
) -> None:
    """Nobody renews for the dead; and who comes back from the dead gets no lease any more."""
    now = system_clock()
    duty_id = await asked_for(stage, Kind.RUN_IMPORT, now)
    first = asyncio.create_task(running.run_duty(stage, duty_id, now))
    await in_hand_past(stage, duty_id, now + rules.LEASE)
    async with stage.pool.acquire() as conn:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        lease = await lease_of(stage, duty_id)
        await asyncio.sleep(0.1)
        assert await lease_of(stage, duty_id) == lease
        assert lease is not None
        second = await duties.claim_one(conn, duty_id, now=lease)
        assert second is not None
        dead = msgspec.structs.replace(second, claims=second.claims - 1)
        await duties.renew(conn, dead, now=lease + timedelta(hours=1))
        assert await lease_of(stage, duty_id) == lease + rules.LEASE
        await duties.renew(conn, second, now=lease - timedelta(seconds=1))
        assert await lease_of(stage, duty_id) == lease + rules.LEASE
    assert slow.begun == 1


async def test_what_is_short_holds_its_lease_no_longer(stage: Stage, slow: SlowHandler) -> None:
    """A duty that should be done in a moment is not kept from others by a worker that hangs."""
    now = system_clock()
    duty_id = await asked_for(stage, Kind.CHECK_PAYMENT, now)
    first = asyncio.create_task(running.run_duty(stage, duty_id, now))
    await in_hand_past(stage, duty_id, now)
    await asyncio.sleep(0.1)
    assert await lease_of(stage, duty_id) == now + rules.LEASE
    slow.go_on.set()
    assert await first is True


async def test_long_duties_are_queued_under_a_name_that_lets_them_last(
    stage: Stage, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import through the queue is not cut off where others are: here others have no time at all."""
    now = system_clock()
    resources = worker.WorkerResources(stage.resources)
    slow = SlowHandler()
    monkeypatch.setattr(running, "HANDLERS", dict.fromkeys(Kind, slow))
    monkeypatch.setitem(worker._FUNCTIONS, "perform", 0.05)
    monkeypatch.setattr(worker, "_OVERDUE", timedelta(hours=1))
    long = await asked_for(stage, Kind.RUN_IMPORT, now)
    short = await asked_for(stage, Kind.CHECK_PAYMENT, now)
    queue = worker.queue_of(valkey.url)
    await worker.enqueue_due(resources, queue)
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(resources, valkey.url, stop))
    for _ in range(500):
        if slow.begun == 2:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)  # the short one is cut off
    slow.go_on.set()
    states: dict[UUID, str] = {}
    for _ in range(500):
        rows = await stage.pool.fetch(
            "SELECT id, state FROM market.duties WHERE id = ANY ($1::uuid[])", [long, short]
        )
        states = {row["id"]: row["state"] for row in rows}
        if states[long] == "done":
            break
        await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await worker.close_queue(queue)
    assert states == {long: "done", short: "running"}
