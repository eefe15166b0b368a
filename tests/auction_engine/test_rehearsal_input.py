"""What a scenario may not hold, each refused by the name of its field (contracts 1 "Input")."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from auction_engine.rehearsal import parse_scenario, read_scenario
from auction_engine.rules.commands import AMOUNT_MAX
from auction_engine.rules.profile import (
    FORMATS,
    parse_profile,
    profile_bytes,
    profile_hash,
    profile_object,
)
from kit.errors import InvalidInput
from tests.make_scenarios import DEFAULTS, auction, bid, scenario, step

#: No whole number, whatever the field.
NOT_WHOLE: tuple[Any, ...] = (1.0, "5", True, False, None, [], {}, float("inf"))
RESET = {"mode": "reset", "window_ms": 1, "hard_end": None}
APPEND = {"mode": "append", "window_ms": 1, "by_ms": 1, "max": 1, "hard_end": None}
PERCENT = {"kind": "percent", "basis_points": 5, "min_fen": 1, "round_to_fen": 1}


def bands(*starts: int) -> dict[str, Any]:
    """Bands that begin at these prices."""
    return {"kind": "bands", "bands": [{"from_fen": start, "step_fen": 1} for start in starts]}


def refused(given: object) -> str:
    """The field that a scenario is refused for."""
    with pytest.raises(InvalidInput) as caught:
        parse_scenario(given)
    assert "\n" not in caught.value.message
    return caught.value.field


def wrong_auctions() -> list[tuple[str, dict[str, Any]]]:
    """Bad `auction` objects and the field that is at fault."""
    top = {"opens_at": [-1, 10**13 + 1], "closes_at": [0, -1, 10**13 + 1]}
    amounts = {"start_price_fen": [0, -1, AMOUNT_MAX + 1, 10**31], "reserve_price_fen": [0, 999]}
    counts = {"max_steps_per_bid": [0, -1], "min_bidders": [0, -1]}
    words = {
        "format": ["English", "englisch", "", 5, None],
        "grid": ["", "Multiple", 5, None],
        "leader_may_raise": [0, 1, "true", None],
    }
    found = [
        (name, auction(**{name: value}))
        for name, values in (top | amounts | counts | words).items()
        for value in values
    ]
    nullable = {"reserve_price_fen", "max_steps_per_bid"}
    for name in ("opens_at", "closes_at", *amounts, *counts):
        allowed = [None] if name in nullable else []
        found += [(name, auction(**{name: value})) for value in NOT_WHOLE if value not in allowed]
    found += [(name, auction(step=value)) for name, value in wrong_steps()]
    found += [(name, auction(extension=value)) for name, value in wrong_extensions()]
    return [
        *found,
        ("priority", auction(priority=None)),
        ("priority[0]", auction(priority=[1])),
        ("priority[0].rank", auction(priority=[{"paddle": 1, "rank": 0}])),
        ("priority[0].rank", auction(priority=[{"paddle": 1}])),
        ("priority[0].paddle", auction(priority=[{"paddle": 0, "rank": 1}])),
        ("priority[0].since", auction(priority=[{"paddle": 1, "rank": 1, "since": 1}])),
        ("priority[1].paddle", auction(priority=[{"paddle": 1, "rank": r} for r in (1, 2)])),
        ("colour", auction(colour="red")),
        ("period_ms", auction(period_ms=5)),
    ]


def wrong_steps() -> list[tuple[str, Any]]:
    """Bad `step` objects of an auction and the field at fault."""
    found: list[tuple[str, Any]] = [
        ("step", None),
        ("step", 10),
        ("step.kind", {}),
        ("step.kind", {"kind": "Fixed", "step_fen": 1}),
        ("step.step_fen", {"kind": "fixed"}),
        ("step.min_fen", {"kind": "fixed", "step_fen": 1, "min_fen": 1}),
        ("step.bands", {"kind": "bands"}),
        ("step.bands", {"kind": "bands", "bands": []}),
        ("step.bands[0].from_fen", bands(1)),
        ("step.bands[1].from_fen", bands(0, 0)),
        ("step.bands[2].from_fen", bands(0, 5, 4)),
        ("step.bands[0].step_fen", {"kind": "bands", "bands": [{"from_fen": 0, "step_fen": 0}]}),
        ("step.basis_points", PERCENT | {"basis_points": 10_001}),
    ]
    for value in (*NOT_WHOLE, 0, -1, AMOUNT_MAX + 1):
        found.append(("step.step_fen", {"kind": "fixed", "step_fen": value}))
        found += [(f"step.{name}", PERCENT | {name: value}) for name in list(PERCENT)[1:]]
    return found


def wrong_extensions() -> list[tuple[str, Any]]:
    """Bad `extension` objects and the field at fault."""
    found: list[tuple[str, Any]] = [
        ("extension", 5),
        ("extension", []),
        ("extension.mode", {}),
        ("extension.mode", RESET | {"mode": "none"}),
        ("extension.by_ms", RESET | {"by_ms": 1}),
        ("extension.hard_end", RESET | {"hard_end": 99_999}),
        ("extension.hard_end", APPEND | {"hard_end": "x"}),
    ]
    for value in (*NOT_WHOLE, 0, -1):
        found += [
            (f"extension.{name}", APPEND | {name: value}) for name in ("window_ms", "by_ms", "max")
        ]
    return found


@pytest.mark.parametrize(("field", "rules"), wrong_auctions())
def test_a_wrong_field_of_the_auction_is_named(field: str, rules: dict[str, Any]) -> None:
    """Every wrong field of an auction is refused by its own name."""
    assert refused(scenario(rules, [])) == f"auction.{field}"


WRONG_TERMS: list[tuple[str, str, dict[str, Any]]] = [
    ("rounds", "deadline_at", {"deadline_at": 0}),
    ("rounds", "first", {"first": "START"}),
    ("rounds", "closes_at", {"closes_at": 5_001}),
    ("rounds", "closes_at", {"closes_at": None}),
    ("rounds", "extension", {"extension": RESET}),
    ("sell_off", "closes_at", {"closes_at": 99_999}),
    ("sell_off", "reserve_price_fen", {"reserve_price_fen": 2_000}),
    ("sell_off", "min_bidders", {"min_bidders": 2}),
    ("dynamic", "exercise", {"exercise": "before"}),
    ("dynamic", "require_free_bid", {"require_free_bid": 1}),
    ("dynamic", "exercise_window_ms", {"exercise": "after", "exercise_window_ms": None}),
    ("dynamic", "exercise_window_ms", {"exercise_window_ms": 0}),
    ("dynamic", "cycle_ms", {"cycle_ms": 0}),
    ("dynamic", "extension", {"extension": RESET}),
    ("dutch", "drop.drop_fen", {"drop": {"kind": "fixed", "drop_fen": 0}}),
    ("dutch", "drop.kind", {"drop": {"kind": "percent"}}),
    ("dutch", "drop", {"drop": 100}),
    (
        "dutch",
        "drop",
        {"drop": {"kind": "percent_of_start", "basis_points": 1, "round_to_fen": 100}},
    ),
    ("dutch", "drop_every_ms", {"drop_every_ms": 0}),
    ("dutch", "drop_every_ms", {"drop_every_ms": 10**13}),
    ("dutch", "floor_price_fen", {"floor_price_fen": 1_001}),
    ("dutch", "floor_price_fen", {"floor_price_fen": None}),
    ("dutch", "prices", {"prices": 3}),
    ("dutch", "prices", {"floor_price_fen": None, "prices": 0}),
    ("dutch", "prices", {"floor_price_fen": None, "prices": 11}),
    ("dutch", "closes_at", {"closes_at": 4_999}),
    ("dutch", "step", {"step": {"kind": "fixed", "step_fen": 1}}),
    ("dutch", "priority", {"priority": [{"paddle": 1, "rank": 1}]}),
    ("dutch", "grid", {"grid": "multiple"}),
    ("dutch", "leader_may_raise", {"leader_may_raise": 0}),
    ("dutch_hybrid", "amend", {"amend": "latest"}),
    ("dutch_hybrid", "floor_rule", {"floor_rule": "strictly_above"}),
    ("dutch", "amend", {"amend": "latest_counts"}),
    ("english", "amend", {"amend": None}),
    ("english", "units", {"units": 1}),
    ("dutch_hybrid", "sealed_ms", {"sealed_ms": 0}),
    ("one_shot", "floor_rule", {"floor_rule": None}),
    ("one_shot", "amend", {"amend": "Latest_counts"}),
    ("one_shot", "max_steps_per_bid", {"max_steps_per_bid": 1}),
    ("vickrey", "reserve_price_fen", {"reserve_price_fen": 1_000}),
    ("uniform_price", "units", {"units": 0}),
    ("weighted", "terms", {"price_bp": 5_999}),
    ("weighted", "terms", {"terms": {}}),
    ("weighted", "price_bp", {"price_bp": 0}),
    ("weighted", "terms[0].name", {"terms": [{"name": "", "weight_bp": 4_000}]}),
    ("weighted", "terms[0].name", {"terms": [{"name": "\ud800", "weight_bp": 4_000}]}),
    ("weighted", "terms[0].weight_bp", {"terms": [{"name": "a", "weight_bp": 0.4}]}),
    ("weighted", "terms[1].name", {"terms": [{"name": "a", "weight_bp": 2_000}] * 2}),
    ("weighted", "priority", {"priority": [{"paddle": 1, "rank": 1}]}),
]


@pytest.mark.parametrize(("kind", "field", "fields"), WRONG_TERMS)
def test_a_wrong_term_of_a_format_is_named(kind: str, field: str, fields: dict[str, Any]) -> None:
    """What a format can't use, or not so, is refused by name."""
    assert refused(scenario(auction(kind, **fields), [])) == f"auction.{field}"


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (kind, field)
        for kind in FORMATS
        for field in ("format", "opens_at", "start_price_fen", *DEFAULTS[kind])
        if field not in ("amend", "floor_rule")
    ],
)
def test_a_missing_field_is_named(kind: str, field: str) -> None:
    """What has to be given is missed by name."""
    rules = auction(kind)
    del rules[field]
    assert refused(scenario(rules, [])) == f"auction.{field}"


