"""Second licensing over HTTP: every way of offering, the states to the register, and the money in its claim."""

import json
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kit.clock import CHINA, system_clock
from kit.commitments import commitment
from marketplace.jobs.running import run_due_duties
from marketplace.mandates.rules import money_of
from marketplace.monitoring import service as monitoring
from marketplace.monitoring.schemas import Signal
from marketplace.organisations.schemas import Role
from tests.make_routes import LOT_TERMS, consigned, started
from tests.make_stage import Person, Stage, moment, money

HOUR = 3_600
DOCUMENT = "ab" * 32
#: A second loan of one borrower that is no copy of the first: two alike are held for review (MON-01).
ANOTHER = {"loan_amount_fen": 600_000_000}


def offered(**changed: Any) -> dict[str, Any]:
    """Ordinary licences for three years at 3 % of net sales with an entry fee, by agreement with the pledgor."""
    offer: dict[str, Any] = {
        "title": "Ordinary licence",
        "title_zh": "普通许可",
        "way": "posted",
        "kind": "ordinary",
        "term_months": 36,
        "terms": {"rate_bp": 300, "entry_fee_fen": 10_000_000},
        "power": "pledgor_agreement",
        "power_document_sha256": DOCUMENT,
        "open_seconds": HOUR,
    }
    return offer | changed


