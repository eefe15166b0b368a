"""The whole engine on real servers: bids, closing, crashes, and the fence that trusts no server for being up."""

import asyncio
import itertools
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import msgspec
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.bundle import export_bundle
from auction_engine.connection import Connection
from auction_engine.engine import Engine, NotDue
from auction_engine.errors import (
    EngineOutcomeUnknown,
    EngineUnreachable,
    NoSuchAuction,
    ShardHalted,
    WeakDurability,
)
from auction_engine.library import LibraryMismatch, rehearsal_source
from auction_engine.receipts import fault_in
from auction_engine.rules.commands import Command, Result
from auction_engine.rules.profile import Profile, parse_profile
from auction_engine.verification import verify_bundle
from auction_engine.waiting import Limits
from kit.clock import epoch_ms, system_clock
from kit.embedded import Valkey
from kit.errors import LuochuiError
from tests.auction_engine.make_engine import AUCTION, a_bid, a_key, until

NO_LIMITS = Limits(paddle_waiting_max=10_000, paddle_per_second=1e9, paddle_burst=1e9)
AUCTION_ID = UUID(AUCTION)
SHARD = keys.shard_of(AUCTION)
PADDLES: dict[int, int | None] = dict.fromkeys(range(1, 9))


def a_live_profile(open_ms: int = 3_600_000, **fields: Any) -> Profile:
    """An English auction that is open now, for `open_ms`."""
    now_ms = epoch_ms(system_clock())
    given = {
        "format": "english",
        "opens_at": now_ms - 1000,
        "closes_at": now_ms + open_ms,
        "start_price_fen": 10_000_000,
        "step": {"kind": "fixed", "step_fen": 100},
    }
    return parse_profile(given | fields)


async def open_engine(database: asyncpg.Pool, url: str, **options: Any) -> Engine:
    settings = {"key": a_key(), "clock": system_clock, "limits": NO_LIMITS} | options
    return await Engine.open(database, url, **settings)


@pytest.fixture
async def engine(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> AsyncIterator[Engine]:
    """An engine with one open auction for paddles 1 to 8."""
    opened = await open_engine(database, valkey.url)
    await opened.create_auction(AUCTION_ID, a_live_profile(), paddles=PADDLES)
    yield opened
    await opened.aclose()


async def accepted_ids(database: asyncpg.Pool) -> list[str]:
    rows = await database.fetch(
        "SELECT bid_id FROM engine.bids WHERE bid_id IS NOT NULL ORDER BY seq"
    )
    return [row["bid_id"] for row in rows]


async def test_a_bid_goes_all_the_way(database: asyncpg.Pool, engine: Engine) -> None:
    """A bid is decided, receipted, journalled and shown; refused ones say why; nothing is decided twice."""
    first = await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "x"))
    assert (first.decision.seq, first.decision.price_fen, first.decision.leader) == (
        1,
        10_000_000,
        1,
    )
    low = await engine.submit(AUCTION_ID, a_bid(2, 10_000_000, "y"))
    assert (low.decision.reason, low.decision.minimum_fen) == ("below_minimum", 10_000_100)
    again = await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "x"))
    assert again.decision.replayed
    assert again.wire[1:] == first.wire[1:]
    assert again.receipt() is None
    for answer in (first, low):
        receipt = answer.receipt()
        assert receipt is not None
        assert fault_in(receipt, is_trusted=lambda key: key == a_key().public_key) is None
    view = await engine.view(AUCTION_ID)
    assert (view["status"], view["price_fen"], view["leader"], view["bids"]) == (
        "open",
        10_000_000,
        1,
        1,
    )
    assert await engine.projector.project(SHARD) == 3
    assert await accepted_ids(database) == ["x"]


async def test_an_auction_that_is_not_there_is_named(engine: Engine) -> None:
    """A bid or a look at an unknown auction answers that there is none, and later bids on others still count."""
    absent = uuid5(AUCTION_ID, "absent")
    with pytest.raises(NoSuchAuction):
        await engine.submit(absent, a_bid())
    with pytest.raises(NoSuchAuction):
        await engine.view(absent)
    assert (await engine.submit(AUCTION_ID, a_bid(1, 10_000_000))).decision.accepted


