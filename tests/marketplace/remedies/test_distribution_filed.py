"""A drafted plan of distribution waits for the checkers of both houses; whoever agrees first, the other is done too."""

from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Stage, money
from tests.marketplace.remedies.test_distribution_pages import send
from tests.marketplace.remedies.test_remedies_http import COST, books_hold, sold
from tests.marketplace.routes.test_filed import decided, waiting
from tests.marketplace.routes.test_route_pages import page_of


async def test_a_plan_waits_at_both_houses(stage: Stage) -> None:
    """An upheld objection takes it off both lists; agreed to by the bank's checker it leaves the venue's."""
    lot, _ = await sold(stage, objection_days=1)
    notice, path = f"/lots/{lot['id']}", f"/lots/{lot['id']}/distribution"
    await stage.operator.post(f"/v1{notice}/payments", money(START_FEN - DEPOSIT_FEN))
    costs = await stage.operator.post(f"/v1{notice}/costs", {"lines": [COST]})
    await stage.checker.post(f"/v1{notice}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.operator.post(f"/v1{path}")
    for checker in (stage.checker, stage.bank_checker):
        (one,) = await waiting(checker, plan["id"])
        assert one["kind"] == "distribution"
    early = await decided(stage.bank_checker, one, approved=True, expect=409)
    assert "objection" in early
    await _objected(stage.bank_maker, stage.checker, path)
    for checker in (stage.checker, stage.bank_checker):
        assert await waiting(checker, plan["id"]) == []


async def _objected(maker: Person, checker: Person, path: str) -> None:
    await send(maker, f"{path}/objections", objector="second", grounds="earlier 登记在先")
    (one,) = (await maker.get(f"/v1{path}/objections"))["items"]
    await send(checker, f"{path}/objections/{one['id']}", is_upheld="true", answer="right")


async def test_agreed_at_one_house_it_is_done_at_the_other(stage: Stage) -> None:
    """Without time for objections the page's yes approves the plan at once."""
    lot, _ = await sold(stage, objection_days=0)
    notice, path = f"/lots/{lot['id']}", f"/lots/{lot['id']}/distribution"
    await stage.operator.post(f"/v1{notice}/payments", money(START_FEN - DEPOSIT_FEN))
    costs = await stage.operator.post(f"/v1{notice}/costs", {"lines": [COST]})
    await stage.checker.post(f"/v1{notice}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.operator.post(f"/v1{path}")
    (one,) = await waiting(stage.bank_checker, plan["id"])
    await decided(stage.bank_checker, one, approved=True)
    assert (await stage.operator.get(f"/v1{path}"))["state"] == "APPROVED"
    assert await waiting(stage.checker, plan["id"]) == []


async def test_an_approved_plan_is_paid_by_the_venues_form(stage: Stage) -> None:
    """No form before the approval, and none for the bank; paid once, its lines wait among the payments out."""
    lot, _ = await sold(stage, objection_days=0)
    notice, path = f"/lots/{lot['id']}", f"/lots/{lot['id']}/distribution"
    await stage.operator.post(f"/v1{notice}/payments", money(START_FEN - DEPOSIT_FEN))
    costs = await stage.operator.post(f"/v1{notice}/costs", {"lines": [COST]})
    await stage.checker.post(f"/v1{notice}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.operator.post(f"/v1{path}")
    form = f'action="{path}/pay"'
    assert form not in await page_of(stage.operator, path)
    await send(stage.operator, f"{path}/pay", 409)
    seen = {"content_hash": plan["content_hash"]}
    await stage.bank_checker.post(f"/v1{path}/approve", seen)
    assert form in await page_of(stage.operator, path)
    for person in (stage.checker, stage.bank_maker):
        assert form not in await page_of(person, path)
        await send(person, f"{path}/pay", 403)
    for _ in range(2):  # pressed twice, paid once
        await send(stage.operator, f"{path}/pay")
    assert form not in await page_of(stage.operator, path)
    assert (await stage.operator.get(f"/v1{path}"))["state"] == "PAID"
    assert COST["payee_name"] in await page_of(stage.operator, "/banking/payments")
    await books_hold(stage)
