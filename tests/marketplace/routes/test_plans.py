"""Plans of disposal: stated before, going on by themselves, changed by two people, ending when the debt is covered."""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any

from kit.clock import CHINA, system_clock
from tests.make_portfolio import some_case
from tests.make_routes import ENGLISH, LOT_TERMS, consigned, lot_step, planned, started
from tests.make_stage import DEPOSIT_FEN, START_FEN, Stage, moment, money, text


async def step_of(stage: Stage, plan: dict[str, Any], n: int, *states: str) -> dict[str, Any]:
    """Step `n` once it is in one of these states."""
    for _ in range(300):
        await stage.work()
        shown = await stage.bank_maker.get(f"/v1/plans/{plan['id']}")
        step: dict[str, Any] = shown["steps"][n - 1]
        if step["state"] in states:
            return step
        await asyncio.sleep(0.1)
    raise AssertionError(f"step {n} is {step['state']}, not {states}: {step['reason']}")


async def test_plan_goes_on_from_round_to_round_and_ends_in_a_set_off(stage: Stage) -> None:
    """Two rounds fail, the second at 80%; nothing is retyped; the bank takes the rights, and the plan is over."""
    consignment = await consigned(stage)
    steps = (lot_step(), lot_step(price_bp=8_000), {"kind": "set_off"})
    plan = await started(stage, consignment, *steps)
    assert [step["start_price_fen"] for step in plan["steps"]] == [START_FEN, 168_000_000, None]
    first = await stage.anyone.get(f"/v1/lots/{plan['steps'][0]['subject_id']}")
    assert (first["round_number"], first["title_zh"]) == (1, "专利一项")
    assert (await step_of(stage, plan, 1, "failed"))["reason"] == "not sold 流拍"
    second_id = (await step_of(stage, plan, 2, "running", "failed"))["subject_id"]
    second = await stage.operator.get(f"/v1/my/lots/{second_id}")
    assert (second["start_price_fen"], second["previous_start_price_fen"]) == (
        168_000_000,
        START_FEN,
    )
    assert second["deposit_fen"] == DEPOSIT_FEN * 8 // 10
    assert second["published_by"] == str(stage.checker.caller.user_id)
    await step_of(stage, plan, 2, "failed")
    set_off_id = (await step_of(stage, plan, 3, "running"))["subject_id"]
    taken = await stage.bank_maker.get(f"/v1/set-offs/{set_off_id}")
    assert (taken["price_fen"], taken["ground"]) == (168_000_000, "unsold_round")
    path = f"/v1/set-offs/{set_off_id}/decide"
    other_price = await stage.bank_checker.post(path, {"price_fen": 1}, expect=409)
    assert other_price["code"] == "price_differs"
    await stage.bank_checker.post(path, {"price_fen": 168_000_000})
    await step_of(stage, plan, 3, "succeeded")
    shown = await stage.bank_maker.get(f"/v1/plans/{plan['id']}")
    assert shown["state"] == "completed"
    owed = some_case().principal_fen + some_case().interest_fen
    assert shown["outstanding_fen"] == owed - 168_000_000
    after = await stage.bank_maker.get(f"/v1/consignments/{consignment['id']}")
    assert after["state"] == "recovered"


async def test_plan_ends_when_the_debt_is_covered(stage: Stage) -> None:
    """The first round sells for more than is owed: the plan is covered, and what was left to try is passed over."""
    loan = {"loan_amount_fen": 100_000_000, "principal_fen": 90_000_000, "interest_fen": 1_000_000}
    plan = await started(
        stage,
        await consigned(stage, loan=loan),
        lot_step(opens_after_seconds=2, lasts_seconds=2),
        lot_step(),
    )
    lot = await stage.anyone.get(f"/v1/lots/{plan['steps'][0]['subject_id']}")
    buyer, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await buyer.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    assert (await stage.until_confirmed(lot))["status"] == "awaiting_payment"
    await paid_out(stage, lot["id"], START_FEN - DEPOSIT_FEN)
    await step_of(stage, plan, 1, "succeeded")
    shown = await stage.bank_maker.get(f"/v1/plans/{plan['id']}")
    assert (shown["state"], shown["outstanding_fen"]) == ("covered", 0)
    assert shown["steps"][1]["state"] == "skipped"


async def test_a_second_auction_that_waited_for_people_still_opens_within_thirty_days(
    stage: Stage,
) -> None:
    """The step was held; people put its lot off to the 31st day, which its check refuses, then to the 30th."""
    judicial = await consigned(stage, regime="judicial_network", authority="enforcement_case")
    plan = await started(stage, judicial, lot_step(), lot_step(price_bp=8_000))
    today = _in_china(system_clock())
    seized = {
        "asset_id": judicial["asset_ids"][0],
        "kind": "preservation",
        "holder_name": "某某人民法院",
        "starts_on": str(today),
        "ends_on": str(today + timedelta(days=90)),
        "source": "(2026)执保1号",
    }
    await stage.bank_maker.post("/v1/burdens", seized)
    held = await step_of(stage, plan, 2, "held")
    assert "ELG-08" in held["reason"]
    failed_on = moment(
        (await stage.bank_maker.get(f"/v1/plans/{plan['id']}"))["steps"][0]["ended_at"]
    )
    path = f"/v1/lots/{held['subject_id']}"
    for days, is_late in ((31, True), (30, False)):
        opens_at = datetime.combine(_in_china(failed_on) + timedelta(days=days), time(10), CHINA)
        await _put_off(stage, held["subject_id"], opens_at)
        found = (await stage.operator.post(f"{path}/check"))["findings"]
        late = [one for one in found if one["code"] == "ELG-21"]
        assert bool(late) is is_late
        assert all("第二十六条" in one["message_zh"] for one in late)
    (seizure,) = [one for one in found if one["code"] == "ELG-08"]
    over = {"position": seizure["position"], "reason": "court agreed 法院同意处置"}
    await stage.checker.post(f"{path}/overrides", over)
    assert (await stage.checker.post(f"{path}/publish"))["status"] == "registration"


