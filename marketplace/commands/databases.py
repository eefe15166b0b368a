"""How a command finds its database: a URL, or the embedded server of a data directory."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import click

from kit.embedded import Postgres
from kit.errors import InvalidInput


def database_of(database_url: str | None, data_dir: Path) -> str:
    """The URL given, or that of the embedded server which `luochui up` runs on `data_dir`; `InvalidInput` if no URL."""
    if database_url is not None:
        if urlsplit(database_url).scheme not in ("postgresql", "postgres"):
            raise InvalidInput(
                "--database-url", "must begin with postgresql://", "须以 postgresql:// 开头"
            )
        return database_url
    server = Postgres(data_dir / "postgres")
    if not server.answers():
        raise click.UsageError(
            f"--database-url is not given, and no embedded server runs on {data_dir}:"
            " start `luochui up`, or name the database"
        )
    return server.url()


async def connect(database_url: str, settings: Mapping[str, str]) -> asyncpg.Connection:
    """A connection with these settings; raises `InvalidInput` where there is no such database to be had."""
    try:
        return await asyncpg.connect(database_url, server_settings=dict(settings))
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise InvalidInput(
            "--database-url", f"cannot be reached: {error}", f"无法连接：{error}"
        ) from error
