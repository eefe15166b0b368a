"""Strict reading of JSON: every refusal names the field, says what was wrong, and what would be right.

Stricter than JSON itself where money is concerned: a number is whole or refused (`1.0`, `1e3`, `true` are
not whole), a key may stand once, an unknown key is refused at any depth, text must be valid Unicode.
Source: contracts, head, and contracts 2, "Input".
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NoReturn

from kit.errors import InvalidInput
from kit.money import FEN_MAX

TOP = "(top level)"
"""What the document itself is called in a message: it has no field name of its own."""

DIGITS_MAX = 30
"""Longer numerals are not even parsed: they are out of every range, and parsing them costs time."""

SHOWN_MAX = 60
"""So many characters of a wrong value are shown."""

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class NotWhole:
    """A numeral that is no whole number, kept as written so that the refusal can show it."""

    def __init__(self, numeral: str) -> None:
        self.numeral = numeral


class Doubled(dict[str, object]):
    """A JSON object in which a key stands twice."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


def escaped(text: str) -> str:
    """`text` with everything that does not print escaped: it stays one line and cannot steer a terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def one_line(text: str) -> str:
    """`text` escaped, and cut where it is long."""
    return escaped(text) if len(text) <= SHOWN_MAX else escaped(text[:SHOWN_MAX]) + "..."


def refuse(field: str, message: str, message_zh: str) -> NoReturn:
    """Raises `InvalidInput` for a field."""
    raise InvalidInput(field, message, message_zh)


def read_json(document: bytes) -> object:
    """The values of a JSON document; what is not whole or stands twice is marked for `Fields` to refuse.

    Raises `InvalidInput` when it is not UTF-8, not JSON, or nested beyond what can be read.
    """
    try:
        return json.loads(
            document.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=NotWhole,
            parse_constant=NotWhole,
        )
    except UnicodeDecodeError as error:
        refuse(TOP, f"is not UTF-8 at byte {error.start}", f"第 {error.start} 字节不是 UTF-8 编码")
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        where_zh = f"第 {error.lineno} 行第 {error.colno} 列"
        refuse(TOP, f"is not JSON at {where}: {one_line(error.msg)}", f"{where_zh}不是合法的 JSON")
    except RecursionError:
        refuse(TOP, "is nested too deeply to be read", "嵌套过深，无法读取")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in pairs:
        if key in values:
            return Doubled(key)
        values[key] = value
    return values


def _integer(numeral: str) -> object:
    if len(numeral) <= DIGITS_MAX:
        return int(numeral)
    return NotWhole(numeral)


def shown(value: object) -> str:
    """A wrong value as a message shows it: as it was written, or its kind where it is long."""
    match value:
        case NotWhole():
            return one_line(value.numeral)
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return one_line(json.dumps(value, ensure_ascii=False))


def joined(path: str, name: str) -> str:
    """The path of the field `name` of the object at `path`; a name of nothing is seen as `""`."""
    last = one_line(name) or '""'
    return f"{path}.{last}" if path else last


def whole(value: object, path: str, upto: int = FEN_MAX) -> int:
    """`value` as a whole number from 0 to `upto`."""
    if type(value) is not int or not 0 <= value <= upto:
        refuse(
            path,
            f"must be a whole number from 0 to {upto}, not {shown(value)}",
            f"须为 0 至 {upto} 的整数，不能是 {shown(value)}",
        )
    return value


def text(value: object, path: str) -> str:
    """`value` as text that can be written out again."""
    if not isinstance(value, str):
        refuse(path, f"must be text, not {shown(value)}", f"须为文本，不能是 {shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        refuse(path, f"is not valid Unicode: {one_line(value)}", "含有无效的 Unicode 字符")
    return value


def list_of(value: object, path: str) -> list[tuple[object, str]]:
    """The items of a list, each with its path."""
    if not isinstance(value, list):
        refuse(path, f"must be a list, not {shown(value)}", f"须为列表，不能是 {shown(value)}")
    return [(item, f"{path}[{index}]") for index, item in enumerate(value)]


def map_of(value: object, path: str) -> dict[str, object]:
    """The values of an object, in the order written."""
    if not isinstance(value, dict):
        refuse(
            path or TOP,
            f"must be an object, not {shown(value)}",
            f"须为对象，不能是 {shown(value)}",
        )
    if isinstance(value, Doubled):
        refuse(joined(path, value.key), "stands twice; once is right", "重复出现，只能出现一次")
    return value


class Fields:
    """The fields of one JSON object, by name, with the path for messages. It knows which names it may hold."""

    def __init__(self, value: object, path: str, names: Sequence[str]) -> None:
        self.values = map_of(value, path)
        self.path = path
        for name in self.values:
            if name not in names:
                known = ", ".join(names)
                refuse(
                    joined(path, name), f"is unknown; known are {known}", f"未知字段，可用：{known}"
                )

    def at(self, name: str) -> str:
        """The path of a field."""
        return joined(self.path, name)

    def required(self, name: str) -> object:
        """The value of a field that must be given."""
        if name not in self.values:
            refuse(self.at(name), "is missing and must be given", "缺失，必须填写")
        return self.values[name]

    def whole(self, name: str, upto: int = FEN_MAX) -> int:
        """A whole number that must be given."""
        return whole(self.required(name), self.at(name), upto)

    def whole_or(self, name: str, default: int, *, upto: int = FEN_MAX) -> int:
        """A whole number that may be left out."""
        return whole(self.values.get(name, default), self.at(name), upto)

    def whole_or_null(self, name: str, upto: int = FEN_MAX) -> int | None:
        """A whole number, or null, which is also what it is when left out."""
        value = self.values.get(name)
        return None if value is None else whole(value, self.at(name), upto)

    def text(self, name: str) -> str:
        """Text that must be given."""
        return text(self.required(name), self.at(name))

    def truth(self, name: str) -> bool:
        """`true` or `false`; must be given."""
        value = self.required(name)
        if not isinstance(value, bool):
            refuse(
                self.at(name),
                f"must be true or false, not {shown(value)}",
                f"须为 true 或 false，不能是 {shown(value)}",
            )
        return value

    def day(self, name: str) -> date:
        """A date `YYYY-MM-DD`; must be given."""
        value = self.required(name)
        try:
            if isinstance(value, str) and DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass  # a day that no calendar has is refused like a wrong form
        refuse(
            self.at(name),
            f"must be a date YYYY-MM-DD, not {shown(value)}",
            f"须为 YYYY-MM-DD 格式的日期，不能是 {shown(value)}",
        )

    def one_of(self, name: str, choices: Sequence[str]) -> str:
        """One of the named choices; must be given."""
        value = self.required(name)
        if value not in choices:
            known = ", ".join(choices)
            refuse(
                self.at(name),
                f"must be one of {known}, not {shown(value)}",
                f"须为 {known} 之一，不能是 {shown(value)}",
            )
        return str(value)

    def items(self, name: str) -> list[tuple[object, str]]:
        """The items of a list that may be left out, each with its path."""
        return list_of(self.values.get(name, []), self.at(name))

    def texts(self, name: str) -> list[str]:
        """A list of texts that may be left out."""
        return [text(item, path) for item, path in self.items(name)]

    def entries(self, name: str) -> Iterator[tuple[str, object, str]]:
        """Key, value and path of each entry of a map that may be left out."""
        path = self.at(name)
        for key, value in map_of(self.values.get(name, {}), path).items():
            yield key, value, joined(path, key)

    def inner(self, name: str, names: Sequence[str]) -> "Fields":
        """The fields of an object; left out, it is empty, so that what must be in it is named as missing."""
        return Fields(self.values.get(name, {}), self.at(name), names)
