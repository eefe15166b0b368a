"""Valuers, experts and pledgors do their whole work over HTTP and on pages, and see nothing of anybody else's.

Domain 7 says what each does; who may call what is in the role matrix, whose rows are whose in `partners.sql`.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kit.clock import CHINA, system_clock
from kit.reach import Scope
from marketplace.organisations.schemas import OrganisationKind, Role
from tests.make_people import make_organisation
from tests.make_portfolio import BORROWER_CODE
from tests.make_stage import DEPOSIT_FEN, Person, Stage, money
from tests.marketplace.people.test_rows import _PUBLISHED, counts
from tests.marketplace.remedies.test_remedies_http import COST, sold


@pytest.fixture
async def lot(stage: Stage) -> dict[str, Any]:
    """A published lot, whose rights, loan and pledge are of the usual borrower."""
    return await stage.published(lasts=600, opens_in=600)


async def one_id(stage: Stage, table: str) -> str:
    """The id of the only row of a table."""
    return str(await stage.pool.fetchval(f"SELECT id FROM market.{table}"))


async def of_kind(stage: Stage, kind: OrganisationKind, role: Role, code: str | None) -> Person:
    """Somebody of a new organisation with this credit code."""
    organisation_id = await make_organisation(stage.pool, kind, now=system_clock())
    await stage.pool.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1", organisation_id, code
    )
    return await stage.person(role, organisation_id=organisation_id)


async def page(person: Person, path: str, *, expect: int = 200) -> str:
    """A page as this person sees it."""
    answer = await person.client.get(path, headers=person.headers | {"Accept": "text/html"})
    assert answer.status_code == expect, answer.text
    return answer.text


async def tables_of(stage: Stage, person: Person) -> set[str]:
    """The tables of which a query without any condition shows this person rows that are not published."""
    found = await counts(stage, Scope.ORGANISATION, person.caller)
    return {name for name in found if name not in _PUBLISHED} - {
        "market.users", "market.api_keys", "market.audit_entries", "market.idempotency_keys",
    }  # fmt: skip


async def test_a_valuer_hands_in_what_it_was_asked_for(stage: Stage, lot: dict[str, Any]) -> None:
    """Ordered, seen on its page, delivered into the bank's books, declined, withdrawn; never another's."""
    valuer, other = [
        await of_kind(stage, OrganisationKind.VALUER, Role.VALUER, None) for _ in range(2)
    ]
    asset_id = await one_id(stage, "assets")
    today = system_clock().astimezone(CHINA).date()
    order = {
        "valuer_id": str(valuer.caller.organisation_id), "asset_ids": [asset_id],
        "purpose": "for the second round 二次处置", "due_on": str(today + timedelta(days=20)),
    }  # fmt: skip
    stranger = await stage.person(Role.BANK_MAKER)
    assert (await stranger.post("/v1/valuation-orders", order, expect=400))["field"] == "asset_ids"
    assert await tables_of(stage, valuer) == set()
    made = await stage.bank_maker.post("/v1/valuation-orders", order)
    path = f"/v1/valuation-orders/{made['id']}"
    assert "提交报告" in await page(valuer, "/valuation-orders")
    seen = await valuer.get(path)
    assert [right["id"] for right in seen["rights"]] == [asset_id]
    assert await tables_of(stage, valuer) == {"market.valuation_orders"}
    report = {
        "report_number": "PG-2026-001", "method": "income", "base_on": str(today - timedelta(days=10)),
        "value_fen": 280_000_000, "valid_to": str(today + timedelta(days=300)),
    }  # fmt: skip
    for somebody, status in ((other, 404), (stage.bank_maker, 403), (stage.operator, 403)):
        await somebody.post(f"{path}/report", report, expect=status)
    for somebody in (other, stranger):
        await somebody.get(path, expect=404)
        assert (await somebody.get("/v1/valuation-orders"))["items"] == []
    delivered = await valuer.post(f"{path}/report", report)
    assert delivered["state"] == "delivered"
    valuation = await stage.bank_maker.get(f"/v1/valuations/{delivered['valuation_id']}")
    name = await stage.pool.fetchval(
        "SELECT name FROM market.organisations WHERE id = $1", valuer.caller.organisation_id
    )
    assert (valuation["kind"], valuation["valuer_name"], valuation["value_fen"]) == (
        "external", name, 280_000_000,
    )  # fmt: skip
    again = await valuer.post(f"{path}/report", report, expect=409)
    assert again["code"] == "valuation_order_ended"
    second = await stage.bank_maker.post("/v1/valuation-orders", order)
    refusal = {"reason": "we advise the pledgor 为出质人提供咨询"}
    declined = await valuer.post(f"/v1/valuation-orders/{second['id']}/declination", refusal)
    assert declined["state"] == "declined"
    third = await stage.bank_maker.post("/v1/valuation-orders", order)
    withdrawn = f"/v1/valuation-orders/{third['id']}/withdrawal"
    await stranger.post(withdrawn, refusal, expect=404)
    await stage.bank_maker.post(withdrawn, refusal)
    await valuer.get("/v1/valuations", expect=403)
    await valuer.get("/v1/consignments", expect=403)
    await page(valuer, "/me")


async def test_a_pledgor_follows_its_own_and_nothing_else(
    stage: Stage, lot: dict[str, Any]
) -> None:
    """Debts, rights, lots and notices by its credit code; another pledgor, and one without a code, see nothing."""
    pledgor = await of_kind(stage, OrganisationKind.PLEDGOR, Role.PLEDGOR, BORROWER_CODE)
    other = await of_kind(stage, OrganisationKind.PLEDGOR, Role.PLEDGOR, "91350100M000100Y43")
    nameless = await of_kind(stage, OrganisationKind.PLEDGOR, Role.PLEDGOR, None)
    case_id = await one_id(stage, "loan_cases")
    desk = await pledgor.get("/v1/pledgor/desk")
    assert [debt["id"] for debt in desk["debts"]] == [case_id]
    assert [one["id"] for one in desk["lots"]] == [lot["id"]]
    assert len(desk["rights"]) == len(desk["rights"][0]["pledges"]) == 1
    assert (await pledgor.get(f"/v1/cases/{case_id}"))["id"] == case_id
    assert (await tables_of(stage, pledgor)) == {
        "market.loan_cases", "market.pledges", "market.pledge_assets",
    }  # fmt: skip
    for somebody in (other, nameless):
        empty = await somebody.get("/v1/pledgor/desk")
        assert {name for name, value in empty.items() if value} == set()
        await somebody.get(f"/v1/cases/{case_id}", expect=404)
        assert (await somebody.get("/v1/cases"))["items"] == []
        assert (await somebody.get("/v1/statements"))["items"] == []
        assert await tables_of(stage, somebody) == set()
        said = {"grounds": "not mine"}
        await somebody.post(f"/v1/pledgor/lots/{lot['id']}/objections", said, expect=404)
        document = {"document_sha256": "ab" * 32}
        await somebody.post(f"/v1/pledgor/lots/{lot['id']}/consent", document, expect=404)
    await pledgor.get(f"/v1/lots/{lot['id']}/bidders", expect=403)
    await pledgor.get("/v1/pledges", expect=403)
    early = {"grounds": "the costs are too high 费用过高"}
    await pledgor.post(
        f"/v1/pledgor/lots/{lot['id']}/objections", early, expect=404
    )  # no draft yet
    answer = await pledgor.client.post(
        f"/v1/pledgor/lots/{lot['id']}/consent",
        json={"document_sha256": "ab" * 32},
        headers=pledgor.headers | {"Idempotency-Key": str(uuid4())},
    )
    assert answer.status_code == 204, answer.text
    coverage = await stage.operator.get(f"/v1/lots/{lot['id']}/coverage")
    assert coverage["consent_sha256"] == "ab" * 32
    assert lot["title_zh"] in await page(pledgor, "/pledgor")
    assert "/pledgor" in await page(pledgor, "/me")
    await page(stage.operator, "/pledgor", expect=403)


async def test_a_pledgor_acknowledges_a_notice_of_its_own(stage: Stage) -> None:
    """Word that was sent to it counts as received from its own hand; nobody else's, and once."""
    pledgor = await of_kind(stage, OrganisationKind.PLEDGOR, Role.PLEDGOR, BORROWER_CODE)
    other = await of_kind(stage, OrganisationKind.PLEDGOR, Role.PLEDGOR, "91350100M000100Y43")
    name = "示例借款人"
    await stage.pool.execute(
        "UPDATE market.organisations SET name = $2 WHERE id = ANY ($1::uuid[])",
        [pledgor.caller.organisation_id, other.caller.organisation_id],
        name,
    )
    lot = await stage.draft(opens_in=600, lasts=600)
    today = system_clock().astimezone(CHINA).date()
    sent = {"party_name": name, "role": "pledgor", "method": "EMS", "sent_on": str(today)}
    told = await stage.operator.post(f"/v1/lots/{lot['id']}/party-notices", sent)
    another = sent | {"party_name": "另一当事人", "role": "co_owner"}
    await stage.operator.post(f"/v1/lots/{lot['id']}/party-notices", another)
    notice = told["items"][0]["id"]
    desk = await pledgor.get("/v1/pledgor/desk")
    assert [one["id"] for one in desk["notices"]] == [notice]
    assert (desk["waiting"], desk["lots"]) == (1, [])
    assert "签收" in await page(pledgor, "/pledgor")
    path = f"/v1/pledgor/notices/{notice}/receipt"
    await other.post(path, expect=404)
    received = await pledgor.post(path)
    assert received["notices"][0]["state"] == "received"
    assert (await pledgor.post(path, expect=409))["code"] == "party_told_already"
    shown = await stage.operator.get(f"/v1/lots/{lot['id']}/party-notices")
    assert shown["items"][0]["effective_on"] == str(today)