WRONG_STEPS: list[tuple[str, list[dict[str, Any]]]] = [
    ("steps[0].do", [{"at": 1}]),
    ("steps[0].do", [step(1, "Bid", paddle=1, amount_fen=1)]),
    ("steps[0].do", [step(1, "create")]),
    ("steps[0].paddle", [step(1, "bid", amount_fen=1)]),
    ("steps[0].amount_fen", [step(1, "bid", paddle=1)]),
    ("steps[0].amount_fen", [step(1, "proxy", paddle=1, amount_fen=1, max_fen=1)]),
    ("steps[0].max_fen", [step(1, "proxy", paddle=1, amount_fen=1)]),
    ("steps[0].max_fen", [bid(1, 1, 1, max_fen=1)]),
    ("steps[0].amount_fen", [step(1, "withdraw", paddle=1, amount_fen=1)]),
    ("steps[0].reason", [bid(1, 1, 1, reason="why")]),
    ("steps[0].reason", [step(1, "cancel", reason=5)]),
    ("steps[0].reason", [step(1, "admit", paddle=1, reason="why")]),
    ("steps[0].id", [step(1, "tick", id="t")]),
    ("steps[0].id", [bid(1, 1, 1, id=5)]),
    ("steps[0].id", [bid(1, 1, 1, id="")]),
    ("steps[0].paddle", [step(1, "suspend", paddle=1)]),
    ("steps[0].limit_fen", [step(1, "admit", paddle=1, limit_fen=1.5)]),
    ("steps[0].scores", [step(1, "score", paddle=1)]),
    ("steps[0].scores", [step(1, "score", paddle=1, scores=[1])]),
    ("steps[0].decided_at", [bid(1, 1, 1, decided_at=0)]),
    ("steps[0].decided_at", [bid(1, 1, 1, decided_at=2_002)]),
    ("steps[1].at", [bid(2, 1, 1), bid(1, 1, 1)]),
    ("steps[1].decided_at", [bid(9, 1, 1), bid(1, 1, 1, decided_at=8)]),
    ("steps[0].at", [{"do": "tick"}]),
    ("steps[0].at", [step(-1, "tick")]),
    ("steps[0].when", [step(1, "tick", when=1)]),
    *[("steps[0].amount_fen", [bid(1, 1, value)]) for value in NOT_WHOLE],
    *[("steps[0].paddle", [step(1, "bid", paddle=value, amount_fen=1)]) for value in NOT_WHOLE],
    *[("steps[0].at", [{"at": value, "do": "tick"}]) for value in NOT_WHOLE],
]


