"""An awarded licence is signed in the time its offer stated, or goes to the next; a plan waits for the signature."""

from typing import Any
from uuid import UUID

import pytest

from kit.clock import CHINA, system_clock
from marketplace.organisations.schemas import Role
from tests.make_routes import consigned, started
from tests.make_stage import Person, Stage, moment
from tests.marketplace.routes.test_licences import (
    HOUR,
    grants_of,
    offered,
    opened,
    pass_by,
    sealed,
)

UNIFORM = {"way": "uniform_price", "floor_fen": 100, "opening_seconds": HOUR}


async def awarded(
    stage: Stage, offer: dict[str, Any], amounts: list[int]
) -> tuple[dict[str, Any], list[Person]]:
    """The offer once sealed amounts were opened, and who made them."""
    people = [await stage.person(Role.AGENCY_BIDDER) for _ in amounts]
    made = [await sealed(offer, one, fen) for one, fen in zip(people, amounts, strict=True)]
    await pass_by(stage, offer["closes_at"])
    for person, one in zip(people, made, strict=True):
        await person.post(one["path"], one["body"])
    path = f"/v1/licence-offers/{offer['id']}"
    await pass_by(stage, (await stage.bank_maker.get(path))["opened_by"])
    return dict(await stage.bank_maker.get(path)), people


async def steps_of(stage: Stage, plan: dict[str, Any]) -> list[str]:
    """How far the plan's steps are."""
    steps = (await stage.bank_maker.get(f"/v1/plans/{plan['id']}"))["steps"]
    return [step["state"] for step in steps]


async def sign(person: Person, grant: dict[str, Any], *, expect: int | None = None) -> Any:
    """The licensee signs what it was shown."""
    path = f"/v1/licence-grants/{grant['id']}/sign"
    return await person.post(path, {"sha256": grant["sha256"]}, expect=expect)


async def test_an_unsigned_award_goes_to_the_next_at_the_one_price(stage: Stage) -> None:
    """Two places at 300: one signs, one lets its ten days pass, who offered 300 is asked, who offered less is not.

    The plan's step runs until the last of them has answered; a signature that comes too late is refused.
    """
    terms = offered(**UNIFORM, places=2, sign_within_days=10)
    plan = await started(
        stage, await consigned(stage), {"kind": "licence", "offer": terms}, {"kind": "set_off"}
    )
    offer = await _offer_of(stage, plan, 0)
    shown, people = await awarded(stage, offer, [500, 400, 300, 200])
    assert (shown["state"], await steps_of(stage, plan)) == ("awarded", ["running", "planned"])
    first, second = await grants_of(stage, offer)
    assert moment(first["sign_by"]).astimezone(CHINA).hour == 0
    assert 10 <= (moment(first["sign_by"]) - system_clock()).days <= 11
    assert (await sign(people[0], first))["state"] == "signed"
    await stage.pool.execute(
        "UPDATE market.licence_grants SET sign_by = now() WHERE id = $1", UUID(second["id"])
    )
    assert (await sign(people[1], second, expect=409))["code"] == "signing_over"
    await pass_by(stage, first["sign_by"])
    await pass_by(stage, first["sign_by"])
    made = await grants_of(stage, offer)
    assert [one["state"] for one in made] == ["signed", "ended", "offered"]
    assert "逾期未签" in made[1]["reason"]
    last = made[2]
    assert (last["licensee_id"], last["entry_fee_fen"]) == (
        str(people[2].caller.organisation_id),
        300,
    )
    assert await steps_of(stage, plan) == ["running", "planned"]
    await sign(people[2], last)
    await pass_by(stage, first["sign_by"])
    await pass_by(stage, first["sign_by"])
    assert await steps_of(stage, plan) == ["succeeded", "skipped"]


async def test_nobody_signs_and_the_plan_goes_on(stage: Stage) -> None:
    """The only award passes unsigned, with nobody next at its price: the offer has failed, the next step begins."""
    consignment = await consigned(stage)
    plan = await started(
        stage,
        consignment,
        {"kind": "licence", "offer": offered(**UNIFORM)},
        {"kind": "licence", "offer": offered()},
    )
    offer = await _offer_of(stage, plan, 0)
    shown, _ = await awarded(stage, offer, [500])
    assert (shown["state"], await steps_of(stage, plan)) == ("awarded", ["running", "planned"])
    (grant,) = await grants_of(stage, offer)
    for _ in range(3):
        await pass_by(stage, grant["sign_by"])
    over = await stage.bank_maker.get(f"/v1/licence-offers/{offer['id']}")
    assert (over["state"], over["reason"]) == ("failed", "nobody signed 无人签署")
    assert await steps_of(stage, plan) == ["failed", "running"]
    held = await stage.bank_maker.get(f"/v1/consignments/{consignment['id']}")
    assert held["state"] == "disposing"


