"""Ids of auctions that are over: the engine gives their memory back, and a retry still answers as the first time."""

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid5

import asyncpg
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.engine import Engine
from auction_engine.errors import EngineUnreachable
from auction_engine.given_back import give_back_ids
from auction_engine.rules.commands import Command
from kit.clock import system_clock
from kit.embedded import Valkey
from tests.auction_engine.make_engine import AUCTION, a_bid
from tests.auction_engine.test_recovery import PADDLES, SHARD, a_live_profile, open_engine

AUCTION_ID = UUID(AUCTION)
#: So long before "now" may an auction have ended whose ids are given back at once.
AT_ONCE_MS = -60_000
IDS = keys.ids(SHARD, AUCTION)
ACCEPTED = [
    *(a_bid(n % 8 + 1, 10_000_000 + 100 * n, f"b{n}") for n in range(12)),
    Command(do="proxy", paddle=1, value=20_000_000, id="max"),
    a_bid(2, 11_000_000, "answered"),
    Command(do="disqualify", paddle=8, reason="withdrew", id="op"),
]
REFUSED = [a_bid(3, 10_000_000, "low"), a_bid(99, 30_000_000, "nobody")]
OTHERS = [
    a_bid(1, 10_000_900, "b0"),
    Command(do="proxy", paddle=1, value=10_000_000, id="b0"),
    a_bid(2, 10_000_000, "b0"),
    a_bid(1, -5, "b0"),
    Command(do="accept", paddle=1, value=10_000_000, id="b0"),
    a_bid(4, 40_000_000, "new"),
    a_bid(4, 40_000_000),
    Command(do="resume", id="op"),
    Command(do="tick"),
]


