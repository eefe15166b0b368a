"""Whose price makes a defaulter's loss: a later lot of the same rights, paid for, and still so when it is approved."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from kit.clock import system_clock
from kit.ids import uuid7
from marketplace.jobs.running import run_due_duties
from settlement import payments
from settlement import sales as accounts
from tests.make_stage import DEPOSIT_FEN, START_FEN, STEP_FEN, Stage, lot_draft, money
from tests.marketplace.remedies.test_remedies_http import USE, books_hold, sold


async def defaulted(stage: Stage) -> dict[str, Any]:
    """A lot whose winner never paid."""
    lot, _ = await sold(stage, bid_fen=START_FEN + STEP_FEN)
    await run_due_duties(stage, system_clock() + timedelta(days=30))
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "defaulted"
    return lot


async def offered_again(stage: Stage, lot: dict[str, Any]) -> dict[str, Any]:
    """The same rights on offer once more."""
    draft = lot_draft(UUID(lot["consignment_id"]), opens_in=3.0, lasts=4.0)
    again = await stage.operator.post("/v1/lots", draft)
    await stage.operator.post(f"/v1/lots/{again['id']}/check")
    return dict(await stage.checker.post(f"/v1/lots/{again['id']}/publish"))


async def paid_lot_of_other_rights(stage: Stage, lot: dict[str, Any]) -> str:
    """Another lot of the same loan, sold for next to nothing and paid for."""
    other, now = await stage.published(opens_in=3600.0), system_clock()
    async with stage.pool.acquire() as conn, conn.transaction():
        first = await accounts.get(conn, UUID(lot["id"]))
        buyer_id = uuid7(now)
        await accounts.record_sale(
            conn, UUID(other["id"]), buyer_id=buyer_id, consignor_id=first.consignor_id,
            venue_id=first.venue_id, case_id=first.case_id, hammer_price_fen=1,
            deadline_at=now + timedelta(days=1), sold_at=now,
        )  # fmt: skip
        await payments.receive(
            conn, buyer_id, bank_reference=f"other-{other['id']}", amount_fen=1, received_at=now,
            lot_id=UUID(other["id"]), now=now,
        )  # fmt: skip
    return str(other["id"])


async def test_only_the_same_rights_sold_again_make_the_loss(stage: Stage) -> None:
    """Another lot of the loan is refused, and so is "not sold again" while the rights are on offer or were sold."""
    lot = await defaulted(stage)
    path = f"/v1/lots/{lot['id']}/forfeiture"
    other = await paid_lot_of_other_rights(stage, lot)
    cheap = await stage.operator.post(path, USE | {"reauction_lot_id": other}, expect=400)
    assert (cheap["field"], "same rights" in cheap["detail"]) == ("reauction_lot_id", True)
    itself = await stage.operator.post(path, USE | {"reauction_lot_id": lot["id"]}, expect=400)
    assert itself["field"] == "reauction_lot_id"
    early = await stage.operator.post(path, USE)  # nothing is on offer: proposed as not sold again
    again = await offered_again(stage, lot)
    running = await stage.operator.post(path, USE | {"costs_fen": 1}, expect=409)
    assert (running["code"], again["number"] in running["detail"]) == ("result_not_known", True)
    seen = {"content_hash": early["content_hash"]}
    late = await stage.checker.post(f"{path}/approve", seen, expect=409)
    assert late["code"] == "result_not_known"
    await stage.checker.post(
        f"/v1/lots/{lot['id']}/orders/{early['id']}/refuse", {"reason": "on offer again"}
    )
    await _sell(stage, again)
    unpaid = await stage.operator.post(path, USE | {"reauction_lot_id": again["id"]}, expect=409)
    assert unpaid["code"] == "result_not_known"
    await stage.operator.post(f"/v1/lots/{again['id']}/payments", money(START_FEN - DEPOSIT_FEN))
    unnamed = await stage.operator.post(path, USE, expect=400)
    assert (unnamed["field"], again["number"] in unnamed["detail"]) == ("reauction_lot_id", True)
    order = await stage.operator.post(path, USE | {"reauction_lot_id": again["id"]})
    loss = order["document"]["loss"]
    assert (loss["shortfall_fen"], order["document"]["second_price_fen"]) == (STEP_FEN, START_FEN)
    await _rescind(stage, again)
    undone = await stage.checker.post(
        f"{path}/approve", {"content_hash": order["content_hash"]}, expect=409
    )
    assert undone["code"] == "result_not_known"
    await books_hold(stage)


async def _sell(stage: Stage, lot: dict[str, Any]) -> None:
    one, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation")


async def _rescind(stage: Stage, lot: dict[str, Any]) -> None:
    path = f"/v1/lots/{lot['id']}/rescission"
    refusal = {"refused_on": "2026-11-01", "refusal_number": "CNIPA-9", "reason": "不予登记"}
    order = await stage.operator.post(path, refusal)
    await stage.checker.post(f"{path}/approve", {"content_hash": order["content_hash"]})
