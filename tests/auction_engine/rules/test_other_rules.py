"""The rules of the other open formats, one table; each case names the sentence that it holds to."""

from collections.abc import Callable

import pytest

from tests.make_scenarios import Case, accept, auction, bid, proxy, seal, step

AFTER = step(10_000_000, "tick")
RANKED = [{"paddle": 3, "rank": 2}, {"paddle": 4, "rank": 1}]
C1 = "contracts 1"

DYNAMIC: dict[str, Case] = {
    "a cycle follows the free period, bids or not, and each bid restarts it": Case(
        "domain 2.6; contracts 1 dynamic",
        auction("dynamic"),
        [
            (bid(99_999, 1, 1_000), (1_000, 1, 105_000)),
            (bid(100_000, 2, 1_010), (1_010, 2, 105_000)),
            (bid(103_000, 1, 1_020), (1_020, 1, 108_000)),
            (bid(102_000, 2, 1_030, decided_at=103_500), (1_030, 2, 108_000)),
            (bid(108_000, 1, 1_040), "closed"),
            (proxy(108_000, 1, 1_040), "wrong_action"),
            (AFTER, None),
        ],
        {"outcome": "sold", "winner": 2, "closed_at": 108_000, "extensions": 1},
    ),
    "nobody bids in either": Case(
        "domain 2.6: nobody in both",
        auction("dynamic"),
        [(AFTER, (None, None, 105_000))],
        {"outcome": "unsold", "reason": "no_bids"},
    ),
    "who made no bid in the free period is barred after it": Case(
        f"{C1} dynamic: require_free_bid",
        auction("dynamic", require_free_bid=True),
        [
            (bid(1, 1, 1_000), None),
            (bid(2, 2, 999), ("below_start", 1_010)),
            (bid(100_000, 2, 1_010), "barred"),
            (bid(99_999, 3, 1_010, decided_at=100_001), (1_010, 3, 105_000)),
            (bid(100_002, 3, 1_020), "already_leading"),
            (bid(100_003, 1, 1_020), (1_020, 1, 105_003)),
        ],
        {},
    ),
    "on the floor holders match": Case(
        "domain 2.6 on-floor",
        auction("dynamic", priority=RANKED),
        [
            (bid(1, 1, 1_000), None),
            (bid(2, 3, 1_000), (1_000, 3, 105_000)),
            (step(3, "exercise", paddle=3), "wrong_action"),
            (AFTER, None),
        ],
        {"winner": 3, "underbidder": 1},
    ),
    "after the end each holder but the leader has a turn, by rank": Case(
        f"{C1} dynamic: exercise after",
        auction("dynamic", priority=RANKED, exercise="after"),
        [
            (step(1, "exercise", paddle=3), "not_due"),
            (bid(1, 1, 1_000), (1_000, 1, 107_000)),
            (bid(2, 3, 1_000), ("below_minimum", 1_010)),
            (step(3, "exercise", paddle=3), "not_due"),
            (step(3, "exercise", paddle=2), "match_not_allowed"),
            (step(3, "exercise", paddle=1), "already_leading"),
            (bid(105_000, 2, 1_010), "closed"),
            (step(105_000, "exercise", paddle=3), "not_due"),
            (step(105_999, "tick"), (1_000, 1, 107_000)),
            (step(106_000, "exercise", paddle=4), "not_due"),
            (step(106_000, "exercise", paddle=3), (1_000, 3, 106_000)),
            (step(105_500, "exercise", paddle=4, decided_at=106_001), "closed"),
            (AFTER, (1_000, 3, 106_000)),
        ],
        {"outcome": "sold", "winner": 3, "underbidder": 1, "closed_at": 106_000, "extensions": 0},
    ),
    "nobody exercises": Case(
        f"{C1} dynamic: or after the last window",
        auction("dynamic", priority=RANKED, exercise="after"),
        [
            (bid(1, 3, 1_000), (1_000, 3, 106_000)),
            (step(106_000, "exercise", paddle=4), "closed"),
            (AFTER, None),
        ],
        {"outcome": "sold", "winner": 3, "closed_at": 106_000},
    ),
    "an exercise is bound by the limit, and does not sell below the reserve": Case(
        f"{C1} result",
        auction("dynamic", priority=RANKED, exercise="after", reserve_price_fen=2_000),
        [
            (step(1, "admit", paddle=4, limit_fen=999), (None, None, 105_000)),
            (bid(1, 1, 1_000), None),
            (bid(2, 4, 1_010), "over_limit"),
            (step(105_000, "exercise", paddle=4), "over_limit"),
            (step(106_000, "exercise", paddle=3), None),
            (AFTER, None),
        ],
        {"outcome": "unsold", "reason": "reserve_not_met"},
    ),
    "disqualifying in the exercise windows moves no end and no turn": Case(
        f"{C1} disqualify: the end does not move",
        auction("dynamic", priority=RANKED, exercise="after"),
        [
            (bid(1, 1, 1_000), None),
            (bid(2, 2, 1_010), (1_010, 2, 107_000)),
            (step(105_000, "disqualify", paddle=4), (1_010, 2, 107_000)),
            (step(105_500, "disqualify", paddle=2), (1_000, 1, 107_000)),
            (step(105_600, "exercise", paddle=4), "barred"),
            (step(106_000, "exercise", paddle=3), (1_000, 3, 106_000)),
        ],
        {},
    ),
    "a holder without a free bid has no turn where one is required": Case(
        f"{C1} dynamic: barred after it",
        auction("dynamic", priority=RANKED, exercise="after", require_free_bid=True),
        [
            (bid(1, 4, 1_000), (1_000, 4, 105_000)),
            (bid(2, 1, 1_010), (1_010, 1, 106_000)),
            (step(105_000, "exercise", paddle=3), "barred"),
            (step(105_000, "admit", paddle=3), (1_010, 1, 106_000)),
            (step(105_000, "exercise", paddle=4), (1_010, 4, 105_000)),
        ],
        {},
    ),
}

