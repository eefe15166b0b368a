"""What a clearing case may hold, and that every refusal names the field (contracts 2, "Input")."""

import json
from typing import Any

import pytest

from kit.errors import InvalidInput
from settlement.rules.case import Case, FinalEvent, read_case
from settlement.rules.reading import escaped, one_line, read_json
from settlement.rules.scheme import read_scheme
from tests.make_cases import (
    Json,
    changed,
    contract_case,
    final,
    junior,
    make_case,
    make_scheme,
    party,
    recovery,
    without,
)


def read(case: Any) -> Case:
    """Reads JSON values the way a file is read."""
    return read_case(read_json(json.dumps(case).encode()))


def refusal(case: Any) -> InvalidInput:
    """The refusal of a case."""
    with pytest.raises(InvalidInput) as refused:
        read(case)
    return refused.value


DIRECT = make_case(recovery("e1", 5, 1), final(), juniors=[junior("second", 9)])
LAYERED = make_case(
    scheme=make_scheme(
        comp_mode="LAYERED",
        parties=[party("bank", "BANK", 10000), party("city", "FUND")],
        comp_rate_bp={"city": 2000},
    )
)
CONTRACT = contract_case()
NET = make_case(
    scheme=make_scheme(base="NET_LOSS"),
    loan={"principal_fen": 100, "interest_fen": 20, "received_fen": 120},
)

NOT_WHOLE = (1.0, 1.5, True, False, "5", None, [], {}, -1)
AMOUNTS = (
    *("scheme.tiers.0.loan_upto_fen", "loan.amount_fen", "loan.principal_fen", "loan.interest_fen"),
    *("loan.penalty_fen", "loan.received_fen", "junior_claims.0.claim_fen", "events.0.gross_fen"),
    "events.0.costs.0.amount_fen",
)
POINTS = (
    *("scheme.parties.0.bear_bp", "scheme.cession.0.bp", "scheme.comp_rate_bp.guarantor"),
    *("scheme.tiers.0.bp", "scheme.addons.0.bp", "scheme.advance_bp", "loan.ip_part_bp"),
)
OR_NULL = {
    "scheme.total_cap_bp": 10001,
    "scheme.caps.fund.per_loan_fen": 10**13 + 1,
    "scheme.caps.fund.per_borrower_fen": 10**13 + 1,
    "scheme.caps.fund.year_fen": 10**13 + 1,
    "scheme.caps.fund.fund_balance_fen": 10**13 + 1,
}


def as_shown(path: str) -> str:
    """`a.0.b` as messages write it: `a[0].b`."""
    steps = path.split(".")
    return "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps).lstrip(".")


@pytest.mark.parametrize("path", [*AMOUNTS, *POINTS, *OR_NULL])
def test_what_is_no_whole_number_in_range_is_refused(path: str) -> None:
    """Every amount and every ratio takes whole numbers of its range only, and is named when it does not."""
    above = OR_NULL.get(path) or (10**13 + 1 if path in AMOUNTS else 10001)
    for value in (*NOT_WHOLE, above, 10**40):
        if value is None and path in OR_NULL:
            continue
        error = refusal(changed(CONTRACT, path, value))
        assert error.field == as_shown(path)
        assert "must be a whole number from 0 to" in error.message
    read(changed(CONTRACT, path, None)) if path in OR_NULL else None


@pytest.mark.parametrize("numeral", ["1.0", "1e3", "1E0", "-0.0", "NaN", "Infinity", "9" * 5000])
def test_numerals_that_are_not_whole_are_shown_as_written(numeral: str) -> None:
    """A numeral is judged as written: nothing is rounded, and no length of it stops the reader."""
    document = json.dumps(make_case()).replace("100000", numeral)
    with pytest.raises(
        InvalidInput, match=r"^loan\.principal_fen: must be a whole number"
    ) as refused:
        read_case(read_json(document.encode()))
    assert numeral[:60] in refused.value.message


TEXTS = (
    *("scheme.parties.0.party", "scheme.cession.0.party", "scheme.cession.0.to", "loan.flags.0"),
    *("scheme.tiers.0.party", "scheme.addons.0.party", "scheme.addons.0.flag", "events.0.id"),
    *("junior_claims.0.party", "events.0.costs.0.name", "events.1.id"),
)


