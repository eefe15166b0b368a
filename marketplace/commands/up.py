"""`luochui up`: start everything and run until stopped."""

import signal
import threading
from pathlib import Path

import click

from auction_engine.durability import DEGRADABLE, MODES
from marketplace.administrator import USERNAME, password_file
from marketplace.stack import Stack

_LOOK_SECONDS = 0.5


@click.command("up")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), default=Path(".luochui"), show_default=True
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to answer on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--database-url", envvar="LUOCHUI_DATABASE_URL", help="PostgreSQL of your own (16 or later)."
)
@click.option(
    "--redis-url",
    envvar="LUOCHUI_REDIS_URL",
    help="Valkey (8 or later) or Redis (7.0 or later) of your own; a Cluster is redis+cluster://HOST:PORT[,HOST:PORT].",
)
@click.option(
    "--durability",
    envvar="LUOCHUI_DURABILITY_MODE",
    type=click.Choice(list(MODES)),
    help="What an acknowledged bid survives; local if not given, on a Cluster replicated.",
)
@click.option(
    "--degrade-to",
    envvar="LUOCHUI_DURABILITY_DEGRADE_TO",
    type=click.Choice(list(DEGRADABLE.values())),
    help="What replicated gives way to while replicas are away; bids are refused if not given.",
)
@click.option(
    "--second-factor",
    envvar="LUOCHUI_SECOND_FACTOR_REQUIRED",
    type=click.Choice(["nobody", "staff", "everybody"]),
    default="nobody",
    show_default=True,
    help="Who must have a second factor to do anything else.",
)
@click.option(
    "--trusted-proxies",
    envvar="LUOCHUI_TRUSTED_PROXIES",
    default="",
    help="Addresses and networks, by commas, whose X-Forwarded-For is believed.",
)
def command(
    data_dir: Path,
    host: str,
    port: int,
    database_url: str | None,
    redis_url: str | None,
    durability: str | None,
    degrade_to: str | None,
    second_factor: str,
    trusted_proxies: str,
) -> None:
    """Start servers, API, pages, projector and worker; Ctrl-C stops them in good order. / 启动系统"""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with Stack(
        data_dir,
        host=host,
        port=port,
        database_url=database_url,
        redis_url=redis_url,
        durability=durability,
        degrade_to=degrade_to,
        environment={
            "LUOCHUI_SECOND_FACTOR_REQUIRED": second_factor,
            "LUOCHUI_TRUSTED_PROXIES": trusted_proxies,
        },
    ) as stack:
        click.echo(f"Luochui 落槌 is up / 已启动: {stack.base_url}")
        click.echo(f"  hall and pages 页面    {stack.base_url}/")
        click.echo(f"  API documentation 接口 {stack.base_url}/docs")
        click.echo(f"  readiness 就绪状态     {stack.base_url}/readyz")
        click.echo(
            f"  administrator 管理员   {USERNAME}, password in 密码见 {password_file(stack.data_dir)}"
        )
        click.echo(
            f"  data 数据目录          {stack.data_dir}  (logs 日志: {stack.data_dir / 'logs'})"
        )
        click.echo(f"  durability 持久性      {stack.durability}")
        if stack.durability == "relaxed":
            click.echo(
                "  WARNING: relaxed may lose acknowledged bids; receipts say so. 警告：relaxed 模式可能丢失已确认的出价"
            )
        click.echo("Ctrl-C stops it. / 按 Ctrl-C 停止。")
        while not stopped.wait(_LOOK_SECONDS):
            stack.supervise_once(lambda text: click.echo(text, err=True))
    click.echo("stopped / 已停止")