ROUNDS: dict[str, Case] = {
    "each accepted bid ends a round, a silent round ends the auction": Case(
        f"{C1} rounds",
        auction("rounds"),
        [
            (bid(4_999, 1, 1_000), (1_000, 1, 10_999)),
            (bid(4_998, 2, 1_010, decided_at=5_000), "not_open"),
            (bid(5_998, 2, 1_010), "not_open"),
            (bid(5_999, 2, 1_010), (1_010, 2, 11_999)),
            (bid(12_000, 1, 1_020), "closed"),
            (AFTER, (1_010, 2, 11_999)),
        ],
        {"outcome": "sold", "winner": 2, "underbidder": 1, "closed_at": 11_999, "extensions": 2},
    ),
    "the first minimum may be a step above the start": Case(
        f"{C1} rounds: first",
        auction("rounds", first="start_plus_step", grid="multiple"),
        [
            (bid(1, 1, 999), ("below_start", 1_010)),
            (bid(1, 1, 1_000), ("below_minimum", 1_010)),
            (bid(1, 1, 1_010), (1_010, 1)),
        ],
        {},
    ),
    "the deadline clips a round, and the bid before it may close the auction": Case(
        f"{C1} rounds: deadline_at",
        auction("rounds", deadline_at=7_000),
        [
            (bid(4_000, 1, 1_000), (1_000, 1, 7_000)),
            (bid(6_000, 2, 1_010), (1_010, 2, 6_000)),
            (bid(5_500, 1, 1_020, decided_at=6_001), "closed"),
            (AFTER, None),
        ],
        {"outcome": "sold", "winner": 2, "closed_at": 6_000},
    ),
    "a suspension moves rounds and deadline": Case(
        f"{C1} suspend",
        auction("rounds", deadline_at=7_000),
        [
            (bid(4_000, 1, 1_000), (1_000, 1, 7_000)),
            (step(4_500, "suspend"), None),
            (step(5_500, "resume"), (1_000, 1, 8_000)),
            (bid(5_999, 2, 1_010), "not_open"),
            (bid(6_000, 2, 1_010), (1_010, 2, 8_000)),
        ],
        {},
    ),
}

