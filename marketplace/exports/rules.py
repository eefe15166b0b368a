"""Tables as files that do nothing when they are opened. Source: reliability T54.

In CSV a text that a spreadsheet would take for a formula gets an apostrophe in front; in XLSX every cell is typed as
text. Full-width signs and control characters count too, because spreadsheets fold them.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

_ACTING: Final = frozenset("=+-@\t\r\n\x00＝＋－＠")


def safe(text: str) -> str:
    """A text for a CSV cell: nothing that a spreadsheet would work out."""
    return f"'{text}" if text[:1] in _ACTING else text


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file in UTF-8 with its mark, so that spreadsheets read Chinese; every cell quoted and safe."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def xlsx_bytes(sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]]]]) -> bytes:
    """A workbook of text cells: a text stays a text whatever it begins with."""
    book = Workbook(write_only=True)
    for title, header, rows in sheets:
        page = book.create_sheet(title)
        for row in (header, *rows):
            cells = []
            for text in row:
                cell = WriteOnlyCell(page, value=_printable(text))
                cell.data_type = "s"
                cells.append(cell)
            page.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _printable(text: str) -> str:
    """Spreadsheets cannot hold control characters; they show as a mark, so that nothing vanishes unseen."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
