"""Jobs: each safe to run twice and at once, by one worker or two, with the queue or without it."""

import asyncio
import pickle
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import redis.asyncio

from kit.clock import system_clock
from kit.embedded import Valkey
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.jobs import worker
from marketplace.jobs.handlers import HANDLERS
from marketplace.jobs.running import run_due_duties, run_duty
from tests.make_stage import START_FEN, Stage, text, until

#: All that a lot with two bidders asks for until it is sold, by kind.
DUTIES_OF_A_SALE = [
    "admit_bidder",
    "admit_bidder",
    "close_auction",
    "create_auction",
    "follow_session",
    "issue_confirmation",
    "match_subscriptions",
    "open_auction",
    "release_deposit",
    "review_result",
]


async def again(stage: Stage) -> None:
    """Make every duty that was done due once more, as if nobody had written down that it was."""
    await stage.pool.execute(
        "UPDATE market.duties SET state = 'waiting', done_at = NULL, due_at = $1 WHERE state = 'done'",
        system_clock(),
    )


async def facts(stage: Stage) -> list[Any]:
    """Everything that duties could do twice."""
    queries = (
        "SELECT count(*) FROM market.sales",
        "SELECT count(*) FROM market.audit_entries",
        "SELECT count(*) FROM market.outbox",
        "SELECT count(*) FROM settlement.transfers",
        "SELECT string_agg(status, ',' ORDER BY id) FROM market.bidders",
        "SELECT string_agg(state, ',' ORDER BY id) FROM settlement.deposits",
        "SELECT string_agg(status, ',' ORDER BY id) FROM market.lots",
        "SELECT count(*) FROM engine.bids",
    )
    return [await stage.pool.fetchval(query) for query in queries]


async def sold(stage: Stage) -> dict[str, Any]:
    """A lot sold to one of two bidders, with all duties done."""
    lot = await stage.published(opens_in=0.8, lasts=3.0)
    one, _ = await stage.deposited(lot)
    await stage.deposited(lot)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    await stage.work()
    return lot


def test_every_kind_of_duty_has_its_handler() -> None:
    """No duty can be asked for that nobody does."""
    assert set(HANDLERS) == set(Kind)


async def test_every_duty_may_run_twice(stage: Stage) -> None:
    """Done again in any number, one after the other or by many workers at once, duties change nothing more."""
    await sold(stage)
    before = await facts(stage)
    await again(stage)
    waiting = await stage.pool.fetch(
        "SELECT kind FROM market.duties WHERE state = 'waiting' AND due_at <= $1 ORDER BY kind",
        system_clock(),
    )
    assert [row["kind"] for row in waiting] == DUTIES_OF_A_SALE
    assert await stage.work() == len(DUTIES_OF_A_SALE)
    assert await facts(stage) == before
    await again(stage)
    # Watching a loan is no part of a sale: what it sees depends on the day, and the first look raises alerts.
    rows = await stage.pool.fetch(
        "SELECT kind, subject_id FROM market.duties WHERE kind <> 'watch_case'"
    )
    done = [(HANDLERS[Kind(row["kind"])], row["subject_id"]) for row in rows] * 5
    await asyncio.gather(*(handler(stage, subject, system_clock()) for handler, subject in done))
    assert await facts(stage) == before


async def test_many_closers_record_one_result(stage: Stage) -> None:
    """A hundred closes at once record one sale, one status and one event."""
    lot = await stage.published(opens_in=0.8, lasts=0.8)
    one, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await asyncio.sleep(3.2)
    lot_id, close = UUID(lot["id"]), HANDLERS[Kind.CLOSE_AUCTION]
    await asyncio.gather(*(close(stage, lot_id, system_clock()) for _ in range(100)))
    assert await stage.pool.fetchval("SELECT count(*) FROM market.sales") == 1
    events = await stage.pool.fetchval("SELECT count(*) FROM market.outbox WHERE kind = 'lot_sold'")
    assert events == 1
    entries = await stage.pool.fetchval(
        "SELECT count(*) FROM market.audit_entries WHERE action = 'lot_sold'"
    )
    assert entries == 1


async def test_two_workers_do_each_duty_once(stage: Stage) -> None:
    """Two workers that run together share the duties, and none is tried twice."""
    lot = await stage.published(opens_in=60, lasts=60)
    for _ in range(4):
        await stage.deposited(lot)
    await stage.work()  # what publication itself asks for
    await stage.pool.execute(
        "UPDATE market.duties SET due_at = $1 WHERE kind IN ('create_auction', 'admit_bidder')",
        system_clock(),
    )
    tried = await asyncio.gather(*(run_due_duties(stage, system_clock()) for _ in range(2)))
    assert sum(tried) == 5
    assert await stage.pool.fetchval("SELECT max(claims) FROM market.duties") == 1


