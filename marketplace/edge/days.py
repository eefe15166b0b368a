"""Days and instants of no time that anybody means: year 1, or the year 9999 that stands for "never" in many files.

Terms are counted on from days (a year's validity, six months of grace) and instants are shown in Chinese time. What
lies at the end of the calendar can't be counted on from, and would break whoever reads it later, for everybody.
"""

from datetime import date
from typing import Any

import msgspec

from kit.clock import FIRST_YEAR, LAST_YEAR
from kit.errors import InvalidInput


def require_years(value: Any) -> None:
    """Refuse the first day or instant in a decoded value that is not from `FIRST_YEAR` to `LAST_YEAR`, by its field."""
    if (field := _far_away(value, "")) is not None:
        raise InvalidInput(
            field or "body",
            f"must be a day from {FIRST_YEAR} to {LAST_YEAR}",
            f"年份应在 {FIRST_YEAR} 至 {LAST_YEAR} 之间",
        )


def _far_away(value: Any, path: str) -> str | None:
    parts: list[tuple[str, Any]]
    match value:
        case date():  # and every instant, which is one
            return None if FIRST_YEAR <= value.year <= LAST_YEAR else path
        case msgspec.Struct():
            names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
            parts = [(f"{path}.{shown}".lstrip("."), getattr(value, name)) for name, shown in names]
        case dict():
            parts = [(f"{path}.{name}".lstrip("."), each) for name, each in value.items()]
        case list() | tuple() | set() | frozenset():
            parts = [(f"{path}[{index}]", each) for index, each in enumerate(value)]
        case _:
            return None
    found = (_far_away(each, place) for place, each in parts)
    return next((place for place in found if place is not None), None)
