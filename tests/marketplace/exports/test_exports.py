"""Exports that come back as they went out and do nothing when opened; CSV imports, hostile and large."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import httpx
import pytest
from openpyxl import load_workbook

from marketplace.app import Resources, create_app
from marketplace.assets.identifiers import patent_check_digit
from marketplace.exports.http import routes
from marketplace.exports.rules import csv_bytes, safe
from marketplace.exports.workbooks import xlsx_bytes
from marketplace.imports import jobs
from marketplace.imports.child import answer
from marketplace.imports.http import CSV, XLSX
from marketplace.imports.http import routes as import_routes
from marketplace.imports.layout import LOANS, RIGHTS
from marketplace.imports.sample import portfolio_bytes
from marketplace.imports.schemas import JobState
from tests.make_people import client_of, key_of
from tests.make_portfolio import BORROWER_CODE, TODAY, Parties, make_parties

PAYLOADS = [
    f"{sign}{rest}"
    for sign in ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")
    for rest in (
        "cmd|' /C calc'!A0",
        'HYPERLINK("http://x")',
        "1+1",
        "SUM(A1:A9)",
        'DDE("a";"b")',
    )
]


def test_sixty_payloads_stay_texts() -> None:
    """T54: re-opened, no cell of the workbook is a formula and no cell of the CSV begins like one."""
    assert len(PAYLOADS) == 60
    rows = [[payload, "plain"] for payload in PAYLOADS]
    book = load_workbook(io.BytesIO(xlsx_bytes([("表", ("a", "b"), rows)])))
    kinds = {cell.data_type for row in book["表"].iter_rows() for cell in row}
    assert kinds == {"s"}
    text = csv_bytes(("a", "b"), rows).decode("utf-8-sig")
    cells = [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert cells == [f"'{payload}" for payload in PAYLOADS]
    assert all(safe(text) == text for text in ("示例", "a=b", "", "1.5"))


def sheet(*rows: list[str], layout: object = RIGHTS) -> str:
    """A CSV text with the header of a sheet."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    assert isinstance(layout, type(RIGHTS))
    writer.writerow([column.title_zh for column in layout.columns])
    writer.writerows(rows)
    return file.getvalue()


def right_row(number: int, title: str = "示例发明") -> list[str]:
    """A row of an invention patent in force."""
    digits = f"20181{number:07d}"
    values = {
        "ip_type": "发明专利",
        "number": f"ZL{digits}.{patent_check_digit(digits)}",
        "title": title,
        "owner_name": "示例借款人",
        "owner_code": BORROWER_CODE,
        "filed_on": "2018-07-31",
        "granted_on": "2020-03-17",
        "legal_status": "有效",
        "status_as_of": "2026-10-30",
        "status_source": "登记簿副本",
        "fee_paid_to": "2028-07-31",
    }
    return [values.get(column.key, "") for column in RIGHTS.columns]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_utf8_and_gb18030(encoding: str) -> None:
    """The same rows in either encoding, known by the header to be the rights' sheet; the other sheets are empty."""
    found = answer(sheet(right_row(1, "一种𠮷")).encode(encoding))
    assert found.refusal is None
    assert found.sheets[RIGHTS.title][1][3].text == "一种𠮷"
    assert len(found.sheets[LOANS.title]) == 1


HOSTILE_CSV = [
    ("wrong_encoding", sheet(right_row(1)).encode("utf-16")),
    ("wrong_encoding", sheet(right_row(1)).encode() + b"\x00"),
    ("wrong_encoding", b"\x81" + sheet(right_row(1)).encode()[:-3] + b"\xff\xff"),
    ("unknown_sheet", "甲,乙\n1,2\n".encode()),
    ("unknown_sheet", b"\n\n\n"),
    ("not_csv", (sheet() + '"never closed').encode()),
    ("too_many_rows", (sheet() + "a\n" * 100_001).encode()),
]


@pytest.mark.parametrize(
    ("code", "content"), HOSTILE_CSV, ids=[f"{c[0]}-{n}" for n, c in enumerate(HOSTILE_CSV)]
)
def test_hostile_csv_files_are_refused_by_name(code: str, content: bytes) -> None:
    """Wrong encodings, NULs, foreign tables, broken quoting and too many rows: each with its code."""
    found = answer(content)
    assert found.refusal is not None
    assert found.refusal.code == code
    assert found.refusal.message != found.refusal.message_zh


