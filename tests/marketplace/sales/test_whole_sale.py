"""A sale from the draft of the lot to the last fen, over HTTP, with the real engine and database."""

from datetime import timedelta
from typing import Any

from kit.clock import system_clock
from marketplace.jobs.running import run_due_duties
from tests.make_stage import DEPOSIT_FEN, START_FEN, STEP_FEN, Stage, money

PRICE_FEN = START_FEN + 4 * STEP_FEN


async def test_lot_is_sold_paid_and_distributed(stage: Stage) -> None:
    """Bids, a hidden maximum, a priority holder, refusals, close, confirmation, payment, costs, distribution."""
    lot = await stage.published()
    winner_paddle = await _bid(stage, lot)
    closed = await stage.until_confirmed(lot)
    assert closed["status"] == "awaiting_payment"
    sale = await stage.anyone.get(f"/v1/lots/{lot['id']}/sale")
    assert (sale["price_fen"], sale["winner_paddle"]) == (PRICE_FEN, winner_paddle)
    await stage.work()
    assert await _deposits(stage, lot) == ["FROZEN", "RELEASED", "RELEASED"]
    await _pay(stage, lot)
    await _distribute(stage, lot)
    consignment = await stage.bank_maker.get(f"/v1/consignments/{lot['consignment_id']}")
    assert consignment["state"] == "recovered"
    recorded = {"recorded_at": money(1)["received_at"]}
    lot = await stage.operator.post(f"/v1/lots/{lot['id']}/title", recorded)
    assert lot["status"] == "done"
    await stage.work()
    left = await stage.pool.fetch(
        "SELECT kind FROM market.duties WHERE state <> 'done' AND kind <> 'watch_case'"
    )
    assert [row["kind"] for row in left] == ["check_payment"]


async def _bid(stage: Stage, lot: dict[str, Any]) -> int:
    """Three bidders, one with a right of first refusal, who matches in the end; its paddle."""
    one, one_bidder = await stage.deposited(lot)
    two, two_bidder = await stage.deposited(lot)
    holder, holder_bidder = await stage.deposited(lot, rank=1)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}"
    first = await one.post(f"{path}/bids", {"amount_fen": START_FEN})
    assert (first["accepted"], first["leader"]) == (True, one_bidder["paddle"])
    assert first["receipt"]["auction"] == lot["id"]
    low = await two.post(f"{path}/bids", {"amount_fen": START_FEN}, expect=409)
    assert (low["code"], low["minimum_fen"]) == ("below_minimum", START_FEN + STEP_FEN)
    hidden = await two.post(f"{path}/proxies", {"max_fen": PRICE_FEN})
    assert hidden["leader"] == two_bidder["paddle"]
    answered = await one.post(f"{path}/bids", {"amount_fen": PRICE_FEN})
    assert answered["leader"] == two_bidder["paddle"]
    matched = await holder.post(f"{path}/bids", {"amount_fen": PRICE_FEN})
    assert matched["leader"] == holder_bidder["paddle"]
    return int(holder_bidder["paddle"])


async def _pay(stage: Stage, lot: dict[str, Any]) -> None:
    """The confirmation, then the price in two parts: the deposit counts once the rest is there."""
    confirmation = await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation")
    assert f'"hammer_price_fen":{PRICE_FEN}' in confirmation["content"]
    part = await stage.operator.post(f"/v1/lots/{lot['id']}/payments", money(1_000_000))
    assert (part["match"], part["lot_status"]) == ("PARTIAL", "awaiting_payment")
    assert await _deposits(stage, lot) == ["FROZEN", "RELEASED", "RELEASED"]
    rest = money(PRICE_FEN - DEPOSIT_FEN - 1_000_000)
    paid = await stage.operator.post(f"/v1/lots/{lot['id']}/payments", rest)
    assert (paid["still_due_fen"], paid["lot_status"]) == (0, "paid")
    assert await _deposits(stage, lot) == ["APPLIED_TO_PRICE", "RELEASED", "RELEASED"]


async def _distribute(stage: Stage, lot: dict[str, Any]) -> None:
    """Costs by two people, the plan by two others, the payment once."""
    path = f"/v1/lots/{lot['id']}"
    line = {
        "kind": "COST",
        "name": "venue commission 交易服务费",
        "amount_fen": 4_000_000,
        "payee_name": "Venue",
        "payee_code": "VENUE",
    }
    costs = await stage.operator.post(f"{path}/costs", {"lines": [line]})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    locked = await stage.bank_maker.get(
        f"{path}/costs"
    )  # the bank reads what the venue alone writes
    assert (locked["state"], locked["content_hash"]) == ("LOCKED", costs["content_hash"])
    plan = await stage.bank_maker.post(f"{path}/distribution")
    seen = {"content_hash": plan["content_hash"]}
    await stage.bank_checker.post(f"{path}/distribution/approve", seen)
    done = await stage.operator.post(f"{path}/distribution/pay")
    assert done["state"] == "PAID"
    assert sum(each["amount_fen"] for each in done["content"]["lines"]) == PRICE_FEN


async def _deposits(stage: Stage, lot: dict[str, Any]) -> list[str]:
    rows = await stage.pool.fetch(
        "SELECT state FROM settlement.deposits WHERE lot_id = $1 ORDER BY state", lot["id"]
    )
    return [row["state"] for row in rows]


async def test_winner_who_does_not_pay_forfeits_the_deposit(stage: Stage) -> None:
    """After the deadline the lot is defaulted, the deposit kept, the winner barred and the right free again; once."""
    lot = await stage.published(lasts=1.0)
    one, bidder = await stage.deposited(lot)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation")
    late = system_clock() + timedelta(hours=121)
    await run_due_duties(stage, late)
    await stage.pool.execute(
        "UPDATE market.duties SET state = 'waiting', done_at = NULL WHERE kind = 'check_payment'"
    )
    await run_due_duties(stage, late)
    shown = await stage.anyone.get(f"/v1/lots/{lot['id']}")
    assert shown["status"] == "defaulted"
    assert await _deposits(stage, lot) == ["FORFEITED"]
    mine = await one.get(f"/v1/lots/{lot['id']}/bidders/me")
    assert (mine["id"], mine["status"]) == (bidder["id"], "barred")
    live = await stage.pool.fetchval("SELECT count(*) FROM market.lot_assets WHERE is_live")
    assert live == 0


async def test_lot_without_bids_is_unsold(stage: Stage) -> None:
    """Nobody bids: the lot passes, every deposit goes back, the consignment waits for its next step."""
    lot = await stage.published(lasts=0.5)
    await stage.deposited(lot)
    closed = await stage.until_closed(lot)
    assert closed["status"] == "unsold"
    sale = await stage.anyone.get(f"/v1/lots/{lot['id']}/sale")
    assert (sale["outcome"], sale["reason"], sale["price_fen"]) == ("unsold", "no_bids", None)
    await stage.work()
    assert await _deposits(stage, lot) == ["RELEASED"]
    consignment = await stage.bank_maker.get(f"/v1/consignments/{lot['consignment_id']}")
    assert consignment["state"] == "unsold"
    refused = await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation", expect=409)
    assert refused["code"] == "nothing_sold"
