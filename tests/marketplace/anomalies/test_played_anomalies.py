"""Rings and shills who really bid: their last results are held, and the venue lets one stand and sets one aside."""

from datetime import timedelta
from typing import Any

from kit.clock import system_clock
from marketplace.organisations.schemas import Role
from tests.make_stage import (
    DEPOSIT_FEN,
    START_FEN,
    STEP_FEN,
    Person,
    Stage,
    accepted_consignment,
    lot_draft,
    moment,
    money,
    text,
    until,
)

#: Enough to register everybody before the lots open.
_OPENS_IN = timedelta(seconds=25)
COMMON = "91420100MA4KXXXX1Y"


async def announced(stage: Stage, *last_for: int) -> list[dict[str, Any]]:
    """Lots of one seller that open together; the seconds for which each lasts, so that results follow each other."""
    opens_at, found = system_clock() + _OPENS_IN, []
    for seconds in last_for:
        closes_at = opens_at + timedelta(seconds=seconds)
        draft = lot_draft(await accepted_consignment(stage))
        draft |= {"opens_at": text(opens_at), "closes_at": text(closes_at)}
        lot = await stage.operator.post("/v1/lots", draft)
        await stage.operator.post(f"/v1/lots/{lot['id']}/check")
        found.append(dict(await stage.checker.post(f"/v1/lots/{lot['id']}/publish")))
    return found


async def joined(stage: Stage, agency: Person, lot: dict[str, Any], **declared: Any) -> None:
    """An agency is registered, qualified and has paid its deposit."""
    given = {
        "disclosure_sha256": lot["notice_sha256"],
        "conflict_statement": "no interest in the seller 与委托人、出质人无关联",
        "declaration": {"source_of_funds": "own money 自有资金"} | declared,
    }
    bidder = await agency.post(f"/v1/lots/{lot['id']}/bidders", given)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/qualify")
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/deposit", money(DEPOSIT_FEN))


async def opened(stage: Stage, lots: list[dict[str, Any]]) -> None:
    """Wait for the opening, and have everybody let in."""
    await until(moment(lots[0]["opens_at"]))
    await stage.work()


async def bid(lot: dict[str, Any], turns: list[tuple[Person, int]]) -> None:
    """The first bids the start price, each other one so many steps more than the one before."""
    amount_fen = START_FEN
    for who, steps in turns:
        amount_fen += steps * STEP_FEN
        placed = await who.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": amount_fen})
        assert placed["accepted"], placed


