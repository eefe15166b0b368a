"""Strict reading of decoded JSON: every refusal names the field, what was wrong, and what would be right."""

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar

from auction_engine.rules.commands import AMOUNT_MAX
from kit.errors import InvalidInput

#: The latest moment that a rule may name: milliseconds since 1970, or of a rehearsal's own clock (year 2286).
MOMENT_MAX = 10**13

Item = TypeVar("Item")
_MISSING = object()


def refuse(field: str, english: str, chinese: str) -> NoReturn:
    """Refuse a field, in one line for each language."""
    raise InvalidInput(field, english, chinese)


def shown(value: object) -> str:
    """A value as the refusal repeats it: JSON's names, one line, not endless."""
    match value:
        case None:
            text = "null"
        case bool():
            text = "true" if value else "false"
        case str():
            text = f'"{printable(value)}"'
        case dict():
            text = "an object"
        case list():
            text = "a list"
        case int() if abs(value) > 10**30:
            text = "a number of more than 30 digits"
        case _:
            text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def printable(text: str) -> str:
    """A text in one line: what can't be printed is escaped."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def whole(value: object, field: str, *, least: int, most: int) -> int:
    """`value` if it is a whole number in the range; `1.0`, `"5"`, `true` and null are none."""
    if type(value) is not int:
        refuse(
            field,
            f"must be a whole number from {least} to {most}, not {shown(value)}",
            f"须为 {least} 至 {most} 的整数，不能是 {shown(value)}",
        )
    if not least <= value <= most:
        refuse(
            field,
            f"must be from {least} to {most}, not {shown(value)}",
            f"须在 {least} 至 {most} 之间，不能是 {shown(value)}",
        )
    return value


class Fields:
    """One JSON object, read field by field; `done` refuses what nobody asked for."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            refuse(
                path or "scenario",
                f"must be an object, not {shown(value)}",
                f"须为对象，不能是 {shown(value)}",
            )
        self._left: dict[str, Any] = dict(value)
        self._path = path

    def name(self, field: str) -> str:
        """The full name of a field."""
        return f"{self._path}.{field}" if self._path else field

    def has(self, field: str) -> bool:
        """Whether the field is given, null included, and not yet read."""
        return field in self._left

    def take(self, field: str, default: object = _MISSING) -> Any:
        """The raw value; without it the default, or a refusal."""
        value = self._left.pop(field, default)
        if value is _MISSING:
            refuse(self.name(field), "is missing", "缺少该字段")
        return value

    def whole(self, field: str, *, least: int = 1, most: int = AMOUNT_MAX) -> int:
        """A whole number that must be given; in the range of an amount unless told otherwise."""
        return whole(self.take(field), self.name(field), least=least, most=most)

    def whole_or_none(self, field: str, *, least: int = 1, most: int = AMOUNT_MAX) -> int | None:
        """A whole number, or None for null or nothing given."""
        value = self.take(field, None)
        return None if value is None else whole(value, self.name(field), least=least, most=most)

    def moment(self, field: str) -> int:
        """A moment in milliseconds that must be given."""
        return self.whole(field, least=0, most=MOMENT_MAX)

    def moment_or_none(self, field: str) -> int | None:
        """A moment in milliseconds, or None for null or nothing given."""
        return self.whole_or_none(field, least=0, most=MOMENT_MAX)

    def flag(self, field: str, default: object = _MISSING) -> bool:
        """True or false."""
        value = self.take(field, default)
        if not isinstance(value, bool):
            refuse(
                self.name(field),
                f"must be true or false, not {shown(value)}",
                f"须为 true 或 false，不能是 {shown(value)}",
            )
        return value

    def choice(self, field: str, among: Iterable[str], default: object = _MISSING) -> str:
        """One of the names given."""
        value = self.take(field, default)
        names = tuple(among)
        if not isinstance(value, str) or value not in names:
            refuse(
                self.name(field),
                f"must be one of {', '.join(names)}, not {shown(value)}",
                f"须为 {'、'.join(names)} 之一，不能是 {shown(value)}",
            )
        return value

    def text(self, field: str, default: object = _MISSING) -> str:
        """A text of at least one character."""
        value = self.take(field, default)
        # A lone surrogate can be written in JSON, but has no UTF-8 form and so can't be sent to the engine.
        if not isinstance(value, str) or not value or not _is_encodable(value):
            refuse(
                self.name(field),
                f"must be a text that is not empty, not {shown(value)}",
                f"须为非空文本，不能是 {shown(value)}",
            )
        return value

    def items(
        self, field: str, read: Callable[["Fields"], Item], default: object = _MISSING
    ) -> tuple[Item, ...]:
        """A list of objects, each read whole."""
        value = self.take(field, default)
        if not isinstance(value, list):
            refuse(
                self.name(field),
                f"must be a list, not {shown(value)}",
                f"须为列表，不能是 {shown(value)}",
            )
        found = []
        for index, entry in enumerate(value):
            fields = Fields(entry, f"{self.name(field)}[{index}]")
            found.append(read(fields))
            fields.done()
        return tuple(found)

    def object(self, field: str) -> "Fields":
        """A nested object that must be given; the caller reads it and calls its `done`."""
        return Fields(self.take(field), self.name(field))

    def done(self) -> None:
        """Refuse the first field that nobody asked for."""
        for field in self._left:
            refuse(self.name(printable(field)), "is not a field here", "此处没有该字段")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
