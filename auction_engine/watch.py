"""Looks again and again whether the promise is still kept: every minute at all, every second at what is amiss.

What it finds it tells the gateway, which refuses the bids of the shards concerned until it is mended. A server that
does not answer is no finding: its shards have no connection, and pass the fence before they get one.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

import redis.asyncio

from auction_engine import keys
from auction_engine.errors import WeakDurability
from auction_engine.keeper import Keeper
from auction_engine.library import load_everywhere
from auction_engine.servers import Servers
from kit.clock import monotonic_us
from kit.errors import LuochuiError
from kit.sql import DATABASE_ERRORS

_LOOK_SECONDS = 1.0
#: The settings are read back at least so often (reliability 0.4.2).
VERIFY_SECONDS = 60.0

_log = logging.getLogger(__name__)


class Watch:
    """The engine's own look at its servers."""

    def __init__(
        self,
        servers: Servers,
        *,
        keeper: Keeper,
        refuse: Callable[[Mapping[int, LuochuiError]], None],
        look_again: Callable[[int], None],
        verify_seconds: float = VERIFY_SECONDS,
    ) -> None:
        self._servers = servers
        self._keeper = keeper
        self._refuse = refuse
        self._look_again = look_again
        self._verify_us = int(verify_seconds * 1_000_000)
        self._verified_us = monotonic_us()
        self._weaker: dict[int, LuochuiError] = {}
        self._version = servers.version
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except (LuochuiError, redis.RedisError, *DATABASE_ERRORS) as error:
                _log.warning("watch_failed reason=%s %s", type(error).__name__, error)

    async def look(self) -> None:
        """One look; the servers' settings are read back if their minute is over, or something was amiss."""
        await self._servers.refresh()
        if self._servers.version != self._version:
            self._version = self._servers.version
            await load_everywhere(self._servers)
        for shard in list(self._keeper.degraded):
            self._look_again(shard)  # the fence lets it return once its replicas have everything
        due = monotonic_us() - self._verified_us >= self._verify_us
        if due or self._weaker:
            await self.verify()

    async def verify(self) -> None:
        """Read everything back, and say which shards' bids must be refused."""
        weaker: dict[int, LuochuiError] = {}
        try:
            _, by_server = await self._keeper.verify()
        except WeakDurability as error:
            weaker = dict.fromkeys(range(keys.SHARDS), error)
        else:
            for url, found in by_server.items():
                weaker |= dict.fromkeys(self._servers.shards_at(url), found)
        self._verified_us = monotonic_us()
        for reason in {error.message for error in weaker.values()}:
            _log.error("durability_weaker reason=%s", reason)
        if weaker or self._weaker:
            self._weaker = weaker
            self._refuse(weaker)
