"""Working days (工作日) by a calendar of holidays and make-up days, which is data.

The first day does not count, and a period that ends on a day off ends on the next working day.
Source: domain 0.2; Civil Code 201 to 203.
"""

from datetime import date, timedelta

import msgspec

SATURDAY = 5


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """Days off beside weekends, weekend days that are worked, and the years for which both are known."""

    holidays: frozenset[date]
    make_up_days: frozenset[date]
    published: frozenset[int]

    def is_workday(self, day: date) -> bool:
        """Whether people work on this day."""
        if day in self.make_up_days:
            return True
        return day.weekday() < SATURDAY and day not in self.holidays

    def add_workdays(self, day: date, count: int) -> date:
        """The last of `count` working days after `day`, which itself does not count."""
        if count < 0:
            raise ValueError("a period has no negative number of days")
        found = day
        while count:
            found += timedelta(days=1)
            count -= self.is_workday(found)
        return self.roll(found)

    def roll(self, day: date) -> date:
        """The day itself when it is worked, the next working day otherwise."""
        while not self.is_workday(day):
            day += timedelta(days=1)
        return day

    def is_certain(self, first: date, last: date) -> bool:
        """Whether the arrangement of every year from `first` to `last` has been published."""
        return all(year in self.published for year in range(first.year, last.year + 1))
