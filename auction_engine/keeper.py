"""Keeps a durability mode's promise: looks at every server that has a part in it, and waits behind each batch.

- `replicated`: a mark, WAIT and WAITAOF (on Redis 7.0 WAIT alone) once a batch, behind it on the same connection. A
  short count is an unknown outcome, never an acknowledgement. The same calls stand behind what the projector reads, so
  that PostgreSQL never holds a batch that a failover could take back.
- `journalled`: the batch is projected, and acknowledged once PostgreSQL has committed it: this very batch, by its
  chain head, not only one with its number. With a standby, once the standby has flushed it too.
- `degrade_to=journalled`: while replicas are away, `replicated` gives way to `journalled`. A shard returns to
  `replicated` through the fence, after its replicas were seen to have everything: what others decided meanwhile is
  in PostgreSQL by then.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import redis.asyncio

from auction_engine import keys
from auction_engine.durability import (
    DEGRADABLE,
    MODES,
    Durability,
    Keeping,
    NotKept,
    verify_durability,
)
from auction_engine.durability_checks import (
    Replication,
    read_back,
    verify_replication,
)
from auction_engine.errors import JournalForked, ReplicaNotDurable, WeakDurability
from auction_engine.log_tree import SQL
from auction_engine.projector import Projector
from auction_engine.servers import Servers
from kit.clock import monotonic_us
from kit.errors import InvalidInput, LuochuiError
from kit.sql import DATABASE_ERRORS, Pool

#: How long a look at a server is good for while many shards ask for the same.
_FRESH_US = 1_000_000
_CONFIRM_SECONDS = 5.0
_STANDBY_POLL_SECONDS = 0.002

_log = logging.getLogger(__name__)


class Keeper:
    """One mode, on these servers."""

    def __init__(
        self,
        mode: Durability,
        *,
        servers: Servers,
        pool: Pool,
        projector: Projector,
        degrade_to: str | None = None,
    ) -> None:
        if degrade_to is not None and DEGRADABLE.get(mode.name) != degrade_to:
            raise InvalidInput(
                "durability_degrade_to",
                f"mode {mode.name!r} can't give way to {degrade_to!r}; only replicated can, to journalled",
                f"模式 {mode.name!r} 不能降级为 {degrade_to!r}",
            )
        self.mode = mode
        self.degraded: set[int] = set()
        self._degrade = degrade_to is not None
        self._servers = servers
        self._pool = pool
        self._projector = projector
        self._seen: dict[str, tuple[int, Replication]] = {}
        self._looking: dict[str, asyncio.Lock] = {}

    @property
    def name_vouched_for(self) -> str:
        """The mode that receipts made later from the journal may name: what held for every batch in it."""
        return DEGRADABLE[self.mode.name] if self._degrade else self.mode.name

    async def verify(self) -> tuple[dict[str, dict[str, str]], dict[str, WeakDurability]]:
        """What all servers say now; see `read_back`."""
        self._seen.clear()
        return await read_back(self._servers, self._pool, self.mode, is_degradable=self._degrade)

    async def keeping(self, shard: int) -> Keeping:
        """What is done in this shard, after a look at its server. Raises WeakDurability."""
        if not self.mode.is_replicated:
            await verify_durability(self._servers.client_of(shard), self.mode)
            settle = self._settle_by_journal if self.mode.is_journalled else None
            return Keeping(name=self.mode.name, settle=settle)
        try:
            replication = await self._replication(self._servers.url_of(shard))
            await self._require_replicated(shard, replication)
        except ReplicaNotDurable as error:
            if not self._degrade:
                raise
            if shard not in self.degraded:
                _log.warning("shard_degraded shard=%d reason=%s", shard, error.message)
            self.degraded.add(shard)
            return Keeping(name="journalled", settle=self._settle_by_journal)
        self.degraded.discard(shard)

        return Keeping(
            name=self.mode.name,
            after_call=replication.behind(shard),
            settle=partial(self._settle_by_replicas, replication),
        )

    async def behind_reading(self, shard: int) -> Replication | None:
        """What must hold of what is read from a shard's stream before it may be journalled; None for nothing.

        With a mode to give way to, the journal decides who was right, and the fence stands before every return.
        """
        if not self.mode.is_replicated or self._degrade:
            return None
        return await self._replication(self._servers.url_of(shard))

    async def _replication(self, url: str) -> Replication:
        async with self._looking.setdefault(url, asyncio.Lock()):
            seen = self._seen.get(url)
            if seen is not None and monotonic_us() - seen[0] < _FRESH_US:
                return seen[1]
            self._seen.pop(url, None)
            found = await verify_replication(
                self._servers, url, self.mode, is_degradable=self._degrade
            )
            self._seen[url] = (monotonic_us(), found)
            return found

    async def _require_replicated(self, shard: int, replication: Replication) -> None:
        """All that this primary has decided is on its replicas: it is the primary, and not a cut off one."""
        pipeline = self._servers.client_of(shard).pipeline(transaction=False)
        pipeline.hget(keys.meta(shard), "seq")
        for call in replication.behind(shard):
            pipeline.execute_command(*call)
        found: list[Any] = await pipeline.execute(raise_on_error=False)
        if isinstance(found[0], Exception):
            raise found[0]
        missing = replication.missing(found[1:])
        if missing is not None:
            raise ReplicaNotDurable(
                f"shard {shard}: {missing}; nothing is decided until all have it",
                f"分片 {shard}：副本未及时落盘，暂不裁决",
                retry_after_ms=1000,
            )

    async def _settle_by_replicas(
        self,
        replication: Replication,
        shard: int,
        seq: int,
        head: str,
        behind: Sequence[object],
    ) -> str:
        missing = replication.missing(behind)
        if missing is None:
            return self.mode.name
        self._seen.clear()
        self._servers.suspect()
        if not self._degrade:
            raise NotKept(f"{missing}")
        self.degraded.add(shard)
        return await self._settle_by_journal(shard, seq, head, ())

    async def _settle_by_journal(
        self, shard: int, seq: int, head: str, behind: Sequence[object]
    ) -> str:
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                if not await self._is_journalled(shard, seq, head):
                    await self._projector.project(shard, until=seq)
                    if not await self._is_journalled(shard, seq, head):
                        raise JournalForked(f"batch {seq} of shard {shard} is not the journal's")
                if self.mode.has_standby:
                    await self._flushed_by_standby()
        except (LuochuiError, redis.RedisError, *DATABASE_ERRORS) as error:
            raise NotKept(
                f"PostgreSQL has not confirmed it: {type(error).__name__} {error}"
            ) from error
        return MODES["journalled"].name if self._degrade else self.mode.name

    async def _is_journalled(self, shard: int, seq: int, head: str) -> bool:
        """Whether this very batch is committed; for `seq` 0 (nothing was written) all up to `head`."""
        return bool(await self._pool.fetchval(SQL["is_journalled"], shard, seq, head))

    async def _flushed_by_standby(self) -> None:
        """A commit whose wait was cut short is visible without being on the standby: so ask the standby's position."""
        target = await self._pool.fetchval("SELECT pg_current_wal_flush_lsn()::text")
        while not await self._pool.fetchval(SQL["flushed_by_standby"], target):  # noqa: ASYNC110 - PostgreSQL is asked
            await asyncio.sleep(_STANDBY_POLL_SECONDS)
