"""Fee statements of licences as pages: every figure of the paper for lender, holder and agency, nothing for others."""

import re
from typing import Any
from uuid import UUID

import httpx

from kit.money import yuan
from marketplace.licences import service
from marketplace.organisations.schemas import Caller
from settlement.paper_tables import tables
from settlement.statement_tables import Fen
from tests.make_claims import Office, approved, drafted, make_loan, reviewed
from tests.marketplace.licences.test_licence_income import terms
from tests.marketplace.licences.test_licence_matching import with_account
from tests.settlement.make_bank import OUR_ACCOUNT

HOSTILE = "<script>alert(1)</script>"
FEE_FEN, PAID_FEN, AGENCY_FEN = 10_000_000, 4_000_001, 600_000


async def running(office: Office) -> dict[str, Any]:
    """A licence whose entry fee is partly paid; its claim is not advanced, so the money waits in escrow."""
    cast = office.cast
    loan = await make_loan(office)
    await reviewed(office, await approved(office, await drafted(office, loan)))
    made = await office.do(cast.bank_maker, "/v1/licences", terms(office, loan.id, title=HOSTILE))
    path = f"/v1/licences/{made['id']}"
    seen = {"content_sha256": made["content_sha256"]}
    await office.do(cast.bank_checker, f"{path}/approve", seen)
    licence = await office.do(cast.bank_maker, f"{path}/entry-fee", {"due_on": "2026-12-01"})
    (fee,) = licence["invoices"]
    credit = {"bank_reference": "R-1", "amount_fen": PAID_FEN, "received_at": office.now}
    return await office.do(cast.venue_operator, f"{path}/invoices/{fee['id']}/receipts", credit)


async def seen(office: Office, caller: Caller, path: str) -> str:
    """A page that must be there, in which text stays text."""
    answer = await office.client.get(path, headers=office.headers_of(caller))
    assert answer.status_code == 200, answer.text
    assert HOSTILE not in answer.text
    return answer.text


async def issued(office: Office, caller: Caller, path: str) -> httpx.Response:
    """A paper, asked for by the page's form."""
    headers = office.headers_of(caller)
    return await office.client.post(path, headers=headers, data={"form_token": ""})


async def test_everybody_of_a_licence_reads_the_same_statement(office: Office) -> None:
    """List and statement show lender, holder, agency and regulator the same figures, the escrow among them."""
    cast = office.cast
    licence = await running(office)
    assert licence["receipts"][0]["state"] == "ESCROWED"
    path = f"/licences/{licence['id']}"
    async with office.pool.acquire() as conn:
        body = await service.statement(conn, cast.bank_maker, UUID(licence["id"]))
    assert (body.due_fen, body.paid_fen) == (FEE_FEN, PAID_FEN)
    assert (body.agency_fen, body.in_escrow_fen) == (AGENCY_FEN, PAID_FEN)
    cells = [cell for table in tables(body) for row in table.rows for cell in row]
    amounts = [cell.amount for cell in cells if isinstance(cell, Fen)]
    names = [body.lender, body.agency]
    papers = set()
    for caller in (cast.bank_checker, cast.venue_operator, cast.agency, cast.regulator):
        listed = await seen(office, caller, "/licences")
        assert f'href="{path}"' in listed
        assert f"¥{yuan(FEE_FEN)}" in listed
        assert f"¥{yuan(PAID_FEN)}" in listed
        text = await seen(office, caller, path)
        assert "许可费结算单" in text
        assert "Licence fee statement" in text
        assert "&lt;script&gt;" in text
        for amount in amounts:
            assert f"¥{yuan(amount)}" in text
        for name in names:
            assert name in text
        papers.add(text.partition("<article")[2].partition("</article>")[0])
    assert len(papers) == 1


async def test_the_page_says_where_and_how_to_pay(office: Office) -> None:
    """Before the holder has an account, to ask; then its account, and each invoice that is owed by its reference."""
    agency = office.cast.agency
    licence = await running(office)
    path = f"/licences/{licence['id']}"
    assert "收款机构尚未登记收款账户" in await seen(office, agency, path)
    await with_account(office)
    (invoice,) = licence["invoices"]
    for reader in (agency, office.cast.bank_maker):
        said = (await seen(office, reader, path)).partition('data-part="pay-into"')[2]
        for part in ("许可费专户", OUR_ACCOUNT, "102100099996", invoice["reference"]):
            assert part in said
        assert f"¥{yuan(FEE_FEN - PAID_FEN)}" in said


async def test_a_statement_is_issued_by_its_forms(office: Office) -> None:
    """For print, as a workbook and as hashed bytes, all of one number; the forms lead to each. Supervisors read."""
    agency = office.cast.agency
    licence = await running(office)
    text = await seen(office, agency, f"/licences/{licence['id']}")
    actions = re.findall(r'action="(/licences/[^"]+)"', text)
    assert [action.rpartition("/")[2] for action in actions] == ["html", "xlsx", "json"]
    answers = [await issued(office, agency, action) for action in actions]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    html, xlsx, document = answers
    number = document.json()["number"]
    assert number.startswith("XK")
    assert number in html.text
    assert xlsx.content.startswith(b"PK")
    assert document.json()["body"]["in_escrow_fen"] == PAID_FEN
    regulator = office.cast.regulator
    assert "/paper/" not in await seen(office, regulator, f"/licences/{licence['id']}")
    assert (await issued(office, regulator, actions[0])).status_code == 403
    wrong = await issued(office, agency, f"/licences/{licence['id']}/paper/pdf")
    assert wrong.status_code == 400


async def test_others_find_no_licence(office: Office) -> None:
    """Another bank and venue find neither line nor page nor paper; funds have no such room; visitors sign in."""
    cast = office.cast
    path = f"/licences/{(await running(office))['id']}"
    for stranger in (cast.other_bank_maker, cast.other_venue_operator):
        assert path not in await seen(office, stranger, "/licences")
        answer = await office.client.get(path, headers=office.headers_of(stranger))
        assert answer.status_code == 404
        assert (await issued(office, stranger, f"{path}/paper/json")).status_code == 404
    fund = office.headers_of(cast.fund_administrator)
    for page in ("/licences", path):
        assert (await office.client.get(page, headers=fund)).status_code == 403
        assert (await office.client.get(page)).status_code == 303


async def test_the_list_is_reached_and_paged(office: Office) -> None:
    """Offers of licences lead to it for those whose room it is; one a page, the second is on the next."""
    cast = office.cast
    loan = await make_loan(office)
    made = [
        await office.do(cast.bank_maker, "/v1/licences", terms(office, loan.id)) for _ in range(2)
    ]
    assert 'href="/licences"' in await seen(office, cast.agency, "/licence-offers")
    assert 'href="/licences"' not in await seen(office, cast.fund_checker, "/licence-offers")
    first = await seen(office, cast.bank_maker, "/licences?limit=1")
    assert f"/licences/{made[0]['id']}" in first
    assert f"/licences/{made[1]['id']}" not in first
    more = re.search(r'href="(/licences\?cursor=[^"]+)"', first)
    assert more is not None
    assert f"/licences/{made[1]['id']}" in await seen(office, cast.bank_maker, more[1])
