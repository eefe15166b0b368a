"""The engine's benchmark: it prints what contracts 3 names, and it would notice a bid that is lost or out of order."""

import json
from collections.abc import AsyncIterator

import pytest
from click.testing import CliRunner

from auction_engine import keys
from kit.embedded import Postgres
from loadtests.engine_bench import Sizes, bench_engine
from loadtests.engine_integrity import Book, NotWhole, check_after_kill, check_engine
from loadtests.engine_load import bid_on, open_lots
from loadtests.engine_stage import Stage, servers, stage
from loadtests.report import Report, table
from marketplace.commands import bench

FIGURES = {
    "hot_lot", "lots_100", "lots_1000", "row_lock", "optimistic", "script_per_bid", "script_pipelined", "empty_call",
}  # fmt: skip
RATIOS = {
    "hot_lot/row_lock", "hot_lot/optimistic", "hot_lot/script_per_bid", "hot_lot/script_pipelined",
    "hot_lot/empty_call",
}  # fmt: skip
TINY = Sizes(seconds=0.02, rounds=1, lots=(2, 3), lone_bids=2)


@pytest.fixture(scope="module")
def report() -> Report:
    """One tiny benchmark."""
    said: list[str] = []
    report = bench_engine(TINY, said.append)
    assert said[0] == "round 1: hot_lot"
    return report


def test_every_name_of_the_contract_is_there(report: Report) -> None:
    """Figures and ratios carry the contract's names, and each figure was measured."""
    figures = {figure.name: figure for figure in report.figures}
    assert figures.keys() >= FIGURES
    assert {ratio.name for ratio in report.ratios} >= RATIOS
    assert all(figures[name].value > 0 and figures[name].unit for name in FIGURES)


def test_a_ratio_is_that_of_its_two_figures(report: Report) -> None:
    """Each ratio can be worked out again from the figures that it names."""
    for ratio in report.ratios:
        assert ratio.name == f"{ratio.of}/{ratio.to}"
        assert ratio.value == pytest.approx(
            report.value(ratio.of) / report.value(ratio.to), abs=0.01
        )


def test_durability_is_what_the_servers_said(report: Report) -> None:
    """Both Valkeys fsync before they answer, and so does PostgreSQL before it commits."""
    for name in ("engine", "competitors"):
        assert report.durability[name]["appendonly"] == "yes"
        assert report.durability[name]["appendfsync"] == "always"
    assert report.durability["postgresql"]["fsync"] == "on"
    assert report.durability["postgresql"]["synchronous_commit"] == "on"


def test_the_table_shows_every_figure(report: Report) -> None:
    """What people read has the same names as the JSON, and says that integrity holds."""
    text = table(report)
    assert all(figure.name in text for figure in report.figures)
    assert all(ratio.name in text for ratio in report.ratios)
    assert "integrity 完整性: ok" in text


def test_the_command_prints_the_contracts_object(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`bench engine --json` prints one object with the contract's five members, and nothing else on standard output."""
    asked: list[Sizes] = []
    monkeypatch.setattr(bench, "bench_engine", lambda sizes, say: asked.append(sizes) or report)
    done = CliRunner().invoke(
        bench.command, ["engine", "--json", "--seconds", "2", "--rounds", "5"]
    )
    assert done.exit_code == 0
    printed = json.loads(done.stdout)
    assert printed.keys() == {"figures", "ratios", "machine", "durability", "integrity"}
    assert printed["integrity"]["ok"] is True
    assert printed["integrity"]["checked"]
    assert printed["figures"][0].keys() == {"name", "value", "unit", "rounds"}
    assert printed["ratios"][0].keys() == {"name", "of", "to", "value"}
    assert asked == [Sizes(seconds=2, rounds=5)]


@pytest.mark.parametrize(
    ("second", "decision", "why"),
    [
        (["bid", 0, 2, 200, "b"], [1, 3, 200, 2, 99], "bid 3 follows bid 1"),
        (["bid", 0, 2, 100, "b"], [1, 2, 100, 2, 99], "price 100 follows 100"),
        (["bid", 0, 1, 200, "a"], [1, 2, 200, 1, 99], "id a of paddle 1 counted twice"),
        (["bid", 0, 2, 200, "b"], [1, 2, 300, 2, 99], "bid 2 of 200 made a price of 300"),
    ],
)
def test_a_broken_book_is_seen(second: list[object], decision: list[int], why: str) -> None:
    """A gap, a price that does not rise, an id twice and a wrong price each stop the benchmark."""
    book = Book()
    book.take(["bid", 0, 1, 100, "a"], [1, 1, 100, 1, 99])
    with pytest.raises(NotWhole, match=why):
        book.take(second, decision)


@pytest.fixture
async def on() -> AsyncIterator[Stage]:
    async with servers() as (directory, postgres):
        assert isinstance(postgres, Postgres)
        async with stage(directory, postgres, 1) as made:
            yield made


async def test_a_lost_batch_is_seen(on: Stage) -> None:
    """The check holds after a run and a kill, and no longer once a batch is gone or a bid too many is claimed."""
    lots = await open_lots(on, 2)
    run = await bid_on(on, lots, seconds=0.02)
    await check_engine(on, [run])
    await check_after_kill(on)
    claimed = type(run)(accepted=run.accepted + 1, seconds=run.seconds, auctions=run.auctions)
    with pytest.raises(NotWhole, match="were acknowledged"):
        await check_engine(on, [claimed])
    log = keys.log(keys.shard_of(lots[0].auction))
    first = (await on.engine_client.xrange(log, count=1))[0][0]
    await on.engine_client.xdel(log, first)
    with pytest.raises(NotWhole, match="is missing"):
        await check_engine(on, [run])
