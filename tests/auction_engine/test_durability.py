"""Durability modes against real servers: what they assert, what an acknowledgement waits for, what is refused."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import asyncpg
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.durability import MODES, NotKept
from auction_engine.durability_checks import Replication, verify_replication
from auction_engine.engine import Engine
from auction_engine.errors import EngineOutcomeUnknown, ReplicaNotDurable, WeakDurability
from auction_engine.keeper import Keeper
from auction_engine.projector import read_entries
from auction_engine.servers import Servers
from auction_engine.watch import Watch
from kit.embedded import Valkey
from kit.embedded_cluster import ValkeyPair
from kit.errors import InvalidInput, LuochuiError
from tests.auction_engine.make_engine import a_bid, until
from tests.auction_engine.test_recovery import (
    AUCTION_ID,
    PADDLES,
    SHARD,
    a_live_profile,
    open_engine,
)


@pytest.fixture(scope="module")
def running_pair(server_dir: Path) -> Iterator[ValkeyPair]:
    with ValkeyPair(server_dir / "pair") as servers:
        yield servers


@pytest.fixture
async def pair(running_pair: ValkeyPair) -> AsyncIterator[ValkeyPair]:
    """A primary and a replica, emptied, with the settings that `replicated` wants."""
    async with redis.asyncio.Redis.from_url(running_pair.url) as client:
        await client.flushall()
        await client.function_flush("SYNC")
    yield running_pair
    for server in (running_pair.primary, running_pair.replica):
        os.kill(server.pid, signal.SIGCONT)
        async with redis.asyncio.Redis.from_url(server.url) as client:
            await client.config_set("appendfsync", "always")
            await client.config_set("min-replicas-to-write", "1")
    await until(lambda: follows(running_pair), 30)


async def follows(pair: ValkeyPair) -> bool:
    """Whether the primary could write now."""
    async with redis.asyncio.Redis.from_url(pair.url) as client:
        return bool((await client.info("replication")).get("min_slaves_good_slaves"))


async def opened(database: asyncpg.Pool, pair: ValkeyPair, **options: Any) -> Engine:
    engine = await open_engine(database, pair.url, durability="replicated", **options)
    await engine.create_auction(AUCTION_ID, a_live_profile(), paddles=PADDLES)
    return engine


async def test_replicated_acknowledges_what_the_replica_has_on_disk(
    database: asyncpg.Pool, pair: ValkeyPair
) -> None:
    """Each acknowledged batch stands in the replica's stream already, and its receipt names the mode."""
    engine = await opened(database, pair)
    try:
        async with redis.asyncio.Redis.from_url(pair.replica.url) as replica:
            for number in range(20):
                answer = await engine.submit(
                    AUCTION_ID, a_bid(1 + number % 2, 10_000_000 + 100 * number)
                )
                assert answer.decision.accepted
                there = await replica.xrevrange(keys.log(SHARD), count=1)
                assert there[0][0] == b"%d-0" % answer.batch.seq
        receipt = answer.receipt()
        assert receipt is not None
        assert receipt.mode == "replicated"
    finally:
        await engine.aclose()


async def test_a_short_count_is_an_unknown_outcome_and_then_a_refusal(
    database: asyncpg.Pool, pair: ValkeyPair
) -> None:
    """With the replica stopped nothing is acknowledged: unknown where it was decided, then refused undecided."""
    engine = await opened(database, pair)
    try:
        os.kill(pair.replica.pid, signal.SIGSTOP)
        with pytest.raises(EngineOutcomeUnknown):
            await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "x"))
        with pytest.raises(ReplicaNotDurable) as refused:
            await engine.submit(AUCTION_ID, a_bid(2, 11_000_000, "y"))
        assert refused.value.code == "replica_not_durable"
        assert refused.value.message_zh != refused.value.message
        with pytest.raises(ReplicaNotDurable):
            await engine.projector.project(SHARD)
        assert await database.fetchval("SELECT count(*) FROM engine.bids WHERE bid_id = 'x'") == 0
        os.kill(pair.replica.pid, signal.SIGCONT)
        await until(lambda: follows(pair), 30)
        again = await until_answered(engine, 1, 10_000_000, "x")
        assert again.decision.accepted
        assert (await engine.view(AUCTION_ID))["bids"] == 1
        assert (await until_answered(engine, 2, 11_000_000, "y")).decision.accepted
    finally:
        await engine.aclose()


