"""From the engine's streams into PostgreSQL: each batch once, in order, with everything that follows from it.

One transaction holds the batch as bytes, its commands as rows, the auctions' public state, the Merkle tree's new nodes
and the position. So a crash at any moment repeats nothing and skips nothing, and two projectors do no harm: the
shard's row is locked first, and the database refuses a gap or a fork whoever tries. Every command is also decided
again by the reference model; a difference stops the projection of that shard instead of being written down.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import asyncpg
import msgspec
import redis.asyncio

from auction_engine import keys, log_tree
from auction_engine.backlog import TAIL_BATCHES, TAIL_MS, Trimmer, tell, tell_what_was_missed
from auction_engine.checkpoints import LogKey
from auction_engine.durability_checks import Replication
from auction_engine.errors import (
    CheckpointInconsistent,
    JournalBroken,
    JournalForked,
    ReplicaNotDurable,
)
from auction_engine.journal import Entry, entry_of
from auction_engine.log_tree import SQL
from auction_engine.replica import Replica, Replicas
from auction_engine.rows import Accepted, Refused, Rows, columns
from auction_engine.servers import Servers, servers_of
from auction_engine.witness import Witness, what_is_missing
from kit.clock import Clock, epoch_ms, monotonic_us
from kit.errors import LuochuiError
from kit.failpoints import register
from kit.sql import DATABASE_ERRORS, Connection, Pool

#: Batches in one transaction, at most.
BATCHES_MAX = 64
#: Batches between two checkpoints of a shard, if no auction closes in between.
CHECKPOINT_BATCHES = 256
#: How long one look for new batches waits, and the pause after an error.
_BLOCK_MS = 200
#: The pause between two looks at the shards of a Cluster, whose streams can't be waited for in one call.
_LOOK_SECONDS = 0.02
_PAUSE_SECONDS = 1.0
#: How often the engine is told what a projector that died could not tell it.
_MISSED_US = 1_000_000
#: How far the engine's clock may be ahead of this process's to be believed (the gateways refuse as much).
_AHEAD_MS_MAX = 500

_log = logging.getLogger(__name__)
_before_commit = register("projector.before_commit")
_after_commit = register("projector.after_commit")
_before_trim = register("projector.before_trim")
_before_checkpoint = register("projector.before_checkpoint")


class Position(msgspec.Struct, frozen=True):
    """What the next batch must continue."""

    epoch: int
    seq: int
    head: str
    chain: bytes
    decided_ms: int
    batch_epoch: int


class Projected(msgspec.Struct, frozen=True):
    """What one transaction wrote."""

    seq: int
    batches: int
    finals: int


class Projector:
    """Projects the shards of one engine; any number may run."""

    def __init__(
        self,
        pool: Pool,
        servers: redis.asyncio.Redis | Servers,
        *,
        key: LogKey,
        clock: Clock,
        tail_batches: int = TAIL_BATCHES,
        tail_ms: int = TAIL_MS,
        witness: Witness | None = None,
    ) -> None:
        self.witness = witness
        self._pool = pool
        self._servers = servers_of(servers)
        #: What must hold of what is read before it is written (keeper.py); nothing unless an engine says so.
        self.behind_reading: Callable[[int], Awaitable[Replication | None]] = _nothing
        self._key = key
        self._clock = clock
        self._trimmer = Trimmer(pool, tail_batches=tail_batches, tail_ms=tail_ms)
        self._missed_us = -_MISSED_US
        self._replicas: dict[int, Replicas] = {}
        self._turns: dict[int, asyncio.Lock] = {}
        self._paused_until_us: dict[int, int] = {}

    async def project(self, shard: int, *, until: int = 0) -> int:
        """Write everything that the shard's stream holds beyond the position; the number of batches written.

        With `until` it is enough that this batch is written.
        """
        total = 0
        async with self._turns.setdefault(shard, asyncio.Lock()):
            while done := await self._project_some(shard):
                _after_commit()
                total += done.batches
                await self._tell_engine(shard, done)
                await self._checkpoint(shard, closing=done.finals > 0)
                if 0 < until <= done.seq:
                    break
        return total

    async def run(self, stop: asyncio.Event) -> None:
        """Project all shards until `stop` is set. A shard that fails is logged and tried again; others go on."""
        while not stop.is_set():
            try:
                busy = await self._round()
            except (LuochuiError, redis.RedisError, *DATABASE_ERRORS):
                _log.exception("projector_round_failed")
                busy = False
                await asyncio.sleep(_PAUSE_SECONDS)
            if not busy:
                await asyncio.sleep(0)

    async def _round(self) -> bool:
        """Look once at every shard's stream, waiting a little for something to come."""
        if self._servers.is_suspect:
            await self._servers.refresh()
        seen_ms = await self._seen_ms()
        async with self._pool.acquire() as conn:
            known = await conn.fetch(SQL["positions"])
            # a server whose clock has stepped ahead would leave a pulse that no true one reaches for as long
            if seen_ms is not None and seen_ms <= epoch_ms(self._clock()) + _AHEAD_MS_MAX:
                await conn.execute(SQL["beat"], seen_ms)
        now_us = monotonic_us()
        positions = {
            row["shard"]: row["seq"]
            for row in known
            if self._paused_until_us.get(row["shard"], now_us) <= now_us
        }
        if not positions:
            await asyncio.sleep(_BLOCK_MS / 1000)
            return False
        if now_us - self._missed_us >= _MISSED_US:
            self._missed_us = now_us
            await self._tell_what_was_missed(positions)
        waits = self._servers.is_cluster
        found = await (self._ahead(positions) if waits else self._ahead_on_one_server(positions))
        for shard in found:
            await self._project_or_log(shard)
        return bool(found)

    async def _seen_ms(self) -> int | None:
        """The clock of the engine's servers, of a Cluster's the one furthest behind; None where none answers."""
        seen: list[int] = []
        for url in self._servers.primaries():
            try:
                seconds, micros = await self._servers.client_at(url).time()
            except (redis.RedisError, OSError):
                if not self._servers.is_cluster:
                    raise
                self._servers.suspect()
                continue
            seen.append(seconds * 1000 + micros // 1000)
        return min(seen, default=None)

    async def _ahead_on_one_server(self, positions: dict[int, int]) -> list[int]:
        """The shards whose stream holds more than the journal, as soon as there is one."""
        streams = {keys.log(shard): f"{seq}-0" for shard, seq in positions.items()}
        shard_of_stream = {keys.log(shard).encode(): shard for shard in positions}
        client = self._servers.client_at(self._servers.url)
        found = await client.xread(streams, count=1, block=_BLOCK_MS)  # type: ignore[arg-type]  # invariant dict
        return [shard_of_stream[stream] for stream, _ in found]

    async def _ahead(self, positions: dict[int, int]) -> list[int]:
        """The same on a Cluster, after a short pause; a primary that does not answer holds up its own shards alone."""
        await asyncio.sleep(_LOOK_SECONDS)
        found: list[int] = []
        for url in self._servers.primaries():
            own = [shard for shard in self._servers.shards_at(url) if shard in positions]
            pipeline = self._servers.client_at(url).pipeline(transaction=False)
            for shard in own:
                pipeline.hget(keys.meta(shard), "seq")
            try:
                replies = await pipeline.execute(raise_on_error=False)
            except (redis.RedisError, OSError):
                self._servers.suspect()
                continue
            for shard, seq in zip(own, replies, strict=True):
                if isinstance(seq, Exception):
                    self._servers.suspect()
                elif int(seq or 0) > positions[shard]:
                    found.append(shard)
        return found

    async def _tell_what_was_missed(self, positions: dict[int, int]) -> None:
        for url in self._servers.primaries():
            own = {
                shard: positions[shard]
                for shard in self._servers.shards_at(url)
                if shard in positions
            }
            try:
                await tell_what_was_missed(self._servers.client_at(url), own)
            except (redis.RedisError, OSError):
                if not self._servers.is_cluster:
                    raise
                self._servers.suspect()

    async def _project_or_log(self, shard: int) -> None:
        try:
            await self.project(shard)
        except (LuochuiError, redis.RedisError) as error:
            if isinstance(error, redis.RedisError):
                if not self._servers.is_cluster:
                    raise
                self._servers.suspect()
            _log.exception("projection_stopped shard=%d", shard)
            self._paused_until_us[shard] = monotonic_us() + int(_PAUSE_SECONDS * 1_000_000)

    async def _project_some(self, shard: int) -> Projected | None:
        """One transaction."""
        replicas = self._replicas.pop(shard, None) or Replicas(shard)
        try:
            async with self._pool.acquire() as conn, conn.transaction():
                position = await lock_position(conn, shard)
                if position is None:
                    return None
                entries = await read_entries(
                    self._servers.client_of(shard),
                    shard,
                    after=position.seq,
                    replication=await self.behind_reading(shard),
                )
                if not entries:
                    self._replicas[shard] = replicas
                    return None
                done = await write_entries(conn, entries, position=position, replicas=replicas)
                _before_commit()
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.SerializationError) as error:
            raise JournalBroken(f"shard {shard}: the database refused a batch: {error}") from error
        replicas.trim()
        # only now: a transaction that failed leaves no replica ahead of the journal
        self._replicas[shard] = replicas
        return done

    async def _tell_engine(self, shard: int, done: Projected) -> None:
        """Say how far the journal is kept elsewhere, then let go of what lies far behind that."""
        client = self._servers.client_of(shard)
        await tell(client, shard, done.seq)
        _before_trim()
        await self._trimmer.trim(client, shard, done.seq)

    async def _checkpoint(self, shard: int, *, closing: bool) -> None:
        _before_checkpoint()
        signed: str | None = None
        async with self._pool.acquire() as conn, conn.transaction():
            last = await conn.fetchrow(SQL["last_checkpoint"], shard)
            size = await conn.fetchval(SQL["shard_size"], shard)
            if closing or size - (last["size"] if last else 0) >= CHECKPOINT_BATCHES:
                missing = await what_is_missing(conn, shard, self.witness)
                if missing is not None:
                    raise CheckpointInconsistent(f"shard {shard}: {missing}", shard=shard)
                signed = await log_tree.sign_checkpoint(
                    conn, shard, key=self._key, now=self._clock()
                )
        # after the commit: what is remembered must be there
        if signed is not None and self.witness is not None:
            await asyncio.to_thread(self.witness.remember, shard, signed)