async def test_an_expert_sits_on_its_panels_alone(stage: Stage, lot: dict[str, Any]) -> None:
    """Drawn, seen on the page, one declares to be free and one steps back for the next; others see no panel."""
    people: dict[str, Person] = {}
    for number in range(3):
        person = await of_kind(stage, OrganisationKind.EXPERT, Role.EXPERT, None)
        expert = await stage.operator.post(
            "/v1/experts",
            {
                "name": f"专家{number}", "employer_name": f"大学{number}", "fields": ["technology"],
                "credentials": "professor 教授", "user_id": str(person.caller.user_id),
            },
        )  # fmt: skip
        people[expert["id"]] = person
    draw = await stage.operator.post(
        "/v1/expert-draws",
        {
            "subject": "lot", "subject_id": lot["id"], "purpose": "valuation_review",
            "quotas": [{"field": "technology", "count": 2}], "parties": [{"name": "示例借款人"}],
        },
    )  # fmt: skip
    seated = [seat["expert_id"] for seat in draw["seats"]]
    (spare,) = people.keys() - set(seated)
    free, stepping_back = seated
    assert (await people[spare].get("/v1/me/expert-tasks")) == []
    assert await tables_of(stage, people[spare]) == {"market.experts"}
    for expert_id in seated:
        assert [one["id"] for one in await people[expert_id].get("/v1/me/expert-tasks")] == [
            draw["id"]
        ]
        assert "待声明" in await page(people[expert_id], "/panels")
        assert "/panels" in await page(people[expert_id], "/me")
    path = f"/v1/expert-draws/{draw['id']}/experts/{free}/declaration"
    word = {"is_free": True, "statement": "no tie 无利害关系"}
    await people[stepping_back].post(path, word, expect=404)
    await people[spare].post(path, word, expect=404)
    done = await people[free].post(path, word)
    assert {seat["state"] for seat in done["seats"]} == {"confirmed", "drawn"}
    away = f"/v1/expert-draws/{draw['id']}/experts/{stepping_back}/declaration"
    await people[stepping_back].post(away, {"is_free": False, "statement": "former pupil 曾为师生"})
    assert [one["id"] for one in await people[spare].get("/v1/me/expert-tasks")] == [draw["id"]]
    await people[free].get("/v1/experts", expect=403)
    await people[free].get("/v1/cases", expect=403)
    assert UUID(draw["id"])


