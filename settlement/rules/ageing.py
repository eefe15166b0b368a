"""Ageing (账龄) of money that should have come back: how long it is overdue, in buckets.

Source: domain 7 (fund administrator: "ageing of unreturned money").
"""

from collections.abc import Iterable
from datetime import date

import msgspec

BUCKETS: tuple[tuple[str, int | None], ...] = (
    ("not_due", 0),
    ("1-30", 30),
    ("31-60", 60),
    ("61-90", 90),
    ("over_90", None),
)
"""Each with the last day of lateness that it includes; the last has none."""


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """An amount, the last day on which it would have come in time, and how late it is."""

    amount_fen: int
    due_on: date | None


def days_late(due_on: date | None, today: date) -> int:
    """Whole days after the last day; nothing without one."""
    return 0 if due_on is None else max((today - due_on).days, 0)


def bucket_of(due_on: date | None, today: date) -> str:
    """The bucket of an amount due on a day."""
    late = days_late(due_on, today)
    return next(name for name, last in BUCKETS if last is None or late <= last)


def age(items: Iterable[Overdue], today: date) -> dict[str, int]:
    """How much is in each bucket, zeros included."""
    sums = {name: 0 for name, _ in BUCKETS}
    for item in items:
        sums[bucket_of(item.due_on, today)] += item.amount_fen
    return sums
