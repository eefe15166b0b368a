"""The calendar of Chinese public holidays and make-up days as data: one file, read once.

A year that the State Council has not arranged yet is in it with its statutory days alone, and says so.
"""

from datetime import date
from functools import cache
from importlib.resources import files

import msgspec

from settlement.rules.workdays import Calendar


class _Year(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    is_published: bool
    source: str
    holidays: tuple[tuple[date, date], ...]
    workdays: tuple[date, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    name_zh: str
    years: dict[str, _Year]


@cache
def china() -> Calendar:
    """The Chinese calendar."""
    file = msgspec.json.decode(files(__name__).joinpath("china.json").read_bytes(), type=_File)
    spans = [span for year in file.years.values() for span in year.holidays]
    return Calendar(
        holidays=frozenset(
            date.fromordinal(day)
            for first, last in spans
            for day in range(first.toordinal(), last.toordinal() + 1)
        ),
        make_up_days=frozenset(day for year in file.years.values() for day in year.workdays),
        published=frozenset(int(name) for name, year in file.years.items() if year.is_published),
    )