@pytest.fixture
async def engine(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> AsyncIterator[Engine]:
    """An engine with one auction that was bid on and then cancelled, which is in PostgreSQL."""
    opened = await open_engine(database, valkey.url)
    await opened.create_auction(AUCTION_ID, a_live_profile(), paddles=PADDLES)
    assert all(answer[0] == 1 for answer in await wires(opened, ACCEPTED))
    assert all(answer[0] == 0 for answer in await wires(opened, REFUSED))
    await opened.cancel(AUCTION_ID, "the bank was paid", id="end")
    await opened.projector.project(SHARD)
    yield opened
    await opened.aclose()


async def wires(engine: Engine, commands: list[Command]) -> list[list[int]]:
    """The answers to these commands, sent together."""
    answers = await engine.gateway.submit_many(AUCTION, commands)
    return [answer.wire for answer in answers if not isinstance(answer, Exception)]


async def give_back(database: asyncpg.Pool, engine: Engine) -> list[UUID]:
    return await give_back_ids(database, engine.servers, system_clock, kept_ms=AT_ONCE_MS)


async def test_every_answer_stays_what_it_was(
    database: asyncpg.Pool, engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """Retries replay, other content and new ids are refused as they were, and the journal goes on to be believed."""
    commands = [*ACCEPTED, *REFUSED, *OTHERS]
    before = await wires(engine, commands)
    assert [answer[0] for answer in before[: len(ACCEPTED)]] == [2] * len(ACCEPTED)
    assert await give_back(database, engine) == [AUCTION_ID]
    assert not await engine_redis.exists(IDS)
    assert await wires(engine, commands) == before
    one_by_one = [(await engine.submit(AUCTION_ID, command)).wire for command in commands]
    assert one_by_one == before
    retried = await engine.submit(AUCTION_ID, ACCEPTED[0])
    assert (retried.decision.replayed, retried.receipt()) == (True, None)
    assert await engine.projector.project(SHARD) > 0
    refused = await database.fetchval(
        "SELECT count(*) FROM engine.refusals WHERE bid_id = 'new' AND code = 'cancelled'"
    )
    assert refused == 3, "refusals are journalled, before and after"
    assert await give_back(database, engine) == []


async def test_other_auctions_of_the_batch_go_on(database: asyncpg.Pool, engine: Engine) -> None:
    """A batch with retries on an auction that is over decides the bids on one that is not."""
    await give_back(database, engine)
    live = next(
        other
        for other in (uuid5(AUCTION_ID, str(n)) for n in range(10_000))
        if keys.shard_of(str(other)) == SHARD
    )
    await engine.create_auction(live, a_live_profile(), paddles=PADDLES)
    answers = await asyncio.gather(
        engine.submit(AUCTION_ID, ACCEPTED[3]),
        engine.submit(live, a_bid(1, 10_000_000, "b3")),
        engine.submit(AUCTION_ID, a_bid(5, 50_000_000, "late")),
        engine.submit(live, a_bid(2, 10_000_100, "b3")),
    )
    assert [answer.wire[0] for answer in answers] == [2, 1, 0, 1]
    assert answers[2].decision.reason == "cancelled"


async def test_ids_stay_while_the_auction_may_be_retried_soon_or_goes_on(
    database: asyncpg.Pool, engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """Nothing is given back of an auction that is not final, or has not been for long."""
    live = uuid5(AUCTION_ID, "live")
    await engine.create_auction(live, a_live_profile(), paddles=PADDLES)
    await engine.submit(live, a_bid(1, 10_000_000, "x"))
    await engine.projector.project(keys.shard_of(str(live)))
    assert await give_back_ids(database, engine.servers, system_clock) == []
    assert await engine_redis.exists(IDS)
    assert await give_back(database, engine) == [AUCTION_ID]
    shard = keys.shard_of(str(live))
    names = (keys.meta(shard), keys.book(shard, str(live)), keys.ids(shard, str(live)))
    assert await engine.servers.call(shard, "FCALL", "give_back_v1", 3, *names, "1", "1") == [
        b"NOT_FINAL",
        1,
    ]
    assert await engine.servers.call(shard, "FCALL", "give_back_v1", 3, *names, "9", "1") == [
        b"EPOCH",
        1,
    ]
    with pytest.raises(asyncpg.CheckViolationError, match="is not final"):
        await database.execute("INSERT INTO engine.given_back_ids VALUES ($1, 1, now())", live)


async def test_a_rebuilt_shard_holds_the_ids_again_and_gives_them_back_again(
    database: asyncpg.Pool, engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """The journal brings all ids back; retries answer alike before, meanwhile and after."""
    before = await wires(engine, ACCEPTED)
    await give_back(database, engine)
    await engine_redis.flushall()
    engine.gateway.unverify()
    assert await wires(engine, ACCEPTED) == before
    assert await engine_redis.exists(IDS)
    assert await give_back(database, engine) == [AUCTION_ID]
    assert not await engine_redis.exists(IDS)
    assert await wires(engine, ACCEPTED) == before


async def test_nothing_is_decided_while_the_journal_can_not_be_asked(
    database: asyncpg.Pool, database_url: str, engine: Engine
) -> None:
    """Without PostgreSQL a retry on a marked auction is not guessed at; it may be sent again."""
    await give_back(database, engine)
    owner = await asyncpg.connect(database_url)
    await owner.execute("ALTER TABLE engine.bids RENAME TO elsewhere")
    with pytest.raises(EngineUnreachable):
        await engine.submit(AUCTION_ID, ACCEPTED[0])
    await owner.execute("ALTER TABLE engine.elsewhere RENAME TO bids")
    await owner.close()
    assert (await engine.submit(AUCTION_ID, ACCEPTED[0])).decision.replayed


DYING = """
    import asyncio, sys
    import asyncpg
    from auction_engine.given_back import give_back_ids
    from auction_engine.servers import Servers
    from kit.clock import system_clock

    async def main():
        database, server = sys.argv[1:]
        async with asyncpg.create_pool(
            database, min_size=1, max_size=2, server_settings={"role": "luochui_app"}
        ) as pool:
            servers = await Servers.open(server)
            await give_back_ids(pool, servers, system_clock, kept_ms=-60_000)

    asyncio.run(main())
"""


@pytest.mark.parametrize("point", ["given_back.before_mark", "given_back.before_record"])
async def test_killed_between_the_steps_it_is_done_again(
    point: str,
    database: asyncpg.Pool,
    database_url: str,
    engine: Engine,
    engine_redis: redis.asyncio.Redis,
    valkey: Valkey,
) -> None:
    """Whatever step was the last one, retries answer alike, and the next look finishes it."""
    before = await wires(engine, ACCEPTED)
    died = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(DYING), database_url, valkey.url],
        env=os.environ | {"LUOCHUI_FAILPOINTS": f"{point}=exit"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    assert died.returncode == 137, died.stderr.decode()
    assert await engine_redis.exists(IDS) == (point == "given_back.before_mark")
    assert await wires(engine, ACCEPTED) == before
    assert await give_back(database, engine) == [AUCTION_ID]
    assert await wires(engine, ACCEPTED) == before
