"""Working days on the Chinese calendar."""

from datetime import date

import pytest

from settlement.calendars import china


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-11-02", 10, "2026-11-16"),  # two weekends
        ("2026-09-18", 1, "2026-09-20"),  # a Sunday that is worked for the National Day holiday
        ("2026-09-30", 1, "2026-10-08"),  # the holiday itself
        ("2026-10-09", 1, "2026-10-10"),  # a Saturday that is worked
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-14", 1, "2026-02-24"),  # Spring Festival, nine days
        ("2025-01-26", 1, "2025-01-27"),
        ("2025-01-27", 2, "2025-02-06"),
        ("2024-09-13", 1, "2024-09-14"),
        ("2026-11-21", 0, "2026-11-23"),  # ends on a day off: rolls on
    ],
)
def test_working_days_pass_over_holidays_and_count_make_up_days(
    start: str, count: int, end: str
) -> None:
    """The first day does not count; weekends and holidays are passed over; make-up days are worked."""
    assert china().add_workdays(date.fromisoformat(start), count) == date.fromisoformat(end)


def test_a_year_without_arrangement_says_so() -> None:
    """2024 to 2026 are known; of 2027 only the statutory days are."""
    calendar = china()
    assert calendar.is_certain(date(2024, 1, 1), date(2026, 12, 31))
    assert not calendar.is_certain(date(2026, 12, 1), date(2027, 1, 5))
    assert not calendar.is_workday(date(2027, 2, 5))
    with pytest.raises(ValueError, match="negative"):
        calendar.add_workdays(date(2026, 1, 5), -1)


def test_every_year_has_as_many_days_off_as_its_arrangement_gives() -> None:
    """Weekend days worked are never holidays, and each lies on a weekend."""
    calendar = china()
    assert not calendar.holidays & calendar.make_up_days
    assert all(day.weekday() >= 5 for day in calendar.make_up_days)
