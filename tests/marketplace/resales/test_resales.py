"""After a default, over HTTP on the real engine and database: rights auctioned again, or sold to the underbidder."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from kit.clock import system_clock
from marketplace.jobs.running import run_due_duties
from settlement import deposits
from settlement.checks import check_ledger
from tests.make_routes import consigned, lot_step, started
from tests.make_stage import (
    DEPOSIT_FEN,
    START_FEN,
    STEP_FEN,
    Person,
    Stage,
    lot_draft,
    moment,
    money,
    text,
    until,
)

COURT = {
    "regime": "judicial_network",
    "authority": "court_order_realisation",
    "reserve_price_fen": None,
}
ASKED = {"reason": "the winner did not pay 买受人悔拍"}
REGISTRATION = {"conflict_statement": "no interest 无关联"}


async def defaulted(stage: Stage, **changed: Any) -> tuple[dict[str, Any], Person, Person]:
    """A lot whose winner did not pay; the lot, the winner, the underbidder, who bid the start price."""
    lot = await stage.published(lasts=3.0, **changed)
    return await default_of(stage, lot)


async def default_of(stage: Stage, lot: dict[str, Any]) -> tuple[dict[str, Any], Person, Person]:
    """Two bid for a lot that takes bidders, one wins and does not pay."""
    one, _ = await stage.deposited(lot)
    two, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}/bids"
    await one.post(path, {"amount_fen": START_FEN})
    await two.post(path, {"amount_fen": START_FEN + 2 * STEP_FEN})
    await stage.until_closed(lot)
    await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation")
    await run_due_duties(stage, system_clock() + timedelta(hours=121))
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "defaulted"
    return lot, two, one


def times() -> dict[str, str]:
    """An auction that opens at once and is over soon."""
    opens_at = system_clock() + timedelta(seconds=2)
    return {"opens_at": text(opens_at), "closes_at": text(opens_at + timedelta(seconds=1.5))}


async def books_hold(stage: Stage) -> None:
    """Every invariant of the ledger."""
    async with stage.pool.acquire() as conn:
        result = await check_ledger(conn)
    assert result.ok, [check for check in result.checks if check.broken]


async def test_rights_are_auctioned_again_without_the_defaulter(stage: Stage) -> None:
    """The same terms, nothing retyped; the defaulter is refused, another buys, and the shortfall is known."""
    lot, winner, other = await defaulted(stage)
    path = f"/v1/lots/{lot['id']}"
    await stage.checker.post(f"{path}/reauction", times(), expect=403)
    again = await stage.operator.post(f"{path}/reauction", times())
    assert (again["origin"], again["origin_lot_id"]) == ("reauction", lot["id"])
    same = ("start_price_fen", "deposit_fen", "bidding", "conditions", "round_number", "title")
    assert {name: again[name] for name in same} == {name: lot[name] for name in same}
    twice = await stage.operator.post(f"{path}/reauction", times(), expect=409)
    assert twice["code"] == "not_defaulted"
    assert (await stage.anyone.get(path))["status"] == "defaulted"
    await stage.operator.post(f"/v1/lots/{again['id']}/check")
    again = await stage.checker.post(f"/v1/lots/{again['id']}/publish")
    assert (await stage.anyone.get(path))["status"] == "re_auction"
    given = REGISTRATION | {"disclosure_sha256": again["notice_sha256"]}
    refused = await winner.post(f"/v1/lots/{again['id']}/bidders", given, expect=403)
    assert refused["context"]["grounds"] == ["defaulted_before"]
    bidder = await other.post(f"/v1/lots/{again['id']}/bidders", given)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/qualify")
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/deposit", money(DEPOSIT_FEN))
    await stage.until_open(again)
    await other.post(f"/v1/auctions/{again['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(again)
    await stage.operator.post(f"/v1/lots/{again['id']}/confirmation")
    await stage.operator.post(f"/v1/lots/{again['id']}/payments", money(START_FEN - DEPOSIT_FEN))
    use = {
        "reauction_lot_id": again["id"],
        "terms": {"uses": ["costs", "shortfall"], "leftover": "debt", "excess": "none"},
        "costs_payee_name": "Venue",
        "costs_payee_code": "VENUE",
        "reason": "the buyer did not pay",
    }
    order = await stage.operator.post(f"{path}/forfeiture", use)
    lines = {line["to"]: line["amount_fen"] for line in order["document"]["result"]["lines"]}
    assert lines["shortfall"] == 2 * STEP_FEN
    await books_hold(stage)


async def test_any_lot_after_a_default_is_the_reauction(stage: Stage) -> None:
    """Drafted as usual, too, it is tied to the defaulted lot; taken back, another may be drafted; a sold one is not."""
    lot, _, _ = await defaulted(stage)
    drafted = await stage.operator.post("/v1/lots", lot_draft(lot["consignment_id"], opens_in=60))
    assert (drafted["origin"], drafted["origin_lot_id"]) == ("reauction", lot["id"])
    await stage.operator.post(f"/v1/lots/{drafted['id']}/withdraw", {"reason": "times"})
    again = await stage.operator.post(f"/v1/lots/{lot['id']}/reauction", times())
    assert again["origin_lot_id"] == lot["id"]
    fresh = await stage.published(opens_in=60)
    assert fresh["origin"] is None
    refused = await stage.operator.post(f"/v1/lots/{fresh['id']}/reauction", times(), expect=409)
    assert refused["code"] == "not_defaulted"


async def test_the_underbidder_takes_the_rights(stage: Stage) -> None:
    """Proposed, agreed to by the bank, accepted: a sale of its own from the confirmation to the title."""
    lot, winner, under = await defaulted(stage)
    path = f"/v1/lots/{lot['id']}/underbidder-offer"
    await under.get(path, expect=404)
    offer = await stage.operator.post(path, ASKED)
    assert (offer["price_fen"], offer["state"]) == (START_FEN, "proposed")
    await under.get(path, expect=404)  # nobody is asked before the bank agreed
    await under.post(f"{path}/answer", {"accepted": True}, expect=404)
    await stage.bank_maker.post(f"{path}/consent", {"price_fen": START_FEN}, expect=403)
    wrong = await stage.bank_checker.post(f"{path}/consent", {"price_fen": 1}, expect=409)
    assert wrong["code"] == "conflict"
    asked = await stage.bank_checker.post(f"{path}/consent", {"price_fen": START_FEN})
    assert asked["state"] == "offered"
    assert (await under.get(path))["answer_by"] is not None
    await winner.post(f"{path}/answer", {"accepted": True}, expect=404)
    taken = await under.post(f"{path}/answer", {"accepted": True})
    assert taken["state"] == "accepted"
    sold = await stage.anyone.get(f"/v1/lots/{taken['sold_lot_id']}")
    assert (sold["number"], sold["origin"]) == (f"{lot['number']}-S", "underbidder")
    await _until_done(stage, sold, START_FEN)
    consignment = await stage.bank_maker.get(f"/v1/consignments/{lot['consignment_id']}")
    assert consignment["state"] == "recovered"
    page = await stage.client.get(f"/lots/{sold['id']}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert sold["number"] in page.text
    await stage.anyone.get(f"/v1/auctions/{sold['id']}", expect=404)  # it had no auction
    await books_hold(stage)


async def _until_done(stage: Stage, lot: dict[str, Any], price_fen: int) -> None:
    """Confirmed by itself, paid, distributed, transferred."""
    path = f"/v1/lots/{lot['id']}"
    for _ in range(3):
        await stage.work()
    assert (await stage.anyone.get(path))["status"] == "awaiting_payment"
    confirmation = await stage.anyone.get(f"{path}/confirmation")
    assert f'"hammer_price_fen":{price_fen}' in confirmation["content"]
    await stage.operator.post(f"{path}/payments", money(price_fen - DEPOSIT_FEN))
    costs = await stage.operator.post(f"{path}/costs", {"lines": []})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.bank_maker.post(f"{path}/distribution")
    seen = {"content_hash": plan["content_hash"]}
    await stage.bank_checker.post(f"{path}/distribution/approve", seen)
    await stage.operator.post(f"{path}/distribution/pay")
    done = await stage.operator.post(f"{path}/title", {"recorded_at": text(system_clock())})
    assert done["status"] == "done"


async def test_a_deposit_that_was_taken_out_is_paid_in_again(stage: Stage) -> None:
    """Without its deposit the underbidder cannot accept; the bank may refuse, time may run out, it may decline."""
    lot, _, under = await defaulted(stage)
    path = f"/v1/lots/{lot['id']}/underbidder-offer"
    await stage.operator.post(path, ASKED | {"answer_hours": 1})
    await stage.operator.post(f"{path}/deposit", money(DEPOSIT_FEN), expect=409)
    await stage.bank_checker.post(f"{path}/consent", {"price_fen": START_FEN})
    async with stage.pool.acquire() as conn, conn.transaction():  # its money is bound elsewhere
        bidder_id = under.caller.organisation_id
        now = system_clock()
        await deposits.hold(
            conn,
            uuid4(),
            bidder_id,
            holder_id=stage.operator.caller.organisation_id,
            amount_fen=DEPOSIT_FEN,
            now=now,
        )
    missing = await under.post(f"{path}/answer", {"accepted": True}, expect=409)
    assert missing["code"] == "deposit_missing"
    await stage.operator.post(f"{path}/deposit", money(DEPOSIT_FEN))
    taken = await under.post(f"{path}/answer", {"accepted": True})
    assert taken["state"] == "accepted"
    late = await under.post(f"{path}/answer", {"accepted": False}, expect=409)
    assert late["code"] == "illegal_state"
    again = await stage.operator.post(f"/v1/lots/{lot['id']}/reauction", times(), expect=409)
    assert again["code"] == "not_defaulted"
    await books_hold(stage)


async def test_an_underbidder_declines(stage: Stage) -> None:
    """What the underbidder does not want is auctioned again."""
    lot, _, under = await defaulted(stage)
    path = f"/v1/lots/{lot['id']}/underbidder-offer"
    await stage.operator.post(path, ASKED)
    await stage.bank_checker.post(f"{path}/consent", {"price_fen": START_FEN})
    declined = await under.post(f"{path}/answer", {"accepted": False})
    assert declined["state"] == "declined"
    late = await under.post(f"{path}/answer", {"accepted": True}, expect=409)
    assert late["code"] == "illegal_state"
    await stage.operator.post(f"/v1/lots/{lot['id']}/reauction", times())


async def test_an_offer_lapses_and_a_bank_refuses(stage: Stage) -> None:
    """Not answered in time it lapses by its duty; what the bank does not agree to is over."""
    first, _, under = await defaulted(stage)
    path = f"/v1/lots/{first['id']}/underbidder-offer"
    await stage.operator.post(path, ASKED | {"answer_hours": 1})
    await stage.bank_checker.post(f"{path}/consent", {"price_fen": START_FEN})
    await run_due_duties(stage, system_clock() + timedelta(hours=1, seconds=1))
    assert (await under.get(path))["state"] == "lapsed"
    second, _, _ = await defaulted(stage)
    path = f"/v1/lots/{second['id']}/underbidder-offer"
    await stage.operator.post(path, ASKED)
    refusal = {"price_fen": START_FEN, "approved": False}
    assert (await stage.bank_checker.post(f"{path}/consent", refusal))["state"] == "refused"


async def test_a_courts_sale_knows_the_reauction_only(stage: Stage) -> None:
    """Nobody takes the winner's place in a judicial sale (法释〔2016〕18号 art. 24)."""
    lot, _, _ = await defaulted(stage, terms=COURT)
    path = f"/v1/lots/{lot['id']}/underbidder-offer"
    refused = await stage.operator.post(path, ASKED, expect=409)
    assert (refused["code"], "第二十四条" in refused["detail_zh"]) == (
        "underbidder_not_offered",
        True,
    )


