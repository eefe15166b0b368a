"""From a defaulted loan to a published notice by forms alone: no JSON, each refusal at its field."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

from kit.clock import CHINA, system_clock
from marketplace.cases.schemas import CaseFlag
from marketplace.lots import draft_forms
from marketplace.lots.schemas import Conditions, LotDraft
from marketplace.pages import intake_words
from marketplace.valuations.kinds import ValuationKind
from tests.make_portfolio import BORROWER_CODE, some_patent_number
from tests.make_stage import Person, Stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press

TODAY = system_clock().astimezone(CHINA).date()
CASE = {
    "contract_number": "L-FORM-1", "borrower_name": "示例借款人", "borrower_code": BORROWER_CODE,
    "loan_amount": "5,000,000", "principal": "4,876,543.21", "interest": "132,468.09", "penalty": "",
    "granted_on": str(TODAY - timedelta(800)), "due_on": str(TODAY - timedelta(435)),
    "defaulted_on": str(TODAY - timedelta(300)), "demanded_on": str(TODAY - timedelta(290)),
    "limitation_ends_on": "", "grade": "doubtful", "ip_part": "62.5",
}  # fmt: skip
RIGHT = {
    "ip_type": "patent_invention", "nice_class": "", "title": "示例发明", "owner_name": "示例借款人",
    "owner_code": BORROWER_CODE, "filed_on": "2018-07-31", "granted_on": "2020-03-17", "expires_on": "",
    "legal_status": "in_force", "status_as_of": str(TODAY - timedelta(1)), "status_source": "登记簿副本",
    "fee_paid_to": str(TODAY + timedelta(700)),
}  # fmt: skip
LOT = {
    "title_zh": "专利一项", "title": "One patent", "step": "10,000", "grid": "multiple",
    "window_minutes": "5", "min_bidders": "1", "round_number": "1", "payment_hours": "120",
    "release_on": "TITLE_RECORDED", "objection_days": "15", "refund_working_days": "",
    "registration_opens_at": "", "priority_closes_at": "",
}  # fmt: skip


def test_everything_offered_has_words() -> None:
    """What the forms let choose is what the structs take."""
    assert set(intake_words.CASE_FLAGS) == set(CaseFlag)
    assert set(intake_words.VALUATION_KINDS) == set(ValuationKind)
    texts = {*draft_forms.REQUIRED, *draft_forms.OPTIONAL, "listing_extension"}
    assert texts == set(Conditions.__struct_fields__)


def test_a_draft_comes_back_as_it_was_written() -> None:
    """What the form of a lot shows of a draft gives the same draft again."""
    texts = {
        f"{name}_{one}": f"{name} {one}" for name in draft_forms.REQUIRED for one in ("zh", "en")
    }
    times = {"opens_at": "2026-12-20T10:00", "closes_at": "2026-12-21T10:00"}
    which = uuid4()
    draft = draft_forms.draft_of(LOT | texts | times, which, start_price_fen=100)
    assert isinstance(draft, LotDraft)
    assert draft.bidding.step is not None
    assert draft_forms.texts_of(draft.conditions) == texts
    assert draft_forms.local(draft.opens_at) == times["opens_at"]
    raises = LOT | texts | times | {"leader_may_raise": "true"}
    assert draft_forms.draft_of(raises, which, start_price_fen=100) != draft


async def sent(person: Person, path: str, **fields: Any) -> str:
    """Where a form that is in order leads to."""
    answer = await press(person, path, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def wrong_at(person: Person, path: str, field: str, **fields: Any) -> None:
    """A form that is refused, with the reason at this field and what was written in the others."""
    answer = await press(person, path, **fields)
    assert answer.status_code == 400, answer.text
    assert f'id="e-{field}"' in answer.text, re.findall('id="e-[^"]*"|<p>.{0,200}', answer.text)


async def consigned_by_forms(stage: Stage) -> str:
    """The address of a consignment that a bank's two people handed in by forms alone."""
    maker, checker = stage.bank_maker, stage.bank_checker
    assert "/ledger/new" in await page(maker, "/ledger")
    assert "/ledger/new" not in await page(checker, "/ledger")
    await wrong_at(maker, "/ledger/new", "principal", **CASE | {"principal": "a lot"})
    await wrong_at(maker, "/ledger/new", "borrower_code", **CASE | {"borrower_code": "1"})
    case = await sent(maker, "/ledger/new", **CASE, flags="science_branch")
    file = await page(maker, case)
    right_form = re.search(r'href="(/rights/new\?case=[^"]+)"', file)
    assert right_form is not None
    assert "示例借款人" in await page(maker, right_form[1])
    number = some_patent_number()
    await wrong_at(
        maker, right_form[1], "nice_class", **RIGHT | {"number": number, "nice_class": "9"}
    )
    pledge_form = await sent(maker, right_form[1], **RIGHT, number=number, flags="state_owned")
    asked = await page(maker, pledge_form)
    right_id = pledge_form.partition("right=")[2]
    assert re.search(rf'value="{right_id}" checked', asked)
    pledge = {
        "registration_number": "Y-FORM-1", "registered_on": str(TODAY - timedelta(790)),
        "pledgee_name": "示例银行", "pledgee_code": stage.parties.code, "pledgor_name": "示例借款人",
        "pledgor_code": BORROWER_CODE, "secured_amount": "6,000,000",
    }  # fmt: skip
    at = pledge_form.partition("?")[0]
    await wrong_at(maker, at, "asset_ids", **pledge)
    assert await sent(maker, at, **pledge, asset_ids=right_id) == case
    valued = {
        "kind": "external", "method": "income", "report_number": "V-FORM-1", "valuer_name": "示例评估机构",
        "valuer_licence": "", "base_on": str(TODAY - timedelta(60)), "value": "3,000,000",
    }  # fmt: skip
    await wrong_at(maker, f"/rights/{right_id}/valuations/new", "valid_to", **valued)
    await sent(
        maker, f"/rights/{right_id}/valuations/new", **valued,
        valid_to=str(TODAY + timedelta(300)), is_filed="true",
    )  # fmt: skip
    return await consignment(stage, case, right_id)


