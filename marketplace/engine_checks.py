"""What /readyz asks of the bid engine's servers and of the journal behind them.

Each check answers in a word what it found, or raises what is wrong. The servers are looked up when first asked, so that
a process starts (and says what is wrong) while they are away.
"""

import asyncio

import redis
from prometheus_client import Gauge

from auction_engine.durability import default_mode, durability_named
from auction_engine.durability_checks import read_back
from auction_engine.lag import lags
from auction_engine.library import check_library
from auction_engine.servers import Servers
from kit.errors import LuochuiError, Unavailable
from kit.sql import DATABASE_ERRORS, Pool
from marketplace.settings import Settings

_SECONDS = 2.0
#: An alarm belongs at 1,000: so much of what was acknowledged in `local` is in the engine alone (reliability 3.6).
_LAG = Gauge(
    "luochui_journal_lag_ms", "Since when the oldest batch waits that is decided, not journalled."
)
_BEHIND = Gauge("luochui_journal_behind_batches", "Batches decided and not journalled.")
_FAULTY = Gauge("luochui_journal_faulty_shards", "Shards whose engine and journal do not agree.")
_MEASURED = Gauge(
    "luochui_journal_measured", "1 where the three above are of now; 0: nobody answered."
)


class EngineChecks:
    """The checks, on servers that are looked up once."""

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._settings = settings
        self._pool = pool
        self._servers: Servers | None = None
        self._opening = asyncio.Lock()

    async def aclose(self) -> None:
        """Let go of the servers."""
        if self._servers is not None:
            await self._servers.aclose()

    async def engine(self) -> str:
        """Every server that decides for some shard answers."""
        servers = await self._opened()
        for url in servers.primaries():
            await servers.client_at(url).ping()
        return f"{len(servers.primaries())} primaries answer" if servers.is_cluster else "answers"

    async def durability(self) -> str:
        """The mode, as the servers' own settings and replicas keep it."""
        servers = await self._opened()
        chosen = self._settings.durability_mode or default_mode(is_cluster=servers.is_cluster)
        mode = durability_named(chosen)
        may_degrade = self._settings.durability_degrade_to is not None
        said, weaker = await read_back(servers, self._pool, mode, is_degradable=may_degrade)
        for error in weaker.values():
            raise error
        by = {
            place: facts["acknowledged_by"] for place, facts in said.items() if mode.is_replicated
        }
        return f"{mode.name} ({', '.join(sorted(set(by.values())))})" if by else mode.name

    async def library(self) -> str:
        """Every primary has this release's function library."""
        servers = await self._opened()
        for url in servers.primaries():
            await check_library(servers.client_at(url))
        return "as released"

    async def projector(self) -> str:
        """The projector was seen a short while ago, by the clock of the engine's servers."""
        servers = await self._opened()
        seconds, micros = await servers.client_at(servers.primaries()[0]).time()
        seen_ms = await self._pool.fetchval("SELECT seen_ms FROM engine.pulse", timeout=_SECONDS)
        if seen_ms is None:
            raise Unavailable("the projector has not run yet", "投影进程尚未运行")
        lag_ms = max(0, seconds * 1000 + micros // 1000 - seen_ms)
        if lag_ms > self._settings.projector_lag_max_ms:
            raise Unavailable(
                f"the projector is {lag_ms} ms behind; at most {self._settings.projector_lag_max_ms} ms",
                f"投影落后 {lag_ms} 毫秒",
            )
        return f"{lag_ms} ms behind"

    async def shards(self) -> str:
        """No shard is stuck: each one's journal is where the engine is, or was a short while ago."""
        found = await lags(self._pool, await self._opened())
        limit_ms = self._settings.projector_lag_max_ms
        stuck = [
            (lag.shard, lag.fault or f"{lag.batches} batches, {lag.oldest_ms} ms behind")
            for lag in found
            if lag.fault or lag.oldest_ms > limit_ms
        ]
        if stuck:
            told = "; ".join(f"shard {shard}: {why}" for shard, why in stuck[:5])
            raise Unavailable(
                f"{len(stuck)} of {len(found)} shards are stuck ({told})",
                f"{len(found)} 个分片中有 {len(stuck)} 个停滞（{told}）",
            )
        return f"{len(found)} in use, {sum(lag.batches for lag in found)} batches to journal"

    async def measure(self) -> None:
        """Set the gauges of the journal's lag; `luochui_journal_measured` says whether anybody could be asked."""
        try:
            async with asyncio.timeout(_SECONDS):
                found = await lags(self._pool, await self._opened())
        except (LuochuiError, redis.RedisError, *DATABASE_ERRORS):
            _MEASURED.set(0)
            return
        _LAG.set(max((lag.oldest_ms for lag in found), default=0))
        _BEHIND.set(sum(lag.batches for lag in found))
        _FAULTY.set(sum(lag.fault is not None for lag in found))
        _MEASURED.set(1)

    async def _opened(self) -> Servers:
        async with self._opening:
            if self._servers is None:
                self._servers = await Servers.open(self._settings.redis_url)
            if self._servers.is_suspect:
                await self._servers.refresh()
            return self._servers
