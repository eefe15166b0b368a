"""A posted offer and its licences: which of them ends first, and when the consignment's disposal is over."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kit.clock import CHINA
from marketplace.organisations.schemas import Role
from tests.make_routes import consigned, started
from tests.make_stage import Person, Stage, moment
from tests.marketplace.routes.test_licences import grants_of, offered, opened, pass_by
from tests.marketplace.routes.test_signing import steps_of

_LONG_SECONDS = 40_000_000
_STATEMENT = {"statement": "we make pumps 生产水泵"}


async def state_of(stage: Stage, consignment: dict[str, Any]) -> str:
    """How far the consignment is."""
    shown = await stage.bank_maker.get(f"/v1/consignments/{consignment['id']}")
    return str(shown["state"])


async def taken(stage: Stage, offer: dict[str, Any], *, effective: bool = True) -> dict[str, Any]:
    """A licence taken at the posted price by an agency of its own, and made effective."""
    agency: Person = await stage.person(Role.AGENCY_BIDDER)
    grant = await agency.post(f"/v1/licence-offers/{offer['id']}/take", _STATEMENT)
    path = f"/v1/licence-grants/{grant['id']}"
    return dict(await stage.bank_checker.post(f"{path}/effect")) if effective else dict(grant)


@pytest.mark.parametrize("is_old", [False, True])
async def test_places_that_are_left_close_with_the_last_day_of_the_term(
    stage: Stage, *, is_old: bool
) -> None:
    """One of three is taken for a month, the offer is open for a year: with the month both are over, the plan too.

    `is_old`: an offer that was opened before its close was put at the term's end.
    """
    consignment = await consigned(stage)
    terms = offered(places=3, term_months=1, open_seconds=_LONG_SECONDS)
    plan = await started(
        stage, consignment, {"kind": "licence", "offer": terms}, {"kind": "set_off"}
    )
    path = f"/v1/licence-offers/{plan['steps'][0]['subject_id']}"
    offer = await stage.bank_maker.get(path)
    grant = await taken(stage, offer)
    over_at = moment(f"{grant['ends_on']}T00:00:00+08:00") + timedelta(days=1)
    assert moment(offer["closes_at"]).astimezone(CHINA) == over_at
    if is_old:
        later = over_at + timedelta(days=300)
        await stage.pool.execute(
            "UPDATE market.licence_offers SET closes_at = $2 WHERE id = $1",
            UUID(offer["id"]),
            later,
        )
        await stage.pool.execute(
            "UPDATE market.duties SET due_at = $2 WHERE kind = 'close_licence_offer' AND subject_id = $1",
            UUID(offer["id"]),
            later,
        )
    await pass_by(stage, str(over_at - timedelta(seconds=2)))
    assert ((await stage.bank_maker.get(path))["state"], await state_of(stage, consignment)) == (
        "open",
        "disposing",
    )
    for _ in range(3):
        await pass_by(stage, str(over_at))
    assert (await grants_of(stage, offer))[0]["state"] == "ended"
    assert (await stage.bank_maker.get(path))["state"] == "filled"
    assert (await state_of(stage, consignment), await steps_of(stage, plan)) == (
        "recovered",
        ["succeeded", "skipped"],
    )


async def test_nobody_takes_a_licence_whose_time_is_over(stage: Stage) -> None:
    """Nor from an offer that is still open by its own words."""
    offer = await opened(stage, await consigned(stage), term_months=1, open_seconds=_LONG_SECONDS)
    await stage.pool.execute(
        "UPDATE market.licence_offers SET published_at = published_at - interval '32 days' WHERE id = $1",
        UUID(offer["id"]),
    )
    agency = await stage.person(Role.AGENCY_BIDDER)
    late = await agency.post(f"/v1/licence-offers/{offer['id']}/take", _STATEMENT, expect=409)
    assert (late["code"], "期限已届满" in late["detail_zh"]) == ("not_taken_now", True)


@pytest.mark.parametrize("took_effect", [True, False])
async def test_a_licence_ended_early_leaves_the_offer_and_its_disposal_open(
    stage: Stage, *, took_effect: bool
) -> None:
    """Its places may still be taken; with the offer's close the consignment is sold if a licence took effect."""
    consignment = await consigned(stage)
    offer = await opened(stage, consignment, places=2)
    grant = await taken(stage, offer, effective=took_effect)
    why = {"reason": "by agreement 协商终止"}
    await stage.bank_checker.post(f"/v1/licence-grants/{grant['id']}/end", why)
    await stage.work()
    path = f"/v1/licence-offers/{offer['id']}"
    assert ((await stage.bank_maker.get(path))["state"], await state_of(stage, consignment)) == (
        "open",
        "disposing",
    )
    await pass_by(stage, offer["closes_at"])
    over = await stage.bank_maker.get(path)
    assert (over["state"], await state_of(stage, consignment)) == (
        ("filled", "recovered") if took_effect else ("failed", "unsold")
    )
    assert took_effect or over["reason"] == "ended before it took effect 许可未生效即终止"


async def test_a_posted_offer_is_taken_back_and_its_licence_stays(stage: Stage) -> None:
    """No further place is taken; the consignment is disposed of until the licence ends; then it gave something."""
    consignment = await consigned(stage)
    offer = await opened(stage, consignment, places=2)
    grant = await taken(stage, offer)
    why = {"reason": "enough 名额不再增加"}
    taken_back = await stage.bank_checker.post(f"/v1/licence-offers/{offer['id']}/withdraw", why)
    assert (taken_back["state"], await state_of(stage, consignment)) == ("withdrawn", "disposing")
    await stage.bank_checker.post(f"/v1/licence-grants/{grant['id']}/end", why)
    assert await state_of(stage, consignment) == "recovered"
