"""The portfolio's routes and commands, from file to report."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from marketplace.app import Resources, create_app
from marketplace.assets.http import routes as asset_routes
from marketplace.cases.http import routes as case_routes
from marketplace.commands.import_ import command as import_command
from marketplace.commands.template import command as template_command
from marketplace.consignments.http import routes as consignment_routes
from marketplace.imports.http import XLSX, routes
from marketplace.imports.layout import SHEETS
from marketplace.imports.sample import PLANTED, portfolio_bytes, portfolio_with_errors_bytes
from marketplace.pledges.http import routes as pledge_routes
from marketplace.valuations.http import routes as valuation_routes
from tests.make_people import client_of, key_of
from tests.make_portfolio import TODAY, Parties, make_parties

ALL = [*routes, *case_routes, *asset_routes, *pledge_routes, *valuation_routes, *consignment_routes]


@pytest.fixture
async def parties(resources: Resources, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(resources.pool, now=now)


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the portfolio's routes."""
    async with client_of(create_app(resources, routes=ALL)) as opened:
        yield opened


async def test_from_file_to_accepted_consignment(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """Over HTTP alone: import, look at what was entered, consign, approve, accept."""
    maker, checker, venue = [
        await key_of(resources.pool, caller, now=now)
        for caller in (parties.maker, parties.checker, parties.venue)
    ]
    content = portfolio_bytes(today=TODAY, bank_code=parties.code)
    sent = {**maker, "Content-Type": XLSX, "Idempotency-Key": "i1"}
    done = await client.post("/v1/imports", content=content, headers=sent)
    assert (done.status_code, done.json()["state"]) == (201, "completed")
    again = await client.post(
        "/v1/imports", content=content, headers={**sent, "Idempotency-Key": "i2"}
    )
    assert (again.status_code, again.json()["is_repeat"]) == (200, True)
    [case] = (await client.get("/v1/cases", headers=maker)).json()["items"]
    rights = (await client.get("/v1/assets", headers=maker)).json()["items"]
    assert len((await client.get("/v1/pledges", headers=maker)).json()["items"]) == 2
    assert len((await client.get("/v1/valuations", headers=maker)).json()["items"]) == 2
    terms = {
        "title": "示例专利组合",
        "venue_id": str(parties.venue.organisation_id),
        "case_id": case["id"],
        "asset_ids": [right["id"] for right in rights],
        "regime": "commercial_auction",
        "route": "auction_timed",
        "authority": "pledge_contract_self_sale",
        "authority_document": "质押合同第12条",
        "start_price_fen": 160_000_000,
        "reserve_price_fen": 200_000_000,
        "deposit_fen": 16_000_000,
        "commission_bp": 200,
        "closing_on": "2026-12-15",
        "has_bundle_statement": True,
    }
    made = await client.post(
        "/v1/consignments", json=terms, headers={**maker, "Idempotency-Key": "c1"}
    )
    assert made.status_code == 201, made.text
    path = f"/v1/consignments/{made.json()['id']}"
    assert (await client.get(path, headers=venue)).status_code == 404
    changed = await client.put(
        path, json=terms | {"title": "改"}, headers={**maker, "If-Match": made.headers["etag"]}
    )
    assert changed.status_code == 200, changed.text
    for step, who in (("submission", maker), ("approval", checker), ("acceptance", venue)):
        moved = await client.post(f"{path}/{step}", headers={**who, "Idempotency-Key": step})
        assert moved.status_code == 200, moved.text
    assert moved.json()["state"] == "accepted"
    assert (await client.get(f"{path}/eligibility", headers=venue)).json() == []
    late = await client.post(f"{path}/submission", headers={**maker, "Idempotency-Key": "late"})
    assert (late.status_code, late.json()["code"]) == (409, "illegal_state")
    assert (await client.get(f"/v1/cases/{case['id']}", headers=venue)).status_code == 200


async def test_a_wrong_file_comes_back_with_its_report(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """Findings come as JSON and as a marked workbook; a form upload does as well as a plain body."""
    maker = await key_of(resources.pool, parties.maker, now=now)
    content = portfolio_with_errors_bytes(today=TODAY)
    sent = {**maker, "Idempotency-Key": "i1"}
    done = await client.post(
        "/v1/imports", files={"file": ("甲.xlsx", content, XLSX)}, headers=sent
    )
    assert (done.status_code, done.json()["state"]) == (201, "refused"), done.text
    assert {f["address"] for f in done.json()["findings"]} >= set(PLANTED)
    assert (await client.get(done.headers["location"], headers=maker)).json() == done.json()
    report = await client.get(f"{done.headers['location']}/report.xlsx", headers=maker)
    assert report.headers["content-type"] == XLSX
    assert "贷款" in load_workbook(io.BytesIO(report.content)).sheetnames
    assert [
        row["id"] for row in (await client.get("/v1/imports", headers=maker)).json()["items"]
    ] == [done.json()["id"]]


async def test_what_is_no_workbook_is_refused(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """Another type of body is 415, a file that is no workbook 422, and only the bank's maker may send one."""
    maker, checker = [
        await key_of(resources.pool, c, now=now) for c in (parties.maker, parties.checker)
    ]
    wrong = await client.post("/v1/imports", json={}, headers={**maker, "Idempotency-Key": "1"})
    assert wrong.status_code == 415
    sent = {"Content-Type": XLSX, "Idempotency-Key": "2"}
    hostile = await client.post("/v1/imports", content=b"PK", headers={**maker, **sent})
    assert (hostile.status_code, hostile.json()["code"]) == (422, "import_file_refused")
    assert (
        await client.post("/v1/imports", content=b"PK", headers={**checker, **sent})
    ).status_code == 403
    form = {**maker, "Idempotency-Key": "3"}
    unnamed = await client.post("/v1/imports", files={"other": ("a", b"PK")}, headers=form)
    assert (unnamed.status_code, unnamed.json()["field"]) == (400, "file")


async def test_the_template_downloads(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """The template comes with all sheets."""
    maker = await key_of(resources.pool, parties.maker, now=now)
    got = await client.get("/v1/templates/portfolio.xlsx", headers=maker)
    assert load_workbook(io.BytesIO(got.content)).sheetnames[:4] == [
        sheet.title for sheet in SHEETS
    ]


def test_the_command_writes_the_template_once(tmp_path: Path) -> None:
    """Chinese headers with English beside them, lists to choose from; an existing file is not overwritten."""
    out = tmp_path / "t.xlsx"
    assert CliRunner().invoke(template_command, ["portfolio", str(out)]).exit_code == 0
    page = load_workbook(out)["贷款"]
    assert page["A1"].value == "合同编号\nContract no."
    assert page["C5"].number_format == "@"
    assert any(rule.type == "list" for rule in page.data_validations.dataValidation)
    assert CliRunner().invoke(template_command, ["portfolio", str(out)]).exit_code == 2
    assert CliRunner().invoke(template_command, ["portfolio", str(out), "--force"]).exit_code == 0
    assert (
        CliRunner()
        .invoke(template_command, ["portfolio", str(tmp_path / "no" / "t.xlsx")])
        .exit_code
        == 2
    )


async def test_the_command_imports_and_reports(
    database_url: str, resources: Resources, parties: Parties, tmp_path: Path
) -> None:
    """0 for a right file, also the second time; 1 with every finding and a marked workbook; 2 for no workbook."""
    (tmp_path / "right.xlsx").write_bytes(portfolio_bytes(today=TODAY))
    (tmp_path / "wrong.xlsx").write_bytes(portfolio_with_errors_bytes(today=TODAY))
    (tmp_path / "other.xlsx").write_bytes(b"no workbook")
    name = await resources.pool.fetchval(
        "SELECT username FROM market.users WHERE id = $1", parties.maker.user_id
    )

    async def run(*arguments: str) -> tuple[int, str]:
        given = ["--database-url", database_url, "--as", name, *arguments]
        done = await asyncio.to_thread(CliRunner().invoke, import_command, given)
        return done.exit_code, done.output

    assert (await run(str(tmp_path / "right.xlsx")))[0] == 0
    code, said = await run(str(tmp_path / "right.xlsx"))
    assert (code, "imported before" in said) == (0, True)
    code, said = await run(str(tmp_path / "wrong.xlsx"), "--marked", str(tmp_path))
    assert code == 1
    assert all(address in said for address in PLANTED)
    assert (tmp_path / "wrong-marked.xlsx").exists()
    assert (await run(str(tmp_path / "wrong.xlsx"), "--json"))[1].lstrip().startswith("[")
    assert (await run(str(tmp_path / "other.xlsx")))[0] == 2
