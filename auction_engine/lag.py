"""How far the journal is behind the engine, shard by shard.

A projector that is alive says nothing about one shard that is stuck.
"""

import msgspec
import redis.asyncio

from auction_engine import keys
from auction_engine.journal import entry_of
from auction_engine.log_tree import SQL
from auction_engine.servers import Servers
from kit.sql import Pool


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """One shard."""

    shard: int
    #: Batches that the engine has decided and the journal does not hold.
    batches: int = 0
    #: Milliseconds since the oldest of them was decided, by the engine's clock.
    oldest_ms: int = 0
    #: What is wrong beyond that: the engine lacks what the journal holds, is in another epoch, or can't be asked.
    fault: str | None = None


async def lags(pool: Pool, servers: Servers) -> list[Lag]:
    """Every shard that the journal knows."""
    rows = await pool.fetch(SQL["positions_and_epochs"])
    found: list[Lag] = []
    for url in servers.primaries():
        here = set(servers.shards_at(url))
        own = [(row["shard"], row["epoch"], row["seq"]) for row in rows if row["shard"] in here]
        try:
            found += await _lags_at(servers.client_at(url), own)
        except (redis.RedisError, OSError) as error:
            servers.suspect()
            why = f"its server does not answer ({type(error).__name__})"
            found += [Lag(shard=shard, fault=why) for shard, _, _ in own]
    return sorted(found, key=lambda lag: lag.shard)


async def _lags_at(client: redis.asyncio.Redis, own: list[tuple[int, int, int]]) -> list[Lag]:
    pipeline = client.pipeline(transaction=False)
    pipeline.time()
    for shard, _, seq in own:
        pipeline.hmget(keys.meta(shard), ["epoch", "seq"])
        pipeline.xrange(keys.log(shard), min=f"{seq + 1}-0", count=1)
    (seconds, micros), *replies = await pipeline.execute()
    now_ms = seconds * 1000 + micros // 1000
    found: list[Lag] = []
    for place, (shard, epoch, seq) in enumerate(own):
        (has_epoch, has_seq), oldest = replies[2 * place : 2 * place + 2]
        batches = int(has_seq or 0) - seq
        fault = None
        if int(has_epoch or 0) != epoch:
            fault = f"the engine is in epoch {int(has_epoch or 0)}, the journal in epoch {epoch}"
        elif batches < 0:
            fault = f"the engine lacks {-batches} batches that are journalled"
        elif batches and not oldest:
            fault = f"{batches} batches are neither in the stream nor in the journal"
        age_ms = now_ms - entry_of(shard, oldest[0][1]).header.decided_ms if oldest else 0
        found.append(
            Lag(shard=shard, batches=max(batches, 0), oldest_ms=max(age_ms, 0), fault=fault)
        )
    return found
