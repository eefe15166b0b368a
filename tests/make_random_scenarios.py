"""Random scenarios from a seed: uniform choices near every edge, many more of them than Hypothesis would play.

The seed names the scenario, so that a difference found once can be played again.
"""

import random
from collections.abc import Callable
from typing import Any

from auction_engine.rules.profile import Profile, parse_profile
from auction_engine.rules.terms import Clock, schedule
from tests.make_scenarios import auction, scenario

OWN_ACTIONS: dict[str, tuple[str, ...]] = {
    "english": ("bid", "proxy"),
    "sell_off": ("bid", "proxy"),
    "dynamic": ("bid", "bid", "bid", "exercise"),
    "rounds": ("bid",),
    "dutch": ("accept",),
    "dutch_hybrid": ("accept", "accept", "seal", "seal", "seal", "withdraw"),
    "weighted": ("seal", "seal", "seal", "withdraw", "score", "score"),
}
SEALED_ACTIONS = ("seal", "seal", "seal", "withdraw")
FOREIGN = ("bid", "accept", "seal", "proxy", "withdraw", "exercise")
WAITS_MS = (0, 1, 50, 100, 100, 200, 300, 700)
LATE_MS = (0, 0, 0, 1, 100, 700, 2_000)
#: How far above the highest amount so far a bid is; and amounts that are none.
RAISES = (0, 0, 0, 1, 7, 10, 10, 20, 25, 50, 50, 100, -1, -10)
ODD_AMOUNTS = (0, -3, 10**13 + 1, 10**30, 1)


def random_rules(rng: random.Random, kind: str) -> dict[str, Any]:
    """The `auction` object of a random auction of one format."""
    start = rng.choice([100, 1_000, 9_999_999_990_000])
    opens_at = rng.choice([0, 1_000])
    length = rng.choice([5_000, 20_000])
    fields: dict[str, Any] = {"start_price_fen": start, "opens_at": opens_at}
    if kind in ("english", "dynamic", "rounds", "sell_off"):
        fields |= _ascending(rng, start)
    if kind in ("english", "dynamic", "one_shot", "vickrey", "uniform_price", "weighted"):
        fields["closes_at"] = opens_at + length
    if kind in ("english", "sell_off"):
        fields["extension"] = _extension(rng, opens_at + length)
    if kind in ("english", "dynamic", "rounds", "one_shot"):
        fields["reserve_price_fen"] = rng.choice([None, start, start + 35, start + 100])
        fields["min_bidders"] = rng.choice([1, 1, 2, 3])
    if kind not in ("dutch", "dutch_hybrid", "weighted"):
        holders = rng.sample([1, 2, 3, 4, 9], rng.choice([0, 0, 1, 2, 3]))
        fields["priority"] = [{"paddle": p, "rank": rng.choice([1, 1, 2])} for p in holders]
    return auction(kind, **fields, **_own_terms(rng, kind, opens_at=opens_at, length=length))


