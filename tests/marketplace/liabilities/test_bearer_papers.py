"""Payout notices (代偿通知) and recovery advices (追偿分配通知): what they say, in which forms, and to whom."""

import hashlib
from io import BytesIO

import msgspec
import pytest
from openpyxl import load_workbook

from kit.reach import Scope, enter
from marketplace.app import Resources
from marketplace.organisations.schemas import Authority, OrganisationKind, Role
from tests.make_bearers import (
    BORNE_FEN,
    CEDED_FEN,
    Shared,
    advanced,
    answered,
    make_house,
    paid,
    payout,
)
from tests.make_claims import Office
from tests.make_people import key_of, make_caller, make_organisation


@pytest.fixture
async def settled(office: Office, shared: Shared) -> Shared:
    """Both houses confirmed and paid, and something was recovered."""
    await advanced(office, shared)
    await answered(office, shared.guarantor, shared.of_guarantor)
    await answered(office, shared.reguarantor, shared.of_reguarantor)
    await paid(office, shared.guarantor, shared.of_guarantor, payout("bank", BORNE_FEN, "=1+1"))
    ceded = payout("guarantor", CEDED_FEN, "ZDB-7")
    await paid(office, shared.reguarantor, shared.of_reguarantor, ceded)
    receipt = {"kind": "receipt", "reference": "r-1", "origin": "licence", "gross_fen": 200_000_000}
    await office.do(office.cast.bank_maker, f"/v1/claims/{shared.claim['id']}/recoveries", receipt)
    return shared


async def test_the_notice_says_what_is_owed_from_the_first_day_on(
    office: Office, shared: Shared
) -> None:
    """Before any answer it asks for it; each step since makes the next version, and nothing makes none."""
    path = f"/v1/liabilities/{shared.of_guarantor}"
    print_it = f"{path}/papers/payout_notice"
    first = await office.do(office.cast.bank_maker, print_it)
    body = first["body"]
    assert (first["title_zh"], first["version"], body["state"]) == ("代偿通知", 1, "notified")
    assert (body["paid_fen"], body["unpaid_fen"], body["answer_sha256"]) == (0, BORNE_FEN, "")
    assert body["owed"][0]["amount_fen"] == BORNE_FEN
    assert (body["ceded"][0]["to"], body["ceded"][0]["amount_fen"]) == ("reguarantor", CEDED_FEN)
    assert await office.do(shared.guarantor.maker, print_it) == first
    one = await answered(office, shared.guarantor, shared.of_guarantor)
    second = await office.do(shared.guarantor.maker, print_it)
    assert (second["version"], second["body"]["agreement"]) == (2, "DB-2024-17")
    assert second["body"]["answer_sha256"] == one["answer_sha256"]
    await advanced(office, shared)
    await paid(office, shared.guarantor, shared.of_guarantor, payout("bank", BORNE_FEN))
    third = await office.do(shared.guarantor.checker, print_it)
    assert (third["version"], third["body"]["unpaid_fen"]) == (3, 0)
    assert third["body"]["owed"][0]["bank_reference"] == "DF-1"


async def test_the_papers_in_every_form(office: Office, settled: Shared) -> None:
    """JSON as hashed, a workbook whose text is text, a page in both languages that loads nothing."""
    path = f"/v1/liabilities/{settled.of_guarantor}/papers"
    for kind, title in (("payout_notice", "代偿通知"), ("recovery_advice", "追偿分配通知")):
        plain = await office.post(settled.guarantor.maker, f"{path}/{kind}")
        sha256 = hashlib.sha256(plain.content).hexdigest()
        assert plain.headers["ETag"] == f'"{sha256}-json"'
        page = await office.post(settled.guarantor.maker, f"{path}/{kind}?form=html")
        assert title in page.text
        assert sha256 in page.text
        assert "担保机构" in page.text
        assert "src=" not in page.text
        sheet = await office.post(settled.guarantor.maker, f"{path}/{kind}?form=xlsx")
        book = load_workbook(BytesIO(sheet.content))
        cells = [
            cell for one in book.worksheets for row in one.iter_rows() for cell in row if cell.value
        ]
        assert not [cell.value for cell in cells if cell.data_type == "f"]
        if kind == "payout_notice":
            assert [cell for cell in cells if cell.value == "=1+1"]
    advice = await office.do(settled.guarantor.maker, f"{path}/recovery_advice")
    assert (advice["body"]["share_fen"], advice["body"]["paid_fen"]) == (67_200_000, BORNE_FEN)
    reguarantor = await office.do(
        settled.reguarantor.maker, f"/v1/liabilities/{settled.of_reguarantor}/papers/payout_notice"
    )
    assert reguarantor["body"]["owed"][0]["why"] == "ceded"
    notice = await office.do(settled.guarantor.maker, f"{path}/payout_notice")
    assert notice["body"]["ceded"][0]["bank_reference"] == "ZDB-7"


