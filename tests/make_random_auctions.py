"""Hypothesis strategies for auctions of every format and for what happens in them, mostly near the edges."""

from typing import Any

from hypothesis import strategies as st

from auction_engine.rules.commands import Command
from tests.make_scenarios import auction

PADDLES = (1, 2, 3, 4)
#: A paddle that no auction starts with, and that may be admitted.
STRANGER = 9
SCORES = ("方案", "team")


@st.composite
def steps_rule(draw: st.DrawFn, start: int) -> dict[str, Any]:
    """Any kind of step, with a band that begins near the start price."""
    kind = draw(st.sampled_from(["fixed", "bands", "percent"]))
    if kind == "fixed":
        return {"kind": kind, "step_fen": draw(st.sampled_from([1, 10, 50]))}
    if kind == "bands":
        bands = [{"from_fen": 0, "step_fen": 10}, {"from_fen": start + 30, "step_fen": 25}]
        return {"kind": kind, "bands": bands}
    return {
        "kind": kind,
        "basis_points": draw(st.sampled_from([1, 500, 3_333, 10_000])),
        "min_fen": draw(st.sampled_from([1, 7])),
        "round_to_fen": draw(st.sampled_from([1, 10])),
    }


@st.composite
def extensions(draw: st.DrawFn, first_end: int) -> dict[str, Any] | None:
    """An anti-sniping rule, or none."""
    mode = draw(st.sampled_from([None, "reset", "append"]))
    if mode is None:
        return None
    hard_end = draw(st.sampled_from([None, first_end, first_end + 100, first_end + 4_000]))
    found = {"mode": mode, "window_ms": draw(st.sampled_from([500, 3_000])), "hard_end": hard_end}
    if mode == "append":
        found |= {
            "by_ms": draw(st.sampled_from([100, 2_000])),
            "max": draw(st.sampled_from([1, 2, 5])),
        }
    return found


