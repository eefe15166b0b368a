"""Who is bound by a step hears of it (change feed and webhooks): licensees, agencies, applicants, makers of offers."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from kit.clock import CHINA, system_clock
from marketplace.changes.rules import Reference, Side, references_of, sides_of
from marketplace.organisations.schemas import Role
from tests.make_routes import consigned
from tests.make_stage import Person, Stage, money
from tests.marketplace.routes.test_collections import BOTH, called, pass_by
from tests.marketplace.routes.test_licences import grants_of, heard, opened
from tests.marketplace.routes.test_mandate_payments import agreed


async def money_heard(who: Person) -> list[str]:
    """What the person's organisation heard of the money of licences, in order."""
    items = (await who.get("/v1/changes?limit=500"))["items"]
    return [one["data"]["what"] for one in items if one["kind"] == "licence_moved"]


async def test_licensee_hears_of_its_licence_and_applicants_of_the_offer(stage: Stage) -> None:
    """From the offer on: signed, effective, invoiced, paid, ended; no draft, and nothing of anybody else's licence."""
    offer = await opened(stage, await consigned(stage), places=2)
    one, other = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]
    stranger = await stage.person(Role.AGENCY_BIDDER)
    take = f"/v1/licence-offers/{offer['id']}/take"
    grant = await one.post(take, {"statement": "we make pumps 生产水泵"})
    await other.post(take, {"statement": "we sell pumps 销售水泵"})
    path = f"/v1/licence-grants/{grant['id']}"
    await stage.bank_checker.post(f"{path}/effect")
    (fee,) = (await stage.bank_maker.get(f"/v1/licences/{grant['id']}"))["invoices"]
    receipts = f"/v1/licences/{grant['id']}/invoices/{fee['id']}/receipts"
    await stage.bank_maker.post(receipts, money(10_000_000))
    today = str(system_clock().astimezone(CHINA).date())
    await stage.operator.post(f"{path}/recordal", {"number": "X2026", "recorded_on": today})
    await stage.work()
    await stage.bank_checker.post(f"{path}/end", {"reason": "by agreement 协商终止"})
    await stage.work()
    states = {("licence_grant", state) for state in ("signed", "effective", "recorded", "ended")}
    assert states <= await heard(one)
    assert await heard(other) & states == {("licence_grant", "signed")}
    assert ("licence_offer", "filled") in await heard(one) & await heard(other)
    told = await money_heard(one)
    assert {"licence_approved", "entry_fee_invoiced", "royalty_received"} <= set(told)
    assert "licence_drafted" not in told
    assert await money_heard(other) == []
    assert "licence_drafted" in await money_heard(stage.bank_maker)
    assert (await heard(stranger), await money_heard(stranger)) == (set(), [])


async def test_named_licensee_hears_that_it_is_offered_a_licence(stage: Stage) -> None:
    """Nobody has to look whether there is something to sign."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    named = {"way": "negotiated", "licensee_id": str(agency.caller.organisation_id)}
    offer = await opened(stage, await consigned(stage), **named)
    await stage.work()
    (grant,) = await grants_of(stage, offer)
    items = (await agency.get("/v1/changes"))["items"]
    steps = [one["data"] for one in items if one["kind"] == "step_taken"]
    assert [(one["subject_id"], one["after"]) for one in steps] == [(grant["id"], "offered")]


async def test_agency_hears_of_its_mandate_once_the_bank_has_approved_it(stage: Stage) -> None:
    """Approved, agreed, begun, taken back; never that one was drafted, nor of one that the bank's checker refused."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    terms = {
        "agency_id": str(agency.caller.organisation_id),
        "term_months": 3,
        "agency_bp": 2_000,
        "powers": "propose licences 提出许可方案",
        "reversion": "after a late payment 逾期付款可收回",
    }
    body = {"consignment_id": (await consigned(stage))["id"], "mandate": terms}
    made = await stage.bank_maker.post("/v1/mandates", body)
    await stage.work()
    refused = {"sha256": made["sha256"], "approved": False}
    await stage.bank_checker.post(f"/v1/mandates/{made['id']}/approve", refused)
    await stage.work()
    assert await heard(agency) == set()
    assert ("mandate", "declined") in await heard(stage.bank_maker)
    mandate = await agreed(stage, agency)
    await stage.work()
    path = f"/v1/mandates/{mandate['id']}/revert"
    await stage.bank_checker.post(path, {"reason": "no income 无收益"})
    await stage.work()
    states = ("approved", "agreed", "running", "reverted")
    assert await heard(agency) == {("mandate", state) for state in states}
    assert await heard(await stage.person(Role.AGENCY_BIDDER)) == set()


async def test_makers_of_offers_hear_when_to_open_and_of_the_end(stage: Stage) -> None:
    """Who sealed an offer in a call hears that it is to be opened, by the feed and by its webhook."""
    lot = await called(stage, BOTH)
    one, _ = await stage.deposited(lot)
    stranger = await stage.person(Role.AGENCY_BIDDER)
    wanted = {"url": "https://hooks.example.com/luochui", "kinds": ["step_taken"]}
    endpoint = (await one.post("/v1/webhooks", wanted))["endpoint"]["id"]
    await pass_by(stage, lot["opens_at"])
    seal = {"commitment": "0" * 64}
    await one.post(f"/v1/lots/{lot['id']}/offers", seal)
    await pass_by(stage, lot["closes_at"])
    assert ("collection", "opening") in await heard(one)
    assert await heard(stranger) == set()
    sent = await stage.pool.fetch(
        "SELECT o.payload ->> 'after' AS step"
        "  FROM market.webhook_deliveries d JOIN market.outbox o ON o.id = d.event_id"
        " WHERE d.endpoint_id = $1 ORDER BY o.id",
        UUID(endpoint),
    )
    assert [row["step"] for row in sent] == ["offers", "opening"]


@pytest.mark.parametrize("after", ["draft", "proposed", "payment_due", "payment_late"])
def test_parties_do_not_hear_of_what_is_not_theirs_yet(after: str) -> None:
    """Drafts stay inside; of payments an agency is told with their amounts, once."""
    step: dict[str, Any] = {"subject": "mandate", "subject_id": str(uuid4()), "after": after}
    assert Side.PARTY not in sides_of("step_taken", step)
    assert Side.PARTY in sides_of("step_taken", step | {"after": "agreed"})


def test_subjects_without_parties_are_not_looked_up() -> None:
    """A plan, or a set-off, has its bank and its venue alone."""
    found = uuid4()
    step = {"subject": "plan", "subject_id": str(found), "after": "running"}
    assert references_of(step) == []
    assert references_of(step | {"subject": "mandate"}) == [Reference(thing="mandate", id=found)]
