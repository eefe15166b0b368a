"""A plan of disposal drafted, started, changed and stopped by pages: every kind of step has its fields."""

import json
from typing import Any

import httpx
import pytest

from marketplace.licence_offers import offer_forms
from marketplace.lots import draft_forms
from marketplace.organisations.schemas import Role
from tests.make_routes import consigned
from tests.make_stage import Person, Stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_offer_forms import DOCUMENT, coded
from tests.marketplace.routes.test_scoring import press

LOT = {"lot.title_zh": "专利一项", "lot.title": "One patent", "lot.payment_hours": "240"} | {
    f"lot.{name}_{one}": f"{name} 文" for name in draft_forms.REQUIRED for one in ("zh", "en")
}
FIRST = {
    "s1.kind": "lot", "s1.format": "english", "s1.step": "10,000", "s1.grid": "multiple", "s1.window_minutes": "5",
    "s1.opens_after": "20 d", "s1.lasts": "24 h",
}  # fmt: skip
SECOND = {
    "s2.kind": "lot", "s2.format": "dutch", "s2.drop": "10,000", "s2.drop_every": "1", "s2.prices": "11",
    "s2.price_part": "80", "s2.keeps_reserve": "false", "s2.opens_after": "10 d",
}  # fmt: skip
LICENCE = {f"s3.{name}": value for name, value in offer_forms.usual().items()} | {
    "s3.kind": "licence", "s3.title_zh": "普通许可", "s3.title": "Licences", "s3.rate": "5",
    "s3.power": "pledgor_agreement", "s3.places": "2",
}  # fmt: skip
SET_OFF = {"s5.kind": "set_off", "s5.price_part": "105"}


async def send(person: Person, path: str, fields: dict[str, str]) -> httpx.Response:
    """The form as a browser sends it, with the document of the third step chosen."""
    return await person.client.post(
        path,
        headers=person.headers | {"Accept": "text/html"},
        data={"form_token": ""} | fields,
        files={"s3.power_document": ("a.pdf", DOCUMENT)},
    )


async def mandate(stage: Stage) -> dict[str, str]:
    """A step that has an agency operate the rights."""
    _, code = await coded(stage, Role.AGENCY_BIDDER)
    return {
        "s4.kind": "mandate", "s4.agency_code": code, "s4.agency": "20", "s4.term_months": "24",
        "s4.powers": "sign licences 签许可", "s4.reversion": "at the end 期满收回", "s4.floor": "1,000",
    }  # fmt: skip


async def drafted(stage: Stage) -> str:
    """The address of a plan of five steps, one of every kind, that was drafted by form."""
    consignment = await consigned(stage)
    form = LOT | FIRST | SECOND | LICENCE | await mandate(stage) | SET_OFF
    form |= {"steps": "5", "consignment_id": consignment["id"]}
    sent = await send(stage.bank_maker, "/plans/new", form)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


def terms_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps' terms."""
    return [step["terms"] for step in plan["steps"]]


