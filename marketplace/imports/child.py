"""The reading process: a workbook on standard input, its cells on standard output, nothing else within reach.

It gives itself limits before it looks at the file: memory, processor time, no files, no children. Whatever the file
does to the parser, it does it here. Started by `reading.read`; run as `python -m marketplace.imports.child`.
"""

import io
import os
import resource
import sys
import warnings
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import msgspec
from openpyxl import load_workbook

from marketplace.imports.cells import (
    CELLS_MAX,
    LIST_CHARACTERS_MAX,
    TOTAL_CHARACTERS_MAX,
    RawCell,
    Reading,
)
from marketplace.imports.container import (
    ROWS_MAX,
    ContainerRefused,
    Refusal,
    check_container,
    too_many_rows,
)
from marketplace.imports.csv_files import csv_reading

#: What 100,000 rows of rights take, twice over.
MEMORY_BYTES_MAX = 1536 * 1024 * 1024
PROCESSOR_SECONDS_MAX = 120
_NICENESS = 10
_EMPTY = RawCell("", "")
_ZIP = b"PK"


def main() -> None:
    """Read the file from standard input and answer with a `Reading`."""
    os.nice(_NICENESS)  # bids go first
    limit_resources()
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    content = sys.stdin.buffer.read()
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer(content)))


def limit_resources() -> None:
    """Memory, processor time, size of written files (none), core files (none) of this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS_MAX, PROCESSOR_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(content: bytes) -> Reading:
    """The cells of the workbook, or why it is not read."""
    try:
        if content and not content.startswith(_ZIP):
            return csv_reading(content)
        check_container(content)
        return Reading(sheets=_sheets(content))
    except ContainerRefused as error:
        return Reading(refusal=error.refusal)
    except MemoryError:
        return Reading(
            refusal=Refusal(
                "too_large_unpacked",
                "the file takes too much memory to read",
                "读取该文件占用内存过多",
            )
        )
    except Exception as error:  # the parser raises whatever a damaged file makes it raise
        kind = type(error).__name__
        return Reading(
            refusal=Refusal(
                "not_a_workbook",
                f"the workbook cannot be read ({kind}); open it and save it again as .xlsx",
                f"无法读取工作簿（{kind}）；请打开后重新另存为 .xlsx",
            )
        )


def _sheets(content: bytes) -> dict[str, list[list[RawCell]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts that openpyxl does not keep, such as validations
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        budget = [TOTAL_CHARACTERS_MAX, CELLS_MAX]
        return {page.title: _rows(page, budget) for page in book.worksheets}


def _rows(page: Any, budget: list[int]) -> list[list[RawCell]]:
    """The rows of a read-only sheet (whose stubs do not fit it) up to its last that holds something."""
    page.reset_dimensions()  # what the file says of its size is not believed
    rows: list[list[RawCell]] = []
    for number, row in enumerate(page.iter_rows(), 1):
        if (
            number > ROWS_MAX
        ):  # also an empty one: the parser makes up a thousand million of them if asked to
            raise too_many_rows(page.title)
        cells = [_raw(cell.data_type, cell.value) for cell in row]
        while cells and cells[-1].kind == "":
            cells.pop()
        budget[0] -= sum(len(cell.text) for cell in cells)
        budget[1] -= len(cells)
        if budget[1] < 0:
            raise ContainerRefused(
                "too_many_cells",
                f"the file holds more than {CELLS_MAX:,} cells; split it",
                f"文件超过 {CELLS_MAX:,} 个单元格；请拆分",
            )
        if budget[0] < 0:
            raise ContainerRefused(
                "too_much_text",
                f"the file holds more than {TOTAL_CHARACTERS_MAX:,} characters; split it",
                f"文件内容超过 {TOTAL_CHARACTERS_MAX:,} 个字符；请拆分",
            )
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _raw(kind: str, value: object) -> RawCell:
    """A cell as kind and text: s text, n number, d day or moment, b truth value, f formula, e error, empty."""
    if value is None or value == "":
        return _EMPTY
    match value:
        case bool():
            return RawCell("b", str(value).upper())
        case datetime():
            is_day = value.time() == time()
            return RawCell("d", value.date().isoformat() if is_day else value.isoformat(" "))
        case date():
            return RawCell("d", value.isoformat())
        case int():
            return RawCell("n", str(value))
        case float():
            # repr is the shortest text that gives this number again: 4876543.21 stays 4876543.21.
            return RawCell("n", format(Decimal(repr(value)), "f"))
        case _:
            text = str(value)[: LIST_CHARACTERS_MAX + 1]
            return RawCell(kind if kind in ("f", "e") else "s", text)


if __name__ == "__main__":
    main()
