"""Experts of other houses score a tender on their own page: drawn, free, before any price is open, and once."""

from typing import Any

import httpx
import pytest

from kit.errors import InvalidInput
from marketplace.organisations.schemas import OrganisationKind, Role
from marketplace.pages.forms import in_bp
from tests.make_routes import consigned
from tests.make_stage import Person, Stage
from tests.marketplace.people.test_partners import of_kind, page
from tests.marketplace.routes.test_licences import HOUR, opened, pass_by, sealed

TENDER = {"way": "tender", "kind": "sole", "price_weight_bp": 4_000, "opening_seconds": HOUR}


@pytest.mark.parametrize(
    ("written", "bp"), [("0", "0"), (" 87.5 ", "8750"), ("100", "10000"), ("0.01", "1")]
)
def test_points_are_hundredths_of_a_percent(written: str, bp: str) -> None:
    """Points of 100 as people write them."""
    assert in_bp({"score": written, "reason": "r"}, "score") == {"score_bp": bp, "reason": "r"}


@pytest.mark.parametrize("written", ["", "100.01", "101", "-1", "87,5", "1.234", "１０", "1e1"])
def test_other_points_are_refused_by_name(written: str) -> None:
    """Above 100, below 0, or not a number with two decimals at most."""
    with pytest.raises(InvalidInput) as refused:
        in_bp({"score": written}, "score")
    assert refused.value.field == "score"


async def press(person: Person, path: str, **fields: str) -> httpx.Response:
    """Send a form of a page."""
    return await person.client.post(
        path, headers=person.headers | {"Accept": "text/html"}, data={"form_token": "", **fields}
    )


async def panel(
    stage: Stage, offer: dict[str, Any], *, among: int = 3
) -> tuple[dict[str, Person], dict[str, Any]]:
    """Three experts drawn for a tender, among so many with houses and accounts of their own; the draw."""
    people: dict[str, Person] = {}
    for number in range(among):
        person = await of_kind(stage, OrganisationKind.EXPERT, Role.EXPERT, None)
        entered = {
            "name": f"专家{number}", "employer_name": f"大学{number}", "fields": ["technology"],
            "user_id": str(person.caller.user_id),
        }  # fmt: skip
        people[(await stage.operator.post("/v1/experts", entered))["id"]] = person
    asked = {
        "subject": "licence_offer", "subject_id": offer["id"], "purpose": "weighted_tender",
        "quotas": [{"field": "technology", "count": 3}], "parties": [{"name": "示例借款人"}],
    }  # fmt: skip
    return people, await stage.operator.post("/v1/expert-draws", asked)


async def free(draw: dict[str, Any], people: dict[str, Person]) -> list[Person]:
    """Everybody has declared by the form to be free of conflicts."""
    for expert_id, person in people.items():
        said = await press(
            person, f"/panels/{draw['id']}/experts/{expert_id}/declaration",
            is_free="true", statement="no tie 无利害关系",
        )  # fmt: skip
        assert (said.status_code, said.headers["location"]) == (303, "/panels")
    return list(people.values())


