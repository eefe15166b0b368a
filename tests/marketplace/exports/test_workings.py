"""Computation and scores of a valuation go out and come in whole, and are checked as the API checks them."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from marketplace.app import Resources
from marketplace.imports.http import CSV, XLSX
from marketplace.imports.layout import VALUATIONS
from marketplace.imports.sample import portfolio_bytes
from tests.make_app import client_on
from tests.make_people import key_of
from tests.make_portfolio import TODAY, Parties, make_parties
from tests.marketplace.valuations.test_methods import some_scores

COST = {"type": "cost", "replacement_fen": 40_000_000, "obsolescence_bp": 2_500}


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application."""
    async with client_on(resources) as opened:
        yield opened


def changed(content: bytes, key: str, text: str) -> bytes:
    """The exported file with the last row's cell of this column replaced."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    place = [column.key for column in VALUATIONS.columns].index(key)
    rows[-1][place] = text
    # A report of its own, so that it is not refused for being on record.
    rows[-1][0] += "-2"
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([rows[0], rows[-1]])
    return out.getvalue().encode()


async def test_workings_go_out_and_come_in(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """The same inputs stand at the bank that imports; a value that they do not give is refused in its cell."""
    one, other = (
        await make_parties(resources.pool, now=now),
        await make_parties(resources.pool, now=now),
    )
    maker = await key_of(resources.pool, one.maker, now=now)
    theirs = await key_of(resources.pool, other.maker, now=now)
    await portfolio(client, maker, one)
    right = (await client.get("/v1/assets", headers=maker)).json()["items"][0]
    report = {
        "report_number": "SY-COST-1",
        "asset_ids": [right["id"]],
        "kind": "external",
        "method": "cost",
        "valuer_name": "示例评估机构",
        "base_on": "2026-09-01",
        "value_fen": 30_000_000,
        "valid_to": "2027-09-01",
        "computation": COST,
        "scores": {"version": "2026-11", "scene": "finance", "scores": some_scores().scores},
    }
    sent = maker | {"Idempotency-Key": "v"}
    made = await client.post("/v1/valuations", json=report, headers=sent)
    assert made.status_code == 201, made.text
    out = (await client.get("/v1/exports/portfolio/valuations", headers=maker)).content

    await portfolio(client, theirs, other)
    done = await handed_in(client, theirs, changed(out, "scores", scores_text(out)), "1")
    assert (done["state"], done["findings"]) == ("completed", [])
    items = (await client.get("/v1/valuations", headers=theirs)).json()["items"]
    (found,) = [item for item in items if item["report_number"] == "SY-COST-1-2"]
    assert found["computation"] == made.json()["computation"]
    assert found["scores"] == made.json()["scores"]

    for key, text, code in (
        ("computation", json.dumps(COST | {"obsolescence_bp": 2_000}), "wrong_computation"),
        ("computation", json.dumps({"type": "guess"}), "invalid_json"),
        ("computation", "{", "invalid_json"),
        (
            "scores",
            json.dumps({"version": "x", "scene": "finance", "scores": {}}),
            "invalid_scores",
        ),
    ):
        refused = await handed_in(client, theirs, changed(out, key, text), f"{key}{code}{text}")
        told = [(one["code"], one["cell"][:1]) for one in refused["findings"]]
        assert (code, "K" if key == "computation" else "L") in told, refused


async def test_a_file_of_the_layout_before_is_read(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """A file that ends with an earlier layout's last column is read as it was."""
    parties = await make_parties(resources.pool, now=now)
    maker = await key_of(resources.pool, parties.maker, now=now)
    await portfolio(client, maker, parties)
    out = (await client.get("/v1/exports/portfolio/valuations", headers=maker)).content
    rows = list(csv.reader(io.StringIO(changed(out, "scores", "").decode())))
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([row[:10] for row in rows])
    done = await handed_in(client, maker, text.getvalue().encode(), "o")
    assert (done["state"], done["findings"]) == ("completed", [])


def scores_text(content: bytes) -> str:
    """The scores of the last exported row."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[-1][-1]


async def portfolio(client: httpx.AsyncClient, maker: dict[str, str], parties: Parties) -> None:
    """The sample, entered for a bank."""
    content = portfolio_bytes(today=TODAY, bank_code=parties.code)
    sent = {**maker, "Content-Type": XLSX, "Idempotency-Key": "p"}
    done = await client.post("/v1/imports", content=content, headers=sent)
    assert done.json()["state"] == "completed", done.text


async def handed_in(
    client: httpx.AsyncClient, maker: dict[str, str], content: bytes, key: str
) -> dict[str, Any]:
    """What became of a CSV file."""
    sent = {**maker, "Content-Type": CSV, "Idempotency-Key": str(abs(hash(key)))}
    return dict((await client.post("/v1/imports", content=content, headers=sent)).json())
