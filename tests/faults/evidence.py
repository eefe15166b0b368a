"""Collects what the checker needs: everything that database, engine and watchers hold once all is quiet."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
import redis.asyncio

from auction_engine import keys
from auction_engine.journal import Entry
from auction_engine.journal_check import journal_differences
from auction_engine.library import load_library
from auction_engine.replica import entries_from_rows
from auction_engine.servers import Servers, servers_of
from kit.embedded import Valkey
from kit.sql import DATABASE_ERRORS
from tests.faults.check import (
    CLUSTER_LIVE_SECONDS,
    LIVE_SECONDS,
    Epoch,
    Final,
    Note,
    Seen,
    check,
)
from tests.faults.money_check import Violation

if TYPE_CHECKING:
    from tests.faults.client import Load
    from tests.faults.cluster import Site

_LOOK_SECONDS = 0.05
_PIPELINE = 200
_encode = msgspec.msgpack.Encoder(order="sorted").encode


class Watcher:
    """Somebody who watches the public state while everything breaks."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self.events: list[Seen] = []
        self.notes: list[Note] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch())

    async def aclose(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(*DATABASE_ERRORS):
                connection = await asyncpg.connect(self._url, command_timeout=5, timeout=5)
                try:
                    while True:
                        await self._look(connection)
                        await asyncio.sleep(_LOOK_SECONDS)
                finally:
                    connection.terminate()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self, connection: asyncpg.Connection) -> None:
        last: dict[str, int] = {}
        for event in self.events:
            last[event.auction] = event.seq
        rows = await connection.fetch(
            "SELECT auction_id::text, seq, price_after_fen, leader_after FROM engine.bids b"
            " WHERE seq > coalesce((SELECT n FROM unnest($1::text[], $2::bigint[]) AS t (a, n)"
            " WHERE a = b.auction_id::text), -1) ORDER BY auction_id, seq",
            list(last),
            list(last.values()),
        )
        self.events += [Seen(*row.values()) for row in rows]
        known = len(self.notes)
        self.notes += (await notes_of(connection))[known:]


async def notes_of(connection: Any) -> list[Note]:
    """Every checkpoint, in the order signed."""
    rows = await connection.fetch(
        "SELECT shard, size, note FROM engine.checkpoints ORDER BY signed_at, shard, size"
    )
    return [Note(*row.values()) for row in rows]


async def violations(
    site: "Site", load: "Load | None", *, scratch: Valkey, fenced: bool | None = None
) -> list[Violation]:
    """Close what is due, collect, and check."""
    await site.close_due()
    final = await collect(site, scratch=scratch)
    final.undecided = load.undecided if load else 0
    final.fenced = fenced
    return check(site.history.records, final)


async def all_holds(
    site: "Site", load: "Load | None", *, scratch: Valkey, fenced: bool | None = None
) -> None:
    """Fail with the first violations, if there are any."""
    require_none(await violations(site, load, scratch=scratch, fenced=fenced))


def require_none(found: list[Violation]) -> None:
    """Fail with the first violations, in words by which `tests.run` knows them: the machine is never to blame."""
    shown = "\n".join(f"{one.invariant}: {one.what[:600]}" for one in found[:8])
    assert not found, f"{len(found)} violations\n{shown}"


async def collect(site: "Site", *, scratch: Valkey) -> Final:
    """The final state of a quiet site. `scratch` is a second server, into which the journal is replayed."""
    await site.stop_projecting()
    await site.project()
    servers = site.engine.servers
    async with (
        redis.asyncio.Redis.from_url(scratch.url) as second,
        site.pool.acquire() as conn,
    ):
        seconds, micros = await servers.client_of(site.shards[0]).time()
        viewed_ms = seconds * 1000 + micros // 1000
        entries = {shard: await entries_of(conn, shard) for shard in site.shards}
        await rebuild_elsewhere(second, entries)
        auctions = [str(one) for one in site.auctions]
        key = site.engine.gateway._key
        return Final(
            public_key=key.public_key,
            origins={shard: key.origin(shard) for shard in site.shards},
            entries=entries,
            positions=await _positions(conn),
            step_fen=100,
            viewed_ms=viewed_ms,
            views=await _views(servers, auctions, viewed_ms),
            second_views=await _views(servers_of(second), auctions, viewed_ms),
            books=await dump(servers, site.shards),
            second_books=await dump(second, site.shards),
            results={
                str(auction): _decoded(
                    await conn.fetchval(
                        "SELECT result::text FROM engine.auctions WHERE auction_id = $1", auction
                    )
                )
                for auction in site.closing
            },
            differences=[
                text
                for auction in site.auctions
                for text in await journal_differences(conn, auction)
            ],
            epochs=await _epochs(conn),
            notes=await notes_of(conn),
            seen_notes=site.watcher.notes,
            seen=site.watcher.events,
            receipts=site.history.receipts,
            undecided=0,
            live_after_seconds=site.live_after_seconds,
            live_within_seconds=CLUSTER_LIVE_SECONDS if servers.is_cluster else LIVE_SECONDS,
        )


