"""The fields of an HTML form as the struct that the same step takes over the API: one set of rules for both."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec

from kit.clock import CHINA
from kit.errors import InvalidInput
from kit.money import BP_ONE
from marketplace.edge.bodies import invalid_field
from marketplace.edge.days import require_years

T = TypeVar("T", bound=msgspec.Struct)
_NOT_OURS = frozenset({"form_token"})
_NONE: Final[Mapping[str, Collection[str]]] = MappingProxyType({})
_POINTS: Final = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?")
#: No more than fit the database's four-byte numbers.
_VERSION_DIGITS: Final = 9
_YUAN: Final = re.compile(r"[¥￥]?\s*(\d{1,3}(?:,\d{3})+|\d{1,14})(?:\.(\d{1,2}))?")


def given(
    fields: Mapping[str, str], kind: type[T], *, chosen: Mapping[str, Collection[str]] = _NONE
) -> T:
    """The struct; a field that was left empty is left out, "true" and "false" are what they say.

    `chosen`: the fields of several values. Raises `InvalidInput` that names the field.
    """
    written = {name: value.strip() for name, value in fields.items() if name not in _NOT_OURS}
    values: dict[str, object] = written | {name: sorted(ones) for name, ones in chosen.items()}
    return built({name: value for name, value in values.items() if value}, kind)


def built(values: Mapping[str, object], kind: type[T]) -> T:
    """The struct of what a form's fields were put together to. Raises `InvalidInput` that names the field."""
    try:
        made = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_field(str(error)) from error
    require_years(made)
    return made


def version_of(written: str) -> int:
    """The version that a form was opened with. Raises `InvalidInput` that names the field."""
    if not (written.isascii() and written.isdigit() and len(written) <= _VERSION_DIGITS):
        raise InvalidInput("version", "must be a whole number", "须为整数")
    return int(written)


def in_fen(fields: Mapping[str, str], *names: str) -> dict[str, str]:
    """The fields with these, which people write in yuan ("1,234.56"), as the fen that the struct takes (`NAME_fen`).

    Raises `InvalidInput`.
    """
    values = dict(fields)
    for name in names:
        written = values.pop(name, "").strip()
        if not written:
            continue
        match = _YUAN.fullmatch(written)
        if match is None:
            raise InvalidInput(
                name,
                "must be an amount in yuan with two decimals at most, like 220000.00",
                "须为以元为单位的金额，最多两位小数，例如 220000.00",
            )
        whole = int(match[1].replace(",", ""))
        values[f"{name}_fen"] = str(whole * 100 + int((match[2] or "").ljust(2, "0")))
    return values


def in_bp(fields: Mapping[str, str], *names: str) -> dict[str, str]:
    """The fields with these, written as points of 100 ("87.5"), as the basis points that the struct takes (`NAME_bp`).

    Raises `InvalidInput`.
    """
    values = dict(fields)
    for name in names:
        match = _POINTS.fullmatch(values.pop(name, "").strip())
        if (
            match is None
            or (bp := int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))) > BP_ONE
        ):
            raise InvalidInput(
                name,
                "must be points from 0 to 100 with two decimals at most, like 87.5",
                "须为 0 至 100 的分数，最多两位小数，例如 87.5",
            )
        values[f"{name}_bp"] = str(bp)
    return values


def in_china(fields: Mapping[str, str], *names: str) -> dict[str, str]:
    """The fields with these, sent by browsers without a zone, as instants of Chinese time. Raises `InvalidInput`."""
    values = dict(fields)
    for name in names:
        written = values.get(name, "").strip()
        if not written:
            continue
        try:
            moment = datetime.fromisoformat(written)
        except ValueError as error:
            raise InvalidInput(
                name,
                "must be a day and a time, like 2026-11-30 10:00 (UTC+8)",
                "须为日期和时间，例如 2026-11-30 10:00（北京时间）",
            ) from error
        require_years({name: moment})
        values[name] = (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).isoformat()
    return values
