"""The page of a plan of distribution: read, objected to in time, answered and approved by others, by its forms."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import msgspec

from kit.clock import system_clock
from kit.money import yuan
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from marketplace.remedies.pages import Steps, steps_for
from marketplace.remedies.schemas import ObjectionView
from marketplace.sales.schemas import DistributionPlan
from tests.make_app import client_on
from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Stage, money
from tests.marketplace.remedies.test_remedies_http import COST, books_hold, sold
from tests.marketplace.routes.test_route_pages import page_of

HOSTILE = "<script>alert(1)</script>"
DAYS = 9
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


async def send(person: Person, path: str, expect: int = 303, **fields: str) -> httpx.Response:
    """A form, sent as its page would."""
    answer = await person.client.post(
        path, headers=person.headers, data=fields | {"form_token": ""}
    )
    assert answer.status_code == expect, answer.text
    return answer


def form_in(page: str, pattern: str) -> str:
    """The address of the one form that fits."""
    (found,) = {part.partition('"')[0] for part in page.split('action="')[1:] if pattern in part}
    return found


async def test_a_plan_is_objected_to_and_approved_by_forms(stage: Stage) -> None:
    """Upheld: drafted anew. Dismissed, and the time over: approved as shown by another person, not before."""
    lot, _ = await sold(stage, objection_days=DAYS)
    notice, path = f"/lots/{lot['id']}", f"/lots/{lot['id']}/distribution"
    await stage.operator.post(f"/v1{notice}/payments", money(START_FEN - DEPOSIT_FEN))
    costs = await stage.operator.post(f"/v1{notice}/costs", {"lines": [COST]})
    await stage.checker.post(f"/v1{notice}/costs/lock", {"content_hash": costs["content_hash"]})
    await _only_for_its_people(stage, notice, path)
    assert f'action="{path}"' not in await page_of(stage.checker, path)
    assert f'action="{path}"' in await page_of(stage.bank_maker, path)
    await send(stage.bank_maker, path)
    await _is_shown(stage, path)
    await _is_taken_back(stage, path)
    await send(stage.operator, path)
    await _is_dismissed(stage, path)
    plan = await stage.bank_checker.get(f"/v1{path}")
    seen = {"content_hash": plan["content_hash"]}
    assert f'action="{path}/approve"' not in await page_of(stage.bank_checker, path)
    await send(stage.bank_checker, f"{path}/approve", 409, **seen)
    resources = msgspec.structs.replace(
        stage.resources, clock=lambda: system_clock() + timedelta(days=DAYS, minutes=1)
    )
    async with client_on(resources) as client:
        maker, checker = (
            Person(client, one.caller, one.headers)
            for one in (stage.bank_maker, stage.bank_checker)
        )
        assert f'action="{path}/objections"' not in await page_of(maker, path)
        await send(maker, f"{path}/objections", 409, objector="late", grounds="too late")
        assert f'action="{path}/approve"' in await page_of(checker, path)
        await send(checker, f"{path}/approve", 412, content_hash="0" * 64)
        await send(checker, f"{path}/approve", **seen)
        assert "已复核" in await page_of(checker, path)
    await books_hold(stage)


async def _only_for_its_people(stage: Stage, notice: str, path: str) -> None:
    """The notice leads the lot's venue and bank there; agencies have no such page, other banks find none."""
    assert f'href="{path}"' in await page_of(stage.bank_checker, notice)
    agency, bank = await stage.person(Role.AGENCY_BIDDER), await stage.person(Role.BANK_MAKER)
    for person in (agency, bank, stage.anyone):
        assert f'href="{path}"' not in await page_of(person, notice)
    await page_of(agency, path, expect=403)
    await page_of(bank, path, expect=404)
    await page_of(stage.anyone, path, expect=303)
    await send(bank, f"{path}/objections", 404, objector="x", grounds="y")


