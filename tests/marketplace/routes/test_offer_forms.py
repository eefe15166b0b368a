"""An offer of licences drafted, opened and taken back by pages: each way has its fields, which come out as terms."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kit.clock import CHINA, system_clock
from marketplace.licence_offers import offer_forms
from marketplace.lots import draft_forms
from marketplace.organisations.schemas import Role
from tests.make_portfolio import some_credit_code
from tests.make_routes import consigned
from tests.make_stage import Person, Stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press

DOCUMENT = b"agreement of pledgor and pledgee"
TERMS = offer_forms.usual() | {
    "title_zh": "普通许可", "title": "Ordinary licences", "rate": "5.5", "entry_fee": "100,000",
    "territories": "cn-14，CN-11", "fields": "C09K", "power": "pledgor_agreement", "places": "3",
    "starts_in_days": "0", "minimum": "1,000", "late": "3.65", "sign_within_days": "20",
}  # fmt: skip
TEXTS = {
    f"option.{name}_{one}": f"{name} 文" for name in draft_forms.REQUIRED for one in ("zh", "en")
}
UNTIL = (system_clock().astimezone(CHINA) + timedelta(days=300)).date().isoformat()
OPTION = {
    "has_option": "true", "option_price": "5,000,000", "credited": "50", "until": UNTIL, "offer_within": "10 d",
    "option.title_zh": "专利一项", "option.title": "One patent", "option.payment_hours": "240",
    "option.release_on": "PRICE_PAID",
} | TEXTS  # fmt: skip


async def send(person: Person, fields: dict[str, str]) -> httpx.Response:
    """The form as a browser sends it, with the document chosen."""
    return await person.client.post(
        "/licence-offers/new",
        headers=person.headers | {"Accept": "text/html"},
        data={"form_token": ""} | fields,
        files={"power_document": ("a.pdf", DOCUMENT)},
    )


async def coded(stage: Stage, *roles: Role) -> tuple[Person, str]:
    """Somebody of an organisation that has a credit code."""
    person, code = await stage.person(*roles), some_credit_code()
    await stage.pool.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1",
        person.caller.organisation_id,
        code,
    )
    return person, code


async def test_an_offer_is_drafted_and_opened_by_pages(stage: Stage) -> None:
    """The maker drafts it with an option to buy; the checker opens what was shown, and takes it back."""
    consignment = await consigned(stage)
    assert 'href="/licence-offers/new"' in await page(stage.bank_maker, "/licence-offers")
    shown = await page(stage.bank_maker, f"/licence-offers/new?consignment={consignment['id']}")
    assert "民法典第八百七十五条" in shown
    form = TERMS | OPTION | {"consignment_id": consignment["id"]}
    unseen = await send(stage.bank_maker, form | {"shown": "posted/False"})
    assert (unseen.status_code, 'name="option.viewing_zh"' in unseen.text) == (200, True)
    assert hashlib.sha256(DOCUMENT).hexdigest() in unseen.text
    sent = await send(stage.bank_maker, form)
    assert sent.status_code == 303, sent.text
    path = sent.headers["location"]
    offer = await stage.bank_maker.get(f"/v1{path}")
    terms: dict[str, Any] = json.loads(offer["content"])
    assert terms["power_document_sha256"] == hashlib.sha256(DOCUMENT).hexdigest()
    assert (terms["territories"], terms["fields"]) == (["CN-14", "CN-11"], ["C09K"])
    assert (terms["terms"]["rate_bp"], terms["terms"]["entry_fee_fen"]) == (550, 10_000_000)
    assert (terms["places"], terms["open_seconds"]) == (3, 30 * 86_400)
    option = terms["option"]
    assert (option["price_fen"], option["credited_bp"], option["until"]) == (
        500_000_000,
        5_000,
        UNTIL,
    )
    assert option["lot"]["conditions"]["viewing"] == {"zh": "viewing 文", "en": "viewing 文"}
    assert "同意并发布" not in await page(stage.bank_maker, path)
    decided = await page(stage.bank_checker, path)
    assert "同意并发布" in decided
    stale = await press(stage.bank_checker, f"{path}/opening", sha256="0" * 64, approved="true")
    assert stale.status_code == 409
    agreed = await press(
        stage.bank_checker, f"{path}/opening", sha256=offer["sha256"], approved="true"
    )
    assert agreed.status_code == 303, agreed.text
    assert (await stage.bank_maker.get(f"/v1{path}"))["state"] == "open"
    back = await press(stage.bank_checker, f"{path}/withdrawal", reason="terms changed 条件变更")
    assert back.status_code == 303, back.text
    assert (await stage.bank_maker.get(f"/v1{path}"))["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"rate": "a lot"}, "rate"),
        ({"term_months": "0"}, "term_months"),
        ({"open": "soon"}, "open"),
        ({"way": "negotiated"}, "licensee_code"),
        ({"way": "negotiated", "licensee_code": some_credit_code()}, "licensee_code"),
        ({"way": "tender", "opening": "2 d"}, "price_weight"),
        ({"way": "tender", "opening": "2 d", "price_weight": "100"}, "price_weight"),
        ({"way": "uniform_price"}, "opening"),
        ({"licence_kind": "exclusive"}, "places"),
        ({"audit_zh": ""}, "audit_zh"),
        ({"later_name_1": "二押银行"}, "later_code_1"),
        ({"territories": "China!"}, "territories"),
        ({"consignment_id": ""}, "consignment_id"),
        (OPTION | {"until": "some day"}, "until"),
        (OPTION | {"option.viewing_en": ""}, "option.viewing_en"),
    ],
)  # fmt: skip
async def test_a_refused_offer_says_why_at_its_field(
    stage: Stage, changed: dict[str, str], field: str
) -> None:
    """What is wrong stands at the form's own field, in people's words."""
    consignment = await consigned(stage)
    form = TERMS | {"consignment_id": consignment["id"]} | changed
    refused = await send(stage.bank_maker, form)
    assert refused.status_code == 400, refused.text
    assert f'id="e-{field}"' in refused.text


async def test_whom_it_names_is_named_by_credit_code(stage: Stage) -> None:
    """A negotiated licence's licensee, the agency and later pledgees by their codes; the venue may take the fees in."""
    consignment = await consigned(stage)
    licensee, code = await coded(stage, Role.AGENCY_BIDDER)
    later, later_code = await coded(stage, Role.BANK_MAKER)
    form = TERMS | {
        "consignment_id": consignment["id"], "way": "negotiated", "licence_kind": "exclusive",
        "licensee_code": code.lower(),
        "agency_code": code, "agency": "12.5", "later_name_1": "二押银行", "later_code_1": later_code,
        "venue_holds": "true", "may_sublicense": "true",
    }  # fmt: skip
    sent = await send(stage.bank_maker, form)
    assert sent.status_code == 303, sent.text
    offer = await stage.bank_maker.get(f"/v1{sent.headers['location']}")
    terms = json.loads(offer["content"])
    organisation_id = str(licensee.caller.organisation_id)
    assert (terms["licensee_id"], terms["agency_id"]) == (organisation_id, organisation_id)
    assert terms["later_pledgees"] == {"二押银行": str(later.caller.organisation_id)}
    assert terms["holder_id"] == str(stage.parties.venue.organisation_id)
    assert (terms["terms"]["agency_bp"], terms["may_sublicense"]) == (1_250, True)
