"""A command that grew older than the grace on its way to the engine is judged, journalled and shown alike."""

import asyncpg
import pytest
import redis.asyncio

from auction_engine.journal_check import journal_differences
from auction_engine.rules.commands import GRACE_MS
from auction_engine.waiting import Taken
from kit.clock import epoch_ms, system_clock
from kit.embedded import Valkey
from tests.auction_engine.make_engine import a_bid
from tests.auction_engine.test_recovery import (
    AUCTION_ID,
    PADDLES,
    SHARD,
    a_live_profile,
    open_engine,
)


async def test_a_command_older_than_the_grace_is_journalled(
    database: asyncpg.Pool,
    engine_redis: redis.asyncio.Redis,
    valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database takes the rows (it refuses an ingress over 2 s ago), so that the shard's journal goes on."""
    engine = await open_engine(database, valkey.url)
    packed = Taken.packed
    try:
        opened = a_live_profile(opens_at=epoch_ms(system_clock()) - 60_000)
        await engine.create_auction(AUCTION_ID, opened, paddles=PADDLES)
        monkeypatch.setattr(  # what a busy machine does between the look at the age and the sending
            Taken, "packed", lambda taken, now_us: packed(taken, now_us + 2_004_000)
        )
        bids = [a_bid(1, 10_000_000, "a"), a_bid(2, 10_000_100, "b"), a_bid(1, 10_000_000, "c")]
        answers = await engine.gateway.submit_many(str(AUCTION_ID), bids)
        await engine.projector.project(SHARD)
        rows = await database.fetch(
            "SELECT bid_id, decided_ms - at_ms AS age FROM engine.bids WHERE bid_id IS NOT NULL ORDER BY seq"
        )
        assert [(row["bid_id"], row["age"]) for row in rows] == [("a", GRACE_MS), ("b", GRACE_MS)]
        assert len(answers) == len(bids)
        async with database.acquire() as conn:
            assert await journal_differences(conn, AUCTION_ID) == []
    finally:
        await engine.aclose()