@pytest.mark.parametrize("path", TEXTS)
def test_names_are_text(path: str) -> None:
    """Every name, flag and id is text that can be written out again."""
    for value in (1, 1.5, True, None, [], {}, "\ud800"):
        error = refusal(changed(CONTRACT, path, value))
        assert error.field == as_shown(path)
        error.message.encode()


CHOICES = (
    *("scheme.base", "scheme.comp_mode", "scheme.parties.0.role", "scheme.recovery.share_by"),
    "events.0.kind",
)


@pytest.mark.parametrize("path", CHOICES)
def test_choices_are_the_named_ones(path: str) -> None:
    """A base, mode, role, order or kind that is not named is refused, with those that are."""
    for value in ("bank", "", "NOMINAL_BP", None, 1, 1.5, [], {}):
        error = refusal(changed(CONTRACT, path, value))
        assert error.field == as_shown(path)
        assert "must be one of" in error.message


def test_truth_is_true_or_false() -> None:
    """`interest_after_principal` takes true and false only."""
    for value in (0, 1, "true", None, 1.0):
        error = refusal(changed(DIRECT, "scheme.recovery.interest_after_principal", value))
        assert error.field == "scheme.recovery.interest_after_principal"


DAYS = (
    *("2024-02-30", "2024-3-1", "20240301", "2024-W01-1", "2024-03-01T00:00:00", "0000-01-01", ""),
    *("２０２４-03-01", "2024-03-01\n", 20240302, None, 1.5),
)


@pytest.mark.parametrize("day", DAYS)
def test_dates_are_days_of_the_calendar(day: Any) -> None:
    """`registered_at` is a date YYYY-MM-DD that exists."""
    error = refusal(changed(DIRECT, "junior_claims.0.registered_at", day))
    assert error.field == "junior_claims[0].registered_at"
    assert "\n" not in error.message


LISTS = (
    *("scheme.parties", "scheme.cession", "scheme.tiers", "scheme.addons", "loan.flags"),
    *("junior_claims", "events", "events.0.costs"),
)
MAPS = (
    *("scheme", "loan", "scheme.recovery", "scheme.comp_rate_bp", "scheme.caps"),
    *("scheme.caps.fund", "scheme.parties.0", "scheme.cession.0", "scheme.tiers.0"),
    *("scheme.addons.0", "junior_claims.0", "events.0", "events.0.costs.0"),
)


@pytest.mark.parametrize("path", LISTS)
def test_lists_are_lists(path: str) -> None:
    """Null is not an empty list, nor is an object."""
    for value in (None, {}, "x", 0):
        assert refusal(changed(CONTRACT, path, value)).field == as_shown(path)


@pytest.mark.parametrize("path", MAPS)
def test_objects_are_objects(path: str) -> None:
    """Null is not an empty object, nor is a list."""
    for value in (None, [], "x", 0):
        assert refusal(changed(CONTRACT, path, value)).field == as_shown(path)


@pytest.mark.parametrize("path", [*MAPS, ""])
def test_unknown_fields_are_refused_by_name_at_any_depth(path: str) -> None:
    """An unknown field is named wherever it stands; a map of parties refuses who is not one."""
    where = f"{path}.colour" if path else "colour"
    error = refusal(changed(CONTRACT, where, {"bp": 1} if path == "scheme.caps" else 1))
    assert error.field.startswith(as_shown(where))


def test_a_final_event_has_only_id_and_kind() -> None:
    """Even zeros are refused where a field has no meaning."""
    assert refusal(changed(DIRECT, "events.1.gross_fen", 0)).field == "events[1].gross_fen"
    assert refusal(changed(DIRECT, "events.1.costs", [])).field == "events[1].costs"


REQUIRED = (
    *("scheme.base", "scheme.comp_mode", "scheme.parties", "scheme.recovery.share_by"),
    *("scheme.recovery.interest_after_principal", "loan.principal_fen"),
    *(f"scheme.parties.0.{name}" for name in ("party", "role", "bear_bp")),
    *(f"scheme.cession.0.{name}" for name in ("party", "to", "bp")),
    *(f"scheme.tiers.0.{name}" for name in ("party", "loan_upto_fen", "bp")),
    *(f"scheme.addons.0.{name}" for name in ("party", "flag", "bp")),
    *(f"junior_claims.0.{name}" for name in ("party", "claim_fen", "registered_at")),
    *("events.0.id", "events.0.kind", "events.0.gross_fen", "events.1.id", "events.1.kind"),
    *("events.0.costs.0.name", "events.0.costs.0.amount_fen"),
)