async def opened(stage: Stage, consignment: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """An offer that two people of the bank have opened."""
    body = {"consignment_id": consignment["id"], "offer": offered(**changed)}
    made = await stage.bank_maker.post("/v1/licence-offers", body)
    path = f"/v1/licence-offers/{made['id']}/open"
    return dict(await stage.bank_checker.post(path, {"sha256": made["sha256"]}))


async def pass_by(stage: Stage, at: str) -> None:
    """Do what is due a second after that moment."""
    await run_due_duties(stage, moment(at) + timedelta(seconds=1))


async def grants_of(stage: Stage, offer: dict[str, Any]) -> list[dict[str, Any]]:
    """The licences that an offer led to, oldest first."""
    listed = (await stage.bank_maker.get("/v1/licence-grants"))["items"]
    return sorted(
        (one for one in listed if one["offer_id"] == offer["id"]), key=lambda one: one["id"]
    )


async def sealed(offer: dict[str, Any], person: Person, amount_fen: int) -> dict[str, Any]:
    """An application with a commitment; what opens it."""
    nonce = secrets.token_hex(32)
    to = commitment(
        f"licence-offer:{offer['id']}",
        str(person.caller.organisation_id),
        amount_fen=amount_fen,
        nonce=nonce,
    )
    path = f"/v1/licence-offers/{offer['id']}/applications"
    shown = await person.post(path, {"statement": "we make pumps 生产水泵", "commitment": to})
    (mine,) = shown["applications"]
    return {
        "path": f"{path}/{mine['id']}/open",
        "body": {"amount_fen": amount_fen, "nonce": nonce},
        "id": mine["id"],
    }


async def test_posted_licence_from_offer_to_its_money(stage: Stage) -> None:
    """Taken, made effective, recorded, active, invoiced and paid; the last place fills the offer; then it ends."""
    consignment = await consigned(stage)
    offer = await opened(stage, consignment, places=2)
    one, two, three = [await stage.person(Role.AGENCY_BIDDER) for _ in range(3)]
    take = f"/v1/licence-offers/{offer['id']}/take"
    grant = await one.post(take, {"statement": "we make pumps 生产水泵"})
    assert grant["state"] == "signed"
    await two.post(take, {"statement": "we sell pumps 销售水泵"})
    full = await three.post(take, {"statement": "we too 我们也要"}, expect=409)
    assert full["code"] == "not_taken_now"
    assert (await one.get(f"/v1/licence-offers/{offer['id']}"))["state"] == "filled"
    path = f"/v1/licence-grants/{grant['id']}"
    effective = await stage.bank_checker.post(f"{path}/effect")
    today = system_clock().astimezone(CHINA).date()
    assert effective["state"] == "effective"
    assert effective["recordal_due_on"] > str(today + timedelta(days=80))
    income = await stage.bank_maker.get(f"/v1/licences/{grant['id']}")
    (fee,) = income["invoices"]
    assert (fee["due_fen"], income["content"]["terms"]["rate_bp"]) == (10_000_000, 300)
    receipts = f"/v1/licences/{grant['id']}/invoices/{fee['id']}/receipts"
    paid = await stage.bank_maker.post(receipts, money(10_000_000))
    assert paid["receipts"][0]["state"] == "DISTRIBUTED"
    recordal = {"number": "X2026980000001", "recorded_on": str(today)}
    await stage.operator.post(f"{path}/recordal", recordal)
    await stage.work()
    assert (await one.get(path))["state"] == "active"
    ended = await stage.bank_checker.post(f"{path}/end", {"reason": "by agreement 协商终止"})
    assert ended["state"] == "ended"
    again = await stage.bank_checker.post(f"{path}/end", {"reason": "again"}, expect=409)
    assert again["code"] == "illegal_state"


async def test_exclusive_licence_blocks_the_next_and_late_recordal_is_told(stage: Stage) -> None:
    """What stands keeps a second licence out until it ends; without the register in three months it is late."""
    consignment = await consigned(stage)
    agency = await stage.person(Role.AGENCY_BIDDER)
    named = {
        "way": "negotiated",
        "kind": "exclusive",
        "licensee_id": str(agency.caller.organisation_id),
    }
    offer = await opened(stage, consignment, **named)
    (grant,) = await grants_of(stage, offer)
    assert grant["state"] == "offered"
    path = f"/v1/licence-grants/{grant['id']}"
    wrong = await agency.post(f"{path}/sign", {"sha256": "0" * 64}, expect=409)
    assert wrong["code"] == "licence_text_differs"
    await agency.post(f"{path}/sign", {"sha256": grant["sha256"]})
    await stage.work()
    effective = await stage.bank_checker.post(f"{path}/effect")
    body = {"consignment_id": consignment["id"], "offer": offered()}
    second = await stage.bank_maker.post("/v1/licence-offers", body)
    decide = f"/v1/licence-offers/{second['id']}/open"
    blocked = await stage.bank_checker.post(decide, {"sha256": second["sha256"]}, expect=409)
    assert blocked["code"] == "licence_blocked"
    await run_due_duties(
        stage, moment(f"{effective['recordal_due_on']}T23:59:59+08:00") + timedelta(seconds=2)
    )
    assert (await agency.get(path))["is_recordal_late"] is True
    await stage.bank_checker.post(f"{path}/end", {"reason": "not recorded 未备案"})
    reopened = await stage.bank_checker.post(decide, {"sha256": second["sha256"]})
    assert reopened["state"] == "open"


async def test_uniform_price_grants_several_at_the_highest_losing_amount(stage: Stage) -> None:
    """Nobody reads an amount before its maker opens it; two places at what the third committed to."""
    sealed_way = {"way": "uniform_price", "places": 2, "floor_fen": 100, "opening_seconds": HOUR}
    offer = await opened(stage, await consigned(stage), **sealed_way)
    people = [await stage.person(Role.AGENCY_BIDDER) for _ in range(4)]
    made = [
        await sealed(offer, one, fen) for one, fen in zip(people, (500, 300, 400, 900), strict=True)
    ]
    hidden = await stage.operator.get(f"/v1/licence-offers/{offer['id']}")
    assert [(one["amount_fen"], one["organisation_id"]) for one in hidden["applications"]] == [
        (None, None)
    ] * 4
    early = await people[0].post(made[0]["path"], made[0]["body"], expect=409)
    assert early["code"] == "not_taken_now"
    await pass_by(stage, offer["closes_at"])
    for person, one in list(zip(people, made, strict=True))[:3]:  # the highest is never opened
        await person.post(one["path"], one["body"])
    shown = await stage.bank_maker.get(f"/v1/licence-offers/{offer['id']}")
    await pass_by(stage, shown["opened_by"])
    done = await stage.bank_maker.get(f"/v1/licence-offers/{offer['id']}")
    assert (done["state"], done["price_fen"]) == ("awarded", 300)
    assert [grant["entry_fee_fen"] for grant in await grants_of(stage, offer)] == [300, 300]


async def test_tender_is_scored_before_prices_open(stage: Stage) -> None:
    """Three experts drawn by lot score first; the highest total wins at its own price."""
    weighted = {"way": "tender", "kind": "sole", "price_weight_bp": 4_000, "opening_seconds": HOUR}
    offer = await opened(stage, await consigned(stage), **weighted)
    rich, good = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]
    made = [await sealed(offer, rich, 1_000), await sealed(offer, good, 500)]
    await pass_by(stage, offer["closes_at"])
    panel = await drawn(stage, offer)
    path = f"/v1/licence-offers/{offer['id']}"
    early = await stage.operator.post(f"{path}/open-prices", expect=409)
    assert early["code"] == "scores_missing"
    for expert in panel:
        for one, points in zip(made, (2_000, 9_000), strict=True):
            score = {"expert_id": expert, "score_bp": points, "reason": "plan 实施方案"}
            await stage.operator.post(f"{path}/applications/{one['id']}/scores", score)
    await stage.operator.post(f"{path}/open-prices")
    for person, one in zip((rich, good), made, strict=True):
        await person.post(one["path"], one["body"])
    await pass_by(stage, (await stage.bank_maker.get(path))["opened_by"])
    done = await stage.bank_maker.get(path)
    # 40% of 10000 and 60% of 2000 are 5200; 40% of 5000 and 60% of 9000 are 7400.
    assert [(one["is_chosen"], one["score_bp"]) for one in done["applications"]] == [
        (False, None),
        (True, 7_400),
    ]
    (grant,) = await grants_of(stage, offer)
    assert (grant["entry_fee_fen"], grant["licensee_id"]) == (500, str(good.caller.organisation_id))


