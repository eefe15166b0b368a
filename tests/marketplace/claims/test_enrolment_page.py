"""A bank enrols a sound loan by the form, and another of its people agrees. Source: domain 5.2, 7."""

from datetime import timedelta
from hashlib import sha256

import httpx

from marketplace.organisations.schemas import Caller
from tests.make_claims import SCHEME, Office
from tests.marketplace.claims.test_application_page import press

PATH = "/enrolments"


async def send(office: Office, caller: Caller, file: bytes, **fields: str) -> httpx.Response:
    """The form of a new one, with its contract."""
    headers = office.headers_of(caller) | {"Accept": "text/html"}
    fields["form_token"] = ""
    return await office.client.post(PATH, headers=headers, data=fields, files={"contract": file})


async def test_a_loan_is_enrolled_by_the_form(office: Office) -> None:
    """What is wrong is said at its field; the checker, not the maker, agrees; others see nothing of it."""
    cast = office.cast
    form = {
        "scheme": f"{SCHEME} 2", "contract_number": "HT-2026-9", "borrower_code": "91350100M000100Y43",
        "principal": "2,000,000.05", "granted_on": "2026-01-01",
        "due_on": str((office.now + timedelta(days=300)).date()),
    }  # fmt: skip
    for name, wrong in (("scheme", ""), ("principal", "much"), ("due_on", "2026-01-02")):
        answer = await send(office, cast.bank_maker, b"contract", **form | {name: wrong})
        assert answer.status_code == 400
        assert f'id="e-{name}"' in answer.text, (name, answer.text)
        assert "HT-2026-9" in answer.text
    answer = await send(office, cast.bank_maker, b"", **form)
    assert answer.status_code == 400
    assert 'id="e-contract"' in answer.text
    assert (await send(office, cast.bank_checker, b"contract", **form)).status_code == 403
    assert (await send(office, cast.bank_maker, b"contract", **form)).status_code == 303
    [filed] = (await office.read(cast.bank_maker, "/v1/enrolments"))["items"]
    assert filed["principal_fen"] == 200_000_005
    assert filed["contract_sha256"] == sha256(b"contract").hexdigest()
    decision = f"{PATH}/{filed['id']}/decision"
    assert "待复核" in (await office.get(cast.bank_maker, PATH)).text
    assert decision not in (await office.get(cast.bank_maker, PATH)).text
    assert decision in (await office.get(cast.bank_checker, PATH)).text
    word = {"accepted": "true", "reason": "complete 齐备"}
    assert (await press(office, cast.bank_maker, decision, **word)).status_code == 403
    assert (await press(office, cast.other_bank_maker, decision, **word)).status_code in (403, 404)
    assert (await press(office, cast.bank_checker, decision, **word)).status_code == 303
    for reader in (cast.bank_checker, cast.regulator):
        shown = (await office.get(reader, PATH)).text
        assert "HT-2026-9" in shown
        assert "已备案" in shown
    for stranger in (cast.other_bank_maker, cast.fund_administrator):
        assert (await office.read(stranger, "/v1/enrolments"))["items"] == []
        assert "HT-2026-9" not in (await office.get(stranger, PATH)).text
    assert PATH in (await office.get(cast.bank_maker, "/claims")).text
