"""Settings, readiness, and the API as a process."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.library import load_library
from kit.embedded import Valkey
from marketplace.app import Resources, create_app, open_desk
from marketplace.settings import Settings, SettingsError, load_settings
from tests.make_people import MovableClock, client_of

REQUIRED = {
    "LUOCHUI_DATABASE_URL": "postgresql://u:s3cret@db/x",
    "LUOCHUI_REDIS_URL": "redis://:s3cret@engine:1/0",
}


def test_settings_come_from_the_environment() -> None:
    """Variables are read with their types, other programs' are left alone, and a flag wins."""
    given = REQUIRED | {"LUOCHUI_PORT": "9000", "PATH": "/bin", "LUOCHUI_HOST": ""}
    settings = load_settings(given, shards=None, session_hours=2)
    assert (settings.port, settings.host, settings.session_hours) == (9000, "127.0.0.1", 2)
    assert settings.origin == "http://127.0.0.1:9000"


def test_settings_show_no_password() -> None:
    """The printed settings name hosts and hide passwords."""
    shown = f"{load_settings(REQUIRED)} {load_settings(REQUIRED)!r}"
    assert "s3cret" not in shown
    assert "u:***@db/x" in shown


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (
            {"LUOCHUI_DATABSE_URL": "x"},
            "LUOCHUI_DATABSE_URL is not a setting; did you mean LUOCHUI_DATABASE_URL?",
        ),
        ({"LUOCHUI_PORT": "eighty"}, "LUOCHUI_PORT: "),
        ({"LUOCHUI_PORT": "70000"}, "LUOCHUI_PORT: "),
        ({"LUOCHUI_DURABILITY_MODE": "fast"}, "LUOCHUI_DURABILITY_MODE: "),
        ({"LUOCHUI_GRACE_MS": "0"}, "LUOCHUI_GRACE_MS: "),
        ({"LUOCHUI_PUBLIC_ORIGIN": "luochui.example"}, "LUOCHUI_PUBLIC_ORIGIN: "),
        ({"LUOCHUI_PUBLIC_ORIGIN": "https://luochui.example/"}, "LUOCHUI_PUBLIC_ORIGIN: "),
        ({"LUOCHUI_DATABASE_URL": ""}, "LUOCHUI_DATABASE_URL is not set"),
    ],
)
def test_wrong_settings_stop_the_start(extra: dict[str, str], message: str) -> None:
    """A misspelled, ill-typed or missing variable is named."""
    with pytest.raises(SettingsError) as caught:
        load_settings(REQUIRED | extra)
    assert caught.value.message.startswith(message)


@pytest.fixture
def own_valkey(server_dir: Path) -> Iterator[Valkey]:
    """An engine server that a test may end."""
    with Valkey(server_dir / "vk-process") as server:
        yield server


@pytest.fixture
async def ready(
    database_url: str, own_valkey: Valkey, clock: MovableClock
) -> AsyncIterator[Resources]:
    """Resources whose engine server has the library, and whose projector has just run."""
    async with redis.asyncio.Redis.from_url(own_valkey.url) as client:
        await load_library(client)
        seconds, _ = await client.time()
    async with open_desk(
        Settings(database_url=database_url, redis_url=own_valkey.url), clock=clock
    ) as opened:
        await opened.pool.execute("INSERT INTO engine.pulse (seen_ms) VALUES ($1)", seconds * 1000)
        yield opened


async def readiness(resources: Resources) -> tuple[int, dict[str, str]]:
    async with client_of(create_app(resources, routes=[])) as client:
        response = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200
    return response.status_code, response.json()["checks"]


async def test_ready_when_all_is_there(ready: Resources) -> None:
    """With database, engine, durability, library and projector in order, the answer is 200."""
    status, checks = await readiness(ready)
    assert status == 200, checks
    assert checks.keys() >= {"database", "engine", "durability", "library", "projector"}
    assert checks["durability"] == "ok: local"


async def test_not_ready_without_the_engine(ready: Resources, own_valkey: Valkey) -> None:
    """With the engine down the answer is 503 with the reason; when it is back, 200."""
    own_valkey.kill()
    status, checks = await readiness(ready)
    assert status == 503
    assert not checks["engine"].startswith("ok")
    assert checks["database"].startswith("ok")
    own_valkey.start()
    status, checks = await readiness(ready)
    assert status == 200, checks