async def drawn(stage: Stage, offer: dict[str, Any]) -> list[str]:
    """Three experts of the venue's base, drawn for the tender and free of conflicts."""
    for number in range(3):
        expert = {
            "name": f"专家 {number}",
            "employer_name": f"大学 {uuid4()}",
            "fields": ["technology"],
        }
        await stage.operator.post("/v1/experts", expert)
    draw = await stage.operator.post(
        "/v1/expert-draws",
        {
            "subject": "licence_offer",
            "subject_id": offer["id"],
            "purpose": "weighted_tender",
            "quotas": [{"field": "technology", "count": 3}],
            "parties": [{"name": "示例借款人"}],
        },
    )
    chosen = [seat["expert_id"] for seat in draw["seats"]]
    for expert_id in chosen:
        await stage.operator.post(
            f"/v1/expert-draws/{draw['id']}/experts/{expert_id}/declaration",
            {"is_free": True, "statement": "no conflict 无利益冲突"},
        )
    return chosen


async def test_reverse_licence_goes_back_to_the_pledgor(stage: Stage) -> None:
    """After the default the pledgor licenses its own right; the venue holds its signature; unsigned, it fails."""
    reverse = {"way": "reverse", "terms": {"rate_bp": 500, "minimum_fen": 1_000_000}}
    offer = await opened(stage, await consigned(stage), **reverse)
    (grant,) = await grants_of(stage, offer)
    assert grant["licensee_name"] == "示例借款人"
    path = f"/v1/licence-grants/{grant['id']}"
    await stage.operator.post(f"{path}/pledgor-signature", {"sha256": grant["sha256"]})
    await stage.work()
    assert (await stage.bank_maker.get(f"/v1/licence-offers/{offer['id']}"))["state"] == "filled"
    assert (await stage.bank_checker.post(f"{path}/effect"))["state"] == "effective"
    other = await opened(stage, await consigned(stage, loan=ANOTHER), **reverse)
    await pass_by(stage, other["closes_at"])
    assert (await stage.bank_maker.get(f"/v1/licence-offers/{other['id']}"))["state"] == "failed"


