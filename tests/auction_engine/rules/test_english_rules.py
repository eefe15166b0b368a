"""The English auction's rules of time, of the operator and of order, one table; prices are test_english_prices.py.

Each case names the sentence of the contract or statute it holds to.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.make_scenarios import Case, auction, bid, proxy, scenario, step

RESET = {"mode": "reset", "window_ms": 5_000, "hard_end": None}
AFTER = step(10_000_000, "tick")
C1 = "contracts 1"

CASES: dict[str, Case] = {
    "reset: the end is the window after the bid": Case(
        "domain 2.1 art. 20",
        auction(extension=RESET),
        [
            (bid(95_000, 1, 1_000), (1_000, 1, 100_000)),
            (bid(95_001, 2, 1_010), (1_010, 2, 100_001)),
            (bid(99_000, 1, 1_010), ("below_minimum", 1_020)),
            (bid(99_000, 1, 1_020), (1_020, 1, 104_000)),
            (bid(98_000, 2, 1_030, decided_at=99_500), (1_030, 2, 104_000)),
            (step(105_999, "tick"), None),
        ],
        {"outcome": "open", "extensions": 2},
    ),
    "append: so many times": Case(
        f"{C1} extension",
        auction(
            extension={
                "mode": "append",
                "window_ms": 5_000,
                "by_ms": 1_000,
                "max": 2,
                "hard_end": None,
            }
        ),
        [
            (bid(95_000, 1, 1_000), (1_000, 1, 100_000)),
            (bid(95_001, 2, 1_010), (1_010, 2, 101_000)),
            (bid(99_000, 1, 1_020), (1_020, 1, 102_000)),
            (bid(99_001, 2, 1_030), (1_030, 2, 102_000)),
        ],
        {"extensions": 2},
    ),
    "the hard end caps, and only what moved the end is counted": Case(
        f"{C1} extension",
        auction(extension=RESET | {"hard_end": 101_000}),
        [
            (bid(99_000, 1, 1_000), (1_000, 1, 101_000)),
            (bid(99_001, 2, 1_010), (1_010, 2, 101_000)),
            (bid(101_000, 1, 1_020), "closed"),
        ],
        {"extensions": 1},
    ),
    "a suspension moves every later moment by its length": Case(
        f"{C1} suspend",
        auction(opens_at=10, extension=RESET | {"hard_end": 101_000}),
        [
            (step(9, "suspend"), "not_open"),
            (step(10, "resume"), "wrong_action"),
            (step(99_990, "suspend"), (None, None, None)),
            (bid(99_990, 1, 1_000), "suspended"),
            (step(100_000, "suspend"), "suspended"),
            (step(200_000, "tick"), (None, None, None)),
            (step(299_990, "resume"), (None, None, 300_000)),
            (bid(299_995, 1, 1_000), (1_000, 1, 301_000)),
            (bid(301_000, 2, 1_010), "closed"),
        ],
        {"outcome": "open", "extensions": 1},
    ),
    "no bid counts that entered in a suspension, however late": Case(
        f"{C1} suspend",
        auction(),
        [
            (step(1_000, "suspend"), None),
            (bid(999, 1, 1_000, decided_at=1_500), "suspended"),
            (step(2_000, "resume"), None),
            (bid(1_999, 1, 1_000, decided_at=2_001), "suspended"),
            (bid(1_000, 1, 1_000, decided_at=2_001), "suspended"),
            (step(1_999, "suspend", decided_at=2_001), "suspended"),
            (bid(999, 1, 1_000, decided_at=2_001), (1_000, 1, 101_000)),
            (bid(2_000, 2, 1_010, decided_at=2_001), (1_010, 2)),
        ],
        {},
    ),
    "a bid from before a suspension is judged as if there had been none": Case(
        f"{C1} suspend: no more and no less",
        auction(extension=RESET),
        [
            (step(97_000, "suspend"), None),
            (step(97_500, "resume"), (None, None, 100_500)),
            (bid(96_000, 1, 1_000, decided_at=97_600), (1_000, 1, 101_500)),
        ],
        {"extensions": 1},
    ),
    "a suspension from before a bid that was decided moves what that bid set": Case(
        f"{C1} suspend",
        auction(extension=RESET),
        [
            (bid(99_000, 1, 1_000), (1_000, 1, 104_000)),
            (step(98_000, "suspend", decided_at=99_500), None),
            (step(100_000, "resume"), (1_000, 1, 106_000)),
            (step(99_000, "suspend", decided_at=100_500), "suspended"),
        ],
        {},
    ),
    "cancelled: nobody wins, and it answers so at any time": Case(
        f"{C1} cancel; refusals",
        auction(opens_at=100),
        [
            (step(50, "cancel", id="c"), (None, None, 50)),
            (bid(60, 1, 1_000), "cancelled"),
            (step(60, "suspend"), "cancelled"),
            (step(60, "resume"), "wrong_action"),
            (step(60, "cancel"), "cancelled"),
            (bid(500_000, 1, 1_000), "cancelled"),
            (AFTER, (None, None, 50)),
        ],
        {"outcome": "cancelled", "reason": None, "winner": None, "closed_at": 50},
    ),
    "a suspended auction can be cancelled; then it answers cancelled": Case(
        f"{C1} cancel",
        auction(),
        [
            (bid(1, 1, 1_000), None),
            (step(2, "suspend"), None),
            (step(3, "cancel"), (1_000, 1, 3)),
            (step(4, "resume"), "cancelled"),
            (bid(5, 2, 1_010), "cancelled"),
        ],
        {"outcome": "cancelled", "closed_at": 3},
    ),
    "after the end nothing of the operator's counts either": Case(
        f"{C1} refusals: closed",
        auction(),
        [
            (step(100_000, "suspend"), "closed"),
            (step(100_000, "cancel"), "closed"),
            (step(100_000, "admit", paddle=9), "closed"),
            (step(100_000, "disqualify", paddle=1), "closed"),
            (step(100_000, "resume"), "wrong_action"),
        ],
        {},
    ),
    "disqualifying voids: leader and price follow from the others": Case(
        f"{C1} disqualify",
        auction(extension=RESET),
        [
            (bid(1, 1, 1_000), (1_000, 1)),
            (proxy(2, 2, 3_000), (1_010, 2)),
            (proxy(3, 3, 2_000), (2_010, 2)),
            (bid(99_000, 4, 2_500), (2_510, 2, 104_000)),
            (step(99_001, "disqualify", paddle=2, reason="collusion"), (2_500, 4, 104_000)),
            (step(99_002, "disqualify", paddle=4), (1_010, 3, 104_000)),
            (bid(99_003, 4, 5_000), "barred"),
            (step(99_003, "disqualify", paddle=4), "barred"),
            (step(99_003, "disqualify", paddle=8), "unknown_paddle"),
            (step(99_004, "disqualify", paddle=1), (1_000, 3)),
            (step(99_005, "disqualify", paddle=3), (None, None, 104_000)),
            (step(99_006, "admit", paddle=9), (None, None)),
            (bid(99_007, 9, 1_000), (1_000, 9, 104_007)),
        ],
        {"extensions": 2},
    ),
    "admitting adds a paddle, with its rank and its limit": Case(
        f"{C1} admit: until the end",
        auction(priority=[{"paddle": 9, "rank": 1}]),
        [
            (bid(1, 1, 1_000), None),
            (bid(2, 9, 1_000), "unknown_paddle"),
            (step(3, "suspend"), None),
            (step(4, "admit", paddle=9, limit_fen=1_000), None),
            (step(5, "resume"), None),
            (bid(6, 9, 1_000), (1_000, 9)),
            (bid(7, 9, 1_010), "over_limit"),
            (step(8, "admit", paddle=9, limit_fen=None), None),
            (bid(9, 9, 1_010), "already_leading"),
            (step(10, "admit", paddle=0), "unknown_paddle"),
            (step(10, "admit", paddle=10**14), "unknown_paddle"),
            (step(10, "admit", paddle=5, limit_fen=0), "invalid_amount"),
            (step(10, "admit", paddle=5, limit_fen=10**13 + 1), "invalid_amount"),
            (step(11, "disqualify", paddle=9), (1_000, 1)),
            (step(12, "admit", paddle=9), "barred"),
        ],
        {},
    ),
    "a retry answers as the first time, whenever it comes": Case(
        f"{C1} ids",
        auction(),
        [
            (bid(1, 1, 1_000, id="x"), (1_000, 1)),
            (bid(2, 2, 1_010, id="x"), (1_010, 2)),
            (bid(3, 1, 1_000, id="x"), (1_000, 1)),
            (bid(3, 1, 1_020, id="x"), "id_reused"),
            (proxy(3, 1, 1_000, id="x"), "id_reused"),
            (bid(3, 1, 1_001, id="y"), ("below_minimum", 1_020)),
            (bid(3, 1, 1_020, id="y"), (1_020, 1)),
            (step(4, "suspend", id="s"), (1_020, 1, None)),
            (step(5, "suspend", id="s"), (1_020, 1, None)),
            (bid(5, 2, 1_010, id="x"), (1_010, 2, 100_000)),
            (step(6, "resume", id="s"), "id_reused"),
            (step(6, "resume", id="r"), None),
            (step(7, "disqualify", paddle=1, id="d"), None),
            (step(7, "disqualify", paddle=1, id="d"), None),
            (bid(7, 1, 1_000, id="x"), (1_000, 1)),
            (bid(7, 1, 1_001, id="x"), "barred"),
            (step(8, "cancel", id="c"), None),
            (bid(9, 1, 1_000, id="x"), (1_000, 1)),
            (step(9, "resume", id="r"), None),
            (step(9, "cancel", id="c"), None),
        ],
        {"outcome": "cancelled"},
    ),
    "the first refusal in order is given": Case(
        f"{C1} refusals, in order of precedence",
        auction(opens_at=100, grid="multiple"),
        [
            (step(1, "accept", paddle=9, amount_fen=0), "invalid_amount"),
            (bid(1, 9, -5), "invalid_amount"),
            (bid(1, 9, 10**13 + 1), "invalid_amount"),
            (proxy(1, 9, 10**30), "invalid_amount"),
            (step(1, "accept", paddle=9, amount_fen=5), "wrong_action"),
            (step(1, "withdraw", paddle=9), "wrong_action"),
            (step(1, "exercise", paddle=9), "wrong_action"),
            (step(1, "score", paddle=9, scores={"x": 1}), "wrong_action"),
            (bid(1, 9, 5), "not_open"),
            (step(1, "disqualify", paddle=4), None),
            (bid(100, 9, 5), "unknown_paddle"),
            (bid(100, 0, 5), "unknown_paddle"),
            (bid(100, -1, 5), "unknown_paddle"),
            (bid(100, 4, 5), "barred"),
            (bid(100, 1, 5), ("below_start", 1_000)),
            (bid(100_000, 9, 5), "closed"),
        ],
        {},
    ),
    "all was suspended to the last": Case(
        f"{C1} result: open while suspended",
        auction(),
        [(bid(1, 1, 1_000), None), (step(2, "suspend"), None), (AFTER, (1_000, 1, None))],
        {"outcome": "open", "closed_at": None},
    ),
    "a resume from before the suspension takes no time away": Case(
        f"{C1} suspend",
        auction(),
        [
            (step(5_000, "suspend"), None),
            (step(4_000, "resume", decided_at=5_500), (None, None, 100_000)),
            (step(4_500, "suspend", decided_at=5_600), None),
            (step(6_000, "resume"), (None, None, 101_000)),
        ],
        {},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_english_rule(case: Case, holds: Callable[[Case], None]) -> None:
    """Each rule of the English auction gives the decisions and the result that its source says, in both engines."""
    holds(case)


def test_refusals_tell_nothing_and_retries_say_so(
    play: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """A replay carries its first number and `replayed`; a tick has no number."""
    played = play(
        scenario(
            auction(),
            [
                bid(1, 1, 1_000, id="x"),
                bid(1, 1, 1_000, id="x"),
                step(2, "tick"),
                proxy(3, 2, 1_050),
            ],
        )
    )
    first, again, tick, last = played["decisions"]
    assert again == first | {"replayed": True}
    assert not {"seq", "replayed"} & tick.keys()
    assert (first["seq"], last["seq"]) == (1, 2)


def test_limit_comes_before_the_amount(
    play: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """A paddle's limit is judged before what the bid must reach, for bids and maxima alike."""
    given = scenario(auction(), [bid(1, 1, 901), proxy(1, 1, 901), bid(1, 1, 900)])
    given["paddles"][0]["limit_fen"] = 900
    reasons = [decision["reason"] for decision in play(given)["decisions"]]
    assert reasons == ["over_limit", "over_limit", "below_start"]
