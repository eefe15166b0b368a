"""What people wrote in a form's fields, read as amounts, lengths, shares and counts: each refusal in their units.

A length is a number of minutes, or carries its unit: "90 s", "2 h", "3 d", "90秒", "2小时", "3天".
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NoReturn

from kit.errors import InvalidInput
from kit.money import BP_ONE, FEN_MAX, yuan
from marketplace.pages.formats import percent
from marketplace.pages.forms import in_china, in_fen

#: Milliseconds of each unit that a length may be written in; the first of a size is how it is shown again.
_UNITS_MS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "ms": 1, "毫秒": 1, "s": 1_000, "秒": 1_000, "min": 60_000, "分": 60_000, "分钟": 60_000,
        "h": 3_600_000, "小时": 3_600_000, "d": 86_400_000, "天": 86_400_000, "日": 86_400_000,
    }
)  # fmt: skip
_MINUTE_MS: Final = _UNITS_MS["min"]
#: No term of a lot is longer than a leap year.
LENGTH_MAX_MS: Final = 366 * _UNITS_MS["d"]
_LENGTH: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,4})?)\s*([a-z]*|[分钟秒毫小时天日]*)")
_PERCENT: Final = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,2}))?\s*%?")
_COUNT_DIGITS: Final = 12
#: Rows of a list that one form holds.
ROWS_MAX: Final = 50


class Written:
    """The fields of a form, stripped. Every reader raises `InvalidInput` that names its field."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """As it was written, without blanks around it; empty where nothing was."""
        return self._fields.get(name, "").strip()

    def required(self, name: str) -> str:
        """A text that must be there."""
        return self.text(name) or _refuse(name, "must be given", "须填写")

    def flag(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.text(name) == "true"

    def choice(self, name: str, among: Collection[str]) -> str:
        """One of the values that the form lets choose."""
        value = self.required(name)
        return value if value in among else _refuse(name, "must be chosen", "须选择")

    def fen(self, name: str, *, least: int = 1) -> int:
        """An amount in yuan, as fen."""
        self.required(name)
        amount_fen = int(in_fen({name: self.text(name)}, name)[f"{name}_fen"])
        if not least <= amount_fen <= FEN_MAX:
            low, high = yuan(least), yuan(FEN_MAX)
            _refuse(name, f"must be from CNY {low} to {high}", f"须为 {low} 至 {high} 元")
        return amount_fen

    def bp(self, name: str, *, least: int = 0, most: int = BP_ONE) -> int:
        """A percentage with two decimals at most, as basis points."""
        match = _PERCENT.fullmatch(self.required(name))
        found = -1 if match is None else int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
        if not least <= found <= most:
            low, high = percent(least), percent(most)
            _refuse(
                name,
                f"must be a percentage from {low} to {high} with two decimals at most, like 12.5",
                f"须为 {low} 至 {high} 的百分比，最多两位小数，例如 12.5",
            )
        return found

    def seconds(self, name: str) -> int:
        """A length of time in whole seconds."""
        whole, rest = divmod(self.ms(name), 1000)
        return _refuse(name, "must be whole seconds", "须为整秒") if rest else whole

    def day(self, name: str) -> date:
        """A day."""
        try:
            return date.fromisoformat(self.required(name))
        except ValueError:
            return _refuse(name, "must be a day, like 2026-12-31", "须为日期，例如 2026-12-31")

    def ms(self, name: str, *, least: int = 1) -> int:
        """A length of time in milliseconds."""
        match = _LENGTH.fullmatch(self.required(name))
        unit = _UNITS_MS.get(match[2] or "min") if match else None
        exact = Fraction(match[1]) * unit if match and unit else Fraction(-1)
        if exact.denominator != 1 or not least <= exact <= LENGTH_MAX_MS:
            _refuse(
                name,
                "must be a length of time up to a year: minutes, or with its unit, like 5, 90 s, 2 h, 3 d",
                "须为不超过一年的时长：分钟数，或带单位，例如 5、90秒、2小时、3天",
            )
        return int(exact)

    def count(self, name: str, *, least: int = 1, most: int = 10**6) -> int:
        """A whole number."""
        value = self.required(name)
        is_whole = value.isascii() and value.isdigit() and len(value) <= _COUNT_DIGITS
        if not is_whole or not least <= int(value) <= most:
            _refuse(
                name,
                f"must be a whole number from {least} to {most}",
                f"须为 {least} 至 {most} 的整数",
            )
        return int(value)

    def moment(self, name: str) -> datetime:
        """A day and a time in China."""
        self.required(name)
        return datetime.fromisoformat(in_china({name: self.text(name)}, name)[name])

    def rows(self, *names: str) -> Iterator[int]:
        """The numbers of a list's rows in which something was written; row 3 of `name` is the field `name_3`."""
        for row in range(1, ROWS_MAX + 1):
            if any(self.text(f"{name}_{row}") for name in names):
                yield row


def under(fields: Mapping[str, str], at: str) -> dict[str, str]:
    """The fields whose names begin with `at`, without it: a part of a form that stands there several times."""
    return {name.removeprefix(at): value for name, value in fields.items() if name.startswith(at)}


@contextmanager
def within(at: str) -> Iterator[None]:
    """What is refused within is a field of that part of the form."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(
            f"{at}{error.field}",
            error.message.removeprefix(f"{error.field}: "),
            error.message_zh.removeprefix(f"{error.field}："),
        ) from error


def length(milliseconds: int) -> str:
    """A length as a field shows it: minutes where they are whole, else with the largest unit that is."""
    if milliseconds % _MINUTE_MS == 0:
        return str(milliseconds // _MINUTE_MS)
    if milliseconds % 1000 == 0:
        return f"{milliseconds // 1000} s"
    return f"{milliseconds} ms"


def _refuse(name: str, message: str, message_zh: str) -> NoReturn:
    raise InvalidInput(name, message, message_zh)