DUTCH: dict[str, Case] = {
    "the first to accept the price on the clock wins and closes": Case(
        f"{C1} dutch",
        auction("dutch"),
        [
            (step(0, "tick"), (None, None, 5_000)),
            (bid(0, 1, 1_000), "wrong_action"),
            (accept(999, 1, 900), "wrong_price"),
            (accept(1_000, 1, 1_000), "wrong_price"),
            (accept(1_000, 1, 900, id="a"), (900, 1, 1_000)),
            (accept(999, 2, 1_000, decided_at=1_001), "closed"),
            (step(1_001, "disqualify", paddle=1), "closed"),
            (accept(1_002, 1, 900, id="a"), (900, 1, 1_000)),
            (AFTER, (900, 1, 1_000)),
        ],
        {
            "outcome": "sold",
            "winner": 1,
            "price_fen": 900,
            "underbidder": None,
            "closed_at": 1_000,
            "extensions": 0,
        },
    ),
    "the floor is the last price, and then it is unsold": Case(
        f"{C1} dutch: floor_price_fen",
        auction("dutch", floor_price_fen=750, closes_at=4_000),
        [
            (accept(3_999, 1, 700), "wrong_price"),
            (step(3_999, "disqualify", paddle=1), (None, None, 4_000)),
            (accept(4_000, 2, 750), "closed"),
            (AFTER, None),
        ],
        {"outcome": "unsold", "reason": "no_bids", "closed_at": 4_000},
    ),
    "so many prices": Case(
        f"{C1} dutch: prices, the start price being the first",
        auction("dutch", floor_price_fen=None, prices=2),
        [(accept(1_999, 1, 900), (900, 1, 1_999))],
        {},
    ),
    "one price": Case(
        f"{C1} dutch: prices",
        auction("dutch", floor_price_fen=None, prices=1),
        [(accept(999, 1, 1_000), (1_000, 1)), (accept(1_000, 1, 900), "closed")],
        {},
    ),
    "a floor at the start price is the only price": Case(
        f"{C1} dutch: floor_price_fen",
        auction("dutch", floor_price_fen=1_000),
        [(step(0, "tick"), (None, None, 1_000)), (accept(999, 1, 1_000), (1_000, 1))],
        {},
    ),
    "a percentage of the start, each price rounded half up before the next": Case(
        f"{C1} dutch: percent_of_start",
        auction(
            "dutch",
            start_price_fen=1_005,
            floor_price_fen=None,
            prices=4,
            drop={"kind": "percent_of_start", "basis_points": 1_000, "round_to_fen": 10},
        ),
        # 1005 - 100.5 = 904.5, rounded 900; 799.5 to 800; 699.5 to 700.
        [
            (accept(1_000, 1, 905), "wrong_price"),
            (accept(2_000, 2, 801), "wrong_price"),
            (accept(3_000, 3, 700), (700, 3, 3_000)),
        ],
        {},
    ),
    "the clock stands still while suspended": Case(
        f"{C1} suspend: price changes",
        auction("dutch"),
        [
            (step(500, "suspend"), None),
            (step(10_000, "resume"), (None, None, 14_500)),
            (accept(10_499, 1, 900), "wrong_price"),
            (accept(10_499, 1, 1_000), (1_000, 1, 10_499)),
        ],
        {},
    ),
}

HYBRID: dict[str, Case] = {
    "without a live offer it closes when sealing ends": Case(
        f"{C1} dutch_hybrid",
        auction("dutch_hybrid", amend="latest_counts"),
        [
            (seal(1, 2, 2_000), "not_open"),
            (accept(1_000, 1, 900), (900, 1, 5_000)),
            (accept(1_000, 2, 900), "wrong_action"),
            (seal(1_999, 2, 950), "not_open"),
            (seal(2_000, 2, 900), ("below_minimum", 901)),
            (seal(2_000, 1, 950), "already_leading"),
            (step(2_000, "withdraw", paddle=2), "not_amendable"),
            (seal(2_000, 2, 901), 8_000),
            (step(2_001, "withdraw", paddle=2), 5_000),
            (step(4_999, "tick"), 5_000),
            (seal(5_000, 2, 950), "closed"),
            (AFTER, 5_000),
        ],
        {"outcome": "sold", "winner": 1, "price_fen": 900, "underbidder": None, "closed_at": 5_000},
    ),
    "the Dutch winner alone has a last look": Case(
        f"{C1} dutch_hybrid",
        auction("dutch_hybrid"),
        [
            (accept(1_000, 1, 900), None),
            (seal(2_000, 2, 950), 8_000),
            (seal(2_001, 2, 960), "not_amendable"),
            (seal(2_002, 3, 950), 8_000),
            (seal(5_000, 1, 950), "not_open"),
            (seal(6_000, 3, 999), "match_not_allowed"),
            (step(6_000, "withdraw", paddle=3), "match_not_allowed"),
            (seal(6_000, 1, 900), ("below_minimum", 901)),
            (seal(7_999, 1, 950), 8_000),
            (seal(8_000, 1, 999), "closed"),
            (AFTER, 8_000),
        ],
        {"winner": 2, "price_fen": 950, "underbidder": 3, "closed_at": 8_000, "extensions": 0},
    ),
    "the last look may win, and be taken back": Case(
        f"{C1} dutch_hybrid: amend",
        auction("dutch_hybrid", amend="latest_counts"),
        [
            (accept(1_000, 1, 900), None),
            (seal(2_000, 2, 950), 8_000),
            (seal(6_000, 1, 951), 8_000),
            (step(6_001, "withdraw", paddle=1), 8_000),
            (seal(6_002, 1, 952), 8_000),
            (AFTER, 8_000),
        ],
        {"winner": 1, "price_fen": 952, "underbidder": 2},
    ),
    "nobody accepts": Case(
        f"{C1} dutch",
        auction("dutch_hybrid"),
        [(step(1, "disqualify", paddle=3), (None, None, 5_000)), (AFTER, (None, None, 5_000))],
        {"outcome": "unsold", "reason": "no_bids"},
    ),
    "disqualifying the Dutch winner leaves the offers": Case(
        f"{C1} disqualify",
        auction("dutch_hybrid"),
        [
            (accept(1_000, 1, 900), None),
            (seal(2_000, 2, 950), 8_000),
            (step(5_500, "disqualify", paddle=1), 8_000),
            (step(6_000, "disqualify", paddle=2), 8_000),
            (AFTER, 8_000),
        ],
        {"outcome": "unsold", "reason": "no_bids", "closed_at": 8_000},
    ),
}

