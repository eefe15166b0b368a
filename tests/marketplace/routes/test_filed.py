"""What a maker proposes waits for every checker, on the page and over the API, until it is decided or taken back."""

import re
from typing import Any

from marketplace.organisations.schemas import Role
from tests.make_routes import LOT_TERMS, consigned, lot_step, planned, started
from tests.make_stage import START_FEN, Person, Stage
from tests.marketplace.remedies.test_distribution_pages import send
from tests.marketplace.routes.test_route_pages import page_of
from tests.marketplace.routes.test_sessions import arranged, drafted
from tests.marketplace.routes.test_two_checkers import limit, second

YES = "looked at it 已核"


async def waiting(person: Person, subject_id: str) -> list[dict[str, Any]]:
    """What the API says waits for this person about a subject, the same as the page."""
    found = [
        one
        for one in await person.get("/v1/approvals/waiting")
        if one["subject_id"] == str(subject_id)
    ]
    shown = await page_of(person, "/approvals")
    for one in found:
        assert f'action="/approvals/{one["id"]}/decision"' in shown
    return found


async def kinds_for(person: Person, subject_id: str) -> list[str]:
    """Of which kinds."""
    return sorted(one["kind"] for one in await waiting(person, subject_id))


async def decided(person: Person, one: dict[str, Any], *, approved: bool, expect: int = 303) -> str:
    """The word of a checker by the page's form."""
    fields = {"approved": str(approved).lower(), "sha256": one["sha256"], "reason": YES}
    return (await send(person, f"/approvals/{one['id']}/decision", expect, **fields)).text


async def nobody_of_the_makers(stage: Stage, subject_id: str) -> None:
    """No maker may decide, whoever they are, and no form asks them."""
    for maker in (stage.bank_maker, stage.operator):
        await maker.get("/v1/approvals/waiting", expect=403)
        assert "/decision" not in await page_of(maker, "/approvals")
    stranger = await stage.person(Role.BANK_CHECKER)
    assert await waiting(stranger, subject_id) == []


async def test_a_consignment_waits_for_each_checker_until_it_is_returned(stage: Stage) -> None:
    """Submitted: on every checker's list. Refused there: back at its maker, off the list. Agreed: with the venue."""
    done = await consigned(stage)
    assert await waiting(stage.bank_checker, done["id"]) == []
    other = await second(stage, stage.bank_checker, Role.BANK_CHECKER)
    terms = {name: done[name] for name in _TERMS}
    await stage.bank_checker.post(f"/v1/consignments/{done['id']}/withdrawal", {"reason": "again"})
    made = await stage.bank_maker.post("/v1/consignments", terms)
    path = f"/v1/consignments/{made['id']}"
    assert await waiting(stage.bank_checker, made["id"]) == []
    await stage.bank_maker.post(f"{path}/submission")
    for checker in (stage.bank_checker, other):
        assert await kinds_for(checker, made["id"]) == ["listing"]
    await nobody_of_the_makers(stage, made["id"])
    (one,) = await waiting(other, made["id"])
    await decided(other, one, approved=False)
    returned = await stage.bank_maker.get(path)
    assert (returned["state"], returned["reason"]) == ("returned", YES)
    assert await waiting(stage.bank_checker, made["id"]) == []
    await stage.bank_maker.post(f"{path}/submission")
    (again,) = await waiting(stage.bank_checker, made["id"])
    await decided(stage.bank_checker, again, approved=True)
    approved = await stage.bank_maker.get(path)
    assert approved["state"] == "under_review"
    assert approved["approved_by"] == str(stage.bank_checker.caller.user_id)
    assert (await other.get(f"/v1/approvals/{again['id']}"))["state"] == "used"


_TERMS = (
    "title", "venue_id", "case_id", "asset_ids", "regime", "route", "authority", "authority_document",
    "start_price_fen", "reserve_price_fen", "deposit_fen", "commission_bp", "costs_borne_by", "closing_on",
)  # fmt: skip


