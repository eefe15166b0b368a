"""One case's system: an engine server under supervision, a database, the real gateway, auctions and a projector."""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import redis.asyncio
from redis.crc import key_slot

from auction_engine import keys
from auction_engine.engine import Engine, NotDue
from auction_engine.gateway import Gateway
from auction_engine.rules.commands import Command
from auction_engine.rules.profile import Profile, parse_profile
from auction_engine.waiting import Limits
from auction_engine.witness import Witness
from kit.clock import epoch_ms, system_clock
from kit.embedded import EmbeddedServerError, Valkey
from kit.embedded_cluster import SLOTS
from kit.errors import LuochuiError
from kit.reach import ENGINE
from tests.auction_engine.make_engine import a_key
from tests.faults.client import EngineDesk, Habits, History, Load
from tests.faults.evidence import Watcher

ROOT = Path(__file__).resolve().parents[2]
UNLIMITED = Limits(paddle_waiting_max=10_000, paddle_per_second=1e9, paddle_burst=1e9)
PADDLES: dict[int, int | None] = dict.fromkeys(range(1, 9))
START_FEN, STEP_FEN = 10_000_000, 100
_FIRST_ID = UUID("0192f0c1-2f6a-7c3e-9b1a-0000000000fa")


class Case:
    """One run of one test: its seed, its directory, its history."""

    def __init__(self, directory: Path, seed: int) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.seed = seed
        self.rnd = random.Random(seed)
        self.history = History(directory / "history.jsonl")

    def auction_ids(self) -> list[UUID]:
        """Three auctions: two on one shard, one on another, on a Cluster of three on another primary."""
        ids = [uuid5(_FIRST_ID, f"{self.seed}-{number}") for number in range(2000)]
        shards = [keys.shard_of(str(one)) for one in ids]
        beside = next(n for n in range(1, 2000) if shards[n] == shards[0])
        elsewhere = next(n for n in range(1, 2000) if _third(shards[n]) != _third(shards[0]))
        return [ids[0], ids[beside], ids[elsewhere]]


def _third(shard: int) -> int:
    """Which of three primaries has the shard, while they share the slots equally."""
    return key_slot(keys.tag(shard).encode()) * 3 // SLOTS


class Site:
    """What runs, and what may be done to it."""

    def __init__(
        self, case: Case, server: Valkey, database_url: str, pool: asyncpg.Pool, engine: Engine
    ) -> None:
        self.case = case
        self.history = case.history
        self.server = server
        #: All servers that are started again when they have died.
        self.nodes = [server]
        self.database_url = database_url
        self.pool = pool
        self.engine = engine
        self.auctions: list[UUID] = []
        self.closing: list[UUID] = []
        self.supervised = True
        self.restart_after_seconds = 0.0
        self.live_after_seconds: float | None = None
        self.watcher = Watcher(database_url)
        self._projecting: asyncio.Task[None] | None = None
        self._stop_projecting = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def shards(self) -> list[int]:
        """The shards of this case's auctions."""
        return sorted({keys.shard_of(str(one)) for one in self.auctions})

    def load(self, **habits: Any) -> Load:
        """Bidders on all auctions, through this site's gateway."""
        names = [str(one) for one in self.auctions]
        desk = EngineDesk(self.engine)
        return Load(desk, self.history, names, self.case.rnd, habits=Habits(**habits))

    async def open_auctions(self, *, closes_in_ms: int | None = 1_500) -> None:
        """Two auctions of an hour and, unless None, one that ends during the run."""
        self.auctions = self.case.auction_ids()
        for number, auction in enumerate(self.auctions):
            soon = number == 1 and closes_in_ms is not None
            await self.engine.create_auction(
                auction, a_profile(closes_in_ms if soon else None), paddles=PADDLES
            )
            if soon:
                self.closing.append(auction)
        await self.project()

    async def project(self) -> None:
        """Bring everything that the engine holds into the database."""
        for shard in self.shards:
            await self.engine.projector.project(shard)

    def start_projecting(self) -> None:
        """Let the projector run."""
        self._stop_projecting = asyncio.Event()
        self._projecting = asyncio.create_task(self.engine.projector.run(self._stop_projecting))

    async def stop_projecting(self) -> None:
        """Let the projector end; what it had begun is committed or not at all."""
        if self._projecting is not None:
            self._stop_projecting.set()
            await asyncio.gather(self._projecting, return_exceptions=True)
            self._projecting = None

    def start_supervising(self) -> None:
        """Start the engine's server again whenever it has died, while `supervised` holds."""
        self._supervisor = asyncio.create_task(self._supervise())

    async def aclose(self) -> None:
        """End what runs in this process."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        await self.watcher.aclose()
        await self.stop_projecting()
        await self.engine.aclose()

    async def start_server(self, *, seconds: float = 30) -> None:
        """Start the engine's server, again and again until it comes up."""
        deadline = time.monotonic() + seconds
        while not self.server.is_running():
            try:
                await asyncio.to_thread(self.server.start)
            except EmbeddedServerError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            for server in self.nodes:
                if self.supervised and not server.is_running():
                    await asyncio.sleep(self.restart_after_seconds)
                    with contextlib.suppress(EmbeddedServerError):
                        await asyncio.to_thread(server.start)

    async def until_alive(self, *, seconds: float = 30) -> None:
        """Healed: the venue resumes what was suspended, and a fresh bid must be accepted soon."""
        started = time.monotonic()
        auction = next(one for one in self.auctions if one not in self.closing)
        number = 0
        while time.monotonic() - started < seconds:
            number += 1
            if await self._bid_once(auction, f"alive-{number}-{len(self.history.records)}"):
                self.live_after_seconds = time.monotonic() - started
                return
            await asyncio.sleep(0.1)

    async def _bid_once(self, auction: UUID, name: str) -> bool:
        desk = EngineDesk(self.engine)
        try:
            await self.resume_suspended()
            view = await self.engine.view(auction)
        except (LuochuiError, redis.RedisError, OSError):
            return False
        amount = (view["price_fen"] or START_FEN) + 100 * STEP_FEN
        paddle = 7 if view["leader"] == 8 else 8
        command = Command(do="bid", paddle=paddle, value=amount, id=name)
        for _ in range(200):
            answer = await self.history.attempt(desk, str(auction), command, paddle=paddle)
            if answer.out != "unknown":
                return answer.out == "ok"
            await asyncio.sleep(0.05)
        return False

    async def resume_suspended(self) -> None:
        """What a venue does after a rebuild: look, and let the clocks go on."""
        for auction in self.auctions:
            await self.engine.submit(
                auction, Command(do="tick")
            )  # past the fence: a view asks nobody
            if (await self.engine.view(auction))["status"] == "suspended":
                await self.engine.resume(auction, "looked at after the fault")

    async def close_due(self, *, seconds: float = 40) -> None:
        """Close what had to close, whoever else may be trying."""
        deadline = time.monotonic() + seconds
        for auction in self.closing:
            while isinstance(await self._close(auction), NotDue | None):
                assert time.monotonic() < deadline, f"auction {auction} does not close"
                await asyncio.sleep(0.1)

    async def _close(self, auction: UUID) -> object:
        try:
            return await self.engine.close(auction)
        except (LuochuiError, redis.RedisError, OSError):
            return None


