"""What is checked after a round: that every acknowledged bid is there, once, in order, and survives a kill."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import msgspec
import redis.asyncio

from auction_engine import keys
from auction_engine.journal import ACCEPTED, EMPTY_HEAD, Entry, entry_of
from auction_engine.kept_ids import kept_ids
from kit.errors import LuochuiError
from loadtests.engine_load import Run
from loadtests.engine_stage import SQL, HasEngine, Stage

_PAGE = 128


class NotWhole(LuochuiError):
    """A benchmark lost, repeated or misordered a bid; its figures are worth nothing. / 压测结果不完整，数据无效。"""

    code = "benchmark_not_whole"


class Book:
    """One auction as its journal tells it."""

    __slots__ = ("ids", "price", "seq")

    def __init__(self) -> None:
        self.ids: set[tuple[object, object]] = set()
        self.price = 0
        self.seq = 0

    def take(self, command: Sequence[object], decision: Sequence[int]) -> None:
        """The next accepted bid: numbers without a gap, prices that rise, ids that never come twice."""
        _, _, paddle, value, bid_id, *_ = command
        _, seq, price, leader, _ = decision
        require(seq == self.seq + 1, f"bid {seq} follows bid {self.seq}")
        require(price > self.price, f"price {price} follows {self.price}")
        require(
            price == value and leader == paddle, f"bid {seq} of {value} made a price of {price}"
        )
        require((paddle, bid_id) not in self.ids, f"id {bid_id} of paddle {paddle} counted twice")
        self.ids.add((paddle, bid_id))
        self.price, self.seq = price, seq


class Head(msgspec.Struct, frozen=True):
    """Where a shard stands."""

    seq: bytes | None
    head: bytes | None


def require(holds: bool, otherwise: str) -> None:
    """Stop the benchmark where its result can't be believed."""
    if not holds:
        raise NotWhole(f"integrity: {otherwise}")


async def check_engine(stage: HasEngine, runs: Sequence[Run]) -> None:
    """Journal, chain, ids and books against what was acknowledged."""
    books: dict[str, Book] = {}
    for shard in range(keys.SHARDS):
        head, seq = EMPTY_HEAD, 0
        client = stage.engine.servers.client_of(shard)
        async for entry in _entries(client, shard):
            seq += 1
            require(entry.header.seq == seq, f"shard {shard}: batch {seq} is missing")
            require(entry.header.previous_head == head, f"shard {shard}: batch {seq} is forked")
            head = entry.head
            _take(entry, books)
        stands = await _head(client, shard)
        require(stands.head in (head.encode(), None), f"shard {shard}: its head is another")
    counted: Counter[str] = Counter()
    for run in runs:
        names = {str(auction) for auction in run.auctions}
        require(not names & counted.keys(), "an auction was used in two runs")
        journalled = sum(books[name].seq for name in names if name in books)
        require(
            journalled == run.accepted,
            f"{run.accepted} bids were acknowledged, {journalled} journalled",
        )
        counted.update(dict.fromkeys(names, 1))
    await _check_ids(stage, books)


def _take(entry: Entry, books: dict[str, Book]) -> None:
    for (auction, command), decision in zip(entry.commands, entry.decisions, strict=True):
        if command[0] == "bid" and decision[0] == ACCEPTED:
            book = books.get(auction)
            if book is None:
                book = books[auction] = Book()
            book.take(command, decision)


async def _check_ids(stage: HasEngine, books: dict[str, Book]) -> None:
    """The engine keeps the ids that it accepted, each once and no other."""
    for auction, book in books.items():
        shard = keys.shard_of(auction)
        client = stage.engine.servers.client_of(shard)
        fields = await client.hgetall(keys.ids(shard, auction))  # type: ignore[misc]  # the client is typed for both kinds of caller
        kept = list(kept_ids(fields))
        require(
            len(kept) == book.seq and set(kept) == book.ids,
            f"auction {auction}: {len(kept)} ids for {book.seq} bids, or others",
        )


async def check_after_kill(stage: Stage) -> None:
    """Kill the engine's server, start it on what is on disk, and compare every shard's head and a book's ids."""
    client = stage.engine_client
    before = [await _state(client, shard) for shard in range(keys.SHARDS)]
    await client.connection_pool.disconnect()
    await asyncio.to_thread(stage.engine_server.kill)
    await asyncio.to_thread(stage.engine_server.start)
    after = [await _state(client, shard) for shard in range(keys.SHARDS)]
    require(before == after, "after a kill the append-only file gave another state")


async def _state(client: redis.asyncio.Redis, shard: int) -> tuple[Head, int]:
    length = await client.xlen(keys.log(shard))
    return await _head(client, shard), int(length)


async def check_log(client: redis.asyncio.Redis, log: str, accepted: int) -> None:
    """A competitor's own log: as many bids as were acknowledged, numbered without a gap, at rising prices."""
    number, price, start = 0, 0, "-"
    while found := await client.xrange(log, min=start, count=10_000):
        for _, fields in found:
            number += 1
            require(int(fields[b"s"]) == number, f"{log}: bid {number} is missing")
            price, before = int(fields[b"v"]) or price + 1, price
            require(price > before, f"{log}: bid {number} does not rise")
        start = f"({found[-1][0].decode()}"
    require(number == accepted, f"{log}: {accepted} bids were acknowledged, {number} are there")


async def check_row_lock(stage: Stage, lot: int, accepted: int) -> None:
    """The same of the table of bids."""
    row = await stage.database.fetchrow(SQL["check"], lot)
    assert row is not None
    require(row["rising"], "row_lock: bids have a gap or do not rise")
    require(row["bids"] == accepted, f"row_lock: {accepted} acknowledged, {row['bids']} stored")


async def _entries(client: redis.asyncio.Redis, shard: int) -> AsyncIterator[Entry]:
    start = "-"
    while found := await client.xrange(keys.log(shard), min=start, count=_PAGE):
        for _, fields in found:
            yield entry_of(shard, fields)
        start = f"({found[-1][0].decode()}"


async def _head(client: redis.asyncio.Redis, shard: int) -> Head:
    found = await client.hmget(keys.meta(shard), ["seq", "head"])  # type: ignore[misc]  # the client is typed for both kinds of caller
    return Head(*found)
