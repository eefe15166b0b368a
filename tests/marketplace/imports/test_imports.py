"""Whole workbooks: all or nothing, every finding told, the same file once, hostile files refused."""

import asyncio
import io
import struct
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.assets import service as assets
from marketplace.cases import service as cases
from marketplace.imports import service
from marketplace.imports.checking import checked
from marketplace.imports.child import answer
from marketplace.imports.layout import SHEETS
from marketplace.imports.portfolio import Known, rows_of
from marketplace.imports.reading import CSV_BYTES_MAX, FILE_BYTES_MAX, ImportFileRefused, read
from marketplace.imports.sample import (
    CONTRACT,
    FOLLOWING,
    PATENTS,
    PLANTED,
    portfolio_bytes,
    portfolio_with_errors_bytes,
)
from marketplace.imports.schemas import ImportState
from marketplace.imports.template import template_bytes, workbook_bytes
from marketplace.pledges import service as pledges
from marketplace.valuations import service as valuations
from tests.make_portfolio import TODAY, Parties, changed_workbook, make_parties

TABLES = ("loan_cases", "assets", "pledges", "pledge_assets", "valuations", "valuation_assets")


@pytest.fixture
async def parties(conn: Connection, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(conn, now=now)


async def entered(conn: Connection) -> dict[str, int]:
    rows = {}
    for table in TABLES:
        rows[table] = await conn.fetchval(f"SELECT count(*) FROM market.{table}")
    return rows


async def test_a_right_file_is_entered_whole(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The sample comes out as one loan, four rights, two pledges and two valuations, to the fen."""
    content = portfolio_bytes(today=TODAY, bank_code=parties.code)
    done = await service.import_file(conn, parties.maker, content, file_name="a/b/甲.xlsx", now=now)
    assert (done.state, done.findings, done.file_name) == (ImportState.COMPLETED, (), "甲.xlsx")
    [case] = await cases.page(conn, parties.maker, after=None, limit=10)
    assert (case.contract_number, case.principal_fen, case.interest_fen) == (
        CONTRACT,
        487_654_321,
        13_246_809,
    )
    assert case.import_id == done.id
    rights = await assets.page(conn, parties.maker, after=None, limit=10)
    assert {right.number for right in rights} >= {number.removeprefix("ZL") for number in PATENTS}
    pledged = await pledges.page(conn, parties.maker, after=None, limit=10)
    assert sorted(len(pledge.asset_ids) for pledge in pledged) == [1, 3]
    valued = await valuations.page(conn, parties.maker, after=None, limit=10)
    assert {report.value_fen for report in valued} == {300_000_000, 20_000_000}
    audit = await conn.fetch(
        "SELECT action FROM market.audit_entries WHERE subject_id = $1", str(done.id)
    )
    assert [row["action"] for row in audit] == ["import_completed"]


async def test_the_same_file_again_changes_nothing(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """A repeat gives the first import back; another bank's import of the same bytes is its own."""
    content = portfolio_bytes(today=TODAY)
    first = await service.import_file(conn, parties.maker, content, file_name="a.xlsx", now=now)
    before = await entered(conn)
    again = await service.import_file(conn, parties.checker, content, file_name="b.xlsx", now=now)
    assert (again.id, again.is_repeat, first.is_repeat) == (first.id, True, False)
    assert await entered(conn) == before
    other = await make_parties(conn, now=now)
    assert not (
        await service.import_file(conn, other.maker, content, file_name="a.xlsx", now=now)
    ).is_repeat


async def test_every_planted_mistake_is_found_and_nothing_entered(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Each wrong cell is named with sheet, cell, value and both languages; no row of the file is entered."""
    content = portfolio_with_errors_bytes(today=TODAY)
    done = await service.import_file(conn, parties.maker, content, file_name="a.xlsx", now=now)
    assert done.state is ImportState.REFUSED
    assert {f.address: f.code for f in done.findings} == {**PLANTED, **FOLLOWING}
    assert all(f.message and f.message_zh and f.message != f.message_zh for f in done.findings)
    assert set((await entered(conn)).values()) == {0}
    assert await service.get(conn, parties.checker, done.id) == done


async def test_the_report_marks_the_wrong_cells(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The marked workbook has each wrong cell in red with a comment, and no formula anywhere."""
    content = portfolio_with_errors_bytes(today=TODAY)
    done = await service.import_file(conn, parties.maker, content, file_name="a.xlsx", now=now)
    book = load_workbook(io.BytesIO(await service.marked(conn, parties.maker, done.id)))
    for address in PLANTED:
        sheet, _, cell = address.partition("!")
        assert book[sheet][cell].fill.fgColor.rgb == "FFFFC7CE"
        assert book[sheet][cell].comment is not None
    assert not [c for page in book for row in page.iter_rows() for c in row if c.data_type == "f"]


async def test_a_second_file_may_refer_to_what_is_on_record(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """A file of valuations alone finds the rights of the first; what is on record is not entered twice."""
    await service.import_file(
        conn, parties.maker, portfolio_bytes(today=TODAY), file_name="a.xlsx", now=now
    )

    def only_valuation(book: Workbook) -> None:
        for title in ("贷款", "质押", "知识产权"):
            book[title].delete_rows(2, 10)
        book["评估"].delete_rows(3, 10)
        book["评估"]["A2"] = "示例评报字第0003号"

    more = changed_workbook(only_valuation)
    assert (
        await service.import_file(conn, parties.maker, more, file_name="b.xlsx", now=now)
    ).state == "completed"

    def other_bytes(book: Workbook) -> None:
        book["贷款"]["B2"] = "改名"

    twice = await service.import_file(
        conn, parties.maker, changed_workbook(other_bytes), file_name="c.xlsx", now=now
    )
    assert {f.code for f in twice.findings} == {"already_registered"}


def put(sheet: str, cell: str, value: Any) -> Callable[[Workbook], None]:
    def change(book: Workbook) -> None:
        book[sheet][cell] = value

    return change


WRONG: dict[str, tuple[Callable[[Workbook], None], str, str]] = {
    "missing sheet": (lambda book: book.remove(book["质押"]), "质押", "missing_sheet"),
    "unknown sheet": (
        lambda book: book.create_sheet("备注").append(["x"]),
        "备注",
        "unknown_sheet",
    ),
    "wrong header": (put("贷款", "C1", "代码"), "贷款!C1", "wrong_header"),
    "extra header": (put("贷款", "P1", "其他"), "贷款!P1", "wrong_header"),
    "stray value": (put("贷款", "R2", "x"), "贷款!R2", "stray_value"),
    "formula": (put("贷款", "E2", "=1+1"), "贷款!E2", "formula"),
    "principal above loan": (put("贷款", "E2", 5_000_001), "贷款!E2", "contradiction"),
    "due before granted": (put("贷款", "I2", "2020-01-01"), "贷款!I2", "contradiction"),
    "repeated contract": (
        lambda book: [book["贷款"].cell(3, n, book["贷款"].cell(2, n).value) for n in range(1, 16)],
        "贷款!A3",
        "duplicate",
    ),
    "repeated right": (
        lambda book: [
            book["知识产权"].cell(6, n, book["知识产权"].cell(2, n).value) for n in range(1, 18)
        ],
        "知识产权!B6",
        "duplicate",
    ),
    "second pledge of a patent": (
        put("质押", "J3", PATENTS[0]),
        "质押!J3",
        "pledge_not_registrable",
    ),
    "right named twice": (
        put("质押", "J2", f"{PATENTS[0]}；{PATENTS[0]}"),
        "质押!J2",
        "dangling_reference",
    ),
    "application pledged": (
        put("知识产权", "A2", "专利申请权"),
        "质押!J2",
        "pledge_not_registrable",
    ),
    "class of a patent": (put("知识产权", "C2", 9), "知识产权!C2", "contradiction"),
    "mark without class": (put("知识产权", "C5", None), "知识产权!C5", "contradiction"),
    "impossible term": (put("知识产权", "K2", "2050-01-01"), "知识产权!K2", "contradiction"),
    "filed after its number": (put("知识产权", "I2", "2019-01-01"), "知识产权!I2", "contradiction"),
    "granted before filed": (put("知识产权", "J2", "2018-01-01"), "知识产权!J2", "contradiction"),
    "patent without filing date": (put("知识产权", "I2", None), "知识产权!I2", "contradiction"),
    "patent in force, not granted": (put("知识产权", "J2", None), "知识产权!J2", "contradiction"),
    "internal above 10 million": (
        put("贷款", "D2", 10_000_000.01),
        "评估!C3",
        "external_valuation_needed",
    ),
    "valid for more than a year": (put("评估", "H2", "2029-01-01"), "评估!H2", "contradiction"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_kind_of_wrong_row_is_found(name: str) -> None:
    """One change to a right file is found at its place and under its code; findings are what keeps a file out."""
    change, address, code = WRONG[name]
    _, findings = checked(rows_of(answer(changed_workbook(change))), Known())
    assert (address, code) in {(f.address, f.code) for f in findings}


@pytest.mark.parametrize(
    ("limit_fen", "is_refused"), [(1_200_000_000, False), (1_199_999_999, True)]
)
def test_a_loan_whose_scheme_widened_the_limit_is_valued_inside(
    limit_fen: int, is_refused: bool
) -> None:
    """CNY 12 million under a scheme that says 12 million, and a fen less."""
    rows = rows_of(answer(changed_workbook(put("贷款", "D2", 12_000_000))))
    number = next(iter(rows.by_sheet["贷款"])).text("contract_number")
    _, findings = checked(rows, Known(limits={number: limit_fen}))
    assert [f.code for f in findings] == ["external_valuation_needed"] * is_refused


async def test_ten_million_exactly_may_be_valued_internally(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The limit of domain 4.3 includes its number."""
    content = changed_workbook(put("贷款", "D2", 10_000_000))
    assert (
        await service.import_file(conn, parties.maker, content, file_name="a.xlsx", now=now)
    ).findings == ()


async def test_the_empty_template_says_that_it_is_empty(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The template itself is well formed; there is nothing in it to enter."""
    done = await service.import_file(
        conn, parties.maker, template_bytes(), file_name="t.xlsx", now=now
    )
    assert [f.code for f in done.findings] == ["empty_file"]


async def test_imports_are_seen_by_their_bank_and_supervisors(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Another bank and the venue find nothing."""
    done = await service.import_file(
        conn, parties.maker, portfolio_bytes(today=TODAY), file_name="a.xlsx", now=now
    )
    assert (await service.get(conn, parties.regulator, done.id)).id == done.id
    other = await make_parties(conn, now=now)
    for caller in (other.maker, parties.venue):
        with pytest.raises(NotFound):
            await service.get(conn, caller, done.id)


async def test_the_record_of_an_import_cannot_be_changed(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The table is append-only for the application."""
    await service.import_file(
        conn, parties.maker, portfolio_bytes(today=TODAY), file_name="a.xlsx", now=now
    )
    with pytest.raises(Exception, match=r"permission denied|append-only"):
        await conn.execute("DELETE FROM market.imports")


def zipped(
    members: dict[str, bytes], *, more: Callable[[zipfile.ZipFile], None] | None = None
) -> bytes:
    """The sample workbook with members put in or replaced."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(portfolio_bytes(today=TODAY))) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in members:
                new.writestr(name, old.read(name))
        for name, data in members.items():
            new.writestr(name, data)
        if more is not None:
            more(new)
    return file.getvalue()


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("xl/link")
    info.external_attr = 0o120777 << 16
    archive.writestr(info, "/etc/passwd")


def encrypted() -> bytes:
    """The sample with the encryption bit set in the archive's directory."""
    content = bytearray(portfolio_bytes(today=TODAY))
    place = content.index(b"PK\x01\x02")
    struct.pack_into("<H", content, place + 8, 1)
    return bytes(content)


LAUGHS = (
    b"""<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><w>&b;</w>"""
)
EXTERNAL = (
    b"""<?xml version="1.0"?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]><w>&x;</w>"""
)
TWICE = b"""<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row></sheetData></worksheet>"""

HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "not a zip": (lambda: b"contract,amount\n1,2", "unknown_sheet"),
    "empty": (lambda: b"", "not_a_workbook"),
    "cut short": (lambda: portfolio_bytes(today=TODAY)[:3000], "not_a_workbook"),
    "another archive": (lambda: zipped({})[:0] + _plain_zip(), "not_a_workbook"),
    "broken sheet": (
        lambda: zipped({"xl/worksheets/sheet2.xml": b"<worksheet><sheet"}),
        "not_a_workbook",
    ),
    "bomb": (lambda: zipped({"xl/media/x.xml": b"\n" * 30_000_000}), "zip_bomb"),
    "large unpacked": (
        lambda: zipped({"xl/media/x.xml": b"\n" * 51_000_000}),
        "too_large_unpacked",
    ),
    "many members": (lambda: zipped({f"xl/x{n}": b"" for n in range(200)}), "too_many_members"),
    "absolute path": (lambda: zipped({"/etc/x.xml": b"<x/>"}), "unsafe_member"),
    "parent path": (lambda: zipped({"xl/../../x.xml": b"<x/>"}), "unsafe_member"),
    "windows path": (lambda: zipped({"C:x.xml": b"<x/>"}), "unsafe_member"),
    "link": (lambda: zipped({}, more=link), "unsafe_member"),
    "nested archive": (lambda: zipped({"xl/inner.zip": b"PK"}), "unsafe_member"),
    "macros": (lambda: zipped({"xl/vbaProject.bin": b"x"}), "unsafe_member"),
    "encrypted": (encrypted, "encrypted"),
    "billion laughs": (lambda: zipped({"xl/workbook.xml": LAUGHS}), "xml_declarations"),
    "external entity": (lambda: zipped({"xl/sharedStrings.xml": EXTERNAL}), "xml_declarations"),
    "utf-16": (lambda: zipped({"xl/workbook.xml": "<w/>".encode("utf-16")}), "wrong_encoding"),
    "a row far down": (
        lambda: zipped({"xl/worksheets/sheet2.xml": TWICE.replace(b'r="2"', b'r="1000000000"')}),
        "too_many_rows",
    ),
    "rows twice": (lambda: zipped({"xl/worksheets/sheet2.xml": TWICE}), "rows_out_of_order"),
}


def _plain_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "hello")
    return file.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_containers_are_refused_by_reason(name: str) -> None:
    """What is no plain workbook is refused before anything in it is parsed, saying why."""
    make, code = HOSTILE[name]
    refusal = answer(make()).refusal
    assert refusal is not None
    assert refusal.code == code
    assert any("\u4e00" <= c <= "\u9fff" for c in refusal.message_zh)


async def test_reading_happens_elsewhere_and_ends_in_time() -> None:
    """A file that eats processor time ends its reading process, not ours, and is refused."""
    # cells that hold nothing count for no bound, and each row is filled up to its last
    rows = b"".join(b'<row r="%d"><c r="XFD%d"/></row>' % (n, n) for n in range(1, 20_000))
    heavy = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + rows
        + b"</sheetData></worksheet>"
    )
    with pytest.raises(ImportFileRefused) as caught:
        await read(zipped({"xl/worksheets/sheet2.xml": heavy}), seconds=2)
    assert caught.value.context["reason"] == "limits"


def _sheet_of(rows: int) -> bytes:
    """A workbook whose second sheet has so many rows of one cell."""
    head = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    body = b"".join(
        b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (n, n, n) for n in range(1, rows + 1)
    )
    return zipped({"xl/worksheets/sheet2.xml": head + body + b"</sheetData></worksheet>"})


def test_a_workbook_holds_a_hundred_thousand_rows_and_not_one_more() -> None:
    """The header and 100,000 rows of a sheet are read to the last; one more is refused before anything is parsed."""
    reading = answer(_sheet_of(100_001))
    assert reading.refusal is None
    (rows,) = [rows for rows in reading.sheets.values() if len(rows) == 100_001]
    assert [cell.text for cell in rows[-1]] == ["100001"]
    refusal = answer(_sheet_of(100_002)).refusal
    assert refusal is not None
    assert refusal.code == "too_many_rows"


def test_more_cells_than_any_sheet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by cells, too: a wide sheet of nothing is no way around the rows."""
    monkeypatch.setattr("marketplace.imports.child.CELLS_MAX", 99)
    refusal = answer(_sheet_of(100)).refusal
    assert refusal is not None
    assert refusal.code == "too_many_cells"
    monkeypatch.setattr("marketplace.imports.container.SHEETS_BYTES_MAX", 1_000)
    refusal = answer(_sheet_of(100)).refusal
    assert refusal is not None
    assert refusal.code == "too_large_unpacked"


async def test_a_file_above_the_limit_is_not_read_at_all() -> None:
    """Size is looked at first."""
    with pytest.raises(ImportFileRefused, match="at most"):
        await read(b"PK" + bytes(FILE_BYTES_MAX))
    with pytest.raises(ImportFileRefused, match="at most"):
        await read(bytes(CSV_BYTES_MAX + 1))


async def test_several_files_are_read_side_by_side() -> None:
    """Reading is outside this process, so that it holds nobody up."""
    content = portfolio_bytes(today=TODAY)
    readings = await asyncio.gather(*(read(content) for _ in range(3)))
    assert all(set(reading.sheets) >= {sheet.title for sheet in SHEETS} for reading in readings)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_no_text_becomes_a_formula_on_export(start: str) -> None:
    """What goes out as text is text in the file, whatever it begins with."""
    text = f"{start}HYPERLINK(1)"
    content = workbook_bytes({"贷款": [{"contract_number": text}]})
    cell = load_workbook(io.BytesIO(content))["贷款"]["A2"]
    assert cell.data_type == "s"
    assert "HYPERLINK(1)" in str(cell.value)
