"""A journal to read, and the projector that reads it."""

import asyncpg
import pytest
import redis.asyncio

from auction_engine.projector import Projector
from tests.auction_engine.make_engine import a_key
from tests.auction_engine.make_journal import NOW, SHARD, JournalWriter


@pytest.fixture
async def writer(engine_redis: redis.asyncio.Redis, database: asyncpg.Pool) -> JournalWriter:
    """A journal of a shard that is in its first epoch."""
    await database.execute("INSERT INTO engine.shards (shard, epoch) VALUES ($1, 1)", SHARD)
    return JournalWriter(engine_redis)


@pytest.fixture
async def projector(database: asyncpg.Pool, engine_redis: redis.asyncio.Redis) -> Projector:
    return Projector(database, engine_redis, key=a_key(), clock=lambda: NOW)
