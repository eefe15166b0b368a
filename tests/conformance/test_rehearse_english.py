"""The English format as contracts 1 words it: scenarios worked out by hand, through both engines."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LUOCHUI = [sys.executable, "-c", "from marketplace.cli import main; main()"]
DAY = 86_400_000


def auction(**changes: Any) -> dict[str, Any]:
    """An English auction from 0 to 100,000 ms: start 1,000, step 100, no extension unless asked for."""
    base: dict[str, Any] = {
        "format": "english",
        "opens_at": 0,
        "closes_at": 100_000,
        "start_price_fen": 1_000,
        "step": {"kind": "fixed", "step_fen": 100},
    }
    return base | changes


def bid(at: int, paddle: int, amount: int, **more: Any) -> dict[str, Any]:
    return {"at": at, "do": "bid", "paddle": paddle, "amount_fen": amount} | more


def proxy(at: int, paddle: int, most: int, **more: Any) -> dict[str, Any]:
    return {"at": at, "do": "proxy", "paddle": paddle, "max_fen": most} | more


def step(at: int, do: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "do": do} | more


def ok(price: int | None, leader: int | None, ends: int | None = 100_000) -> dict[str, Any]:
    return {"accepted": True, "price_fen": price, "leader": leader, "ends_at": ends}


def no(reason: str, minimum: int | None = None) -> dict[str, Any]:
    refused: dict[str, Any] = {"accepted": False, "reason": reason}
    return refused if minimum is None else refused | {"minimum_fen": minimum}


RESET = {"mode": "reset", "window_ms": 10_000, "hard_end": None}
PADDLES = [{"paddle": 1}, {"paddle": 2}, {"paddle": 3}, {"paddle": 4, "limit_fen": 5_000}]

CASES: dict[
    str, tuple[dict[str, Any], list[tuple[dict[str, Any], dict[str, Any]]], dict[str, Any]]
] = {
    "a bid exactly at the start price is enough": (
        auction(),
        [
            (bid(0, 1, 1_000), ok(1_000, 1)),
            (step(102_000, "tick"), ok(1_000, 1)),
        ],
        {
            "outcome": "sold",
            "winner": 1,
            "price_fen": 1_000,
            "underbidder": None,
            "closed_at": 100_000,
        },
    ),
    "the end is exclusive and the grace decides what entered in time": (
        auction(),
        [
            (bid(100_000, 1, 1_000), no("closed")),
            (step(100_500, "tick"), ok(None, None)),
            (bid(99_999, 1, 1_000, decided_at=101_999), ok(1_000, 1)),
            (step(101_999, "tick"), ok(1_000, 1)),
        ],
        {"outcome": "open", "reason": None, "winner": None, "price_fen": None, "closed_at": None},
    ),
    "nobody bids": (
        auction(),
        [(step(102_000, "tick"), ok(None, None))],
        {
            "outcome": "unsold",
            "reason": "no_bids",
            "winner": None,
            "price_fen": None,
            "closed_at": 100_000,
        },
    ),
    "a manual bid may stand below a rival's hidden maximum": (
        auction(),
        [
            (proxy(1, 1, 5_000), ok(1_000, 1)),
            (bid(2, 2, 1_050), no("below_minimum", 1_100)),
            (bid(3, 2, 2_000), ok(2_100, 1)),
            (bid(4, 2, 4_950), ok(5_000, 1)),
            (bid(5, 2, 5_000), no("below_minimum", 5_100)),
            (bid(6, 2, 5_100), ok(5_100, 2)),
            (step(102_000, "tick"), ok(5_100, 2)),
        ],
        {"outcome": "sold", "winner": 2, "price_fen": 5_100, "underbidder": 1},
    ),
    "equal maxima: the earlier leads, at that maximum": (
        auction(),
        [
            (proxy(1, 1, 3_000), ok(1_000, 1)),
            (proxy(2, 2, 3_000), ok(3_000, 1)),
            (step(102_000, "tick"), ok(3_000, 1)),
        ],
        {"outcome": "sold", "winner": 1, "price_fen": 3_000, "underbidder": 2},
    ),
    "equal maxima: the better rank leads": (
        auction(priority=[{"paddle": 3, "rank": 1}]),
        [
            (proxy(1, 1, 3_000), ok(1_000, 1)),
            (proxy(2, 3, 3_000), ok(3_000, 3)),
        ],
        {"outcome": "open"},
    ),
    "a priority holder matches the standing price, and a hidden maximum answers": (
        auction(priority=[{"paddle": 3, "rank": 2}, {"paddle": 2, "rank": 1}], extension=RESET),
        [
            (bid(1, 1, 1_000), ok(1_000, 1)),
            (bid(2, 3, 1_000), ok(1_000, 3)),
            (bid(3, 1, 1_000), no("below_minimum", 1_100)),
            (bid(4, 2, 1_000), ok(1_000, 2)),
            (bid(5, 3, 1_000), no("below_minimum", 1_100)),
            (proxy(6, 1, 2_000), ok(1_100, 1)),
            (proxy(7, 2, 1_100), no("below_minimum", 1_200)),
            (bid(8, 2, 1_100), ok(1_200, 1)),
            (bid(95_000, 2, 1_200), ok(1_300, 1, 105_000)),
        ],
        {"outcome": "open", "extensions": 1},
    ),
    "refusals in their order": (
        auction(opens_at=10),
        [
            (bid(9, 9, 0), no("invalid_amount")),
            (step(9, "accept", paddle=9, amount_fen=1_000), no("wrong_action")),
            (bid(9, 9, 1), no("not_open")),
            (step(9, "resume"), no("wrong_action")),
            (bid(10, 9, 1), no("unknown_paddle")),
            (bid(11, 4, 5_001), no("over_limit")),
            (bid(12, 1, 999), no("below_start", 1_000)),
            (bid(13, 1, 1_500), ok(1_500, 1)),
            (bid(14, 1, 1_500), no("below_minimum", 1_600)),
            (bid(15, 1, 1_600), no("already_leading")),
            (bid(16, 2, 999), no("below_start", 1_600)),
            (bid(17, 1, 10_000_000_000_001), no("invalid_amount")),
            (step(100_000, "suspend"), no("closed")),
        ],
        {"outcome": "open"},
    ),
    "the grid and the cap on steps": (
        auction(grid="multiple", max_steps_per_bid=3),
        [
            (bid(1, 1, 1_050), no("off_grid")),
            (bid(2, 1, 1_400), no("above_step_cap")),
            (bid(3, 1, 1_300), ok(1_300, 1)),
            (bid(4, 2, 1_450), no("off_grid")),
            (proxy(5, 2, 9_950), no("off_grid")),
            (proxy(6, 2, 9_900), ok(1_400, 2)),
        ],
        {"outcome": "open"},
    ),
    "an absolute grid": (
        auction(start_price_fen=1_050, grid="absolute"),
        [
            (bid(1, 1, 1_050), no("off_grid")),
            (bid(2, 1, 1_100), ok(1_100, 1)),
            (bid(3, 2, 1_250), no("off_grid")),
            (bid(4, 2, 1_300), ok(1_300, 2)),
        ],
        {"outcome": "open"},
    ),
    "the hidden reserve lifts the price as soon as a maximum reaches it": (
        auction(reserve_price_fen=2_550),
        [
            (bid(1, 1, 1_000), ok(1_000, 1)),
            (proxy(2, 2, 2_500), ok(1_100, 2)),
            (proxy(3, 2, 4_000), ok(2_550, 2)),
            (bid(4, 1, 2_600), no("below_minimum", 2_650)),
            (bid(5, 1, 2_650), ok(2_750, 2)),
        ],
        {"outcome": "open"},
    ),
    "below the reserve the lot is not sold": (
        auction(reserve_price_fen=2_000),
        [(bid(1, 1, 1_900), ok(1_900, 1)), (step(102_000, "tick"), ok(1_900, 1))],
        {"outcome": "unsold", "reason": "reserve_not_met", "winner": None, "underbidder": None},
    ),
    "too few bidders": (
        auction(min_bidders=2),
        [(bid(1, 1, 1_900), ok(1_900, 1)), (step(102_000, "tick"), ok(1_900, 1))],
        {"outcome": "unsold", "reason": "too_few_bidders"},
    ),
    "the leader's maximum: raised, lowered to the standing price, not further": (
        auction(extension=RESET),
        [
            (proxy(1, 1, 3_000), ok(1_000, 1)),
            (bid(2, 2, 1_500), ok(1_600, 1)),
            (proxy(3, 1, 1_599), no("below_minimum", 1_700)),
            (proxy(95_000, 1, 1_600), ok(1_600, 1)),
            (proxy(95_001, 2, 1_700), ok(1_700, 2, 105_001)),
        ],
        {"outcome": "open", "extensions": 1},
    ),
    "a leader who may raise sets the price; the higher hidden maximum stays": (
        auction(leader_may_raise=True),
        [
            (proxy(1, 1, 3_000), ok(1_000, 1)),
            (bid(2, 1, 2_000), ok(2_000, 1)),
            (bid(3, 2, 2_500), ok(2_600, 1)),
            (bid(4, 2, 3_000), ok(3_000, 1)),
        ],
        {"outcome": "open"},
    ),
    "extension by appending, a limited number of times": (
        auction(
            extension={
                "mode": "append",
                "window_ms": 5_000,
                "by_ms": 2_000,
                "max": 2,
                "hard_end": None,
            }
        ),
        [
            (bid(95_000, 1, 1_000), ok(1_000, 1)),
            (bid(95_001, 2, 1_100), ok(1_100, 2, 102_000)),
            (bid(97_001, 1, 1_200), ok(1_200, 1, 104_000)),
            (bid(103_999, 2, 1_300), ok(1_300, 2, 104_000)),
        ],
        {"outcome": "open", "extensions": 2},
    ),
    "a hard end caps what a bid may move": (
        auction(extension={"mode": "reset", "window_ms": 10_000, "hard_end": 103_000}),
        [
            (bid(92_000, 1, 1_000), ok(1_000, 1, 102_000)),
            (bid(101_000, 2, 1_100), ok(1_100, 2, 103_000)),
            (bid(102_999, 1, 1_200), ok(1_200, 1, 103_000)),
            (bid(103_000, 2, 1_300), no("closed")),
            (step(105_000, "tick"), ok(1_200, 1, 103_000)),
        ],
        {"outcome": "sold", "winner": 1, "extensions": 2, "closed_at": 103_000},
    ),
    "a suspension freezes the clock and refuses bids however late they are decided": (
        auction(),
        [
            (bid(1, 1, 1_000), ok(1_000, 1)),
            (step(50_000, "suspend", reason="fault"), ok(1_000, 1, None)),
            (bid(49_999, 2, 1_100, decided_at=50_000), no("suspended")),
            (step(50_001, "suspend"), no("suspended")),
            (bid(60_000, 9, 1_100), no("suspended")),
            (step(200_000, "resume"), ok(1_000, 1, 250_000)),
            (bid(249_999, 2, 1_100), ok(1_100, 2, 250_000)),
            (step(252_000, "tick"), ok(1_100, 2, 250_000)),
        ],
        {"outcome": "sold", "winner": 2, "price_fen": 1_100, "closed_at": 250_000},
    ),
    "a disqualified paddle's bids are void; the others' stand": (
        auction(extension=RESET),
        [
            (bid(1, 1, 1_000), ok(1_000, 1)),
            (proxy(2, 2, 3_000), ok(1_100, 2)),
            (proxy(3, 3, 2_000), ok(2_100, 2)),
            (step(4, "disqualify", paddle=2, reason="collusion"), ok(1_100, 3)),
            (bid(5, 2, 5_000), no("barred")),
            (bid(6, 1, 1_200), ok(1_300, 3)),
            (step(102_000, "tick"), ok(1_300, 3)),
        ],
        {"outcome": "sold", "winner": 3, "price_fen": 1_300, "underbidder": 1, "extensions": 0},
    ),
    "a cancelled auction has no winner": (
        auction(),
        [
            (bid(1, 1, 1_000, id="x"), ok(1_000, 1)),
            (bid(2, 2, 1_000, id="y"), no("below_minimum", 1_100)),
            (bid(3, 2, 1_100, id="y"), ok(1_100, 2)),
            (bid(4, 1, 1_200, id="x"), no("id_reused")),
            (step(5, "cancel", reason="debt paid"), {"accepted": True}),
            (bid(6, 3, 5_000), no("cancelled")),
            (step(7, "suspend"), no("cancelled")),
            (bid(8, 1, 1_000, id="x"), ok(1_000, 1) | {"seq": 1, "replayed": True}),
        ],
        {"outcome": "cancelled", "reason": None, "winner": None, "price_fen": None, "closed_at": 5},
    ),
    "an admitted paddle may bid, up to its limit": (
        auction(),
        [
            (bid(1, 7, 1_000), no("unknown_paddle")),
            (step(2, "admit", paddle=7, limit_fen=1_500), ok(None, None)),
            (bid(3, 7, 1_501), no("over_limit")),
            (bid(4, 7, 1_500), ok(1_500, 7)),
        ],
        {"outcome": "open"},
    ),
    "bands: the step is that of the price it is added to": (
        auction(
            step={
                "kind": "bands",
                "bands": [{"from_fen": 0, "step_fen": 100}, {"from_fen": 2_000, "step_fen": 500}],
            }
        ),
        [
            (bid(1, 1, 1_900), ok(1_900, 1)),
            (bid(2, 2, 2_000), ok(2_000, 2)),
            (bid(3, 1, 2_499), no("below_minimum", 2_500)),
            (proxy(4, 1, 9_000), ok(2_500, 1)),
            (bid(5, 2, 8_600), ok(9_000, 1)),
        ],
        {"outcome": "open"},
    ),
    "percent steps are exact beyond 2^53 and rounded down": (
        auction(
            start_price_fen=9_999_999_999_000,
            step={"kind": "percent", "basis_points": 9_999, "min_fen": 7, "round_to_fen": 1_000},
        ),
        [
            (bid(1, 1, 9_999_999_999_001), ok(9_999_999_999_001, 1)),
            (bid(2, 2, 10_000_000_000_000), no("below_minimum", 19_998_999_998_001)),
        ],
        {"outcome": "open"},
    ),
}


def played(tmp_path: Path, *flags: str) -> tuple[list[dict[str, Any]], bytes]:
    files = []
    for number, (rules, steps, _) in enumerate(CASES.values()):
        path = tmp_path / f"{number:02}.json"
        scenario = {"auction": rules, "paddles": PADDLES, "steps": [given for given, _ in steps]}
        path.write_text(json.dumps(scenario), encoding="utf-8")
        files.append(str(path))
    done = subprocess.run(
        [*LUOCHUI, "rehearse", *files, "--json", *flags], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout), done.stdout


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What both engines print for all cases, in one call each."""
    engine, engine_bytes = played(tmp_path_factory.mktemp("engine"))
    model, model_bytes = played(tmp_path_factory.mktemp("model"), "--model")
    assert engine_bytes == model_bytes
    return {"engine": engine, "model": model}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("which", ["engine", "model"])
def test_scenario(outputs: dict[str, list[dict[str, Any]]], name: str, which: str) -> None:
    """Each step is decided, and each auction ends, as the contract words it."""
    _, steps, expected_result = CASES[name]
    printed = outputs[which][list(CASES).index(name)]
    seq = 0
    for (given, expected), decision in zip(steps, printed["decisions"], strict=True):
        if expected["accepted"] and given["do"] != "tick" and "replayed" not in expected:
            seq += 1
            expected = expected | {"seq": seq}
        shown = (
            decision
            if len(expected) > 2 or not expected["accepted"]
            else {k: decision[k] for k in expected}
        )
        assert shown == expected, given
    result = printed["result"]
    assert {key: result[key] for key in expected_result} == expected_result