async def consignment(stage: Stage, case: str, right_id: str) -> str:
    """Drafted, refused where it contradicts itself, changed, submitted."""
    maker = stage.bank_maker
    found = re.search(r'href="(/consignments/new\?case=[^"]+)"', await page(maker, case))
    assert found is not None
    form = {
        "title": "示例专利", "venue_id": str(stage.parties.venue.organisation_id), "asset_ids": right_id,
        "regime": "exchange", "route": "auction_timed", "start_price": "3,100,000",
        "reserve_price": "", "deposit": "310,000", "commission": "2", "costs_borne_by": "proceeds",
        "closing_on": str(TODAY + timedelta(40)), "authority": "pledge_contract_self_sale",
        "authority_document": "质押合同第12条", "state_approval": "", "buyer_conditions": "",
    }  # fmt: skip
    await wrong_at(maker, found[1], "reserve_price", **form | {"reserve_price": "1"})
    await wrong_at(maker, found[1], "commission", **form | {"commission": "two"})
    path = await sent(maker, found[1], **form)
    shown = await page(maker, path)
    assert "提交本行复核" in shown
    changing = await page(maker, f"{path}/terms")
    assert 'value="3,100,000.00"' in changing
    version = re.search(r'name="version" value="(\d+)"', changing)
    assert version is not None
    changed = form | {"start_price": "3,200,000", "version": version[1]}
    for wrong in ("x", "", "²", "9" * 10):
        assert (
            await press(maker, f"{path}/terms", **changed | {"version": wrong})
        ).status_code == 400
    many = {"asset_ids": [right_id, *(str(uuid4()) for _ in range(199))]}
    many |= {"buyer_conditions": "条" * 1000, "commission": "two"}
    await wrong_at(maker, f"{path}/terms", "commission", **changed | many)
    assert await sent(maker, f"{path}/terms", **changed) == path
    again = await press(maker, f"{path}/terms", **changed)
    assert again.status_code in (409, 412), again.text
    assert "¥3,200,000.00" in await page(maker, path)
    assert await sent(maker, f"{path}/submission") == path
    assert "提交本行复核" not in await page(maker, path)
    return path


async def agreed_to(person: Person, kind: str) -> None:
    """What waits of this kind is agreed to among the approvals."""
    (asked,) = [one for one in await person.get("/v1/approvals/waiting") if one["kind"] == kind]
    word = {"sha256": asked["sha256"], "reason": "looked through 已复核", "approved": "true"}
    await sent(person, f"/approvals/{asked['id']}/decision", **word)


