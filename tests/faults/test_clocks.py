"""Clocks step, one at a time or together: no auction closes early, none is reopened, nothing counts after the end."""

import asyncio
from pathlib import Path

import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.engine import NotDue
from auction_engine.errors import ClockSkew
from kit.embedded import Valkey
from tests.faults.cluster import Case, Process, site
from tests.faults.evidence import all_holds
from tests.faults.nemesis import Shim
from tests.faults.test_gateways import load_at, own_gateway

_HOUR_US = 3_600_000_000
STEPS = {"+1h": _HOUR_US, "-1h": -_HOUR_US, "+70s": 70_000_000}


@pytest.mark.long_runs(12)
@pytest.mark.parametrize("step", STEPS)
async def test_f17_clock_of_the_engines_server_steps(
    step: str, case: Case, shim: Shim, database_url: str, scratch: Valkey
) -> None:
    """The clock steps and steps back: meanwhile nothing is decided, closed or opened again; then all goes on."""
    with Valkey(case.directory / "engine", environment=shim.environment) as server:
        async with site(case, server, database_url) as running:
            load = running.load()
            async with load.running():
                await load.until_accepted(30)
                shim["clock_us"] = STEPS[step]
                await asyncio.sleep(0.5)
                for auction in running.auctions:
                    with pytest.raises(ClockSkew):
                        await running.engine.close(auction)
                shim["clock_us"] = 0
                await load.until_accepted(30)
                assert isinstance(await running.engine.close(running.auctions[0]), NotDue)
            await load.settled()
            codes = {record.rep.get("code") for record in case.history.records}
            assert "clock_skew" in codes
            await running.until_alive()
            await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.long_runs(12)
@pytest.mark.parametrize("step", STEPS)
async def test_f17_clock_of_a_gateway_is_wrong(
    step: str, case: Case, shim: Shim, engine_server: Valkey, database_url: str, scratch: Valkey
) -> None:
    """A gateway with a wrong clock has nothing decided; beside it another one goes on, by the engine's clock."""
    shim["clock_us"] = STEPS[step]
    async with (
        site(case, engine_server, database_url) as running,
        own_gateway(running, case, shim.environment) as (process, desk),
    ):
        strange, good = load_at(desk, running), running.load()
        async with strange.running():
            await asyncio.sleep(1)
        assert strange.accepted == 0
        async with good.running():
            await good.until_accepted(60)
        process.kill()
        strange.desk = good.desk  # the bidders turn to the gateway that works, with the same ids
        await strange.settled()
        await good.settled()
        await running.until_alive()
        await all_holds(running, good, scratch=scratch, fenced=False)


@pytest.mark.long_runs(12)
async def test_f17_clock_drifts(case: Case, shim: Shim, database_url: str, scratch: Valkey) -> None:
    """A drifting clock is followed up to half a second and refused beyond; a fall makes the engine's clock stand."""
    with Valkey(case.directory / "engine", environment=shim.environment) as server:
        async with site(case, server, database_url) as running:
            load = running.load()
            async with load.running():
                for offset_ms in (100, 300, 450, -100, -450, 200, 0):
                    shim["clock_us"] = offset_ms * 1000
                    await load.until_accepted(15)
            await load.settled()
            await running.until_alive()
            await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.long_runs(12)
async def test_f17_rebuild_after_the_clock_was_ahead(
    case: Case, shim: Shim, database_url: str, scratch: Valkey
) -> None:
    """A shard that is rebuilt after its server's clock was an hour ahead is suspended now, not in an hour."""
    with Valkey(case.directory / "engine", environment=shim.environment) as server:
        async with (
            site(case, server, database_url) as running,
            redis.asyncio.Redis.from_url(server.url) as client,
        ):
            load = running.load()
            async with load.running():
                await load.until_accepted(30)
                shim["clock_us"] = _HOUR_US
                await asyncio.sleep(1)
                shim["clock_us"] = 0
                await load.until_accepted(10)
            await load.settled()
            await running.project()
            # as an earlier release's projector would have left it
            await running.pool.execute("UPDATE engine.pulse SET seen_ms = seen_ms + 1800000")
            shard = keys.shard_of(str(running.auctions[0]))
            await client.delete(keys.meta(shard), keys.log(shard))
            running.engine.gateway.unverify()
            await running.until_alive()
            await all_holds(running, load, scratch=scratch, fenced=True)


@pytest.mark.long_runs(12)
async def test_f17_clock_of_the_projectors_process_is_wrong(
    case: Case, shim: Shim, engine_server: Valkey, database_url: str, scratch: Valkey
) -> None:
    """A worker's wrong clock moves no money and no end: the journal's times are the engine's alone."""
    shim["clock_us"] = _HOUR_US
    async with site(case, engine_server, database_url, projecting=False) as running:
        projector = projector_process(case, running.database_url, running.server.url)
        projector._environment |= shim.environment
        projector.start()
        try:
            load = running.load()
            async with load.running():
                await load.until_accepted(60)
            await load.settled()
        finally:
            projector.kill()
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)


def projector_process(case: Case, database_url: str, engine_url: str) -> Process:
    """The system's own projector process."""
    return Process(
        "marketplace.commands.serve",
        "projector",
        log=case.directory / "projector.log",
        environment={
            "LUOCHUI_DATABASE_URL": database_url,
            "LUOCHUI_REDIS_URL": engine_url,
            "LUOCHUI_PUBLIC_ORIGIN": "http://venue.example",
            "LUOCHUI_SIGNING_KEY_PATH": str(signing_key(case.directory)),
            "LUOCHUI_DATABASE_POOL_MAX": "8",
        },
    )


def signing_key(directory: Path) -> Path:
    """The tests' key in a file: the log's name and key are those of `a_key`."""
    path = directory / "signing-key"
    path.write_bytes(bytes([1]) * 32)
    return path
