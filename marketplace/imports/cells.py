"""Single cells: what the reading process hands over, and what each kind of column makes of it.

Every refusal says what stood there, why it is wrong, and what would be right.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

import msgspec

from kit.clock import FIRST_YEAR, LAST_YEAR
from kit.money import FEN_MAX, yuan
from marketplace.assets import identifiers
from marketplace.assets.identifiers import InvalidIdentifier
from marketplace.imports.container import Refusal
from marketplace.imports.layout import Column, Kind
from marketplace.imports.lists import UnclosedQuote
from marketplace.imports.lists import split_list as split_plain

T = TypeVar("T")

CELL_CHARACTERS_MAX: Final = 1_000
#: The longest list that a cell may hold; spreadsheets hold 32,767 characters.
LIST_CHARACTERS_MAX: Final = 30_000
TOTAL_CHARACTERS_MAX: Final = 40_000_000
#: Cells of a file, empty ones between others counted: 100,000 rows of the widest sheet.
CELLS_MAX: Final = 6_000_000

_AMOUNT: Final = re.compile(r"(\d{1,14})(?:\.(\d{1,2})0*)?", re.ASCII)
_DAY: Final = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?", re.ASCII)
_SEPARATORS: Final = re.compile(r"[；;、，,\n]")
_NUMBERS_MAX = 200


class RawCell(msgspec.Struct, frozen=True, array_like=True):
    """A cell as it was read: kind (s text, n number, d day, b truth value, f formula, e error, empty) and text."""

    kind: str
    text: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the reading process answers: rows of cells by sheet, or a refusal of the whole file."""

    sheets: dict[str, list[list[RawCell]]] = {}
    refusal: Refusal | None = None


