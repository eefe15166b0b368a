"""Scenarios of contracts 1 in few words: auctions with sensible defaults, steps, and what is expected of them."""

from typing import Any, NamedTuple

ASCENDING: dict[str, Any] = {"step": {"kind": "fixed", "step_fen": 10}}
SEALED: dict[str, Any] = {"closes_at": 100_000}
CLOCK: dict[str, Any] = {
    "drop": {"kind": "fixed", "drop_fen": 100},
    "drop_every_ms": 1_000,
    "floor_price_fen": 600,
}

#: The fields that each format needs beyond `format`, `opens_at` and `start_price_fen`.
DEFAULTS: dict[str, dict[str, Any]] = {
    "english": {"closes_at": 100_000, **ASCENDING},
    "dynamic": {
        "closes_at": 100_000,
        **ASCENDING,
        "cycle_ms": 5_000,
        "require_free_bid": False,
        "exercise": "on_floor",
        "exercise_window_ms": 1_000,
    },
    "rounds": {
        **ASCENDING,
        "pause_ms": 1_000,
        "round_ms": 5_000,
        "first": "start",
        "deadline_at": None,
    },
    "sell_off": {**ASCENDING, "period_ms": 100_000, "countdown_ms": 5_000},
    "dutch": CLOCK,
    "dutch_hybrid": {
        **CLOCK,
        "pause_ms": 1_000,
        "sealed_ms": 3_000,
        "last_look_ms": 2_000,
        "amend": "none",
    },
    "one_shot": SEALED,
    "vickrey": SEALED,
    "uniform_price": {**SEALED, "units": 2},
    "weighted": {
        **SEALED,
        "price_bp": 6_000,
        "terms": [{"name": "方案", "weight_bp": 3_000}, {"name": "team", "weight_bp": 1_000}],
    },
}


def auction(kind: str = "english", **fields: Any) -> dict[str, Any]:
    """An `auction` object: opens at 0, starts at 1000 fen, steps of 10."""
    return {
        "format": kind,
        "opens_at": 0,
        "start_price_fen": 1_000,
        **DEFAULTS[kind],
        **fields,
    }


def scenario(
    rules: dict[str, Any], steps: list[dict[str, Any]], *, paddles: tuple[int, ...] = (1, 2, 3, 4)
) -> dict[str, Any]:
    """A whole scenario with paddles that have no limit."""
    return {"auction": rules, "paddles": [{"paddle": paddle} for paddle in paddles], "steps": steps}


def step(at: int, do: str, **fields: Any) -> dict[str, Any]:
    """One step as contracts 1 writes it."""
    return {"at": at, "do": do, **fields}


def bid(at: int, paddle: int, amount: int, **fields: Any) -> dict[str, Any]:
    """A manual bid."""
    return step(at, "bid", paddle=paddle, amount_fen=amount, **fields)


def proxy(at: int, paddle: int, maximum: int, **fields: Any) -> dict[str, Any]:
    """A hidden maximum."""
    return step(at, "proxy", paddle=paddle, max_fen=maximum, **fields)


def seal(at: int, paddle: int, amount: int, **fields: Any) -> dict[str, Any]:
    """A sealed bid."""
    return step(at, "seal", paddle=paddle, amount_fen=amount, **fields)


def accept(at: int, paddle: int, amount: int, **fields: Any) -> dict[str, Any]:
    """An acceptance of the price on the clock."""
    return step(at, "accept", paddle=paddle, amount_fen=amount, **fields)


class Case(NamedTuple):
    """A rule with its source, the auction that shows it, steps with what each must answer, and the result.

    An answer is `(price, leader)` or `(price, leader, ends_at)`, `ends_at` alone where the format tells no price,
    None where only acceptance matters, or a refusal's reason, with its minimum where it has one.
    """

    source: str
    rules: dict[str, Any]
    steps: list[tuple[dict[str, Any], Any]]
    result: dict[str, Any]


def answers(decision: dict[str, Any], expected: Any) -> bool:
    """Whether a printed decision is what a case expects."""
    if isinstance(expected, str):
        return decision == {"accepted": False, "reason": expected}
    if not decision["accepted"]:
        reason, minimum = expected if isinstance(expected, tuple) else (None, None)
        return decision == {"accepted": False, "reason": reason, "minimum_fen": minimum}
    if expected is None:
        return True
    if isinstance(expected, int):
        return "price_fen" not in decision and decision["ends_at"] == expected
    told = (decision["price_fen"], decision["leader"], decision["ends_at"])
    return bool(told[: len(expected)] == expected)