async def test_not_ready_with_weak_durability(ready: Resources, own_valkey: Valkey) -> None:
    """A server that fsyncs once a second keeps less than `local` promises."""
    async with redis.asyncio.Redis.from_url(own_valkey.url) as client:
        await client.config_set("appendfsync", "everysec")
        status, checks = await readiness(ready)
    assert status == 503
    assert "appendfsync" in checks["durability"]


async def test_not_ready_with_another_library(ready: Resources, own_valkey: Valkey) -> None:
    """A server without this release's library is not given bids."""
    async with redis.asyncio.Redis.from_url(own_valkey.url) as client:
        await client.function_flush("SYNC")
        status, checks = await readiness(ready)
    assert status == 503
    assert not checks["library"].startswith("ok")


async def test_not_ready_with_a_projector_behind(ready: Resources) -> None:
    """A projector that has not been seen for longer than allowed is named with its lag."""
    await ready.pool.execute("UPDATE engine.pulse SET seen_ms = seen_ms - 60000")
    status, checks = await readiness(ready)
    assert status == 503
    assert "ms behind" in checks["projector"]


@pytest.mark.parametrize("how", ["stuck", "other epoch", "lost"])
async def test_not_ready_with_a_single_stuck_shard(
    how: str, ready: Resources, own_valkey: Valkey
) -> None:
    """One shard that is not journalled, or not where the journal is, is named though the projector lives."""
    await ready.pool.execute("INSERT INTO engine.shards (shard, epoch) VALUES (5, 1), (6, 1)")
    async with redis.asyncio.Redis.from_url(own_valkey.url) as client:
        for shard in (5, 6):
            await client.hset(keys.meta(shard), mapping={"epoch": "1", "seq": "0"})  # type: ignore[misc]
        assert (await readiness(ready))[1]["shards"] == "ok: 2 in use, 0 batches to journal"
        if how == "stuck":
            seconds, _ = await client.time()
            header = msgspec.msgpack.encode([1, 1, 1, seconds * 1000 - 60_000, "", "00" * 16])
            entry: dict[Any, Any] = {"m": header, "c": b"", "d": b"", "a": b""}
            await client.xadd(keys.log(5), entry, id="1-0")
            await client.hset(keys.meta(5), "seq", "1")  # type: ignore[misc]
            said = r"1 of 2 shards are stuck \(shard 5: 1 batches, 6\d,?\d+ ms behind\)"
        elif how == "other epoch":
            await client.hset(keys.meta(5), "epoch", "2")  # type: ignore[misc]
            said = "shard 5: the engine is in epoch 2, the journal in epoch 1"
        else:
            await client.hset(keys.meta(5), "seq", "3")  # type: ignore[misc]
            said = "shard 5: 3 batches are neither in the stream nor in the journal"
        status, checks = await readiness(ready)
        assert status == 503
        assert re.search(said, checks["shards"]), checks["shards"]
        assert checks["projector"].startswith("ok")
        await client.delete(keys.meta(5), keys.meta(6), keys.log(5))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


async def test_process_serves_until_sigterm(
    ready: Resources, own_valkey: Valkey, database_url: str, tmp_path: Path
) -> None:
    """The process answers, and at SIGTERM ends with 0, having let go of its connections."""
    key = tmp_path / "key"
    key.write_bytes(bytes(32))
    port = free_port()
    environment = os.environ | {
        "LUOCHUI_DATABASE_URL": database_url,
        "LUOCHUI_REDIS_URL": own_valkey.url,
        "LUOCHUI_PORT": str(port),
        "LUOCHUI_SIGNING_KEY_PATH": str(key),
    }
    code = "from marketplace.app import serve; from marketplace.settings import load_settings; serve(load_settings())"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
            asyncio.timeout(30),
        ):
            while True:
                try:
                    response = await client.get("/healthz")
                    break
                except httpx.ConnectError:
                    assert process.returncode is None, (await process.communicate())[1].decode()
                    await asyncio.sleep(0.05)
            assert response.json() == {"status": "alive"}
            assert "server" not in response.headers
            assert (await client.get("/docs")).status_code == 200
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        assert b"Traceback" not in errors
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