async def test_creating_again_is_a_replay_with_the_same_rules_only(engine: Engine) -> None:
    """The profile is frozen: the same one answers as a replay, another is refused."""
    other = await engine.create_auction(
        AUCTION_ID, a_live_profile(start_price_fen=5), paddles=PADDLES
    )
    assert other.decision.reason == "id_reused"
    admitted = await engine.admit(AUCTION_ID, 40, limit_fen=20_000_000)
    assert admitted.decision.accepted
    over = await engine.submit(AUCTION_ID, a_bid(40, 20_000_100))
    assert over.decision.reason == "over_limit"


async def test_venue_commands_work_through_the_facade(engine: Engine) -> None:
    """Suspension, resumption, disqualification and cancellation are decided and change the view."""
    await engine.submit(AUCTION_ID, a_bid(1, 10_000_000))
    assert (await engine.suspend(AUCTION_ID, "system fault")).decision.ends_at is None
    assert (await engine.submit(AUCTION_ID, a_bid(2, 10_000_100))).decision.reason == "suspended"
    assert (await engine.resume(AUCTION_ID)).decision.accepted
    gone = await engine.disqualify(AUCTION_ID, 1, reason="deposit returned by the bank")
    assert (gone.decision.price_fen, gone.decision.leader) == (None, None)
    assert (await engine.cancel(AUCTION_ID, "withdrawn by the bank")).decision.accepted
    assert (await engine.view(AUCTION_ID))["status"] == "cancelled"
    closed = await engine.close(AUCTION_ID)
    assert isinstance(closed, Result)
    assert closed.outcome == "cancelled"


async def test_closing_waits_for_the_grace_and_writes_the_result_once(
    database: asyncpg.Pool, engine: Engine
) -> None:
    """Before end and grace the answer is not due; then many callers at once get one journalled result."""
    auction = uuid5(AUCTION_ID, "short")
    await engine.create_auction(auction, a_live_profile(open_ms=400), paddles=PADDLES)
    await engine.submit(auction, a_bid(3, 10_000_000, "w"))
    early = await engine.close(auction)
    assert isinstance(early, NotDue)

    async def is_final() -> bool:
        return bool((await engine.view(auction))["final"])

    await until(is_final)
    results = await asyncio.gather(*(engine.close(auction) for _ in range(20)))
    assert all(isinstance(result, Result) for result in results)
    assert len(set(map(repr, results))) == 1
    row = await database.fetchrow(
        "SELECT final, result FROM engine.auctions WHERE auction_id = $1", auction
    )
    assert row is not None
    assert row["final"]
    closings = await database.fetchval(
        "SELECT count(*) FROM engine.auction_batches WHERE auction_id = $1", auction
    )
    assert closings == 3, "creation, bid, close"
    async with database.acquire() as conn:
        bundle = await export_bundle(conn, auction, key=a_key(), mode="local")
    verified = verify_bundle(bundle, trusted_keys=[a_key().public_key])
    assert (verified.result["winner"], verified.result["price_fen"]) == (3, 10_000_000)


