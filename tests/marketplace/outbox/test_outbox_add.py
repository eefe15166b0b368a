"""The outbox takes events in the transaction of their change."""

from datetime import datetime
from uuid import UUID

import msgspec
import pytest

from kit.ids import uuid7
from kit.sql import Pool
from marketplace.outbox import service as outbox


class LotListed(msgspec.Struct, frozen=True, tag="lot_listed"):
    lot_id: UUID


class Untagged(msgspec.Struct):
    lot_id: UUID


async def test_event_is_there_with_its_change(database: Pool, now: datetime) -> None:
    """What is committed brings its event, due at once; what is rolled back brings none."""
    event = LotListed(lot_id=uuid7(now))
    async with database.acquire() as conn:
        async with conn.transaction():
            event_id = await outbox.add(conn, event, now=now)
        undone = conn.transaction()
        await undone.start()
        await outbox.add(conn, event, now=now)
        await undone.rollback()
    row = await database.fetchrow("SELECT * FROM market.outbox")
    assert row is not None
    assert (row["id"], row["kind"], row["state"], row["next_attempt_at"]) == (
        event_id,
        "lot_listed",
        "pending",
        now,
    )
    assert msgspec.json.decode(row["payload"], type=LotListed) == event
    assert await database.fetchval("SELECT count(*) FROM market.outbox") == 1


async def test_event_needs_a_tag(database: Pool, now: datetime) -> None:
    """An event that could not be told apart from others is a programming error."""
    async with database.acquire() as conn, conn.transaction():
        with pytest.raises(AssertionError, match="tag"):
            await outbox.add(conn, Untagged(lot_id=uuid7(now)), now=now)