async def test_a_plan_goes_on_with_what_follows_the_default(stage: Stage) -> None:
    """The step that the default holds runs on with the re-auction, and succeeds with it."""
    consignment = await consigned(stage)
    plan = await started(
        stage, consignment, lot_step(opens_after_seconds=4, lasts_seconds=2), lot_step()
    )
    lot = await stage.anyone.get(f"/v1/lots/{plan['steps'][0]['subject_id']}")
    await default_of(stage, lot)
    await stage.work()
    held = await stage.bank_maker.get(f"/v1/plans/{plan['id']}")
    assert [step["state"] for step in held["steps"]] == ["held", "planned"]
    again = await stage.operator.post(f"/v1/lots/{lot['id']}/reauction", times())
    await stage.operator.post(f"/v1/lots/{again['id']}/check")
    await stage.checker.post(f"/v1/lots/{again['id']}/publish")
    running = await stage.bank_maker.get(f"/v1/plans/{plan['id']}")
    assert [step["state"] for step in running["steps"]] == ["running", "planned"]
    assert running["steps"][0]["subject_id"] == again["id"]
    await until(moment(again["closes_at"]))
    assert (await stage.until_closed(again))["status"] == "unsold"
    await stage.work()
    after = await stage.bank_maker.get(f"/v1/plans/{plan['id']}")
    assert [step["state"] for step in after["steps"]] == ["failed", "running"]
