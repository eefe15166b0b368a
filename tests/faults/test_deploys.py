"""Old and new processes together, and watchers who never read: bids are decided once, and nobody else notices."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from auction_engine.rules.commands import Command
from kit.embedded import Valkey
from tests.faults import nemesis
from tests.faults.client import Answer, Habits, HttpDesk, Load
from tests.faults.cluster import Case, Process, Site
from tests.faults.evidence import all_holds
from tests.faults.test_api_killed import api_process, bidders_of, free_port
from tests.make_stage import START_FEN, STEP_FEN, Stage, open_stage

Counted = Callable[[int, int], int]
#: How much a process may grow by watchers to whom it can send nothing more.
GROWTH_MAX = 64 << 20


class Front:
    """What stands before the API: it sends each request to the process that is in service."""

    def __init__(self, keys: dict[int, dict[str, str]]) -> None:
        self._keys = keys
        self.desk: HttpDesk | None = None

    def serve_from(self, client: httpx.AsyncClient) -> None:
        """From now on requests go there."""
        self.desk = HttpDesk(client, self._keys)

    async def ask(self, auction: str, command: Command) -> Answer:
        """One attempt, wherever the service is now."""
        assert self.desk is not None, "something is in service"
        return await self.desk.ask(auction, command)


async def test_f34_rolling_deploys(
    case: Case, engine_server: Valkey, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """Process after process is replaced under load: SIGTERM drains, every bid in flight is answered, none is wrong."""
    await asyncio.to_thread(engine_server.start)
    async with open_stage(database_url, engine_server.url, case.directory) as stage:
        lot = await stage.published(lasts=600)
        keys = await bidders_of(stage, lot)
        await stage.until_open(lot)
        site = Site(case, engine_server, database_url, stage.pool, stage.engine)
        site.auctions, site.live_after_seconds = [UUID(lot["id"])], 0.0
        habits = Habits(
            per_second=40, paddles=tuple(keys), start_fen=START_FEN, step_fen=STEP_FEN, reuse=0
        )
        front = Front(keys)
        load = Load(front, case.history, [lot["id"]], case.rnd, habits=habits)
        async with contextlib.AsyncExitStack() as processes:
            old, _ = await _in_service(case, stage, front, processes)
            async with load.running():
                for _ in range(counted(1, 5)):
                    await load.until_accepted(15, seconds=60)
                    new, _ = await _in_service(case, stage, front, processes)
                    await _drained(old)
                    old = new
                await load.until_accepted(15, seconds=60)
            await load.settled()
        await all_holds(site, load, scratch=scratch, fenced=False)


async def _in_service(
    case: Case, stage: Stage, front: Front, processes: contextlib.AsyncExitStack
) -> tuple[Process, httpx.AsyncClient]:
    """A new process that is ready, and to which requests go from now on."""
    port = free_port()
    process = api_process(case, stage, port)
    process.start()
    processes.callback(process.kill)
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10)
    await processes.enter_async_context(client)
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get("/healthz")).status_code == 200:
                    break
            await asyncio.sleep(0.1)
    front.serve_from(client)
    return process, client


async def _drained(process: Process) -> None:
    """SIGTERM: it answers what it has, and ends in good order by itself."""
    running = process.process
    assert running is not None
    running.terminate()
    assert await asyncio.to_thread(running.wait, 40) == 0


def _deaf_watchers(port: int, lot: dict[str, Any], count: int) -> list[socket.socket]:
    """Connections that ask for the live events and never read a byte."""
    request = f"GET /v1/auctions/{lot['id']}/events?after=0 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    deaf = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port), timeout=30)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.sendall(request)
        deaf.append(one)
    return deaf


def _resident(pid: int) -> int:
    """What a process holds in memory, in bytes."""
    text = (nemesis.PROC / str(pid) / "status").read_text()
    line = next(one for one in text.splitlines() if one.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


async def _until_seen(
    client: httpx.AsyncClient, lot: dict[str, Any], headers: dict[str, str], price_fen: int
) -> None:
    """Read the live events until one of them shows this price."""
    path = f"/v1/auctions/{lot['id']}/events?after=0"
    async with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if f'"price_fen":{price_fen}' in line:
                return


async def test_f37_watchers_who_never_read(
    case: Case, engine_server: Valkey, database_url: str, counted: Counted
) -> None:
    """Deaf watchers: bids are accepted, who reads sees the last of them, and the process's memory stays bounded."""
    await asyncio.to_thread(engine_server.start)
    async with (
        open_stage(database_url, engine_server.url, case.directory) as stage,
        contextlib.AsyncExitStack() as processes,
    ):
        lot = await stage.published(lasts=600)
        keys = await bidders_of(stage, lot)
        await stage.until_open(lot)
        front = Front(keys)
        process, client = await _in_service(case, stage, front, processes)
        before = await asyncio.to_thread(_resident, process.pid)
        port = client.base_url.port
        assert port is not None
        deaf = await asyncio.to_thread(_deaf_watchers, port, lot, counted(200, 1000))
        try:
            paddles, last = list(keys), START_FEN + 29 * STEP_FEN
            seen = asyncio.create_task(_until_seen(client, lot, keys[paddles[0]], last))
            for number in range(30):
                bid = Command(
                    do="bid",
                    paddle=paddles[number % 2],
                    value=START_FEN + number * STEP_FEN,
                    id=f"b{number}",
                )
                answer = await front.ask(lot["id"], bid)
                assert answer.out == "ok", answer
                await stage.project()
            await asyncio.wait_for(seen, 60)
            grown = await asyncio.to_thread(_resident, process.pid) - before
        finally:
            for one in deaf:
                one.close()
        assert grown < GROWTH_MAX, f"{grown} bytes for {len(deaf)} watchers who never read"
