"""The first platform administrator of an installation, whose password lies beside the data, for its owner alone."""

import contextlib
import secrets
from pathlib import Path

import asyncpg

from kit.clock import Clock, system_clock
from kit.reach import SYSTEM
from marketplace.organisations.passwords import Passwords
from marketplace.organisations.service import AlreadyBootstrapped, bootstrap

USERNAME = "administrator"


def password_file(data_dir: Path) -> Path:
    """Where the password of a new installation is kept (readable by its owner alone)."""
    return data_dir / "keys" / "administrator.password"


async def ensure_administrator(
    database_url: str, data_dir: Path, *, clock: Clock = system_clock
) -> bool:
    """Make the first administrator unless there is one; True if it was made now."""
    path = password_file(data_dir)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    password = path.read_text(encoding="ascii").strip()
    if not password:
        password = secrets.token_urlsafe(24)
        path.write_text(f"{password}\n", encoding="ascii")
    passwords = Passwords()
    connection = await asyncpg.connect(database_url, server_settings=dict(SYSTEM))
    try:
        hashed = await passwords.hash(password)
        with contextlib.suppress(AlreadyBootstrapped):
            async with connection.transaction():
                await bootstrap(
                    connection,
                    username=USERNAME,
                    password=password,
                    password_hash=hashed,
                    now=clock(),
                )
            return True
        return False
    finally:
        passwords.close()
        await connection.close()
