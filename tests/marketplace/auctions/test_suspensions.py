"""An engine that lost its books: the lot stands still, and everybody is told so within seconds."""

import asyncio
from typing import Any
from uuid import UUID

import redis.asyncio

from kit.clock import system_clock
from marketplace.duties.schemas import Kind
from marketplace.jobs import worker
from marketplace.jobs.handlers import HANDLERS
from tests.make_stage import START_FEN, STEP_FEN, Person, Stage

_REASON = "the engine holds nothing of this shard"


async def opened(stage: Stage) -> tuple[dict[str, Any], Person]:
    """A lot whose auction is open, with one bid that the journal has."""
    lot = await stage.published(lasts=60)
    one, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.work()
    return lot, one


async def kinds(stage: Stage, lot: dict[str, Any]) -> list[str]:
    """The kinds of the lot's notices, oldest first."""
    rows = await stage.pool.fetch(
        "SELECT kind FROM market.notices WHERE lot_id = $1 ORDER BY version", UUID(lot["id"])
    )
    return [row["kind"] for row in rows]


async def paused_entries(stage: Stage, lot: dict[str, Any]) -> list[str]:
    """The reasons that the audit trail gives for pauses."""
    rows = await stage.pool.fetch(
        "SELECT reason FROM market.audit_entries WHERE action = 'lot_paused' AND subject_id = $1",
        lot["id"],
    )
    return [row["reason"] for row in rows]


async def test_a_lost_engine_pauses_the_lot_and_says_why(
    stage: Stage, engine_redis: redis.asyncio.Redis
) -> None:
    """Nobody bids, the books are gone: within seconds the lot is paused, audited, announced; the venue resumes it."""
    lot, one = await opened(stage)
    await engine_redis.flushall()
    stop = asyncio.Event()
    watching = asyncio.create_task(
        worker.watch_engine(worker.WorkerResources(stage.resources), stop)
    )
    for _ in range(50):
        await stage.work()
        if (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "paused":
            break
        await asyncio.sleep(0.1)
    stop.set()
    await watching
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "paused"
    (reason,) = await paused_entries(stage, lot)
    assert _REASON in reason
    assert await kinds(stage, lot) == ["sale", "suspension"]
    ready = await stage.anyone.get("/readyz", expect=503)  # no projector runs here
    assert "1 paused" in str(ready)
    order = {"reason": "the engine was rebuilt and checked"}
    await stage.operator.post(f"/v1/auctions/{lot['id']}/resume", order)
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "open"
    assert await kinds(stage, lot) == ["sale", "suspension", "resumption"]
    answer = await one.post(
        f"/v1/auctions/{lot['id']}/proxies", {"max_fen": START_FEN + 3 * STEP_FEN}
    )
    assert answer["accepted"]


async def test_a_second_loss_is_told_again_and_each_once(
    stage: Stage, engine_redis: redis.asyncio.Redis
) -> None:
    """Each loss has its own pause and notice, however often and by how many its duty is done."""
    lot, _ = await opened(stage)
    for times in (1, 2):
        await engine_redis.flushall()
        assert await stage.engine.fence.look()
        assert await stage.engine.fence.look() == []
        follow = HANDLERS[Kind.FOLLOW_SUSPENSION]
        await asyncio.gather(
            *(follow(stage, UUID(lot["id"]), system_clock()) for _ in range(4)), stage.work()
        )
        assert len(await paused_entries(stage, lot)) == times
        order = {"reason": "the engine was rebuilt and checked"}
        await stage.operator.post(f"/v1/auctions/{lot['id']}/resume", order)
        await follow(stage, UUID(lot["id"]), system_clock())
        assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "open"
    told = ["suspension", "resumption"]
    assert await kinds(stage, lot) == ["sale", *told, *told]


async def test_a_resumption_before_the_pause_was_written_tells_of_both(
    stage: Stage, engine_redis: redis.asyncio.Redis
) -> None:
    """The venue resumes faster than the worker works: the pause stands in the trail all the same, and is not redone."""
    lot, _ = await opened(stage)
    await engine_redis.flushall()
    await stage.engine.fence.look()
    order = {"reason": "the engine was rebuilt and checked"}
    await stage.operator.post(f"/v1/auctions/{lot['id']}/resume", order)
    await stage.work()
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "open"
    assert len(await paused_entries(stage, lot)) == 1
    assert await kinds(stage, lot) == ["sale", "suspension", "resumption"]