@st.composite
def ascending(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """An ascending auction; prices are sometimes so high that products pass 2^53."""
    start = draw(st.sampled_from([100, 1_000, 9_999_999_990_000]))
    fields: dict[str, Any] = {
        "start_price_fen": start,
        "opens_at": draw(st.sampled_from([0, 1_000])),
        "step": draw(steps_rule(start)),
        "grid": draw(st.sampled_from(["none", "none", "multiple", "absolute"])),
        "leader_may_raise": draw(st.booleans()),
        "max_steps_per_bid": draw(st.sampled_from([None, None, 1, 3])),
        "priority": draw(priorities()),
    }
    if kind != "sell_off":
        fields["reserve_price_fen"] = draw(st.sampled_from([None, start, start + 35, start + 100]))
        fields["min_bidders"] = draw(st.sampled_from([1, 1, 2, 3]))
    return fields


def priorities() -> st.SearchStrategy[list[dict[str, int]]]:
    """Some holders, with few ranks, so that they share some."""
    ranks = st.dictionaries(st.sampled_from([*PADDLES, STRANGER]), st.sampled_from([1, 2]))
    return ranks.map(lambda held: [{"paddle": p, "rank": r} for p, r in held.items()])


@st.composite
def auctions(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """An `auction` object of one format."""
    length = draw(st.sampled_from([3_000, 8_000]))
    if kind in ("english", "dynamic", "rounds", "sell_off"):
        fields = draw(ascending(kind))
        opens_at = fields["opens_at"]
        if kind in ("english", "dynamic"):
            fields["closes_at"] = opens_at + length
        if kind == "sell_off":
            fields |= {"period_ms": length, "countdown_ms": draw(st.sampled_from([300, 9_000]))}
        if kind in ("english", "sell_off"):
            fields["extension"] = draw(extensions(opens_at + length))
        if kind == "dynamic":
            fields |= {
                "cycle_ms": draw(st.sampled_from([500, 2_000])),
                "require_free_bid": draw(st.booleans()),
                "exercise": draw(st.sampled_from(["on_floor", "after"])),
                "exercise_window_ms": draw(st.sampled_from([500, 1_500])),
            }
        if kind == "rounds":
            fields |= {
                "pause_ms": draw(st.sampled_from([100, 1_500])),
                "round_ms": length,
                "first": draw(st.sampled_from(["start", "start_plus_step"])),
                "deadline_at": draw(st.sampled_from([None, opens_at + 2_500, opens_at + 9_000])),
            }
        return auction(kind, **fields)
    return auction(kind, **draw(blind(kind, length)))


@st.composite
def blind(draw: st.DrawFn, kind: str, length: int) -> dict[str, Any]:
    """The fields of a sealed or falling auction."""
    amend = {"amend": draw(st.sampled_from(["none", "latest_counts"]))}
    opens_at = draw(st.sampled_from([0, 1_000]))
    if kind.startswith("dutch"):
        drop = draw(
            st.sampled_from(
                [
                    {"kind": "fixed", "drop_fen": 130},
                    {"kind": "percent_of_start", "basis_points": 777, "round_to_fen": 10},
                ]
            )
        )
        floor = draw(st.sampled_from([1_000, 500, None]))
        fields = {"drop": drop, "floor_price_fen": floor, "prices": None if floor else 4}
        fields["opens_at"] = opens_at
        return fields | (amend if kind == "dutch_hybrid" else {})
    fields = {
        **amend,
        "opens_at": opens_at,
        "closes_at": opens_at + length,
        "floor_rule": draw(st.sampled_from(["at_least", "strictly_above"])),
    }
    if kind != "weighted":
        fields["priority"] = draw(priorities())
    if kind == "one_shot":
        fields["reserve_price_fen"] = draw(st.sampled_from([None, 1_050]))
        fields["min_bidders"] = draw(st.sampled_from([1, 2]))
    if kind == "uniform_price":
        fields["units"] = draw(st.sampled_from([1, 2, 3]))
    return fields


#: What each format's own bidders do; a few of the others' actions are drawn everywhere.
OWN_ACTIONS: dict[str, tuple[str, ...]] = {
    "english": ("bid", "proxy"),
    "sell_off": ("bid", "proxy"),
    "dynamic": ("bid", "bid", "exercise"),
    "rounds": ("bid",),
    "dutch": ("accept",),
    "dutch_hybrid": ("accept", "seal", "seal", "withdraw"),
    "weighted": ("seal", "seal", "withdraw", "score"),
}
SEALED_ACTIONS = ("seal", "seal", "withdraw")
OPERATOR = ("suspend", "resume", "resume", "resume", "disqualify", "admit", "tick", "cancel")
FOREIGN = ("bid", "accept", "seal", "proxy", "withdraw", "exercise", "no such action")


@st.composite
def commands(draw: st.DrawFn, kind: str, near: int) -> Command:
    """A command, amounts mostly a little above `near`; few cancel, since that ends the fun."""
    own = OWN_ACTIONS.get(kind, SEALED_ACTIONS)
    do = draw(st.sampled_from(own * 24 + OPERATOR * 2 + FOREIGN))
    if do == "cancel":
        do = draw(st.sampled_from(["cancel", "tick", "tick", "tick"]))
    paddle = 0
    if do not in ("suspend", "resume", "cancel", "tick"):
        paddle = draw(st.sampled_from([*PADDLES * 4, STRANGER, STRANGER, 0]))
    value = 0
    if do in ("bid", "accept", "seal", "proxy"):
        value = draw(
            st.sampled_from([0, 0, 0, 0, 0, 1, 5, 7, 10, 10, 20, 25, 50, 100, -1, -10, None])
        )
        odd = st.sampled_from([0, 1, -5, 10**13, 10**13 + 1, 10**30])
        value = draw(odd) if value is None else near + value
    if do == "admit":
        value = draw(st.sampled_from([0, near + 40, -1]))
    command_id = ""
    if do != "tick":
        command_id = draw(st.sampled_from(["", "", "", "a", "b"]))
    scores = None
    if do == "score":
        scores = draw(
            st.dictionaries(st.sampled_from(SCORES), st.sampled_from([0, 1, 9_999, 10_000, 10_001]))
        )
    return Command(do=do, paddle=paddle, value=value, id=command_id, scores=scores)
