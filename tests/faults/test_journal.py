"""Projectors and the database die: acknowledgements go on, the journal has no gap, no repeat, and no other past."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.backlog import Trimmer
from auction_engine.errors import EngineBusy
from kit.embedded import EmbeddedServerError, Postgres, Valkey
from tests.auction_engine.make_engine import a_bid, until
from tests.faults import nemesis
from tests.faults.client import EngineDesk, Load
from tests.faults.cluster import START_FEN, Case, Site, copied, site
from tests.faults.evidence import all_holds
from tests.faults.nemesis import Disk, Shim, SmallDisk
from tests.faults.standby import base_backup, until_true
from tests.faults.test_clocks import projector_process

Counted = Callable[[int, int], int]
#: Commands that PostgreSQL may be behind, and for how long (auction_engine/lua/batch.lua).
BACKLOG_COMMANDS, BACKLOG_MS = 1_000_000, 60_000
_PROJECTOR_POINTS = (
    "projector.before_commit",
    "projector.after_commit",
    "projector.before_trim",
    "projector.before_checkpoint",
)


@pytest.fixture
async def own_database(durable_postgres: Postgres) -> str:
    """The URL of a database on a server that the case may break."""
    await asyncio.to_thread(durable_postgres.start)
    return durable_postgres.url()


async def back_up(server: Postgres) -> None:
    """Start the database's server again; after a crash its last children may take a moment to go."""
    said: EmbeddedServerError | None = None
    for _ in range(100):
        try:
            await asyncio.to_thread(server.start)
        except EmbeddedServerError as error:
            said = error
            await asyncio.sleep(0.2)
        else:
            return
    raise AssertionError(f"the database does not come back: {said}")


async def test_f18_projector_killed(
    case: Case, engine_server: Valkey, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """Killed at random and at each of its failpoints, two at a time, the projectors repeat nothing and skip nothing."""
    async with site(case, engine_server, database_url, projecting=False) as running:
        first = projector_process(case, running.database_url, engine_server.url)
        second = projector_process(case, running.database_url, engine_server.url)
        load = running.load(per_second=200)
        try:
            async with load.running():
                second.start()
                at_random = counted(5, 104) - len(_PROJECTOR_POINTS)
                for point in (*_PROJECTOR_POINTS, *[""] * at_random):
                    first._environment["LUOCHUI_FAILPOINTS"] = f"{point}=exit@2" if point else ""
                    first.start()
                    await asyncio.sleep(1.2 if point else case.rnd.random())
                    first.kill()
                second.kill()
            await load.settled()
        finally:
            first.kill()
            second.kill()
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)


async def test_f18_database_set_back(
    case: Case, engine_server: Valkey, postgres: Postgres, database_url: str, scratch: Valkey
) -> None:
    """A database that lost its last commits is filled again from the stream's tail, with the very same batches."""
    admin = await asyncpg.connect(postgres.url("postgres"))
    name = database_url.split("/")[3].split("?")[0]
    async with site(case, engine_server, database_url, closes_in_ms=None) as running:
        load = running.load()
        async with load.running():
            await load.until_accepted(40)
        await load.settled()
        await running.project()
    await admin.execute(f'CREATE DATABASE "{name}_old" TEMPLATE "{name}"')
    later = Case(case.directory / "later", case.seed)
    try:
        async with site(later, engine_server, database_url, closes_in_ms=None) as running:
            load = running.load()
            async with load.running():
                await load.until_accepted(60)
            await load.settled()
            await running.project()
            head = await heads(running)
        older = database_url.replace(f"/{name}?", f"/{name}_old?")
        async with site(later, engine_server, older, closes_in_ms=None) as running:
            assert (await heads(running)).items() >= head.items(), (
                "the same batches, the same heads"
            )
            later.history.records += case.history.records
            await running.until_alive()
            await all_holds(running, None, scratch=scratch, fenced=False)
    finally:
        later.history.close()
        await admin.execute(f'DROP DATABASE "{name}_old" WITH (FORCE)')
        await admin.close()


async def heads(running: Site) -> dict[tuple[int, int], str]:
    """The head of every journalled batch."""
    rows = await running.pool.fetch("SELECT shard, seq, head FROM engine.batches")
    return {(row["shard"], row["seq"]): row["head"] for row in rows}


