"""`luochui bench NAME`: benchmarks with their competitors, in one run on one machine (contracts 3)."""

import json

import click
import msgspec

from loadtests.engine_bench import Sizes, bench_engine
from loadtests.report import Report, table
from marketplace.commands.bench_cluster import command as cluster
from marketplace.commands.bench_lots import command as lots
from marketplace.commands.bench_secrecy import command as secrecy
from marketplace.commands.bench_settlement import command as settlement

#: A run so short measures nothing; one so long fills the memory of a laptop.
_SECONDS = click.FloatRange(0.01, 10)


@click.group("bench")
def command() -> None:
    """Measure the system against the other ways to do the same. / 性能压测"""


@command.command("engine")
@click.option("--seconds", type=_SECONDS, default=1.0, show_default=True, help="Length of one run.")
@click.option(
    "--rounds", type=click.IntRange(1, 99), default=3, show_default=True, help="The median counts."
)
@click.option("as_json", "--json", is_flag=True, help="Print JSON.")
def engine(seconds: float, rounds: int, as_json: bool) -> None:
    """The bid engine on one hot lot and on many, against row locks and scripts. / 竞价引擎压测

    Takes about two minutes, on throw-away servers of its own. Exits 1 where a bid is lost, repeated or misordered.
    """
    report = bench_engine(
        Sizes(seconds=seconds, rounds=rounds), lambda text: click.echo(text, err=True)
    )
    _print(report, as_json=as_json)


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(report), ensure_ascii=False))
        return
    click.echo(table(report))


command.add_command(cluster)
command.add_command(secrecy)
command.add_command(settlement)
command.add_command(lots)
