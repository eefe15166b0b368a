"""The servers of one round of the engine's benchmark: fresh, thrown away, with the settings of `luochui up`."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Protocol
from uuid import UUID

import asyncpg
import msgspec
import redis.asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auction_engine.checkpoints import LogKey
from auction_engine.engine import Engine
from auction_engine.library import production_source
from auction_engine.rules.profile import Profile, parse_profile
from auction_engine.waiting import Limits
from kit.clock import epoch_ms, system_clock
from kit.embedded import Postgres, Valkey
from kit.ids import uuid7
from kit.migrate import migrate
from kit.sql import Pool, load_statements

SQL = load_statements("loadtests", "sql/row_lock.sql")
START_FEN, STEP_FEN = 1_000_000, 100
#: Bidders of a lot, and their limit.
PADDLES, LIMIT_FEN = 200, 10**13
_TEMPLATE, _HOUR_MS = "bench_template", 3_600_000
#: One client stands for a crowd here, so what holds a single bidder back is off; the queue's bounds stay.
LIMITS = Limits(paddle_per_second=1e9, paddle_burst=1e9, paddle_waiting_max=1_000_000)


class HasEngine(Protocol):
    """Whatever an engine's load and checks are run on: one server's stage, or a Cluster's."""

    @property
    def engine(self) -> Engine:
        """The engine."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One round's servers: the engine on its own, and the others on theirs."""

    engine: Engine
    engine_server: Valkey
    engine_client: redis.asyncio.Redis
    other_server: Valkey
    other_client: redis.asyncio.Redis
    database: Pool
    database_url: str


def profile() -> Profile:
    """The lot that everybody bids on: every rule for a manual bid on an open ascending auction is in force."""
    now_ms = epoch_ms(system_clock())
    return parse_profile(
        {
            "format": "english",
            "opens_at": now_ms - 1000,
            "closes_at": now_ms + _HOUR_MS,
            "start_price_fen": START_FEN,
            "reserve_price_fen": START_FEN * 2,
            "step": {"kind": "fixed", "step_fen": STEP_FEN},
            "grid": "multiple",
            "max_steps_per_bid": 100,
            "extension": {"mode": "reset", "window_ms": 300_000, "hard_end": None},
            "min_bidders": 2,
        }
    )


def bench_source() -> str:
    """The library with the competitors' entry points, for a server that decides no real bid."""
    extra = files("loadtests").joinpath("lua/one_bid.lua").read_text(encoding="utf-8")
    return production_source() + "\n" + extra


def new_auction() -> UUID:
    """An auction's id."""
    return uuid7(system_clock())


def _directory() -> Path:
    """A directory that PostgreSQL's own user can reach, also as root."""
    directory = Path(tempfile.mkdtemp(prefix="luochui-bench-"))
    directory.chmod(0o755)
    return directory


@asynccontextmanager
async def servers() -> AsyncIterator[tuple[Path, Postgres]]:
    """A directory for the rounds, and PostgreSQL with a migrated template; fsync is on."""
    directory = _directory()
    try:
        with Postgres(directory / "pg") as postgres:
            admin = await asyncpg.connect(postgres.url("postgres"))
            await admin.execute(f"CREATE DATABASE {_TEMPLATE}")
            await admin.close()
            migrate(postgres.url(_TEMPLATE))
            yield directory, postgres
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def stage(
    directory: Path, postgres: Postgres, number: int, *, durability: str | None = None
) -> AsyncIterator[Stage]:
    """The servers of one round; `relaxed` leaves out the engine's fsync, so that only its work takes time."""
    options = {"appendfsync": "everysec"} if durability == "relaxed" else {}
    name = f"bench_{number}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    await admin.close()
    key = LogKey("bench.invalid/engine", Ed25519PrivateKey.generate())
    url = postgres.url(name)
    with (
        Valkey(directory / f"engine{number}", options=options) as engine_server,
        Valkey(directory / f"other{number}") as other_server,
    ):
        async with asyncpg.create_pool(url, min_size=1, max_size=8) as database:
            engine = await Engine.open(
                database,
                engine_server.url,
                key=key,
                clock=system_clock,
                limits=LIMITS,
                durability=durability,
            )
            engine_client = redis.asyncio.Redis.from_url(engine_server.url)
            other_client = redis.asyncio.Redis.from_url(other_server.url)
            await other_client.execute_command("FUNCTION", "LOAD", bench_source())
            await database.execute(SQL["schema"])
            await database.execute(SQL["decide"])
            try:
                yield Stage(
                    engine=engine,
                    engine_server=engine_server,
                    engine_client=engine_client,
                    other_server=other_server,
                    other_client=other_client,
                    database=database,
                    database_url=url,
                )
            finally:
                await engine.aclose()
                await engine_client.aclose()
                await other_client.aclose()
    shutil.rmtree(directory / f"engine{number}", ignore_errors=True)
    shutil.rmtree(directory / f"other{number}", ignore_errors=True)
