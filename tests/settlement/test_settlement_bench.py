"""The settlement benchmark runs, names what contracts 3 asks for, and leaves the books whole."""

import json

from click.testing import CliRunner

from marketplace.commands.bench_settlement import command


def test_the_benchmark_prints_its_figures() -> None:
    """A very short run prints every figure and ratio, durability as read back, and books that hold."""
    done = CliRunner().invoke(command, ["--seconds", "0.1", "--rounds", "1", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    figures = {figure["name"]: figure["value"] for figure in report["figures"]}
    assert {
        "settle_lots",
        "post_transfers",
        "clear_cases",
        "post_gathered",
        "insert_ceiling",
    } <= set(figures)
    assert all(value > 0 for value in figures.values())
    assert report["durability"]["postgresql"]["fsync"] == "on"
    assert report["integrity"]["ok"] is True
    assert {ratio["name"] for ratio in report["ratios"]} >= {"post_transfers/insert_ceiling"}
