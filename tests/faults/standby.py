"""A standby of a PostgreSQL server, made from a base backup; streaming, and promoted when its time has come."""

import pwd
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import asyncpg

from kit.embedded import Postgres
from tests.auction_engine.make_engine import until


def base_backup(primary: Postgres, directory: Path) -> Postgres:
    """A server on a base backup of a running one, set up to stream from it; not started yet."""
    server = Postgres(directory)
    directory.mkdir()
    data = directory / "data"
    data.mkdir(mode=0o700)
    password = primary._password_file.read_text()
    source = f"host={primary.socket_dir} user=postgres password={password}"
    command, user = primary._as_server_user(
        [
            str(primary.bin_dir / "pg_basebackup"),
            *("-D", str(data), "-R", "-c", "fast", "-X", "stream", "-d", source),
        ]
    )
    if user is not None or command[0].endswith("setpriv"):
        nobody = pwd.getpwnam("nobody")
        shutil.chown(data, nobody.pw_uid, nobody.pw_gid)
    done = subprocess.run(
        command,
        user=user,
        group=None if user is None else pwd.getpwuid(user).pw_gid,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    shutil.copy(primary._password_file, server._password_file)
    (directory / "initialised").touch()
    return server


def alone(server: Postgres) -> None:
    """Let a base backup start as a server of its own: a restore, no standby."""
    (server._data / "standby.signal").unlink()


def url_of_either(first: Postgres, second: Postgres, database: str = "luochui") -> str:
    """A URL under which whichever of the two is the primary is found."""
    password = first._password_file.read_text()
    hosts = quote(f"{first.socket_dir},{second.socket_dir}")
    return f"postgresql://postgres:{password}@/{database}?host={hosts}&target_session_attrs=primary"


async def execute(server: Postgres, *statements: str) -> None:
    """Statements as its superuser, each by itself."""
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def demand_a_synchronous_standby(primary: Postgres) -> None:
    """From now on no commit without a standby; returns when one streams."""
    await execute(
        primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"
    )
    await until_true(
        primary,
        "SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'",
    )


async def until_true(server: Postgres, question: str) -> None:
    """Ask until it is answered with true."""
    connection = await asyncpg.connect(server.url("postgres"))

    async def is_true() -> bool:
        return bool(await connection.fetchval(question))

    try:
        await until(is_true, 30)
    finally:
        await connection.close()


async def promote(standby: Postgres) -> None:
    """Make it the primary; nobody else is asked to confirm its commits."""
    await execute(standby, "SELECT pg_promote(true, 30)")
    await execute(
        standby, "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()"
    )
