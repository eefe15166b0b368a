"""The fence: a server that is up is not trusted for being up (reliability 3.6).

Before a shard's first call, on every reconnect, and after every answer that says the engine is not where it was, the
engine's epoch, sequence and chain head are compared with PostgreSQL's. An engine that is ahead is projected first. One
that is behind, empty or forked is rebuilt from the journal under a new epoch; auctions that were open are suspended
as of the moment the engine was last seen, with a journalled reason, and the venue resumes them. What can't be
explained halts the shard.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import redis.asyncio

from auction_engine import keys
from auction_engine.errors import JournalBroken, JournalForked, ReplicaNotDurable, ShardHalted
from auction_engine.journal import HEADER_VERSION, Entry, Header, encode_rows
from auction_engine.library import restore_library
from auction_engine.log_tree import SQL
from auction_engine.projector import Position, Projector, lock_position, write_entries
from auction_engine.replica import Replica, Replicas, entries_from_rows, replica_from_journal
from auction_engine.rules.commands import Command
from auction_engine.servers import Servers, servers_of
from auction_engine.witness import what_is_missing
from kit.clock import Clock, epoch_ms
from kit.failpoints import register
from kit.sql import Connection, Pool, load_statements

#: Batches replayed into the engine in one pipeline.
_PIPELINE = 100
#: Namespace of the advisory locks by which fences of one shard wait for each other.
_LOCK_CLASS = 0x6C63  # "lc"
_RECOVERY = load_statements("auction_engine", "sql/recovery.sql")
#: What of a book's public state does not depend on the moment at which it is looked at.
_STANDING = ("price_fen", "leader", "ends_at", "extensions")

_log = logging.getLogger(__name__)
_after_epoch = register("recovery.after_epoch")
_before_finish = register("recovery.before_finish")


class Meta(msgspec.Struct, frozen=True):
    """What the engine says of a shard; `epoch` is None where it holds nothing, or is being rebuilt."""

    epoch: int | None
    seq: int
    head: str


class Fence:
    """Compares and repairs; one shard at a time in this process, and across processes by a lock in PostgreSQL."""

    def __init__(
        self,
        pool: Pool,
        servers: redis.asyncio.Redis | Servers,
        *,
        projector: Projector,
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._servers = servers_of(servers)
        self._projector = projector
        self._clock = clock
        #: By server: one that does not answer keeps nobody waiting for another.
        self._one_at_a_time: dict[str, asyncio.Lock] = {}

    async def verify(self, shard: int) -> int:
        """The shard's epoch, once engine and journal agree. Raises ShardHalted where they can't be made to."""
        if self._servers.is_suspect:
            await self._servers.refresh()
        turn = self._one_at_a_time.setdefault(self._servers.url_of(shard), asyncio.Lock())
        async with turn, self._pool.acquire() as lock:
            await lock.execute("SELECT pg_advisory_lock($1, $2)", _LOCK_CLASS, shard)
            try:
                await lock.execute(SQL["ensure_shard"], shard)
                return await self._verify_locked(shard)
            finally:
                await lock.execute("SELECT pg_advisory_unlock($1, $2)", _LOCK_CLASS, shard)

    async def verify_all(self) -> list[int]:
        """Verify every shard that the database or the witness knows; the shards.

        A primary of a Cluster that is away holds up its own shards alone: they are verified before their first call.
        """
        known = {row["shard"] for row in await self._pool.fetch(SQL["positions"])}
        witness = self._projector.witness
        shards = sorted(known | set(() if witness is None else witness.shards()))
        for shard in shards:
            with self._others_go_on(shard):
                await self.verify(shard)
        return shards

    @contextlib.contextmanager
    def _others_go_on(self, shard: int) -> Iterator[None]:
        """In a Cluster what one server does not do is logged, and the shards of the others are looked at."""
        try:
            yield
        except (redis.RedisError, OSError, ReplicaNotDurable):
            if not self._servers.is_cluster:
                raise
            self._servers.suspect()
            _log.exception("shard_unreachable shard=%d", shard)

    async def look(self) -> list[int]:
        """Verify the shards whose engine is plainly not where the journal is, whether or not anybody bids; the shards.

        It costs one read a shard where all is well. Without it an engine that lost its books would be found out by
        the next command only. A shard that is halted is logged, and does not keep the others from being looked at.
        """
        found: list[int] = []
        for row in await self._pool.fetch(_RECOVERY["fenced_positions"]):
            with self._others_go_on(row["shard"]):
                meta = await self._meta(row["shard"])
                if meta.epoch == row["epoch"] and meta.seq >= row["seq"]:
                    continue
                try:
                    await self.verify(row["shard"])
                except ShardHalted:
                    _log.exception("shard_halted shard=%d", row["shard"])
                    continue
                found.append(row["shard"])
        return found

    async def _verify_locked(self, shard: int) -> int:
        # The position first: whatever the engine says afterwards can only be further on.
        async with self._pool.acquire() as conn, conn.transaction():
            position = await lock_position(conn, shard)
            assert position is not None, "the shard's row was just made"
        await restore_library(self._servers.client_of(shard))
        meta = await self._meta(shard)
        reason = await self._why_unfit(shard, position, meta)
        await self._ask_the_witness(shard)  # after the engine's own stream has filled what it could
        if reason is None:
            return position.epoch
        _log.warning("shard_rebuilt shard=%d reason=%s", shard, reason)
        epoch = await self._begin_epoch(shard, reason=reason, meta=meta)
        _after_epoch()
        await self._restore(shard, epoch)
        return epoch

    async def _ask_the_witness(self, shard: int) -> None:
        """Raises ShardHalted where the database lacks, or has otherwise, what was once signed."""
        if self._projector.witness is None:
            return
        try:
            async with self._pool.acquire() as conn, conn.transaction():
                missing = await what_is_missing(conn, shard, self._projector.witness)
        except JournalBroken as error:
            raise _halted(shard, str(error)) from error
        if missing is not None:
            raise _halted(shard, missing)

    async def _why_unfit(self, shard: int, position: Position, meta: Meta) -> str | None:
        """Why the engine's books can't be used, or None once everything it holds is journalled."""
        if meta.epoch is None:
            return "the engine holds nothing of this shard"
        if meta.epoch > position.epoch:
            raise _halted(
                shard, f"the engine is in epoch {meta.epoch}, the journal in epoch {position.epoch}"
            )
        if meta.epoch < position.epoch:
            return f"the engine is still in epoch {meta.epoch}"
        if meta.seq < position.seq:
            return f"the engine is at batch {meta.seq}, the journal at batch {position.seq}"
        try:
            await self._projector.project(shard)
        except JournalForked as fork:
            return f"the engine's journal has forked ({fork})"
        except JournalBroken as error:
            raise _halted(shard, str(error)) from error
        if meta.seq and await self._head_at(shard, meta.seq) != meta.head:
            return f"the engine's head at batch {meta.seq} is not the journal's"
        return await self._wrong_book(shard)

    async def _wrong_book(self, shard: int) -> str | None:
        """What is wrong with the book of an auction that goes on: absent (evicted), or not as journalled (bit rot).

        A book may be further than its row, because others bid meanwhile; the projector judges that.
        """
        rows = await self._pool.fetch(_RECOVERY["unfinished_states"], shard)
        pipeline = self._servers.client_of(shard).pipeline(transaction=False)
        for row in rows:
            auction = str(row["auction_id"])
            names = (keys.meta(shard), keys.book(shard, auction))
            pipeline.execute_command("FCALL_RO", "view_v1", 2, *names, 0)
        for row, packed in zip(rows, await pipeline.execute(), strict=True):
            fault = _fault_in_book(row, packed)
            if fault is not None:
                return f"the engine's book of auction {row['auction_id']} {fault}"
        return None

    async def _meta(self, shard: int) -> Meta:
        reply = self._servers.client_of(shard).hmget(keys.meta(shard), ["epoch", "seq", "head"])
        epoch, seq, head = await reply  # type: ignore[misc]  # the client is typed for both kinds of caller
        return Meta(
            epoch=None if epoch is None else int(epoch),
            seq=int(seq or 0),
            head=(head or b"").decode(),
        )

    async def _head_at(self, shard: int, seq: int) -> str | None:
        head: str | None = await self._pool.fetchval(_RECOVERY["head_at"], shard, seq)
        return head

    async def _begin_epoch(self, shard: int, *, reason: str, meta: Meta) -> int:
        """Commit the new epoch, the suspensions, and the record of why; the engine is not touched yet."""
        async with self._pool.acquire() as conn, conn.transaction():
            position = await lock_position(conn, shard)
            assert position is not None
            epoch: int = await conn.fetchval(_RECOVERY["begin_epoch"], shard)
            position = msgspec.structs.replace(position, epoch=epoch)
            now_ms = epoch_ms(self._clock())
            suspended = await _suspend_open(conn, shard, position, reason=reason, now_ms=now_ms)
            await conn.execute(
                _RECOVERY["record_epoch"],
                shard,
                epoch,
                reason,
                position.seq,
                None if meta.epoch is None else meta.seq,
                [UUID(auction) for auction in suspended],
                self._clock(),
            )
        return epoch

    async def _restore(self, shard: int, epoch: int) -> None:
        """Replay the journal into an emptied shard, and open it at the journal's head."""
        meta, log = keys.meta(shard), keys.log(shard)
        forked = f"{log}:fork:{epoch}"
        await self._call("restore_begin_v1", [meta, log, forked], [str(epoch)], shard)
        await self._forget_books(shard)
        seq = 0
        while rows := await self._pool.fetch(_RECOVERY["batches_after"], shard, seq, _PIPELINE):
            await self._replay(entries_from_rows(rows), epoch)
            seq = rows[-1]["seq"]
        _before_finish()
        head = await self._head_at(shard, seq) if seq else ""
        await self._call("restore_finish_v1", [meta], [str(epoch), str(seq), head or ""], shard)

    async def _replay(self, entries: list[Entry], epoch: int) -> None:
        pipeline = self._servers.client_of(entries[0].shard).pipeline(transaction=False)
        for entry in entries:
            names = keys.batch_keys(entry.shard, entry.auctions)
            arguments = (
                str(epoch),
                entry.header_bytes,
                entry.commands_bytes,
                entry.decisions_bytes,
                entry.auctions_bytes,
            )
            pipeline.execute_command("FCALL", "restore_batch_v1", len(names), *names, *arguments)
        for entry, reply in zip(entries, await pipeline.execute(), strict=True):
            _check_ok(reply, entry.shard, f"replaying batch {entry.header.seq}")

    async def _call(
        self, function: str, names: list[str], arguments: list[str], shard: int
    ) -> None:
        call = self._servers.client_of(shard).execute_command(  # type: ignore[no-untyped-call]  # the client's own
            "FCALL", function, len(names), *names, *arguments
        )
        reply = await call
        _check_ok(reply, shard, function)

    async def _forget_books(self, shard: int) -> None:
        """Remove every book and id table of the shard, those of auctions that were never journalled too."""
        tag = keys.meta(shard).removesuffix("meta")
        client = self._servers.client_of(shard)
        for kind in ("a", "i"):
            async for name in client.scan_iter(match=f"{tag}{kind}:*", count=1000):
                await client.unlink(name)


