"""The engine's files are torn, flipped, lost or old, its memory is emptied: the fence trusts no server."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.errors import EngineOutcomeUnknown, EngineUnreachable, ShardHalted
from auction_engine.journal import entry_of
from auction_engine.library import load_library
from kit.embedded import EmbeddedServerError, Valkey
from tests.auction_engine.make_engine import a_bid
from tests.faults import nemesis
from tests.faults.client import Load
from tests.faults.cluster import Case, Site, site
from tests.faults.evidence import all_holds, dump, rebuild_elsewhere

Counted = Callable[[int, int], int]
_LAST_BATCHES = 40


def the_file(server: Valkey, kind: str) -> Path:
    """The append-only directory's newest file of a kind: `incr.aof`, `base.rdb`, `manifest`."""
    return sorted((server.directory / "appendonlydir").glob(f"*.{kind}"))[-1]


async def some_bids(running: Site, count: int = 120) -> Load:
    """Bids, all answered and all journalled; then the server is dead."""
    load = running.load(per_second=400)
    async with load.running():
        await load.until_accepted(count)
    await load.settled()
    await running.project()
    running.supervised = False
    running.server.kill()
    return load


async def test_f05_torn_tail(
    case: Case, engine_server: Valkey, database_url: str, counted: Counted
) -> None:
    """Cut anywhere in its last entries, the file gives back exactly the state of some batch, and the fence agrees."""
    async with site(case, engine_server, database_url, closes_in_ms=None) as running:
        await running.stop_projecting()
        shard = keys.shard_of(str(running.auctions[0]))
        states: dict[int, object] = {}
        async with redis.asyncio.Redis.from_url(engine_server.url) as client:
            start = the_file(engine_server, "incr.aof").stat().st_size
            for number in range(_LAST_BATCHES):
                states[await client.xlen(keys.log(shard))] = await dump(client, [shard])
                bid = a_bid(1 + number % 8, 10_000_000 + 500 * number, f"t{number}")
                await running.engine.submit(running.auctions[0], bid)
            states[await client.xlen(keys.log(shard))] = await dump(client, [shard])
        running.supervised = False
        engine_server.kill()
        whole = (engine_server.directory / "appendonlydir", case.directory / "whole")
        shutil.copytree(*whole)
        size = the_file(engine_server, "incr.aof").stat().st_size
        for _ in range(counted(200, 5_000)):
            await restored_exactly(
                engine_server,
                whole[1],
                cut=case.rnd.randint(start, size),
                states=states,
                shard=shard,
            )
        engine_server.kill()
        put_back(engine_server, whole[1])
        with the_file(engine_server, "incr.aof").open("r+b") as file:
            file.truncate(case.rnd.randint(start, size))
        await running.start_server()
        await running.until_alive()
        # no load, so no history of its own: the journal, both servers and the proofs must agree
        case.history.records.clear()
        assert running.live_after_seconds is not None
        await running.project()


async def restored_exactly(
    server: Valkey, whole: Path, *, cut: int, states: dict[int, object], shard: int
) -> None:
    """Start on a copy of the files that ends at `cut`: journal and books must be those of one and the same batch."""
    if server.is_running():
        server.kill()
    put_back(server, whole)
    with the_file(server, "incr.aof").open("r+b") as file:
        file.truncate(cut)
    await asyncio.to_thread(server.start)
    async with redis.asyncio.Redis.from_url(server.url) as client:
        batches = await client.xlen(keys.log(shard))
        seq = await client.hget(keys.meta(shard), "seq")
        assert int(seq or 0) == batches, f"cut at {cut}: meta says {seq}, the log has {batches}"
        assert await dump(client, [shard]) == states[batches], f"cut at {cut}: not batch {batches}"


def put_back(server: Valkey, whole: Path) -> None:
    """The server's files as they were."""
    directory = server.directory / "appendonlydir"
    shutil.rmtree(directory)
    shutil.copytree(whole, directory)