async def test_a_withdrawn_consignment_leaves_the_list(stage: Stage) -> None:
    """The bank takes it back before anybody agreed."""
    done = await consigned(stage)
    await stage.bank_checker.post(f"/v1/consignments/{done['id']}/withdrawal", {"reason": "again"})
    made = await stage.bank_maker.post("/v1/consignments", {name: done[name] for name in _TERMS})
    path = f"/v1/consignments/{made['id']}"
    await stage.bank_maker.post(f"{path}/submission")
    (one,) = await waiting(stage.bank_checker, made["id"])
    await stage.bank_checker.post(f"{path}/withdrawal", {"reason": "paid 已还款"})
    assert await waiting(stage.bank_checker, made["id"]) == []
    late = await decided(stage.bank_checker, one, approved=True, expect=409)
    assert "withdrawn" in late


async def test_a_lot_waits_from_its_check_on_for_two_checkers(stage: Stage) -> None:
    """Both find it; the first one's yes leaves it to the second, whose yes on the page publishes it."""
    await limit(stage, stage.checker.caller.organisation_id, START_FEN)
    other = await second(stage, stage.checker, Role.VENUE_CHECKER)
    lot = await stage.draft()
    assert await waiting(stage.checker, lot["id"]) == []
    await stage.operator.post(f"/v1/lots/{lot['id']}/check")
    await nobody_of_the_makers(stage, lot["id"])
    (one,) = await waiting(stage.checker, lot["id"])
    assert one["checkers"] == 2
    assert "1 for me to decide" in await page_of(stage.checker, "/me")
    assert 'data-part="waiting"' not in await page_of(stage.operator, "/me")
    await decided(stage.checker, one, approved=True)
    assert await waiting(stage.checker, lot["id"]) == []
    assert "Nothing waits for my decision" in await page_of(stage.checker, "/me")
    await stage.anyone.get(f"/v1/lots/{lot['id']}", expect=404)
    (left,) = await waiting(other, lot["id"])
    assert left["id"] == one["id"]
    await decided(other, left, approved=True)
    published = await stage.anyone.get(f"/v1/lots/{lot['id']}")
    assert published["status"] in ("published", "registration")


async def test_a_refused_lot_is_published_only_once_it_was_proposed_anew(stage: Stage) -> None:
    """A no on the page binds the room too: another checker cannot pass over it; a withdrawn lot leaves the list."""
    other = await second(stage, stage.checker, Role.VENUE_CHECKER)
    lot = await stage.draft()
    path = f"/v1/lots/{lot['id']}"
    await stage.operator.post(f"{path}/check")
    (one,) = await waiting(stage.checker, lot["id"])
    await decided(stage.checker, one, approved=False)
    refused = await other.post(f"{path}/publish", expect=409)
    assert refused["code"] == "approval_refused"
    lot = await stage.draft()
    path = f"/v1/lots/{lot['id']}"
    await stage.operator.post(f"{path}/check")
    assert await kinds_for(other, lot["id"]) == ["listing"]
    await stage.operator.post(f"{path}/withdraw", {"reason": "not now"})
    assert await waiting(other, lot["id"]) == []


async def test_a_session_is_published_with_the_last_of_its_lots(stage: Stage) -> None:
    """Each lot waits for its checker; nothing is published before the last is agreed to."""
    lots = [await drafted(stage), await drafted(stage)]
    session = await arranged(stage, *lots, stagger=60)
    path = f"/v1/auction-sessions/{session['id']}"
    for lot, state in zip(lots, ("draft", "published"), strict=True):
        (one,) = await waiting(stage.checker, lot["id"])
        await decided(stage.checker, one, approved=True)
        assert (await stage.operator.get(path))["state"] == state
    again = await arranged(stage, await drafted(stage), await drafted(stage), stagger=60)
    (first, *_) = again["lots"]
    assert await kinds_for(stage.checker, first["lot_id"]) == ["listing"]
    await stage.operator.post(f"/v1/auction-sessions/{again['id']}/withdraw", {"reason": "no"})
    assert await waiting(stage.checker, first["lot_id"]) == []