def _fault_in_book(row: Any, packed: bytes | None) -> str | None:
    if packed is None:
        return "is gone"
    view: dict[str, Any] = msgspec.msgpack.decode(packed)
    if view["seq"] < row["seq"]:
        return f"ends with command {view['seq']}, the journal with {row['seq']}"
    for name in _STANDING if view["seq"] == row["seq"] else ():
        if view.get(name) != row[name]:
            return f"says {name} {view.get(name)}, the journal {row[name]}"
    return None


async def _suspend_open(
    conn: Connection, shard: int, position: Position, *, reason: str, now_ms: int
) -> list[str]:
    """Journal a suspension of every auction that was open when the engine was last seen; their ids.

    The engine's server may have been seen with a clock that was wrong: nothing is suspended in the future.
    """
    seen_ms: int = await conn.fetchval(SQL["pulse"])
    at_ms = max(position.decided_ms, min(seen_ms, now_ms))
    rows = await conn.fetch(_RECOVERY["unfinished_auctions"], shard)
    replicas: dict[str, Replica] = {}
    for row in rows:
        replica = await replica_from_journal(conn, row["auction_id"])
        if replica.auction.status(at_ms) == "open":
            replicas[str(row["auction_id"])] = replica
    if replicas:
        entry = _suspension(shard, position, replicas, at_ms=at_ms, reason=reason)
        await write_entries(conn, [entry], position=position, replicas=Replicas(shard))
    return list(replicas)