async def test_licence_then_transfer_at_the_option_price(stage: Stage) -> None:
    """The licensee exercises its option: a sale reserved for it is drafted from the offer's own text."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    today = system_clock().astimezone(CHINA).date()
    option = {"price_fen": 200_000_000, "until": str(today + timedelta(days=365)), "lot": LOT_TERMS}
    named = {
        "way": "negotiated",
        "licensee_id": str(agency.caller.organisation_id),
        "option": option,
    }
    consignment = await consigned(stage, authority="post_default_agreement")
    offer = await opened(stage, consignment, **named)
    (grant,) = await grants_of(stage, offer)
    path = f"/v1/licence-grants/{grant['id']}"
    await agency.post(f"{path}/sign", {"sha256": grant["sha256"]})
    await stage.work()
    early = await agency.post(f"{path}/option", expect=409)
    assert early["code"] == "option_not_open"
    await stage.bank_checker.post(f"{path}/effect")
    used = await agency.post(f"{path}/option")
    assert used["option_state"] == "exercised"
    lot_path = f"/v1/lots/{used['option_lot_id']}"
    checked = await stage.operator.post(f"{lot_path}/check")
    for finding in checked["findings"]:
        if finding["severity"] == "hold":
            override = {"position": finding["position"], "reason": "the licence stays 许可存续"}
            await stage.checker.post(f"{lot_path}/overrides", override)
    published = await stage.checker.post(f"{lot_path}/publish")
    assert (published["start_price_fen"], published["regime"]) == (200_000_000, "agreement")


async def test_no_licence_is_offered_while_something_holds_the_rights(stage: Stage) -> None:
    """The rules run once more before the offer is open: an alert holds it, and a checker's reason lets it go."""
    consignment = await consigned(stage)
    body = {"consignment_id": consignment["id"], "offer": offered()}
    made = await stage.bank_maker.post("/v1/licence-offers", body)
    signal = Signal(
        code="MON-01", subject="x", key="x", message="seen", message_zh="发现", evidence={}
    )
    async with stage.pool.acquire() as conn, conn.transaction():
        await monitoring.raise_alert(
            conn,
            signal,
            organisation_id=UUID(consignment["organisation_id"]),
            case_id=UUID(consignment["case_id"]),
            now=system_clock(),
        )
    path = f"/v1/licence-offers/{made['id']}/open"
    refused = await stage.bank_checker.post(path, {"sha256": made["sha256"]}, expect=409)
    assert refused["code"] == "not_eligible"
    assert "ELG-28" in refused["detail"]
    found = f"/v1/consignments/{consignment['id']}/diligence"
    (held,) = (await stage.operator.post(found))["findings"]
    over = {"evidence_sha256": held["evidence_sha256"], "reason": "核查无误"}
    await stage.checker.post(f"{found}/overrides", over)
    shown = await stage.bank_checker.post(path, {"sha256": made["sha256"]})
    assert shown["state"] == "open"


async def test_offers_name_what_is_wrong_and_warn_above_the_caps(stage: Stage) -> None:
    """A pledgee has no power of its own; contradictions name their field; caps of open licences are warned."""
    consignment = await consigned(stage)
    for changed, code in (
        ({"power": "title_acquired"}, "no_power_to_license"),
        ({"power": "court_management"}, "no_power_to_license"),
        ({"way": "negotiated"}, "offer.licensee_id"),
        ({"way": "tender", "price_weight_bp": 5_000}, "offer.opening_seconds"),
        ({"kind": "exclusive", "places": 2}, "offer.places"),
        ({"kind": "open", "way": "reverse"}, "offer.way"),
        ({"price_weight_bp": 5_000}, "offer.price_weight_bp"),
    ):
        body = {"consignment_id": consignment["id"], "offer": offered(**changed)}
        status = 409 if code.startswith("no_") else 400
        refused = await stage.bank_maker.post("/v1/licence-offers", body, expect=status)
        assert code in (refused["code"], refused.get("field"))
    high = {"kind": "open", "terms": {"rate_bp": 2_001, "entry_fee_fen": 2_000_000_001}}
    body = {"consignment_id": consignment["id"], "offer": offered(**high)}
    warned = await stage.bank_maker.post("/v1/licence-offers", body)
    assert [one["field"] for one in warned["warnings"]] == ["terms.entry_fee_fen", "terms.rate_bp"]


