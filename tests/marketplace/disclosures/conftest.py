"""A stage for each test, on the real servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from kit.embedded import Valkey
from tests.make_stage import Stage, open_stage


@pytest.fixture
async def stage(
    database_url: str, valkey: Valkey, engine_redis: redis.asyncio.Redis, tmp_path: Path
) -> AsyncIterator[Stage]:
    """Application, engine and people."""
    async with open_stage(database_url, valkey.url, tmp_path) as opened:
        yield opened