async def entries_of(conn: Any, shard: int) -> list[Entry]:
    """The journal of a shard, as the database has it."""
    rows = await conn.fetch(
        "SELECT shard, header, commands, decisions, auctions FROM engine.batches"
        " WHERE shard = $1 ORDER BY seq",
        shard,
    )
    return entries_from_rows(rows)


async def _positions(conn: Any) -> dict[int, tuple[int, int, str]]:
    rows = await conn.fetch("SELECT shard, epoch, seq, head FROM engine.shards")
    return {row["shard"]: (row["epoch"], row["seq"], row["head"]) for row in rows}


async def _epochs(conn: Any) -> list[Epoch]:
    rows = await conn.fetch("SELECT shard, epoch, reason, suspended::text[] FROM engine.epochs")
    return [Epoch(row[0], row[1], row[2], tuple(row[3])) for row in rows]


def _decoded(text: str | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])


async def _views(
    servers: Servers, auctions: Iterable[str], at_ms: int
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for auction in auctions:
        shard = keys.shard_of(auction)
        names = (keys.meta(shard), keys.book(shard, auction))
        packed = await servers.call(shard, "FCALL_RO", "view_v1", 2, *names, at_ms)
        found[auction] = {} if packed is None else msgspec.msgpack.decode(packed)
    return found


async def dump(
    given: redis.asyncio.Redis | Servers, shards: Iterable[int]
) -> dict[str, dict[bytes, bytes]]:
    """The books and ids of some shards, byte for byte."""
    servers = servers_of(given)
    found: dict[str, dict[bytes, bytes]] = {}
    for shard in shards:
        tag, client = keys.meta(shard).removesuffix("meta"), servers.client_of(shard)
        for kind in ("a", "i"):
            async for name in client.scan_iter(match=f"{tag}{kind}:*", count=1000):
                found[name.decode()] = in_order(await client.hgetall(name))  # type: ignore[misc]
    return found


def in_order(fields: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """A book with its header's maps in one order: Lua packs them as its tables grew, read from a file or held."""
    header = fields.get(b"h")
    if header is None:
        return fields
    return fields | {b"h": _encode(msgspec.msgpack.decode(header))}


async def rebuild_elsewhere(client: redis.asyncio.Redis, entries: dict[int, list[Entry]]) -> None:
    """Replay journals into another, emptied server, by the functions that a rebuild uses."""
    await client.flushall()
    await load_library(client)
    for shard, own in entries.items():
        meta, log = keys.meta(shard), keys.log(shard)
        begun = await _call(client, "restore_begin_v1", [meta, log, f"{log}:fork"], ["1"])
        assert begun == [b"OK"], begun
        for first in range(0, len(own), _PIPELINE):
            pipeline = client.pipeline(transaction=False)
            for entry in own[first : first + _PIPELINE]:
                names = keys.batch_keys(shard, entry.auctions)
                pipeline.execute_command(
                    "FCALL",
                    "restore_batch_v1",
                    len(names),
                    *names,
                    "1",
                    entry.header_bytes,
                    entry.commands_bytes,
                    entry.decisions_bytes,
                    entry.auctions_bytes,
                )
            for reply in await pipeline.execute():
                assert reply == [b"OK"], reply


async def _call(
    client: redis.asyncio.Redis, function: str, names: list[str], arguments: list[str]
) -> Any:
    return await client.execute_command("FCALL", function, len(names), *names, *arguments)  # type: ignore[no-untyped-call]