async def test_experts_declare_and_score_on_their_page(stage: Stage) -> None:
    """Declared by form, each application scored once by each; then prices open, and the best total is chosen."""
    offer = await opened(stage, await consigned(stage), **TENDER)
    at = f"/licence-offers/{offer['id']}"
    people, draw = await panel(stage, offer)
    experts = await free(draw, people)
    assert f"{at}/scoring" in await page(experts[0], "/panels")
    agencies = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]
    made = [await sealed(offer, agency, 1_000) for agency in agencies]
    await pass_by(stage, offer["closes_at"])
    paths = [f"{at}/applications/{one['id']}/scores" for one in made]
    form = {"reason": "sound plan 方案可行"}
    for expert in experts:
        for path, points in zip(paths, ("90", "20.25"), strict=True):
            assert (await press(expert, path, score=points, **form)).status_code == 303
    assert (await press(experts[0], paths[0], score="1", **form)).status_code == 409
    mine = await experts[1].get(f"/v1{at}/scoring")
    assert [one["score_bp"] for one in mine["applications"]] == [9_000, 2_025]
    assert "我的评分" in await page(experts[1], f"{at}/scoring")
    rows = await stage.pool.fetch("SELECT DISTINCT scored_by FROM market.licence_scores")
    assert {row["scored_by"] for row in rows} == {one.caller.user_id for one in experts}
    await stage.operator.post(f"/v1{at}/open-prices")
    for agency, one in zip(agencies, made, strict=True):
        await agency.post(one["path"], one["body"])
    await pass_by(stage, (await stage.bank_maker.get(f"/v1{at}"))["opened_by"])
    done = await stage.bank_maker.get(f"/v1{at}")
    assert [one["is_chosen"] for one in done["applications"]] == [True, False]


async def test_the_panel_alone_reads_what_it_scores_and_in_its_time(stage: Stage) -> None:
    """Nobody before all are free, no application before the close, no applicant's name, no form once prices open."""
    offer = await opened(stage, await consigned(stage), **TENDER)
    at = f"/licence-offers/{offer['id']}"
    people, draw = await panel(stage, offer)
    await page(next(iter(people.values())), f"{at}/scoring", expect=404)
    first, *others = await free(draw, people)
    agency = await stage.person(Role.AGENCY_BIDDER)
    made = await sealed(offer, agency, 1_000)
    early = await first.get(f"/v1{at}/scoring")
    assert (early["applications"], early["is_taken"], early["weight_bp"]) == ([], False, 6_000)
    assert "生产水泵" not in await page(first, f"{at}/scoring")
    path, form = f"{at}/applications/{made['id']}/scores", {"score": "90", "reason": "sound 可行"}
    assert (await press(first, path, **form)).status_code == 409
    await pass_by(stage, offer["closes_at"])
    shown = await page(first, f"{at}/scoring")
    assert "生产水泵" in shown
    assert str(agency.caller.organisation_id) not in shown
    stranger = await of_kind(stage, OrganisationKind.EXPERT, Role.EXPERT, None)
    await page(stranger, f"{at}/scoring", expect=404)
    await page(stage.operator, f"{at}/scoring", expect=403)
    await agency.get(f"/v1{at}/scoring", expect=404)
    assert (await press(stranger, path, **form)).status_code == 404
    assert (await press(first, path, **form | {"score": "100.5"})).status_code == 400
    for expert in (first, *others):
        assert (await press(expert, path, **form)).status_code == 303
    await stage.operator.post(f"/v1{at}/open-prices")
    late = await page(first, f"{at}/scoring")
    assert "提交评分" not in late
    assert "生产水泵" in late


async def test_who_steps_back_by_the_page_gives_the_seat_to_the_next(stage: Stage) -> None:
    """An expert of another house recuses itself by the form: the next by lot, of a third house, is called up."""
    offer = await opened(stage, await consigned(stage), **TENDER)
    people, draw = await panel(stage, offer, among=4)
    seated = [seat["expert_id"] for seat in draw["seats"]]
    (spare,) = people.keys() - set(seated)
    assert "待声明" not in await page(people[spare], "/panels")
    path = f"/panels/{draw['id']}/experts/{seated[0]}/declaration"
    word = {"is_free": "false", "statement": "former pupil 曾为师生"}
    assert (await press(people[seated[1]], path, **word)).status_code == 404
    assert (await press(people[seated[0]], path, **word)).status_code == 303
    after = await stage.operator.get(f"/v1/expert-draws/{draw['id']}")
    states = {seat["expert_id"]: seat["state"] for seat in after["seats"]}
    assert (states[seated[0]], states[spare]) == ("recused", "drawn")
    assert "待声明" in await page(people[spare], "/panels")
    assert "待声明" not in await page(people[seated[0]], "/panels")
