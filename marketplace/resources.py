"""What a process works with: opened once, from the settings, and let go of in the other order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from auction_engine.witness import Witness
from kit.clock import Clock, system_clock
from kit.errors import Unavailable
from kit.reach import ENGINE, NOBODY, SYSTEM
from kit.sql import Pool
from marketplace.auctions.hall import Hall, open_hall
from marketplace.duties import service as duties
from marketplace.edge.identity import Authenticator
from marketplace.edge.readiness import Check
from marketplace.engine_checks import EngineChecks
from marketplace.log import service as log
from marketplace.lots import service as lots
from marketplace.organisations.gate import Gate, SessionLimits
from marketplace.organisations.passwords import Passwords
from marketplace.organisations.schemas import STAFF, Role
from marketplace.organisations.sealing import sealer_of
from marketplace.settings import Settings
from marketplace.signing import read_log_key

_SOCKET_SECONDS = 2.0
_CLOSE_SECONDS = 5.0
#: How long anybody waits for a connection, unless they say otherwise.
_ACQUIRE_SECONDS = 5.0
#: Connections for finding out who calls and which paddle they have: questions of a millisecond.
_LOOKUPS_MAX = 4


#: Whose second factor must be on, by the setting's word.
_DEMANDS: Mapping[str, frozenset[Role]] = {
    "nobody": frozenset(),
    "staff": STAFF,
    "everybody": frozenset(Role),
}


class ImpatientPool(asyncpg.Pool):
    """A pool of which nobody waits for ever: who gets no connection in time gets a TimeoutError, which is a 503."""

    def acquire(self, *, timeout: float | None = None) -> Any:
        """A connection, within `timeout` seconds or the usual ones; the pool's own queries come by here too."""
        return super().acquire(timeout=_ACQUIRE_SECONDS if timeout is None else timeout)


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """What an application works with."""

    settings: Settings
    clock: Clock
    #: The platform's own work, which sees every organisation's rows and the journal's bytes: jobs, the hall, readiness.
    pool: Pool
    #: Requests borrow here: until the edge has said who calls, nothing is seen (`edge.reach`).
    requests: Pool
    #: Apart from `pool`: who calls, and by which paddle, is found out however many slow requests there are.
    lookups: Pool
    passwords: Passwords
    gate: Gate
    checks: Mapping[str, Check]
    #: Brings the gauges of /metrics up to date.
    measure: Callable[[], Awaitable[None]]
    hall_or_none: Hall | None = None

    @property
    def authenticator(self) -> Authenticator:
        """Who tells who is calling."""
        return self.gate

    @property
    def hall(self) -> Hall:
        """The bid engine and what stands around it; Unavailable in a process that was opened without."""
        if self.hall_or_none is None:
            raise Unavailable("this process runs without the bid engine", "本进程未接入竞价引擎")
        return self.hall_or_none


@asynccontextmanager
async def open_resources(
    settings: Settings, *, clock: Clock = system_clock
) -> AsyncIterator[Resources]:
    """Everything, the bid engine too. Raises rather than starting on less than the settings promise."""
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(open_desk(settings, clock=clock))
        key = read_log_key(settings.signing_key_path, origin=settings.origin)
        async with desk.pool.acquire() as conn, conn.transaction():
            await log.record_key(conn, key, now=clock())
        hall = await stack.enter_async_context(
            open_hall(
                desk.pool,
                settings.redis_url,
                lookups=desk.lookups,
                key=key,
                mode=settings.durability_mode,
                degrade_to=settings.durability_degrade_to,
                witness=Witness(Path(settings.witness_dir)) if settings.witness_dir else None,
                clock=clock,
            )
        )
        yield msgspec.structs.replace(desk, hall_or_none=hall)


@asynccontextmanager
async def open_desk(settings: Settings, *, clock: Clock = system_clock) -> AsyncIterator[Resources]:
    """Database and sign-in without the bid engine: for processes and tests that take no bids."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(settings, ENGINE))
        requests = await stack.enter_async_context(open_pool(settings, NOBODY))
        lookups = await stack.enter_async_context(
            open_pool(settings, SYSTEM, connections=_LOOKUPS_MAX)
        )
        passwords = Passwords()
        stack.callback(passwords.close)
        checks = EngineChecks(settings, pool)
        stack.push_async_callback(checks.aclose)
        limits = SessionLimits(
            idle=timedelta(minutes=settings.session_idle_minutes),
            absolute=timedelta(hours=settings.session_hours),
        )
        yield Resources(
            settings=settings,
            clock=clock,
            pool=pool,
            requests=requests,
            lookups=lookups,
            passwords=passwords,
            gate=Gate(
                lookups,
                passwords,
                limits,
                sealer=sealer_of(settings.signing_key_path),
                demands=_DEMANDS[settings.second_factor_required],
            ),
            checks=_checks(pool, checks),
            measure=checks.measure,
        )


@asynccontextmanager
async def open_pool(
    settings: Settings, reach: Mapping[str, str], *, connections: int | None = None
) -> AsyncIterator[Pool]:
    """Connections that work as the application's role, and never wait for ever (reliability 0.4.16)."""
    pool = await ImpatientPool(
        settings.database_url,
        min_size=0,
        max_size=connections or settings.database_pool_max,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        command_timeout=settings.database_timeout_seconds,
        server_settings={
            **reach,
            "application_name": "luochui",
            # whoever is lost inside a transaction lets go of its locks
            "idle_in_transaction_session_timeout": "30s",
        },
    )
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await pool.close()
        except TimeoutError:
            pool.terminate()  # the database is gone: there is nobody to part from in good order


def _checks(pool: Pool, engine: EngineChecks) -> dict[str, Check]:
    """What /readyz asks; each answers in a word what it found, or raises what is wrong."""

    async def database() -> str:
        return str(await pool.fetchval("SELECT current_user", timeout=_SOCKET_SECONDS))

    async def stuck_duties() -> str:
        async with pool.acquire(timeout=_SOCKET_SECONDS) as conn:
            return await duties.require_none_stuck(conn)

    async def auctions() -> str:
        async with pool.acquire(timeout=_SOCKET_SECONDS) as conn:
            return f"{await lots.count_paused(conn)} paused"

    return {
        "auctions": auctions,
        "database": database,
        "duties": stuck_duties,
        "engine": engine.engine,
        "durability": engine.durability,
        "library": engine.library,
        "projector": engine.projector,
        "shards": engine.shards,
    }
