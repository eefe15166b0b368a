"""What an agency owes of a period is paid by its day: called to mind before, and told when the day passes."""

from typing import Any
from uuid import uuid4

from kit.clock import CHINA, system_clock
from marketplace.mandates.rules import periods
from marketplace.mandates.schemas import MandateTerms
from marketplace.organisations.schemas import Role
from settlement.checks import check_ledger
from tests.make_routes import consigned
from tests.make_stage import Person, Stage
from tests.marketplace.banking.test_banking_sale import credit, registered_account, statement
from tests.marketplace.routes.test_licences import heard, pass_by
from tests.settlement.make_bank import OUR_ACCOUNT


async def agreed(stage: Stage, agency: Person) -> dict[str, Any]:
    """A mandate of two quarters that the agency agreed to; it reports in 15 days and pays in 10 more."""
    consignment = await consigned(stage)
    terms = {
        "agency_id": str(agency.caller.organisation_id),
        "term_months": 6,
        "report_every_months": 3,
        "pay_within_days": 10,
        "agency_bp": 2_000,
        "powers": "propose licences 提出许可方案",
        "reversion": "after a late payment 逾期付款可收回",
    }
    body = {"consignment_id": consignment["id"], "mandate": terms}
    made = await stage.bank_maker.post("/v1/mandates", body)
    path, shown = f"/v1/mandates/{made['id']}", {"sha256": made["sha256"]}
    await stage.bank_checker.post(f"{path}/approve", shown)
    return dict(await agency.post(f"{path}/answer", shown))


async def told(stage: Stage, agency: Person) -> list[tuple[bool, int | None]]:
    """What the agency heard of its payments: whether it is late, and what is owed."""
    await stage.work()
    items = (await agency.get("/v1/changes?limit=500"))["items"]
    return [
        (one["data"]["is_late"], one["data"]["owed_fen"])
        for one in items
        if one["kind"] == "agency_payment_due"
    ]


async def test_payment_is_called_to_mind_and_then_late(stage: Stage) -> None:
    """Paid in part, agency and bank hear of the rest before its day and once it is over; it is taken all the same."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    mandate = await agreed(stage, agency)
    path, (first, _) = f"/v1/mandates/{mandate['id']}", mandate["reports"]
    await pass_by(stage, f"{first['period_to']}T23:59:59+08:00")
    report = {"income_fen": 1_000_000, "activities": "two talks 两次洽谈"}
    await agency.post(f"{path}/reports/1", report)
    today = str(system_clock().astimezone(CHINA).date())
    credit = {"bank_reference": "CREDIT-1", "amount_fen": 500_000, "received_on": today}
    await stage.bank_maker.post(f"{path}/reports/1/receipts", credit)
    await pass_by(stage, f"{first['due_on']}T23:59:59+08:00")
    assert await told(stage, agency) == []
    await pass_by(stage, f"{first['pay_by']}T12:00:00+08:00")
    assert await told(stage, agency) == [(False, 300_000)]
    assert not (await agency.get(path))["reports"][0]["payment_was_late"]
    await pass_by(stage, f"{first['pay_by']}T23:59:59+08:00")
    assert await told(stage, agency) == [(False, 300_000), (True, 300_000)]
    assert {("mandate", "payment_due"), ("mandate", "payment_late")} <= await heard(
        stage.bank_maker
    )
    assert (await agency.get(path))["reports"][0]["payment_was_late"]
    rest = credit | {"bank_reference": "CREDIT-2", "amount_fen": 300_000}
    paid = await stage.bank_maker.post(f"{path}/reports/1/receipts", rest)
    assert (paid["reports"][0]["received_fen"], paid["reports"][0]["payment_was_late"]) == (
        800_000,
        True,
    )
    facts = await stage.pool.fetchval(
        "SELECT after::text FROM market.audit_entries WHERE action = 'mandate_payment_late'"
    )
    assert '"owed_fen": 300000' in facts


async def test_paid_in_time_nobody_is_told(stage: Stage) -> None:
    """The whole of it in before the day: no reminder, no mark."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    mandate = await agreed(stage, agency)
    path, (first, _) = f"/v1/mandates/{mandate['id']}", mandate["reports"]
    await pass_by(stage, f"{first['period_to']}T23:59:59+08:00")
    await agency.post(f"{path}/reports/1", {"income_fen": 1_000_000, "activities": "talks 洽谈"})
    today = str(system_clock().astimezone(CHINA).date())
    credit = {"bank_reference": "CREDIT-1", "amount_fen": 800_000, "received_on": today}
    await stage.bank_maker.post(f"{path}/reports/1/receipts", credit)
    await pass_by(stage, f"{first['pay_by']}T23:59:59+08:00")
    assert await told(stage, agency) == []
    assert not (await agency.get(path))["reports"][0]["payment_was_late"]