async def test_retry_after_a_lost_reply_is_answered_as_the_first_time(
    database: asyncpg.Pool, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bid that was accepted while its answer was lost is told as unknown; asked again, it is the same bid."""

    def lose(self: Connection, data: bytes) -> None:
        self.close()

    await engine.submit(AUCTION_ID, a_bid(1, 10_000_000))
    monkeypatch.setattr(Connection, "data_received", lose)
    with pytest.raises(EngineOutcomeUnknown):
        await engine.submit(AUCTION_ID, a_bid(2, 10_000_100, "once"))
    monkeypatch.undo()
    again = await engine.submit(AUCTION_ID, a_bid(2, 10_000_100, "once"))
    assert again.decision.replayed
    assert again.decision.seq == 2
    await engine.projector.project(SHARD)
    assert (await accepted_ids(database)).count("once") == 1


async def test_weaker_server_refuses_to_start(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> None:
    """A server that keeps less than the mode says stops the start, naming the setting; `relaxed` says so itself."""
    await engine_redis.config_set("appendfsync", "everysec")
    try:
        with pytest.raises(WeakDurability, match="appendfsync"):
            await open_engine(database, valkey.url)
        engine = await open_engine(database, valkey.url, durability="relaxed")
        made = await engine.create_auction(AUCTION_ID, a_live_profile())
        receipt = made.receipt()
        assert receipt is not None
        assert receipt.mode == "relaxed"
        await engine.aclose()
    finally:
        await engine_redis.config_set("appendfsync", "always")
    await engine_redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(WeakDurability, match="maxmemory-policy"):
            await open_engine(database, valkey.url, durability="relaxed")
    finally:
        await engine_redis.config_set("maxmemory-policy", "noeviction")


async def test_a_library_that_can_be_told_the_time_is_refused(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> None:
    """No engine starts on a server with the rehearsal library beside or instead of its own."""
    source = rehearsal_source().replace("name=auction", "name=other")
    await engine_redis.function_load(source)
    with pytest.raises((LibraryMismatch, redis.ResponseError)):
        await open_engine(database, valkey.url)


async def keep_bidding(engine: Engine, stop: asyncio.Event, acknowledged: dict[str, int]) -> None:
    """Bid until told to stop; note each acknowledged id with its sequence."""
    for number in itertools.count():
        if stop.is_set():
            return
        paddle = 1 + number % 8
        name = f"{id(acknowledged)}-{asyncio.current_task().get_name()}-{number}"  # type: ignore[union-attr]
        try:
            price = (await engine.view(AUCTION_ID))["price_fen"] or 10_000_000
            answer = await engine.submit(
                AUCTION_ID, a_bid(paddle, price + 100 * (1 + paddle), name)
            )
        except (LuochuiError, redis.RedisError, OSError):
            await asyncio.sleep(0.01)
            continue
        if answer.decision.accepted:
            acknowledged[name] = answer.decision.seq


async def test_kill_9_under_load_loses_nothing_that_was_acknowledged(
    database: asyncpg.Pool, tmp_path: Path
) -> None:
    """The engine's server is killed again and again while bids pour in: every acknowledged bid is journalled once."""
    with Valkey(tmp_path / "vk") as server:
        engine = await open_engine(database, server.url)
        await engine.create_auction(AUCTION_ID, a_live_profile(), paddles=PADDLES)
        acknowledged: dict[str, int] = {}
        stop = asyncio.Event()
        projecting = asyncio.create_task(engine.projector.run(stop))
        bidding = [
            asyncio.create_task(keep_bidding(engine, stop, acknowledged), name=str(n))
            for n in range(6)
        ]
        for _ in range(4):
            before = len(acknowledged)
            await until(lambda before=before: len(acknowledged) > before + 40, 30)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        stop.set()
        await asyncio.gather(*bidding, projecting)
        await engine.fence.verify(SHARD)
        await engine.aclose()
    rows = await database.fetch("SELECT bid_id, seq FROM engine.bids WHERE bid_id IS NOT NULL")
    journalled = {row["bid_id"]: row["seq"] for row in rows}
    assert len(acknowledged) > 160
    assert {name: journalled.get(name) for name in acknowledged} == acknowledged
    seqs = await database.fetchval("SELECT array_agg(seq ORDER BY seq) FROM engine.bids")
    assert seqs == list(range(len(seqs)))
    assert await database.fetchval("SELECT epoch FROM engine.shards WHERE shard = $1", SHARD) == 1


async def lose_everything(client: redis.asyncio.Redis) -> None:
    await client.flushall()


async def lose_the_last_batches(client: redis.asyncio.Redis) -> None:
    """An old copy of the shard comes back: two batches are missing from books and stream alike."""
    last = int(await client.hget(keys.meta(SHARD), "seq"))  # type: ignore[misc, arg-type]
    previous = await client.xrange(keys.log(SHARD), f"{last - 1}-0", f"{last - 1}-0")
    header: list[Any] = msgspec.msgpack.decode(previous[0][1][b"m"])
    await client.xtrim(keys.log(SHARD), maxlen=0, approximate=False)
    await client.hset(keys.meta(SHARD), mapping={"seq": str(last - 2), "head": header[4]})  # type: ignore[misc]


async def fork_the_head(client: redis.asyncio.Redis) -> None:
    await client.hset(keys.meta(SHARD), "head", "f" * 40)  # type: ignore[misc]


async def keep_an_old_epoch(client: redis.asyncio.Redis) -> None:
    await client.hset(keys.meta(SHARD), "epoch", "0")  # type: ignore[misc]


@pytest.mark.parametrize(
    "lose", [lose_everything, lose_the_last_batches, fork_the_head, keep_an_old_epoch]
)
async def test_engine_that_lost_its_way_is_rebuilt_from_the_journal(
    lose: Any, database: asyncpg.Pool, engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """Behind, empty, forked or of an old epoch: rebuilt with every bid, suspended, resumed by the venue."""
    for number in range(20):
        await engine.submit(
            AUCTION_ID, a_bid(1 + number % 8, 10_000_000 + 100 * number, f"b{number}")
        )
    maximum = Command(do="proxy", paddle=2, value=77_000_000, id="max")
    await engine.submit(AUCTION_ID, maximum)
    await engine.projector.project(SHARD)
    before = await engine.view(AUCTION_ID)
    await lose(engine_redis)
    await engine.aclose()
    restarted = await open_engine(database, engine.servers.url)
    try:
        after = await restarted.view(AUCTION_ID)
        assert (after["status"], after["ends_at"]) == ("suspended", None)
        for field in ("price_fen", "leader", "bids", "bidders"):
            assert after[field] == before[field]
        late = await restarted.submit(AUCTION_ID, a_bid(5, 60_000_000))
        assert late.decision.reason == "suspended"
        again = await restarted.submit(AUCTION_ID, a_bid(1, 10_000_000, "b0"))
        assert again.decision.replayed
        await restarted.resume(AUCTION_ID)
        answered = await restarted.submit(AUCTION_ID, a_bid(5, 60_000_000, "after"))
        assert (answered.decision.leader, answered.decision.price_fen) == (2, 60_000_100)
        await restarted.projector.project(SHARD)
        assert await restarted.fence.verify(SHARD) == 2
    finally:
        await restarted.aclose()
    epochs = await database.fetch(
        "SELECT epoch, reason, suspended FROM engine.epochs ORDER BY epoch"
    )
    assert [row["epoch"] for row in epochs] == [1, 2]
    assert epochs[1]["suspended"] == [AUCTION_ID]
    assert len(epochs[1]["reason"]) > 20


async def test_running_gateway_notices_a_lost_book_before_it_takes_a_bid(
    engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """A server wiped under a connected gateway answers no bid from an empty book: the shard is rebuilt first."""
    await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "kept"))
    await engine.projector.project(SHARD)
    functions = await engine_redis.function_dump()
    await engine_redis.flushall()
    await engine_redis.function_restore(functions, "REPLACE")
    answer = await engine.submit(AUCTION_ID, a_bid(2, 10_000_100))
    assert answer.decision.reason == "suspended"
    assert (await engine.view(AUCTION_ID))["price_fen"] == 10_000_000


CRASHING = """
    import asyncio, sys
    import asyncpg
    from kit.clock import system_clock
    from auction_engine.engine import Engine
    from kit.reach import ENGINE
    from tests.auction_engine.make_engine import a_key

    async def main():
        database, server = sys.argv[1:]
        async with asyncpg.create_pool(
            database, min_size=1, max_size=5, server_settings=dict(ENGINE)
        ) as pool:
            await Engine.open(pool, server, key=a_key(), clock=system_clock)

    asyncio.run(main())
"""


@pytest.mark.parametrize("point", ["recovery.after_epoch", "recovery.before_finish"])
async def test_a_rebuild_that_dies_half_way_is_done_again(
    point: str,
    database: asyncpg.Pool,
    database_url: str,
    engine: Engine,
    engine_redis: redis.asyncio.Redis,
    valkey: Valkey,
) -> None:
    """Killed during the rebuild, the next start begins a new epoch and ends with the same books."""
    for number in range(5):
        await engine.submit(AUCTION_ID, a_bid(1 + number, 10_000_000 + 100 * number, f"b{number}"))
    await engine.projector.project(SHARD)
    await engine_redis.flushall()
    program = [sys.executable, "-c", textwrap.dedent(CRASHING), database_url, valkey.url]
    died = await asyncio.to_thread(
        subprocess.run,
        program,
        env=os.environ | {"LUOCHUI_FAILPOINTS": f"{point}=exit"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    assert died.returncode == 137, died.stderr.decode()
    restarted = await open_engine(database, valkey.url)
    view = await restarted.view(AUCTION_ID)
    assert (view["status"], view["price_fen"], view["seq"]) == ("suspended", 10_000_400, 6)
    assert await restarted.fence.verify(SHARD) == 3
    await restarted.aclose()


async def test_what_is_acknowledged_but_not_projected_survives_a_restart(
    database: asyncpg.Pool, engine: Engine
) -> None:
    """An engine that is ahead of the journal is projected before it takes a bid; nothing is suspended."""
    await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "ahead"))
    assert await accepted_ids(database) == []
    await engine.aclose()
    restarted = await open_engine(database, engine.servers.url)
    assert await accepted_ids(database) == ["ahead"]
    assert await restarted.fence.verify(SHARD) == 1
    assert (await restarted.view(AUCTION_ID))["status"] == "open"
    await restarted.aclose()


async def test_hole_between_journal_and_stream_halts_the_shard(
    database: asyncpg.Pool, engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """When batches are in neither the database nor the stream, the shard stops: it never goes on with a hole."""
    await engine.submit(AUCTION_ID, a_bid(1, 10_000_000))
    await engine.projector.project(SHARD)
    for number in range(1, 4):
        await engine.submit(AUCTION_ID, a_bid(1 + number, 10_000_000 + 100 * number))
    await engine_redis.xdel(keys.log(SHARD), "3-0")
    engine.gateway.unverify()
    with pytest.raises(ShardHalted, match="batch 3 is missing"):
        await engine.submit(AUCTION_ID, a_bid(5, 20_000_000))


async def test_a_newer_engine_than_the_journal_halts_the_shard(
    engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """A database restored from an old backup must not cut off what a newer epoch decided."""
    await engine_redis.hset(keys.meta(SHARD), "epoch", "9")  # type: ignore[misc]
    with pytest.raises(ShardHalted, match="epoch 9"):
        await engine.submit(AUCTION_ID, a_bid())


async def test_price_written_into_the_book_is_found_out(
    engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """A book changed behind the engine's back makes the next decision differ from the rules: the shard halts."""
    await engine.submit(AUCTION_ID, a_bid(1, 10_000_000))
    book = keys.book(SHARD, AUCTION)
    header = await engine_redis.hget(book, "h")  # type: ignore[misc]
    await engine.submit(AUCTION_ID, a_bid(2, 30_000_000))
    await engine_redis.hset(book, "h", header)  # type: ignore[misc]
    await engine.submit(AUCTION_ID, a_bid(3, 10_000_100))
    engine.gateway.unverify()
    with pytest.raises(ShardHalted, match="the rules say"):
        await engine.submit(AUCTION_ID, a_bid(4, 40_000_000))


async def test_restore_accepts_no_epoch_that_is_not_newer(
    engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """Nobody can throw away a live shard's books by asking for its own or an older epoch."""
    names = [keys.meta(SHARD), keys.log(SHARD), f"{keys.log(SHARD)}:fork:1"]
    for epoch in ("1", "0"):
        reply = await engine_redis.execute_command("FCALL", "restore_begin_v1", 3, *names, epoch)  # type: ignore[no-untyped-call]
        assert reply == [b"EPOCH", 1]
    reply = await engine_redis.execute_command(
        "FCALL", "restore_finish_v1", 1, names[0], "1", "0", ""
    )  # type: ignore[no-untyped-call]
    assert reply == [b"EPOCH", 0]
    assert (await engine.submit(AUCTION_ID, a_bid(1, 10_000_000))).decision.accepted


async def test_first_start_and_a_stopped_server(database: asyncpg.Pool, tmp_path: Path) -> None:
    """A fresh engine opens its first epoch by itself; a server that is down is told as not decided."""
    with Valkey(tmp_path / "vk") as server:
        engine = await open_engine(database, server.url)
        await engine.create_auction(AUCTION_ID, a_live_profile(), paddles=PADDLES)
        server.kill()
        with pytest.raises((EngineUnreachable, EngineOutcomeUnknown)):
            await engine.submit(AUCTION_ID, a_bid())
        with pytest.raises(EngineUnreachable):
            await engine.submit(AUCTION_ID, a_bid())
        await asyncio.to_thread(server.start)
        assert (await engine.submit(AUCTION_ID, a_bid(1, 10_000_000))).decision.accepted
        await engine.aclose()
    row = await database.fetchrow("SELECT epoch, reason, begun_at FROM engine.epochs")
    assert row is not None
    assert row["epoch"] == 1
    assert isinstance(row["begun_at"], datetime)
