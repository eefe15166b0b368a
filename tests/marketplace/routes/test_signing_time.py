"""The time to sign a licence stands still while something holds its rights, and whoever waits is told."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kit.clock import system_clock
from marketplace.grants.rules import sign_by_after
from marketplace.jobs.running import run_due_duties
from marketplace.monitoring import service as monitoring
from marketplace.monitoring.schemas import Signal
from marketplace.organisations.schemas import OrganisationKind, Role
from tests.make_portfolio import BORROWER_CODE
from tests.make_routes import consigned, started
from tests.make_stage import Person, Stage, moment
from tests.marketplace.people.test_partners import of_kind, page
from tests.marketplace.people.test_pledgor_signs import REVERSE
from tests.marketplace.routes.test_beside import entered, lifted
from tests.marketplace.routes.test_licences import grants_of, heard, offered, opened, pass_by
from tests.marketplace.routes.test_scoring import press
from tests.marketplace.routes.test_signing import UNIFORM, awarded, sign, steps_of

_SIGNAL = Signal(
    code="MON-01", subject="x", key="x", message="seen", message_zh="发现", evidence={}
)
_RECHECKED = timedelta(minutes=2)
_STANDS_STILL = "签署期限中止计算"


@pytest.mark.parametrize(
    ("left_days", "sign_by"),
    [
        (
            10,
            "2026-11-29T16:00:00+00:00",
        ),  # 10 days and 6 hours after 18:00 in China: that day's end
        (3, "2026-11-22T16:00:00+00:00"),
        (0, "2026-11-22T16:00:00+00:00"),  # three days at the least
        (-1, "2026-11-22T16:00:00+00:00"),
    ],
)
def test_what_was_left_is_left_after_the_hold(left_days: int, sign_by: str) -> None:
    """To the end of a day in China, and three days at the least."""
    held_since = datetime(2026, 11, 1, 4, tzinfo=UTC)
    now = datetime(2026, 11, 19, 10, tzinfo=UTC)
    before = held_since + timedelta(days=left_days)
    assert sign_by_after(before, held_since=held_since, now=now) == moment(sign_by)


def test_a_day_that_is_over_is_not_given_again() -> None:
    """What is left ends at midnight already."""
    now = datetime(2026, 11, 19, 16, tzinfo=UTC)
    held_since, before = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 6, tzinfo=UTC)
    after = sign_by_after(before, held_since=held_since, now=now)
    assert after == datetime(2026, 11, 24, 16, tzinfo=UTC)


async def alerted(stage: Stage, consignment: dict[str, Any]) -> None:
    """An alert that holds the rights of a consignment (ELG-28), and what it has looked at."""
    async with stage.pool.acquire() as conn, conn.transaction():
        await monitoring.raise_alert(
            conn,
            _SIGNAL,
            organisation_id=UUID(consignment["organisation_id"]),
            case_id=UUID(consignment["case_id"]),
            now=system_clock(),
        )
    await run_due_duties(stage, system_clock() + _RECHECKED)


async def passed_over(stage: Stage, consignment: dict[str, Any]) -> None:
    """A checker passes over what holds them."""
    found = f"/v1/consignments/{consignment['id']}/diligence"
    (held,) = [
        one
        for one in (await stage.operator.post(found))["findings"]
        if one["severity"] == "hold" and one["overridden_reason"] is None
    ]
    over = {"evidence_sha256": held["evidence_sha256"], "reason": "核查无误"}
    await stage.checker.post(f"{found}/overrides", over)


async def _grant(stage: Stage, offer: dict[str, Any]) -> dict[str, Any]:
    return (await grants_of(stage, offer))[0]


async def _told(who: Person) -> set[str]:
    return {after for subject, after in await heard(who) if subject == "licence_grant"}


async def test_an_alert_stops_the_time_of_a_winner_who_then_signs_by_the_page(stage: Stage) -> None:
    """Its days pass, and it is not let go, nor is the next asked; with the alert passed over what was left is left."""
    consignment = await consigned(stage)
    plan = await started(
        stage, consignment, {"kind": "licence", "offer": offered(**UNIFORM)}, {"kind": "set_off"}
    )
    offer_path = f"/licence-offers/{plan['steps'][0]['subject_id']}"
    offer = await stage.bank_maker.get(f"/v1{offer_path}")
    _, (winner, other) = await awarded(stage, offer, [500, 500])
    before = await _grant(stage, offer)
    assert "签署截止" in await page(winner, offer_path)
    await alerted(stage, consignment)
    held = await _grant(stage, offer)
    assert (before["held_since"], held["sign_by"]) == (None, before["sign_by"])
    refused = await sign(winner, held, expect=409)
    assert refused["code"] == "licence_not_signable"
    shown = await page(winner, offer_path)
    assert (_STANDS_STILL in shown, "签署许可" in shown) == (True, False)
    assert "ELG-28" not in shown
    assert (await _told(winner), await _told(other)) == ({"offered", "signing_held"}, set())
    for hours in (0, 1, 24):
        late = moment(before["sign_by"]) + timedelta(hours=hours)
        await pass_by(stage, str(late))
    assert [one["state"] for one in await grants_of(stage, offer)] == ["offered"]
    assert await steps_of(stage, plan) == ["running", "planned"]
    await passed_over(stage, consignment)
    again_at = late + timedelta(hours=2)
    await pass_by(stage, str(again_at))
    after = await _grant(stage, offer)
    left = moment(before["sign_by"]) - moment(held["held_since"])
    assert after["held_since"] is None
    assert (
        again_at + left
        <= moment(after["sign_by"])
        <= again_at + left + timedelta(days=1, seconds=1)
    )
    assert "signing_resumed" in await _told(winner)
    signature = f"{offer_path}/licences/{after['id']}/signature"
    assert signature not in await page(other, offer_path)
    assert (await press(other, signature, sha256=after["sha256"])).status_code == 404
    assert signature in await page(winner, offer_path)
    assert (await press(winner, signature, sha256="0" * 64)).status_code == 409
    assert (await press(winner, signature, sha256=after["sha256"])).status_code == 303
    assert "已签署" in await page(winner, offer_path)
    await stage.work()
    assert await steps_of(stage, plan) == ["succeeded", "skipped"]


async def test_who_does_not_sign_after_the_hold_is_let_go(stage: Stage) -> None:
    """Held by another licence that was found meanwhile, then free for what was left, and over."""
    consignment = await consigned(stage)
    offer = await opened(stage, consignment, **UNIFORM)
    _, (winner,) = await awarded(stage, offer, [500])
    found = await entered(stage, consignment, "exclusive_licence")
    await run_due_duties(stage, system_clock() + _RECHECKED)
    held = await _grant(stage, offer)
    assert held["held_since"] is not None
    assert (await sign(winner, held, expect=409))["code"] == "licence_blocked"
    await lifted(stage, found)
    await run_due_duties(stage, system_clock() + 2 * _RECHECKED)
    free = await _grant(stage, offer)
    assert (free["held_since"], free["sign_by"] >= held["sign_by"]) == (None, True)
    await pass_by(stage, held["sign_by"])
    for _ in range(2):
        await pass_by(stage, free["sign_by"])
    over = await _grant(stage, offer)
    assert (over["state"], over["reason"]) == ("ended", "not signed in time 逾期未签")


async def test_a_licence_whose_term_is_over_waits_for_no_signature(stage: Stage) -> None:
    """Held to its last day: with that day it is let go, nobody else is asked, and nobody signs a licence of nothing."""
    consignment = await consigned(stage)
    offer = await opened(stage, consignment, **UNIFORM, term_months=1)
    await awarded(stage, offer, [500, 400])
    await alerted(stage, consignment)
    held = await _grant(stage, offer)
    over_at = moment(f"{held['ends_on']}T00:00:00+08:00") + timedelta(days=1)
    await pass_by(stage, str(over_at - timedelta(seconds=2)))
    assert (await _grant(stage, offer))["state"] == "offered"
    await pass_by(stage, str(over_at))
    await pass_by(stage, str(over_at))
    assert [one["state"] for one in await grants_of(stage, offer)] == ["ended"]
    over = await stage.bank_maker.get(f"/v1/licence-offers/{offer['id']}")
    assert (over["state"], over["reason"]) == ("failed", "nobody signed 无人签署")


async def test_nobody_signs_a_licence_whose_term_is_over(stage: Stage) -> None:
    """Though its time to sign is not, as that of one which was held."""
    offer = await opened(stage, await consigned(stage), **UNIFORM, term_months=1)
    _, (winner,) = await awarded(stage, offer, [500])
    one = await _grant(stage, offer)
    await stage.pool.execute(
        "UPDATE market.licence_grants SET starts_on = starts_on - 60, ends_on = ends_on - 60 WHERE id = $1",
        UUID(one["id"]),
    )
    assert (await sign(winner, one, expect=409))["code"] == "signing_over"


async def test_a_named_licensee_has_time_after_the_hold_though_the_offer_should_have_closed(
    stage: Stage,
) -> None:
    """The offer stays open as long; three days at the least are left when the hold is over."""
    consignment = await consigned(stage)
    agency = await stage.person(Role.AGENCY_BIDDER)
    named = {"way": "negotiated", "licensee_id": str(agency.caller.organisation_id)}
    offer = await opened(stage, consignment, **named)
    path = f"/v1/licence-offers/{offer['id']}"
    await alerted(stage, consignment)
    await pass_by(stage, offer["closes_at"])
    later = await stage.bank_maker.get(path)
    assert (later["state"], moment(later["closes_at"]) > moment(offer["closes_at"])) == (
        "open",
        True,
    )
    await passed_over(stage, consignment)
    freed_at = moment(later["closes_at"])
    await pass_by(stage, str(freed_at))
    free = await _grant(stage, offer)
    assert free["held_since"] is None
    assert moment(free["sign_by"]) - freed_at >= timedelta(days=3)
    assert (await stage.bank_maker.get(path))["closes_at"] == free["sign_by"]
    assert (await sign(agency, free))["state"] == "signed"
    await pass_by(stage, free["sign_by"])
    assert (await stage.bank_maker.get(path))["state"] == "filled"


async def test_the_pledgor_s_desk_says_that_its_time_stands_still(stage: Stage) -> None:
    """A licence back to it waits too; no button until it may be signed."""
    pledgor = await of_kind(stage, OrganisationKind.PLEDGOR, Role.PLEDGOR, BORROWER_CODE)
    consignment = await consigned(stage)
    offer = await opened(stage, consignment, **REVERSE)
    button = f"/pledgor/licences/{(await _grant(stage, offer))['id']}/signature"
    shown = await page(pledgor, "/pledgor")
    assert (button in shown, _STANDS_STILL in shown) == (True, False)
    await alerted(stage, consignment)
    shown = await page(pledgor, "/pledgor")
    assert (button in shown, _STANDS_STILL in shown) == (False, True)
