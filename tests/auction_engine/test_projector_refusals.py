"""What PostgreSQL refuses by itself: changed records, forks, gaps, late bids, and results that change."""

from uuid import UUID

import asyncpg
import pytest

from auction_engine.projector import Projector
from tests.auction_engine.make_engine import AUCTION
from tests.auction_engine.make_journal import SHARD, JournalWriter, a_story


async def test_stored_records_can_not_be_changed_or_removed(
    database: asyncpg.Pool, database_url: str, writer: JournalWriter, projector: Projector
) -> None:
    """Neither the application nor the owner of the tables may update, delete or truncate the journal."""
    await a_story(writer)
    await projector.project(SHARD)
    owner = await asyncpg.connect(database_url)
    for table in ("batches", "bids", "refusals", "checkpoints", "tree_nodes", "auction_batches"):
        for sql in (f"UPDATE engine.{table} SET shard = 1", f"DELETE FROM engine.{table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await database.execute(sql)
            with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
                await owner.execute(sql)
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await owner.execute(f"TRUNCATE engine.{table} CASCADE")
    for table in ("shards", "auctions"):
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await owner.execute(f"DELETE FROM engine.{table}")
    await owner.close()


BAD_BATCHES = {
    "gap": {"seq": "b.seq + 2"},
    "fork": {"previous_head": "repeat('0', 40)"},
    "forked chain": {
        "previous_chain": "sha256('x')",
        "chain": "sha256(sha256('x') || header_hash || leaf_root)",
    },
    "chain that is not computed": {"chain": "sha256('x')"},
    "falling clock": {"decided_ms": "b.decided_ms - 1"},
    "old epoch": {"epoch": "b.epoch - 1"},
    "future epoch": {"epoch": "b.epoch + 1"},
    "repeated sequence": {"seq": "b.seq"},
}


@pytest.mark.parametrize("case", BAD_BATCHES)
async def test_the_database_refuses_a_bad_batch_by_itself(
    case: str, database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """Whatever a program does, this batch does not get into the journal."""
    await a_story(writer)
    await projector.project(SHARD)
    values = {
        "shard": "b.shard",
        "seq": "b.seq + 1",
        "epoch": "b.epoch",
        "decided_ms": "b.decided_ms",
        "head": "repeat('a', 40)",
        "chain": "sha256(b.chain || header_hash || leaf_root)",
        "header_hash": "header_hash",
        "leaf_root": "leaf_root",
        "commands_count": "1",
        "header": "header",
        "commands": "commands",
        "decisions": "decisions",
        "auctions": "auctions",
        "previous_epoch": "b.epoch",
        "previous_decided_ms": "b.decided_ms",
        "previous_head": "b.head",
        "previous_chain": "b.chain",
    }
    statement = (
        "INSERT INTO engine.batches ({}) SELECT {} FROM engine.batches b ORDER BY seq DESC LIMIT 1"
    )
    good = statement.format(", ".join(values), ", ".join(values.values()))
    bad = statement.format(", ".join(values), ", ".join((values | BAD_BATCHES[case]).values()))
    with pytest.raises((asyncpg.IntegrityConstraintViolationError, asyncpg.SerializationError)):
        await database.execute(bad)
    await database.execute(good)


BAD_BIDS = {
    "gap": {"seq": "b.seq + 2"},
    "repeated sequence": {"seq": "b.seq"},
    "falling price": {"price_after_fen": "b.price_after_fen - 1"},
    "invented previous price": {"previous_price_key": "1"},
    "after the end": {"at_ms": "b.ends_at_after_ms", "decided_ms": "b.ends_at_after_ms"},
    "decided before it entered": {"at_ms": "b.decided_ms + 1"},
    "older than the grace": {"at_ms": "b.decided_ms - 2001"},
    "shown maximum": {"action": "'proxy'"},
    "amount above the bound": {"amount_fen": "10000000000001"},
    "id used twice": {"bid_id": "'a1'"},
    "no such auction": {"auction_id": "gen_random_uuid()"},
    "no such batch": {"batch_seq": "999"},
}


@pytest.mark.parametrize("case", BAD_BIDS)
async def test_the_database_refuses_a_bad_bid_by_itself(
    case: str, database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """Whatever a program does, this row does not become an accepted bid."""
    await a_story(writer)
    await projector.project(SHARD)
    values = {
        "auction_id": "b.auction_id",
        "seq": "b.seq + 1",
        "shard": "b.shard",
        "batch_seq": "b.batch_seq",
        "batch_index": "77",
        "paddle": "1",
        "action": "'bid'",
        "amount_fen": "b.price_after_fen + 1",
        "bid_id": "'new'",
        "decided_ms": "b.decided_ms",
        "at_ms": "b.decided_ms",
        "price_after_fen": "b.price_after_fen + 1",
        "leader_after": "1",
        "ends_at_after_ms": "b.ends_at_after_ms",
        "previous_price_key": "b.price_key",
        "previous_ends_key": "b.ends_key",
    }
    statement = (
        "INSERT INTO engine.bids ({}) SELECT {} FROM engine.bids b"
        f" WHERE auction_id = '{AUCTION}' ORDER BY seq DESC LIMIT 1"
    )
    good = statement.format(", ".join(values), ", ".join(values.values()))
    bad = statement.format(", ".join(values), ", ".join((values | BAD_BIDS[case]).values()))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await database.execute(bad)
    await database.execute(good)


async def test_a_final_auction_stays_as_it_is(
    database: asyncpg.Pool, writer: JournalWriter, projector: Projector
) -> None:
    """A result is written once; status, result and sequence can't go back."""
    await a_story(writer)
    await projector.project(SHARD)
    for change in (
        "final = false, result = NULL",
        "status = 'cancelled'",
        "result = '{}'",
        "seq = seq - 1",
        "decided_ms = 0",
        "profile_hash = repeat('0', 64)",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await database.execute(
                f"UPDATE engine.auctions SET batch_seq = batch_seq + 1, {change} WHERE auction_id = $1",
                UUID(AUCTION),
            )