async def test_offer_states_its_other_clauses(stage: Stage) -> None:
    """What a licence says besides its money stands in what two people agree to: as given, or as the law has it."""
    consignment = await consigned(stage)
    own = {"en": "Improvements are shared.", "zh": "改进成果共享。"}
    offer = await opened(
        stage, consignment, clauses={"report_months": 6, "improvements": own}, may_sublicense=True
    )
    clauses = json.loads(offer["content"])["clauses"]
    assert (clauses["report_months"], clauses["improvements"]) == (6, own)
    assert "三个月内" in clauses["recordal"]["zh"]
    assert set(clauses) == {"report_months", "audit", "improvements", "termination", "recordal"}
    body = {"consignment_id": consignment["id"], "offer": offered(clauses={"report_months": 13})}
    refused = await stage.bank_maker.post("/v1/licence-offers", body, expect=400)
    assert refused["field"] == "offer.clauses.report_months"


async def refused_mandate(stage: Stage, body: dict[str, Any]) -> bool:
    """Whether an offer is refused for the mandate that it names."""
    answer = await stage.bank_maker.post("/v1/licence-offers", body, expect=400)
    return bool(answer["field"] == "mandate_id")


async def offered_under(
    stage: Stage, consignment: dict[str, Any], mandate: dict[str, Any]
) -> dict[str, Any]:
    """Offers are drafted under a mandate that runs over their own consignment alone; the body of one."""
    under = {"consignment_id": consignment["id"], "offer": offered(), "mandate_id": mandate["id"]}
    assert await refused_mandate(stage, under | {"mandate_id": str(uuid4())})
    elsewhere = (await consigned(stage))["id"]
    assert await refused_mandate(stage, under | {"consignment_id": elsewhere})
    made = await stage.bank_maker.post("/v1/licence-offers", under)
    assert made["mandate_id"] == mandate["id"]
    return under


async def require_heard(stage: Stage) -> None:
    """Bank and venue hear of the steps of their plan and mandate, the venue of no draft, a stranger of nothing."""
    for who in (stage.bank_maker, stage.operator):
        steps = await heard(who)
        assert {("mandate", "reverted"), ("plan", "running")} <= steps
        assert (("plan", "draft") in steps) is (who is stage.bank_maker)
    assert await heard(await stage.person(Role.BANK_MAKER)) == set()


async def heard(who: Person) -> set[tuple[str, str]]:
    """The steps that the person's organisation heard of, by subject and what it came to."""
    items = (await who.get("/v1/changes?limit=500"))["items"]
    return {
        (one["data"]["subject"], one["data"]["after"])
        for one in items
        if one["kind"] == "step_taken"
    }


async def _agency_pays(
    stage: Stage, agency: Person, plan: dict[str, Any], mandate_path: str
) -> None:
    """Of 1,000,000 the agency keeps a fifth; what the bank books of the rest is a recovery of the loan, once."""
    path = f"{mandate_path}/reports/1/receipts"
    today = str(system_clock().astimezone(CHINA).date())
    credit = {"bank_reference": "CREDIT-1", "amount_fen": 500_000, "received_on": today}
    await agency.post(path, credit, expect=403)
    early = await stage.bank_maker.post(f"{mandate_path}/reports/2/receipts", credit, expect=409)
    assert early["code"] == "mandate_not_reported"
    before = (await stage.bank_maker.get(f"/v1/plans/{plan['id']}"))["outstanding_fen"]
    booked = [await stage.bank_maker.post(path, credit) for _ in range(2)]
    assert booked[0] == booked[1]
    report = booked[0]["reports"][0]
    assert (report["agency_fen"], report["due_fen"], report["received_fen"]) == (
        200_000,
        800_000,
        500_000,
    )
    after = (await stage.bank_maker.get(f"/v1/plans/{plan['id']}"))["outstanding_fen"]
    assert before - after == 500_000
    again = await stage.bank_maker.post(path, credit | {"amount_fen": 1}, expect=409)
    assert again["code"] == "mandate_receipt_differs"
    more = credit | {"bank_reference": "CREDIT-2", "amount_fen": 300_001}
    assert (await stage.bank_maker.post(path, more, expect=400))["field"] == "amount_fen"
    await stage.work()
    shared = await stage.pool.fetchval("SELECT shared_at FROM market.mandate_receipts")
    assert shared is not None