@pytest.mark.long_runs(20)
@pytest.mark.parametrize("victim", ["postmaster", "backend"])
async def test_f19_database_killed(
    victim: str,
    case: Case,
    engine_server: Valkey,
    durable_postgres: Postgres,
    own_database: str,
    scratch: Valkey,
) -> None:
    """While the database is down bids go on in mode `local`; back again, it has everything."""
    async with site(case, engine_server, own_database, closes_in_ms=4_000) as running:
        load = running.load()
        async with load.running():
            await load.until_accepted(30)
            if victim == "postmaster":
                nemesis.kill(durable_postgres.pid)
                durable_postgres.kill()
                await load.until_accepted(30)
                await back_up(durable_postgres)
            else:
                pid = await running.pool.fetchval("SELECT pg_backend_pid()")
                nemesis.kill(pid)  # the postmaster ends all the others and recovers by itself
                await load.until_accepted(30)
            await load.until_accepted(30)
        await load.settled()
        await running.until_alive(seconds=60)
        await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.usefixtures("root")
async def test_f20_databases_host_loses_power(
    case: Case, engine_server: Valkey, durable_template: Path, scratch: Valkey, counted: Counted
) -> None:
    """A power cut of the database's host loses no commit, and the stream keeps what the database lacks."""
    with Disk(case.directory, megabytes=700) as disk:
        server = Postgres(copied(durable_template, disk.path / "pg"))
        await asyncio.to_thread(server.start)
        try:
            async with site(case, engine_server, server.url(), closes_in_ms=4_000) as running:
                load = running.load()
                async with load.running():
                    for _ in range(counted(1, 20)):
                        await load.until_accepted(40)
                        await asyncio.to_thread(disk.cut_power, server.pid)
                        server.kill()
                        await asyncio.to_thread(disk.restore_power)
                        await load.until_accepted(20)
                        await back_up(server)
                await load.settled()
                await running.until_alive(seconds=60)
                await all_holds(running, load, scratch=scratch, fenced=False)
        finally:
            server.stop()


@pytest.mark.long_runs(10)
async def test_f20_databases_fsync_fails(
    case: Case, shim: Shim, engine_server: Valkey, durable_template: Path, scratch: Valkey
) -> None:
    """The database panics at an fsync that fails rather than believe it; restarted, it has every commit."""
    server = Postgres(copied(durable_template, case.directory / "pg"), environment=shim.environment)
    await asyncio.to_thread(server.start)
    try:
        async with site(case, engine_server, server.url(), closes_in_ms=4_000) as running:
            load = running.load()
            async with load.running():
                await load.until_accepted(30)
                shim["syncs_left"] = 5
                await until(lambda: "PANIC" in server.log_path.read_text(), 30)
                await asyncio.to_thread(nemesis.kill, server.pid)  # the disk is exchanged
                server.kill()
                shim.clear()
                await back_up(server)
                await load.until_accepted(30)
            await load.settled()
            await running.until_alive(seconds=60)
            await all_holds(running, load, scratch=scratch, fenced=False)
    finally:
        server.stop()


@pytest.mark.usefixtures("root")
async def test_f20_databases_disk_is_full(
    case: Case, engine_server: Valkey, durable_template: Path, scratch: Valkey
) -> None:
    """With the database's disk full bids go on and wait in the stream; with room again they are journalled."""
    with SmallDisk(case.directory, megabytes=110) as disk:
        server = Postgres(copied(durable_template, disk.path / "pg"))
        await asyncio.to_thread(server.start)
        try:
            async with site(case, engine_server, server.url(), closes_in_ms=4_000) as running:
                load = running.load(per_second=300)
                ballast = disk.path / "ballast"
                async with load.running():
                    await load.until_accepted(30)
                    fill(ballast)
                    await load.until_accepted(60)
                    disk.grow(400)
                    await back_up(server)
                    await load.until_accepted(30)
                await load.settled()
                await running.until_alive(seconds=60)
                await all_holds(running, load, scratch=scratch, fenced=False)
        finally:
            server.stop()


def fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            return


@pytest.mark.parametrize("limit", ["commands", "seconds"])
async def test_f20_backpressure(
    limit: str, case: Case, engine_server: Valkey, database_url: str, scratch: Valkey
) -> None:
    """An engine too far ahead of the journal, or for too long, takes no more bids and says so until that is over."""
    async with (
        site(case, engine_server, database_url, projecting=False) as running,
        redis.asyncio.Redis.from_url(engine_server.url) as client,
    ):
        auction = running.auctions[0]
        meta = keys.meta(keys.shard_of(str(auction)))
        bid, desk = a_bid(1, START_FEN, "first"), EngineDesk(running.engine)
        first = (await running.history.attempt(desk, str(auction), bid, paddle=1)).receipt
        assert first is not None
        assert await client.hget(meta, "behind") == b"%d" % first.decided_ms, "since then"
        if limit == "commands":
            count = int(await client.hget(meta, "journalled_count"))
            await client.hset(meta, "count", count + BACKLOG_COMMANDS + 1)
        else:
            await client.hset(meta, "behind", first.decided_ms - BACKLOG_MS)
        await until(lambda: is_held_back(running), 10)
        running.start_projecting()
        load: Load = running.load()
        async with load.running():
            await load.until_accepted(10)
        await load.settled()
        await until(lambda: is_caught_up(client, meta), 30)
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)


