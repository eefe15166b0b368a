"""Real servers for the tests: started once a test process, on Unix sockets, gone when the process ends."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from kit.embedded import Postgres, Valkey
from kit.migrate import migrate
from kit.reach import ENGINE
from tests.faults.reporting import (  # noqa: F401 - hooks: options are only read from this file
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_configure_node,
    pytest_terminal_summary,
    pytest_testnodedown,
)
from tests.wall_clock import (  # noqa: F401 - hooks
    pytest_runtest_logreport,
    pytest_sessionfinish,
)

_numbers = itertools.count(1)


#: Every test has a database of its own, over a thousand small files that are made and deleted: on some disks that
#: takes longer than the tests. Nothing of it has to last, so it lies in memory where there is enough.
_MEMORY, _MEMORY_MIN = Path("/dev/shm"), 2 * 1024**3


@contextmanager
def _directory(parent: Path | None = None) -> Iterator[Path]:
    """A directory that PostgreSQL's own user can reach, also when the tests run as root."""
    directory = Path(tempfile.mkdtemp(prefix="luochui-test-", dir=parent))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    """A directory for servers, on the disk."""
    with _directory() as directory:
        yield directory


@pytest.fixture(scope="session")
async def durable_template(server_dir: Path) -> Path:
    """The directory of a stopped PostgreSQL with a migrated database `luochui`, to be copied."""
    directory = server_dir / "pg-template"
    with Postgres(directory) as server:
        connection = await asyncpg.connect(server.url("postgres"))
        await connection.execute("CREATE DATABASE luochui")
        await connection.close()
        migrate(server.url())
    return directory


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """An embedded PostgreSQL without fsync; durability has tests of its own."""
    fits = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _MEMORY_MIN
    with (
        _directory(_MEMORY if fits else None) as directory,
        Postgres(directory / "pg", durable=False) as server,
    ):
        yield server


@pytest.fixture(scope="session")
async def template_database(postgres: Postgres) -> str:
    """A database built by the real migrations, cloned for each test."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    await connection.execute("CREATE DATABASE template_luochui")
    await connection.close()
    migrate(postgres.url("template_luochui"))
    return "template_luochui"


@pytest.fixture
async def database_url(postgres: Postgres, template_database: str) -> AsyncIterator[str]:
    """The URL of a fresh migrated database of this test's own (superuser; the application sets its role)."""
    name = f"test_{next(_numbers)}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield postgres.url(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool on this test's own database, working as the application's role."""
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=10, server_settings=dict(ENGINE)
    ) as pool:
        yield pool


@pytest.fixture
async def conn(database: asyncpg.Pool) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
    """One connection inside a transaction that is rolled back when the test ends."""
    async with database.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()


@pytest.fixture(scope="session")
def valkey(server_dir: Path) -> Iterator[Valkey]:
    """An embedded Valkey with the append-only file and an fsync before every answer."""
    with Valkey(server_dir / "vk") as server:
        yield server


@pytest.fixture
async def engine_redis(valkey: Valkey) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of an emptied Valkey (functions included)."""
    client = redis.asyncio.Redis.from_url(valkey.url)
    await client.flushall()
    await client.function_flush("SYNC")
    yield client
    await client.aclose()


@pytest.fixture
def now() -> datetime:
    """The instant at which a test takes place."""
    return datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
