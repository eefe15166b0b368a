"""What later columns of a row say of a right, a pledge or a valuation, held against the same rules as over the API."""

from collections.abc import Iterator
from typing import Any

import msgspec

from marketplace.assets.details import DETAILS_OF, Details
from marketplace.assets.schemas import AssetParticulars
from marketplace.assets.types import FACTS, IpType
from marketplace.imports.columns import Kind
from marketplace.imports.layout import RIGHTS
from marketplace.imports.particulars import COMMON, DETAILS, FAMILIES
from marketplace.imports.portfolio import Row, about_cell
from marketplace.imports.schemas import Finding

_KEYS = {column.key: column for column in (*COMMON, *DETAILS)}


class WrongParticulars(Exception):
    """Something in the later columns of a row is wrong."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("wrong particulars")
        self.findings = findings


def particulars_of(row: Row, ip_type: IpType) -> AssetParticulars:
    """Grade, region, industry, export class and the details of the right's type. Raises `WrongParticulars`."""
    said = {key: _plain(key, row.values[key]) for key in _KEYS if key in row.values}
    wanted = str(DETAILS_OF[ip_type].__struct_config__.tag)
    foreign = list(_foreign(row, said, wanted, ip_type))
    if foreign:
        raise WrongParticulars(foreign)
    found: dict[str, Any] = {key: value for key, value in said.items() if "." not in key}
    details = {key.partition(".")[2]: value for key, value in said.items() if "." in key}
    try:
        if details:
            found["details"] = msgspec.convert({"type": wanted, **details}, Details)
        return msgspec.convert(found, AssetParticulars, from_attributes=True)
    except msgspec.ValidationError as error:
        raise WrongParticulars([_invalid(row, str(error), wanted)]) from error


def _plain(key: str, value: object) -> object:
    """A cell's value as the API has it."""
    column = _KEYS[key]
    if column.kind is Kind.CHOICE and set(column.choices) == {"yes", "no"}:
        return value == "yes"
    if column.kind is Kind.PARTS:
        assert isinstance(value, tuple)
        return [
            {"name": name, "licence": licence, "is_compatible": fits}
            for name, licence, fits in value
        ]
    return value


def _foreign(row: Row, said: dict[str, object], wanted: str, ip_type: IpType) -> Iterator[Finding]:
    """Cells of a family that the right's type does not have."""
    for key in said:
        family, dot, _ = key.partition(".")
        if dot and family != wanted:
            title = FACTS[ip_type]
            yield about_cell(
                row,
                key,
                "contradiction",
                f"belongs to another type; a {title.title_en} has columns of {wanted}",
                f"与权利类型不符；{title.title_zh}填写“{FAMILIES[wanted]}”各列",
            )


def _invalid(row: Row, said: str, family: str) -> Finding:
    """Which cell a message about a struct is about; what would be right is in the column's note."""
    what, _, path = said.partition(" - at `$")
    field = path.rstrip("`").lstrip(".").partition("[")[0].partition(".")[0]
    key = field if field in _KEYS else f"{family}.{field}"
    if key not in _KEYS:  # the message names the whole
        key = RIGHTS.columns[0].key
        return about_cell(row, key, "invalid_value", what, f"填写有误：{what}")
    column = _KEYS[key]
    return about_cell(
        row,
        key,
        "invalid_value",
        f"is not as it must be: {column.note_en or what}",
        f"填写有误：{column.note_zh or what}",
    )