async def test_a_plan_of_every_kind_of_step_is_drafted_by_form(stage: Stage) -> None:
    """A form begins with one step, grows by a button, and each step's fields come out as its terms."""
    assert 'href="/plans/new"' in await page(stage.bank_maker, "/plans")
    first = await page(stage.bank_maker, "/plans/new")
    assert ('name="s1.step"' in first, 'name="s2.kind"' in first) == (
        False,
        False,
    )  # nothing to plan for yet
    path = await drafted(stage)
    more = await send(
        stage.bank_maker, "/plans/new", LOT | FIRST | {"steps": "1", "show": "add", "shown": "x"}
    )
    assert more.status_code == 200
    assert 'name="s2.kind"' in more.text
    assert 'name="s3.kind"' not in more.text
    assert 'name="s1.hard_end_at"' not in more.text  # when a step begins is not known
    assert 'value="10,000"' in more.text
    licence = await send(
        stage.bank_maker, "/plans/new", {"steps": "1", "s1.kind": "licence", "show": "fields"}
    )
    assert 'name="s1.licence_kind"' in licence.text
    assert "民法典第八百七十五条" in licence.text
    plan = await stage.bank_maker.get(f"/v1{path}")
    lot, dutch, licence_step, mandate_step, set_off = terms_of(plan)
    assert (lot["opens_after_seconds"], lot["lasts_seconds"]) == (20 * 86_400, 86_400)
    assert lot["bidding"]["extension"] == {
        "mode": "reset",
        "window_ms": 300_000,
        "hard_end_at": None,
    }
    assert (dutch["lasts_seconds"], dutch["price_bp"], dutch["keeps_reserve"]) == (
        660,
        8_000,
        False,
    )
    assert licence_step["offer"]["places"] == 2
    assert licence_step["offer"]["terms"]["rate_bp"] == 500
    assert (mandate_step["mandate"]["agency_bp"], mandate_step["mandate"]["floor_fen"]) == (
        2_000,
        100_000,
    )
    assert set_off["price_bp"] == 10_500
    content = json.loads(plan["content"])
    assert content["lot"]["conditions"]["viewing"] == {"zh": "viewing 文", "en": "viewing 文"}
    shown = await page(stage.bank_checker, path)
    assert "待本行复核人" in shown
    assert "价格每次下降 ¥10,000.00" in shown


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"s1.step": "much"}, "s1.step"),
        ({"s1.lasts": ""}, "s1.lasts"),
        ({"s1.price_part": "90"}, "s1.price_part"),
        ({"s2.prices": "1000"}, "s2.prices"),
        ({"s2.format": "sell_off", "s2.step": "1", "s2.grid": "none", "s2.find_within": "60 d",
          "s2.countdown": "24 h"}, "s2.format"),
        ({"s3.places": "2", "s3.licence_kind": "exclusive"}, "s3.places"),
        ({"s4.agency_code": "91140100MA0EXAMP2X"}, "s4.agency_code"),
        ({"s5.price_part": "99"}, "s5.price_part"),
        ({"lot.viewing_zh": ""}, "lot.viewing_zh"),
        ({"consignment_id": ""}, "consignment_id"),
    ],
)  # fmt: skip
async def test_a_refused_step_says_why_at_its_own_field(
    stage: Stage, changed: dict[str, str], field: str
) -> None:
    """What is wrong stands at the field of its step, in words; what was written stays."""
    consignment = await consigned(stage)
    form = LOT | FIRST | SECOND | LICENCE | await mandate(stage) | SET_OFF
    form |= {"steps": "5", "consignment_id": consignment["id"]} | changed
    refused = await send(stage.bank_maker, "/plans/new", form)
    assert refused.status_code == 400, refused.text
    assert f'id="e-{field}"' in refused.text
    assert 'value="viewing' in refused.text or "viewing 文</textarea>" in refused.text
    if field == "s2.format":
        assert "交易场所竞价 不得采用 变卖" in refused.text


async def test_a_steps_moment_is_refused_in_words(stage: Stage) -> None:
    """No form of a plan asks for a moment; one that is sent all the same is refused, because no step has one yet."""
    consignment = await consigned(stage)
    form = LOT | FIRST | {"consignment_id": consignment["id"], "s1.hard_end_at": "2027-01-01T10:00"}
    refused = await send(stage.bank_maker, "/plans/new", form)
    assert (refused.status_code, "第 1 步，最迟结束：处置计划中须留空" in refused.text) == (
        400,
        True,
    )


async def test_a_plan_is_started_changed_and_stopped_by_pages(stage: Stage) -> None:
    """The venue starts what the bank agreed to; the bank changes what has not begun, keeping the rest, and stops it."""
    path = await drafted(stage)
    plan = await stage.bank_maker.get(f"/v1{path}")
    assert (await press(stage.checker, f"{path}/start")).status_code == 409
    agreed = {"sha256": plan["sha256"], "approved": True}
    await stage.bank_checker.post(f"/v1{path}/approve", agreed)
    assert "启动计划" in await page(stage.checker, path)
    change = await page(stage.bank_maker, f"{path}/change")
    assert '<option value="keep_2" selected>' in change
    form = {
        "steps": "2", "s1.kind": "keep_1", "s2.kind": "keep_5", "reason": "no licences wanted 不作许可",
    }  # fmt: skip
    sent = await press(stage.bank_maker, f"{path}/change", **form)
    assert sent.status_code == 303, sent.text
    proposed = (await stage.bank_maker.get(f"/v1{path}"))["changes"][0]
    decided = {"sha256": proposed["sha256"], "approved": True}
    await stage.bank_checker.post(f"/v1{path}/changes/{proposed['id']}/decide", decided)
    after = await stage.bank_maker.get(f"/v1{path}")
    assert terms_of(after) == [terms_of(plan)[0], terms_of(plan)[4]]
    started = await press(stage.checker, f"{path}/start")
    assert started.status_code == 303, started.text
    shown = await stage.bank_maker.get(f"/v1{path}")
    assert shown["state"] == "running"
    if shown["steps"][0]["state"] == "held":
        assert "重试" in await page(stage.checker, path)
        assert "跳过理由" in await page(stage.bank_checker, path)
        skipped = await press(stage.bank_checker, f"{path}/steps/1/skip", reason="not now 暂不")
        assert skipped.status_code == 303
    stopped = await press(stage.bank_checker, f"{path}/stop", reason="debt paid 已清偿")
    assert stopped.status_code == 303, stopped.text
    assert (await stage.bank_maker.get(f"/v1{path}"))["state"] in ("stopped", "exhausted")
    assert "终止理由" not in await page(stage.bank_checker, path)
