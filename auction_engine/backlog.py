"""Between stream and journal: tells the engine how far PostgreSQL has come, and lets go of the stream's old end.

The engine holds back (`BACKPRESSURE`) once too many commands, or the oldest of them for too long, are not journalled.
It goes by what it is told here; a projector that dies between commit and telling is made good by the next look.

What is trimmed is gone from the engine for ever, and a database that loses its last commits can only be filled from the
stream (reliability 0.4.20). So a batch leaves it once it is durable at the strongest level that is configured (every
standby, every replication slot has it), lies well behind the position, and is a day old; only where the engine's memory
is half used up does the day not count. Behind a PostgreSQL that need not keep what it has committed nothing leaves it:
in `local` and `replicated` nobody else asks for its fsync.
"""

import logging
from collections import deque

import msgspec
import redis.asyncio

from auction_engine import keys
from auction_engine.journal import entry_of
from auction_engine.log_tree import SQL
from kit.sql import Pool

#: Batches that stay in the stream behind the position, whatever their age.
TAIL_BATCHES = 4096
#: How old the others must be, while there is memory.
TAIL_MS = 24 * 3_600_000
#: So many batches further on the stream's end is looked at again, and so many leave it at a time.
_STEP = 256
_MARKS_MAX = 64
#: Settings of PostgreSQL by which a commit may be lost again, each with the value that it must not have.
_LOSING = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "data_sync_retry": "on",
}
_log = logging.getLogger(__name__)


async def tell(client: redis.asyncio.Redis, shard: int, seq: int) -> None:
    """Tell the engine that PostgreSQL holds the shard's batches up to `seq`."""
    told = {"journalled": str(seq)}
    found = await client.xrange(keys.log(shard), min=f"{seq}-0", max=f"{seq}-0")
    if found:
        fields = found[0][1]
        # whatever comes after it was decided after it: the oldest that is missing is no older than this
        told["behind"] = str(entry_of(shard, fields).header.decided_ms)
        if b"n" in fields:
            told["journalled_count"] = fields[b"n"].decode()
    await client.hset(keys.meta(shard), mapping=told)  # type: ignore[misc]  # the client is typed for both kinds of caller


async def tell_what_was_missed(client: redis.asyncio.Redis, positions: dict[int, int]) -> None:
    """Tell the engine where it was told less than the journal holds: whoever committed it died before he could."""
    pipeline = client.pipeline(transaction=False)
    for shard in positions:
        pipeline.hmget(keys.meta(shard), ["epoch", "journalled"])
    replies = await pipeline.execute(raise_on_error=False)
    for (shard, seq), reply in zip(positions.items(), replies, strict=True):
        # without an epoch it is being rebuilt, and told at the end of that
        if not isinstance(reply, Exception) and reply[0] and int(reply[1] or 0) < seq:
            await tell(client, shard, seq)


class Mark(msgspec.Struct, frozen=True):
    """Batch `seq` was committed when the database's log was at `lsn`."""

    seq: int
    lsn: int


class Trimmer:
    """Lets go of one engine's old batches."""

    def __init__(
        self, pool: Pool, *, tail_batches: int = TAIL_BATCHES, tail_ms: int = TAIL_MS
    ) -> None:
        self._pool = pool
        self._tail_batches = tail_batches
        self._tail_ms = tail_ms
        self._looked_at: dict[int, int] = {}
        self._marks: dict[int, deque[Mark]] = {}

    async def trim(self, client: redis.asyncio.Redis, shard: int, seq: int) -> None:
        """PostgreSQL has committed the shard's batches up to `seq`; look what may leave, now and then."""
        step = min(_STEP, self._tail_batches)
        if seq - self._looked_at.get(shard, -step) < step:
            return
        self._looked_at[shard] = seq
        durable = await self._durable(shard, seq)
        last = min(durable, seq - self._tail_batches)
        found = await client.xrange(keys.log(shard), count=1)
        if last < 1 or not found:
            return
        first = int(found[0][0].partition(b"-")[0])
        if not await self._is_short_of_memory(client):
            last = await self._last_that_is_old(client, shard, first, last)
        if last >= first:
            await client.xtrim(keys.log(shard), minid=f"{last + 1}-0", approximate=False)

    async def _durable(self, shard: int, seq: int) -> int:
        """The last batch that every standby has flushed; `seq` itself where there is none and none is wanted.

        0 where the database may lose what it has committed.
        """
        rows = await self._pool.fetch(SQL["durability_settings"], list(_LOSING))
        amiss = [row["name"] for row in rows if row["setting"] == _LOSING[row["name"]]]
        if amiss:
            _log.warning("stream_kept_whole shard=%d postgresql=%s", shard, ",".join(sorted(amiss)))
            return 0
        row = await self._pool.fetchrow(SQL["flushed_everywhere"])
        assert row is not None
        marks = self._marks.setdefault(shard, deque(maxlen=_MARKS_MAX))
        marks.append(Mark(seq, _number(row["here"])))
        if row["flushed"] is None:
            return seq
        flushed = _number(row["flushed"])
        return max((mark.seq for mark in marks if mark.lsn <= flushed), default=0)

    async def _is_short_of_memory(self, client: redis.asyncio.Redis) -> bool:
        if self._tail_ms == 0:
            return True
        found = await client.info("memory")
        return 0 < int(found["maxmemory"]) < 2 * int(found["used_memory"])

    async def _last_that_is_old(
        self, client: redis.asyncio.Redis, shard: int, first: int, last: int
    ) -> int:
        seconds, _ = await client.time()
        old_ms = seconds * 1000 - self._tail_ms
        place = first - 1
        while place + _STEP <= last:
            at = f"{place + _STEP}-0"
            found = await client.xrange(keys.log(shard), min=at, max=at)
            if not found or entry_of(shard, found[0][1]).header.decided_ms > old_ms:
                break
            place += _STEP
        return place


def _number(lsn: str) -> int:
    """A place in PostgreSQL's log, `X/Y` in hex."""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