async def _is_shown(stage: Stage, path: str) -> None:
    """Every line with payee, amounts and computation."""
    plan = await stage.bank_maker.get(f"/v1{path}")
    text = await page_of(stage.bank_checker, path)
    for line in plan["content"]["lines"]:
        assert f"¥{yuan(line['amount_fen'])}" in text
        assert line["payee_name"] in text
        assert line["computation"] in text


async def _is_taken_back(stage: Stage, path: str) -> None:
    """An objection names its field, keeps its text as text, and is upheld by another person: no plan stands."""
    missing = await send(stage.bank_maker, f"{path}/objections", 400, objector="second")
    assert "grounds" in missing.text
    await send(stage.bank_maker, f"{path}/objections", objector=HOSTILE, grounds="earlier 登记在先")
    entered = await page_of(stage.bank_maker, path)
    assert "&lt;script&gt;" in entered
    assert HOSTILE not in entered
    assert f'action="{path}/objections/' not in entered
    answer = form_in(await page_of(stage.bank_checker, path), f"{path}/objections/")
    await send(stage.bank_maker, answer, 403, is_upheld="true", answer="mine")
    await send(stage.bank_checker, answer, is_upheld="true", answer="right")
    assert "No plan stands" in await page_of(stage.bank_checker, path)


async def _is_dismissed(stage: Stage, path: str) -> None:
    """The venue's checker answers the bank's objection; the answer stands beside it, once."""
    await send(stage.bank_maker, f"{path}/objections", objector="second", grounds="again")
    answer = form_in(await page_of(stage.checker, path), f"{path}/objections/")
    await send(stage.checker, answer, is_upheld="false", answer="paid already 已受偿")
    text = await page_of(stage.bank_maker, path)
    assert "paid already 已受偿" in text
    assert "异议不成立" in text
    await send(stage.checker, answer, 409, is_upheld="true", answer="changed my mind")


def someone(*roles: Role) -> Caller:
    """A person of a bank."""
    return Caller(
        user_id=uuid4(),
        organisation_id=uuid4(),
        organisation_kind=OrganisationKind.BANK,
        roles=frozenset(roles),
        display_name="x",
    )


def some_plan(drafter: Caller, *, state: str = "DRAFT") -> DistributionPlan:
    """A plan that is open to objections until noon."""
    return DistributionPlan(
        id=uuid4(),
        lot_id=uuid4(),
        state=state,
        content={},
        content_hash="",
        drafted_by=drafter.user_id,
        drafted_at=NOON - timedelta(days=1),
        objection_until=NOON,
        approved_by=None,
        approved_at=None,
        paid_at=None,
    )


def some_objection(by: Caller, plan_id: UUID, *, state: str = "OPEN") -> ObjectionView:
    """An objection to a plan."""
    return ObjectionView(
        id=uuid4(),
        plan_id=plan_id,
        objector="x",
        grounds="y",
        state=state,
        entered_by=by.user_id,
        entered_at=NOON,
        answer=None,
        answered_by=None,
        answered_at=None,
    )


def test_nobody_is_offered_a_step_on_their_own_work() -> None:
    """Who is maker and checker in one neither approves their draft nor answers their objection; others do, in time."""
    both, other = someone(Role.BANK_MAKER, Role.BANK_CHECKER), someone(Role.BANK_CHECKER)
    plan = some_plan(both)
    early, late = NOON - timedelta(seconds=1), NOON + timedelta(seconds=1)
    assert steps_for(both, plan, [], now=late) == Steps()
    assert steps_for(other, plan, [], now=early) == Steps()
    assert steps_for(other, plan, [], now=late) == Steps(approve=True)
    said = some_objection(both, plan.id)
    assert steps_for(both, plan, [said], now=early) == Steps(object=True)
    assert steps_for(other, plan, [said], now=late) == Steps(answer=frozenset({said.id}))
    done = some_objection(both, plan.id, state="DISMISSED")
    assert steps_for(other, plan, [done], now=late) == Steps(approve=True)
    assert steps_for(other, some_plan(both, state="APPROVED"), [], now=late) == Steps()
    assert steps_for(both, None, [], now=late) == Steps(draft=True)
    assert steps_for(other, None, [], now=late) == Steps()
