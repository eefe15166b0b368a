"""A flood by some keeps nobody else out, and leaves no trace that grows with it (reliability T06, T60, 0.4.19)."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID, uuid5

import asyncpg
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.engine import Engine
from auction_engine.errors import TooFast
from auction_engine.rules.commands import Command
from auction_engine.rules.profile import parse_profile
from auction_engine.waiting import Buckets, Limits
from kit.clock import epoch_ms, system_clock
from kit.embedded import Valkey
from kit.errors import LuochuiError
from tests.auction_engine.make_engine import AUCTION, a_key
from tests.make_scenarios import auction

LOT = UUID(AUCTION)
SHARD = keys.shard_of(AUCTION)
VICTIM, ATTACKERS = 500, 100
TRIALS = 25  # fewer than a burst: the victim is no flood


def beside() -> UUID:
    """Another auction of the same shard."""
    ids = (uuid5(LOT, str(number)) for number in range(10_000))
    return next(one for one in ids if keys.shard_of(str(one)) == SHARD)


@pytest.fixture
async def engine(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> AsyncIterator[Engine]:
    """The engine with the limits that it has by default, and two open auctions of one shard."""
    opened = await Engine.open(database, valkey.url, key=a_key(), clock=system_clock)
    now_ms = epoch_ms(system_clock())
    times = {"opens_at": now_ms - 1_000, "closes_at": now_ms + 3_600_000}
    rules = auction("english", leader_may_raise=True, **times)
    paddles: dict[int, int | None] = dict.fromkeys([*range(1, ATTACKERS + 1), VICTIM])
    for one in (LOT, beside()):
        await opened.create_auction(one, parse_profile(rules), paddles=paddles)
    yield opened
    await opened.aclose()


async def flood(engine: Engine, lot: UUID, paddles: int, told: Counter[str]) -> None:
    """As many bids as this process can make, from so many paddles, whatever is answered."""
    number = 0
    while True:
        commands = [
            Command(do="bid", paddle=1 + (number + n) % paddles, value=1_000, id=f"f{number + n}")
            for n in range(200)
        ]
        number += len(commands)
        for answer in await engine.gateway.submit_many(str(lot), commands):
            told[answer.code if isinstance(answer, LuochuiError) else "decided"] += 1
        await asyncio.sleep(0)


@pytest.mark.parametrize("attackers", [1, 10, 100])
@pytest.mark.parametrize("is_same_lot", [True, False])
async def test_a_flood_keeps_no_single_bid_out(
    engine: Engine, attackers: int, is_same_lot: bool
) -> None:
    """T06: while rivals flood the same lot, or another of its shard, each single bid of the victim is accepted."""
    told: Counter[str] = Counter()
    flooded = LOT if is_same_lot else beside()
    floods = [asyncio.create_task(flood(engine, flooded, attackers, told)) for _ in range(4)]
    try:
        for trial in range(TRIALS):
            amount = 10_000 + 10 * trial
            done = await engine.submit(LOT, Command(do="bid", paddle=VICTIM, value=amount))
            assert done.decision.accepted, (trial, done.decision)
            await asyncio.sleep(0)
        assert told["too_fast"] > 0, "it was a flood"
    finally:
        for task in floods:
            task.cancel()
        await asyncio.gather(*floods, return_exceptions=True)
    view = await engine.view(LOT)
    assert (view["leader"], view["price_fen"]) == (VICTIM, 10_000 + 10 * (TRIALS - 1))


async def test_refusals_for_rate_leave_nothing_in_the_journal(
    engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """T60: of twenty thousand bids in a row those beyond the bucket are counted, and none of them is journalled."""
    commands = [Command(do="bid", paddle=1, value=1_000, id=f"x{n}") for n in range(20_000)]
    before = await engine_redis.memory_usage(keys.log(SHARD))
    answers = await engine.gateway.submit_many(AUCTION, commands)
    refused = [one for one in answers if isinstance(one, TooFast)]
    decided = len(answers) - len(refused)
    assert decided <= Limits().paddle_burst
    after = await engine_redis.memory_usage(keys.log(SHARD))
    assert after - before < 64 * 1024, "a few commands, not twenty thousand"


def test_a_million_bids_pass_the_bucket_as_often_as_its_rate_allows() -> None:
    """T60: over fifty seconds a paddle that sends a million gets its burst and its rate, and no more."""
    limits = Limits()
    buckets, passed, seconds, count = Buckets(limits), 0, 50, 1_000_000
    for number in range(count):
        with contextlib.suppress(TooFast):
            buckets.take(AUCTION, 1, now_us=number * seconds * 1_000_000 // count)
            passed += 1
    allowed = limits.paddle_burst + limits.paddle_per_second * seconds
    assert allowed - 2 <= passed <= allowed
    assert buckets.refused == count - passed
