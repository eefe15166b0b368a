"""Licence income: royalties, guarantees, the agency's share, lateness (domain 6.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput
from settlement.rules.royalties import (
    RoyaltyTerms,
    as_recovery,
    audit_adjustment,
    late_interest,
    receive,
    royalty,
)

TERMS = RoyaltyTerms(rate_bp=300, entry_fee_fen=10_000_000, agency_bp=1500, late_bp_year=365)
GUARANTEED = RoyaltyTerms(rate_bp=300, minimum_fen=1000)

YEARS = [
    (432_198_765, 12_965_963, 1_944_894, 11_021_069),
    (654_321_099, 19_629_633, 2_944_445, 16_685_188),
    (271_828_183, 8_154_845, 1_223_227, 6_931_618),
]


@pytest.mark.parametrize(("sales", "due", "agency", "net"), YEARS)
def test_the_years_of_domain_example_5(sales: int, due: int, agency: int, net: int) -> None:
    """3 % of net sales, of which the agency keeps 15 %, to the fen."""
    owed = royalty(TERMS, sales_fen=sales)
    assert owed.due_fen == owed.royalty_fen == due
    income = receive(TERMS, owed.due_fen)
    assert (income.agency_fen, income.net_fen) == (agency, net)


def test_an_entry_fee_clears_as_a_recovery() -> None:
    """The agency's share is the cost of the recovery; without an agency there is none."""
    event = as_recovery(receive(TERMS, TERMS.entry_fee_fen), "e3")
    assert (event.gross_fen, [cost.amount_fen for cost in event.costs]) == (10_000_000, [1_500_000])
    assert as_recovery(receive(GUARANTEED, 5), "e4").costs == ()


def test_the_guarantee_tops_a_royalty_up() -> None:
    """Deductions lower the base; what is below the guarantee is raised to it, and the line says so."""
    owed = royalty(GUARANTEED, sales_fen=30_000, deductions_fen=10_000)
    assert (owed.base_fen, owed.royalty_fen, owed.due_fen) == (20_000, 600, 1000)
    assert owed.computation == "200.00 × 300 bp 基点 = 6.00, at least 保底 10.00"
    assert royalty(TERMS, sales_fen=20_000).computation == "200.00 × 300 bp 基点 = 6.00"


def test_deductions_above_the_sales_are_refused() -> None:
    """A period never owes a negative royalty."""
    with pytest.raises(InvalidInput, match=r"^deductions_fen: must be at most"):
        royalty(TERMS, sales_fen=1, deductions_fen=2)


@pytest.mark.parametrize(
    ("stated", "found", "adjustment"),
    [
        (100_000, 200_000, 3000),
        (200_000, 100_000, -3000),
        (10_000, 20_000, 0),
        (20_000, 50_000, 500),
    ],
)
def test_audits_add_what_was_not_stated(stated: int, found: int, adjustment: int) -> None:
    """More sales owe more, fewer give a credit, and nothing changes below the guarantee."""
    got = audit_adjustment(GUARANTEED, stated_base_fen=stated, found_base_fen=found)
    assert got == adjustment


@pytest.mark.parametrize(
    ("overdue", "days", "interest"),
    [
        (10_000, 1, 1),
        (10_000, 365, 365),
        (5_000, 1, 1),
        (4_999, 1, 0),
        (10_000, 0, 0),
        (10_000, -3, 0),
    ],
)
def test_lateness_costs_simple_interest(overdue: int, days: int, interest: int) -> None:
    """3.65 % a year is a ten-thousandth a day; halves round up; nothing is owed before the day."""
    assert late_interest(TERMS, overdue_fen=overdue, days=days) == interest


@given(st.integers(0, 10**13), st.integers(0, 10_000))
def test_the_agencys_share_and_the_rest_add_up(gross: int, bp: int) -> None:
    """No fen of licence income is lost or made."""
    income = receive(RoyaltyTerms(rate_bp=0, agency_bp=bp), gross)
    assert income.agency_fen + income.net_fen == gross
    assert 0 <= income.agency_fen <= gross
