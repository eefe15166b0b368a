"""Workbooks of texts, written as text: a hundred thousand rows take seconds, which an object for each cell would not.

Office Open XML (ECMA-376) with inline strings only, so that a text stays a text whatever it begins with (reliability
T54). One workbook has the same bytes whenever it is written.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from openpyxl.utils import get_column_letter

Sheets = Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]]]]

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_CONTENT: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WRITTEN_AT: Final = (2026, 1, 1, 0, 0, 0)
_ROWS_AT_ONCE: Final = 500


def xlsx_bytes(sheets: Sheets) -> bytes:
    """A workbook of these sheets: title, header, rows."""
    file = io.BytesIO()
    titles = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for number, (title, header, rows) in enumerate(sheets, 1):
            titles.append(title)
            with archive.open(_member(f"xl/worksheets/sheet{number}.xml"), "w") as page:
                for part in _sheet(header, rows):
                    page.write(part.encode())
        for name, text in _frame(titles):
            archive.writestr(_member(name), _XML + text)
    return file.getvalue()


def _sheet(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The parts of a sheet's text, some hundred rows each; its header stays in sight."""
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1"'
        ' topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
    )
    letters = [get_column_letter(place) for place in range(1, len(header) + 1)]
    kept = [_row(1, letters, header)]
    for number, row in enumerate(rows, 2):
        kept.append(_row(number, letters, row))
        if len(kept) == _ROWS_AT_ONCE:
            yield "".join(kept)
            kept.clear()
    yield "".join(kept)
    yield "</sheetData></worksheet>"


def _row(number: int, letters: Sequence[str], row: Sequence[str]) -> str:
    cells = "".join(
        f'<c r="{letter}{number}" t="inlineStr"><is><t xml:space="preserve">{_text(text)}</t></is></c>'
        for letter, text in zip(letters, row, strict=True)
        if text
    )
    return f'<row r="{number}">{cells}</row>'


def _text(text: str) -> str:
    """Spreadsheets cannot hold control characters; they show as a mark, so that nothing vanishes unseen."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
    return escape(text)


def _frame(titles: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The members that say which sheets there are."""
    numbers = range(1, len(titles) + 1)
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_CONTENT}.worksheet+xml"/>'
        for n in numbers
    )
    yield (
        "[Content_Types].xml",
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.sheet.main+xml"/>{kinds}</Types>',
    )
    yield (
        "_rels/.rels",
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    named = "".join(
        f'<sheet name={quoteattr(title)} sheetId="{n}" r:id="rId{n}"/>'
        for n, title in zip(numbers, titles, strict=True)
    )
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{named}</sheets></workbook>",
    )
    linked = "".join(
        f'<Relationship Id="rId{n}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'<Relationships xmlns="{_PACKAGE}/relationships">{linked}</Relationships>',
    )


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, date_time=_WRITTEN_AT)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member