async def lock_position(conn: Connection, shard: int) -> Position | None:
    """The shard's position, locked for this transaction; None where the shard has never been opened."""
    row = await conn.fetchrow(SQL["lock_shard"], shard)
    return None if row is None else msgspec.convert(dict(row), Position)


async def _nothing(shard: int) -> None:
    """What must hold of what is read, where the engine's own disk is what is promised."""


async def read_entries(
    client: redis.asyncio.Redis,
    shard: int,
    *,
    after: int,
    count: int = BATCHES_MAX,
    replication: Replication | None = None,
) -> list[Entry]:
    """The entries of the shard's stream after batch `after`, each checked for its place.

    With `replication` only what its replicas have on disk too: a failover could take back anything else.
    """
    pipeline = client.pipeline(transaction=False)
    pipeline.xrange(keys.log(shard), min=f"{after + 1}-0", count=count)
    if replication is not None:
        for call in replication.behind(shard):  # on the same connection: of all that was read
            pipeline.execute_command(*call)
    found, *behind = await pipeline.execute(raise_on_error=False)
    if isinstance(found, Exception):
        raise found
    if found and replication is not None and (missing := replication.missing(behind)):
        raise ReplicaNotDurable(
            f"shard {shard}: what its stream holds is not journalled yet, {missing}",
            f"分片 {shard} 的新日志尚未在全部副本落盘，暂不入库",
            retry_after_ms=1000,
        )
    entries: list[Entry] = []
    for number, (entry_id, fields) in enumerate(found, start=after + 1):
        entry = entry_of(shard, fields)
        if entry_id != b"%d-0" % number or entry.header.seq != number:
            raise JournalBroken(
                f"shard {shard}: batch {number} is missing from the stream, {entry_id.decode()} follows",
                f"分片 {shard} 的日志缺少第 {number} 批",
            )
        entries.append(entry)
    return entries


