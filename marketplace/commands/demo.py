"""`luochui demo`: play the whole story on embedded servers."""

import signal
import sys
import time
from pathlib import Path

import click

from marketplace.demo.story import tell
from marketplace.stack import Stack


@click.command("demo")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), default=Path(".luochui"), show_default=True
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to answer on.")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="The port; a free one if not given."
)
@click.option(
    "--database-url", envvar="LUOCHUI_DATABASE_URL", help="PostgreSQL of your own (16 or later)."
)
@click.option(
    "--redis-url",
    envvar="LUOCHUI_REDIS_URL",
    help="Valkey (8 or later) or Redis (7.0 or later) of your own.",
)
def command(
    data_dir: Path, host: str, port: int, database_url: str | None, redis_url: str | None
) -> None:
    """From a bank's workbook to the fund's clearing statement, in about a minute. / 演示全流程

    Every figure printed comes from the database. Everything in the sample is synthetic. Killed at any moment and
    started again, it ends consistent.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    click.secho(
        "落槌 Luochui: one defaulted loan, from spreadsheet to statement 一笔违约贷款的处置全流程",
        bold=True,
    )
    click.echo("All parties, rights and amounts are synthetic. 全部主体、权利、金额均为合成示例。")
    with Stack(
        data_dir, host=host, port=port, database_url=database_url, redis_url=redis_url
    ) as stack:
        click.echo(
            f"Started in {time.monotonic() - began:.1f} s at {stack.base_url}: PostgreSQL, Valkey"
            " with an fsync a batch, API, projector, worker. 系统已启动"
        )
        tell(stack)
    click.echo("")
    click.echo(
        f"Done in {time.monotonic() - began:.0f} s; the data stays in {stack.data_dir}. 演示完成，数据已保存。"
    )
