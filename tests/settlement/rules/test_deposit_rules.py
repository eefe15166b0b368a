"""Forfeited and released deposits, commissions, and NPL tolerance."""

import json
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.clock import CHINA
from kit.errors import InvalidInput
from settlement.calendars import china
from settlement.clearing import clear_document
from settlement.refunds import release_by
from settlement.rules.commission import banded, commercial_cap, judicial_cap
from settlement.rules.deposits import (
    ForfeitTerms,
    Loss,
    Regime,
    as_recovery,
    exempt_part,
    forfeit,
    forfeit_terms,
    release_term,
    shortfall,
)
from settlement.rules.npl import gap_bp, is_tolerated, trips
from tests.make_cases import make_case, recovery

AGREED = ForfeitTerms(uses=("commission", "shortfall"), leftover="returned", excess="owed")
LOSS = Loss(costs_fen=10, shortfall_fen=50, commission_fen=20)
REGIMES: dict[str, tuple[Regime, ForfeitTerms | None]] = {
    "network": ("JUDICIAL_NETWORK", None),
    "offline": ("JUDICIAL_OFFLINE", None),
    "commercial": ("COMMERCIAL_AUCTION", AGREED),
    "exchange": ("EXCHANGE", AGREED),
}
USED = [
    ("network", 100, {"costs": 10, "shortfall": 50, "debt": 40}, 0, "disputed"),
    ("network", 30, {"costs": 10, "shortfall": 20, "debt": 0}, 30, "disputed"),
    ("offline", 100, {"shortfall": 50, "costs": 10, "commission": 20, "returned": 20}, 0, "owed"),
    ("offline", 55, {"shortfall": 50, "costs": 5, "commission": 0, "returned": 0}, 25, "owed"),
    ("commercial", 100, {"commission": 20, "shortfall": 50, "returned": 30}, 0, "owed"),
    ("exchange", 60, {"commission": 20, "shortfall": 40, "returned": 0}, 10, "owed"),
]


@pytest.mark.parametrize(("regime", "deposit", "uses", "excess", "status"), USED)
def test_a_forfeited_deposit_is_used_in_the_order_of_its_regime(
    regime: str, deposit: int, uses: dict[str, int], excess: int, status: str
) -> None:
    """Each regime has its order, its left-over and its claim beyond the deposit (domain 6.5)."""
    forfeited = forfeit(deposit, forfeit_terms(*REGIMES[regime]), LOSS)
    assert {line.to: line.amount_fen for line in forfeited.lines} == uses
    assert [line.to for line in forfeited.lines] == list(uses)
    assert (forfeited.excess_fen, forfeited.excess) == (excess, status)


def test_each_use_says_how_it_was_reached() -> None:
    """A line shows the loss, what was left of the deposit, and the amount."""
    lines = forfeit(30, forfeit_terms("JUDICIAL_NETWORK"), LOSS).lines
    assert lines[1].computation == "min(0.50 lost 损失, 0.20 left 余额) = 0.20"
    assert lines[2].computation == "what is left 余款 = 0.00"


@pytest.mark.parametrize(
    ("regime", "agreed"),
    [("JUDICIAL_NETWORK", AGREED), ("EXCHANGE", None), ("COMMERCIAL_AUCTION", None)],
)
def test_terms_come_from_the_law_or_from_the_contract(
    regime: Regime, agreed: ForfeitTerms | None
) -> None:
    """What the law fixes is not agreed otherwise; what it leaves open has to be agreed."""
    with pytest.raises(InvalidInput, match=r"^forfeit_terms: must"):
        forfeit_terms(regime, agreed)


def test_a_forfeited_deposit_clears_as_a_recovery() -> None:
    """The first event of domain example 5: the deposit less the failed auction's costs is shared."""
    loss = Loss(costs_fen=1_234_567, shortfall_fen=shortfall(100, 100))
    event = as_recovery(forfeit(15_000_000, forfeit_terms("JUDICIAL_NETWORK"), loss), "e1")
    assert (event.gross_fen, [cost.amount_fen for cost in event.costs]) == (15_000_000, [1_234_567])
    case = make_case(
        recovery(event.id, event.gross_fen, event.costs[0].amount_fen),
        loan={"principal_fen": 500_000_000},
    )
    cleared = clear_document(json.dumps(case).encode())
    assert list(cleared.events[0].movements.values()) == [8_259_260, 5_506_173]


def test_what_is_returned_to_the_buyer_is_no_recovery() -> None:
    """Only what was kept counts; a made-good shortfall belongs to the proceeds, commissions are costs."""
    event = as_recovery(forfeit(100, forfeit_terms("JUDICIAL_OFFLINE"), LOSS), "e1")
    assert (event.gross_fen, [cost.amount_fen for cost in event.costs]) == (80, [10, 20])
    assert as_recovery(forfeit(5, AGREED, Loss()), "e2").gross_fen == 0


