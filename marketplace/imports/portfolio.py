"""From cells to a portfolio: reads every row, collects every finding, and leaves nothing half right.

Two passes. `rows_of` reads headers and cells. `checked` builds loans, rights, pledges and valuations out of the rows
and compares them with each other and with what is on record. Both go on after a finding: a bank sees all at once.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec
from openpyxl.utils import get_column_letter

from marketplace.assets.identifiers import reference_key
from marketplace.assets.schemas import NewAsset
from marketplace.cases.schemas import NewCase
from marketplace.imports.cells import CellWrong, RawCell, Reading, parse
from marketplace.imports.layout import INSTRUCTIONS_TITLE, LOANS, RIGHTS, SHEETS, Sheet
from marketplace.imports.schemas import Finding
from marketplace.valuations.rules import LoanSize

_EMPTY = RawCell("", "")
_SHOWN_CHARACTERS = 100


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of data: where it stands, its cells, the values of those that are right, and whether all are.

    Of the columns that were added later only those that hold something are here.
    """

    sheet: Sheet
    number: int
    cells: dict[str, RawCell]
    values: dict[str, object]
    is_complete: bool

    def text(self, key: str) -> str:
        """What stands in a cell, as text."""
        return self.cells[key].text.strip()


class Rows(msgspec.Struct, kw_only=True):
    """The rows of all sheets, and what is wrong so far. `unread`: sheets whose rows could not be told apart."""

    by_sheet: dict[str, list[Row]]
    unread: set[str]
    findings: list[Finding]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank has on record of the things that a file names."""

    contracts: Mapping[str, tuple[UUID, int]] = {}
    assets: Mapping[tuple[str, str, int | None], UUID] = {}
    pledged: frozenset[UUID] = frozenset()
    registrations: frozenset[str] = frozenset()
    reports: frozenset[str] = frozenset()
    loans: Mapping[
        UUID, LoanSize
    ] = {}  # right -> the loan it secures that decides how it is valued
    limits: Mapping[
        str, int
    ] = {}  # contract -> up to what loan a valuation from inside is enough, if widened


class Reference(msgspec.Struct, frozen=True):
    """A right that a pledge or a valuation names: its place in the file, or its id on record."""

    index: int | None
    asset_id: UUID | None


class PledgeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pledge whose loan and rights are still named, not linked."""

    contract_number: str
    rights: tuple[Reference, ...]
    fields: dict[str, object]


class ValuationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A valuation whose rights are still named, not linked."""

    rights: tuple[Reference, ...]
    fields: dict[str, object]


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in a file, checked; to be entered only when there is no finding."""

    loans: tuple[NewCase, ...]
    rights: tuple[NewAsset, ...]
    pledges: tuple[PledgeRow, ...]
    valuations: tuple[ValuationRow, ...]


def rows_of(reading: Reading) -> Rows:
    """Every row of the file's four sheets, with findings for missing sheets, wrong headers and wrong cells."""
    rows = Rows(by_sheet={sheet.title: [] for sheet in SHEETS}, unread=set(), findings=[])
    for sheet in SHEETS:
        cells = reading.sheets.get(sheet.title)
        if cells is None:
            rows.unread.add(sheet.title)
            rows.findings.append(
                about_sheet(
                    sheet.title,
                    "missing_sheet",
                    f"there is no sheet {sheet.title} ({sheet.title_en}); take the template and keep all its sheets",
                    f"缺少工作表“{sheet.title}”；请使用模板并保留全部工作表",
                )
            )
        else:
            _read_sheet(rows, sheet, cells)
    known = {sheet.title for sheet in SHEETS} | {INSTRUCTIONS_TITLE}
    for title, cells in reading.sheets.items():
        if title not in known and cells:
            rows.findings.append(
                about_sheet(
                    title,
                    "unknown_sheet",
                    "is no sheet of the template; what stands in it would be lost: move it or delete the sheet",
                    "不是模板中的工作表，其内容不会导入；请移入对应工作表或删除",
                )
            )
    if not rows.findings and not any(rows.by_sheet.values()):
        rows.findings.append(
            about_sheet(LOANS.title, "empty_file", "holds no row", "没有任何数据行")
        )
    return rows


