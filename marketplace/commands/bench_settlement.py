"""`luochui bench settlement`: the ledger, lots from price to payees, and clearing cases (contracts 3)."""

import json

import click
import msgspec

from loadtests.report import table
from loadtests.settlement_bench import SettlementSizes, bench_settlement


@click.command("settlement")
@click.option(
    "--seconds",
    type=click.FloatRange(0.01, 60),
    default=2.0,
    show_default=True,
    help="Length of one run.",
)
@click.option(
    "--rounds", type=click.IntRange(1, 99), default=3, show_default=True, help="The median counts."
)
@click.option("as_json", "--json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, seconds: float, rounds: int, as_json: bool) -> None:
    """Postings against plain inserts of the same rows, lots settled end to end, cases cleared. / 结算压测

    Takes under a minute, on a throw-away server with real fsync. Exits 1 where the books do not hold afterwards.
    """
    report = bench_settlement(
        SettlementSizes(seconds=seconds, rounds=rounds), lambda text: click.echo(text, err=True)
    )
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(report), ensure_ascii=False))
    else:
        click.echo(table(report))
    if not report.integrity.ok:
        context.exit(1)
