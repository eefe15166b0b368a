"""A CSV file as one sheet of the portfolio: its encoding found out, its rows told apart, its sheet known by its header.

UTF-8 (with or without a mark) and GB18030, which holds GBK and GB 2312, are read; anything else is refused by name.
Runs in the reading process. Every cell is text; one that a spreadsheet would take for a formula is refused as one.
"""

import csv
import io
from typing import Final

from marketplace.imports.cells import LIST_CHARACTERS_MAX, RawCell, Reading
from marketplace.imports.container import ContainerRefused
from marketplace.imports.layout import SHEETS, Column, Sheet

ROWS_MAX: Final = 100_001  # the header and 100,000 rows of data
CHARACTERS_MAX: Final = 40_000_000
#: What an export puts an apostrophe before (exports.rules); taken away again.
ACTING: Final = frozenset("=+-@\t\r\n\x00＝＋－＠")
_EMPTY: Final = RawCell("", "")
_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


def csv_reading(content: bytes) -> Reading:
    """The file's rows as the sheet that its header names, the other sheets empty. Raises `ContainerRefused`."""
    text = decoded(content)
    rows = _rows(text)
    header = [cell.text.strip() for cell in rows[0]] if rows else []
    sheet = _sheet_of(header)
    if sheet is None:
        raise ContainerRefused(
            "unknown_sheet",
            "the first row is the header of no sheet of the template; keep one sheet's header row as it is",
            "首行不是模板任一工作表的标题行；请保留模板标题行",
        )
    plain = [
        [RawCell("s", column.title_zh) for column in _columns_of(each, header)] for each in SHEETS
    ]
    sheets = {each.title: [titles] for each, titles in zip(SHEETS, plain, strict=True)}
    sheets[sheet.title] = [sheets[sheet.title][0], *rows[1:]]
    return Reading(sheets=sheets)


def decoded(content: bytes) -> str:
    """The text of a file in UTF-8 or GB18030. Raises `ContainerRefused` for any other encoding, and for NULs."""
    if content.startswith(_MARKS) or b"\x00" in content:
        raise ContainerRefused(
            "wrong_encoding",
            "the file is in UTF-16, or no text; save it as CSV UTF-8",
            "文件为 UTF-16 编码或不是文本；请另存为 CSV UTF-8",
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(text) > CHARACTERS_MAX:
            raise ContainerRefused(
                "too_much_text",
                f"the file holds more than {CHARACTERS_MAX:,} characters; split it",
                f"文件内容超过 {CHARACTERS_MAX:,} 个字符；请拆分",
            )
        return text
    raise ContainerRefused(
        "wrong_encoding",
        "the file is neither UTF-8 nor GB18030; save it as CSV UTF-8",
        "文件既非 UTF-8 也非 GB18030 编码；请另存为 CSV UTF-8",
    )


def _rows(text: str) -> list[list[RawCell]]:
    rows: list[list[RawCell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            if len(rows) >= ROWS_MAX:
                raise ContainerRefused(
                    "too_many_rows",
                    f"the file has more than {ROWS_MAX - 1:,} rows; split it",
                    f"文件超过 {ROWS_MAX - 1:,} 行；请拆分",
                )
            cells = [_raw(cell) for cell in row]
            while cells and cells[-1].kind == "":
                cells.pop()
            rows.append(cells)
    except csv.Error as error:
        raise ContainerRefused(
            "not_csv",
            f"line {len(rows) + 1} is no CSV ({error}); export the file again",
            f"第 {len(rows) + 1} 行不是合法的 CSV；请重新导出",
        ) from error
    while rows and not any(cell.kind for cell in rows[-1]):
        rows.pop()
    return rows


def _raw(text: str) -> RawCell:
    if text == "":
        return _EMPTY
    bare = text.lstrip("'")
    if text[0] == "'" and bare and bare[0] in ACTING:
        text = text[1:]  # as an export wrote it, so that it does nothing in a spreadsheet
        return RawCell("s", text[: LIST_CHARACTERS_MAX + 1])
    return RawCell("f" if text[0] in "=＝" else "s", text[: LIST_CHARACTERS_MAX + 1])


def _sheet_of(header: list[str]) -> Sheet | None:
    """The sheet whose columns the header names, by Chinese title (its first line), or by key."""
    first_lines = [title.partition("\n")[0].strip() for title in header]
    for sheet in SHEETS:
        columns = _columns_of(sheet, header)
        titles = [column.title_zh for column in columns]
        keys = [column.key for column in columns]
        if first_lines[: len(titles)] == titles or header[: len(keys)] == keys:
            return sheet
    return None


def _columns_of(sheet: Sheet, header: list[str]) -> tuple[Column, ...]:
    """The sheet's columns, or those of an earlier layout where the header has no more."""
    return sheet.columns_of(len(header))