@pytest.mark.parametrize(("field", "steps"), WRONG_STEPS)
def test_a_wrong_field_of_a_step_is_named(field: str, steps: list[dict[str, Any]]) -> None:
    """What is no bid at all is bad input, named by step and field; a bad bid is a decision instead."""
    assert refused(scenario(auction(), steps)) == field


WRONG_SCENARIOS: list[tuple[str, Any]] = [
    ("scenario", None),
    ("scenario", [1]),
    ("auction", {"paddles": [], "steps": []}),
    ("auction", {"auction": 5, "paddles": [], "steps": []}),
    ("paddles", {"auction": auction(), "steps": []}),
    ("paddles", scenario(auction(), []) | {"paddles": {}}),
    ("paddles[0].paddle", scenario(auction(), [], paddles=(0,))),
    ("paddles[0].paddle", scenario(auction(), [], paddles=(AMOUNT_MAX + 1,))),
    ("paddles[1].paddle", scenario(auction(), [], paddles=(1, 1))),
    (
        "paddles[0].limit_fen",
        scenario(auction(), []) | {"paddles": [{"paddle": 1, "limit_fen": 0}]},
    ),
    ("paddles[0].name", scenario(auction(), []) | {"paddles": [{"paddle": 1, "name": "x"}]}),
    ("steps", {"auction": auction(), "paddles": []}),
    ("steps", scenario(auction(), []) | {"steps": None}),
    ("result", scenario(auction(), []) | {"result": {}}),
    ("\\udc00", scenario(auction(), []) | {"\udc00": 1}),
    (
        "steps[0].scores.unknown",
        scenario(auction("weighted"), [step(1, "score", paddle=1, scores={"unknown": 1})]),
    ),
    (
        "steps[0].scores.team",
        scenario(auction("weighted"), [step(1, "score", paddle=1, scores={"team": 10_001})]),
    ),
]


