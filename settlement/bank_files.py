"""Reads what banks send, XML or CSV, without trusting it: bounded in size and depth, no DTD, no entities.

What a file means is read elsewhere (`bank_statements`, `payment_statuses`); here it becomes a tree or rows.
Source: reliability T55.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from kit.clock import CHINA, FIRST_YEAR, LAST_YEAR
from kit.errors import InvalidInput
from kit.money import FEN_MAX, yuan

FILE_BYTES_MAX: Final = 5 * 1024 * 1024
DEPTH_MAX: Final = 32
ELEMENTS_MAX: Final = 400_000
ROWS_MAX: Final = 20_000
TEXT_MAX: Final = 2_000
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*?\?>", re.ASCII)
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_NAMESPACE = re.compile(
    r"\A\{urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.\d{3}\.\d{3}\.\d{2})\}Document\Z"
)
_AMOUNT = re.compile(r"\A\d{1,12}(?:\.\d{1,2})?\Z", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class BankFileRefused(InvalidInput):
    """The bank's file does not hold; nothing of it is entered. / 银行文件未通过校验，未登记任何内容。"""

    code = "bank_file_refused"

    def __init__(self, reason: str, message: str, message_zh: str) -> None:
        super().__init__("file", message, message_zh)
        self.reason = reason
        self.english, self.chinese = message, message_zh


class Text(msgspec.Struct, frozen=True):
    """A file as text, with the encoding that it turned out to be in."""

    text: str
    encoding: str


def refused(reason: str, message: str, message_zh: str) -> BankFileRefused:
    """A refusal: a stable reason, and what is wrong in both languages."""
    return BankFileRefused(reason, message, message_zh)


def is_xml(content: bytes) -> bool:
    """Whether a file claims to be XML: its first character that is no space is `<`."""
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def text_of(content: bytes) -> Text:
    """A file's text: UTF-8 with or without a byte order mark, or else GB18030; nothing else is guessed."""
    if len(content) > FILE_BYTES_MAX:
        raise refused(
            "too_large",
            f"is {len(content):,} bytes; at most {FILE_BYTES_MAX:,} are read",
            f"文件 {len(content):,} 字节，最多 {FILE_BYTES_MAX:,} 字节",
        )
    if not content.removeprefix(b"\xef\xbb\xbf").strip():
        raise refused("empty", "is empty", "文件为空")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise refused(
            "encoding",
            "is in UTF-16; save it as UTF-8 or GB18030",
            "文件为 UTF-16 编码，请另存为 UTF-8 或 GB18030",
        )
    if content.startswith(b"\xef\xbb\xbf"):
        candidates: tuple[str, ...] = ("utf-8-sig",)
    else:
        candidates = ("utf-8", "gb18030")
    for encoding in candidates:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CONTROLS.search(text):
            break
        return Text(text, encoding)
    raise refused(
        "encoding",
        "is text in neither UTF-8 nor GB18030, or holds control characters",
        "文件不是 UTF-8 或 GB18030 文本，或含控制字符",
    )


