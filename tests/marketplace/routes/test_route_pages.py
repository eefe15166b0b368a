"""The pages of the routes of disposal: in both languages, for those who may see them, telling how far things are."""

from typing import Any

from marketplace.organisations.schemas import Role
from tests.make_routes import consigned, lot_step, started
from tests.make_stage import Person, Stage
from tests.marketplace.routes.test_collections import BOTH, called, pass_by
from tests.marketplace.routes.test_licences import opened
from tests.marketplace.routes.test_sessions import arranged, drafted


async def page_of(person: Person, path: str, *, expect: int = 200) -> str:
    """A page as this person sees it."""
    answer = await person.client.get(path, headers=person.headers | {"accept": "text/html"})
    assert answer.status_code == expect, answer.text
    return answer.text


async def test_plan_shows_its_steps_and_what_is_owed(stage: Stage) -> None:
    """Each step stands with its route, its price and its state, in Chinese and English; agencies have no plans."""
    steps = (lot_step(opens_after_seconds=600), lot_step(price_bp=8_000), {"kind": "set_off"})
    plan = await started(stage, await consigned(stage), *steps)
    text = await page_of(stage.bank_maker, f"/plans/{plan['id']}")
    for part in (
        "增价竞价",
        "English auction",
        "以物抵债",
        "Set-off",
        "¥1,680,000.00",
        "进行中",
        "Running",
    ):
        assert part in text
    assert plan["number"] in await page_of(stage.operator, "/plans")
    agency = await stage.person(Role.AGENCY_BIDDER)
    await page_of(agency, "/plans", expect=403)
    await page_of(stage.anyone, "/plans", expect=303)


async def test_call_shows_offers_by_paddle_and_no_sealed_amount(stage: Stage) -> None:
    """The call's page shows who offered by paddle; the notice tells the rules and leads there, not to a hall."""
    lot = await called(stage, BOTH)
    agency, bidder = await stage.deposited(lot)
    await pass_by(stage, lot["opens_at"])
    await agency.post(f"/v1/lots/{lot['id']}/offers", {"commitment": "ab" * 32})
    text = await page_of(stage.bank_checker, f"/lots/{lot['id']}/call")
    assert str(bidder["paddle"]) in text
    assert "未开封" in text
    notice = await page_of(agency, f"/lots/{lot['id']}")
    assert "密封报价" in notice
    assert f"/lots/{lot['id']}/call" in notice
    assert f"/auctions/{lot['id']}" not in notice
    stranger = await stage.person(Role.AGENCY_BIDDER)
    await page_of(stranger, f"/lots/{lot['id']}/call", expect=404)
    for person in (stranger, stage.anyone):
        assert f"/lots/{lot['id']}/call" not in await page_of(person, f"/lots/{lot['id']}")
    nothing = await stage.anyone.get(f"/v1/auctions/{lot['id']}", expect=404)
    assert nothing["code"] == "not_found"


async def test_licences_and_sessions_have_their_pages(stage: Stage) -> None:
    """Offers with scope and fees for who is signed in; published sessions for everybody, drafts for their venue."""
    offer: dict[str, Any] = await opened(stage, await consigned(stage))
    agency = await stage.person(Role.AGENCY_BIDDER)
    assert offer["number"] in await page_of(agency, "/licence-offers")
    text = await page_of(agency, f"/licence-offers/{offer['id']}")
    for part in (
        "每 3 个月",
        "every 3 months",
        "民法典第八百七十五条",
        "three months of its effect",
    ):
        assert part in text
    for part in ("普通许可", "Posted price", "¥100,000.00", "36 个月"):
        assert part in text
    session = await arranged(stage, await drafted(stage), stagger=60)
    await page_of(stage.anyone, f"/auction-sessions/{session['id']}", expect=404)
    shown = await page_of(stage.operator, f"/auction-sessions/{session['id']}")
    assert "春季专场" in shown
    [lot] = session["lots"]
    assert lot["number"] in shown
    assert f"/lots/{lot['lot_id']}" not in shown, "a draft has no notice to lead to"
    assert session["number"] in await page_of(stage.operator, "/auction-sessions")
    assert session["number"] not in await page_of(stage.anyone, "/auction-sessions")
