"""Gateways die, starve, or lose the line to the engine: unknowns resolve, and no answer reaches the wrong bidder."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from kit.embedded import Valkey
from tests.faults import nemesis
from tests.faults.client import Load, SocketDesk
from tests.faults.cluster import Case, Process, Site, site
from tests.faults.evidence import all_holds
from tests.faults.proxy import Proxy

Counted = Callable[[int, int], int]


@contextlib.asynccontextmanager
async def own_gateway(
    running: Site, case: Case, environment: dict[str, str] | None = None
) -> AsyncIterator[tuple[Process, SocketDesk]]:
    """A gateway in a process of its own, and the desk that leads there."""
    path = case.directory / "gateway.sock"
    process = Process(
        "tests.faults.gateway_process",
        running.database_url,
        running.server.url,
        str(path),
        log=case.directory / "gateway.log",
        environment=environment,
    )
    process.start()
    try:
        await process.until(path.exists)
        yield process, SocketDesk(path)
    finally:
        process.kill()


def load_at(desk: SocketDesk, running: Site, **habits: float) -> Load:
    """Bidders at a desk of their own."""
    load = running.load(**habits)
    load.desk = desk
    return load


async def test_f13_gateways_killed(
    case: Case, engine_server: Valkey, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """A gateway killed at random moments leaves unknowns; the next one answers each as the engine decided it."""
    async with (
        site(case, engine_server, database_url) as running,
        own_gateway(running, case) as (process, desk),
    ):
        load = load_at(desk, running)
        async with load.running():
            for _ in range(counted(15, 300)):
                await load.until_accepted(case.rnd.randint(1, 30))
                process.kill()
                process.start()
        await load.settled()
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)


async def test_f14_replies_lost_between_gateway_and_engine(
    case: Case, engine_server: Valkey, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """The engine decides and nobody hears so: the bidder is told "unknown", and the same id is the same bid."""
    await asyncio.to_thread(engine_server.start)
    listen = case.directory / "proxy.sock"
    async with (
        Proxy(engine_server.socket_path, listen) as proxy,
        site(case, engine_server, database_url, gateway_url=proxy.url, call_seconds=0.3) as running,
    ):
        load = running.load()
        async with load.running():
            for _ in range(counted(3, 20)):
                await load.until_accepted(20)
                proxy.mode = "drop_replies"
                await asyncio.sleep(0.2 + case.rnd.random() * 0.5)
                proxy.mode = "ok"
        await load.settled()
        assert proxy.dropped
        outcomes = {record.rep.get("code") for record in case.history.records}
        assert "outcome_unknown" in outcomes
        assert any(record.rep.get("replayed") for record in case.history.records)
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.long_runs(7)
@pytest.mark.parametrize("fault", ["black_hole", "stall", "cut"])
async def test_f15_line_to_the_engine_broken(
    fault: str, case: Case, engine_server: Valkey, database_url: str, scratch: Valkey
) -> None:
    """Whatever the line does, everyone has an answer within the deadlines, and a late reply is nobody else's."""
    await asyncio.to_thread(engine_server.start)
    async with (
        Proxy(engine_server.socket_path, case.directory / "proxy.sock") as proxy,
        site(case, engine_server, database_url, gateway_url=proxy.url, call_seconds=1) as running,
    ):
        load = running.load()
        async with load.running():
            await load.until_accepted(30)
            match fault:
                case "cut":
                    for _ in range(8):
                        await asyncio.sleep(case.rnd.random() * 0.3)
                        proxy.cut()
                case "black_hole":
                    proxy.mode = "black_hole"
                    await asyncio.sleep(5)
                case _:
                    proxy.mode = "stall"
                    await asyncio.sleep(2.5)
            proxy.mode = "ok"
            await load.until_accepted(30)
        await load.settled()
        longest = max(record.t1 - record.t0 for record in case.history.records)
        assert longest < 20e9, "nobody is left hanging"
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.long_runs(3)
async def test_f38_starved_processes(
    case: Case, engine_server: Valkey, database_url: str, scratch: Valkey
) -> None:
    """Without processor time or file handles bids are slow or not decided, never decided wrongly; then all is well."""
    async with (
        site(case, engine_server, database_url) as running,
        own_gateway(running, case) as (process, desk),
    ):
        load = load_at(desk, running)
        async with load.running():
            await load.until_accepted(30)
            with nemesis.busy_cores(2):
                await load.until_accepted(60, seconds=60)
            open_now = len(list((nemesis.PROC / str(process.pid) / "fd").iterdir()))
            with nemesis.few_files(process.pid, open_now + 1):
                engine_server.kill()  # every connection must be made anew, and can't be
                await asyncio.sleep(2)
            await load.until_accepted(30, seconds=60)
        await load.settled()
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)