@pytest.mark.parametrize("took_effect", [True, False])
async def test_the_signed_licence_is_over_before_the_last_answer(
    stage: Stage, *, took_effect: bool
) -> None:
    """One of two signs and its licence ends while the other is still asked: with the last answer the consignment is
    sold if the licence took effect; if it did not, the offer has failed and the plan goes on.
    """
    consignment = await consigned(stage)
    terms = {"kind": "licence", "offer": offered(**UNIFORM, places=2)}
    plan = await started(stage, consignment, terms, {"kind": "licence", "offer": offered()})
    offer = await _offer_of(stage, plan, 0)
    _, people = await awarded(stage, offer, [500, 400])
    first, second = await grants_of(stage, offer)
    await sign(people[0], first)
    await stage.work()
    path = f"/v1/licence-grants/{first['id']}"
    if took_effect:
        await stage.bank_checker.post(f"{path}/effect")
    await stage.bank_checker.post(f"{path}/end", {"reason": "by agreement 协商终止"})
    assert await steps_of(stage, plan) == ["running", "planned"]
    for _ in range(3):
        await pass_by(stage, second["sign_by"])
    over = await stage.bank_maker.get(f"/v1/licence-offers/{offer['id']}")
    held = await stage.bank_maker.get(f"/v1/consignments/{consignment['id']}")
    assert (over["state"], held["state"], await steps_of(stage, plan)) == (
        ("filled", "recovered", ["succeeded", "skipped"])
        if took_effect
        else ("failed", "disposing", ["failed", "running"])
    )


async def test_a_named_licence_is_let_go_by_its_offers_close_alone(stage: Stage) -> None:
    """Nothing else is due then for it, so that two workers cannot end it at once; a withdrawal ends it too."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    named = {"way": "negotiated", "licensee_id": str(agency.caller.organisation_id)}
    offer = await opened(stage, await consigned(stage), **named)
    (grant,) = await grants_of(stage, offer)
    due = "SELECT count(*) FROM market.duties WHERE subject_id = $1"
    assert await stage.pool.fetchval(due, UUID(grant["id"])) == 0
    await pass_by(stage, offer["closes_at"])
    (after,) = await grants_of(stage, offer)
    over = await stage.bank_maker.get(f"/v1/licence-offers/{offer['id']}")
    assert (after["state"], over["state"]) == ("ended", "failed")
    other = await opened(stage, await consigned(stage), **named)
    path = f"/v1/licence-offers/{other['id']}/withdraw"
    await stage.bank_checker.post(path, {"reason": "权利有争议"})
    assert [one["state"] for one in await grants_of(stage, other)] == ["ended"]


async def test_a_bank_withdraws_an_award_that_nobody_signed(stage: Stage) -> None:
    """What is offered ends with the offer and the next is not asked; once one has signed it is refused."""
    for has_signed in (True, False):
        consignment = await consigned(stage)
        offer = await opened(stage, consignment, **UNIFORM)
        _, people = await awarded(stage, offer, [500, 400])
        (grant,) = await grants_of(stage, offer)
        path, why = f"/v1/licence-offers/{offer['id']}/withdraw", {"reason": "权利有争议"}
        if has_signed:
            await sign(people[0], grant)
            refused = await stage.bank_checker.post(path, why, expect=409)
            assert refused["code"] == "licence_signed_already"
            continue
        assert (await stage.bank_checker.post(path, why))["state"] == "withdrawn"
        await stage.work()
        assert [one["state"] for one in await grants_of(stage, offer)] == ["ended"]
        held = await stage.bank_maker.get(f"/v1/consignments/{consignment['id']}")
        assert held["state"] == "unsold"


async def _offer_of(stage: Stage, plan: dict[str, Any], n: int) -> dict[str, Any]:
    subject_id = plan["steps"][n]["subject_id"]
    return dict(await stage.bank_maker.get(f"/v1/licence-offers/{subject_id}"))
