"""A loan that may be fictitious (MON-01) is not compensated while its alert is open."""

from uuid import UUID

import pytest

from marketplace.cases.schemas import Case
from marketplace.monitoring import service as monitoring
from marketplace.monitoring.schemas import AlertState, Review, Signal
from tests.make_claims import Office, application, approved, decision, drafted, make_loan


async def alarmed(office: Office, loan: Case, code: str, key: str) -> UUID:
    """An alert about the loan."""
    signal = Signal(
        code=code,
        subject=loan.contract_number,
        key=key,
        message="seen",
        message_zh="发现",
        evidence={"a": "b"},
    )
    async with office.pool.acquire() as conn, conn.transaction():
        alert_id = await monitoring.raise_alert(
            conn, signal, organisation_id=loan.organisation_id, case_id=loan.id, now=office.now
        )
    assert alert_id is not None
    return alert_id


async def closed(office: Office, alert_id: UUID, how: AlertState = AlertState.DISMISSED) -> None:
    """One person reviews it, another dismisses or confirms it."""
    cast = office.cast
    async with office.pool.acquire() as conn, conn.transaction():
        for who, state in (
            (cast.bank_maker, AlertState.UNDER_REVIEW),
            (cast.bank_checker, how),
        ):
            given = Review(state=state, reason="核查")
            await monitoring.review(conn, who, alert_id, given, now=office.now)


async def test_an_application_is_frozen_until_two_people_have_looked(office: Office) -> None:
    """Neither drafted nor sent while MON-01 is open; sent back at any time; both again once it is dismissed."""
    loan, cast = await make_loan(office), office.cast
    first = await alarmed(office, loan, "MON-01", "one")
    refused = await office.post(cast.bank_maker, "/v1/claims", application(office, loan))
    assert (refused.status_code, refused.json()["code"]) == (409, "not_claimable")
    assert "MON-01" in refused.json()["detail"]
    await closed(office, first)
    claim = await drafted(office, loan)
    second = await alarmed(office, loan, "MON-01", "two")
    path = f"/v1/claims/{claim['id']}/approve"
    held = await office.post(cast.bank_checker, path, decision(claim))
    assert (held.status_code, held.json()["code"]) == (409, "not_claimable")
    returned = await office.do(cast.bank_checker, path, decision(claim, approved=False))
    assert returned["status"] == "returned"
    await closed(office, second)
    again = await approved(office, await drafted(office, loan))
    assert again["status"] == "applied"


async def test_a_fraud_that_was_confirmed_is_never_compensated(office: Office) -> None:
    """Confirming MON-01 frees nothing: neither an application nor, being frozen, the loan."""
    loan, cast = await make_loan(office), office.cast
    await closed(office, await alarmed(office, loan, "MON-01", "one"), AlertState.CONFIRMED)
    refused = await office.post(cast.bank_maker, "/v1/claims", application(office, loan))
    assert (refused.status_code, refused.json()["code"]) == (409, "not_claimable")
    shown = await office.read(cast.bank_maker, f"/v1/cases/{loan.id}")
    assert shown["state"] == "frozen"


@pytest.mark.parametrize("code", ["MON-03", "MON-05", "MON-06"])
async def test_other_alerts_freeze_no_application(code: str, office: Office) -> None:
    """What befell the pledgor or the delay is why compensation is asked for; only a doubtful loan is frozen."""
    loan = await make_loan(office)
    await alarmed(office, loan, code, "one")
    assert (await approved(office, await drafted(office, loan)))["status"] == "applied"
