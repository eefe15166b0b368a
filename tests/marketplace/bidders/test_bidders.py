"""Bidders over HTTP: who may register, what is held, which paddle is given, until when."""

import asyncio

from marketplace.auctions.paddles import NONE_BELIEVED_US
from marketplace.organisations.schemas import Role
from tests.make_stage import DEPOSIT_FEN, START_FEN, Stage, money


async def test_wrong_notice_is_no_acknowledgement(stage: Stage) -> None:
    """Registration names the hash of the notice in force, and of no other."""
    lot = await stage.published()
    agency = await stage.person(Role.AGENCY_BIDDER)
    given = {"disclosure_sha256": "0" * 64, "conflict_statement": "none 无"}
    refused = await agency.post(f"/v1/lots/{lot['id']}/bidders", given, expect=409)
    assert refused["code"] == "disclosure_not_acknowledged"


async def test_a_limit_below_the_start_price_is_refused_in_yuan(stage: Stage) -> None:
    """A bidder who asks for a limit that lets nobody bid reads the start price as people write it."""
    lot = await stage.published()
    agency = await stage.person(Role.AGENCY_BIDDER)
    given = {
        "disclosure_sha256": lot["notice_sha256"],
        "conflict_statement": "none 无",
        "limit_fen": 1,
    }
    refused = await agency.post(f"/v1/lots/{lot['id']}/bidders", given, expect=400)
    assert "CNY 2,100,000.00" in refused["detail"]
    assert "2,100,000.00 元" in refused["detail_zh"]


async def test_organisation_registers_once(stage: Stage) -> None:
    """A second person of the same agency is told that the agency is registered."""
    lot = await stage.published()
    agency, _ = await stage.registered(lot)
    colleague = await stage.person(
        Role.AGENCY_BIDDER, organisation_id=agency.caller.organisation_id
    )
    given = {"disclosure_sha256": lot["notice_sha256"], "conflict_statement": "none 无"}
    refused = await colleague.post(f"/v1/lots/{lot['id']}/bidders", given, expect=409)
    assert refused["code"] == "already_registered_for_lot"


async def test_pledgor_may_not_bid_for_its_own_collateral(stage: Stage) -> None:
    """An agency with the pledgor's unified social credit code is barred."""
    lot = await stage.published()
    agency = await stage.person(Role.AGENCY_BIDDER)
    await stage.pool.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1",
        agency.caller.organisation_id,
        lot["pledgor_codes"][0],
    )
    given = {"disclosure_sha256": lot["notice_sha256"], "conflict_statement": "none 无"}
    refused = await agency.post(f"/v1/lots/{lot['id']}/bidders", given, expect=403)
    assert refused["code"] == "bidder_barred"


async def test_paddle_follows_the_whole_deposit(stage: Stage) -> None:
    """Part of the deposit stays the bidder's own money; with the rest it is held and the paddle given out."""
    lot = await stage.published()
    agency, bidder = await stage.registered(lot)
    path = f"/v1/bidders/{bidder['id']}/deposit"
    part = await stage.operator.post(path, money(DEPOSIT_FEN - 1))
    assert (part["status"], part["paddle"]) == ("qualified", None)
    whole = await stage.operator.post(path, money(1))
    assert whole["status"] == "deposited"
    mine = await agency.get(f"/v1/lots/{lot['id']}/bidders/me")
    assert mine["paddle"] >= 101


async def test_paddles_are_secret_while_the_lot_runs(stage: Stage) -> None:
    """The venue's list names organisations without paddles until the end, and shows them after it."""
    lot = await stage.published(lasts=0.5)
    _, bidder = await stage.deposited(lot)
    listed = await stage.operator.get(f"/v1/lots/{lot['id']}/bidders")
    assert [each["paddle"] for each in listed["items"]] == [None]
    await stage.until_closed(lot)
    listed = await stage.operator.get(f"/v1/lots/{lot['id']}/bidders")
    assert [each["paddle"] for each in listed["items"]] == [bidder["paddle"]]


async def test_many_deposits_at_once_give_different_paddles(stage: Stage) -> None:
    """Deposits that arrive together never give one paddle twice."""
    lot = await stage.published(opens_in=60, lasts=60)
    bidders = [bidder for _, bidder in [await stage.registered(lot) for _ in range(6)]]
    held = await asyncio.gather(
        *(
            stage.operator.post(f"/v1/bidders/{bidder['id']}/deposit", money(DEPOSIT_FEN))
            for bidder in bidders
        )
    )
    assert len({bidder["paddle"] for bidder in held}) == len(bidders)


async def test_priority_is_confirmed_before_the_stated_time_only(stage: Stage) -> None:
    """Once the time for holders is over, no right is confirmed."""
    lot = await stage.published(opens_in=0.8, lasts=30)
    _, bidder = await stage.registered(lot)
    await stage.until_open(lot)
    claim = {"rank": 1, "nature": "co-owner 共有人"}
    path = f"/v1/bidders/{bidder['id']}/priority"
    refused = await stage.operator.post(path, claim, expect=409)
    assert refused["code"] == "priority_too_late"


async def test_late_bidder_is_admitted_while_the_auction_runs(stage: Stage) -> None:
    """A deposit that arrives after the opening still makes a bidder (art. 18); nobody else may bid."""
    lot = await stage.published(opens_in=0.5, lasts=60)
    await stage.until_open(lot)
    late, _ = await stage.registered(lot)
    path = f"/v1/auctions/{lot['id']}/bids"
    refused = await late.post(path, {"amount_fen": START_FEN}, expect=403)
    assert refused["code"] == "not_a_bidder"
    mine = await late.get(f"/v1/lots/{lot['id']}/bidders/me")
    await stage.operator.post(f"/v1/bidders/{mine['id']}/deposit", money(DEPOSIT_FEN))
    await stage.work()
    await asyncio.sleep(NONE_BELIEVED_US / 1e6)  # the refusal above is believed for so long
    bid = await late.post(path, {"amount_fen": START_FEN})
    assert bid["accepted"]
    mine = await late.get(f"/v1/lots/{lot['id']}/bidders/me")
    assert mine["status"] == "active"


async def test_another_venue_finds_no_bidder(stage: Stage) -> None:
    """What is not its own does not exist for another venue."""
    lot = await stage.published()
    _, bidder = await stage.registered(lot)
    stranger = await stage.person(Role.VENUE_OPERATOR)
    await stranger.post(f"/v1/bidders/{bidder['id']}/qualify", expect=404)
    await stranger.get(f"/v1/lots/{lot['id']}/bidders", expect=404)


async def test_barred_bidder_gets_its_deposit_back(stage: Stage) -> None:
    """A bidder barred before it was admitted stays out, and its money is released."""
    lot = await stage.published(opens_in=60, lasts=60)
    _, bidder = await stage.deposited(lot)
    barred = await stage.operator.post(
        f"/v1/bidders/{bidder['id']}/bar", {"reason": "false papers 材料不实"}
    )
    assert barred["status"] == "barred"
    await stage.work()
    assert await stage.pool.fetchval("SELECT state FROM settlement.deposits") == "RELEASED"
