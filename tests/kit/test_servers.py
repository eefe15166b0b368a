"""The embedded servers."""

import asyncpg
import redis.asyncio


async def test_both_servers_answer(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis
) -> None:
    """A migrated database and a durable engine server are there for every test."""
    assert await database.fetchval("SELECT current_user") == "luochui_engine"
    config = await engine_redis.config_get("appendfsync")
    assert config == {"appendfsync": "always"}
