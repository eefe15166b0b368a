"""Everything that `luochui up` and `luochui demo` start: embedded servers, and one process of each kind.

The starter owns the data directory (a lock says so), the servers and the processes; the kernel ends them with it.
Real servers are used instead where URLs are given.
"""

import asyncio
import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import asyncpg
import redis
import uvloop

from auction_engine.durability import default_mode
from auction_engine.errors import EngineUnreachable
from auction_engine.servers import Servers
from kit.directory_lock import DirectoryLock
from kit.embedded import Postgres, Valkey
from kit.errors import InvalidInput, LuochuiError
from kit.migrate import migrate
from marketplace.administrator import ensure_administrator

PROCESSES = ("api", "projector", "worker")
_READY_SECONDS = 60
_STOP_SECONDS = 15
_PROBE_SECONDS = 5
_RESTART_PAUSE_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
ServerT = TypeVar("ServerT", Postgres, Valkey)


class StackError(LuochuiError):
    """The system could not be started. / 系统无法启动。"""

    code = "stack"


class Stack:
    """The running system on one machine. Use as a context manager, or `start` and `stop`."""

    def __init__(
        self,
        data_dir: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        database_url: str | None = None,
        redis_url: str | None = None,
        durability: str | None = None,
        degrade_to: str | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.host = host
        self.port = port
        self._lock = DirectoryLock(self.data_dir)
        self._postgres = None if database_url else Postgres(self.data_dir / "postgres")
        # `relaxed` is there to show what an fsync costs, so the embedded server leaves it out as well
        relaxed = {"appendfsync": "everysec"} if durability == "relaxed" else {}
        self._engine = None if redis_url else Valkey(self.data_dir / "engine", options=relaxed)
        #: The durability mode in use, once started.
        self.durability = durability or "local"
        self._durability = durability
        self._degrade_to = degrade_to
        # The queue never shares a server with the engine: losing it loses nothing (reliability T58).
        self._queue = Valkey(self.data_dir / "queue", options={"maxmemory": "256mb"})
        self._database_url = database_url
        self._redis_url = redis_url
        self._extra = environment or {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ended_at: dict[str, float] = {}

    @property
    def base_url(self) -> str:
        """Where the pages and the API answer."""
        return f"http://{self.host}:{self.port}"

    @property
    def database_url(self) -> str:
        """The database in use."""
        return self._database_url or self._existing(self._postgres).url()

    @property
    def redis_url(self) -> str:
        """The bid engine's server in use."""
        return self._redis_url or self._existing(self._engine).url

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start servers, bring the database up to date, start the processes, wait until all are ready."""
        self._lock.acquire()
        self.port = self._free_port()
        for server in (self._postgres, self._engine, self._queue):
            if server is not None:
                server.start()
        if self._postgres is not None:
            uvloop.run(_create_database(self._postgres.url("postgres")))
        self.durability = uvloop.run(
            _require_answers(self.database_url, self.redis_url, self._durability)
        )
        migrate(self.database_url)
        self._signing_key()
        uvloop.run(ensure_administrator(self.database_url, self.data_dir))
        for name in PROCESSES:
            self._spawn(name)
        self._await_ready()

    def stop(self) -> None:
        """Stop the processes, then the servers, in good order."""
        for process in reversed(self._processes.values()):
            if process.poll() is None:
                process.terminate()
        for process in self._processes.values():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        for server in (self._queue, self._engine, self._postgres):
            if server is not None:
                server.stop()
        self._lock.release()

    def supervise_once(self, report: Callable[[str], None] | None = None) -> None:
        """Start again whatever has died, not more often than once a second each."""
        for server in (self._postgres, self._engine, self._queue):
            if server is not None and not server.is_running():
                _tell(report, f"{server.name} ended; starting it again")
                server.start()
        for name, process in list(self._processes.items()):
            if process.poll() is None:
                continue
            first_seen = self._ended_at.setdefault(name, time.monotonic())
            if time.monotonic() - first_seen >= _RESTART_PAUSE_SECONDS:
                _tell(report, f"{name} ended with code {process.returncode}; starting it again")
                del self._ended_at[name]
                self._spawn(name)

    def process_ids(self) -> dict[str, int]:
        """The process ids of what runs, by name."""
        found = {name: process.pid for name, process in self._processes.items()}
        for name, server in (
            ("postgres", self._postgres),
            ("engine", self._engine),
            ("queue", self._queue),
        ):
            if server is not None and server.is_running():
                found[name] = server.pid
        return found

    def log_path(self, name: str) -> Path:
        """The log of one process."""
        return self.data_dir / "logs" / f"{name}.log"

    def settings_environment(self) -> dict[str, str]:
        """The environment in which a process of this system runs."""
        inherited = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("LUOCHUI_") or k == "LUOCHUI_FAILPOINTS"
        }
        return (
            inherited
            | {
                "LUOCHUI_DATABASE_URL": self.database_url,
                "LUOCHUI_REDIS_URL": self.redis_url,
                "LUOCHUI_QUEUE_URL": self._queue.url,
                "LUOCHUI_DATA_DIR": str(self.data_dir),
                "LUOCHUI_HOST": self.host,
                "LUOCHUI_PORT": str(self.port),
                "LUOCHUI_PUBLIC_ORIGIN": self.base_url,
                "LUOCHUI_SIGNING_KEY_PATH": str(self._signing_key()),
            }
            # beside the embedded database, so that one that was put back is noticed (docs/durability.md)
            | ({"LUOCHUI_WITNESS_DIR": str(self.data_dir / "witness")} if self._postgres else {})
            | ({"LUOCHUI_DURABILITY_MODE": self._durability} if self._durability else {})
            | ({"LUOCHUI_DURABILITY_DEGRADE_TO": self._degrade_to} if self._degrade_to else {})
            | self._extra
        )

    def _spawn(self, name: str) -> None:
        path = self.log_path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("ab") as log:
            self._processes[name] = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "marketplace.commands.serve", name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.settings_environment(),
                preexec_fn=_die_with_parent,  # one call into libc, nothing of Python's
                start_new_session=True,
            )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        reason = "no answer"
        while time.monotonic() < deadline:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise StackError(
                        f"{name} ended with code {process.returncode}; its log: {self.log_path(name)}"
                    )
            try:
                with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=2) as answer:  # noqa: S310
                    if answer.status == 200:
                        return
            except urllib.error.HTTPError as error:
                reason = error.read().decode("utf-8", "replace")[:400]
            except OSError as error:
                reason = str(error)
            time.sleep(0.05)
        raise StackError(
            f"the system was not ready after {_READY_SECONDS} s: {reason}; logs: {self.data_dir}/logs"
        )

    def _free_port(self) -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise InvalidInput(
                    "--port",
                    f"{self.port} on {self.host} can't be used ({error.strerror}); choose another",
                    f"{self.host} 的端口 {self.port} 不可用（{error.strerror}）；请另选",
                ) from error
            port = probe.getsockname()[1]
            assert isinstance(port, int)
            return port

    def _signing_key(self) -> Path:
        """The venue's Ed25519 key: 32 random bytes, made at the first start, readable by its owner alone."""
        path = self.data_dir / "keys" / "venue.ed25519"
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = path.with_suffix(".new")
            temporary.touch(mode=0o600)
            temporary.write_bytes(secrets.token_bytes(32))
            temporary.replace(path)
        return path

    @staticmethod
    def _existing(server: ServerT | None) -> ServerT:
        assert server is not None
        return server


async def _create_database(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        with contextlib.suppress(asyncpg.DuplicateDatabaseError):
            await connection.execute("CREATE DATABASE luochui")
    finally:
        await connection.close()


async def _require_answers(database_url: str, redis_url: str, durability: str | None) -> str:
    """Both servers answer, or InvalidInput names the option that says where they are; the durability mode in use."""
    try:
        connection = await asyncpg.connect(database_url, timeout=_PROBE_SECONDS)
        await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise InvalidInput(
            "--database-url",
            f"PostgreSQL can't be used ({_reason(error)})",
            f"无法使用 PostgreSQL（{_reason(error)}）",
        ) from error
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            servers = await Servers.open(redis_url)
            await servers.aclose()
    except (OSError, redis.RedisError, ValueError, EngineUnreachable) as error:
        raise InvalidInput(
            "--redis-url",
            f"the bid engine's server can't be used ({error})",
            f"无法使用竞价引擎服务器（{error}）",
        ) from error
    return durability or default_mode(is_cluster=servers.is_cluster)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _tell(report: Callable[[str], None] | None, text: str) -> None:
    if report is not None:
        report(text)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