async def test_from_a_loan_to_a_notice_by_forms_alone(stage: Stage) -> None:
    """Bank: loan, right, pledge, valuation, consignment. Venue: acceptance, lot, check, notice."""
    path = await consigned_by_forms(stage)
    assert "到“复核”同意" in await page(stage.bank_checker, path)
    asked = await stage.bank_checker.get("/v1/approvals/waiting")
    kind = asked[0]["kind"]
    await agreed_to(stage.bank_checker, kind)
    assert "受理" in await page(stage.operator, path)
    assert await sent(stage.operator, f"{path}/acceptance") == path
    found = re.search(r'href="(/lots/new\?consignment=[^"]+)"', await page(stage.operator, path))
    assert found is not None
    opens = system_clock().astimezone(CHINA) + timedelta(days=30)
    times = {
        "opens_at": opens.strftime("%Y-%m-%dT10:00"),
        "closes_at": (opens + timedelta(days=1)).strftime("%Y-%m-%dT10:00"),
    }
    texts = {f"{name}_{one}": f"{name} 文" for name in draft_forms.REQUIRED for one in ("zh", "en")}
    form = LOT | times | texts | {"viewing_zh": "一楼\r\n二楼"}  # as browsers send two lines
    await wrong_at(stage.operator, found[1], "step", **form | {"step": "much"})
    await wrong_at(stage.operator, found[1], "viewing_zh", **form | {"viewing_zh": ""})
    await wrong_at(stage.operator, found[1], "window_minutes", **form | {"window_minutes": "0"})
    await page(stage.bank_maker, found[1], expect=403)
    draft = await sent(stage.operator, found[1], **form)
    await published_by_forms(stage, draft, form)
    lot = await stage.operator.get(f"/v1/my/lots/{draft.split('/')[2]}")
    assert lot["conditions"]["viewing"]["zh"] == "一楼\n二楼"
    # The next lot's form begins with these texts.
    assert "viewing 文" in await page(stage.operator, found[1])


async def published_by_forms(stage: Stage, draft: str, form: dict[str, str]) -> None:
    """Revised, checked, viewed, told of, agreed to: then the notice is there."""
    lot_path = draft.removesuffix("/draft")
    changing = await page(stage.operator, f"{lot_path}/terms")
    version = re.search(r'name="version" value="(\d+)"', changing)
    assert version is not None
    changed = form | {"title": "A patent", "version": version[1]}
    for wrong in ("x", "9" * 10):
        answer = await press(stage.operator, f"{lot_path}/terms", **changed | {"version": wrong})
        assert answer.status_code == 400
    assert await sent(stage.operator, f"{lot_path}/terms", **changed) == draft
    assert "A patent" in await page(stage.bank_maker, draft)
    slot = {
        "starts_at": "2020-01-01T10:00",
        "ends_at": "2020-01-01T12:00",
        "place": "太原",
        "places": "5",
    }
    await wrong_at(stage.operator, f"{lot_path}/viewings", "starts_at", **slot)
    day = (TODAY + timedelta(days=5)).isoformat()
    slot |= {"starts_at": f"{day}T10:00", "ends_at": f"{day}T12:00"}
    await sent(stage.operator, f"{lot_path}/viewings", **slot)
    assert "5 / 5" in await page(stage.checker, f"{lot_path}/viewings")
    told = await page(stage.operator, f"{lot_path}/party-notices")
    assert "示例借款人" in told
    word = {
        "party_name": "示例借款人",
        "role": "pledgor",
        "method": "letter 信函",
        "sent_on": "2999-01-01",
    }
    await wrong_at(stage.operator, f"{lot_path}/party-notices", "sent_on", **word)
    await sent(stage.operator, f"{lot_path}/party-notices", **word | {"sent_on": str(TODAY)})
    told = await page(stage.operator, f"{lot_path}/party-notices")
    assert "letter 信函" in told
    outcome = re.search(r'action="([^"]+/outcome)"', told)
    assert outcome is not None
    assert "/outcome" not in await page(stage.bank_maker, f"{lot_path}/party-notices")
    received = {"state": "received", "on": str(TODAY), "evidence": "receipt 回执"}
    early = await press(stage.operator, outcome[1], **received | {"on": "2020-01-01"})
    assert early.status_code == 400
    assert 'data-part="refused"' in early.text
    await sent(stage.operator, outcome[1], **received)
    assert await sent(stage.operator, f"{lot_path}/check") == draft
    await passed_over(stage, draft)
    shown = await page(stage.checker, draft)
    assert "到“复核”同意发布公告" in shown, shown
    await agreed_to(stage.checker, "listing")
    assert "A patent" in await page(stage.anyone, lot_path)


async def passed_over(stage: Stage, draft: str) -> None:
    """What holds the lot is passed over by its checker, with a reason, until nothing does."""
    lot_path = draft.removesuffix("/draft")
    for position in re.findall(r'name="position" value="(\d+)"', await page(stage.checker, draft)):
        reason = "looked into 已核实"
        await sent(stage.checker, f"{lot_path}/overrides", position=position, reason=reason)
    assert 'name="position"' not in await page(stage.checker, draft)
