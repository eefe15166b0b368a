"""`luochui migrate`: bring a database to the present schema."""

import click

from kit.migrate import migrate


@click.command("migrate")
@click.option(
    "--database-url", envvar="LUOCHUI_DATABASE_URL", required=True, help="The database to change."
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
def command(database_url: str, action: str) -> None:
    """Bring a database to the present schema. / 数据库迁移"""
    click.echo(migrate(database_url, action=action).rstrip() or "up to date / 已是最新")