def test_a_deposit_has_a_last_moment() -> None:
    """24 hours from the end; three days, or working days over the National Day holiday, to midnight in China."""
    ended = datetime(2026, 9, 29, 3, 0, tzinfo=UTC)
    by_hours = release_by(release_term("JUDICIAL_NETWORK"), ended)
    assert by_hours == datetime(2026, 9, 30, 3, 0, tzinfo=UTC)
    by_days = release_by(release_term("JUDICIAL_OFFLINE"), ended)
    exchange = release_term("EXCHANGE", notice_working_days=5)
    by_working_days = release_by(exchange, ended)
    for found in (by_days, by_working_days):
        last = (found - timedelta(days=1)).astimezone(CHINA).date()
        assert china().is_workday(last)
        assert found.astimezone(CHINA).time() == time()
    assert (
        china().add_workdays(ended.date(), 5)
        == (by_working_days - timedelta(days=1)).astimezone(CHINA).date()
    )


def test_an_applicant_creditor_pays_the_difference_alone() -> None:
    """Up to its claim it pays no deposit (法释〔2016〕18号 art. 17)."""
    assert exempt_part(100, claim_fen=100) == exempt_part(100, claim_fen=900) == 100
    assert (exempt_part(100, claim_fen=99), exempt_part(100, claim_fen=0)) == (99, 0)


def test_the_shortfall_is_never_negative() -> None:
    """A re-auction that reaches the old price leaves none."""
    assert (shortfall(100, 80), shortfall(100, 100), shortfall(100, 120)) == (20, 0, 0)


@given(st.integers(0, 1000), *[st.integers(0, 500)] * 3, st.sampled_from(sorted(REGIMES)))
def test_a_forfeited_deposit_is_used_up_exactly(
    deposit: int, costs: int, short: int, commission: int, regime: str
) -> None:
    """The uses add up to the deposit, and something goes left over only when every loss is covered."""
    loss = Loss(costs_fen=costs, shortfall_fen=short, commission_fen=commission)
    done = forfeit(deposit, forfeit_terms(*REGIMES[regime]), loss)
    assert sum(line.amount_fen for line in done.lines) == deposit
    assert done.excess_fen == 0 or done.lines[-1].amount_fen == 0
    assert min(line.amount_fen for line in done.lines) >= 0


def test_losing_deposits_go_back_in_the_time_of_the_regime() -> None:
    """24 hours, 3 days, or as the notice says; a silent notice is refused."""
    terms = [release_term("JUDICIAL_NETWORK"), release_term("JUDICIAL_OFFLINE")]
    terms.append(release_term("EXCHANGE", notice_working_days=5))
    assert [(term.amount, term.unit) for term in terms] == [
        (24, "hours"),
        (3, "days"),
        (5, "working_days"),
    ]
    with pytest.raises(InvalidInput, match="notice_working_days"):
        release_term("COMMERCIAL_AUCTION")


@pytest.mark.parametrize(
    ("price", "cap"),
    [
        *((0, 0), (1, 0), (20, 1), (200_000_000, 10_000_000), (200_000_034, 10_000_001)),
        *((350_000_000, 14_500_000), (1_200_000_000, 38_000_000), (12_000_000_000, 174_000_000)),
    ],
)
def test_judicial_commission_is_capped_by_cumulative_bands(price: int, cap: int) -> None:
    """The examples of domain 2.2, art. 29, and the edges of the first band."""
    assert judicial_cap(price) == cap


def test_commercial_commission_is_at_most_five_per_cent_a_side() -> None:
    """Rounded down: a cap is not exceeded by half a fen."""
    assert (commercial_cap(100), commercial_cap(199)) == (5, 9)
    assert banded(100, ((50, 1000),)) == 5


@pytest.mark.parametrize(
    ("ip_npl", "tolerated"), [(0, True), (49, True), (50, True), (51, False), (1000, False)]
)
def test_npl_tolerance_is_three_points_inclusive(ip_npl: int, tolerated: bool) -> None:
    """2 % of all loans: 5 % of the IP loans is still tolerated, one fen more is not."""
    figures = {"ip_npl_fen": ip_npl, "ip_balance_fen": 1000}
    figures |= {"all_npl_fen": 200, "all_balance_fen": 10_000}
    assert is_tolerated(**figures) is tolerated
    assert (gap_bp(**figures) <= 300) is tolerated


def test_npl_ratios_of_nothing() -> None:
    """A branch without IP loans is tolerated; its ratio is 0; parts above their whole are an error."""
    assert is_tolerated(ip_npl_fen=0, ip_balance_fen=0, all_npl_fen=1, all_balance_fen=2)
    assert gap_bp(ip_npl_fen=0, ip_balance_fen=0, all_npl_fen=1, all_balance_fen=3) == Fraction(
        -10000, 3
    )
    with pytest.raises(ValueError, match="bad loans"):
        is_tolerated(ip_npl_fen=2, ip_balance_fen=1, all_npl_fen=0, all_balance_fen=1)


def test_a_breaker_trips_strictly_above_its_threshold() -> None:
    """Exactly 3 % does not trip a breaker of "more than 3 %"."""
    assert not trips(3, 100, threshold_bp=300)
    assert trips(301, 10_000, threshold_bp=300)