@pytest.mark.parametrize(
    ("income_fen", "costs_fen", "floor_fen", "agency_fen", "due_fen"),
    [
        (1_000_000, 0, 0, 200_000, 800_000),
        (1_000_000, 300_000, 0, 200_000, 500_000),
        (100_000, 300_000, 0, 20_000, 0),
        (100_000, 300_000, 50_000, 20_000, 50_000),
        (2, 0, 0, 0, 2),
        (3, 0, 0, 1, 2),
    ],
)
def test_what_an_agency_owes_of_a_period(
    income_fen: int, costs_fen: int, floor_fen: int, agency_fen: int, due_fen: int
) -> None:
    """A fifth is the agency's, half up; costs come off the bank's part; never below the floor that was agreed."""
    found = money_of(income_fen, costs_fen, agency_bp=2_000, floor_fen=floor_fen)
    assert (found.agency_fen, found.due_fen) == (agency_fen, due_fen)


async def test_plan_turns_into_long_run_operation(stage: Stage) -> None:
    """Nobody takes a licence, so the plan asks an agency to operate: agreed, reported late and in time, reverted."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    mandate = {
        "agency_id": str(agency.caller.organisation_id),
        "term_months": 6,
        "report_every_months": 3,
        "agency_bp": 2_000,
        "powers": "propose licences 提出许可方案",
        "reversion": "after a late report 逾期报告可收回",
    }
    consignment = await consigned(stage)
    steps = (
        {"kind": "licence", "offer": offered()},
        {"kind": "mandate", "mandate": mandate},
        {"kind": "set_off"},
    )
    plan = await started(stage, consignment, *steps)
    offer_id = plan["steps"][0]["subject_id"]
    offer = await agency.get(f"/v1/licence-offers/{offer_id}")
    await pass_by(stage, offer["closes_at"])
    path = f"/v1/plans/{plan['id']}"
    second = (await stage.bank_maker.get(path))["steps"][1]
    assert second["state"] == "running", second["reason"]
    mandate_path = f"/v1/mandates/{second['subject_id']}"
    shown = await agency.get(mandate_path)
    agreed = await agency.post(f"{mandate_path}/answer", {"sha256": shown["sha256"]})
    assert (agreed["state"], len(agreed["reports"])) == ("agreed", 2)
    await stage.work()
    under = await offered_under(stage, consignment, agreed)
    report = {"income_fen": 1_000_000, "activities": "two talks 两次洽谈"}
    none = await agency.post(f"{mandate_path}/reports/1", report, expect=409)
    assert none["code"] == "no_report_due"
    first = agreed["reports"][0]
    await pass_by(stage, f"{first['period_to']}T23:59:59+08:00")
    assert (await agency.get(mandate_path))["state"] == "report_due"
    await pass_by(stage, f"{first['due_on']}T23:59:59+08:00")
    late = await agency.post(f"{mandate_path}/reports/1", report)
    assert (late["state"], late["reports"][0]["was_late"]) == ("running", True)
    await _agency_pays(stage, agency, plan, mandate_path)
    await stage.bank_checker.post(f"{mandate_path}/revert", {"reason": "no income 无收益"})
    await stage.work()
    assert await refused_mandate(stage, under)
    await require_heard(stage)
    states = [step["state"] for step in (await stage.bank_maker.get(path))["steps"]]
    # The set-off has no ground: nothing was auctioned, and the parties have not agreed. People decide.
    assert states == ["failed", "failed", "held"]
    skipped = await stage.bank_checker.post(
        f"{path}/steps/3/skip", {"reason": "nothing left 无后续"}
    )
    assert skipped["state"] == "exhausted"
