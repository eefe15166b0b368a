"""The rules of the sealed formats, one table; each case names the sentence that it holds to."""

from collections.abc import Callable

import pytest

from tests.make_scenarios import Case, auction, bid, seal, step

AFTER = step(10_000_000, "tick")
RANKED = [{"paddle": 3, "rank": 2}, {"paddle": 4, "rank": 1}]
C1 = "contracts 1"

CASES: dict[str, Case] = {
    "one_shot: the highest wins, pays its bid": Case(
        f"{C1} one_shot",
        auction("one_shot"),
        [
            (seal(1, 1, 999), ("below_start", 1_000)),
            (seal(1, 1, 1_000), 100_000),
            (seal(2, 2, 1_500), 100_000),
            (seal(3, 2, 1_600), "not_amendable"),
            (step(3, "withdraw", paddle=2), "not_amendable"),
            (step(3, "withdraw", paddle=3), "not_amendable"),
            (bid(3, 3, 1_600), "wrong_action"),
            (seal(100_000, 3, 1_600), "closed"),
            (AFTER, 100_000),
        ],
        {"outcome": "sold", "winner": 2, "price_fen": 1_500, "underbidder": 1, "extensions": 0},
    ),
    "one_shot: a tie goes to the better rank, then the earlier": Case(
        "domain 2.8; contracts 1 Order",
        auction("one_shot", priority=RANKED),
        [
            (seal(1, 1, 1_500), None),
            (seal(2, 2, 1_500), None),
            (seal(3, 3, 1_500), None),
            (AFTER, None),
        ],
        {"winner": 3, "underbidder": 1},
    ),
    "one_shot: reserve and bidders": Case(
        f"{C1} result",
        auction("one_shot", reserve_price_fen=2_000, min_bidders=2),
        [(seal(1, 1, 1_999), None), (AFTER, None)],
        {"outcome": "unsold", "reason": "reserve_not_met"},
    ),
    "one_shot: too few bids that stand": Case(
        f"{C1} min_bidders",
        auction("one_shot", min_bidders=2, amend="latest_counts"),
        [
            (seal(1, 1, 2_000), None),
            (seal(1, 2, 2_000), None),
            (seal(1, 3, 2_000), None),
            (step(2, "withdraw", paddle=2), None),
            (step(2, "disqualify", paddle=3), None),
            (step(2, "disqualify", paddle=4), None),
            (AFTER, None),
        ],
        {"reason": "too_few_bidders"},
    ),
    "strictly above the floor": Case(
        f"{C1} floor_rule",
        auction("one_shot", floor_rule="strictly_above"),
        [
            (seal(1, 1, 999), ("below_start", 1_001)),
            (seal(1, 1, 1_000), ("below_minimum", 1_001)),
            (seal(1, 1, 1_001), 100_000),
        ],
        {},
    ),
    "the latest counts, from its own moment": Case(
        f"{C1} amend",
        auction("vickrey", amend="latest_counts"),
        [
            (seal(1, 1, 1_500), 100_000),
            (seal(2, 2, 1_500), 100_000),
            (seal(3, 1, 1_500), 100_000),
            (step(4, "withdraw", paddle=3), "not_amendable"),
            (seal(5, 3, 2_000), 100_000),
            (step(6, "withdraw", paddle=3), 100_000),
            (seal(7, 3, 1_200), 100_000),
            (AFTER, None),
        ],
        {"winner": 2, "price_fen": 1_500, "underbidder": 1},
    ),
    "vickrey: the floor where there is no second": Case(
        f"{C1} vickrey",
        auction("vickrey"),
        [(seal(1, 1, 5_000), None), (AFTER, None)],
        {"winner": 1, "price_fen": 1_000, "underbidder": None},
    ),
    "vickrey: nobody": Case(
        f"{C1} vickrey", auction("vickrey"), [(AFTER, 100_000)], {"reason": "no_bids"}
    ),
    "uniform_price: all pay the highest losing bid": Case(
        f"{C1} uniform_price",
        auction("uniform_price"),
        [
            (seal(1, 1, 1_500), None),
            (seal(2, 2, 3_000), None),
            (seal(3, 3, 2_000), None),
            (seal(4, 4, 1_200), None),
            (AFTER, None),
        ],
        {
            "winner": None,
            "winners": [{"paddle": 2, "units": 1}, {"paddle": 3, "units": 1}],
            "price_fen": 1_500,
            "underbidder": 1,
        },
    ),
    "uniform_price: the floor if none loses": Case(
        f"{C1} uniform_price",
        auction("uniform_price"),
        [(seal(1, 1, 1_500), None), (AFTER, None)],
        {"winners": [{"paddle": 1, "units": 1}], "price_fen": 1_000, "underbidder": None},
    ),
    "uniform_price: nobody, and still open, and cancelled": Case(
        f"{C1} uniform_price", auction("uniform_price"), [(AFTER, 100_000)], {"winners": []}
    ),
    "uniform_price: open": Case(
        f"{C1} result", auction("uniform_price"), [], {"outcome": "open", "winners": []}
    ),
    "uniform_price: cancelled": Case(
        f"{C1} result",
        auction("uniform_price"),
        [(step(5, "cancel"), 5)],
        {"outcome": "cancelled", "winners": [], "closed_at": 5},
    ),
    "weighted: price and scores": Case(
        f"{C1} weighted",
        auction("weighted"),
        [
            (step(1, "score", paddle=1, scores={"方案": 10_000, "team": 10_000}), 100_000),
            (step(1, "score", paddle=1, scores={"方案": 9_000}), 100_000),
            (step(1, "score", paddle=9, scores={}), "unknown_paddle"),
            (seal(2, 1, 1_000), 100_000),
            (seal(2, 2, 1_800), 100_000),
            (AFTER, None),
        ],
        # 6000*10000*1000/1800 + 3000*9000 is just more than 6000*10000.
        {"winner": 1, "price_fen": 1_000, "underbidder": 2},
    ),
    "weighted: equal totals go to the higher price, then the earlier": Case(
        f"{C1} weighted: compared exactly",
        auction("weighted"),
        [
            (seal(1, 1, 1_000), None),
            (seal(2, 2, 2_000), None),
            (seal(3, 3, 2_000), None),
            (step(4, "score", paddle=1, scores={"方案": 10_000}, id="s"), None),
            (step(4, "score", paddle=1, scores={"方案": 10_000}, id="s"), None),
            (step(4, "score", paddle=1, scores={"方案": 9_999}, id="s"), "id_reused"),
            (seal(5, 2, 3_000), "not_amendable"),
            (AFTER, None),
        ],
        {"winner": 2, "underbidder": 3},
    ),
    "weighted: exact past 2^53": Case(
        f"{C1} weighted: unrounded",
        auction("weighted"),
        [
            (seal(1, 1, 9_999_999_999_999), None),
            (seal(2, 2, 9_999_999_999_998), None),
            (step(3, "score", paddle=2, scores={"team": 1}), None),
            (AFTER, None),
        ],
        {"winner": 2, "underbidder": 1},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_sealed_format_rule(case: Case, holds: Callable[[Case], None]) -> None:
    """Each rule gives the decisions and the result that its source says, in both engines."""
    holds(case)
