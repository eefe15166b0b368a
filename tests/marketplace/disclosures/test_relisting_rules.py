"""What may be announced of longer listings, how long changed notices stand."""

from datetime import datetime, timedelta

import pytest

from kit.clock import CHINA
from marketplace.lots.regimes import Regime, Terms
from marketplace.lots.relisting import (
    ListingExtension,
    check_extension,
    check_redisclosure,
    is_within_a_year,
    longer_by,
)

#: A Monday. 2026-02-15 to 23 is the Spring Festival; Saturday 14 and 28 are made up.
MONDAY = datetime(2026, 3, 2, 10, tzinfo=CHINA)


def some_terms(regime: Regime = Regime.EXCHANGE, **changed: object) -> Terms:
    """An exchange lot of 2.1 million, which needs ten working days of notice."""
    given: dict[str, object] = {
        "regime": regime,
        "format": "english",
        "start_price_fen": 210_000_000,
        "reserve_price_fen": None,
        "deposit_fen": 21_000_000,
        "valuation_fen": 300_000_000,
        "opens_at": MONDAY,
        "closes_at": MONDAY + timedelta(days=1),
    }
    return Terms(**(given | changed))  # type: ignore[arg-type]  # the table's own fields


@pytest.mark.parametrize(
    ("regime", "article"),
    [
        (Regime.JUDICIAL_NETWORK, "art. 26"),
        (Regime.COMMERCIAL_AUCTION, "art. 45"),
        (Regime.AGREEMENT, "art. 436"),
    ],
)
def test_only_an_exchange_extends(regime: Regime, article: str) -> None:
    """Elsewhere the law says what follows a listing that found nobody; the finding names the article."""
    announced = ListingExtension(working_days=5, cycles_max=1)
    [found] = check_extension(some_terms(regime), announced, is_sealed=False)
    assert (found.severity, found.field) == ("block", "conditions.listing_extension")
    assert article in found.message
    assert check_extension(some_terms(regime), None, is_sealed=False) == []
    assert check_extension(some_terms(), announced, is_sealed=False) == []


def test_an_extension_is_five_working_days_at_least_and_not_of_sealed_bids() -> None:
    """Four days are refused, but for a rehearsal; bids that are sealed to a close end with it."""
    short = ListingExtension(working_days=4, cycles_max=1)
    [found] = check_extension(some_terms(), short, is_sealed=False)
    assert "at least 5" in found.message
    assert check_extension(some_terms(shortened_times=True), short, is_sealed=False) == []
    five = ListingExtension(working_days=5, cycles_max=1)
    assert len(check_extension(some_terms(), five, is_sealed=True)) == 1


@pytest.mark.parametrize(
    ("ends_at", "days", "ends_on"),
    [
        (datetime(2026, 3, 2, 10, tzinfo=CHINA), 5, (3, 9)),  # over one weekend
        (datetime(2026, 3, 6, 23, 30, tzinfo=CHINA), 5, (3, 13)),  # China's day, not UTC's
        (datetime(2026, 2, 13, 10, tzinfo=CHINA), 5, (2, 27)),  # the holiday and its make-up days
    ],
)
def test_cycles_count_working_days_of_china(
    ends_at: datetime, days: int, ends_on: tuple[int, int]
) -> None:
    """The listing ends at the same time of day, so many working days later."""
    after = ends_at + longer_by(ends_at, working_days=days, now=ends_at)
    assert (after.month, after.day) == ends_on
    assert after.time() == ends_at.time()


def test_a_late_worker_takes_no_day_from_the_listing() -> None:
    """Who decides two days late extends from then."""
    late = MONDAY + timedelta(days=2)
    after = MONDAY + longer_by(MONDAY, working_days=5, now=late)
    assert (after.month, after.day) == (3, 11)


def test_twelve_months_are_the_end() -> None:
    """A listing ends within 12 months of its first notice, to the day."""
    first = datetime(2026, 3, 2, 10, tzinfo=CHINA)
    assert is_within_a_year(first, datetime(2027, 3, 2, 23, 59, tzinfo=CHINA))
    assert not is_within_a_year(first, datetime(2027, 3, 3, 0, 0, tzinfo=CHINA))
    assert not is_within_a_year(first, datetime(2027, 4, 1, 0, 0, tzinfo=CHINA))


@pytest.mark.parametrize(
    ("regime", "changed_days_before", "is_refused"),
    [
        (Regime.EXCHANGE, 7, False),  # Monday to Monday: five working days
        (Regime.EXCHANGE, 5, True),  # from Wednesday: three
        (Regime.COMMERCIAL_AUCTION, 7, False),
        (Regime.COMMERCIAL_AUCTION, 6, True),  # as long as a new notice
        (Regime.JUDICIAL_NETWORK, 30, False),
        (Regime.JUDICIAL_NETWORK, 29, True),
        (Regime.AGREEMENT, 0, False),
    ],
)
def test_a_changed_notice_stands_as_long_as_its_regime_asks(
    regime: Regime, changed_days_before: int, is_refused: bool
) -> None:
    """Five working days on an exchange; elsewhere no article shortens the period of a notice."""
    found = check_redisclosure(
        some_terms(regime),
        disclosed_at=MONDAY - timedelta(days=40),
        changed_at=MONDAY - timedelta(days=changed_days_before),
    )
    assert bool(found) is is_refused
    assert all(finding.code == "ELG-21" for finding in found)


def test_the_whole_period_counts_from_the_first_notice() -> None:
    """Ten working days from the first notice are kept, although the change alone would stand for five."""
    found = check_redisclosure(
        some_terms(),
        disclosed_at=MONDAY - timedelta(days=8),
        changed_at=MONDAY - timedelta(days=8),
    )
    assert [finding.field for finding in found] == ["opens_at"]
    assert "at least 10" in found[0].message
