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
from tests.tracing import pytest_runtest_protocol  # noqa: F401 - a hook
from tests.wall_clock import (  # noqa: F401 - hooks
    pytest_runtest_logreport,
    pytest_sessionfinish,
)

_numbers = itertools.count(1)
#: No rollback gives a sequence its numbers back; only its owner does.
_RESTART_SEQUENCES = """
SET ROLE none;
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
  FROM pg_sequences WHERE last_value IS NOT NULL;
RESET ROLE
"""

#: A test that commits has a database of its own, over a thousand small files that are made and deleted: on some disks
#: that takes longer than the test. Nothing of it has to last, so it lies in memory where there is enough.
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
    await admin.execute(_clone(name, template_database))
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


@pytest.fixture(scope="session")
async def rolled_back(postgres: Postgres, template_database: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool on the database of all tests that roll back whatever they did: at the end, nothing may have stayed."""
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(_clone("rolled_back", template_database))
    await admin.close()
    before = await _rows(postgres.url("rolled_back"))
    async with asyncpg.create_pool(
        postgres.url("rolled_back"), min_size=1, max_size=2, server_settings=dict(ENGINE)
    ) as pool:
        yield pool
    assert await _rows(postgres.url("rolled_back")) == before, "a test of `conn` committed rows"


async def _rows(url: str) -> dict[str, str]:
    """What each table holds, as a digest."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        digest = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} t"
        return {
            row["name"]: await connection.fetchval(digest.format(row["name"])) for row in tables
        }
    finally:
        await connection.close()


def _clone(name: str, template: str) -> str:
    """The statement that clones a database: to copy files takes two thirds of what it takes to log each page."""
    return f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"


@pytest.fixture
def conn_pool(request: pytest.FixtureRequest) -> asyncpg.Pool:
    """Where `conn` comes from: the database of this test's own if it has one, else the one that they share."""
    has_own = "database_url" in request.fixturenames
    pool: asyncpg.Pool = request.getfixturevalue("database" if has_own else "rolled_back")
    return pool


@pytest.fixture
async def conn(conn_pool: asyncpg.Pool) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
    """One connection inside a transaction that is rolled back when the test ends."""
    async with conn_pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()
        await connection.execute(_RESTART_SEQUENCES)


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
