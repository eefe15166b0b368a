"""A bank applies for compensation by the form on its loan. Source: domain 5, 7."""

import httpx

from marketplace.documents import service as documents
from marketplace.documents.schemas import DocumentKind, NewDocument, Subject, Visibility
from marketplace.organisations.schemas import Caller
from tests.make_claims import SCHEME, Office, fund_with, make_loan


async def press(office: Office, caller: Caller, path: str, **fields: str) -> httpx.Response:
    """Send a form of a page."""
    headers = office.headers_of(caller) | {"Accept": "text/html"}
    return await office.client.post(path, headers=headers, data={"form_token": "", **fields})


async def test_a_claim_is_drafted_by_the_form(office: Office) -> None:
    """The scheme, who stands behind its parties, the contract among the loan's papers; what is wrong at its field."""
    await fund_with(office)
    loan, cast = await make_loan(office), office.cast
    path = f"/claims/new?case={loan.id}"
    assert path in (await office.get(cast.bank_maker, f"/ledger/{loan.id}")).text
    assert path not in (await office.get(cast.bank_checker, f"/ledger/{loan.id}")).text
    key = f"{SCHEME} 2"
    assert f'value="{key}"' in (await office.get(cast.bank_maker, path)).text
    asked = (await office.get(cast.bank_maker, f"{path}&scheme={key}")).text
    assert str(cast.fund_id) in asked
    paper = NewDocument(
        subject=Subject.CASE, subject_id=loan.id, kind=DocumentKind.LOAN_CONTRACT,
        title="借款合同正本", visibility=Visibility.INTERNAL,
    )  # fmt: skip
    async with office.pool.acquire() as conn, conn.transaction():
        made = await documents.register(conn, cast.bank_maker, paper, now=office.now)
        made = await documents.add_version(
            conn, cast.bank_maker, made.id, b"contract", media_type="text/plain",
            given_name="c.txt", now=office.now,
        )  # fmt: skip
    sha256 = made.versions[-1].sha256
    assert sha256 in (await office.get(cast.bank_maker, f"{path}&scheme={key}")).text
    form = {"scheme": key, "party_fund": str(cast.fund_id), "contract_sha256": sha256}
    form |= {"evidence": sha256, "received": ""}
    for name, wrong in (
        ("party_fund", ""),
        ("contract_sha256", "12"),
        ("received", "some"),
        ("scheme", "none 1"),
    ):
        answer = await press(office, cast.bank_maker, path, **form | {name: wrong})
        assert answer.status_code == 400
        assert f'id="e-{name}"' in answer.text, (name, answer.text)
    stranger = await press(office, cast.other_bank_maker, path, **form)
    assert stranger.status_code == 404
    done = await press(office, cast.bank_maker, path, **form)
    assert done.status_code == 303, done.text
    claim = await office.read(cast.bank_checker, f"/v1{done.headers['location']}")
    assert claim["application"]["contract_sha256"] == sha256
    assert [one["name"] for one in claim["application"]["evidence"]] == ["借款合同正本"]
    assert (await press(office, cast.bank_checker, path, **form)).status_code == 403
    listed = (await office.get(cast.bank_checker, "/claims")).text
    assert loan.contract_number in listed
