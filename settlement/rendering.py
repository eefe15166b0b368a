"""Statements for people: a printable bilingual page, and a workbook whose numbers are numbers.

The page loads nothing from anywhere and escapes everything. In the workbook text is typed as text, whatever it begins
with, so that opening it runs no formula. Source: reliability T54.
"""

from decimal import Decimal
from io import BytesIO
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from kit.money import yuan
from settlement import paper_tables
from settlement.papers import Paper
from settlement.statement_tables import TOTAL, Cell, Fen, Table, local, tables
from settlement.statements import Statement

_PAGES: Final = Environment(
    loader=PackageLoader("settlement"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_PAGES.filters["yuan"] = lambda cell: yuan(cell.amount)
_PAGES.tests["money"] = lambda cell: isinstance(cell, Fen)
_PAGES.tests["number"] = lambda cell: isinstance(cell, int)

#: A longer word is no word of a language: it may be broken anywhere, so that it does not make a table wide.
_PAGES.tests["unbroken"] = lambda cell: any(len(word) > 24 for word in cell.split())
_PAGES.filters["turned"] = lambda table: [
    (column, [row[n] for row in table.rows]) for n, column in enumerate(table.columns)
]

COLUMNS_MAX: Final = 9
"""More columns than this do not fit on a sheet of A4: a row becomes a column, or the sheet is turned."""
TURNED_ROWS_MAX: Final = 6
MONEY_FORMAT = "#,##0.00"
WIDTH_MIN, WIDTH_MAX = 12, 48
FEN_EXACT_MAX = 10**15
"""A spreadsheet keeps 15 digits of a number; a larger amount is written as text rather than wrong."""


def html(statement: Statement | Paper) -> str:
    """The statement, or the paper, as a page for A4 paper."""
    document = statement.document
    return _PAGES.get_template("statement.html").render(
        document=document,
        tables=_printed(statement),
        issued_at=local(document.issued_at),
        sha256=statement.sha256.hex(),
        subject_id=statement.subject_id,
        total=TOTAL,
        columns_max=COLUMNS_MAX,
        turned_rows_max=TURNED_ROWS_MAX,
    )


def _printed(statement: Statement | Paper) -> list[Table]:
    if isinstance(statement, Paper):
        return paper_tables.tables(statement.document.body)
    return tables(statement.document)


def xlsx(statement: Statement | Paper) -> bytes:
    """The statement, or the paper, as a workbook: a cover, then one sheet a table."""
    document = statement.document
    book = Workbook()
    cover = book.active
    assert isinstance(cover, Worksheet), "a new workbook has one sheet"
    cover.title = "封面 Cover"
    facts: list[tuple[Cell, ...]] = [
        ("Title 名称", f"{document.title} {document.title_zh}"),
        ("Number 编号", document.number),
        ("Version 版本", document.version),
        ("Issued 出具时间", local(document.issued_at)),
        ("Currency 币种", document.currency),
        ("SHA-256 of the JSON document", statement.sha256.hex()),
    ]
    _fill(cover, facts, first_row=1)
    for table in _printed(statement):
        _add_sheet(book, table)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _add_sheet(book: Workbook, table: Table) -> None:
    sheet = book.create_sheet(table.title_zh)
    for column, (english, chinese) in enumerate(table.columns, start=1):
        cell = sheet.cell(row=1, column=column)
        _put(cell, f"{chinese} {english}")
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    _fill(sheet, table.rows, first_row=2)


def _fill(
    sheet: Worksheet, rows: list[tuple[Cell, ...]] | tuple[tuple[Cell, ...], ...], *, first_row: int
) -> None:
    widths: dict[int, int] = {}
    for row, cells in enumerate(rows, start=first_row):
        for column, value in enumerate(cells, start=1):
            cell = sheet.cell(row=row, column=column)
            assert isinstance(cell, SheetCell), "no cells are merged"
            _put(cell, value)
            if cells[0] == TOTAL:
                cell.font = Font(bold=True)
            widths[column] = max(widths.get(column, WIDTH_MIN), len(str(cell.value)) + 2)
    for column, width in widths.items():
        sheet.column_dimensions[get_column_letter(column)].width = min(width, WIDTH_MAX)


def _put(cell: SheetCell, value: Cell) -> None:
    """Write a value with its type: money and counts as numbers, text as text and never as a formula."""
    if isinstance(value, Fen) and abs(value.amount) < FEN_EXACT_MAX:
        cell.value = Decimal(value.amount) / 100
        cell.number_format = MONEY_FORMAT
    elif isinstance(value, Fen):
        _put(cell, yuan(value.amount))
    elif isinstance(value, int):
        cell.value = value
    elif value:
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
        cell.data_type = "s"  # openpyxl takes what begins with "=" for a formula otherwise
        cell.alignment = Alignment(wrap_text=True, vertical="top")
