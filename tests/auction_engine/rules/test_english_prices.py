"""The English auction's rules of prices, one table: bids, maxima, steps, reserve and priority.

Each case names the sentence of the contract or statute it holds to.
"""

from collections.abc import Callable

import pytest

from tests.make_scenarios import Case, auction, bid, proxy, step

RESET = {"mode": "reset", "window_ms": 5_000, "hard_end": None}
RANKED = [{"paddle": 3, "rank": 2}, {"paddle": 4, "rank": 1}]
AFTER = step(10_000_000, "tick")
C1 = "contracts 1"

CASES: dict[str, Case] = {
    "a single bid at the start price sells": Case(
        "domain 2.1 art. 11",
        auction(),
        [(bid(1, 1, 1_000), (1_000, 1, 100_000)), (AFTER, (1_000, 1, 100_000))],
        {"outcome": "sold", "winner": 1, "price_fen": 1_000, "underbidder": None},
    ),
    "nobody bids": Case(
        "domain 2.1 art. 26",
        auction(reserve_price_fen=2_000, min_bidders=2),
        [(AFTER, (None, None, 100_000))],
        {"outcome": "unsold", "reason": "no_bids", "winner": None, "closed_at": 100_000},
    ),
    "a bid counts from the opening to before the end": Case(
        f"{C1} Time: opens_at <= at < end",
        auction(opens_at=10),
        [
            (bid(9, 1, 1_000), "not_open"),
            (bid(10, 1, 1_000), (1_000, 1)),
            (bid(99_999, 2, 1_010), (1_010, 2)),
            (bid(100_000, 1, 1_020), "closed"),
        ],
        {"outcome": "open", "winner": None, "closed_at": None},
    ),
    "an earlier bid counts after a later one was closed out, until the grace is over": Case(
        f"{C1} Time: the close is final at end + 2000, and not before",
        auction(),
        [
            (bid(100_000, 1, 1_000), "closed"),
            (step(101_999, "tick"), (None, None, 100_000)),
            (bid(99_999, 1, 1_000, decided_at=101_999), (1_000, 1, 100_000)),
            (step(102_000, "tick"), None),
        ],
        {"outcome": "sold", "winner": 1, "closed_at": 100_000},
    ),
    "below the start, below the minimum, and what the least is": Case(
        f"{C1} Output: minimum_fen",
        auction(),
        [
            (bid(1, 1, 999), ("below_start", 1_000)),
            (bid(1, 1, 1_005), (1_005, 1)),
            (bid(1, 2, 999), ("below_start", 1_015)),
            (bid(1, 2, 1_014), ("below_minimum", 1_015)),
            (bid(1, 2, 1_005), ("below_minimum", 1_015)),
            (bid(1, 2, 1_015), (1_015, 2)),
        ],
        {},
    ),
    "a proxy bids no more than needed": Case(
        f"{C1} proxy: one step at a time",
        auction(),
        [
            (proxy(1, 1, 2_000), (1_000, 1)),
            (bid(2, 2, 1_010), (1_020, 1)),
            (bid(3, 2, 1_500), (1_510, 1)),
            (bid(4, 2, 1_995), (2_000, 1)),
            (proxy(5, 3, 2_010), (2_010, 3)),
        ],
        {},
    ),
    "equal maxima: the earlier leads, at that maximum": Case(
        f"{C1} proxy: equal maxima",
        auction(),
        [(proxy(1, 1, 1_500), (1_000, 1)), (proxy(2, 2, 1_500), (1_500, 1))],
        {},
    ),
    "equal maxima: the better rank leads though later": Case(
        f"{C1} Order: maximum, rank, sequence",
        auction(priority=RANKED),
        [
            (proxy(1, 1, 1_500), (1_000, 1)),
            (proxy(2, 3, 1_500), (1_500, 3)),
            (bid(3, 4, 1_500), (1_500, 4)),
            (bid(4, 3, 1_500), ("below_minimum", 1_510)),
            (AFTER, None),
        ],
        {"winner": 4, "price_fen": 1_500, "underbidder": 3},
    ),
    "a changed maximum counts from its change": Case(
        f"{C1} proxy",
        auction(leader_may_raise=True),
        [
            (proxy(1, 1, 2_000), (1_000, 1)),
            (proxy(2, 1, 1_500), (1_000, 1)),
            (proxy(3, 2, 1_500), (1_500, 1)),
            (proxy(4, 2, 1_510), (1_510, 2)),
        ],
        {},
    ),
    "a leader's maximum goes down to the standing price and no further": Case(
        f"{C1} proxy: further, below_minimum",
        auction(),
        [
            (proxy(1, 1, 2_000), (1_000, 1)),
            (bid(2, 2, 1_100), (1_110, 1)),
            (proxy(3, 1, 999), ("below_start", 1_120)),
            (proxy(3, 1, 1_109), ("below_minimum", 1_120)),
            (proxy(3, 1, 1_110), (1_110, 1)),
            (proxy(4, 1, 1_110), (1_110, 1)),
            (bid(5, 2, 1_120), (1_120, 2)),
        ],
        {},
    ),
    "raising a maximum may move one's own price, and never extends": Case(
        f"{C1} extension: nor does a leader's own change",
        auction(extension=RESET),
        [
            (proxy(1, 1, 1_105), (1_000, 1)),
            (bid(2, 2, 1_100), (1_105, 1)),
            (proxy(99_000, 1, 2_000), (1_110, 1, 100_000)),
            (bid(99_001, 2, 1_200), (1_210, 1, 104_001)),
        ],
        {"extensions": 1},
    ),
    "the reserve lifts the price as soon as the highest maximum reaches it": Case(
        f"{C1} reserve_price_fen",
        auction(reserve_price_fen=1_500),
        [
            (proxy(1, 1, 1_499), (1_000, 1)),
            (bid(2, 2, 1_010), (1_020, 1)),
            (proxy(3, 1, 1_500), (1_500, 1)),
            (AFTER, (1_500, 1)),
        ],
        {"outcome": "sold", "price_fen": 1_500},
    ),
    "below the reserve the lot is not sold": Case(
        f"{C1} result: the reason is the first that applies",
        auction(reserve_price_fen=1_500, min_bidders=2),
        [(bid(1, 1, 1_499), (1_499, 1)), (AFTER, None)],
        {"outcome": "unsold", "reason": "reserve_not_met", "winner": None, "price_fen": None},
    ),
    "too few bidders": Case(
        f"{C1} min_bidders: bids that stand",
        auction(min_bidders=2),
        [
            (bid(1, 1, 1_000), (1_000, 1)),
            (bid(2, 2, 1_010), (1_010, 2)),
            (proxy(2, 2, 2_000), (1_010, 2)),
            (step(3, "disqualify", paddle=1), (1_010, 2)),
            (AFTER, None),
        ],
        {"outcome": "unsold", "reason": "too_few_bidders", "underbidder": None},
    ),
    "the leader may not bid again": Case(
        f"{C1} refusals: after the amount was judged",
        auction(grid="multiple", max_steps_per_bid=2),
        [
            (bid(1, 1, 1_000), (1_000, 1)),
            (bid(2, 1, 1_005), ("below_minimum", 1_010)),
            (bid(2, 1, 1_015), "off_grid"),
            (bid(2, 1, 1_030), "above_step_cap"),
            (bid(2, 1, 1_010), "already_leading"),
        ],
        {},
    ),
    "the leader may bid again, and a higher hidden maximum stays": Case(
        f"{C1} leader_may_raise",
        auction(leader_may_raise=True, extension=RESET),
        [
            (proxy(1, 1, 2_000), (1_000, 1)),
            (bid(99_000, 1, 1_500), (1_500, 1, 104_000)),
            (bid(99_001, 2, 1_600), (1_610, 1)),
            (bid(99_002, 1, 2_500), (2_500, 1)),
            (bid(99_003, 2, 2_509), ("below_minimum", 2_510)),
        ],
        {"extensions": 3},
    ),
    "multiple: the raise is a whole multiple of the step": Case(
        f"{C1} grid: binds hidden maxima too",
        auction(grid="multiple", start_price_fen=1_003),
        [
            (bid(1, 1, 1_008), "off_grid"),
            (proxy(1, 1, 1_050), "off_grid"),
            (proxy(1, 1, 1_053), (1_003, 1)),
            (bid(2, 2, 1_020), "off_grid"),
            (bid(2, 2, 1_023), (1_033, 1)),
            (proxy(3, 1, 1_040), "off_grid"),
            (proxy(3, 1, 1_043), (1_033, 1)),
        ],
        {},
    ),
    "absolute: the amount itself is a multiple": Case(
        f"{C1} grid",
        auction(grid="absolute", start_price_fen=1_003),
        [(bid(1, 1, 1_003), "off_grid"), (bid(1, 1, 1_010), (1_010, 1))],
        {},
    ),
    "a match is always on the grid": Case(
        f"{C1} priority",
        auction(grid="absolute", reserve_price_fen=1_055, priority=RANKED),
        [(proxy(1, 1, 1_060), (1_055, 1)), (bid(2, 3, 1_055), (1_060, 1))],
        {},
    ),
    "a cap on steps binds manual bids, the first included, not maxima": Case(
        f"{C1} max_steps_per_bid",
        auction(max_steps_per_bid=3),
        [
            (bid(1, 1, 1_031), "above_step_cap"),
            (bid(1, 1, 1_030), (1_030, 1)),
            (proxy(2, 2, 9_000), (1_040, 2)),
        ],
        {},
    ),
    "bands: the last that begins at or below the price it is added to": Case(
        f"{C1} step",
        auction(
            step={
                "kind": "bands",
                "bands": [{"from_fen": 0, "step_fen": 10}, {"from_fen": 1_010, "step_fen": 100}],
            }
        ),
        [
            (proxy(1, 1, 2_000), (1_000, 1)),
            (bid(2, 2, 1_009), ("below_minimum", 1_010)),
            (bid(2, 2, 1_010), (1_110, 1)),
            (bid(2, 2, 1_209), ("below_minimum", 1_210)),
        ],
        {},
    ),
    "percent: of that price, rounded down, then at least": Case(
        f"{C1} step: exact past 2^53",
        auction(
            start_price_fen=9_999_999_999_000,
            step={"kind": "percent", "basis_points": 3, "min_fen": 7, "round_to_fen": 1_000},
        ),
        [
            (bid(1, 1, 9_999_999_999_000), None),
            (bid(2, 2, 9_999_999_999_001), ("below_minimum", 10_002_999_998_000)),
        ],
        {},
    ),
    "percent: the least step": Case(
        f"{C1} step",
        auction(step={"kind": "percent", "basis_points": 1, "min_fen": 7, "round_to_fen": 1}),
        [(bid(1, 1, 1_000), None), (bid(2, 2, 1_006), ("below_minimum", 1_007))],
        {},
    ),
    "a priority holder takes the lead at the standing price, and extends": Case(
        "domain 2.1 art. 21",
        auction(priority=RANKED, extension=RESET),
        [
            (bid(1, 3, 999), ("below_start", 1_000)),
            (bid(1, 1, 1_000), (1_000, 1)),
            (bid(99_000, 3, 1_000), (1_000, 3, 104_000)),
            (bid(99_001, 3, 1_000), ("below_minimum", 1_010)),
            (bid(99_002, 1, 1_000), ("below_minimum", 1_010)),
            (bid(99_003, 4, 1_000), (1_000, 4)),
            (AFTER, None),
        ],
        {"winner": 4, "underbidder": 3, "price_fen": 1_000, "extensions": 2},
    ),
    "a higher hidden maximum answers a match": Case(
        f"{C1} priority",
        auction(priority=RANKED),
        [
            (proxy(1, 1, 1_005), (1_000, 1)),
            (bid(2, 3, 1_000), (1_005, 1)),
            (bid(3, 3, 1_005), (1_005, 3)),
        ],
        {},
    ),
    "a proxy never matches": Case(
        f"{C1} priority: proxies never bid this way",
        auction(priority=RANKED),
        [(bid(1, 1, 1_000), None), (proxy(2, 3, 1_000), ("below_minimum", 1_010))],
        {},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_english_price(case: Case, holds: Callable[[Case], None]) -> None:
    """Each rule of the English auction gives the decisions and the result that its source says, in both engines."""
    holds(case)
