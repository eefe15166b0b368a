"""Papers say codes in words of both languages, and ratios as people read them."""

import pytest

from settlement.statement_words import INVOICES, gap_in_words, percent, word


@pytest.mark.parametrize(
    ("ratio_bp", "said"),
    [(0, "0%"), (300, "3%"), (250, "2.5%"), (6_001, "60.01%"), (10_000, "100%")],
)
def test_a_ratio_is_a_percentage(ratio_bp: int, said: str) -> None:
    """No basis points for people; nothing is rounded."""
    assert percent(ratio_bp) == said


@pytest.mark.parametrize(
    ("gap_bp", "said"),
    [
        ("287654321/1000000", "2.8765 points 个百分点 (287654321/1000000 bp)"),
        ("300", "3.0000 points 个百分点 (300 bp)"),
        ("-1/3", "-0.0033 points 个百分点 (-1/3 bp)"),
    ],
)
def test_a_gap_is_read_in_points_and_decided_exactly(gap_bp: str, said: str) -> None:
    """Rounded for reading, with the exact fraction beside it."""
    assert gap_in_words(gap_bp) == said


def test_invoices_have_words() -> None:
    """What is billed of a licence is said in both languages."""
    assert word(INVOICES, "ENTRY_FEE") == "entry fee 入门费"
