"""The API's process is killed under bidders who bid over HTTP."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from kit.embedded import Valkey
from tests.faults.client import Habits, HttpDesk, Load
from tests.faults.cluster import Case, Process, Site
from tests.faults.evidence import all_holds
from tests.make_stage import START_FEN, STEP_FEN, Stage, open_stage

Counted = Callable[[int, int], int]


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def api_process(case: Case, stage: Stage, port: int) -> Process:
    """The API as it runs in production, on the stage's servers."""
    settings = stage.resources.settings
    given = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "PORT": str(port),
        "PUBLIC_ORIGIN": settings.origin,
        "SIGNING_KEY_PATH": str(settings.signing_key_path),
        "DATABASE_POOL_MAX": "8",
    }
    environment = {f"LUOCHUI_{name}": value for name, value in given.items()}
    log = case.directory / "api.log"
    return Process("marketplace.commands.serve", "api", log=log, environment=environment)


async def bidders_of(stage: Stage, lot: dict[str, Any]) -> dict[int, dict[str, str]]:
    """Four agencies with their deposits held: paddle and credentials."""
    people = [await stage.deposited(lot) for _ in range(4)]
    return {bidder["paddle"]: one.headers for one, bidder in people}


async def test_f13_api_killed_under_http_bids(
    case: Case, engine_server: Valkey, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """Whoever was cut off asks the next process under the same key, and hears what the first one decided."""
    await asyncio.to_thread(engine_server.start)
    port = free_port()
    async with (
        open_stage(database_url, engine_server.url, case.directory) as stage,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
    ):
        lot = await stage.published(lasts=600)
        keys = await bidders_of(stage, lot)
        await stage.until_open(lot)
        site = Site(case, engine_server, database_url, stage.pool, stage.engine)
        site.auctions, site.live_after_seconds = [UUID(lot["id"])], 0.0
        habits = Habits(
            per_second=40,
            paddles=tuple(keys),
            start_fen=START_FEN,
            step_fen=STEP_FEN,
            reuse=0,
        )
        load = Load(HttpDesk(client, keys), case.history, [lot["id"]], case.rnd, habits=habits)
        process = api_process(case, stage, port)
        process.start()
        try:
            async with load.running():
                for _ in range(counted(5, 50)):
                    await load.until_accepted(case.rnd.randint(3, 20), seconds=60)
                    process.kill()
                    process.start()
                await load.until_accepted(5, seconds=60)
            await load.settled()
        finally:
            process.kill()
        await all_holds(site, load, scratch=scratch, fenced=False)
