"""The whole ladder of disposal (domain 2.11) of one right in one plan, over HTTP alone: each step follows by itself.

First auction, second at 80% within thirty days, sell-off at the second's price, collection with its backstop, and then
long-run operation: a licence, or a mandate.
"""

import json
from datetime import timedelta
from typing import Any

import pytest

from marketplace.organisations.schemas import Role
from tests.make_routes import consigned, lot_step, started
from tests.make_stage import START_FEN, STEP_FEN, Person, Stage, moment, money
from tests.marketplace.routes.test_licences import offered
from tests.marketplace.routes.test_plans import step_of

SECOND_FEN = START_FEN * 8 // 10
SELL_OFF = {
    "format": "sell_off",
    "step": {"kind": "fixed", "step_fen": STEP_FEN},
    "grid": "multiple",
    "extension": {"mode": "reset", "window_ms": 1_000},
    "format_terms": {"period_ms": 1_000, "countdown_ms": 1_000},
}
#: What the notice of each step says: round, format, regime, start price.
NOTICES = (
    (1, "english", "judicial_network", START_FEN),
    (2, "english", "judicial_network", SECOND_FEN),
    (3, "sell_off", "judicial_network", SECOND_FEN),
    (4, "collection", "agreement", SECOND_FEN),
)
WHY = {"reason": "by agreement 协商终止"}


@pytest.mark.parametrize(
    ("last", "has_backstop"), [("licence", False), ("mandate", True)], ids=["licence", "mandate"]
)
async def test_the_whole_ladder_in_one_plan(stage: Stage, last: str, *, has_backstop: bool) -> None:
    """Nobody bids, buys, offers or (though a backstop stands) is accepted: each step gives way to the next, and the
    right stays in disposal, until somebody uses it.
    """
    agency = await stage.person(Role.AGENCY_BIDDER)
    consignment = await consigned(stage, regime="judicial_network", authority="enforcement_case")
    plan = await started(stage, consignment, *_steps(last, agency))
    assert [step["state"] for step in plan["steps"]] == ["running", *["planned"] * 4]
    owed_fen = plan["outstanding_fen"]
    before: dict[str, Any] = {}
    for n, announced in enumerate(NOTICES, start=1):
        step = await step_of(stage, plan, n, "running")
        assert await notice_of(stage, step) == announced
        await stands(stage, plan, consignment, step=n)
        lot = await stage.anyone.get(f"/v1/lots/{step['subject_id']}")
        if before:
            ended_at = moment(before["ended_at"])
            assert ended_at <= moment(lot["opens_at"]) <= ended_at + timedelta(days=30)
        if has_backstop and n == 4:
            await backstopped(stage, lot)
        before = await step_of(stage, plan, n, "failed")
        assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "unsold"
        assert before["reason"] == (_why(has_backstop) if n == 4 else "not sold 流拍")
    call = await stage.bank_maker.get(f"/v1/lots/{lot['id']}/call")
    assert (call["state"], len(call["offers"])) == ("failed", int(has_backstop))
    step = await step_of(stage, plan, 5, "running")
    # Nobody disposes of the right while an agency is asked whether it will (domain 9).
    held = "disposing" if last == "licence" else "unsold"
    await stands(stage, plan, consignment, step=5, state=held)
    shown = await stage.bank_maker.get(f"/v1/plans/{plan['id']}")
    assert shown["outstanding_fen"] == owed_fen
    use = _licensed if last == "licence" else _operated
    await use(stage, plan, consignment, step, agency)
    await was_told(stage, [one["subject_id"] for one in shown["steps"][:4]])


def _why(has_backstop: bool) -> str:
    """Why the call for offers failed."""
    if has_backstop:
        return "the bank did not decide in time 银行逾期未决定"
    return "nobody gave a backstop 无人作出兜底承诺"


def _steps(last: str, agency: Person) -> tuple[dict[str, Any], ...]:
    call = {"mode": "open", "decision_seconds": 1, "needs_backstop": True}
    mandate = {
        "agency_id": str(agency.caller.organisation_id),
        "term_months": 6,
        "report_every_months": 3,
        "agency_bp": 2_000,
        "powers": "licences 许可",
        "reversion": "after a late report 逾期报告可收回",
    }
    return (
        lot_step(),
        lot_step(price_bp=8_000),
        lot_step(bidding=SELL_OFF),
        lot_step(
            bidding={"format": "collection", "format_terms": call},
            regime="agreement",
            opens_after_seconds=8,
        ),
        {"kind": "licence", "offer": offered()}
        if last == "licence"
        else {"kind": "mandate", "mandate": mandate},
    )


