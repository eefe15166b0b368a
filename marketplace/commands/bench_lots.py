"""`luochui bench lots`: lists and search over a million lots, with the plans."""

import json

import click
import msgspec

from loadtests.lots_bench import bench_lots
from loadtests.report import table


@click.command("lots")
@click.option(
    "--lots", type=click.IntRange(1_000, 10_000_000), default=1_000_000, show_default=True
)
@click.option(
    "--asks",
    type=click.IntRange(2, 10_000),
    default=200,
    show_default=True,
    help="Of each question.",
)
@click.option("--database-url", help="An empty database to fill, instead of a throw-away server.")
@click.option("as_json", "--json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    context: click.Context, lots: int, asks: int, database_url: str | None, as_json: bool
) -> None:
    """Pages and searches of a million lots through the API's own service: p50, p99, plans. / 标的检索压测

    Takes a few minutes, most of them to fill the database. Exits 1 where a p99 is over 50 ms, a plan scans a table, or
    a search finds other lots than a scan does.
    """
    report = bench_lots(
        lots, asks, lambda text: click.echo(text, err=True), database_url=database_url
    )
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(report), ensure_ascii=False))
    else:
        click.echo(table(report))
        for plan in report.plans:
            click.echo(f"\n{plan.name}")
            click.echo("\n".join(f"  {line}" for line in plan.lines))
    if not report.integrity.ok:
        context.exit(1)