async def is_held_back(running: Site) -> bool:
    """Whether a bid is refused because the journal is behind."""
    with contextlib.suppress(EngineBusy):
        await running.engine.submit(running.auctions[0], a_bid(2, START_FEN, "busy"))
        return False
    return True


async def is_caught_up(client: redis.asyncio.Redis, meta: str) -> bool:
    """Whether the engine has been told that everything is journalled, and counts from there."""
    told = await client.hmget(meta, "seq", "journalled", "count", "journalled_count")
    return bool(told[0] == told[1] and told[2] == told[3])


async def test_f20_what_a_dead_projector_committed_is_told_by_the_next(
    case: Case, engine_server: Valkey, database_url: str
) -> None:
    """Killed between commit and telling, it would hold the engine back for ever though everything is journalled."""
    async with (
        site(case, engine_server, database_url, projecting=False, closes_in_ms=None) as running,
        redis.asyncio.Redis.from_url(engine_server.url) as client,
    ):
        auction = running.auctions[0]
        meta = keys.meta(keys.shard_of(str(auction)))
        await running.engine.submit(auction, a_bid(1, START_FEN, "first"))
        before = await client.hmget(meta, "journalled", "journalled_count")
        await running.project()
        await client.hset(
            meta, mapping={"journalled": before[0], "journalled_count": before[1], "behind": 1}
        )
        assert await is_held_back(running)
        running.start_projecting()
        await until(lambda: is_caught_up(client, meta), 10)
        assert not await is_held_back(running)


async def test_f20_nothing_is_trimmed_that_a_standby_lacks(
    case: Case, engine_server: Valkey, durable_postgres: Postgres, own_database: str
) -> None:
    """What a standby has not flushed stays in the stream however old it is; once the standby has it, it may leave."""
    standby = await asyncio.to_thread(base_backup, durable_postgres, case.directory / "standby")
    await asyncio.to_thread(standby.start)
    try:
        await until_true(durable_postgres, "SELECT count(*) > 0 FROM pg_stat_replication")
        async with (
            site(case, engine_server, own_database, projecting=False, closes_in_ms=None) as running,
            redis.asyncio.Redis.from_url(engine_server.url) as client,
        ):
            trimmer = Trimmer(running.pool, tail_batches=2, tail_ms=0)
            auction = running.auctions[0]
            shard = keys.shard_of(str(auction))
            await asyncio.to_thread(nemesis.pause, standby.pid)
            for number in range(6):
                await running.engine.submit(
                    auction, a_bid(1 + number % 2, START_FEN + 1000 * number, f"b{number}")
                )
            await running.project()
            seq, length = await where(client, shard)
            await trimmer.trim(client, shard, seq)
            assert (await where(client, shard))[1] == length, "the standby lacks it"
            await asyncio.to_thread(nemesis.resume, standby.pid)
            await until_true(
                durable_postgres,
                "SELECT bool_and(flush_lsn >= pg_current_wal_flush_lsn()) FROM pg_stat_replication",
            )
            await trimmer.trim(client, shard, seq + 2)
            assert (await where(client, shard))[1] < length, "what it has may leave"
    finally:
        nemesis.resume(standby.pid)
        standby.stop()


async def where(client: redis.asyncio.Redis, shard: int) -> tuple[int, int]:
    """The shard's last batch, and how many its stream holds."""
    seq = int(await client.hget(keys.meta(shard), "seq") or 0)  # type: ignore[misc]
    return seq, await client.xlen(keys.log(shard))


async def test_f20_what_is_not_a_day_old_stays_while_there_is_memory(
    case: Case, engine_server: Valkey, own_database: str
) -> None:
    """The day counts as long as half of the engine's memory is free; beyond that only the tail stays."""
    async with (
        site(case, engine_server, own_database, projecting=False, closes_in_ms=None) as running,
        redis.asyncio.Redis.from_url(engine_server.url) as client,
    ):
        auction = running.auctions[0]
        shard = keys.shard_of(str(auction))
        for number in range(6):
            await running.engine.submit(
                auction, a_bid(1 + number % 2, START_FEN + 1000 * number, f"b{number}")
            )
        await running.project()
        seq, length = await where(client, shard)
        trimmer = Trimmer(running.pool, tail_batches=2)
        await trimmer.trim(client, shard, seq)
        assert (await where(client, shard))[1] == length
        used = (await client.info("memory"))["used_memory"]
        await client.config_set("maxmemory", used + used // 2)
        await trimmer.trim(client, shard, seq + 2)
        assert (await where(client, shard))[1] == 0, "seq + 2 says that two more are journalled"
