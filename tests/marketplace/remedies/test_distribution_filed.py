"""A drafted plan of distribution waits for the checkers of both houses; whoever agrees first, the other is done too."""

from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Stage, money
from tests.marketplace.remedies.test_distribution_pages import send
from tests.marketplace.remedies.test_remedies_http import COST, sold
from tests.marketplace.routes.test_filed import decided, waiting


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
