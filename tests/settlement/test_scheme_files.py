"""The scheme files: each is read, checked, honest about what it assumes, and can clear a claim."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from kit.errors import InvalidInput, NotFound
from settlement.documents import canonical
from settlement.rules.case import Loan
from settlement.rules.compensation import open_claim
from settlement.schemes import parse_scheme_file, scheme_file, scheme_files

COMPLETE = {
    "tianjin-binhai-2022": {"bank": 6000, "fund": 4000},
    "zhongshan": {"fund": 5400, "bank": 2600, "insurer": 1600, "valuer": 400},
    "zhuhai": {"bank": 6000, "fund": 4000},
    "qingdao": {"insurer": 6000, "bank": 2000, "guarantor": 2000},
    "shandong-2016": {"bank": 6000, "province": 4000},
    "shandong-weihai-2020-first-year": {"bank": 4000, "province": 4000, "city": 2000},
    "shandong-weihai-2020": {"bank": 4000, "province": 4000, "city": 2000},
    "guangzhou-2025-bank": {"bank": 6000, "fund": 4000},
    "chongqing-beibei": {"government": 7000, "bank": 3000},
    "xiamen": {"government": 3000, "bank": 3000, "guarantor": 4000},
}


@pytest.mark.parametrize("scheme_id", COMPLETE)
def test_each_complete_scheme_opens_a_claim_in_its_published_shares(scheme_id: str) -> None:
    """A loss of 10,000 fen lands on each side as the source says."""
    scheme = scheme_file(scheme_id).scheme
    assert scheme is not None
    opening = open_claim(scheme, Loan(amount_fen=10_000, principal_fen=10_000))
    assert opening.positions == COMPLETE[scheme_id]


def test_all_other_files_are_templates_that_say_what_is_missing() -> None:
    """A scheme is complete, or it lists what is missing; every assumption of ours is written down."""
    for scheme_id, entry in scheme_files().items():
        assert entry.is_complete == (scheme_id in COMPLETE) == (not entry.missing)
        assert entry.source.startswith("domain 5.1")
        assert entry.name_zh
        if entry.is_complete:
            assert {"recovery.share_by", "advance_bp"} <= set(entry.assumed)
    assert len(scheme_files()) >= 25


def test_caps_of_the_files_bind() -> None:
    """Weihai stops at 1.0 million in the first year and 1.5 million later; what it cuts is the bank's."""
    loan = Loan(amount_fen=900_000_000, principal_fen=900_000_000)
    for scheme_id, cap in (
        ("shandong-weihai-2020-first-year", 100_000_000),
        ("shandong-weihai-2020", 150_000_000),
    ):
        scheme = scheme_file(scheme_id).scheme
        assert scheme is not None
        assert open_claim(scheme, loan).promised == {"province": 360_000_000, "city": cap}


def test_a_scheme_is_in_force_from_its_first_to_its_last_day() -> None:
    """Both days count; a day that is not known is open."""
    guangzhou, zhuhai = scheme_file("guangzhou-2025-bank"), scheme_file("zhuhai")
    days = [date(2025, 9, 30), date(2025, 10, 1), date(2028, 9, 30), date(2028, 10, 1)]
    assert [guangzhou.is_in_force(day) for day in days] == [False, True, True, False]
    assert zhuhai.is_in_force(date(1999, 1, 1))
    assert [breaker.threshold_bp for breaker in guangzhou.breakers] == [300]


def test_a_scheme_that_is_not_there_is_not_found() -> None:
    """An unknown id is refused by name."""
    with pytest.raises(NotFound, match="atlantis"):
        scheme_file("atlantis")


def given(**changes: Any) -> bytes:
    """A template file with changes."""
    values: dict[str, Any] = {
        "id": "x",
        "version": 1,
        "name": "X",
        "name_zh": "某",
        "valid_from": None,
    }
    values |= {"valid_to": None, "source": "s", "notes": "", "breakers": [], "assumed": {}}
    return json.dumps(values | {"missing": ["all"], "scheme": None} | changes).encode()


def test_a_file_may_widen_the_limit_of_valuations_from_inside() -> None:
    """Ten million at the least; what a file does not say is not in its bytes; none of the real ones says it."""
    for limit_fen in (1_000_000_000, 2_000_000_000):
        terms = parse_scheme_file(given(terms={"internal_valuation_max_fen": limit_fen})).operating
        assert terms.internal_valuation_max_fen == limit_fen
    assert b"internal_valuation_max_fen" not in canonical(parse_scheme_file(given(terms={})))
    found = {file.operating.internal_valuation_max_fen for file in scheme_files().values()}
    assert found == {msgspec.UNSET}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"[]", "scheme file: must be an object"),
        (given(colour=1), "unknown field `colour`"),
        (given(version="1"), "version"),
        (given(missing=[]), "missing: must list something"),
        (given(scheme={}), r"scheme\.recovery\.share_by: is missing|scheme\.base: is missing"),
        (given(valid_from="2024-02-30"), "valid_from"),
        (given(terms={"internal_valuation_max_fen": 999_999_999}), "internal_valuation_max_fen"),
        (given(terms={"internal_valuation_max_fen": None}), "internal_valuation_max_fen"),
    ],
)
def test_bad_scheme_files_are_refused(document: bytes, reason: str) -> None:
    """A file that does not fit is refused with the field's name."""
    assert parse_scheme_file(given()).missing == ("all",)
    with pytest.raises(InvalidInput, match=reason):
        parse_scheme_file(document)
