"""Every setting that a mode rests on is read back from the servers themselves: each one alone, weaker, refuses bids."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.backlog import Trimmer
from auction_engine.durability import MODES, verify_durability
from auction_engine.durability_checks import verify_database
from auction_engine.engine import Engine
from auction_engine.errors import WeakDurability
from kit.embedded import Postgres, Valkey
from kit.embedded_cluster import ValkeyCluster, ValkeyPair
from kit.reach import ENGINE
from tests.auction_engine.make_engine import a_bid
from tests.auction_engine.test_recovery import AUCTION_ID, PADDLES, a_live_profile, open_engine
from tests.faults.cluster import copied

GUARDED = (
    ("maxmemory", "0"),
    ("maxmemory-policy", "allkeys-lru"),
    ("busy-reply-threshold", "5000"),
    ("busy-reply-threshold", "0"),
)
FSYNCED = (
    ("appendonly", "no"),
    ("appendfsync", "everysec"),
    ("no-appendfsync-on-rewrite", "yes"),
    ("aof-load-truncated", "no"),
    ("aof-use-rdb-preamble", "no"),
    ("save", "3600 1"),
)
#: They can't be changed while a server runs.
FIXED = (("enable-debug-command", "local"), ("enable-module-command", "yes"))


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server of this module's own: its settings are changed."""
    with Valkey(tmp_path_factory.mktemp("settings") / "vk") as server:
        yield server


@pytest.fixture
def migrated_postgres(durable_template: Path, tmp_path: Path) -> Iterator[Postgres]:
    """A database server of this case's own, not started yet."""
    server = Postgres(copied(durable_template, tmp_path / "pg"))
    yield server
    server.stop()


@pytest.mark.parametrize(("setting", "value"), [*GUARDED, *FSYNCED])
async def test_each_setting_of_local_refuses_the_start_when_it_is_weaker(
    setting: str, value: str, database: asyncpg.Pool, own_server: Valkey
) -> None:
    """The refusal names the setting, what it is and what it must be; put right, the start succeeds."""
    async with redis.asyncio.Redis.from_url(own_server.url) as client:
        before = (await client.config_get(setting))[setting]
        await client.config_set(setting, value)
        try:
            with pytest.raises(WeakDurability, match=f"{setting}: .* has '{value}'") as refused:
                await open_engine(database, own_server.url)
            assert refused.value.message_zh.count(setting) == 1
        finally:
            await client.config_set(setting, before)
    engine = await open_engine(database, own_server.url)
    await engine.aclose()


@pytest.mark.parametrize(("setting", "value"), FIXED)
@pytest.mark.parametrize("mode", [name for name in MODES if name != "relaxed"])
async def test_a_server_whose_books_can_be_changed_past_the_library_is_refused(
    setting: str, value: str, mode: str, tmp_path: Path
) -> None:
    """DEBUG and MODULE reach what only the function library may: every mode that promises anything says so."""
    with Valkey(tmp_path / "vk", options={setting: value}) as server:
        async with redis.asyncio.Redis.from_url(server.url) as client:
            with pytest.raises(WeakDurability, match=setting):
                await verify_durability(client, MODES[mode])
            assert await verify_durability(client, MODES["relaxed"]) == {
                "maxmemory-policy": "noeviction"
            }


@pytest.mark.parametrize(("setting", "value"), GUARDED)
@pytest.mark.parametrize("mode", ["journalled", "journalled+standby"])
async def test_the_journal_s_modes_need_no_file_but_a_bounded_server(
    setting: str, value: str, mode: str, engine_redis: redis.asyncio.Redis
) -> None:
    """Where PostgreSQL keeps the bids the engine's file may be slack; its memory and its scripts may not."""
    await engine_redis.config_set("appendfsync", "everysec")
    before = (await engine_redis.config_get(setting))[setting]
    try:
        await verify_durability(engine_redis, MODES[mode])
        await engine_redis.config_set(setting, value)
        with pytest.raises(WeakDurability, match=setting):
            await verify_durability(engine_redis, MODES[mode])
    finally:
        await engine_redis.config_set(setting, before)
        await engine_redis.config_set("appendfsync", "always")


async def test_a_refusal_names_all_that_is_amiss(engine_redis: redis.asyncio.Redis) -> None:
    """Whoever sets a server up need not find the settings one by one."""
    await engine_redis.config_set("appendfsync", "everysec")
    await engine_redis.config_set("maxmemory", "0")
    try:
        with pytest.raises(WeakDurability) as refused:
            await verify_durability(engine_redis, MODES["local"])
        for message in (refused.value.message, refused.value.message_zh):
            assert "'everysec'" in message
            assert "maxmemory" in message
            assert "'1 or more'" in message
    finally:
        await engine_redis.config_set("appendfsync", "always")
        await engine_redis.config_set("maxmemory", str(2 << 30))