def tree_of(content: bytes) -> tuple[Element, str, str]:
    """The `Document` of an ISO 20022 message, the message's name with version, and the file's encoding.

    Raises `BankFileRefused` for a DTD, entities, too much or too deep nesting, and anything that is no such message.
    """
    declared = _ENCODING.match(content.removeprefix(b"\xef\xbb\xbf")[:200])
    known = {"utf-8", "utf8", "gb18030", "gbk", "gb2312"}
    if declared and declared.group(1).decode().lower() not in known:
        raise refused(
            "encoding",
            f"declares the encoding {declared.group(1).decode()}; UTF-8 and GB18030 are read",
            "XML 声明的编码不受支持，仅支持 UTF-8 与 GB18030",
        )
    decoded = text_of(content)
    parser = DefusedXMLParser(
        target=_BoundedBuilder(), forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    try:
        parser.feed(_DECLARATION.sub("", decoded.text, count=1))
        root = parser.close()
    except DefusedXmlException as error:
        raise refused(
            "hostile_xml",
            f"holds a document type or entities ({type(error).__name__}), which no bank's message needs",
            "文件含 DTD 或实体定义，已拒绝",
        ) from error
    except (ParseError, ValueError, AssertionError) as error:
        raise refused(
            "not_xml",
            f"is not well-formed XML, or cut off ({str(error)[:100]})",
            "文件不是完整的 XML，可能被截断",
        ) from error
    match = _NAMESPACE.match(root.tag)
    if match is None:
        raise refused(
            "wrong_message",
            f"is no ISO 20022 message: its root is {root.tag[:120]}",
            "文件不是 ISO 20022 报文",
        )
    _strip(root)
    return root, match.group(1), decoded.encoding


class _BoundedBuilder(TreeBuilder):
    """Builds a tree of bounded depth and number of elements, without comments and instructions."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """An element begins."""
        self._depth += 1
        self._count += 1
        if self._depth > DEPTH_MAX or self._count > ELEMENTS_MAX:
            raise refused(
                "too_deep",
                f"nests more than {DEPTH_MAX} deep or holds more than {ELEMENTS_MAX:,} elements",
                f"嵌套超过 {DEPTH_MAX} 层或元素超过 {ELEMENTS_MAX:,} 个",
            )
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """An element ends."""
        self._depth -= 1
        return super().end(tag)


def _strip(root: Element) -> None:
    """Take the namespace off every tag; an element of another namespace is refused."""
    prefix = root.tag[: root.tag.index("}") + 1]
    for element in root.iter():
        if not element.tag.startswith(prefix):
            raise refused(
                "wrong_message",
                f"holds {element.tag[:120]}, which is not of its message",
                "文件含其他命名空间的元素",
            )
        element.tag = element.tag[len(prefix) :]


def rows_of(text: str, columns: Sequence[tuple[str, str, bool]]) -> Iterator[dict[str, str]]:
    """The rows of a CSV by the English names of its columns; `columns` are (English, Chinese, is required).

    The header line may be in either language, in any order. A row has exactly the header's number of cells.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = _header(next(reader, []), columns)
        for number, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            if number > ROWS_MAX:
                raise refused(
                    "too_many_rows",
                    f"has more than {ROWS_MAX:,} rows; split it",
                    f"超过 {ROWS_MAX:,} 行，请拆分",
                )
            if len(cells) != len(header):
                raise refused(
                    "row_length",
                    f"row {number} has {len(cells)} cells where the header has {len(header)}",
                    f"第 {number} 行有 {len(cells)} 列，表头有 {len(header)} 列",
                )
            yield dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise refused("not_csv", f"is not CSV ({error})", "文件不是合法的 CSV") from error


def _header(cells: list[str], columns: Sequence[tuple[str, str, bool]]) -> list[str]:
    names = {name: english for english, chinese, _ in columns for name in (english, chinese)}
    header = [names.get(cell.strip().lower(), names.get(cell.strip(), "")) for cell in cells]
    missing = [english for english, _, needed in columns if needed and english not in header]
    unknown = [
        cell[:40] for cell, english in zip(cells, header, strict=True) if english not in names
    ]
    if missing or unknown or len(set(header)) < len(header):
        raise refused(
            "header",
            f"has the wrong header: missing {missing}, unknown {unknown}, or a column twice; take the template",
            "表头不符：有缺失、未知或重复的列，请使用模板",
        )
    return header


def amount_fen(text: str, where: str) -> int:
    """An amount in yuan with at most two decimals and no sign, as fen."""
    if not _AMOUNT.match(text):
        raise refused(
            "amount",
            f"{where}: {text[:40]!r} is no amount: digits, at most two decimals, no sign, no commas",
            f"{where}：金额 {text[:40]!r} 无效，须为不带符号、最多两位小数的数字",
        )
    whole, _, decimals = text.partition(".")
    fen = int(whole) * 100 + int(decimals.ljust(2, "0") or 0)
    if fen > FEN_MAX:
        raise refused(
            "amount", f"{where}: more than CNY {yuan(FEN_MAX)}", f"{where}：超过 {yuan(FEN_MAX)} 元"
        )
    return fen


def moment(text: str, where: str) -> datetime:
    """A date (its beginning in China) or a date-time (in China where it has no zone), in UTC."""
    try:
        if len(text) == 10:
            text = f"{date.fromisoformat(text)}T00:00"
        at = datetime.fromisoformat(text)
        found = (at if at.tzinfo else at.replace(tzinfo=CHINA)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refused(
            "date", f"{where}: {text[:40]!r} is no ISO date", f"{where}：日期 {text[:40]!r} 无效"
        ) from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise refused(
            "date",
            f"{where}: {text[:40]!r} is not from {FIRST_YEAR} to {LAST_YEAR}",
            f"{where}：日期 {text[:40]!r} 不在 {FIRST_YEAR} 至 {LAST_YEAR} 年之间",
        )
    return found


def short(text: str, where: str, limit: int = TEXT_MAX) -> str:
    """A text of bounded length, with inner white space made single."""
    plain = " ".join(text.split())
    if len(plain) > limit:
        raise refused("text_too_long", f"{where}: longer than {limit}", f"{where}：超过 {limit} 字")
    return plain
