"""A sold lot handed over, over HTTP: by the venue and the bank together, to the last step; and refused."""

from typing import Any

from kit.clock import system_clock
from marketplace.organisations.schemas import Role
from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Stage, money


async def paid(stage: Stage, **changed: Any) -> tuple[str, Person]:
    """The path of a lot whose price is paid, and who bought it."""
    lot = await stage.published(opens_in=4.0, lasts=8.0, **changed)
    buyer, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await buyer.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    path = f"/v1/lots/{lot['id']}"
    early = await stage.operator.post(f"{path}/transfer", expect=409)
    assert early["code"] == "transfer_before_payment"
    await stage.operator.post(f"{path}/confirmation")
    await stage.operator.post(f"{path}/payments", money(START_FEN - DEPOSIT_FEN))
    return path, buyer


async def test_transfer_to_its_end(stage: Stage) -> None:
    """Recordal by the venue, cancellation by the bank; the title is recorded, the pledge cancelled; nobody else may."""
    path, buyer = await paid(stage)
    opened = await stage.operator.post(f"{path}/transfer")
    again = await stage.operator.post(f"{path}/transfer")
    assert opened["steps"] == again["steps"]
    kinds = [step["kind"] for step in opened["steps"]]
    assert kinds == ["recordal", "pledge_cancellation", "handover"]
    today = system_clock().date().isoformat()
    done = {"state": "done", "done_on": today}
    filed = {"state": "filed", "number": "CNIPA-1"}
    # whose step it is
    await stage.bank_maker.post(f"{path}/transfer/1", filed, expect=403)
    await stage.operator.post(f"{path}/transfer/2", filed, expect=403)
    await stage.operator.post(f"{path}/transfer/9", filed, expect=404)
    stranger = await stage.person(Role.BANK_MAKER)
    await stranger.post(f"{path}/transfer/2", filed, expect=404)
    await stranger.get(f"{path}/transfer", expect=404)
    # in its order
    refusal = {"state": "refused", "refused_on": today, "number": "N", "reason": "R"}
    illegal = await stage.operator.post(f"{path}/transfer/1", refusal, expect=409)
    assert illegal["code"] == "illegal_state"
    await stage.operator.post(f"{path}/transfer/1", filed)
    await stage.operator.post(f"{path}/transfer/1", done)
    assert (await stage.anyone.get(path))["status"] == "transferring"
    package = await stage.bank_maker.get(f"{path}/transfer/pledge-cancellation")
    [application] = package["content"]["applications"]
    assert application["registration_number"] == opened["steps"][1]["subject"]
    assert all(paper["zh"] and paper["en"] for paper in application["papers"])
    await stage.bank_maker.post(f"{path}/transfer/2", filed)
    await stage.bank_maker.post(f"{path}/transfer/2", done)
    pledges = await stage.pool.fetch("SELECT state FROM market.pledges")
    assert [row["state"] for row in pledges] == ["cancelled"]
    last = await stage.operator.post(f"{path}/transfer/3", done)
    assert last["is_complete"]
    seen = await buyer.get(f"{path}/transfer")
    lot_page = path.removeprefix("/v1")
    for person, is_theirs in ((buyer, True), (stage.bank_maker, True), (stranger, False)):
        notice = await stage.client.get(lot_page, headers=person.headers)
        assert (f'href="{lot_page}/transfer"' in notice.text) is is_theirs
    assert (seen["is_complete"], seen["steps"][0]["number"]) == (True, "CNIPA-1")
    events = await stage.pool.fetch(
        "SELECT payload FROM market.outbox WHERE kind = 'transfer_moved'"
    )
    assert len(events) == 5
    await pages_are_shown(stage, path)


async def pages_are_shown(stage: Stage, path: str) -> None:
    """The checklist and the applications as pages, to who may see them."""
    page = path.removeprefix("/v1")
    for suffix, text in (("", "交割清单"), ("/pledge-cancellation", "质押注销登记申请书")):
        shown = await stage.client.get(f"{page}/transfer{suffix}", headers=stage.operator.headers)
        assert (shown.status_code, text in shown.text) == (200, True), shown.text
        hidden = await stage.client.get(f"{page}/transfer{suffix}")
        assert hidden.status_code == 303


async def test_refusal_leads_to_rescission(stage: Stage) -> None:
    """Refused, a recordal is filed anew; refused for good, the sale is proposed to be undone and another approves."""
    path, buyer = await paid(stage, release_on="TITLE_RECORDED", objection_days=9)
    await stage.operator.post(f"{path}/transfer")
    today = system_clock().date().isoformat()
    filed = {"state": "filed", "number": "CNIPA-1"}
    refusal = {"state": "refused", "refused_on": today, "number": "CNIPA-R", "reason": "材料不全"}
    for rescind in (False, True):
        await stage.operator.post(f"{path}/transfer/1", filed)
        refused = await stage.operator.post(f"{path}/transfer/1", refusal | {"rescind": rescind})
        assert refused["steps"][0]["reason"] == "材料不全"
        orders = (await stage.operator.get(f"{path}/orders"))["items"]
        assert len(orders) == rescind
    seen = {"content_hash": orders[0]["content_hash"]}
    await stage.operator.post(f"{path}/rescission/approve", seen, expect=403)
    await stage.checker.post(f"{path}/rescission/approve", seen)
    assert (await stage.anyone.get(path))["status"] == "withdrawn"
    assert buyer is not None