async def flip_the_head(server: Valkey) -> None:
    """One letter of the last chain head, as it stands in the file, becomes another."""
    path = the_file(server, "incr.aof")
    nemesis.flip(path, path.read_bytes().rindex(b"$4\r\nhead\r\n$40\r\n") + 20)


async def flip_the_price(server: Valkey) -> None:
    """One bit of the standing price inside the last book that was written."""
    path = the_file(server, "incr.aof")
    content = path.read_bytes()
    start = content.rindex(b"$1\r\nh\r\n$")
    # a price of this many fen is packed in four bytes after the byte 0xce; its first byte is 0
    nemesis.flip(path, content.index(b"\xce\x00", start) + 3)


async def break_the_framing(server: Valkey) -> None:
    """A length in the middle of the file becomes another."""
    path = the_file(server, "incr.aof")
    content = path.read_bytes()
    nemesis.flip(path, content.index(b"$4\r\nXADD", len(content) // 2) + 1)


async def zero_a_block(server: Valkey) -> None:
    """A block in the middle of the file becomes zeros."""
    path = the_file(server, "incr.aof")
    nemesis.zero(path, path.stat().st_size // 2, 512)


@pytest.mark.long_runs(50)
@pytest.mark.parametrize("rot", [flip_the_head, flip_the_price, break_the_framing, zero_a_block])
async def test_f06_rotten_file(
    rot: Callable[[Valkey], Awaitable[None]],
    case: Case,
    engine_server: Valkey,
    database_url: str,
    scratch: Valkey,
) -> None:
    """A flipped bit is found by the fence and rebuilt from the journal; a file that can't be read starts no server."""
    async with site(case, engine_server, database_url) as running:
        load = await some_bids(running)
        await rot(engine_server)
        if rot in (flip_the_head, flip_the_price):
            await running.start_server()
        else:
            await starts_not(engine_server)
            with pytest.raises(EngineUnreachable):
                await running.engine.submit(running.auctions[0], a_bid(1, 99_000_000, "down"))
            shutil.rmtree(engine_server.directory / "appendonlydir")
            await running.start_server()
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=True)


async def starts_not(server: Valkey) -> None:
    """The server refuses to start on what it finds."""
    with pytest.raises(EmbeddedServerError):
        await asyncio.to_thread(server.start)


@pytest.mark.parametrize("lost", ["incr.aof", "base.rdb", "manifest", "everything"])
async def test_f07_lost_files(
    lost: str, case: Case, engine_server: Valkey, database_url: str, scratch: Valkey
) -> None:
    """Whatever file is gone: no bid is taken before the books are those of the journal, and the venue is told."""
    async with site(case, engine_server, database_url) as running:
        load = await some_bids(running)
        directory = engine_server.directory / "appendonlydir"
        if lost == "everything":
            shutil.rmtree(directory)
        else:
            the_file(engine_server, lost).unlink()
        try:
            await asyncio.to_thread(engine_server.start)
        except EmbeddedServerError:
            shutil.rmtree(directory)
            await running.start_server()
        answer = await running.engine.submit(running.auctions[0], a_bid(1, 99_000_000, "early"))
        assert answer.decision.reason == "suspended"
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=True)


async def flush(running: Site, client: redis.asyncio.Redis) -> None:
    """FLUSHALL by an administrator's client."""
    await client.flushall()


async def evict(running: Site, client: redis.asyncio.Redis) -> None:
    """The book of the hot auction is gone, as an eviction would have it."""
    auction = str(running.auctions[0])
    await client.delete(keys.book(keys.shard_of(auction), auction))


async def another_server(running: Site, client: redis.asyncio.Redis) -> None:
    """An empty server answers at the engine's address: a wrong database, a fresh replacement."""
    await asyncio.to_thread(running.server.stop)
    shutil.rmtree(running.server.directory)
    await running.start_server()
    await load_library(client)


async def yesterday(running: Site, client: redis.asyncio.Redis) -> None:
    """A copy of the files from before the last bids is put back."""
    await asyncio.to_thread(running.server.stop)
    put_back(running.server, running.case.directory / "yesterday")
    await running.start_server()


@pytest.mark.parametrize("lose", [flush, evict, another_server, yesterday])
async def test_f08_lost_or_old_books(
    lose: Callable[[Site, redis.asyncio.Redis], Awaitable[None]],
    case: Case,
    engine_server: Valkey,
    database_url: str,
    scratch: Valkey,
) -> None:
    """Emptied, evicted, replaced or set back under a running gateway, the shard is rebuilt before a bid counts."""
    async with (
        site(case, engine_server, database_url) as running,
        redis.asyncio.Redis.from_url(engine_server.url) as client,
    ):
        running.supervised = False
        load = running.load()
        async with load.running():
            await load.until_accepted(40)
        copied = case.directory / "yesterday"
        shutil.copytree(engine_server.directory / "appendonlydir", copied)
        async with load.running():
            await load.until_accepted(60)
        await load.settled()
        await running.project()
        await lose(running, client)
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=True)