async def test_what_was_only_read_is_waited_for_as_well(
    database: asyncpg.Pool, pair: ValkeyPair
) -> None:
    """A retry over another gateway writes nothing; neither it nor PostgreSQL is told a decision that the replica lacks.

    A server may count only what a connection wrote itself: then a count behind a reading says nothing.
    """
    first, other = await opened(database, pair), await opened(database, pair)
    try:
        for number, engine in enumerate((first, other)):
            bid = a_bid(1 + number, 10_000_000 + 100 * number, f"before-{number}")
            assert (await engine.submit(AUCTION_ID, bid)).decision.accepted
        replication = await other.keeper.behind_reading(SHARD)
        assert replication is not None
        os.kill(pair.replica.pid, signal.SIGSTOP)
        with pytest.raises(EngineOutcomeUnknown):
            await first.submit(AUCTION_ID, a_bid(1, 11_000_000, "x"))
        with pytest.raises(EngineOutcomeUnknown):  # decided already: only looked up
            await other.submit(AUCTION_ID, a_bid(1, 11_000_000, "x"))
        async with redis.asyncio.Redis.from_url(pair.url) as fresh:
            with pytest.raises(ReplicaNotDurable, match="is not journalled yet"):
                await read_entries(fresh, SHARD, after=0, replication=replication)
    finally:
        os.kill(pair.replica.pid, signal.SIGCONT)
        await first.aclose()
        await other.aclose()


async def until_answered(engine: Engine, paddle: int, amount: int, name: str) -> Any:
    """The answer to a bid that is asked for until it is definite."""
    for _ in range(300):
        try:
            return await engine.submit(AUCTION_ID, a_bid(paddle, amount, name))
        except (EngineOutcomeUnknown, WeakDurability):
            await asyncio.sleep(0.05)
    raise AssertionError("no definite answer")


@pytest.mark.parametrize(
    ("who", "setting", "value"),
    [
        ("replica", "appendfsync", "everysec"),
        ("primary", "appendfsync", "everysec"),
        ("primary", "min-replicas-to-write", "0"),
    ],
)
async def test_replicated_refuses_to_start_on_less(
    who: str, setting: str, value: str, database: asyncpg.Pool, pair: ValkeyPair
) -> None:
    """A replica that acknowledges before its fsync, or a primary that writes without it, is named with the setting."""
    async with redis.asyncio.Redis.from_url(getattr(pair, who).url) as client:
        await client.config_set(setting, value)
    with pytest.raises(WeakDurability, match=setting):
        await opened(database, pair)


