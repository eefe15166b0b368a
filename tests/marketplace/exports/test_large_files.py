"""Files of a hundred thousand rows in, and more than twenty thousand out, each in a bounded time."""

import io
import re
import time
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import httpx
import pytest

from marketplace.app import Resources
from marketplace.imports import jobs
from marketplace.imports.http import CSV
from marketplace.imports.schemas import JobState
from tests.make_app import client_on
from tests.make_people import key_of
from tests.make_portfolio import Parties, make_parties
from tests.marketplace.exports.test_exports import right_row, sheet

ROWS = 100_000
#: Ten times what it takes on two cores with nothing else to do.
SECONDS_MAX = 240


@pytest.fixture
async def parties(resources: Resources, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(resources.pool, now=now)


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application."""
    async with client_on(resources) as opened:
        yield opened


async def test_a_hundred_thousand_rows_go_in_and_come_out(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """Progress is told throughout; out again as CSV and as a workbook, row for row."""
    maker = await key_of(resources.pool, parties.maker, now=now)
    content = sheet(*(right_row(number) for number in range(ROWS))).encode("gb18030")
    sent = {**maker, "Content-Type": CSV, "Idempotency-Key": "j"}
    handed = await client.post("/v1/import-jobs", content=content, headers=sent)
    assert handed.status_code == 202, handed.text
    told: list[tuple[JobState, int, int]] = []

    class Listening(jobs.Progress):
        async def __call__(self, state: JobState, done: int, total: int) -> None:
            await super().__call__(state, done, total)
            told.append((state, done, total))

    job_id, began = UUID(handed.json()["id"]), time.monotonic()
    await jobs.run(resources, job_id, now, progress=Listening(resources.pool, job_id, now))
    took = time.monotonic() - began
    entering = [done for state, done, total in told if state is JobState.ENTERING]
    assert entering == list(range(0, ROWS + 1, 5_000))
    shown = (await client.get(handed.headers["location"], headers=maker)).json()
    assert (shown["state"], shown["rows_done"], shown["rows_total"]) == ("completed", ROWS, ROWS)
    assert await resources.pool.fetchval("SELECT count(*) FROM market.assets") == ROWS
    assert took < SECONDS_MAX
    out = await client.get("/v1/exports/portfolio/rights", headers=maker)
    assert out.content.count(b"\r\n") == ROWS + 1
    began = time.monotonic()
    book = await client.get("/v1/exports/portfolio.xlsx", headers=maker)
    assert time.monotonic() - began < SECONDS_MAX
    assert len(book.content) < len(out.content)
    with zipfile.ZipFile(io.BytesIO(book.content)) as archive:
        page = archive.read("xl/worksheets/sheet3.xml")
    numbers = re.findall(rb'<c r="B\d+" t="inlineStr"><is><t[^>]*>(\d{12}\.[\dX])<', page)
    assert len(numbers) == len(set(numbers)) == ROWS