class CellWrong(Exception):
    """A cell does not hold what its column asks for."""

    def __init__(self, code: str, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.message_zh = message_zh


def parse(column: Column, cell: RawCell) -> object:
    """The value of a cell by its column's kind, None for an empty cell that may be empty; or `CellWrong`."""
    if cell.kind == "f":
        raise CellWrong(
            "formula", "is a formula; enter the value itself", "含有公式；请直接填写数值"
        )
    if cell.kind == "e":
        raise CellWrong(
            "cell_error",
            f"is the error {cell.text}; enter a value",
            f"单元格错误 {cell.text}；请填写数值",
        )
    text = cell.text.strip()
    if not text:
        if column.is_required:
            raise CellWrong("required", "is empty; it must be filled in", "为必填项，不能为空")
        return None
    most = max(CELL_CHARACTERS_MAX, column.length_max)
    if len(text) > most:
        raise CellWrong(
            "too_long",
            f"is longer than {most} characters",
            f"超过 {most} 个字符",
        )
    return _PARSERS[column.kind](column, cell, text)


def amount_fen(text: str) -> int:
    """Yuan as text, at most two decimals, as whole fen; exact, without a float. Raises `CellWrong`."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise CellWrong("invalid_amount", *_why_no_amount(text))
    fen = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if fen > FEN_MAX:
        raise CellWrong(
            "invalid_amount", f"is more than {yuan(FEN_MAX)} yuan", f"超过上限 {yuan(FEN_MAX)} 元"
        )
    return fen


def _why_no_amount(text: str) -> tuple[str, str]:
    plain = re.sub(r"[,\s¥￥元]", "", unicodedata.normalize("NFKC", text))
    if _AMOUNT.fullmatch(plain):
        return (
            f"is not a plain amount; write {plain} (no thousand separators, spaces or currency signs)",
            f"不是规范金额；请写作 {plain}（不带千分位、空格和货币符号）",
        )
    if plain.endswith(("万", "亿")):
        return ("is not in yuan; write the amount in yuan", "单位不是元；请以元为单位填写")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        number = None
    if number is not None and number.is_finite() and number < 0:
        return ("is negative; amounts are 0 or more", "为负数；金额不得小于0")
    if number is not None and number.is_finite() and re.fullmatch(r"\d+\.\d+", plain):
        rounded = number.quantize(Decimal("0.01"))
        return (
            f"has more than two decimals; fen is the least unit, {rounded} perhaps",
            f"小数超过两位；最小单位为分，请核对是否为 {rounded}",
        )
    return ("is not an amount; write yuan like 4876543.21", "不是金额；请以元填写，如 4876543.21")


def _text(column: Column, cell: RawCell, text: str) -> str:
    if cell.kind in ("b", "d"):
        raise CellWrong(
            "wrong_type",
            "is not a text; format the cell as text",
            "不是文本；请将单元格设为文本格式",
        )
    if not text.isprintable():
        raise CellWrong(
            "invalid_text", "contains line breaks or control characters", "含有换行或控制字符"
        )
    if len(text) > column.length_max:
        raise CellWrong(
            "too_long",
            f"has {len(text)} characters; at most {column.length_max}",
            f"共 {len(text)} 个字符；最多 {column.length_max} 个",
        )
    return text


def _credit_code(column: Column, cell: RawCell, text: str) -> str:
    if cell.kind == "n":
        raise CellWrong(
            "wrong_type",
            "is a number, which loses digits; format the cell as text and enter the code again",
            "为数字格式，会丢失位数；请设为文本格式后重新录入",
        )
    return _identified(identifiers.credit_code, text)


def _nice_class(column: Column, cell: RawCell, text: str) -> int:
    return _identified(identifiers.nice_class, text)


def _identified(check: Callable[[str], T], text: str) -> T:
    try:
        return check(text)
    except InvalidIdentifier as error:
        raise CellWrong("invalid_identifier", error.message, error.message_zh) from error


def _amount(column: Column, cell: RawCell, text: str) -> int:
    if cell.kind not in ("n", "s"):
        raise CellWrong(
            "wrong_type",
            "is not an amount; write yuan like 4876543.21",
            "不是金额；请以元填写，如 4876543.21",
        )
    fen = amount_fen(text)
    if fen < column.least_fen:
        raise CellWrong("invalid_amount", "is 0; it must be more", "为0；应大于0")
    return fen


def _percent(column: Column, cell: RawCell, text: str) -> int:
    match = _AMOUNT.fullmatch(text.removesuffix("%").strip()) if cell.kind in ("n", "s") else None
    bp = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else -1
    if not column.least_bp <= bp <= 10_000:
        raise CellWrong(
            "invalid_percent",
            "is not a percentage from 0 to 100 with at most two decimals, such as 62.5",
            "应为0至100的百分数，最多两位小数，如 62.5",
        )
    return bp


def _day(column: Column, cell: RawCell, text: str) -> date:
    match = _DAY.fullmatch(text) if cell.kind in ("d", "s") else None
    try:
        day = date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        day = None
    if day is None:
        raise CellWrong(
            "invalid_day", "is not a day; write it like 2026-11-02", "不是日期；请写作 2026-11-02"
        )
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CellWrong("invalid_day", "is not between 1900 and 2200", "年份应在1900至2200之间")
    return day


def _choice(column: Column, cell: RawCell, text: str) -> str:
    for code, chinese in column.choices.items():
        if text in (code, chinese, f"{chinese} {code}"):
            return code
    offered = "、".join(column.choices.values())
    raise CellWrong("invalid_choice", f"is not one of: {offered}", f"应为下列之一：{offered}")


def _choices(column: Column, cell: RawCell, text: str) -> frozenset[str]:
    return frozenset(
        _choice(column, cell, part.strip()) for part in _SEPARATORS.split(text) if part.strip()
    )


def _numbers(column: Column, cell: RawCell, text: str) -> tuple[str, ...]:
    parts = split_list(text)
    if not parts or len(parts) > _NUMBERS_MAX:
        raise CellWrong(
            "invalid_numbers",
            f"names no right, or more than {_NUMBERS_MAX}",
            f"未填写编号，或超过 {_NUMBERS_MAX} 个",
        )
    return parts


def _paragraph(column: Column, cell: RawCell, text: str) -> str:
    """A text that may have several lines."""
    _text(column, cell, text.replace("\n", " ").replace("\t", " "))
    return text


def _integer(column: Column, cell: RawCell, text: str) -> int:
    match = re.fullmatch(r"(\d{1,9})(?:\.0)?", text, re.ASCII) if cell.kind in ("n", "s") else None
    if match is None:
        raise CellWrong("invalid_integer", "is not a whole number", "不是整数")
    return int(match[1])


def split_list(
    text: str, *, separators: str = "；;、，,\n", keeps_empty: bool = False
) -> tuple[str, ...]:
    """The items of a cell that may hold several. Raises `CellWrong`."""
    try:
        return split_plain(text, separators=separators, keeps_empty=keeps_empty)
    except UnclosedQuote as error:
        raise CellWrong(
            "invalid_list",
            "has a double quote that is not closed, or something behind a closed one",
            "双引号未成对，或引号后有多余内容",
        ) from error


def _json(column: Column, cell: RawCell, text: str) -> object:
    """An object as the API has it; what it must hold is its room's to say."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CellWrong("invalid_json", "is not a JSON object", "不是 JSON 对象")
    return found


def _list(column: Column, cell: RawCell, text: str) -> tuple[str, ...]:
    if cell.kind in ("b", "d"):
        raise CellWrong(
            "wrong_type",
            "is not a text; format the cell as text",
            "不是文本；请将单元格设为文本格式",
        )
    parts = split_list(text)
    if not all(part.isprintable() for part in parts):
        raise CellWrong("invalid_text", "contains control characters", "含有控制字符")
    return parts


def _parts(column: Column, cell: RawCell, text: str) -> tuple[tuple[str, str, bool | None], ...]:
    """Names, licences, and whether they let the work be sold on."""
    found = []
    for part in split_list(text):
        fields = [*split_list(part, separators="|", keeps_empty=True), ""]
        said = fields[2] if len(fields) in (3, 4) else "?"
        words = {"": None, "是": True, "yes": True, "否": False, "no": False}
        if said not in words or not fields[0] or not fields[1]:
            raise CellWrong(
                "invalid_parts", f"{part!r}: {column.note_en}", f"“{part}”：{column.note_zh}"
            )
        found.append((fields[0], fields[1], words[said]))
    return tuple(found)


def _consents(column: Column, cell: RawCell, text: str) -> tuple[bool, ...]:
    return tuple(
        _choice(column, cell, part.strip()) == "yes"
        for part in _SEPARATORS.split(text)
        if part.strip()
    )


_PARSERS: Final[Mapping[Kind, Callable[[Column, RawCell, str], object]]] = {
    Kind.TEXT: _text,
    Kind.CREDIT_CODE: _credit_code,
    Kind.AMOUNT: _amount,
    Kind.PERCENT: _percent,
    Kind.DAY: _day,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.NICE_CLASS: _nice_class,
    Kind.NUMBERS: _numbers,
    Kind.PARAGRAPH: _paragraph,
    Kind.INTEGER: _integer,
    Kind.LIST: _list,
    Kind.PARTS: _parts,
    Kind.CONSENTS: _consents,
    Kind.JSON: _json,
}