async def test_close_that_is_not_due_waits_for_the_new_end(stage: Stage) -> None:
    """A late bid that moved the end moves the duty to the new end and its grace."""
    lot = await stage.published(
        opens_in=0.8, lasts=1, bidding={"extension": {"mode": "reset", "window_ms": 30_000}}
    )
    one, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    answer = await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await asyncio.sleep(3.2)
    await stage.work()
    row = await stage.pool.fetchrow(
        "SELECT state, attempts, (extract(epoch FROM due_at) * 1000)::bigint AS due_ms"
        " FROM market.duties WHERE kind = 'close_auction'"
    )
    assert row is not None
    assert (row["state"], row["attempts"]) == ("waiting", 0)
    assert row["due_ms"] == answer["ends_at_ms"] + 2000


async def test_failing_duty_keeps_its_error_and_harms_no_other(stage: Stage) -> None:
    """A duty that fails is tried later with its error on record; the one after it is done at once."""
    now = system_clock()
    async with stage.pool.acquire() as conn:
        await duties.add(conn, Kind.CHECK_PAYMENT, subject_id=uuid4(), due_at=now, now=now)
    closes = system_clock() + timedelta(seconds=3)
    lot = await stage.published(opens_in=60, lasts=60, priority_closes_at=text(closes))
    await until(closes)
    await stage.work()
    failed = await stage.pool.fetchrow(
        "SELECT state, attempts, last_error FROM market.duties WHERE kind = 'check_payment'"
    )
    assert failed is not None
    assert (failed["state"], failed["attempts"]) == ("waiting", 1)
    assert failed["last_error"].startswith("NotFound")
    assert (await stage.engine.view(UUID(lot["id"])))["status"] == "scheduled"


async def test_events_are_announced_once(stage: Stage) -> None:
    """The outbox is emptied in transactions of their own; nothing is announced twice."""
    await stage.published(opens_in=60, lasts=60)
    await asyncio.gather(*(run_due_duties(stage, system_clock()) for _ in range(3)))
    counts = await stage.pool.fetch(
        "SELECT state, attempts, count(*) FROM market.outbox GROUP BY 1, 2"
    )
    assert [(row["state"], row["attempts"]) for row in counts] == [("delivered", 1)]


async def eventually(stage: Stage, kind: str, state: str) -> None:
    """Wait until the duty of this kind is in this state."""
    for _ in range(200):
        found = await stage.pool.fetchval("SELECT state FROM market.duties WHERE kind = $1", kind)
        if found == state:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{kind} did not become {state}")


async def test_queue_only_wakes_somebody_up(stage: Stage, valkey: Valkey) -> None:
    """A due duty goes through arq to a worker and is done; with the queue emptied it is done all the same."""
    closes = system_clock() + timedelta(seconds=3)
    lot = await stage.published(opens_in=60, lasts=60, priority_closes_at=text(closes))
    lot_id = UUID(lot["id"])
    await stage.work()  # what publication itself asks for
    resources = worker.WorkerResources(stage.resources)
    await until(closes)
    queue = worker.queue_of(valkey.url)
    assert await worker.enqueue_due(resources, queue) == 1
    assert await worker.enqueue_due(resources, queue) == 1
    assert await queue.zcard(worker.QUEUE) == 1
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(resources, valkey.url, stop))
    await eventually(stage, "create_auction", "done")
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert (await stage.engine.view(lot_id))["status"] == "scheduled"
    await again(stage)
    await queue.delete(worker.QUEUE)
    await worker.close_queue(queue)
    await worker.look(resources, None)
    assert (
        await stage.pool.fetchval(
            "SELECT count(*) FROM market.duties WHERE kind = 'create_auction' AND state = 'done'"
        )
        == 1
    )


async def test_pickle_in_the_queue_is_not_loaded(engine_redis: redis.asyncio.Redis) -> None:
    """Whatever is put into the queue, it is read as data."""
    del engine_redis

    class Bomb:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return pytest.fail, ("a pickle was loaded",)

    with pytest.raises(msgspec.DecodeError):
        worker.decode_job(pickle.dumps(Bomb()))
    assert worker.decode_job(worker.encode_job({"a": (uuid4(),)})).keys() == {"a"}


async def test_duty_that_is_done_is_not_run_by_a_late_job(stage: Stage) -> None:
    """A job for a duty that somebody else has done is no work at all."""
    await stage.published(opens_in=60, lasts=60)
    now = system_clock()
    await stage.pool.execute(
        "UPDATE market.duties SET due_at = $1 WHERE kind = 'create_auction'", now
    )
    await stage.work()
    duty_id = await stage.pool.fetchval(
        "SELECT id FROM market.duties WHERE kind = 'create_auction'"
    )
    assert await run_duty(stage, duty_id, now) is False


async def test_worker_process_does_what_is_due_and_stops(
    stage: Stage, valkey: Valkey, database_url: str
) -> None:
    """The worker's entry point takes a duty added while it runs, and ends when it is told to."""
    settings = msgspec.structs.replace(stage.resources.settings, queue_url=valkey.url)
    assert settings.database_url == database_url
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(settings, stop))
    await stage.published(opens_in=0.5, lasts=60)
    await eventually(stage, "open_auction", "done")
    stop.set()
    async with asyncio.timeout(15):
        await running