def _read_sheet(rows: Rows, sheet: Sheet, cells: list[list[RawCell]]) -> None:
    header = cells[0] if cells else []
    wrong = list(_wrong_headers(sheet, header))
    if wrong:
        rows.findings += wrong
        rows.unread.add(sheet.title)
        return
    columns = sheet.columns_of(len(header))
    for number, row in enumerate(cells[1:], 2):
        if not any(cell.text.strip() for cell in row):
            continue
        rows.findings += _stray_cells(sheet, number, row, width=len(columns))
        by_key = {
            column.key: row[place] if place < len(row) else _EMPTY
            for place, column in enumerate(columns)
            if not column.is_later or (place < len(row) and row[place].text.strip())
        }
        values: dict[str, object] = {}
        for column in columns:
            if column.key not in by_key:
                continue
            try:
                values[column.key] = parse(column, by_key[column.key])
            except CellWrong as wrong_cell:
                rows.findings.append(
                    _finding(sheet, number, column.key, by_key[column.key].text, wrong_cell)
                )
        rows.by_sheet[sheet.title].append(
            Row(
                sheet=sheet,
                number=number,
                cells=by_key,
                values=values,
                is_complete=len(values) == len(by_key),
            )
        )


def _wrong_headers(sheet: Sheet, header: list[RawCell]) -> Iterable[Finding]:
    columns = sheet.columns_of(len(header))
    if [_title(cell) for cell in header] == [column.title_zh for column in columns]:
        return
    width = max(len(header), len(sheet.columns))
    for place in range(width):
        found = header[place].text if place < len(header) else ""
        wanted = sheet.columns[place].title_zh if place < len(sheet.columns) else ""
        if place < len(header) and _title(header[place]) == wanted:
            continue
        cell = f"{get_column_letter(place + 1)}1"
        if not wanted:
            said = ("is no column of the template; delete it", "不是模板中的列；请删除")
        else:
            said = (
                f"should be headed {wanted!r}; keep the template's header row",
                f"标题应为“{wanted}”；请保留模板标题行",
            )
        yield Finding(
            code="wrong_header",
            address=f"{sheet.title}!{cell}",
            sheet=sheet.title,
            cell=cell,
            value=found[:_SHOWN_CHARACTERS],
            message=said[0],
            message_zh=said[1],
        )


def _title(cell: RawCell) -> str:
    """The Chinese title in a header cell: its first line."""
    return cell.text.strip().partition("\n")[0].strip()


def _stray_cells(sheet: Sheet, number: int, row: list[RawCell], *, width: int) -> Iterable[Finding]:
    for place in range(width, len(row)):
        if row[place].text.strip():
            cell = f"{get_column_letter(place + 1)}{number}"
            yield Finding(
                code="stray_value",
                address=f"{sheet.title}!{cell}",
                sheet=sheet.title,
                cell=cell,
                value=row[place].text[:_SHOWN_CHARACTERS],
                message="stands beside the table and would be lost; move or delete it",
                message_zh="位于表格之外，不会导入；请移动或删除",
            )


def about_sheet(title: str, code: str, message: str, message_zh: str) -> Finding:
    """A finding about a whole sheet."""
    return Finding(
        code=code,
        address=title,
        sheet=title,
        cell="",
        value="",
        message=message,
        message_zh=message_zh,
    )


def about_cell(row: Row, key: str, code: str, message: str, message_zh: str) -> Finding:
    """A finding about one cell of a row."""
    return _finding(
        row.sheet,
        row.number,
        key,
        row.cells.get(key, _EMPTY).text,
        CellWrong(code, message, message_zh),
    )


def _finding(sheet: Sheet, number: int, key: str, value: str, wrong: CellWrong) -> Finding:
    address = sheet.address(number, key)
    return Finding(
        code=wrong.code,
        address=address,
        sheet=sheet.title,
        cell=address.partition("!")[2],
        value=value[:_SHOWN_CHARACTERS],
        message=wrong.message,
        message_zh=wrong.message_zh,
    )


def named_numbers(rows: Rows) -> set[str]:
    """Every number of a right that the file names anywhere, in the spellings that records may have."""
    texts = {row.text("number") for row in rows.by_sheet[RIGHTS.title]}
    for found in rows.by_sheet.values():
        for row in found:
            parts = row.values.get("assets")
            if isinstance(parts, tuple):
                texts |= {part.rpartition("/")[0].strip() or part for part in parts} | set(parts)
    # Rights without a register keep their certificate's spelling, all others have the normal one.
    return texts | {reference_key(text) for text in texts}