async def test_payments_are_matched_from_the_banks_own_statement(stage: Stage) -> None:
    """Named by the period's reference: in part, the rest and more, again, by another; what a person booked is known."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    mandate = await agreed(stage, agency)
    path, (first, _) = f"/v1/mandates/{mandate['id']}", mandate["reports"]
    assert first["reference"] is None
    await pass_by(stage, f"{first['period_to']}T23:59:59+08:00")
    report = {"income_fen": 1_000_000, "activities": "talks 洽谈"}
    await agency.post(f"{path}/reports/1", report)
    reference = (await agency.get(path))["reports"][0]["reference"]
    assert reference.startswith("LCM-")
    by_hand = {"bank_reference": "M-1", "amount_fen": 100_000, "received_on": "2026-01-05"}
    await stage.bank_maker.post(f"{path}/reports/1/receipts", by_hand)
    bank = stage.bank_maker.caller.organisation_id
    await registered_account(
        stage, str(bank), OUR_ACCOUNT, by=(stage.bank_maker, stage.bank_checker)
    )
    name = await stage.pool.fetchval(
        "SELECT name FROM market.organisations WHERE id = $1", agency.caller.organisation_id
    )
    due = {"reference": reference, "payer_name": name}
    other = due | {"payer_name": "别家公司"}
    lines = [
        credit(due, "M-1", 100_000),
        credit(due, "M-2", 200_000),
        credit(due, "M-3", 500_009),
        credit(due, "M-4", 1),
        credit(other, "M-5", 2),
    ]
    for _ in range(2):
        done = await statement(stage, *lines, by=stage.bank_maker)
    assert [one["verdict"] for one in done["entries"]] == [
        *("BOOKED_BEFORE", "PARTIAL", "OVER", "DUPLICATE", "WRONG_PAYER")
    ]
    assert (await agency.get(path))["reports"][0]["received_fen"] == 800_000
    payouts = (await stage.bank_maker.get("/v1/banking/payouts"))["items"]
    assert [(one["payee_id"], one["amount_fen"]) for one in payouts] == [
        (str(agency.caller.organisation_id), 9)
    ]
    waiting = done["entries"][4]
    decisions = f"/v1/banking/entries/{waiting['id']}/decisions"
    assign = {"action": "assign", "reference": reference, "reason": "代付"}
    refused = await stage.bank_maker.post(decisions, assign, expect=400)
    assert "amount_fen" in refused["detail"]
    await stage.bank_maker.post(decisions, {"action": "return", "reason": "无应缴款项"})
    again = by_hand | {"bank_reference": "M-2", "amount_fen": 200_000}
    paid = await stage.bank_maker.post(f"{path}/reports/1/receipts", again)
    assert paid["reports"][0]["received_fen"] == 800_000
    receipts = await stage.pool.fetch(
        "SELECT reference, amount_fen FROM market.mandate_receipts ORDER BY reference"
    )
    assert [tuple(row) for row in receipts] == [
        *(("M-1", 100_000), ("M-2", 200_000), ("M-3", 500_000))
    ]
    async with stage.pool.acquire() as conn:
        checked = await check_ledger(conn)
    assert checked.ok, checked


def test_days_of_a_period_follow_each_other() -> None:
    """The period's last day, the report's, the payment's."""
    terms = MandateTerms(
        agency_id=uuid4(),
        term_months=3,
        agency_bp=0,
        powers="x",
        reversion="y",
        pay_within_days=10,
    )
    (only,) = periods(system_clock().date().replace(month=1, day=1), terms)
    assert [(only.due_on - only.last).days, (only.pay_by - only.due_on).days] == [15, 10]