async def write_entries(
    conn: Connection, entries: Sequence[Entry], *, position: Position, replicas: Replicas
) -> Projected:
    """Write consecutive batches that continue `position`; the caller holds the shard's row."""
    shard = entries[0].shard
    rows = Rows(await _last_keys(conn, entries))
    touched: dict[str, tuple[Replica, Entry]] = {}
    chain_values: list[bytes] = []
    pairs: list[tuple[UUID, int]] = []
    first = position
    for entry in entries:
        _check_continues(entry, position)
        await replicas.replay(conn, entry)
        position = await _write_batch(conn, entry, position)
        chain_values.append(position.chain)
        rows.add(entry)
        for auction in entry.auctions:
            touched[auction] = (replicas.of(auction), entry)
            pairs.append((UUID(auction), entry.header.seq))
    finals = 0
    for auction, (replica, entry) in touched.items():
        finals += await _write_state(conn, UUID(auction), replica, entry)
    await conn.execute(
        SQL["insert_auction_batches"],
        shard,
        [pair[0] for pair in pairs],
        [pair[1] for pair in pairs],
    )
    await conn.execute(
        SQL["insert_bids"], shard, *columns(rows.accepted, len(Accepted.__struct_fields__))
    )
    await conn.execute(
        SQL["insert_refusals"], shard, *columns(rows.refused, len(Refused.__struct_fields__))
    )
    await log_tree.append_chain(conn, shard, size=first.seq, chain_values=chain_values)
    await conn.execute(SQL["advance_shard"], shard, position.seq, position.head, position.chain)
    await conn.execute(SQL["notify"], [UUID(auction) for auction in touched])
    return Projected(seq=position.seq, batches=len(entries), finals=finals)