def _suspension(
    shard: int, position: Position, replicas: dict[str, Replica], *, at_ms: int, reason: str
) -> Entry:
    """The batch that suspends these auctions, as the first of the new epoch."""
    command = Command(
        do="suspend", reason=f"rebuilt from the journal in epoch {position.epoch}: {reason}"
    )
    commands = [command.to_wire(place, age_us=0) for place in range(1, len(replicas) + 1)]
    decisions = [
        replica.decide(row[1:], at_ms)
        for replica, row in zip(replicas.values(), commands, strict=True)
    ]
    header = Header(
        version=HEADER_VERSION,
        epoch=position.epoch,
        seq=position.seq + 1,
        decided_ms=at_ms,
        previous_head=position.head,
        salt=secrets.token_hex(16),
    )
    return Entry(
        shard,
        msgspec.msgpack.encode(header),
        encode_rows(commands),
        encode_rows(decisions),
        encode_rows(list(replicas)),
    )


def _check_ok(reply: object, shard: int, what: str) -> None:
    if reply != [b"OK"]:
        raise _halted(shard, f"{what}: the engine answered {reply}")


def _halted(shard: int, why: str) -> ShardHalted:
    return ShardHalted(
        f"shard {shard} is halted: {why}; nothing is decided until an operator has looked",
        f"分片 {shard} 已停用：{why}",
        shard=shard,
    )
