"""Writes workbooks: the empty template, a filled one, and one that marks what was wrong.

Every text goes out as a text cell: a value that begins with `=` stays a value (reliability T54).
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from marketplace.imports.layout import (
    INSTRUCTIONS_TITLE,
    LAYOUT_VERSION,
    SHEETS,
    Column,
    Kind,
    Sheet,
)
from marketplace.imports.schemas import Finding

_HEADER_FILL = PatternFill("solid", fgColor="FFDCE6F1")
_WRONG_FILL = PatternFill("solid", fgColor="FFFFC7CE")
_REQUIRED_FONT = Font(bold=True, color="FFC00000")
_OPTIONAL_FONT = Font(bold=True)
_WIDTHS = {Kind.DAY: 14, Kind.CHOICE: 16, Kind.NICE_CLASS: 10, Kind.PERCENT: 14, Kind.NUMBERS: 34}
_FORMATS = {Kind.AMOUNT: "0.00", Kind.PERCENT: "0.00", Kind.DAY: "yyyy-mm-dd"}
#: Rows that the template formats and validates ahead.
_ROWS_READY = 200

Value = str | date | Decimal | int | None


def template_bytes() -> bytes:
    """The empty template, as a file."""
    return workbook_bytes({})


def workbook_bytes(rows: Mapping[str, Sequence[Mapping[str, Value]]], *, notice: str = "") -> bytes:
    """A workbook with `rows` by sheet title, each row by column key. `notice` heads the instructions."""
    book = Workbook()
    _write_instructions(_first_sheet(book), notice)
    for sheet in SHEETS:
        page = book.create_sheet(sheet.title)
        _write_header(page, sheet)
        _prepare_cells(page, sheet)
        for number, row in enumerate(rows.get(sheet.title, ()), 2):
            for place, column in enumerate(sheet.columns, 1):
                _put(page.cell(number, place), row.get(column.key))
    book.move_sheet(INSTRUCTIONS_TITLE, offset=len(SHEETS))
    book.active = 0
    return _saved(book)


def marked_bytes(
    cells: Mapping[str, Sequence[Sequence[str]]], findings: Iterable[Finding]
) -> bytes:
    """What was handed in, as text, each wrong cell in red with its reason, and a list of all findings first."""
    book = Workbook()
    found = list(findings)
    _write_findings(_first_sheet(book), found)
    for title, rows in cells.items():
        page = book.create_sheet(title[:31])
        for number, row in enumerate(rows, 1):
            for place, text in enumerate(row, 1):
                _put(page.cell(number, place), text or None)
    for finding in found:
        if finding.sheet in book.sheetnames and finding.cell:
            cell = book[finding.sheet][finding.cell]
            cell.fill = _WRONG_FILL
            said = f"{cell.comment.text}\n" if cell.comment else ""
            cell.comment = Comment(f"{said}{finding.message_zh}\n{finding.message}", "Luochui 落槌")
    return _saved(book)


def _first_sheet(book: Workbook) -> Worksheet:
    page = book.active
    assert isinstance(page, Worksheet)
    return page


def _write_header(page: Worksheet, sheet: Sheet) -> None:
    for place, column in enumerate(sheet.columns, 1):
        cell = page.cell(1, place)
        _put(cell, column.heading)
        cell.fill = _HEADER_FILL
        cell.font = _REQUIRED_FONT if column.is_required else _OPTIONAL_FONT
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
        page.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(column.kind, 22)
    page.row_dimensions[1].height = 34
    page.freeze_panes = "A2"


def _prepare_cells(page: Worksheet, sheet: Sheet) -> None:
    """Number formats (text where zeros in front count) and drop-down lists, for rows not yet filled."""
    for place, column in enumerate(sheet.columns, 1):
        letter = get_column_letter(place)
        for row in range(2, _ROWS_READY + 2):
            page.cell(row, place).number_format = _FORMATS.get(column.kind, "@")
        if column.kind is Kind.CHOICE:
            rule = DataValidation(type="list", formula1=_list_formula(column), allow_blank=True)
            rule.errorTitle, rule.error = "取值 Value", "请从列表选择 Choose from the list"
            rule.add(f"{letter}2:{letter}{_ROWS_READY + 1}")
            page.add_data_validation(rule)


def _list_formula(column: Column) -> str:
    return '"' + ",".join(column.choices.values()) + '"'


def _write_instructions(page: Worksheet, notice: str) -> None:
    page.title = INSTRUCTIONS_TITLE
    lines = [
        *([notice] if notice else []),
        f"资产包导入模板 Portfolio template {LAYOUT_VERSION}",
        "红色标题为必填；请勿改动标题行、列序和工作表名称。"
        " Red titles are required; keep header row, column order and sheet names as they are.",
        "金额以元为单位，最多两位小数，不带千分位。 Amounts in yuan, at most two decimals, no thousand separators.",
        "日期写作 2026-11-02。 Days as 2026-11-02.",
        "不接受公式；任一行有误则整份文件不导入。 No formulas; one wrong row and nothing is imported.",
        "编号列为文本格式，请保留开头的零。 Number columns are text: keep zeros in front.",
    ]
    for line in lines:
        page.append([line])
    page.append([])
    page.append(["工作表 Sheet", "列 Column", "必填 Required", "取值 Values", "备注 Note"])
    for sheet in SHEETS:
        for column in sheet.columns:
            page.append(
                [
                    f"{sheet.title} {sheet.title_en}",
                    f"{column.title_zh} {column.title_en}",
                    "是 yes" if column.is_required else "否 no",
                    "；".join(f"{zh} ({code})" for code, zh in column.choices.items()),
                    f"{column.note_zh} {column.note_en}".strip(),
                ]
            )
    for letter, width in zip("ABCDE", (26, 42, 14, 80, 50), strict=True):
        page.column_dimensions[letter].width = width


def _write_findings(page: Worksheet, findings: Sequence[Finding]) -> None:
    page.title = "问题 Findings"
    titles = ["位置 Cell", "内容 Value", "代码 Code", "问题 (中文)", "Problem (English)"]
    for place, title in enumerate(titles, 1):
        _put(page.cell(1, place), title)
    for row, finding in enumerate(findings, 2):
        told = (finding.address, finding.value, finding.code, finding.message_zh, finding.message)
        for place, text in enumerate(told, 1):
            _put(page.cell(row, place), text)


def _put(cell: Cell | MergedCell, value: Value) -> None:
    """`value` into a cell; a text stays a text whatever it begins with."""
    assert isinstance(cell, Cell), "our sheets merge no cells"
    if value is None:
        return
    if isinstance(value, str):
        # Spreadsheets cannot hold control characters; they show as a mark, so that nothing vanishes unseen.
        cell.value = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in value)
        cell.data_type = "s"
    else:
        cell.value = value


def _saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