async def test_a_setting_that_is_loosened_while_bids_come_in_stops_them(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> None:
    """By the minute and over each new connection: here over the next connection, for a setting new to the table."""
    engine = await open_engine(database, valkey.url)
    await engine.create_auction(AUCTION_ID, a_live_profile(), paddles=PADDLES)
    try:
        await engine_redis.config_set("busy-reply-threshold", "60000")
        await engine_redis.client_kill_filter(_type="normal", skipme=True)
        with pytest.raises(WeakDurability, match="busy-reply-threshold"):
            await engine.submit(AUCTION_ID, a_bid(1, 10_000_000, "x"))
    finally:
        await engine_redis.config_set("busy-reply-threshold", "200")
        await engine.aclose()


async def refused_then_opened(
    database: asyncpg.Pool, url: str, at: str, setting: str, value: str
) -> None:
    """With this setting at this server no start in `replicated`; with the one before, one."""

    async def opened() -> Engine:
        return await open_engine(database, url, durability="replicated")

    async with redis.asyncio.Redis.from_url(at) as client:
        before = (await client.config_get(setting))[setting]
        await client.config_set(setting, value)
        try:
            with pytest.raises(WeakDurability, match=f"{setting}: "):
                await opened()
        finally:
            await client.config_set(setting, before)
    engine = await opened()
    assert (await engine.keeper.verify())[1] == {}
    await engine.aclose()


async def test_replicas_that_are_lost_sight_of_are_bounded(
    database: asyncpg.Pool, tmp_path: Path
) -> None:
    """A primary that would write on without replicas, or make them wait to come back, is named with the setting."""
    with ValkeyPair(tmp_path / "pair") as pair:
        for setting, value in (
            ("min-replicas-max-lag", "10"),
            ("min-replicas-max-lag", "0"),
            ("repl-diskless-sync-delay", "6"),
            ("min-replicas-to-write", "0"),
        ):
            await refused_then_opened(database, pair.url, pair.url, setting, value)


async def test_a_cluster_s_elections_and_coverage_are_asserted(
    database: asyncpg.Pool, tmp_path: Path
) -> None:
    """Who may be promoted, how soon, and that one primary's absence is only its own."""
    with ValkeyCluster(tmp_path / "cluster") as cluster:
        for setting, value in (
            ("cluster-allow-replica-migration", "yes"),
            ("cluster-replica-validity-factor", "0"),
            ("cluster-replica-validity-factor", "11"),
            ("cluster-node-timeout", "15000"),
            ("cluster-require-full-coverage", "yes"),
        ):
            await refused_then_opened(database, cluster.url, cluster.url_at(1), setting, value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("synchronous_commit", "off"),
        ("synchronous_commit", "local"),
        ("data_sync_retry", "on"),
        ("data_checksums", "off"),
    ],
)
async def test_each_setting_of_the_database_is_asserted(
    setting: str,
    value: str,
    migrated_postgres: Postgres,
    engine_redis: redis.asyncio.Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What would let PostgreSQL lose what it has committed, or not notice a bad page, refuses the journal's modes."""
    server = migrated_postgres
    await asyncio.to_thread(server.start)
    admin = await asyncpg.connect(server.url())
    if setting != "data_checksums":
        await admin.execute(f"ALTER SYSTEM SET {setting} = '{value}'")
    await admin.close()
    await asyncio.to_thread(server.stop)
    if setting == "data_checksums":
        await asyncio.to_thread(without_checksums, server)
    await asyncio.to_thread(server.start)
    async with asyncpg.create_pool(
        server.url(), min_size=0, max_size=1, server_settings=dict(ENGINE)
    ) as pool:
        with pytest.raises(WeakDurability, match=f"{setting}: PostgreSQL has '{value}'"):
            await verify_database(pool, MODES["journalled"])
        # the other modes keep their bids in the engine, and only there, for as long as PostgreSQL may lose them
        loses = (setting, value) not in {("synchronous_commit", "local"), ("data_checksums", "off")}
        assert await left_in_stream(engine_redis, pool) == (10 if loses else 3)
        assert (f"postgresql={setting}" in caplog.text) is loses


async def left_in_stream(client: redis.asyncio.Redis, pool: asyncpg.Pool) -> int:
    """What is left of ten batches, all of them journalled, where three are to stay in any case."""
    for number in range(1, 11):
        await client.xadd(keys.log(0), {"m": b"batch"}, id=f"{number}-0")
    await Trimmer(pool, tail_batches=3, tail_ms=0).trim(client, 0, 10)
    return int(await client.xlen(keys.log(0)))


async def test_a_database_as_it_is_set_up_keeps_the_journal(
    migrated_postgres: Postgres, engine_redis: redis.asyncio.Redis
) -> None:
    """With nothing changed the same look finds nothing, and reads back all that it asserts."""
    await asyncio.to_thread(migrated_postgres.start)
    async with asyncpg.create_pool(
        migrated_postgres.url(), min_size=0, max_size=1, server_settings=dict(ENGINE)
    ) as pool:
        assert await verify_database(pool, MODES["journalled"]) == {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_sync_retry": "off",
            "data_checksums": "on",
        }
        assert await left_in_stream(engine_redis, pool) == 3


def without_checksums(server: Postgres) -> None:
    """Turn the checksums of a stopped server off."""
    command, user = server._as_server_user(
        [str(server.bin_dir / "pg_checksums"), "--disable", "-D", str(server._data)]
    )
    done = subprocess.run(
        command,
        user=user,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