async def test_bids_between_rot_and_its_discovery_are_stopped(
    case: Case, engine_server: Valkey, database_url: str
) -> None:
    """A book changed in memory is found out by the second opinion: the shard stops rather than go on wrongly."""
    async with (
        site(case, engine_server, database_url) as running,
        redis.asyncio.Redis.from_url(engine_server.url) as client,
    ):
        auction = running.auctions[0]
        await running.engine.submit(auction, a_bid(1, 10_000_000, "a"))
        book = keys.book(keys.shard_of(str(auction)), str(auction))
        old = await client.hget(book, "h")
        await running.engine.submit(auction, a_bid(2, 30_000_000, "b"))
        await client.hset(book, "h", old)
        assert msgspec.msgpack.decode(old)
        await running.engine.submit(auction, a_bid(3, 10_000_500, "c"))
        running.engine.gateway.unverify()
        with pytest.raises(ShardHalted):
            await running.engine.submit(auction, a_bid(4, 40_000_000, "d"))


async def test_an_entry_that_the_stream_refuses_changes_no_book(
    case: Case, engine_server: Valkey, database_url: str
) -> None:
    """Where the journal can't take the entry, the call ends before it has written anything else."""
    async with (
        site(case, engine_server, database_url, closes_in_ms=None) as running,
        redis.asyncio.Redis.from_url(engine_server.url) as client,
    ):
        await running.stop_projecting()
        auction = running.auctions[0]
        shard = keys.shard_of(str(auction))
        before = await dump(client, [shard])
        await client.xadd(keys.log(shard), {"x": "y"}, id="999999-0")
        with pytest.raises(EngineOutcomeUnknown):
            await running.engine.submit(auction, a_bid(1, 10_000_000, "refused"))
        assert await dump(client, [shard]) == before


async def test_a_rebuild_takes_no_batch_of_another_past(
    case: Case, engine_server: Valkey, database_url: str
) -> None:
    """A rebuild refuses a batch that does not continue the one before it."""
    async with (
        site(case, engine_server, database_url, closes_in_ms=None) as running,
        redis.asyncio.Redis.from_url(engine_server.url) as client,
    ):
        await running.stop_projecting()
        auction = str(running.auctions[0])
        shard = keys.shard_of(auction)
        # the one in the middle is refused: without it the last would be decided just the same
        for paddle, amount_fen in ((1, 10_000_000), (2, 5), (3, 10_000_100)):
            await running.engine.submit(running.auctions[0], a_bid(paddle, amount_fen))
        entries = [entry_of(shard, fields) for _, fields in await client.xrange(keys.log(shard))]
        with pytest.raises(AssertionError, match="DIFFERS"):
            await rebuild_elsewhere(client, {shard: [*entries[:-2], entries[-1]]})
