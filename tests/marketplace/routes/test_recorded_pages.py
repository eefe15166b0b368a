"""Set-offs and recorded routes on their pages: proposed, decided by another, followed to their end by forms alone."""

import typing

from marketplace.organisations.schemas import Role
from marketplace.pages import route_words
from marketplace.recorded_routes.schemas import RouteKind, RouteState
from marketplace.set_offs.schemas import SetOffState
from tests.make_routes import consigned
from tests.make_stage import Stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press


def test_every_state_has_words() -> None:
    """States, grounds and kinds are never shown bare."""
    assert set(route_words.SET_OFF_STATES) == set(SetOffState)
    assert set(route_words.RECORDED_STATES) == set(RouteState)
    assert set(route_words.RECORDED_KINDS) == set(typing.get_args(RouteKind))


async def test_a_set_off_on_its_pages(stage: Stage) -> None:
    """Refused at the field that lacks; proposed, agreed to among the approvals, disposed of; venues read only."""
    assert "目前没有以物抵债" in await page(stage.operator, "/set-offs")
    agreed = await consigned(stage, authority="post_default_agreement")
    form = {"consignment_id": agreed["id"], "price": "ten", "reason": "抵债 set off"}
    wrong = await press(stage.bank_maker, "/set-offs/new", **form)
    assert (wrong.status_code, 'id="e-price"' in wrong.text) == (400, True)
    assert "抵债 set off" in wrong.text
    made = await press(stage.bank_maker, "/set-offs/new", **form | {"price": "10,000"})
    assert made.status_code == 303
    path = made.headers["location"]
    again = await press(stage.bank_maker, "/set-offs/new", **form | {"price": "10,000"})
    assert (again.status_code, "该委托已有以物抵债" in again.text) == (409, True)
    waiting = await page(stage.bank_checker, "/approvals")
    assert f'href="{path}"' in waiting
    (asked,) = await stage.bank_checker.get("/v1/approvals/waiting")
    word = {"sha256": asked["sha256"], "reason": "looked through 已复核", "approved": "true"}
    done = await press(stage.bank_checker, f"/approvals/{asked['id']}/decision", **word)
    assert done.status_code == 303
    shown = await page(stage.operator, path)
    for said in ("违约后双方折价协议", "¥10,000.00", "已抵债，待处置", "须处置于"):
        assert said in shown
    assert "登记处置" not in shown
    assert "登记处置" not in await page(stage.bank_checker, path)
    gone = await press(stage.bank_maker, f"{path}/disposal", disposal="sold on 已转让")
    assert gone.status_code == 303
    assert "sold on 已转让" in await page(stage.bank_maker, path)
    await page(await stage.person(Role.BANK_MAKER), path, expect=404)


async def test_a_recorded_route_on_its_pages(stage: Stage) -> None:
    """The contract is hashed, not kept; another person agrees; what comes in is entered once, then it ends."""
    assert "目前没有登记" in await page(stage.bank_maker, "/recorded-routes")
    consignment = await consigned(stage)
    form = {
        "form_token": "", "consignment_id": consignment["id"], "kind": "securitise",
        "counterparty": "示例资产管理公司", "terms": "senior tranche 优先级", "amount": "500000",
    }  # fmt: skip
    headers = stage.bank_maker.headers | {"Accept": "text/html"}
    for content, expected in ((b"", 400), (b"%PDF contract", 303)):
        answer = await stage.client.post(
            "/recorded-routes/new", headers=headers, data=form, files={"file": ("c.pdf", content)}
        )
        assert answer.status_code == expected, answer.text
        if expected == 400:
            assert 'id="e-file"' in answer.text
    path = answer.headers["location"]
    assert "同意以上登记" not in await page(stage.bank_maker, path)
    document = (await stage.bank_checker.get(f"/v1{path}"))["document_sha256"]
    word = {"document_sha256": document, "approved": "true"}
    assert (await press(stage.bank_checker, f"{path}/decision", **word)).status_code == 303
    flow = {"reference": "D-1", "gross": "10,000", "costs": "10", "received_on": "2026-11-01"}
    wrong = await press(stage.bank_maker, f"{path}/flows", **flow | {"costs": "-1"})
    assert (wrong.status_code, 'id="e-costs"' in wrong.text) == (400, True)
    assert (await press(stage.bank_maker, f"{path}/flows", **flow)).status_code == 303
    differs = await press(stage.bank_maker, f"{path}/flows", **flow | {"gross": "1"})
    assert (differs.status_code, "该凭证号已登记且金额不同" in differs.text) == (409, True)
    shown = await page(stage.operator, path)
    for said in ("证券化", "示例资产管理公司", "¥9,990.00", "D-1"):
        assert said in shown
    ended = await press(stage.bank_checker, f"{path}/end", reason="paid in full 已结清")
    assert ended.status_code == 303
    assert "已结束" in await page(stage.bank_maker, path)
