"""The engine's server dies, stands still or loses its power: nothing that was acknowledged is lost."""

import asyncio
from collections.abc import Callable

import pytest

from kit.embedded import Valkey
from tests.faults import nemesis
from tests.faults.cluster import Case, site
from tests.faults.evidence import all_holds, violations
from tests.faults.nemesis import Disk

Counted = Callable[[int, int], int]


async def test_f01_kill_9_again_and_again(
    case: Case, engine_server: Valkey, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """Killed at random moments under load and restarted by its supervisor, the engine loses and doubles nothing."""
    async with site(case, engine_server, database_url, closes_in_ms=4_000) as running:
        load = running.load()
        async with load.running():
            for _ in range(counted(10, 200)):
                await load.until_accepted(case.rnd.randint(5, 40))
                engine_server.kill()
                await asyncio.sleep(0.02 + case.rnd.random() * 0.1)
        await load.settled()
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.usefixtures("root")
async def test_f02_power_cuts_of_the_engines_host(
    case: Case, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """With an fsync before every answer, a cut of the power loses nothing that was acknowledged."""
    with Disk(case.directory) as disk:
        server = Valkey(disk.path / "engine")
        try:
            async with site(case, server, database_url) as running:
                load = running.load(per_second=300)
                running.supervised = False
                async with load.running():
                    for _ in range(counted(2, 50)):
                        await load.until_accepted(case.rnd.randint(50, 200))
                        await asyncio.to_thread(cut_and_restore, disk, server)
                        await running.start_server()
                await load.settled()
                await running.until_alive()
                await all_holds(running, load, scratch=scratch, fenced=False)
        finally:
            server.stop()


def cut_and_restore(disk: Disk, server: Valkey) -> None:
    """The lights go out and on again; the server is not started yet."""
    disk.cut_power(server.pid)
    server.kill()
    disk.restore_power()


@pytest.mark.usefixtures("root")
async def test_f04_relaxed_mode_loses_and_the_checker_sees_it(
    case: Case, database_url: str, scratch: Valkey
) -> None:
    """With one fsync a second a cut loses acknowledged bids, and the checker says so: it can see loss."""
    with Disk(case.directory) as disk:
        server = Valkey(disk.path / "engine", options={"appendfsync": "everysec"})
        try:
            async with site(case, server, database_url, durability="relaxed") as running:
                await running.stop_projecting()  # the journal would save most of it
                await asyncio.sleep(1.5)  # what is there before the load is on disk
                load = running.load(per_second=300)
                running.supervised = False
                async with load.running():
                    await load.until_accepted(300)
                    await asyncio.to_thread(cut_and_restore, disk, server)
                    await running.start_server()
                await load.settled()
                await running.until_alive()
                found = await violations(running, load, scratch=scratch)
        finally:
            server.stop()
    lost = [one for one in found if one.what.startswith("acknowledged and lost")]
    assert lost, "the checker must be able to see loss"
    told = sum(record.out == "ok" for record in case.history.records)
    print(f"seed={case.seed}: {len(lost)} of {told} acknowledgements were lost, as expected")


async def test_f16_engine_stands_still_across_the_close(
    case: Case, engine_server: Valkey, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """Stopped for 3 s while an auction ends, the engine accepts nothing that entered at or after the end."""
    for _ in range(counted(1, 20)):
        closes_in_ms = 1_500
        async with site(
            case, engine_server, database_url, closes_in_ms=closes_in_ms, call_seconds=6
        ) as running:
            load = running.load(hot=0.3)
            running.supervised = False
            async with load.running():
                await asyncio.sleep(closes_in_ms / 1000 - 0.1 - case.rnd.random())
                nemesis.pause(engine_server.pid)
                await asyncio.sleep(3)
                nemesis.resume(engine_server.pid)
                await load.until_accepted(20)
            await load.settled()
            await running.until_alive()
            await all_holds(running, load, scratch=scratch, fenced=False)
