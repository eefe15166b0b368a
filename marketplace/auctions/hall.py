"""The hall of one process: the bid engine with what the HTTP surface keeps beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from auction_engine.checkpoints import LogKey
from auction_engine.engine import Engine
from auction_engine.witness import Witness
from kit.clock import Clock
from kit.sql import Pool
from marketplace.auctions.live import Feed
from marketplace.auctions.paddles import Paddles


class Hall:
    """Engine, database, the venue's key with the durability mode it vouches for, paddles, live feed."""

    def __init__(
        self,
        engine: Engine,
        pool: Pool,
        *,
        lookups: Pool,
        key: LogKey,
        clock: Clock,
    ) -> None:
        self.engine = engine
        self.pool = pool
        self.key = key
        self.mode = engine.keeper.name_vouched_for
        self.paddles = Paddles(lookups)
        self.feed = Feed(pool, clock=clock)


@asynccontextmanager
async def open_hall(
    pool: Pool,
    redis_url: str,
    *,
    lookups: Pool,
    key: LogKey,
    clock: Clock,
    mode: str | None = None,
    degrade_to: str | None = None,
    witness: Witness | None = None,
) -> AsyncIterator[Hall]:
    """Open the engine, refusing less durability than `mode` promises, and close everything behind it.

    Without a mode it is `local`, on a Cluster `replicated`.

    `lookups` is the small pool of the bid path, apart from `pool`, so that slow requests keep no bid waiting.
    """
    engine = await Engine.open(
        pool,
        redis_url,
        key=key,
        clock=clock,
        durability=mode,
        degrade_to=degrade_to,
        witness=witness,
    )
    hall = Hall(engine, pool, lookups=lookups, key=key, clock=clock)
    try:
        yield hall
    finally:
        await hall.feed.aclose()
        await engine.aclose()
