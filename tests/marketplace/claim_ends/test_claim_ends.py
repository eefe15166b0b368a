"""What follows a claim, over HTTP: late money, charges, compensation taken back, enrolment, ageing, papers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.app import Resources
from tests.make_claims import (
    CONTRACT,
    SCHEME,
    Office,
    advanced,
    fund_with,
    make_loan,
    open_office,
    pay_out,
)
from tests.make_people import MovableClock


@pytest.fixture
async def office(resources: Resources, now: datetime) -> AsyncIterator[Office]:
    """Everybody at work, with ten million yuan in the special account."""
    async with open_office(resources, now=now) as opened:
        await fund_with(opened)
        yield opened


async def cleared(office: Office, *, recovered_fen: int = 0) -> dict[str, object]:
    """A claim after its final clearing, whatever was queued paid out."""
    cast = office.cast
    claim = await advanced(office, await make_loan(office))
    path = f"/v1/claims/{claim['id']}"
    if recovered_fen:
        receipt = {
            "kind": "receipt",
            "reference": "first",
            "origin": "voluntary",
            "gross_fen": recovered_fen,
        }
        await office.do(cast.bank_maker, f"{path}/recoveries", receipt)
    proposed = await office.do(cast.fund_administrator, f"{path}/final")
    decided = {
        "approved": True,
        "reason": "agreed",
        "final_sha256": proposed["final"]["final_sha256"],
    }
    return await pay_out(
        office, await office.do(cast.fund_checker, f"{path}/final/approve", decided)
    )


async def test_late_money_reopens_the_clearing(office: Office, clock: MovableClock) -> None:
    """A licence fee after the end: version 2, the fund's part asked back by a day, aged when it does not come."""
    cast = office.cast
    claim = await cleared(office)
    path = f"/v1/claims/{claim['id']}"
    late = {"kind": "receipt", "reference": "late", "origin": "licence", "gross_fen": 10_000_000}
    for _ in range(2):
        after = await office.do(cast.bank_maker, f"{path}/recoveries", late)
    assert after["status"] == "cleared"
    end = await office.read(cast.fund_checker, f"{path}/end")
    assert [one["version"] for one in end["clearings"]] == [1, 2]
    back = next(row for row in end["settlements"] if row["amount_fen"] < 0)
    assert (back["amount_fen"], back["due_on"]) == (-4_000_000, "2026-11-16")
    clock.now = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    ageing = await office.read(cast.fund_administrator, f"/v1/funds/{cast.fund_id}/ageing")
    assert ageing["buckets"]["1-30"] == 4_000_000
    assert ageing["items"][0]["days_late"] == 14
    returned = {
        "fund_party": "fund", "party": "bank", "amount_fen": 4_000_000, "bank_reference": "back",
    }  # fmt: skip
    done = await office.do(cast.fund_administrator, f"{path}/returns", returned)
    assert done["status"] == "closed"


async def test_fraud_is_taken_back_by_two_people(office: Office) -> None:
    """Proposed by the administrator, decided by the checker; the charge is paid once; others see nothing."""
    cast = office.cast
    claim = await advanced(office, await make_loan(office))
    path = f"/v1/claims/{claim['id']}"
    fraud = {"reason": "the contract was made up", "evidence_sha256": "ab" * 32}
    assert (await office.post(cast.bank_maker, f"{path}/clawback", fraud)).status_code == 403
    assert (
        await office.post(cast.other_fund_administrator, f"{path}/clawback", fraud)
    ).status_code == 404
    await office.do(cast.fund_administrator, f"{path}/clawback", fraud)
    end = await office.do(cast.fund_checker, f"{path}/clawback/approve")
    assert end["state"] == "CLAWED_BACK"
    (charge,) = end["charges"]
    assert charge["amount_fen"] == 97_530_864
    paid = {"amount_fen": charge["amount_fen"], "bank_reference": "back-1"}
    for _ in range(2):
        end = await office.do(cast.fund_administrator, f"{path}/charges/{charge['id']}", paid)
    assert end["charges"][0]["bank_reference"] == "back-1"
    fund = await office.read(cast.fund_administrator, f"/v1/funds/{cast.fund_id}")
    assert fund["balance_fen"] == 1_000_000_000
    assert (
        await office.count("SELECT count(*) FROM market.audit_entries WHERE action = 'charge_paid'")
        == 1
    )


async def test_a_claim_has_its_papers(office: Office) -> None:
    """申请书, 审核表 and 追偿进展表 in three forms; another bank gets none."""
    cast = office.cast
    claim = await advanced(office, await make_loan(office))
    for kind in ("application", "review"):
        path = f"/v1/claims/{claim['id']}/papers/{kind}"
        for form, start in (("json", b"{"), ("xlsx", b"PK"), ("html", b"<!doctype")):
            answer = await office.post(cast.fund_checker, f"{path}?form={form}")
            assert answer.status_code == 200, answer.text
            assert answer.content.startswith(start)
        assert (await office.post(cast.other_bank_maker, path)).status_code == 404
    progress = await office.post(cast.fund_administrator, "/v1/progress/2026Q4?form=html")
    assert "追偿进展表" in progress.text
    assert (await office.post(cast.fund_administrator, "/v1/progress/now")).status_code == 400


async def test_a_sound_loan_is_enrolled_by_two(office: Office) -> None:
    """Filed by the maker, accepted by the checker; the same again is the same; another bank does not see it."""
    cast = office.cast
    filed = {
        "scheme_id": SCHEME, "scheme_version": 2, "contract_number": "HT-9", "contract_sha256": CONTRACT,
        "borrower_code": "91350100M000100Y43", "principal_fen": 5, "granted_on": "2026-01-01",
        "due_on": str((office.now + timedelta(days=300)).date()),
    }  # fmt: skip
    made = await office.do(cast.bank_maker, "/v1/enrolments", filed)
    assert await office.do(cast.bank_maker, "/v1/enrolments", filed) == made
    path = f"/v1/enrolments/{made['id']}"
    decided = {"accepted": True, "reason": "complete"}
    done = await office.do(cast.bank_checker, f"{path}/decide", decided)
    assert done["state"] == "ACCEPTED"
    assert (await office.get(cast.other_bank_maker, path)).status_code == 404
    assert (await office.get(cast.regulator, path)).status_code == 200
    changed = await office.post(cast.bank_maker, "/v1/enrolments", filed | {"principal_fen": 6})
    assert (changed.status_code, changed.json()["code"]) == (409, "already_enrolled")
