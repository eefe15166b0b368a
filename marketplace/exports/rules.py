"""Tables as files that do nothing when they are opened. Source: reliability T54.

In CSV a text that a spreadsheet would take for a formula gets an apostrophe in front; in XLSX every cell is typed as
text (`workbooks`). Full-width signs and control characters count too, because spreadsheets fold them.
"""

from collections.abc import Iterable, Sequence

from marketplace.imports.csv_files import ACTING


def safe(text: str) -> str:
    """A text for a CSV cell: nothing that a spreadsheet would work out. An import takes the apostrophe away again."""
    bare = text.lstrip("'")
    return f"'{text}" if bare[:1] and bare[0] in ACTING else text


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file in UTF-8 with its mark, so that spreadsheets read Chinese; every text quoted and safe."""
    lines = [_line(header), *(_line([safe(cell) for cell in row]) for row in rows)]
    return b"\xef\xbb\xbf" + "".join(lines).encode()


def _line(cells: Iterable[str]) -> str:
    """A line of a CSV file: an empty cell is nothing, which for a hundred thousand wide rows is megabytes."""
    return ",".join('"' + cell.replace('"', '""') + '"' if cell else "" for cell in cells) + "\r\n"