async def test_who_reads_the_papers(office: Office, settled: Shared) -> None:
    """The party, its bank, regulators of money and auditors; neither funds nor the other house, nor strangers."""
    region = await make_organisation(
        office.pool, OrganisationKind.REGULATOR, now=office.now, authority=Authority.SME
    )
    sme = await make_caller(office.pool, Role.REGULATOR, now=office.now, organisation_id=region)
    office.admit(sme, await key_of(office.pool, sme, now=office.now))
    strange = await make_house(office, OrganisationKind.GUARANTOR)
    for kind in ("payout_notice", "recovery_advice"):
        path = f"/v1/liabilities/{settled.of_guarantor}/papers/{kind}"
        for caller, status in (
            (settled.guarantor.maker, 200),
            (settled.guarantor.checker, 200),
            (office.cast.bank_maker, 200),
            (office.cast.bank_checker, 200),
            (office.cast.regulator, 200),
            (office.cast.auditor, 200),
            (settled.reguarantor.maker, 404),
            (office.cast.other_bank_maker, 404),
            (strange.maker, 404),
            (office.cast.fund_administrator, 403),
            (office.cast.venue_operator, 403),
            (sme, 403),
        ):
            answer = await office.post(caller, path)
            assert answer.status_code == status, (kind, caller.roles, answer.text)


async def test_the_policies_show_papers_and_payouts_to_whose_they_are(
    office: Office, settled: Shared, resources: Resources
) -> None:
    """A query without any condition: the party and its bank see the papers; all of the case see the payouts."""
    for liability in (settled.of_guarantor, settled.of_reguarantor):
        for kind in ("payout_notice", "recovery_advice"):
            await office.do(office.cast.bank_maker, f"/v1/liabilities/{liability}/papers/{kind}")
    strange = await make_house(office, OrganisationKind.REGUARANTOR)
    async with resources.requests.acquire() as conn:
        for caller, papers, payouts in (
            (settled.guarantor.maker, 2, 2),
            (settled.reguarantor.maker, 2, 2),
            (office.cast.bank_maker, 4, 2),
            (office.cast.fund_administrator, 0, 2),
            (office.cast.other_bank_maker, 0, 0),
            (strange.maker, 0, 0),
        ):
            whose = (str(caller.organisation_id), str(caller.organisation_kind))
            await enter(conn, Scope.ORGANISATION, *whose)
            seen = await conn.fetchrow(
                "SELECT (SELECT count(*) FROM settlement.papers), (SELECT count(*) FROM settlement.liability_payouts)"
            )
            assert tuple(seen) == (papers, payouts), caller.roles


async def test_no_recovery_yet_is_an_advice_of_nothing(office: Office, shared: Shared) -> None:
    """Who has paid is told so from the first day on; an advice without recoveries shares nothing."""
    await advanced(office, shared)
    await answered(office, shared.guarantor, shared.of_guarantor)
    path = f"/v1/liabilities/{shared.of_guarantor}/papers/recovery_advice"
    refused = await office.post(shared.guarantor.maker, path)
    assert (refused.status_code, refused.json()["code"]) == (409, "liability_not_paid")
    await paid(office, shared.guarantor, shared.of_guarantor, payout("bank", BORNE_FEN))
    advice = await office.do(shared.guarantor.maker, path)
    assert (advice["body"]["rows"], advice["body"]["share_fen"]) == ([], 0)
    assert msgspec.json.decode(msgspec.json.encode(advice))["body"]["kind"] == "recovery_advice"
