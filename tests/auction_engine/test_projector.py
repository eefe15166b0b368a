"""The projector on real servers: every batch once, in order, whatever happens; and what the database itself refuses."""

import asyncio
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import redis.asyncio

from auction_engine import keys, log_tree
from auction_engine.checkpoints import open_checkpoint
from auction_engine.errors import CheckpointInconsistent, JournalBroken
from auction_engine.journal import Entry, encode_rows
from auction_engine.log_tree import SQL
from auction_engine.merkle import Tree, leaf_hash
from auction_engine.projector import Projector
from auction_engine.rules.commands import Command
from kit.clock import system_clock
from kit.embedded import Postgres, Valkey
from kit.reach import ENGINE
from tests.auction_engine.make_engine import AUCTION, OTHER_AUCTION, a_bid, a_key, until
from tests.auction_engine.make_journal import (
    END_MS,
    NOW,
    OPENS_MS,
    SHARD,
    JournalWriter,
    a_creation,
    a_story,
)
from tests.faults.cluster import copied


async def rows(database: asyncpg.Pool, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await database.fetch(sql, *arguments)]


async def test_batches_become_rows_state_and_tree(
    database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """Accepted and refused commands, the public state, the result and the tree are what the journal says."""
    await a_story(writer)
    assert await projector.project(SHARD) == writer.seq
    accepted = await rows(
        database,
        "SELECT seq, paddle, action, amount_fen, bid_id, price_after_fen, leader_after"
        " FROM engine.bids WHERE auction_id = $1 ORDER BY seq",
        UUID(AUCTION),
    )
    assert accepted == [
        (0, None, "create", None, None, None, None),
        (1, 1, "bid", 10_000_000, "a1", 10_000_000, 1),
        (2, 2, "proxy", None, "p", 10_100_000, 2),
        (3, 1, "bid", 12_000_000, "a2", 12_100_000, 2),
        (4, None, "suspend", None, None, 12_100_000, 2),
        (5, None, "resume", None, None, 12_100_000, 2),
    ]
    refused = await rows(
        database,
        "SELECT paddle, action, amount_fen, code, minimum_fen, decided_ms - at_ms FROM engine.refusals",
    )
    assert refused == [(1, "bid", 10_000_000, "below_minimum", 10_200_000, 3)]
    (state,) = await rows(
        database,
        "SELECT status, price_fen, leader, seq, bids, bidders, final, result, ends_at_ms"
        " FROM engine.auctions WHERE auction_id = $1",
        UUID(AUCTION),
    )
    assert state[:7] == ("closed", 12_100_000, 2, 5, 3, 2, True)
    result = json.loads(state[7])
    assert (result["outcome"], result["winner"], result["price_fen"]) == ("sold", 2, 12_100_000)
    assert state[8] == END_MS + 500
    chains = await rows(database, "SELECT chain FROM engine.batches ORDER BY seq")
    tree = Tree([leaf_hash(chain) for (chain,) in chains])
    assert await log_tree.root(database, SHARD, size=writer.seq) == tree.root()  # type: ignore[arg-type]


async def test_hidden_maxima_and_reserve_stand_in_no_readable_column(
    database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """A maximum and a reserve are found nowhere in the database but inside the journal's bytes."""
    creation = a_creation(reserve_price_fen=7_777_777_000_001)
    await writer.write(OPENS_MS - 1, (AUCTION, creation))
    maximum = Command(do="proxy", paddle=1, value=8_888_888_000_001)
    refused = Command(do="proxy", paddle=2, value=6_666_666_000_001)
    await writer.write(OPENS_MS + 5000, (AUCTION, maximum), (AUCTION, refused))
    await projector.project(SHARD)
    for table in ("auctions", "bids", "refusals", "epochs", "checkpoints", "shards"):
        text = str(await rows(database, f"SELECT * FROM engine.{table}"))
        assert "8888888000001" not in text
        assert "6666666000001" not in text
        if table not in ("auctions", "bids"):  # the price is the reserve once it is met
            assert "7777777000001" not in text


async def test_projecting_again_changes_nothing(
    database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """A second projector with an empty memory, and the same one again, find nothing left to do."""
    await a_story(writer)
    await projector.project(SHARD)
    before = await rows(database, "SELECT * FROM engine.auctions ORDER BY auction_id")
    again = Projector(database, writer._client, key=a_key(), clock=lambda: NOW)
    assert await again.project(SHARD) == 0
    assert await projector.project(SHARD) == 0
    assert await rows(database, "SELECT * FROM engine.auctions ORDER BY auction_id") == before


async def test_watchers_are_notified_after_the_commit(
    database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """Each touched auction is named on the channel, once its state can be read."""
    heard: list[str] = []
    async with database.acquire() as listening:
        await listening.add_listener(
            "luochui_auction", lambda _c, _p, _ch, payload: heard.append(str(payload))
        )
        await a_story(writer)
        await projector.project(SHARD)
        await until(lambda: len(set(heard)) == 2)
        await listening.reset()
    assert set(heard) == {AUCTION, OTHER_AUCTION}


async def test_two_projectors_at_once_write_each_batch_once(
    database: asyncpg.Pool, writer: JournalWriter, engine_redis: redis.asyncio.Redis
) -> None:
    """Projectors that race for the same shard share the work; nothing is written twice or left out."""
    projectors = [
        Projector(database, engine_redis, key=a_key(), clock=lambda: NOW) for _ in range(3)
    ]
    await writer.write(OPENS_MS, (AUCTION, a_creation()))
    for number in range(300):
        bid = a_bid(1 + number % 2, 10_000_000 + 100_000 * number, f"b{number}")
        await writer.write(OPENS_MS + 1000 + number, (AUCTION, bid))
        if number % 20 == 0:
            await asyncio.gather(*(p.project(SHARD) for p in projectors))
    counts = await asyncio.gather(*(p.project(SHARD) for p in projectors))
    assert sum(counts) <= 301
    (seqs,) = await rows(database, "SELECT array_agg(seq ORDER BY seq) FROM engine.batches")
    assert seqs[0] == list(range(1, 302))
    (bids,) = await rows(database, "SELECT array_agg(seq ORDER BY seq) FROM engine.bids")
    assert bids[0] == list(range(301))


CRASHING = """
    import asyncio, sys
    from datetime import UTC, datetime
    import asyncpg, redis.asyncio
    from auction_engine.projector import Projector
    from kit.reach import ENGINE
    from tests.auction_engine.make_engine import a_key

    async def main():
        database, server, shard = sys.argv[1:]
        client = redis.asyncio.Redis.from_url(server)
        async with asyncpg.create_pool(
            database, min_size=1, max_size=3, server_settings=dict(ENGINE)
        ) as pool:
            projector = Projector(
                pool, client, key=a_key(), clock=lambda: datetime(2026, 11, 2, tzinfo=UTC), tail_batches=2
            )
            await projector.project(int(shard))

    asyncio.run(main())
"""


@pytest.mark.parametrize(
    "point",
    [
        "projector.before_commit",
        "projector.after_commit",
        "projector.before_trim",
        "projector.before_checkpoint",
    ],
)
async def test_killed_between_steps_leaves_no_gap_and_no_repeat(
    point: str,
    database_url: str,
    database: asyncpg.Pool,
    writer: JournalWriter,
    projector: Projector,
    valkey: Valkey,
) -> None:
    """A projector that dies at this step is continued by the next one as if nothing had happened."""
    await a_story(writer)
    died = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(CRASHING), database_url, valkey.url, str(SHARD)],
        env=os.environ | {"LUOCHUI_FAILPOINTS": f"{point}=exit"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    assert died.returncode == 137, died.stderr.decode()
    await projector.project(SHARD)
    (seqs,) = await rows(database, "SELECT array_agg(seq ORDER BY seq) FROM engine.batches")
    assert seqs[0] == list(range(1, writer.seq + 1))
    assert await database.fetchval(
        "SELECT final FROM engine.auctions WHERE auction_id = $1", UUID(AUCTION)
    )


@pytest.fixture
async def kept_database(durable_template: Path, tmp_path: Path) -> AsyncIterator[asyncpg.Pool]:
    """A database that keeps what it commits: behind another one nothing leaves the stream."""
    with Postgres(copied(durable_template, tmp_path / "pg")) as server:
        async with asyncpg.create_pool(
            server.url(), min_size=0, max_size=4, server_settings=dict(ENGINE)
        ) as pool:
            await pool.execute("INSERT INTO engine.shards (shard, epoch) VALUES ($1, 1)", SHARD)
            yield pool


async def test_the_stream_is_trimmed_only_below_the_position_and_keeps_a_tail(
    kept_database: asyncpg.Pool, writer: JournalWriter, engine_redis: redis.asyncio.Redis
) -> None:
    """Only what PostgreSQL holds may leave the stream, and the last batches stay all the same."""
    await a_story(writer)
    projector = Projector(
        kept_database, engine_redis, key=a_key(), clock=lambda: NOW, tail_batches=3, tail_ms=0
    )
    await projector.project(SHARD)
    left = [entry_id for entry_id, _ in await engine_redis.xrange(keys.log(SHARD))]
    assert left == [b"%d-0" % n for n in range(writer.seq - 2, writer.seq + 1)]
    assert await engine_redis.hget(keys.meta(SHARD), "journalled") == b"%d" % writer.seq  # type: ignore[misc]


async def test_a_gap_in_the_stream_stops_the_projection(
    writer: JournalWriter, projector: Projector, engine_redis: redis.asyncio.Redis
) -> None:
    """A missing batch is an alarm, never skipped."""
    await a_story(writer)
    await engine_redis.xdel(keys.log(SHARD), "3-0")
    with pytest.raises(JournalBroken, match="batch 3 is missing"):
        await projector.project(SHARD)


async def test_a_decision_that_the_rules_do_not_give_stops_the_projection(
    database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """What an engine decided against the rules is not written down as if it were right."""
    await writer.write(OPENS_MS, (AUCTION, a_creation()))
    honest = writer.decide(OPENS_MS + 1000, (AUCTION, a_bid(1, 10_000_000)))
    forged = Entry(
        SHARD,
        honest.header_bytes,
        honest.commands_bytes,
        encode_rows([[1, 1, 99_000_000, 1, END_MS]]),
        honest.auctions_bytes,
    )
    await writer.append(forged)
    with pytest.raises(JournalBroken, match="command 0: the engine decided"):
        await projector.project(SHARD)
    assert await database.fetchval("SELECT seq FROM engine.shards WHERE shard = $1", SHARD) == 0
    assert await database.fetchval("SELECT count(*) FROM engine.batches") == 0, "all or nothing"


async def test_a_fork_is_refused(writer: JournalWriter, projector: Projector) -> None:
    """A batch that continues another head than the journal's is refused."""
    await writer.write(OPENS_MS, (AUCTION, a_creation()))
    await projector.project(SHARD)
    writer.head = "0" * 40
    await writer.write(OPENS_MS + 1000, (AUCTION, a_bid(1, 10_000_000)))
    with pytest.raises(JournalBroken, match="continues 0000"):
        await projector.project(SHARD)


async def test_an_old_epoch_can_not_get_a_batch_journalled(
    database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """Once the fence has begun a new epoch, what a server of the old one decides stays out of the journal."""
    await writer.write(OPENS_MS, (AUCTION, a_creation()))
    await projector.project(SHARD)
    await database.execute("UPDATE engine.shards SET epoch = 2 WHERE shard = $1", SHARD)
    await writer.write(OPENS_MS + 1000, (AUCTION, a_bid(1, 10_000_000)))
    with pytest.raises(JournalBroken, match="epoch 1, the shard is in epoch 2"):
        await projector.project(SHARD)


async def test_the_position_survives_a_loop_that_is_stopped(
    database: asyncpg.Pool, writer: JournalWriter, engine_redis: redis.asyncio.Redis
) -> None:
    """The running loop finds new batches by itself, beats the engine's clock, and stops when told."""
    projector = Projector(database, engine_redis, key=a_key(), clock=system_clock)
    stop = asyncio.Event()
    loop = asyncio.create_task(projector.run(stop))
    await a_story(writer)

    async def is_projected() -> bool:
        seq: int = await database.fetchval("SELECT max(seq) FROM engine.shards")
        return seq == writer.seq

    await until(is_projected)
    stop.set()
    await loop
    assert await database.fetchval(SQL["pulse"]) > OPENS_MS


async def test_a_server_with_a_clock_ahead_leaves_no_pulse(
    database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """What a server's wrong clock shows is not kept: a rebuild would stop auctions in the future by it."""
    stop = asyncio.Event()
    loop = asyncio.create_task(projector.run(stop))  # its own clock is weeks behind the server's
    await a_story(writer)

    async def is_projected() -> bool:
        seq: int = await database.fetchval("SELECT max(seq) FROM engine.shards")
        return seq == writer.seq

    await until(is_projected)
    stop.set()
    await loop
    assert await database.fetchval(SQL["pulse"]) == 0


async def test_a_broken_shard_does_not_hold_up_the_others(
    database: asyncpg.Pool, writer: JournalWriter, engine_redis: redis.asyncio.Redis
) -> None:
    """While one shard's journal has a hole, the loop goes on with the other shards."""
    await database.execute("INSERT INTO engine.shards (shard, epoch) VALUES (6, 1)")
    other = JournalWriter(engine_redis, 6)
    await a_story(writer)
    await engine_redis.xdel(keys.log(SHARD), "1-0")
    stop = asyncio.Event()
    projector = Projector(database, engine_redis, key=a_key(), clock=lambda: NOW)
    loop = asyncio.create_task(projector.run(stop))
    auction = "0192f0c1-2f6a-7c3e-9b1a-000000000009"
    await other.write(OPENS_MS, (auction, a_creation()))

    async def is_projected() -> bool:
        return bool(await database.fetchval("SELECT seq FROM engine.shards WHERE shard = 6") == 1)

    await until(is_projected)
    assert await database.fetchval("SELECT seq FROM engine.shards WHERE shard = $1", SHARD) == 0
    stop.set()
    await loop


async def test_checkpoints_are_signed_at_the_close_and_prove_each_other(
    database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """Closing an auction signs a checkpoint that opens with the venue's key and continues the one before."""
    await a_story(writer)
    await projector.project(SHARD)
    (note,) = await rows(database, "SELECT note FROM engine.checkpoints")
    origin = a_key().origin(SHARD)
    checkpoint = open_checkpoint(note[0], origin=origin, public_key=a_key().public_key)
    assert checkpoint.size == writer.seq
    async with database.acquire() as conn, conn.transaction():
        assert await log_tree.sign_checkpoint(conn, SHARD, key=a_key(), now=NOW) is None
    await writer.write(END_MS + 9000, (OTHER_AUCTION, Command(do="tick")))
    await projector.project(SHARD)
    assert await database.fetchval("SELECT count(*) FROM engine.checkpoints") == 2


async def test_no_checkpoint_is_signed_over_a_rewritten_log(
    database: asyncpg.Pool, database_url: str, writer: JournalWriter, projector: Projector
) -> None:
    """When a database administrator has changed a stored hash, the next checkpoint is refused."""
    await a_story(writer)
    await projector.project(SHARD)
    owner = await asyncpg.connect(database_url)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(
        "UPDATE engine.tree_nodes SET hash = sha256('x') WHERE level = 1 AND index = 0"
    )
    await owner.execute(
        "UPDATE engine.tree_nodes SET hash = sha256('y') WHERE level = 3 AND index = 0"
    )
    await owner.close()
    await writer.write(END_MS + 9000, (OTHER_AUCTION, Command(do="tick")))
    with pytest.raises(CheckpointInconsistent):
        await projector.project(SHARD)
