"""`luochui rotate-key`: a new signing key, handed over by the old one, recorded and audited.

What the old key signed stays good: its checkpoints and receipts verify with the history that bundles and
`GET /v1/log/keys` show. Running processes sign with the old key until they are started again.
"""

import os
import secrets
from pathlib import Path

import click
import msgspec
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auction_engine.checkpoints import LogKey
from kit.clock import system_clock
from kit.errors import NotFound
from kit.reach import SYSTEM
from marketplace.commands.databases import connect, database_of
from marketplace.log import service
from marketplace.signing import read_log_key

_LOG_OF_KEY = "SELECT log_name FROM engine.signing_keys WHERE public_key = $1"


@click.command("rotate-key")
@click.option("--database-url", envvar="LUOCHUI_DATABASE_URL", help="The database to record it in.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path(".luochui"),
    show_default=True,
    help="Without a URL: the embedded server that `luochui up` runs on this directory.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    envvar="LUOCHUI_SIGNING_KEY_PATH",
    help="The present key's file; default: the data directory's.",
)
def command(database_url: str | None, data_dir: Path, key: Path | None) -> None:
    """Make a new signing key, have the old one sign it, record both, and put it in the old one's place.

    Safe to repeat after a crash: a new key that was made is taken up again. / 更换签名密钥
    """
    path = key or data_dir / "keys" / "venue.ed25519"
    old, new = uvloop.run(_hand_over(database_of(database_url, data_dir), path))
    kept = path.with_name(f"{path.name}.{old[:8]}.old")
    path.replace(kept)
    _following(path).replace(path)
    shown = {"public_key": new, "previous": old, "kept": str(kept)}
    click.echo(msgspec.json.encode(shown).decode())


def _following(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


async def _hand_over(database_url: str, path: Path) -> tuple[str, str]:
    connection = await connect(database_url, SYSTEM)
    try:
        public = read_log_key(str(path), origin="http://unnamed").public_key
        log_name = await connection.fetchval(_LOG_OF_KEY, public)
        if log_name is None:
            raise NotFound(
                f"--key: {path} has not signed for this database: start the system with it first",
                f"--key：{path} 尚未用于本数据库，请先以其启动系统",
            )
        old, new = _key_of(log_name, path), _key_of(log_name, _made(_following(path)))
        async with connection.transaction():
            await service.hand_over(connection, old, new, now=system_clock())
        return old.public_key.hex(), new.public_key.hex()
    finally:
        await connection.close()


def _made(path: Path) -> Path:
    if not path.exists():
        temporary = path.with_name(f"{path.name}.tmp")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    return path


def _key_of(log_name: str, path: Path) -> LogKey:
    return LogKey(log_name, Ed25519PrivateKey.from_private_bytes(path.read_bytes()))