async def held(stage: Stage, lot: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    """The result is on hold for these findings alone, and nobody can confirm it."""
    await stage.until_closed(lot)
    refused = await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation", expect=409)
    assert refused["code"] == "result_held"
    await stage.work()
    review = await stage.checker.get(f"/v1/lots/{lot['id']}/review")
    assert (review["state"], [one["kind"] for one in review["anomalies"]]) == ("held", list(kinds))
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "sold"
    return list(review["anomalies"])


async def let_stand(stage: Stage, lot: dict[str, Any]) -> None:
    """One person says why, another agrees: the result is confirmed."""
    path = f"/v1/lots/{lot['id']}"
    why = {"reason": "looked into, no link found 已核查，未发现关联"}
    await stage.operator.post(f"{path}/review/release", why)
    await stage.checker.post(f"{path}/review/release/approve")
    assert (await stage.until_confirmed(lot))["status"] == "awaiting_payment"


async def set_aside(stage: Stage, lot: dict[str, Any]) -> None:
    """Two people annul the result for collusion (法释〔2016〕18号 art. 31): no confirmation; the rights are free."""
    path = f"/v1/lots/{lot['id']}"
    given = {
        "ground": "collusion",
        "reason": "the bidders are one interest 竞买人恶意串通",
        "evidence": "finding of the venue 2026-11 复核报告",
    }
    proposed = await stage.operator.post(f"{path}/revocation", given)
    seen = {"content_hash": proposed["content_hash"]}
    done = await stage.checker.post(f"{path}/revocation/approve", seen)
    await stage.work()
    shown = await stage.anyone.get(path)
    assert (done["state"], shown["status"]) == ("DONE", "revoked")
    await stage.anyone.get(f"{path}/confirmation", expect=404)
    consignment = await stage.bank_maker.get(f"/v1/consignments/{lot['consignment_id']}")
    assert consignment["state"] == "unsold"
    listed = (await stage.operator.get("/v1/anomalies"))["items"]
    assert lot["id"] in [one["lot_id"] for one in listed]


async def test_a_ring_of_low_raises_holds_the_results_of_its_seller(stage: Stage) -> None:
    """Two take turns by the least in every lot of one seller, and leave each to a third: seen in three, it is held."""
    one, two, buyer = [await stage.person(Role.AGENCY_BIDDER) for _ in range(3)]
    lots = await announced(stage, 8, 8, 12, 17)
    for lot in lots:
        for who in (one, two, buyer):
            await joined(stage, who, lot)
    await opened(stage, lots)
    for lot in lots:
        await bid(lot, [(one, 0), (two, 1), (one, 1), (two, 1), (one, 1), (buyer, 5)])
    for lot in lots[:2]:
        assert (await stage.until_confirmed(lot))["status"] == "awaiting_payment"
    (found,) = await held(stage, lots[2], "ring_of_low_raises")
    assert (found["detail"]["lots"], len(found["detail"]["bidders"])) == (3, 2)
    mine = [(await who.get(f"/v1/lots/{lots[2]['id']}/bidders/me"))["id"] for who in (one, two)]
    assert sorted(found["detail"]["bidders"]) == sorted(mine)
    # From the fourth lot on each of the two has a score of its own, too.
    await held(stage, lots[3], "shill_score", "shill_score", "ring_of_low_raises")
    await let_stand(stage, lots[2])
    await set_aside(stage, lots[3])


async def test_a_shill_that_its_winner_turns_out_to_control_holds_the_result(stage: Stage) -> None:
    """It raises by the least in four lots of one seller, at once, and wins none (T29). In the last it turns out that
    its controller is the winner itself: that is told apart from the score.
    """
    shill = await stage.person(Role.AGENCY_BIDDER)
    buyers = [await stage.person(Role.AGENCY_BIDDER) for _ in range(5)]
    lots = await announced(stage, 8, 8, 8, 12, 12)
    controlled = {"controllers": [{"name": "Somebody 某方", "code": COMMON}]}
    for lot, buyer in zip(lots, buyers, strict=True):
        await joined(stage, shill, lot, **(controlled if lot is lots[-1] else {}))
        await joined(stage, buyer, lot)
    await opened(stage, lots)
    for lot, buyer in zip(lots, buyers, strict=True):
        await bid(lot, [(buyer, 0), (shill, 1), (buyer, 3), (shill, 1), (buyer, 3)])
    await stage.pool.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1",
        buyers[-1].caller.organisation_id,
        COMMON,
    )
    for lot in lots[:3]:
        assert (await stage.until_confirmed(lot))["status"] == "awaiting_payment"
    (scored,) = await held(stage, lots[3], "shill_score")
    mine = await shill.get(f"/v1/lots/{lots[3]['id']}/bidders/me")
    assert (scored["bidder_id"], scored["score_bp"] >= 7_500) == (mine["id"], True)
    same, _ = await held(stage, lots[4], "same_controller", "shill_score")
    winner = await buyers[-1].get(f"/v1/lots/{lots[4]['id']}/bidders/me")
    assert same["bidder_id"] == winner["id"]
    await let_stand(stage, lots[3])
    await set_aside(stage, lots[4])
    barred = await buyers[-1].get(f"/v1/lots/{lots[4]['id']}/bidders/me")
    assert barred["status"] == "barred"
