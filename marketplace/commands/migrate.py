"""`luochui migrate`: bring a database to the present schema."""

from pathlib import Path

import click

from kit.migrate import migrate
from marketplace.commands.databases import database_of


@click.command("migrate")
@click.option("--database-url", envvar="LUOCHUI_DATABASE_URL", help="The database to change.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path(".luochui"),
    show_default=True,
    help="Without a URL: the embedded server that `luochui up` runs on this directory.",
)
@click.option("--down", "action", flag_value="down", help="Take back the newest migration.")
@click.option(
    "--status", "action", flag_value="status", help="List the migrations and change nothing."
)
@click.option(
    "--up",
    "action",
    flag_value="up",
    default=True,
    help="Apply all that are missing (the default).",
)
def command(database_url: str | None, data_dir: Path, action: str) -> None:
    """Bring a database to the present schema. / 数据库迁移"""
    click.echo(
        migrate(database_of(database_url, data_dir), action=action).rstrip()
        or "up to date / 已是最新"
    )
