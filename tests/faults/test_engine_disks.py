"""The engine's disk is full, slow, broken or a liar; its memory is used up."""

import asyncio
from collections.abc import Callable

import pytest
import redis.asyncio

from auction_engine.waiting import Limits
from kit.embedded import Valkey
from tests.auction_engine.make_engine import until
from tests.faults.cluster import UNLIMITED, Case, site
from tests.faults.evidence import all_holds
from tests.faults.nemesis import Disk, Shim, SmallDisk

Counted = Callable[[int, int], int]


async def until_dead(server: Valkey) -> None:
    """Wait until the server has ended by itself."""
    await until(lambda: not server.is_running(), 60)


@pytest.mark.usefixtures("root")
async def test_f09_full_disk(
    case: Case, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """A full disk ends the server and answers are `engine_unreachable`; with room again nothing is lost."""
    for _ in range(counted(1, 5)):
        with SmallDisk(case.directory, megabytes=3) as disk:
            # a small base: the file must fill up with bids, not with the server's own rewriting
            server = Valkey(disk.path / "engine", options={"auto-aof-rewrite-percentage": "0"})
            try:
                async with site(case, server, database_url) as running:
                    running.supervised = False
                    load = running.load(per_second=800)
                    async with load.running():
                        await until_dead(server)
                        await asyncio.sleep(0.2)
                        disk.grow(64)
                        await running.start_server()
                    await load.settled()
                    await running.until_alive()
                    codes = {record.rep.get("code") for record in case.history.records}
                    assert "engine_unreachable" in codes
                    await all_holds(running, load, scratch=scratch)
            finally:
                server.stop()


async def test_f10_fsync_fails(
    case: Case, shim: Shim, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """At the first fsync that fails the server ends rather than answer; restarted, it has all it acknowledged."""
    with Valkey(case.directory / "engine", environment=shim.environment) as server:
        async with site(case, server, database_url) as running:
            running.supervised = False
            load = running.load()
            async with load.running():
                for _ in range(counted(1, 10)):
                    await load.until_accepted(60)
                    shim["syncs_left"] = case.rnd.randint(1, 40)
                    await until_dead(server)
                    shim.clear()
                    await running.start_server()
            await load.settled()
            await running.until_alive()
            await all_holds(running, load, scratch=scratch, fenced=False)


async def test_f10_short_writes(case: Case, shim: Shim, database_url: str, scratch: Valkey) -> None:
    """A write that is cut in half is finished by the server, or ends it; nobody is told what is not on disk."""
    with Valkey(case.directory / "engine", environment=shim.environment) as server:
        async with site(case, server, database_url) as running:
            load = running.load()
            async with load.running():
                for _ in range(5):
                    await load.until_accepted(20)
                    shim["cut_one"] = 1
                await load.until_accepted(20)
            server.kill()
            await load.settled()
            await running.until_alive()
            await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.usefixtures("root")
async def test_f10_disk_that_lies_about_fsync(
    case: Case, shim: Shim, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """A disk that lies loses bids at a power cut; the fence sees it, rebuilds from the journal, and says so."""
    for _ in range(counted(1, 10)):
        with Disk(case.directory) as disk:
            server = Valkey(disk.path / "engine", environment=shim.environment)
            try:
                async with site(case, server, database_url) as running:
                    running.supervised = False
                    load = running.load()
                    async with load.running():
                        await load.until_accepted(20)
                        shim["lie"] = 1
                        await load.until_accepted(150)
                    await load.settled()
                    await running.project()  # what only this disk held would be gone for good
                    disk.cut_power(server.pid)
                    server.kill()
                    disk.restore_power()
                    shim.clear()
                    await running.start_server()
                    await running.until_alive()
                    await all_holds(running, load, scratch=scratch, fenced=True)
            finally:
                server.stop()


@pytest.mark.long_runs(2)
@pytest.mark.parametrize("delay_ms", [20, 200])
async def test_f11_slow_disk(
    delay_ms: int, case: Case, shim: Shim, database_url: str, scratch: Valkey
) -> None:
    """A slow disk makes answers slow and turns some away; it loses, doubles and hangs nothing."""
    limits = Limits(waiting_max=64, paddle_waiting_max=16, paddle_per_second=1e9, paddle_burst=1e9)
    with Valkey(case.directory / "engine", environment=shim.environment) as server:
        async with site(
            case, server, database_url, limits=limits, call_seconds=6, closes_in_ms=4_000
        ) as running:
            load = running.load(per_second=400)
            async with load.running():
                await load.until_accepted(20)
                shim["sync_delay_us"] = delay_ms * 1000
                await asyncio.sleep(2)
                shim.clear()
                await load.until_accepted(50)
            await load.settled()
            await running.until_alive()
            await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.long_runs(2)
async def test_f12_memory_used_up(
    case: Case, engine_server: Valkey, database_url: str, scratch: Valkey
) -> None:
    """Without memory the engine refuses and evicts nothing; views go on, and with memory so do bids."""
    async with (
        site(case, engine_server, database_url, limits=UNLIMITED) as running,
        redis.asyncio.Redis.from_url(engine_server.url) as admin,
    ):
        load = running.load()
        async with load.running():
            await load.until_accepted(60)
            used = (await admin.info("memory"))["used_memory"]
            await admin.config_set("maxmemory", used - 100_000)
            refused_before = len(case.history.records)
            await asyncio.sleep(1)
            view = await running.engine.view(running.auctions[0])
            assert view["status"] == "open", "reads go on"
            answers = [r.rep.get("code") for r in case.history.records[refused_before:]]
            assert "engine_unreachable" in answers, "writes are refused"
            await admin.config_set("maxmemory", 2 << 30)
            await load.until_accepted(30)
        await load.settled()
        assert (await admin.info("stats"))["evicted_keys"] == 0
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)