def _in_china(at: datetime) -> date:
    return at.astimezone(CHINA).date()


async def _put_off(stage: Stage, lot_id: str, opens_at: datetime) -> None:
    """The drafted lot, all its terms as they are, opening then instead."""
    lot = await stage.operator.get(f"/v1/my/lots/{lot_id}")
    kept = (
        *("consignment_id", "title", "title_zh", "bidding", "conditions", "payment_hours"),
        *("release_on", "objection_days", "round_number", "shortened_times"),
    )
    body = {name: lot[name] for name in kept} | {
        "opens_at": text(opens_at),
        "closes_at": text(opens_at + timedelta(days=1)),
    }
    headers = stage.operator.headers | {"If-Match": f'"{lot["version"]}"'}
    answer = await stage.client.put(f"/v1/lots/{lot_id}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def paid_out(stage: Stage, lot_id: str, rest_fen: int) -> None:
    """A sold lot's price paid, distributed and its title recorded."""
    path = f"/v1/lots/{lot_id}"
    await stage.operator.post(f"{path}/confirmation")
    await stage.operator.post(f"{path}/payments", money(rest_fen))
    costs = await stage.operator.post(f"{path}/costs", {"lines": []})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    drafted = await stage.bank_maker.post(f"{path}/distribution")
    seen = {"content_hash": drafted["content_hash"]}
    await stage.bank_checker.post(f"{path}/distribution/approve", seen)
    await stage.operator.post(f"{path}/distribution/pay")
    await stage.operator.post(f"{path}/title", {"recorded_at": money(1)["received_at"]})


async def test_plan_is_changed_by_two_people_and_held_for_them(stage: Stage) -> None:
    """What has not begun gives way to an approved change; a withdrawn lot holds the plan until somebody decides."""
    plan = await started(
        stage, await consigned(stage), lot_step(opens_after_seconds=600), lot_step(price_bp=8_000)
    )
    path = f"/v1/plans/{plan['id']}"
    change = {"steps": [{"kind": "set_off"}], "reason": "no second round 不再拍卖"}
    proposed = await stage.bank_maker.post(f"{path}/changes", change)
    (one,) = proposed["changes"]
    again = await stage.bank_maker.post(f"{path}/changes", change, expect=409)
    assert again["code"] == "change_not_possible"
    decide = f"{path}/changes/{one['id']}/decide"
    stale = await stage.bank_checker.post(decide, {"sha256": "0" * 64}, expect=409)
    assert stale["code"] == "content_differs"
    changed = await stage.bank_checker.post(decide, {"sha256": one["sha256"]})
    assert [step["kind"] for step in changed["steps"]] == ["lot", "set_off"]
    assert changed["sha256"] != plan["sha256"]
    early = await stage.checker.post(f"{path}/steps/1/retry", expect=409)
    assert early["code"] == "step_not_held"
    lot_id = plan["steps"][0]["subject_id"]
    reason = {"reason": "the pledgor objected 出质人异议"}
    await stage.operator.post(f"/v1/lots/{lot_id}/withdraw", reason)
    held = await step_of(stage, plan, 1, "held")
    assert "withdrawn" in held["reason"]
    retried = await stage.checker.post(f"{path}/steps/1/retry")
    fresh = retried["steps"][0]
    assert (fresh["state"], fresh["subject_id"] != lot_id) == ("running", True)
    stopped = await stage.bank_checker.post(f"{path}/stop", {"reason": "the debtor paid 已还款"})
    assert (stopped["state"], stopped["steps"][1]["state"]) == ("stopped", "skipped")


async def test_plan_needs_two_people_and_lawful_steps(stage: Stage) -> None:
    """One person alone approves nothing; judicial rounds keep art. 26; one consignment has one plan."""
    judicial = await consigned(stage, regime="judicial_network", authority="enforcement_case")
    soft = ENGLISH | {"extension": {"mode": "reset", "window_ms": 300_000}}
    first = lot_step(bidding=soft)
    for wrong, field in (
        (lot_step(bidding=soft, price_bp=7_999), "steps.1.price_bp"),
        (lot_step(bidding=soft, opens_after_seconds=31 * 86_400), "steps.1.opens_after_seconds"),
        (lot_step(bidding={"format": "sell_off"}), "steps.1.bidding.format"),
        (lot_step(bidding={"format": "dutch"}), "steps.1.bidding.format"),
        (lot_step(bidding=soft, regime="commercial_auction"), "steps.1.regime"),
    ):
        body = {"consignment_id": judicial["id"], "lot": LOT_TERMS, "steps": [first, wrong]}
        refused = await stage.bank_maker.post("/v1/plans", body, expect=400)
        assert refused["field"] == field
    plan = await planned(stage, judicial, first, lot_step(bidding=soft, price_bp=8_000))
    body = {"consignment_id": judicial["id"], "lot": LOT_TERMS, "steps": [first]}
    assert (await stage.bank_maker.post("/v1/plans", body, expect=409))["code"] == "plan_exists"
    twice = await stage.bank_checker.post(
        f"/v1/plans/{plan['id']}/approve", {"sha256": plan["sha256"]}, expect=409
    )
    assert twice["code"] == "illegal_state"