@pytest.mark.parametrize(("field", "given"), WRONG_SCENARIOS)
def test_a_wrong_scenario_is_named(field: str, given: Any) -> None:
    """Scenario, paddles and scores are read as strictly."""
    assert refused(given) == field


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b"[" * 100_000, "too deeply"),
        (b'{"auction": NaN}', "NaN"),
        (b'{"auction": -Infinity}', "Infinity"),
        (b'{"steps": 1, "steps": 2}', "steps: is given twice"),
        (b'{"at": ' + b"9" * 5_000 + b"}", "too many digits"),
        (b"5", "must be an object"),
        (json.dumps(scenario(auction(start_price_fen=1.0), [])).encode(), "start_price_fen"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, text: bytes, part: str) -> None:
    """The refusal of a file names the file and what is wrong, in one line."""
    path = tmp_path / "bad\nname.json"
    path.write_bytes(text)
    with pytest.raises(InvalidInput) as caught:
        read_scenario(path)
    assert part in caught.value.message
    assert "bad\\nname.json" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    """A file that can't be read is named with the reason."""
    with pytest.raises(InvalidInput, match=r"none\.json: .*No such file"):
        read_scenario(tmp_path / "none.json")


@pytest.mark.parametrize("kind", FORMATS)
def test_the_normalised_profile_reads_as_itself(kind: str) -> None:
    """A profile's normalised form is the same profile, with the same bytes and hash, whatever was left out."""
    profile = parse_profile(auction(kind))
    normalised = profile_object(profile)
    again = parse_profile(json.loads(profile_bytes(profile)))
    assert again == profile
    assert profile_hash(again) == profile_hash(profile)
    assert normalised["closes_at"] == profile.closes_at
    changed = copy.deepcopy(normalised) | {"opens_at": 0, "start_price_fen": 2_000}
    assert profile_hash(
        parse_profile(changed | {"closes_at": _end(kind, changed)})
    ) != profile_hash(profile)


def _end(kind: str, rules: dict[str, Any]) -> int:
    without = {name: value for name, value in rules.items() if name != "closes_at"}
    is_given = "closes_at" in DEFAULTS[kind]
    return int(rules["closes_at"]) if is_given else parse_profile(without).closes_at


def test_defaults_may_be_given_where_a_format_has_no_use_for_them() -> None:
    """A field without use in a format may be given as its default, and only so."""
    spelled = auction(
        "dutch",
        extension=None,
        grid="none",
        leader_may_raise=False,
        max_steps_per_bid=None,
        min_bidders=1,
        priority=[],
        reserve_price_fen=None,
        floor_rule="at_least",
        amend="none",
    )
    assert parse_profile(spelled) == parse_profile(auction("dutch"))


def test_the_hash_of_the_contracts_example_never_changes() -> None:
    """Notices print the hash: the canonical form of a profile is fixed."""
    profile = parse_profile(auction(priority=[{"paddle": 3, "rank": 1}], extension=RESET))
    assert profile_bytes(profile) == (
        b'{"closes_at":100000,"extension":{"hard_end":null,"mode":"reset","window_ms":1},'
        b'"format":"english","grid":"none","leader_may_raise":false,"max_steps_per_bid":null,'
        b'"min_bidders":1,"opens_at":0,"priority":[{"paddle":3,"rank":1}],'
        b'"reserve_price_fen":null,"start_price_fen":1000,"step":{"kind":"fixed","step_fen":10}}'
    )