@pytest.mark.parametrize("path", REQUIRED)
def test_missing_fields_are_named(path: str) -> None:
    """What has to be given is named when it is not."""
    error = refusal(without(CONTRACT, path))
    assert error.field == as_shown(path)
    assert "missing" in error.message


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("scheme", "scheme.recovery.share_by"),
        ("scheme.recovery", "scheme.recovery.share_by"),
        ("loan", "loan.principal_fen"),
    ],
)
def test_a_missing_object_is_named_by_what_it_must_hold(path: str, missing: str) -> None:
    """Without the object, the refusal names a field in it that must be given."""
    error = refusal(without(CONTRACT, path))
    assert error.field.startswith(path)
    assert error.field in (missing, "scheme.base")


def test_what_may_be_left_out_has_its_default() -> None:
    """The least case reads as if every default were written out."""
    least = {
        "scheme": {
            "base": "PRINCIPAL",
            "comp_mode": "DIRECT_SHARE",
            "parties": [party("bank", "BANK", 10000)],
            "recovery": {"share_by": "BANK_FIRST", "interest_after_principal": False},
        },
        "loan": {"principal_fen": 7},
    }
    full: Json = {
        "scheme": least["scheme"]
        | {"cession": [], "comp_rate_bp": {}, "tiers": [], "addons": [], "total_cap_bp": None}
        | {"caps": {}, "advance_bp": 0},
        "loan": {"amount_fen": 7, "principal_fen": 7, "interest_fen": 0, "penalty_fen": 0}
        | {"received_fen": 0, "ip_part_bp": 10000, "flags": []},
        "junior_claims": [],
        "events": [],
    }
    assert read(least) == read(full)
    capped = changed(DIRECT, "scheme.caps", {"fund": {}})
    nulls = dict.fromkeys(("per_loan_fen", "per_borrower_fen", "year_fen", "fund_balance_fen"))
    assert read(capped) == read(changed(DIRECT, "scheme.caps", {"fund": nulls}))
    assert read(make_case(recovery("a", 1))) == read(
        make_case({"id": "a", "kind": "recovery", "gross_fen": 1})
    )


