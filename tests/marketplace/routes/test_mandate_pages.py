"""Mandates to operate on their pages: proposed, approved, agreed, reported on, paid and taken back by forms alone."""

from kit.clock import CHINA, system_clock
from marketplace.mandates.schemas import MandateState
from marketplace.organisations.schemas import Role
from marketplace.pages import route_words
from tests.make_portfolio import some_credit_code
from tests.make_routes import consigned
from tests.make_stage import Person, Stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_licences import pass_by
from tests.marketplace.routes.test_mandate_payments import agreed
from tests.marketplace.routes.test_scoring import press


def test_every_state_has_words() -> None:
    """A mandate's states and those of its reports are never shown bare."""
    assert set(route_words.MANDATE_STATES) == set(MandateState)
    assert set(route_words.MANDATE_REPORTS) == {"expected", "due", "late", "submitted"}


WANTED = {
    "agency": "20", "floor": "1,000.50", "term_months": "6", "report_every_months": "3",
    "report_within_days": "15", "pay_within_days": "10", "starts_in_days": "0",
    "powers": "propose licences 提出许可方案", "reversion": "after a late payment 逾期付款可收回",
}  # fmt: skip


async def proposed(stage: Stage, agency: Person) -> str:
    """The address of a mandate that the form drafted; what was refused before stood at its field."""
    code = some_credit_code(77)
    await stage.pool.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1",
        agency.caller.organisation_id,
        code,
    )
    assert "没有可委托运营的委托" in await page(stage.bank_maker, "/mandates/new")
    consignment = await consigned(stage)
    assert consignment["number"] in await page(stage.bank_maker, "/mandates/new")
    await page(stage.bank_checker, "/mandates/new", expect=403)
    wanted = WANTED | {"consignment_id": consignment["id"], "agency_code": "91330000000000000X"}
    unknown = await press(stage.bank_maker, "/mandates/new", **wanted)
    assert unknown.status_code == 400
    assert 'id="e-agency_code"' in unknown.text
    assert 'value="1,000.50"' in unknown.text
    wrong = await press(stage.bank_maker, "/mandates/new", **wanted | {"floor": "much"})
    assert 'id="e-floor"' in wrong.text
    long = {"powers": "许" * 950, "reversion": "收" * 950, "floor": "much"}
    kept = await press(stage.bank_maker, "/mandates/new", **wanted | {"agency_code": code} | long)
    assert (kept.status_code, 'id="e-floor"' in kept.text) == (400, True)
    assert long["powers"] in kept.text
    made = await press(stage.bank_maker, "/mandates/new", **wanted | {"agency_code": code.lower()})
    assert made.status_code == 303
    again = await press(stage.bank_maker, "/mandates/new", **wanted | {"agency_code": code})
    assert (again.status_code, "已有未结束的运营委托" in again.text) == (409, True)
    return made.headers["location"]


async def test_a_mandate_is_agreed_on_its_pages(stage: Stage) -> None:
    """Each party sees the step that is its own: drafted, approved by another, agreed to by the agency, taken back."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    assert "目前没有与您有关的运营委托" in await page(agency, "/mandates")
    path = await proposed(stage, agency)
    await page(agency, path, expect=404)
    shown = {"sha256": (await stage.bank_maker.get(f"/v1{path}"))["sha256"], "approved": "true"}
    assert "同意以上约定" not in await page(stage.bank_maker, path)
    text = await page(stage.bank_checker, path)
    for said in ("同意以上约定", "20%", "¥1,000.50", "propose licences"):
        assert said in text
    assert (await press(stage.bank_checker, f"{path}/approval", **shown)).status_code == 303
    assert path in await page(agency, "/mandates")
    assert "Agree as shown" in await page(agency, path)
    assert (await press(agency, f"{path}/answer", **shown)).status_code == 303
    assert "收回委托" not in await page(stage.bank_maker, path)
    assert "收回委托" in await page(stage.bank_checker, path)
    gone = await press(stage.bank_checker, f"{path}/reversion", reason="no use 未运营")
    assert gone.status_code == 303
    text = await page(agency, path)
    assert "已收回" in text
    assert "no use 未运营" in text


async def test_periods_are_reported_and_paid_on_the_page(stage: Stage) -> None:
    """The form of a report is there once its period is over, for the agency alone; then the bank books what came in."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    mandate = await agreed(stage, agency)
    path, first = f"/mandates/{mandate['id']}", mandate["reports"][0]
    assert "第 1 期报告" not in await page(agency, path)
    await pass_by(stage, f"{first['period_to']}T23:59:59+08:00")
    assert "第 1 期报告" in await page(agency, path)
    assert "第 1 期报告" not in await page(stage.bank_maker, path)
    said = {"income": "10,000.00", "costs": "100", "activities": "two talks 两次洽谈"}
    wrong = await press(agency, f"{path}/reports/1", **said | {"income": "x"})
    assert (wrong.status_code, 'id="e-income"' in wrong.text) == (400, True)
    assert "two talks" in wrong.text
    assert (await press(agency, f"{path}/reports/1", **said)).status_code == 303
    assert "¥7,900.00" in await page(stage.operator, path)
    assert "LCM-" in await page(agency, path)
    today = str(system_clock().astimezone(CHINA).date())
    money = {"bank_reference": "CREDIT-1", "amount": "7,900.01", "received_on": today}
    above = await press(stage.bank_maker, f"{path}/reports/1/receipts", **money)
    assert (above.status_code, 'id="e-amount"' in above.text) == (400, True)
    assert "7,900.00 元" in above.text
    money["amount"] = "7900"
    assert (await press(stage.bank_maker, f"{path}/reports/1/receipts", **money)).status_code == 303
    assert "登记第 1 期到账" not in await page(stage.bank_maker, path)