async def test_a_plan_and_its_changes_wait_and_are_carried_out(stage: Stage) -> None:
    """A plan, then a change that is a price cut too: decided on the page, the change once both are agreed to."""
    consignment = await consigned(stage)
    body = {"consignment_id": consignment["id"], "lot": LOT_TERMS, "steps": [lot_step()]}
    plan = await stage.bank_maker.post("/v1/plans", body)
    path = f"/v1/plans/{plan['id']}"
    (one,) = await waiting(stage.bank_checker, plan["id"])
    assert one["kind"] == "route_change"
    await nobody_of_the_makers(stage, plan["id"])
    await decided(stage.bank_checker, one, approved=True)
    assert (await stage.bank_maker.get(path))["state"] == "approved"
    change = {"steps": [lot_step(), lot_step(price_bp=8_000)], "reason": "no bidders 无人竞买"}
    shown = await stage.bank_maker.post(f"{path}/changes", change)
    change_id = shown["changes"][-1]["id"]
    assert await kinds_for(stage.bank_checker, change_id) == ["price_cut", "route_change"]
    states = []
    for each in await waiting(stage.bank_checker, change_id):
        await decided(stage.bank_checker, each, approved=True)
        states.append((await stage.bank_maker.get(path))["changes"][-1]["state"])
    assert states == ["proposed", "approved"]


async def test_a_refused_change_and_a_stopped_plan_leave_the_list(stage: Stage) -> None:
    """One no on either paper refuses the change and takes the other off; a stopped plan asks nobody any more."""
    plan = await planned(stage, await consigned(stage), lot_step())
    path = f"/v1/plans/{plan['id']}"
    change = {"steps": [lot_step(), lot_step(price_bp=8_000)], "reason": "no bidders 无人竞买"}
    shown = await stage.bank_maker.post(f"{path}/changes", change)
    change_id = shown["changes"][-1]["id"]
    (first, _) = await waiting(stage.bank_checker, change_id)
    await decided(stage.bank_checker, first, approved=False)
    assert (await stage.bank_maker.get(path))["changes"][-1]["state"] == "refused"
    assert await waiting(stage.bank_checker, change_id) == []
    shown = await stage.bank_maker.post(f"{path}/changes", change)
    change_id = shown["changes"][-1]["id"]
    assert len(await waiting(stage.bank_checker, change_id)) == 2
    await stage.bank_checker.post(f"{path}/stop", {"reason": "debt paid 已清偿"})
    assert await waiting(stage.bank_checker, change_id) == []


async def test_set_offs_wait_whoever_proposed_them(stage: Stage) -> None:
    """One that a maker proposed is agreed to on the page; refused in its room it leaves the list."""
    agreed = await consigned(stage, authority="post_default_agreement")
    body = {"consignment_id": agreed["id"], "price_fen": 1_000_000, "reason": "抵债"}
    made = await stage.bank_maker.post("/v1/set-offs", body)
    (one,) = await waiting(stage.bank_checker, made["id"])
    assert (one["kind"], one["amount_fen"]) == ("set_off", 1_000_000)
    await nobody_of_the_makers(stage, made["id"])
    await decided(stage.bank_checker, one, approved=True)
    assert (await stage.bank_maker.get(f"/v1/set-offs/{made['id']}"))["state"] == "approved"
    other = await consigned(stage, authority="post_default_agreement")
    made = await stage.bank_maker.post("/v1/set-offs", body | {"consignment_id": other["id"]})
    path = f"/v1/set-offs/{made['id']}/decide"
    await stage.bank_checker.post(path, {"price_fen": 1_000_000, "approved": False})
    assert await waiting(stage.bank_checker, made["id"]) == []


async def test_what_a_plan_says_is_read_in_words(stage: Stage) -> None:
    """Rules as sentences, routes, amounts and times in words: no field name, no JSON, on the page of a whole plan."""
    steps = (lot_step(opens_after_seconds=600), {"kind": "set_off"})
    plan = await started(stage, await consigned(stage), *steps)
    shown = await page_of(stage.bank_checker, "/approvals")
    part = shown[shown.index("全部申请") :]
    for words in ("增价竞价", "以物抵债", "公告后多久开始", "10分", "看样", plan["number"]):
        assert words in part
    assert not re.search(r"[a-z]+_(fen|bp|seconds|at|id)\b", re.sub(r"<[^>]*>", " ", part))
    assert '{"' not in part