GUARANTOR = party("guarantor", "GUARANTOR", 0)
REFUSED: dict[str, tuple[Json, str]] = {
    "party listed twice": (
        changed(DIRECT, "scheme.parties.2", party("bank", "INSURER")),
        "scheme.parties[2].party",
    ),
    "bear_bp below 10000": (
        changed(DIRECT, "scheme.parties.0.bear_bp", 5999),
        "scheme.parties[1].bear_bp",
    ),
    "bear_bp above 10000": (
        changed(DIRECT, "scheme.parties.0.bear_bp", 6001),
        "scheme.parties[1].bear_bp",
    ),
    "no party": (changed(DIRECT, "scheme.parties", []), "scheme.parties[].role"),
    "no bank": (changed(DIRECT, "scheme.parties.0.role", "VALUER"), "scheme.parties[].role"),
    "two banks": (
        changed(DIRECT, "scheme.parties.2", party("other", "BANK")),
        "scheme.parties[].role",
    ),
    "a fund that bears, retained": (
        changed(changed(CONTRACT, "scheme.parties.3.bear_bp", 1), "scheme.parties.0.bear_bp", 1999),
        "scheme.parties[3].bear_bp",
    ),
    "a fund that bears, layered": (
        changed(changed(LAYERED, "scheme.parties.1.bear_bp", 1), "scheme.parties.0.bear_bp", 9999),
        "scheme.parties[1].bear_bp",
    ),
    "no fund, retained": (
        changed(changed(CONTRACT, "scheme.parties.3.role", "VALUER"), "scheme.caps", {}),
        "scheme.parties[].role",
    ),
    "two funds, retained": (
        changed(CONTRACT, "scheme.parties.4", party("second", "FUND")),
        "scheme.parties[].role",
    ),
    "caps of a bank": (changed(DIRECT, "scheme.caps", {"bank": {}}), "scheme.caps.bank"),
    "caps of a stranger": (changed(DIRECT, "scheme.caps", {"x\ny": {}}), r"scheme.caps.x\ny"),
    "cession by a stranger": (
        changed(CONTRACT, "scheme.cession.0.party", "x"),
        "scheme.cession[0].party",
    ),
    "cession to a stranger": (
        changed(CONTRACT, "scheme.cession.0.to", "x"),
        "scheme.cession[0].to",
    ),
    "cession by a fund": (
        changed(CONTRACT, "scheme.cession.0.party", "fund"),
        "scheme.cession[0].party",
    ),
    "cession to a fund": (changed(CONTRACT, "scheme.cession.0.to", "fund"), "scheme.cession[0].to"),
    "cession to itself": (
        changed(CONTRACT, "scheme.cession.0.to", "guarantor"),
        "scheme.cession[0].to",
    ),
    "cession of too much": (
        changed(CONTRACT, "scheme.cession.1", {"party": "guarantor", "to": "bank", "bp": 6001}),
        "scheme.cession[1].bp",
    ),
    "rate, direct": (
        changed(DIRECT, "scheme.comp_rate_bp", {"bank": 0}),
        "scheme.comp_rate_bp.bank",
    ),
    "rate of a fund, direct": (
        changed(DIRECT, "scheme.comp_rate_bp", {"fund": 0}),
        "scheme.comp_rate_bp.fund",
    ),
    "tier, direct": (
        changed(DIRECT, "scheme.tiers", [{"party": "bank", "loan_upto_fen": 0, "bp": 0}]),
        "scheme.tiers[0].party",
    ),
    "add-on, direct": (
        changed(DIRECT, "scheme.addons", [{"party": "bank", "flag": "", "bp": 0}]),
        "scheme.addons[0].party",
    ),
    "rate of the fund, retained": (
        changed(CONTRACT, "scheme.comp_rate_bp", {"fund": 1}),
        "scheme.comp_rate_bp.fund",
    ),
    "tier of the fund, retained": (
        changed(CONTRACT, "scheme.tiers.1.party", "fund"),
        "scheme.tiers[1].party",
    ),
    "add-on of the fund, retained": (
        changed(CONTRACT, "scheme.addons.0.party", "fund"),
        "scheme.addons[0].party",
    ),
    "rate of the bank, layered": (
        changed(LAYERED, "scheme.comp_rate_bp", {"bank": 1}),
        "scheme.comp_rate_bp.bank",
    ),
    "tier of the bank, layered": (
        changed(LAYERED, "scheme.tiers", [{"party": "bank", "loan_upto_fen": 0, "bp": 0}]),
        "scheme.tiers[0].party",
    ),
    "add-on of the bank, layered": (
        changed(LAYERED, "scheme.addons", [{"party": "bank", "flag": "", "bp": 0}]),
        "scheme.addons[0].party",
    ),
    "rate of a stranger": (
        changed(CONTRACT, "scheme.comp_rate_bp", {"x": 1}),
        "scheme.comp_rate_bp.x",
    ),
    "tier of a stranger": (changed(CONTRACT, "scheme.tiers.0.party", "x"), "scheme.tiers[0].party"),
    "add-on of a stranger": (
        changed(CONTRACT, "scheme.addons.0.party", "x"),
        "scheme.addons[0].party",
    ),
    "both rate and tier": (
        changed(CONTRACT, "scheme.tiers.1.party", "guarantor"),
        "scheme.tiers[1].party",
    ),
    "received, principal": (changed(DIRECT, "loan.received_fen", 1), "loan.received_fen"),
    "received, principal and interest": (
        changed(changed(DIRECT, "loan.received_fen", 1), "scheme.base", "PRINCIPAL_INTEREST"),
        "loan.received_fen",
    ),
    "received too much": (changed(NET, "loan.received_fen", 121), "loan.received_fen"),
    "id with other content": (changed(DIRECT, "events.1", recovery("e1", 6, 1)), "events[1].id"),
    "id with other costs": (changed(DIRECT, "events.1", recovery("e1", 5, 2)), "events[1].id"),
    "id of another kind": (changed(DIRECT, "events.1", final("e1")), "events[1].id"),
    "a recovery after final": (changed(DIRECT, "events.2", recovery("e2", 1)), "events[2].id"),
    "a recovery after final and a repeat": (
        changed(changed(DIRECT, "events.2", recovery("e1", 5, 1)), "events.3", recovery("e2", 1)),
        "events[3].id",
    ),
    "a final after final": (changed(DIRECT, "events.2", final("end 2")), "events[2].id"),
    "other content after final": (changed(DIRECT, "events.2", recovery("e1", 1)), "events[2].id"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_contracts_2_refuses_is_refused_by_name(case: str) -> None:
    """Each refusal that contracts 2 lists names the field it is about, in both languages."""
    given, field = REFUSED[case]
    error = refusal(given)
    assert error.field == field
    assert error.message.startswith(f"{field}: ")
    assert error.message_zh.startswith(f"{field}：")
    assert error.message_zh != error.message
    assert "\n" not in error.message


def test_what_is_near_a_refusal_is_accepted() -> None:
    """The bounds themselves are right: 10^13, 10000 bp, all received, all ceded, schemes without a fund."""
    for case in (CONTRACT, LAYERED, NET, DIRECT):
        read(case)
    for path in AMOUNTS:
        if path != "loan.received_fen":
            read(changed(CONTRACT, path, 10**13))
    read(changed(CONTRACT, "scheme.cession.0.bp", 10000))
    read(changed(CONTRACT, "scheme.total_cap_bp", 10000))
    alone = [party("bank", "BANK", 10000)]
    for mode in ("DIRECT_SHARE", "LAYERED"):
        read(make_case(scheme=make_scheme(comp_mode=mode, parties=alone)))
    read(changed(DIRECT, "scheme.caps", {"fund": {"year_fen": 0}}))
    read(changed(DIRECT, "scheme.total_cap_bp", 1))
    read(changed(DIRECT, "scheme.parties.2", party("", "VALUER")))


def test_repeats_of_an_event_count_once_wherever_they_stand() -> None:
    """The same id with the same content is one event, also after the final one and with fields reordered."""
    first, second = recovery("a", 5, 1), recovery("b", 6)
    bare = {"gross_fen": 6, "kind": "recovery", "id": "b"}
    repeated = [first, second, first, bare, final(), final(), second, dict(reversed(first.items()))]
    events = read(make_case(*repeated)).events
    assert [event.id for event in events] == ["a", "b", "end"]
    assert isinstance(events[-1], FinalEvent)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ('{"loan": {}, "loan": {}}', "loan"),
        ('{"scheme": {"base": "PRINCIPAL", "base": "PRINCIPAL"}}', "scheme.base"),
        ('{"scheme": {"recovery": {"share_by": 1, "share_by": 1}}}', "scheme.recovery.share_by"),
    ],
)
def test_a_key_may_stand_once(document: str, field: str) -> None:
    """A key given twice is refused, even with the same value: one of the two was meant."""
    with pytest.raises(InvalidInput, match="stands twice") as refused:
        read_case(read_json(document.encode()))
    assert refused.value.field == field


def test_a_doubled_key_in_a_map_of_parties_is_refused() -> None:
    """Also maps, whose keys are not field names, hold a key once."""
    document = json.dumps(LAYERED).replace('"city": 2000', '"city": 2000, "city": 1000')
    with pytest.raises(InvalidInput) as refused:
        read_case(read_json(document.encode()))
    assert refused.value.field == "scheme.comp_rate_bp.city"


def test_messages_stay_one_short_line() -> None:
    """Whatever a key or value holds, the message escapes and cuts it."""
    assert escaped("a\nb\x1b[2J\ud800") == "a\\nb\\x1b[2J\\ud800"
    assert one_line("x" * 61) == "x" * 60 + "..."
    assert len(refusal(changed(DIRECT, "y" * 10_000, 1)).message) < 300


def test_a_scheme_can_be_read_at_a_path_of_its_own() -> None:
    """A scheme file names its fields from its own root."""
    with pytest.raises(InvalidInput, match=r"^clearing\.base: "):
        read_scheme(make_scheme(base="X"), "clearing")