SELL_OFF: dict[str, Case] = {
    "the first bid sets the end; then as english": Case(
        f"{C1} sell_off",
        auction("sell_off", extension={"mode": "reset", "window_ms": 1_000, "hard_end": 200_000}),
        [
            (step(0, "tick"), (None, None, 100_000)),
            (bid(1_000, 1, 999), ("below_start", 1_000)),
            (proxy(1_000, 1, 1_200), (1_000, 1, 6_000)),
            (bid(2_000, 2, 1_010), (1_020, 1, 6_000)),
            (bid(5_500, 2, 1_100), (1_110, 1, 6_500)),
            (AFTER, None),
        ],
        {"outcome": "sold", "winner": 1, "price_fen": 1_110, "closed_at": 6_500, "extensions": 2},
    ),
    "also past the period": Case(
        f"{C1} sell_off",
        auction("sell_off"),
        [
            (bid(99_999, 1, 1_000), (1_000, 1, 104_999)),
            (bid(104_998, 2, 1_010), (1_010, 2, 104_999)),
        ],
        {},
    ),
    "disqualifying the first bidder starts no second countdown": Case(
        f"{C1} disqualify: the end does not move",
        auction("sell_off"),
        [
            (bid(1_000, 1, 1_000), (1_000, 1, 6_000)),
            (step(2_000, "disqualify", paddle=1), (None, None, 6_000)),
            (bid(3_000, 2, 1_000), (1_000, 2, 6_000)),
        ],
        {},
    ),
    "a first bid from before a suspension may have ended before it": Case(
        f"{C1} suspend: every later moment",
        auction("sell_off", countdown_ms=300),
        [
            (step(50_000, "suspend"), None),
            (step(50_100, "resume"), (None, None, 100_100)),
            (bid(48_500, 1, 1_000, decided_at=50_400), (1_000, 1, 48_800)),
            (bid(48_700, 2, 1_010, decided_at=50_500), (1_010, 2, 48_800)),
            (bid(48_800, 1, 1_020, decided_at=50_600), "closed"),
            (step(50_800, "tick"), None),
        ],
        {"outcome": "sold", "winner": 2, "closed_at": 48_800},
    ),
    "nobody in the period": Case(
        f"{C1} sell_off",
        auction("sell_off"),
        [(AFTER, None)],
        {"outcome": "unsold", "reason": "no_bids", "closed_at": 100_000},
    ),
}

CASES = {
    f"{kind}: {name}": case
    for kind, cases in {
        "dynamic": DYNAMIC,
        "rounds": ROUNDS,
        "dutch": DUTCH,
        "dutch_hybrid": HYBRID,
        "sell_off": SELL_OFF,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_format_rule(case: Case, holds: Callable[[Case], None]) -> None:
    """Each rule gives the decisions and the result that its source says, in both engines."""
    holds(case)