def copied(template: Path, directory: Path) -> Path:
    """A copy of a stopped server's directory, owners included, on disk when this returns."""
    subprocess.run(["cp", "-a", template, directory], check=True)
    subprocess.run(["sync", "-f", directory], check=True)
    return directory


def a_profile(closes_in_ms: int | None = None) -> Profile:
    """An English auction that is open now, with a short soft close."""
    now_ms = epoch_ms(system_clock())
    return parse_profile(
        {
            "format": "english",
            "opens_at": now_ms - 1000,
            "closes_at": now_ms + (3_600_000 if closes_in_ms is None else closes_in_ms),
            "start_price_fen": START_FEN,
            "step": {"kind": "fixed", "step_fen": STEP_FEN},
            "extension": {
                "mode": "reset",
                "window_ms": 300,
                "hard_end": now_ms + 3_700_000
                if closes_in_ms is None
                else now_ms + closes_in_ms + 700,
            },
        }
    )


@contextlib.asynccontextmanager
async def site(
    case: Case,
    server: Valkey,
    database_url: str,
    *,
    durability: str | None = None,
    degrade_to: str | None = None,
    engine_url: str | None = None,
    limits: Limits = UNLIMITED,
    gateway_url: str | None = None,
    call_seconds: float = 3.0,
    closes_in_ms: int | None = 1_500,
    projecting: bool = True,
    witness: Witness | None = None,
) -> AsyncIterator[Site]:
    """A running site with open auctions. `gateway_url` puts something between gateway and server.

    `engine_url` is where the engine is, if that is more than the one server that is supervised.
    """
    if not server.is_running():
        await asyncio.to_thread(server.start)
    async with asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=12,
        command_timeout=10,
        server_settings=dict(ENGINE),
    ) as pool:
        engine = await Engine.open(
            pool,
            engine_url or server.url,
            key=a_key(),
            clock=system_clock,
            durability=durability,
            degrade_to=degrade_to,
            limits=limits,
            witness=witness,
        )
        engine.gateway = Gateway(
            gateway_url or engine.servers,
            fence=engine.fence.verify,
            durability=engine.keeper,
            key=a_key(),
            limits=limits,
            call_seconds=call_seconds,
        )
        opened = Site(case, server, database_url, pool, engine)
        try:
            await opened.open_auctions(closes_in_ms=closes_in_ms)
            opened.watcher.start()
            opened.start_supervising()
            if projecting:
                opened.start_projecting()
            yield opened
        finally:
            await opened.aclose()


class Process:
    """One of the system's own processes, started by a module's name, killed by its id."""

    def __init__(
        self, *arguments: str, log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self._arguments = arguments
        self._environment = environment or {}
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; a running one is left alone."""
        if self.process is not None and self.process.poll() is None:
            return
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                cwd=ROOT,
                env=os.environ | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def until(self, holds: Callable[[], bool], *, seconds: float = 30) -> None:
        """Wait until `holds`; fail with the log's end where the process has ended or time is up."""
        deadline = time.monotonic() + seconds
        while not holds():
            ended = self.process is None or self.process.poll() is not None
            assert not ended, self._log.read_text()[-2000:]
            assert time.monotonic() < deadline, self._log.read_text()[-2000:]
            await asyncio.sleep(0.05)
