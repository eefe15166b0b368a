"""A pledgor signs the licence back to it, and a debtor agrees to a further sale, each with its own account."""

import pytest

from marketplace.organisations.schemas import OrganisationKind, Role
from tests.make_portfolio import BORROWER_CODE
from tests.make_routes import consigned
from tests.make_stage import Person, Stage
from tests.marketplace.people.test_partners import of_kind, page
from tests.marketplace.routes.test_licences import opened
from tests.marketplace.routes.test_scoring import press

REVERSE = {"way": "reverse", "terms": {"rate_bp": 500, "minimum_fen": 1_000_000}}


@pytest.fixture
async def pledgor(stage: Stage) -> Person:
    """The usual borrower, with an account."""
    return await of_kind(stage, OrganisationKind.PLEDGOR, Role.PLEDGOR, BORROWER_CODE)


@pytest.fixture
async def others(stage: Stage) -> list[Person]:
    """Another pledgor, and one whose credit code nobody entered."""
    return [
        await of_kind(stage, OrganisationKind.PLEDGOR, Role.PLEDGOR, code)
        for code in ("91350100M000100Y43", None)
    ]


async def test_a_pledgor_signs_the_licence_back_to_it(
    stage: Stage, pledgor: Person, others: list[Person]
) -> None:
    """Seen on its desk alone, signed as shown and once, by its own hand; then the bank makes it effective."""
    offer = await opened(stage, await consigned(stage), **REVERSE)
    desk = await pledgor.get("/v1/pledgor/desk")
    (licence,) = desk["licences"]
    assert (licence["state"], licence["offer_id"], desk["waiting"]) == ("offered", offer["id"], 1)
    path = f"/pledgor/licences/{licence['id']}/signature"
    agreed = {"sha256": licence["sha256"]}
    for other in others:
        assert (await other.get("/v1/pledgor/desk"))["licences"] == []
        await other.post(f"/v1{path}", agreed, expect=404)
        assert "签署许可" not in await page(other, "/pledgor")
    differs = await pledgor.post(f"/v1{path}", {"sha256": "0" * 64}, expect=409)
    assert differs["code"] == "licence_text_differs"
    assert "签署许可" in await page(pledgor, "/pledgor")
    assert (await press(pledgor, path, **agreed)).status_code == 303
    grant_path = f"/v1/licence-grants/{licence['id']}"
    grant = await stage.bank_maker.get(grant_path)
    assert (grant["state"], grant["signed_by"]) == ("signed", str(pledgor.caller.user_id))
    await pledgor.post(f"/v1{path}", agreed, expect=409)
    await stage.operator.post(f"{grant_path}/pledgor-signature", agreed, expect=409)
    await stage.work()
    assert (await stage.bank_maker.get(f"/v1/licence-offers/{offer['id']}"))["state"] == "filled"
    assert (await stage.bank_checker.post(f"{grant_path}/effect"))["state"] == "effective"
    shown = await page(pledgor, "/pledgor")
    assert "已生效" in shown
    assert "签署许可" not in shown


async def test_another_s_licence_is_not_the_pledgor_s_to_sign(
    stage: Stage, pledgor: Person
) -> None:
    """A licence of its own right to an agency is the agency's to sign."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    named = {"way": "negotiated", "licensee_id": str(agency.caller.organisation_id)}
    await opened(stage, await consigned(stage), **named)
    (grant,) = (await stage.bank_maker.get("/v1/licence-grants"))["items"]
    assert (await pledgor.get("/v1/pledgor/desk"))["licences"] == []
    path = f"/v1/pledgor/licences/{grant['id']}/signature"
    await pledgor.post(path, {"sha256": grant["sha256"]}, expect=404)


async def test_a_debtor_consents_by_the_form(
    stage: Stage, pledgor: Person, others: list[Person]
) -> None:
    """Asked before the lot opens, once; the venue reads the document's hash; nobody else agrees for it."""
    lot = await stage.published(lasts=600, opens_in=600)
    path = f"/pledgor/lots/{lot['id']}/consent"
    (mine,) = (await pledgor.get("/v1/pledgor/desk"))["lots"]
    assert (mine["may_consent"], mine["consent_sha256"]) == (True, None)
    assert path in await page(pledgor, "/pledgor")
    assert (await press(others[0], path, document_sha256="ab" * 32)).status_code == 404
    assert (await press(pledgor, path, document_sha256="AB")).status_code == 400
    assert (await press(pledgor, path, document_sha256="ab" * 32)).status_code == 303
    coverage = await stage.operator.get(f"/v1/lots/{lot['id']}/coverage")
    assert coverage["consent_sha256"] == "ab" * 32
    (mine,) = (await pledgor.get("/v1/pledgor/desk"))["lots"]
    assert (mine["may_consent"], mine["consent_sha256"]) == (False, "ab" * 32)
    shown = await page(pledgor, "/pledgor")
    assert path not in shown
    assert "已同意继续处置" in shown
