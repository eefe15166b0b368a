"""The embedded servers: start, stop, crash, start again; no orphans; clear words when they can't start."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
import redis

from kit.directory_lock import DirectoryLock
from kit.embedded import EmbeddedServerError, Postgres, Valkey
from kit.errors import InvalidInput

STARTER = """
import sys, time
from pathlib import Path
from kit.embedded import Postgres, Valkey
directory = Path(sys.argv[1])
with Postgres(directory / "pg", durable=False) as pg, Valkey(directory / "vk") as vk:
    print(pg.pid, vk.pid, flush=True)
    time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_servers_die_with_a_starter_that_was_killed(server_dir: Path) -> None:
    """A kill -9 of the process that started the servers leaves no server behind, and they start again."""
    directory = server_dir / "orphans"
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pids = [int(word) for word in starter.stdout.readline().split()]
    assert len(pids) == 2
    assert all(is_alive(pid) for pid in pids)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    deadline = time.monotonic() + 20
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a server outlived its starter"
        time.sleep(0.05)
    with Postgres(directory / "pg", durable=False) as pg, Valkey(directory / "vk") as vk:
        assert pg.pid not in pids
        assert vk.is_running()


def test_a_server_left_over_on_the_directory_is_ended_first(server_dir: Path) -> None:
    """A second server object on a directory whose first server still runs ends that one and takes over."""
    first = Valkey(server_dir / "takeover")
    first.start()
    old_pid = first.pid
    with Valkey(server_dir / "takeover") as second:
        assert second.pid != old_pid
        first.process.wait(10)  # type: ignore[union-attr]
        assert not is_alive(old_pid)


def test_what_was_acknowledged_survives_a_kill(server_dir: Path) -> None:
    """Valkey's answers and PostgreSQL's commits are there after kill -9 and a new start."""
    valkey, postgres = Valkey(server_dir / "killed-vk"), Postgres(server_dir / "killed-pg")
    valkey.start()
    postgres.start()
    client = redis.Redis(unix_socket_path=str(valkey.socket_path), decode_responses=True)
    client.set("bid", "1")
    client.close()

    async def run(statement: str) -> object:
        connection = await asyncpg.connect(postgres.url("postgres"))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    asyncio.run(run("CREATE TABLE kept AS SELECT 1 AS n"))
    valkey.kill()
    postgres.kill()
    with valkey, postgres:
        client = redis.Redis(unix_socket_path=str(valkey.socket_path), decode_responses=True)
        assert client.get("bid") == "1"
        client.close()
        assert asyncio.run(run("SELECT n FROM kept")) == 1


def test_a_directory_serves_one_starter_at_a_time(tmp_path: Path) -> None:
    """A data directory in use is refused with the holder's process id, and free again after release."""
    first, second = DirectoryLock(tmp_path), DirectoryLock(tmp_path)
    first.acquire()
    with pytest.raises(InvalidInput, match=f"in use by process {os.getpid()}"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A path below a file is refused with the path and what to do instead."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="--data-dir"):
        DirectoryLock(tmp_path / "file" / "data").acquire()
    with pytest.raises(InvalidInput, match="--data-dir"):
        Valkey(tmp_path / "file" / "data").start()
    with pytest.raises(InvalidInput, match="--data-dir"):
        Postgres(tmp_path / "file" / "data").start()


def test_a_server_that_cannot_start_says_why(server_dir: Path) -> None:
    """The last line of the server's log is in the message."""
    broken = Valkey(server_dir / "broken", options={"appendfsync": "sometimes"})
    with pytest.raises(EmbeddedServerError, match=r"exit code 1.*log: "):
        broken.start()
    assert not broken.is_running()


def test_an_interrupted_first_start_is_begun_again(server_dir: Path) -> None:
    """A half-made database cluster (the machine died during set-up) does not stop the next start."""
    directory = server_dir / "half"
    (directory / "data" / "base").mkdir(parents=True)
    (directory / "data" / "PG_VERSION").write_text("18\n")
    with Postgres(directory, durable=False) as postgres:
        assert postgres.is_running()


def test_stop_signals_are_the_gentle_ones() -> None:
    """PostgreSQL gets a fast shutdown, Valkey a shutdown with its data written."""
    assert Postgres._stop_signal == signal.SIGINT
    assert Valkey._stop_signal == signal.SIGTERM
