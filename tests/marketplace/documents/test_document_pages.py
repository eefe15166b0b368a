"""Papers by forms: a bank adds what proves a loan's default, the venue what its data room shows. Source: domain 7."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import redis.asyncio

from kit.embedded import Valkey
from marketplace.documents.schemas import DocumentKind, Subject
from marketplace.documents.words import KINDS, SUBJECTS
from marketplace.organisations.schemas import Role
from tests.make_stage import Person, Stage, open_stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
FORM = {"kind": "loan_contract", "title": "借款合同", "visibility": "internal"}


@pytest.fixture
async def stage(
    database_url: str, valkey: Valkey, engine_redis: redis.asyncio.Redis, tmp_path: Path
) -> AsyncIterator[Stage]:
    """Application, engine and people."""
    async with open_stage(database_url, valkey.url, tmp_path) as opened:
        yield opened


async def send(person: Person, path: str, content: bytes | None, **fields: str) -> httpx.Response:
    """A form with a file, as a browser sends it."""
    files: dict[str, Any] = {"file": ("合同.pdf", content, "application/pdf")} if content else {}
    return await person.client.post(
        path,
        headers=person.headers | {"Accept": "text/html"},
        data={"form_token": "", **fields},
        files=files or {"none": ("", b"")},
    )


def test_everything_has_words() -> None:
    """Each kind of paper, and each thing that it may be about."""
    assert set(KINDS) == set(DocumentKind)
    assert set(SUBJECTS) == set(Subject)


async def test_a_bank_adds_papers_to_a_loan_by_the_form(stage: Stage) -> None:
    """Added, refused by content, a second version, opened to bidders, withdrawn; read by its people and supervisors."""
    await stage.draft()
    case_id = await stage.pool.fetchval("SELECT id FROM market.loan_cases LIMIT 1")
    path = f"/documents/case/{case_id}"
    file = await page(stage.bank_maker, f"/ledger/{case_id}")
    assert path in file
    assert file.count('data-missing="') == 4
    assert (await send(stage.bank_maker, path, PDF, **FORM)).status_code == 303
    assert 'data-missing="loan_contract"' not in await page(
        stage.bank_checker, f"/ledger/{case_id}"
    )
    acting = PDF.replace(b"/Type", b"/Launch/Type")
    refused = await send(stage.bank_maker, path, acting, **FORM | {"title": "会动的文件"})
    assert refused.status_code == 422
    assert "会动的文件" in refused.text
    assert (await send(stage.bank_maker, path, None, **FORM)).status_code == 400
    assert (await send(stage.bank_maker, path, PDF, **FORM | {"kind": "novel"})).status_code == 400
    shown = await page(stage.bank_checker, path)
    assert shown.count("<td data-name>") == 1
    assert 'enctype="multipart/form-data"' not in shown
    (one,) = await stage.bank_maker.get(f"/v1/documents/about/{case_id}")
    at = f"/documents/{one['id']}"
    assert (await send(stage.bank_maker, f"{at}/versions", PDF + b"%2\n%%EOF\n")).status_code == 303
    wanted = {"version": str(one["version"]), "title": one["title"], "kind": one["kind"]}
    said = wanted | {"visibility": "registered", "is_withdrawn": "true"}
    assert (await press(stage.bank_maker, f"{at}/changes", **said)).status_code == 303
    assert (await press(stage.bank_maker, f"{at}/changes", **said)).status_code in (409, 412)
    shown = await page(stage.bank_maker, path)
    assert f"/v1{at}/versions/2/content" in shown
    assert "已撤下" in shown
    assert 'data-missing="loan_contract"' in await page(stage.bank_maker, f"/ledger/{case_id}")
    assert "借款合同" in await page(await stage.person(Role.AUDITOR), path)
    await others_find_nothing(stage, path, at)


async def others_find_nothing(stage: Stage, path: str, at: str) -> None:
    """Another bank, the venue, and whoever has no part in papers."""
    other = await stage.person(Role.BANK_MAKER)
    await page(other, path, expect=404)
    await page(stage.operator, path, expect=404)
    await page(await stage.person(Role.AGENCY_BIDDER), path, expect=403)
    assert (await send(other, path, PDF, **FORM)).status_code == 404
    assert (await send(other, f"{at}/versions", PDF)).status_code == 404
    assert (await send(stage.bank_checker, path, PDF, **FORM)).status_code == 403
    await page(stage.bank_maker, path.replace("/case/", "/novel/"), expect=404)
    assert await stage.pool.fetchval("SELECT count(*) FROM market.documents") == 1


async def test_a_venue_reads_the_banks_papers_on_the_consignment(stage: Stage) -> None:
    """A loan's inside paper stands on the page of its consignment, for the venue to look through (domain 7)."""
    await stage.draft()
    row = await stage.pool.fetchrow("SELECT id, case_id FROM market.consignments LIMIT 1")
    assert row is not None
    assert (
        await send(stage.bank_maker, f"/documents/case/{row['case_id']}", PDF, **FORM)
    ).status_code == 303
    path = f"/consignments/{row['id']}"
    shown = await page(stage.operator, path)
    assert "借款合同" in shown
    assert f"/v1{path}/documents/" in shown
    assert f"/v1{path}/documents/" not in await page(stage.bank_maker, path)


async def test_a_venue_fills_its_data_room_by_the_form(stage: Stage) -> None:
    """What the venue adds to its lot is read in the data room once the notice is out."""
    lot = await stage.published()
    path = f"/documents/lot/{lot['id']}"
    sent = await send(stage.operator, path, PDF, **FORM | {"visibility": "public", "title": "图纸"})
    assert sent.status_code == 303, sent.text
    assert "图纸" in await page(stage.anyone, f"/lots/{lot['id']}/data-room")
    asset_id = await stage.pool.fetchval(
        "SELECT asset_id FROM market.lot_assets WHERE lot_id = $1", UUID(lot["id"])
    )
    right = f"/rights/{asset_id}"
    assert f"/documents/asset/{asset_id}" in await page(stage.bank_maker, right)
    assert f"/documents/asset/{asset_id}" not in await page(stage.operator, right)


async def test_secrecy_terms_are_published_by_the_form(stage: Stage) -> None:
    """On the page of a lot's papers, to which its data room leads the venue and nobody else."""
    lot = await stage.published()
    room = f"/lots/{lot['id']}/data-room"
    papers = f"/documents/lot/{lot['id']}"
    assert papers in await page(stage.operator, room)
    for person in (stage.anyone, stage.bank_maker, await stage.person(Role.VENUE_OPERATOR)):
        assert papers not in await page(person, room)
    assert f"{room}/terms" in await page(stage.operator, papers)
    terms = {"text_zh": "密" * 2_000, "text_en": "Not to be told."}
    stranger = await stage.person(Role.VENUE_OPERATOR)
    assert (await press(stranger, f"{room}/terms", **terms)).status_code == 404
    assert (await press(stage.operator, f"{room}/terms", text_zh="")).status_code == 400
    assert (await press(stage.operator, f"{room}/terms", **terms)).status_code == 303
    assert "Not to be told." in await page(stage.anyone, room)
