"""How a command finds its database: a URL, or the embedded server of a data directory."""

from pathlib import Path

import click

from kit.embedded import Postgres


def database_of(database_url: str | None, data_dir: Path) -> str:
    """The URL given, or that of the embedded server which `luochui up` runs on `data_dir`."""
    if database_url is not None:
        return database_url
    server = Postgres(data_dir / "postgres")
    if not server.answers():
        raise click.UsageError(
            f"--database-url is not given, and no embedded server runs on {data_dir}:"
            " start `luochui up`, or name the database"
        )
    return server.url()