async def test_a_pledgor_objects_in_time_and_reads_the_answer(stage: Stage) -> None:
    """The draft says what is left to it; its objection stands in the venue's books until somebody answers."""
    pledgor = await of_kind(stage, OrganisationKind.PLEDGOR, Role.PLEDGOR, BORROWER_CODE)
    price_fen = 600_000_000  # more than the debt
    lot, _ = await sold(stage, bid_fen=price_fen, opens_in=6.0, objection_days=3)
    path = f"/v1/lots/{lot['id']}"
    await stage.operator.post(f"{path}/payments", money(price_fen - DEPOSIT_FEN))
    costs = await stage.operator.post(f"{path}/costs", {"lines": [COST]})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.bank_maker.post(f"{path}/distribution")
    (left,) = [line for line in plan["content"]["lines"] if line["to"] == "pledgor"]
    assert left["amount_fen"] > 0
    desk = await pledgor.get("/v1/pledgor/desk")
    assert (desk["lots"][0]["plan_state"], desk["waiting"]) == ("DRAFT", 1)
    assert desk["lots"][0]["surplus_fen"] == left["amount_fen"]
    grounds = {"grounds": "the costs are not proved 费用无凭证"}
    mine = await pledgor.post(f"/v1/pledgor/lots/{lot['id']}/objections", grounds)
    assert [one["state"] for one in mine["objections"]] == ["OPEN"]
    (seen,) = (await stage.operator.get(f"{path}/distribution/objections"))["items"]
    assert seen["grounds"] == grounds["grounds"]
    answer = {"is_upheld": False, "answer": "the invoice is enclosed 附发票"}
    await stage.bank_checker.post(f"{path}/distribution/objections/{seen['id']}/answer", answer)
    desk = await pledgor.get("/v1/pledgor/desk")
    assert (desk["objections"][0]["state"], desk["objections"][0]["answer"]) == (
        "DISMISSED", answer["answer"],
    )  # fmt: skip
    assert "附发票" in await page(pledgor, "/pledgor")