async def notice_of(stage: Stage, step: dict[str, Any]) -> tuple[int, str, str, int]:
    """What the one notice of a step's lot says."""
    (notice,) = (await stage.anyone.get(f"/v1/lots/{step['subject_id']}/notices"))["items"]
    assert notice["kind"] == "sale"
    said = json.loads(notice["content"])
    assert said["property"][0]["title"] == "示例发明"
    lot, price = said["lot"], said["price"]
    return lot["round"], lot["format"], lot["regime"], price["start_price_fen"]


async def stands(
    stage: Stage,
    plan: dict[str, Any],
    consignment: dict[str, Any],
    *,
    step: int,
    state: str = "disposing",
) -> None:
    """The plan runs, all before this step has failed, nothing after it has begun; how far the consignment is."""
    shown = await stage.bank_maker.get(f"/v1/plans/{plan['id']}")
    states = [one["state"] for one in shown["steps"]]
    assert shown["state"] == "running"
    assert states == ["failed"] * (step - 1) + ["running"] + ["planned"] * (5 - step)
    assert await state_of(stage, consignment) == state


async def state_of(stage: Stage, consignment: dict[str, Any]) -> str:
    """How far the consignment is."""
    path = f"/v1/consignments/{consignment['id']}"
    return str((await stage.bank_maker.get(path))["state"])


async def backstopped(stage: Stage, lot: dict[str, Any]) -> None:
    """An agency commits itself before the call opens."""
    agency, _ = await stage.deposited(lot)
    given = {"amount_fen": SECOND_FEN}
    call = await agency.post(f"/v1/lots/{lot['id']}/backstop", given)
    assert [one["round"] for one in call["offers"]] == [0]


async def _licensed(
    stage: Stage,
    plan: dict[str, Any],
    consignment: dict[str, Any],
    step: dict[str, Any],
    agency: Person,
) -> None:
    """Taken, paid, and over: the plan is completed, the loan owes less, the consignment has given what it gave."""
    before = (await stage.bank_maker.get(f"/v1/plans/{plan['id']}"))["outstanding_fen"]
    take = f"/v1/licence-offers/{step['subject_id']}/take"
    grant = await agency.post(take, {"statement": "we make pumps 生产水泵"})
    path = f"/v1/licence-grants/{grant['id']}"
    await stage.bank_checker.post(f"{path}/effect")
    (fee,) = (await stage.bank_maker.get(f"/v1/licences/{grant['id']}"))["invoices"]
    receipts = f"/v1/licences/{grant['id']}/invoices/{fee['id']}/receipts"
    await stage.bank_maker.post(receipts, money(10_000_000))
    await step_of(stage, plan, 5, "succeeded")
    shown = await stage.bank_maker.get(f"/v1/plans/{plan['id']}")
    assert (shown["state"], before - shown["outstanding_fen"]) == ("completed", 10_000_000)
    assert await state_of(stage, consignment) == "disposing"
    await stage.bank_checker.post(f"{path}/end", WHY)
    assert await state_of(stage, consignment) == "recovered"


async def _operated(
    stage: Stage,
    plan: dict[str, Any],
    consignment: dict[str, Any],
    step: dict[str, Any],
    agency: Person,
) -> None:
    """Agreed to, begun, taken back: nothing is left to try, and the right is free for another plan."""
    path = f"/v1/mandates/{step['subject_id']}"
    shown = await agency.get(path)
    await agency.post(f"{path}/answer", {"sha256": shown["sha256"]})
    await stage.work()
    assert (await agency.get(path))["state"] == "running"
    await stands(stage, plan, consignment, step=5)
    await stage.bank_checker.post(f"{path}/revert", WHY)
    over = await step_of(stage, plan, 5, "failed")
    assert over["reason"] == "the rights reverted 委托收回"
    assert (await stage.bank_maker.get(f"/v1/plans/{plan['id']}"))["state"] == "exhausted"
    assert await state_of(stage, consignment) == "unsold"


async def was_told(stage: Stage, lot_ids: list[str]) -> None:
    """The bank heard of each lot that was announced and passed, in their order, and of each step of its plan."""
    items = (await stage.bank_maker.get("/v1/changes?limit=500"))["items"]
    for kind in ("lot_published", "lot_passed"):
        told = [one["data"]["lot_id"] for one in items if one["kind"] == kind]
        assert told == lot_ids
    steps = [
        one["data"]["after"]
        for one in items
        if one["kind"] == "step_taken" and one["data"]["subject"] == "plan_step"
    ]
    assert steps[:9] == [*["running", "failed"] * 4, "running"]
