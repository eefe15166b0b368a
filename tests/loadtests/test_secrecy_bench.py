"""The rank test by which answers are compared, against figures worked out elsewhere, and a short run of the whole."""

import random

import pytest
from click.testing import CliRunner

from loadtests.secrecy_bench import Comparison, SecrecyReport, compared, mann_whitney, table
from marketplace.commands.bench import command

N = 10_000


def times(rnd: random.Random, *, slower_us: float = 0.0) -> list[int]:
    """Answers of about a millisecond with a long tail, as a busy machine gives them."""
    return [int((rnd.lognormvariate(0, 0.4) * 1000 + slower_us) * 1000) for _ in range(N)]


@pytest.mark.parametrize(
    ("first", "second", "share", "z"),
    [
        # by hand: of 9 pairs 0, 9, and 4 with one tie
        ([1, 2, 3], [4, 5, 6], 0.0, -1.9640),
        ([4, 5, 6], [1, 2, 3], 1.0, 1.9640),
        ([1, 4, 5], [2, 4, 6], 3.5 / 9, -0.4428),
        ([7, 7], [7, 7], 0.5, 0.0),
    ],
)
def test_ranks_are_compared_as_mann_and_whitney_do(
    first: list[int], second: list[int], share: float, z: float
) -> None:
    """U as a share of all pairs, a tie as half; the variance is smaller by what is tied."""
    found_share, found_z, p = mann_whitney(first, second)
    assert found_share == pytest.approx(share)
    assert found_z == pytest.approx(z, abs=1e-4)
    assert 0 < p <= 1


def test_what_is_alike_is_told_from_what_is_slower_by_a_fortieth() -> None:
    """With ten thousand of each, twenty-five microseconds of a millisecond are plain, and none is called none."""
    rnd = random.Random(22)
    alike = compared("alike", times(rnd), times(rnd))
    assert not alike.is_significant
    slower = compared("slower", times(rnd, slower_us=25), times(rnd))
    assert slower.is_significant
    assert slower.share > 0.5


def test_the_report_says_what_tells_and_what_is_unsound() -> None:
    """A secret that shows is a finding; a control that shows is no finding, but a run to be repeated."""
    rnd = random.Random(23)
    slow, fast = times(rnd, slower_us=200), times(rnd)
    found = [
        compared("control", fast, slow, is_secret=False),
        compared("secret", slow, fast),
        compared("kept", fast, fast),
    ]
    lines = table(SecrecyReport(rounds=N, comparisons=found, ok=False)).splitlines()
    assert lines[2].endswith("unsound")
    assert lines[3].endswith("TELLS")
    assert lines[4].endswith("1.0000")


@pytest.mark.wall_clock
def test_a_short_run_compares_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five comparisons of as many answers as asked for; where a time tells something the command ends with 1."""
    done = CliRunner().invoke(command, ["secrecy", "--rounds", "20"])
    assert done.exit_code == int("TELLS" in done.stdout), done.output
    names = [line.rpartition("  ")[0].split("  ")[0] for line in done.stdout.splitlines()[2:]]
    assert names == [
        "bid: control",
        "bid: just below, far below",
        "bid: below, above",
        "refusal: control",
        "refusal: just below, far below",
    ]
    told = Comparison(
        name="x", n=20, medians_us=(1.0, 2.0), share=0.1, z=-5.0, p=1e-6, is_secret=True
    )
    report = SecrecyReport(rounds=20, comparisons=[told], ok=False)
    monkeypatch.setattr("marketplace.commands.bench_secrecy.bench_secrecy", lambda rounds: report)
    assert CliRunner().invoke(command, ["secrecy", "--json"]).exit_code == 1