@pytest.fixture
async def parties(resources: Resources, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(resources.pool, now=now)


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of imports and exports."""
    app = create_app(resources, routes=[*routes, *import_routes])
    async with client_of(app) as opened:
        yield opened


async def test_what_was_exported_can_be_imported(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """A portfolio goes in, comes out as a workbook, and goes in at another bank; a CSV formula is a finding."""
    maker = await key_of(resources.pool, parties.maker, now=now)
    sent = {**maker, "Content-Type": XLSX, "Idempotency-Key": "1"}
    done = await client.post(
        "/v1/imports", content=portfolio_bytes(today=TODAY, bank_code=parties.code), headers=sent
    )
    assert done.json()["state"] == "completed", done.text
    out = await client.get("/v1/exports/portfolio.xlsx", headers=maker)
    assert out.status_code == 200
    other = await make_parties(resources.pool, now=now)
    theirs = await key_of(resources.pool, other.maker, now=now)
    again = await client.post(
        "/v1/imports",
        content=out.content,
        headers={**theirs, "Content-Type": XLSX, "Idempotency-Key": "2"},
    )
    assert again.json()["findings"] == []
    assert again.json()["counts"] == done.json()["counts"]
    rights = await client.get("/v1/exports/portfolio/rights", headers=maker)
    assert rights.content.startswith(b"\xef\xbb\xbf")
    assert (await client.get("/v1/exports/portfolio/nothing", headers=maker)).status_code == 400
    catalogue = await client.get("/v1/exports/catalogue.csv", headers=maker)
    assert catalogue.text.count("\n") == done.json()["counts"]["assets"] + 1
    book = await client.get("/v1/exports/catalogue.xlsx", headers=maker)
    assert load_workbook(io.BytesIO(book.content)).sheetnames == ["目录"]
    evil = sheet(right_row(7, "=1+1")).encode()
    refused = await client.post(
        "/v1/imports",
        content=evil,
        headers={**theirs, "Content-Type": CSV, "Idempotency-Key": "3"},
    )
    assert [finding["code"] for finding in refused.json()["findings"]] == ["formula"]


async def test_a_large_file_is_worked_off_with_its_progress_shown(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """20,000 rights over HTTP: handed in, every state written as it is reached, entered once however often it runs."""
    maker = await key_of(resources.pool, parties.maker, now=now)
    content = sheet(*(right_row(number) for number in range(20_000))).encode("gb18030")
    sent = {**maker, "Content-Type": CSV, "Idempotency-Key": "j"}
    handed = await client.post("/v1/import-jobs", content=content, headers=sent)
    assert handed.status_code == 202, handed.text
    path = handed.headers["location"]
    assert (await client.get(path, headers=maker)).json()["state"] == "waiting"
    told: list[tuple[str, int, int]] = []

    class Listening(jobs.Progress):
        async def __call__(self, state: JobState, done: int, total: int) -> None:
            await super().__call__(state, done, total)
            shown = (await client.get(path, headers=maker)).json()
            told.append((shown["state"], shown["rows_done"], shown["rows_total"]))

    job_id = UUID(handed.json()["id"])
    await jobs.run(resources, job_id, now, progress=Listening(resources.pool, job_id, now))
    assert told[0][0] == "reading"
    assert told[1][0] == "checking"
    entering = [(done, total) for state, done, total in told if state == "entering"]
    assert entering == [(done, 20_000) for done in (0, 5_000, 10_000, 15_000, 20_000)]
    await jobs.run(resources, job_id, now)
    shown = (await client.get(path, headers=maker)).json()
    assert (shown["state"], shown["rows_done"]) == ("completed", 20_000)
    assert await resources.pool.fetchval("SELECT count(*) FROM market.assets") == 20_000
    report = await client.get(f"/v1/imports/{shown['import_id']}", headers=maker)
    assert report.json()["counts"]["assets"] == 20_000


async def test_a_job_says_why_a_file_is_not_read_or_not_entered(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """An unreadable file has a problem in both languages, a refused one its report; another bank sees neither."""
    maker = await key_of(resources.pool, parties.maker, now=now)
    rows = [right_row(1), right_row(1)]
    for key, content, state in (
        ("u", b"\xff\xfe\x00", "unreadable"),
        ("r", sheet(*rows).encode(), "refused"),
    ):
        sent = {**maker, "Content-Type": CSV, "Idempotency-Key": key}
        handed = await client.post("/v1/import-jobs", content=content, headers=sent)
        await jobs.run(resources, UUID(handed.json()["id"]), now)
        shown = (await client.get(handed.headers["location"], headers=maker)).json()
        assert shown["state"] == state
        assert (shown["problem"] is None) == (state == "refused")
        assert (shown["import_id"] is None) == (state == "unreadable")
    stranger = await key_of(
        resources.pool, (await make_parties(resources.pool, now=now)).maker, now=now
    )
    assert (await client.get(handed.headers["location"], headers=stranger)).status_code == 404
    assert await resources.pool.fetchval("SELECT count(*) FROM market.assets") == 0