async def test_a_replica_that_its_primary_no_longer_hears_is_not_counted(
    pair: ValkeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica that is cut off believes in its link for a minute; whom its primary heard lately counts."""
    servers, mode = Servers(pair.url), MODES["replicated"]
    try:
        found = await verify_replication(servers, pair.url, mode, is_degradable=False)
        assert found.replicas == 1
        primary = servers.client_at(pair.url)
        told = await primary.info("replication") | {"min_slaves_good_slaves": 0}
        monkeypatch.setattr(primary, "info", AsyncMock(return_value=told))
        with pytest.raises(ReplicaNotDurable, match="has heard 0 of them lately"):
            await verify_replication(servers, pair.url, mode, is_degradable=False)
    finally:
        await servers.aclose()


async def test_replicated_needs_a_replica(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> None:
    """A server that nobody follows promises nothing of the kind."""
    with pytest.raises(WeakDurability, match="min-replicas-to-write"):
        await open_engine(database, valkey.url, durability="replicated")


async def test_what_grows_weaker_later_refuses_bids_until_it_is_mended(
    database: asyncpg.Pool, pair: ValkeyPair
) -> None:
    """The settings are read back again and again: bids are refused with the reason, and taken once it is gone."""
    engine = await opened(database, pair)
    watch = Watch(
        engine.servers,
        keeper=engine.keeper,
        refuse=engine.gateway.refuse,
        look_again=engine.gateway.unverify,
        verify_seconds=0,
    )
    try:
        async with redis.asyncio.Redis.from_url(pair.replica.url) as client:
            await client.config_set("appendfsync", "everysec")
            await watch.look()
            with pytest.raises(WeakDurability, match="appendfsync"):
                await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "x"))
            await client.config_set("appendfsync", "always")
            await watch.look()
        assert (await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "x"))).decision.accepted
    finally:
        await engine.aclose()


async def test_a_server_that_comes_back_weaker_gets_no_bid(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> None:
    """The settings are read back over every new connection, not only by the minute."""
    engine = await open_engine(database, valkey.url)
    await engine.create_auction(AUCTION_ID, a_live_profile(), paddles=PADDLES)
    try:
        await engine_redis.config_set("appendfsync", "everysec")
        await engine_redis.client_kill_filter(_type="normal", skipme=True)
        with pytest.raises(WeakDurability, match="appendfsync"):
            await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "x"))
    finally:
        await engine_redis.config_set("appendfsync", "always")
        await engine.aclose()


async def test_without_waitaof_wait_does_on_replicas_that_fsync(
    database: asyncpg.Pool, server_dir: Path
) -> None:
    """On a server without WAITAOF (as Redis 7.0) each batch is followed by WAIT, and a short count is unknown too."""
    conf = server_dir / "no-waitaof.conf"
    conf.write_text('rename-command WAITAOF ""\n')
    with ValkeyPair(server_dir / "pair-wait", options={"include": str(conf)}) as pair:
        engine = await opened(database, pair)
        try:
            keeping = await engine.keeper.keeping(SHARD)
            mark, wait = keeping.after_call
            assert (mark[0], wait[:2]) == ("HSET", ("WAIT", 1))
            assert (await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "x"))).decision.accepted
            os.kill(pair.replica.pid, signal.SIGSTOP)
            with pytest.raises(EngineOutcomeUnknown):
                await engine.submit(AUCTION_ID, a_bid(2, 11_000_000, "y"))
        finally:
            os.kill(pair.replica.pid, signal.SIGCONT)
            await engine.aclose()


@pytest.mark.parametrize(
    ("replies", "missing"),
    [
        ([2, [1, 2]], None),
        ([2, [0, 2]], "not on the primary's disk"),
        ([2, [1, 1]], "1 of 2"),
        ([2], None),
        ([1], "1 of 2"),
        ([RuntimeError("UNBLOCKED")], "answered"),
        ([RuntimeError("NOREPLICAS"), 2, [1, 2]], "NOREPLICAS"),
    ],
)
def test_what_the_count_behind_a_batch_says(replies: list[Any], missing: str | None) -> None:
    """Only a full count is durable; an error in its place is not."""
    found = Replication(replicas=2, calls=(), read_back={}).missing(replies)
    assert found is None if missing is None else missing in (found or "")


async def test_only_replicated_gives_way_and_only_to_journalled(
    database: asyncpg.Pool, pair: ValkeyPair
) -> None:
    """A mode that can't give way to what was asked for is refused by name at the start."""
    with pytest.raises(InvalidInput, match="durability_degrade_to"):
        await open_engine(database, pair.url, durability="local", degrade_to="journalled")
    with pytest.raises(WeakDurability, match="fsync"):  # this database has no fsync
        await open_engine(database, pair.url, durability="journalled")


async def test_the_journal_must_hold_this_very_batch(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> None:
    """A batch whose number is journalled with another chain head is not confirmed, and is not acknowledged."""
    engine = await open_engine(database, valkey.url)
    try:
        made = await engine.create_auction(AUCTION_ID, a_live_profile(), paddles=PADDLES)
        keeper = Keeper(
            MODES["journalled"],
            servers=engine.servers,
            pool=database,
            projector=engine.projector,
        )
        settle = (await keeper.keeping(SHARD)).settle
        assert settle is not None
        head = await engine_redis.hget(keys.meta(SHARD), "head")  # type: ignore[misc]
        assert await settle(SHARD, made.batch.seq, head.decode(), ()) == "journalled"
        assert await settle(SHARD, 0, head.decode(), ()) == "journalled"
        for seq in (made.batch.seq, 0):
            with pytest.raises(NotKept):
                await settle(SHARD, seq, "0" * 40, ())
    finally:
        await engine.aclose()


def test_every_refusal_of_a_mode_is_a_503() -> None:
    """Nothing was decided, and it may be tried again."""
    error: LuochuiError = ReplicaNotDurable()
    assert isinstance(error, WeakDurability)
    assert error.message_zh.startswith("副本")
