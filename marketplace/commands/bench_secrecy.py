"""`luochui bench secrecy`: whether the time of an answer tells a hidden maximum (reliability T22)."""

import json

import click
import msgspec

from loadtests.secrecy_bench import bench_secrecy, table


@click.command("secrecy")
@click.option(
    "--rounds",
    type=click.IntRange(20, 100_000),
    default=10_000,
    show_default=True,
    help="Answers of each kind.",
)
@click.option("as_json", "--json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, rounds: int, as_json: bool) -> None:
    """Answers to bids below, far below and above a hidden maximum, by a rank test of their times. / 保密性压测

    Takes a minute or some, on throw-away servers. Exits 1 where the times tell the maximum (p < 0.001). The controls
    compare like with like: where one of them is significant too, the machine was too restless to say anything.
    """
    report = bench_secrecy(rounds)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(report), ensure_ascii=False))
    else:
        click.echo(table(report))
    if not report.ok:
        context.exit(1)
