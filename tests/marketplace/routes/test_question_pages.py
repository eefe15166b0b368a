"""Questions about a lot by page: who asks, which sellers answer, what everybody reads, what waits on whose desk."""

import re
from uuid import UUID, uuid4

from kit.reach import Scope, enter
from marketplace.organisations.schemas import Role
from tests.make_stage import Person, Stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press

ASKED, SAID = "年费是否缴清？\r\nIs the fee paid?", "已缴清至 2027 年。 Paid until 2027."


async def asked(stage: Stage, agency: Person, path: str, text: str) -> str:
    """The id of a question that an agency asked by form."""
    sent = await press(agency, f"{path}/questions", question=text)
    assert sent.status_code == 303, sent.text
    shown = await agency.get(f"/v1{path}/questions")
    return str(shown["items"][-1]["id"])


async def test_a_question_is_asked_and_answered_by_page(stage: Stage) -> None:
    """Venue or bank answers, once; open ones are seen by their asker and the sellers alone, answered ones by all."""
    lot = await stage.published(opens_in=600, lasts=600)
    path = f"/lots/{lot['id']}"
    one, two = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]
    assert f"{path}/questions" in await page(stage.anyone, path)
    first = await asked(stage, one, path, ASKED)
    second = await asked(stage, one, path, "是否涉诉？")
    for person, sees in (
        (one, True), (stage.operator, True), (stage.bank_maker, True), (two, False), (stage.anyone, False),
    ):  # fmt: skip
        shown = await page(person, f"{path}/questions")
        assert ("年费是否缴清？\nIs the fee paid?" in shown) is sees
        assert ("/answer" in shown) is (person in (stage.operator, stage.bank_maker))
    for person in (stage.operator, stage.bank_maker):
        desk = await page(person, "/me")
        assert "年费是否缴清" in desk
        assert f'href="{path}/questions"' in desk
    assert "待答复的咨询" not in await page(two, "/me")
    answer = f"{path}/questions/{first}/answer"
    assert (await press(two, answer, answer=SAID)).status_code == 403
    empty = await press(stage.bank_maker, answer, answer=" ")
    assert (empty.status_code, "答复：" in empty.text) == (400, True)
    assert (await press(stage.bank_maker, answer, answer=SAID)).status_code == 303
    assert (await press(stage.operator, answer, answer="again")).status_code == 404
    assert (
        await press(stage.operator, f"{path}/questions/{second}/answer", answer="否 No")
    ).status_code == 303
    everybody = await page(stage.anyone, f"{path}/questions")
    assert SAID in everybody
    assert "否 No" in everybody
    assert "/sign-in?next=" in everybody
    assert "待答复的咨询" not in await page(stage.operator, "/me")


async def test_nobody_buries_the_questions_of_others(stage: Stage) -> None:
    """Twenty of an organisation wait at most; an answer makes room, and others ask meanwhile."""
    lot = await stage.published(opens_in=600, lasts=600)
    path = f"/v1/lots/{lot['id']}/questions"
    one, two = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]
    for number in range(20):
        told = await one.post(path, {"question": f"第 {number} 问 question"})
    again = {"question": "再问一次 once more"}
    assert (await one.post(path, again, expect=409))["code"] == "too_many_open"
    assert len((await two.post(path, again))["items"]) == 1
    first = told["items"][0]["id"]
    await stage.operator.post(f"{path}/{first}/answer", {"answer": "是 Yes"})
    await one.post(path, again)


async def test_only_the_sellers_of_the_lot_answer(stage: Stage) -> None:
    """Another bank or venue neither reads what is open nor answers; a question that names its asker is refused."""
    lot = await stage.published(opens_in=600, lasts=600)
    path = f"/lots/{lot['id']}"
    agency = await stage.person(Role.AGENCY_BIDDER)
    name = await stage.pool.fetchval(
        "SELECT name FROM market.organisations WHERE id = $1", agency.caller.organisation_id
    )
    named = await press(agency, f"{path}/questions", question=f"{name} 想了解年费")
    assert (named.status_code, 'id="e-question"' in named.text) == (400, True)
    assert "请勿写明提问机构" in named.text
    question = await asked(stage, agency, path, ASKED)
    for role in (Role.BANK_MAKER, Role.VENUE_OPERATOR):
        other = await stage.person(role)
        assert "年费" not in await page(other, f"{path}/questions")
        assert "年费" not in await page(other, "/me")
        refused = await press(other, f"{path}/questions/{question}/answer", answer="yes")
        assert refused.status_code == 404
        async with stage.resources.requests.acquire() as conn, conn.transaction():
            await enter(conn, Scope.ORGANISATION, str(other.caller.organisation_id))
            assert await conn.fetch("SELECT id FROM market.lot_questions") == []
    unknown = await press(stage.operator, f"{path}/questions/{uuid4()}/answer", answer="yes")
    assert unknown.status_code == 404
    assert UUID(question)
    assert not re.search(
        r"organisation_id|asked_by", await page(stage.operator, f"{path}/questions")
    )
