"""Single cells: exact money, days, choices, and refusals that say what would be right."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import FEN_MAX
from marketplace.imports.cells import CellWrong, RawCell, amount_fen, parse
from marketplace.imports.child import _raw
from marketplace.imports.layout import LOANS, PLEDGES, RIGHTS, SHEETS, VALUATIONS, Column, Kind


def column(key: str, sheet: object = LOANS) -> Column:
    return next(c for s in SHEETS if s is sheet for c in s.columns if c.key == key)


@given(st.integers(0, FEN_MAX))
def test_every_amount_survives_a_spreadsheet_s_float(fen: int) -> None:
    """A number cell holds a float; whatever amount up to CNY 100 billion comes out to the fen."""
    cell = _raw("n", float(Decimal(fen) / 100))
    assert amount_fen(cell.text) == fen


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.01", 1),
        ("4876543.21", 487_654_321),
        ("5.5", 550),
        ("5.50000", 550),
        ("007", 700),
    ],
)
def test_plain_amounts_are_exact(text: str, fen: int) -> None:
    """At most two decimals that count."""
    assert amount_fen(text) == fen


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("4,876,543.21", "write 4876543.21"),
        ("４８７６.21", "write 4876.21"),
        ("¥12.50", "write 12.50"),
        ("12.50元", "write 12.50"),
        ("80万", "not in yuan"),
        ("-1", "negative"),
        ("0.30000000000000004", "0.30 perhaps"),
        ("12.345", "more than two decimals"),
        ("1e6", "not an amount"),
        ("NaN", "not an amount"),
        ("inf", "not an amount"),
        ("100000000000.01", "is more than"),
        ("1.2.3", "not an amount"),
    ],
)
def test_other_amounts_are_refused_with_what_would_be_right(text: str, says: str) -> None:
    """The message shows the right spelling where there is one."""
    with pytest.raises(CellWrong) as caught:
        amount_fen(text)
    assert says in caught.value.message


@pytest.mark.parametrize("text", ["2026-11-02", "2026/11/2", "2026.11.02", "2026年11月2日"])
def test_days_come_in_four_spellings(text: str) -> None:
    """Each is the same day."""
    assert str(parse(column("granted_on"), RawCell("s", text))) == "2026-11-02"


@pytest.mark.parametrize(
    ("key", "sheet", "cell", "code"),
    [
        ("granted_on", LOANS, RawCell("s", "2026-02-29"), "invalid_day"),
        ("granted_on", LOANS, RawCell("d", "2026-02-28 10:00:00"), "invalid_day"),
        ("granted_on", LOANS, RawCell("n", "45000"), "invalid_day"),
        ("granted_on", LOANS, RawCell("s", "1899-12-31"), "invalid_day"),
        ("grade", LOANS, RawCell("s", "不良"), "invalid_choice"),
        ("flags", LOANS, RawCell("s", "组合贷；别的"), "invalid_choice"),
        ("borrower_code", LOANS, RawCell("n", "911100008021004330"), "wrong_type"),
        ("borrower_code", LOANS, RawCell("s", "911100008021004330"), "invalid_identifier"),
        ("contract_number", LOANS, RawCell("f", "=A1"), "formula"),
        ("contract_number", LOANS, RawCell("e", "#REF!"), "cell_error"),
        ("contract_number", LOANS, RawCell("", ""), "required"),
        ("contract_number", LOANS, RawCell("s", "  "), "required"),
        ("contract_number", LOANS, RawCell("s", "x" * 65), "too_long"),
        ("contract_number", LOANS, RawCell("s", "x" * 1001), "too_long"),
        ("contract_number", LOANS, RawCell("s", "a\nb"), "invalid_text"),
        ("contract_number", LOANS, RawCell("b", "TRUE"), "wrong_type"),
        ("loan_amount_fen", LOANS, RawCell("n", "0"), "invalid_amount"),
        ("loan_amount_fen", LOANS, RawCell("b", "TRUE"), "wrong_type"),
        ("ip_part_bp", LOANS, RawCell("n", "100.01"), "invalid_percent"),
        ("ip_part_bp", LOANS, RawCell("s", "half"), "invalid_percent"),
        ("nice_class", RIGHTS, RawCell("n", "46"), "invalid_identifier"),
        ("assets", PLEDGES, RawCell("s", "；；"), "invalid_numbers"),
        ("assets", VALUATIONS, RawCell("s", ";".join("1" * 201)), "invalid_numbers"),
    ],
)
def test_wrong_cells_are_refused_by_code(key: str, sheet: object, cell: RawCell, code: str) -> None:
    """Each kind of column refuses what it cannot hold, in both languages."""
    with pytest.raises(CellWrong) as caught:
        parse(column(key, sheet), cell)
    assert caught.value.code == code
    assert any("\u4e00" <= c <= "\u9fff" for c in caught.value.message_zh)


def test_right_cells_come_out_as_values() -> None:
    """Choices by Chinese, code or both; percentages as basis points; lists split; optional cells empty."""
    assert parse(column("grade"), RawCell("s", "可疑")) == "doubtful"
    assert parse(column("grade"), RawCell("s", "doubtful")) == "doubtful"
    assert parse(column("grade"), RawCell("s", "可疑 doubtful")) == "doubtful"
    assert parse(column("flags"), RawCell("s", "组合贷; 科技支行")) == {
        "combined_collateral",
        "science_branch",
    }
    assert parse(column("ip_part_bp"), RawCell("n", "62.5")) == 6250
    assert parse(column("ip_part_bp"), RawCell("s", "62.5%")) == 6250
    assert parse(column("ip_part_bp"), RawCell("", "")) is None
    assert parse(column("assets", PLEDGES), RawCell("s", "1；2/9\n3")) == ("1", "2/9", "3")
    assert parse(column("contract_number"), RawCell("n", "2024001")) == "2024001"
    assert {kind for sheet in SHEETS for kind in (c.kind for c in sheet.columns)} == set(Kind)