def _check_continues(entry: Entry, before: Position) -> None:
    header = entry.header
    if header.previous_head != before.head:
        raise JournalForked(
            f"shard {entry.shard}: batch {header.seq} continues {header.previous_head or 'nothing'},"
            f" the journal ends with {before.head or 'nothing'}",
            f"分片 {entry.shard} 第 {header.seq} 批与已存日志不连续",
        )


async def _write_batch(conn: Connection, entry: Entry, before: Position) -> Position:
    header = entry.header
    after = Position(
        epoch=before.epoch,
        seq=header.seq,
        head=entry.head,
        chain=entry.chain_after(before.chain),
        decided_ms=header.decided_ms,
        batch_epoch=header.epoch,
    )
    await conn.execute(
        SQL["insert_batch"],
        entry.shard,
        header.seq,
        header.epoch,
        header.decided_ms,
        after.head,
        after.chain,
        header.public().digest(),
        entry.tree.root(),
        len(entry.commands),
        entry.header_bytes,
        entry.commands_bytes,
        entry.decisions_bytes,
        entry.auctions_bytes,
        before.batch_epoch,
        before.decided_ms,
        before.head,
        before.chain,
    )
    return after


async def _write_state(conn: Connection, auction: UUID, replica: Replica, entry: Entry) -> bool:
    """The auction's public row; whether a checkpoint is due: it is final, or its sealed bids are due to be opened."""
    state = replica.state(entry.header.decided_ms)
    result = None if state.result is None else msgspec.json.encode(state.result).decode()
    await conn.execute(
        SQL["upsert_auction"],
        auction,
        entry.shard,
        state.format,
        state.profile_hash,
        state.opens_at_ms,
        state.status,
        state.seq,
        state.price_fen,
        state.leader,
        state.ends_at_ms,
        state.extensions,
        state.bids,
        state.bidders,
        result is not None,
        result,
        entry.header.seq,
        entry.header.decided_ms,
    )
    return result is not None or replica.auction.is_opening_due(entry.header.decided_ms)


async def _last_keys(conn: Connection, entries: Sequence[Entry]) -> dict[UUID, tuple[int, int]]:
    auctions = {UUID(auction) for entry in entries for auction in entry.auctions}
    rows = await conn.fetch(SQL["last_keys"], list(auctions))
    return {row["auction_id"]: (row["price_key"], row["ends_key"]) for row in rows}
