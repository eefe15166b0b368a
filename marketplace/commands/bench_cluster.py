"""`luochui bench cluster`: the bid engine on a Cluster of one primary and of three (contracts 3)."""

import json

import click
import msgspec

from loadtests.cluster_bench import ClusterSizes, bench_cluster
from loadtests.report import table


@click.command("cluster")
@click.option(
    "--seconds",
    type=click.FloatRange(0.01, 10),
    default=1.0,
    show_default=True,
    help="Length of one run.",
)
@click.option(
    "--rounds", type=click.IntRange(1, 99), default=3, show_default=True, help="The median counts."
)
@click.option("as_json", "--json", is_flag=True, help="Print JSON.")
def command(seconds: float, rounds: int, as_json: bool) -> None:
    """One hot lot and a thousand lots on a Valkey Cluster with 1 and 3 primaries, replicated. / 集群压测

    Takes under a minute. All servers share this machine: what three primaries add on three machines, it can't show.
    Exits 1 where a bid is lost, repeated or misordered, or a replica lacks one.
    """
    report = bench_cluster(
        ClusterSizes(seconds=seconds, rounds=rounds), lambda text: click.echo(text, err=True)
    )
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(report), ensure_ascii=False))
    else:
        click.echo(table(report))