def _ascending(rng: random.Random, start: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [
        {"kind": "fixed", "step_fen": rng.choice([1, 10, 50])},
        {
            "kind": "bands",
            "bands": [{"from_fen": 0, "step_fen": 10}, {"from_fen": start + 30, "step_fen": 25}],
        },
        {
            "kind": "percent",
            "basis_points": rng.choice([1, 500, 3_333, 10_000]),
            "min_fen": rng.choice([1, 7]),
            "round_to_fen": rng.choice([1, 10]),
        },
    ]
    return {
        "step": rng.choice(steps),
        "grid": rng.choice(["none", "none", "multiple", "absolute"]),
        "leader_may_raise": rng.random() < 0.5,
        "max_steps_per_bid": rng.choice([None, None, 1, 3]),
    }


def _extension(rng: random.Random, first_end: int) -> dict[str, Any] | None:
    rule: dict[str, Any] = {
        "window_ms": rng.choice([500, 3_000]),
        "hard_end": rng.choice([None, None, first_end, first_end + 100, first_end + 4_000]),
    }
    match rng.choice(["reset", "append", None]):
        case "reset":
            return {"mode": "reset", **rule}
        case "append":
            times, by_ms = rng.choice([1, 2, 5]), rng.choice([100, 2_000])
            return {"mode": "append", **rule, "by_ms": by_ms, "max": times}
    return None


def _own_terms(rng: random.Random, kind: str, *, opens_at: int, length: int) -> dict[str, Any]:
    sealed = {
        "floor_rule": rng.choice(["at_least", "strictly_above"]),
        "amend": rng.choice(["none", "latest_counts"]),
    }
    match kind:
        case "dynamic":
            return {
                "cycle_ms": rng.choice([500, 3_000]),
                "require_free_bid": rng.random() < 0.4,
                "exercise": rng.choice(["on_floor", "after", "after"]),
                "exercise_window_ms": rng.choice([500, 3_000]),
            }
        case "rounds":
            return {
                "pause_ms": rng.choice([100, 1_500]),
                "round_ms": rng.choice([800, 5_000]),
                "first": rng.choice(["start", "start_plus_step"]),
                "deadline_at": rng.choice([None, opens_at + 500, opens_at + 3_000]),
            }
        case "sell_off":
            return {"period_ms": length, "countdown_ms": rng.choice([300, 4_000, 30_000])}
        case "dutch":
            return _clock(rng)
        case "dutch_hybrid":
            return {
                **_clock(rng),
                "pause_ms": rng.choice([100, 3_000]),
                "sealed_ms": rng.choice([1_000, 4_000]),
                "last_look_ms": rng.choice([1_000, 4_000]),
                "amend": sealed["amend"],
            }
        case "uniform_price":
            return {**sealed, "units": rng.choice([1, 2, 3])}
        case "one_shot" | "vickrey" | "weighted":
            return sealed
    return {}


def _clock(rng: random.Random) -> dict[str, Any]:
    percent = {
        "kind": "percent_of_start",
        "basis_points": rng.choice([700, 1_000, 2_500]),
        "round_to_fen": rng.choice([1, 7, 10]),
    }
    is_floored = rng.random() < 0.5
    return {
        "drop": rng.choice([percent, {"kind": "fixed", "drop_fen": rng.choice([7, 30])}])
        if not is_floored
        else percent,
        "drop_every_ms": rng.choice([300, 2_000]),
        "floor_price_fen": rng.choice([40, 100]) if is_floored else None,
        "prices": None if is_floored else rng.choice([1, 2, 4]),
    }


def random_scenario(seed: int, kind: str) -> dict[str, Any]:
    """The whole scenario that this seed names."""
    rng = random.Random(f"{kind}:{seed}")
    rules = random_rules(rng, kind)
    profile = parse_profile(rules)
    given = scenario(rules, _steps(rng, profile))
    given["paddles"][1]["limit_fen"] = profile.start_price_fen + 120
    return given


def _steps(rng: random.Random, profile: Profile) -> list[dict[str, Any]]:
    decided_at = max(profile.opens_at - rng.choice([0, 0, 0, 500]), 0)
    highest, found = profile.start_price_fen, []
    for _ in range(rng.choice([5, 20, 60])):
        decided_at += rng.choice([*WAITS_MS, rng.choice([0, 2_500, 6_000])])
        at = max(0, decided_at - rng.choice(LATE_MS))
        if found and rng.random() < 0.05:
            step = {
                name: value for name, value in rng.choice(found).items() if name != "decided_at"
            }
        else:
            step = _command(rng, profile, at, highest)
        step |= {"at": at} if at == decided_at else {"at": at, "decided_at": decided_at}
        found.append(step)
        amount = step.get("amount_fen", step.get("max_fen", 0))
        if amount < 10**13 and rng.random() < 0.6:
            highest = max(highest, amount)
    found.append({"at": decided_at + rng.choice([0, 2_500, 200_000, 200_000]), "do": "tick"})
    return found


def _action(rng: random.Random, kind: str) -> str:
    drawn = rng.random()
    for bound, do in ((0.05, "suspend"), (0.14, "resume"), (0.145, "cancel"), (0.17, "disqualify")):
        if drawn < bound:
            return do
    if drawn < 0.24:
        return rng.choice(["admit", "tick"])
    return rng.choice(FOREIGN if drawn < 0.28 else OWN_ACTIONS.get(kind, SEALED_ACTIONS))


def _command(rng: random.Random, profile: Profile, at: int, highest: int) -> dict[str, Any]:
    do = _action(rng, profile.format)
    step: dict[str, Any] = {"do": do}
    if do not in ("suspend", "resume", "cancel", "tick"):
        step["paddle"] = rng.choice([1, 1, 2, 2, 3, 3, 4, 5, 9])
    fill = _FILL.get(do)
    if fill is not None:
        step |= fill(rng, profile, at, highest)
    if do != "tick" and rng.random() < 0.25:
        step["id"] = rng.choice("abc")
    return step


def _amount(rng: random.Random, profile: Profile, at: int, highest: int) -> dict[str, Any]:
    if rng.random() < 0.03:
        return {"amount_fen": rng.choice(ODD_AMOUNTS)}
    if isinstance(profile.terms, Clock) and rng.random() < 0.8:
        prices = schedule(profile.start_price_fen, profile.terms)
        index = (at - profile.opens_at) // profile.terms.drop_every_ms
        shown = prices.at(min(max(index, 0), prices.prices - 1))
        return {"amount_fen": shown + rng.choice([0, 0, 0, 1, 5, 50])}
    return {"amount_fen": highest + rng.choice(RAISES)}


def _maximum(rng: random.Random, profile: Profile, at: int, highest: int) -> dict[str, Any]:
    return {"max_fen": highest + rng.choice(RAISES)}


def _scores(rng: random.Random, profile: Profile, at: int, highest: int) -> dict[str, Any]:
    names = rng.sample(["方案", "team"], rng.choice([0, 1, 2]))
    return {"scores": {name: rng.choice([0, 1, 5_000, 3_333, 10_000]) for name in names}}


def _limit(rng: random.Random, profile: Profile, at: int, highest: int) -> dict[str, Any]:
    return {"limit_fen": rng.choice([None, profile.start_price_fen + 40, 0, -1, 10**14])}


_FILL: dict[str, Callable[[random.Random, Profile, int, int], dict[str, Any]]] = {
    "bid": _amount,
    "accept": _amount,
    "seal": _amount,
    "proxy": _maximum,
    "score": _scores,
    "admit": _limit,
}
