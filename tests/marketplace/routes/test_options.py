"""Licence first, transfer later (先许可后转让), to its end: bought with the fees counted, not paid, or let go by."""

from datetime import timedelta
from typing import Any

from kit.clock import CHINA, system_clock
from marketplace.jobs.running import run_due_duties
from marketplace.organisations.schemas import Role
from settlement.checks import check_ledger
from tests.make_routes import LOT_TERMS, consigned
from tests.make_stage import Person, Stage, moment, money
from tests.marketplace.routes.test_licences import grants_of, opened
from tests.marketplace.routes.test_plans import paid_out

PRICE_FEN, FEE_FEN = 200_000_000, 10_000_000


async def licensed(stage: Stage, **changed: Any) -> tuple[Person, dict[str, Any]]:
    """An agency whose licence is in effect, its entry fee paid, with an option to buy."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    today = system_clock().astimezone(CHINA).date()
    option = {
        "price_fen": PRICE_FEN,
        "credited_bp": 5_000,
        "until": str(today + timedelta(days=365)),
        "lot": LOT_TERMS,
        "offer_seconds": 3_600,
    }
    offer = await opened(
        stage,
        await consigned(stage, authority="post_default_agreement"),
        way="negotiated",
        licensee_id=str(agency.caller.organisation_id),
        option=option | changed,
    )
    (grant,) = await grants_of(stage, offer)
    path = f"/v1/licence-grants/{grant['id']}"
    await agency.post(f"{path}/sign", {"sha256": grant["sha256"]})
    await stage.work()
    await stage.bank_checker.post(f"{path}/effect")
    income = await stage.bank_maker.get(f"/v1/licences/{grant['id']}")
    (fee,) = income["invoices"]
    receipts = f"/v1/licences/{grant['id']}/invoices/{fee['id']}/receipts"
    await stage.bank_maker.post(receipts, money(FEE_FEN))
    return agency, grant


async def exercised(stage: Stage, agency: Person, grant: dict[str, Any]) -> dict[str, Any]:
    """The option is exercised, and the sale by which the licensee buys is published."""
    used = await agency.post(f"/v1/licence-grants/{grant['id']}/option")
    assert used["option_state"] == "exercised"
    path = f"/v1/lots/{used['option_lot_id']}"
    checked = await stage.operator.post(f"{path}/check")
    for finding in checked["findings"]:
        if finding["severity"] == "hold":
            override = {"position": finding["position"], "reason": "the licence stays 许可存续"}
            await stage.checker.post(f"{path}/overrides", override)
    return dict(await stage.checker.post(f"{path}/publish"))


async def pass_by(stage: Stage, at: str) -> None:
    """Do what is due a second after that moment."""
    await run_due_duties(stage, moment(at) + timedelta(seconds=1))


async def offered(stage: Stage, agency: Person, lot: dict[str, Any]) -> dict[str, Any]:
    """The licensee registers, pays the deposit and offers the price; the bank's two people accept it."""
    path = f"/v1/lots/{lot['id']}"
    given = {"disclosure_sha256": lot["notice_sha256"], "conflict_statement": "licensee 被许可人"}
    bidder = await agency.post(f"{path}/bidders", given)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/qualify")
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/deposit", money(lot["deposit_fen"]))
    await pass_by(stage, lot["opens_at"])
    call = await agency.post(f"{path}/offers", {"amount_fen": lot["start_price_fen"]})
    await pass_by(stage, lot["closes_at"])
    answer = {"offer_id": call["offers"][0]["id"]}
    await stage.bank_maker.post(f"{path}/answer", answer | {"reason": "the option's price 约定价"})
    return dict(await stage.bank_checker.post(f"{path}/answer/decide", answer))


async def option_of(agency: Person, grant: dict[str, Any]) -> tuple[str, str]:
    """How far option and licence are."""
    shown = await agency.get(f"/v1/licence-grants/{grant['id']}")
    return shown["option_state"], shown["state"]


async def test_licensee_buys_with_its_fees_counted(stage: Stage) -> None:
    """Half of the fees paid counts towards the price; paid and transferred, the licence is over and nothing is left."""
    agency, grant = await licensed(stage)
    lot = await exercised(stage, agency, grant)
    price_fen = PRICE_FEN - FEE_FEN // 2
    assert (lot["start_price_fen"], lot["regime"]) == (price_fen, "agreement")
    shown = await agency.get(f"/v1/licence-grants/{grant['id']}")
    assert shown["option_credited_fen"] == FEE_FEN // 2
    stranger, _ = await stage.registered(lot)
    twice = await agency.post(f"/v1/licence-grants/{grant['id']}/option", expect=409)
    assert twice["code"] == "option_not_open"
    assert (await offered(stage, agency, lot))["state"] == "accepted"
    await paid_out(stage, lot["id"], price_fen - lot["deposit_fen"])
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "done"
    await stage.work()
    assert await option_of(agency, grant) == ("completed", "ended")
    state = await stage.bank_maker.get(f"/v1/consignments/{grant['consignment_id']}")
    assert state["state"] == "recovered"
    barred = await stranger.post(f"/v1/lots/{lot['id']}/offers", {"amount_fen": 1}, expect=403)
    assert barred["status"] == 403
    async with stage.pool.acquire() as conn:
        assert (await check_ledger(conn)).ok


async def test_licensee_that_does_not_pay_loses_the_option_and_keeps_the_licence(
    stage: Stage,
) -> None:
    """The deposit is forfeited as any buyer's; the licence goes on, the option does not come back."""
    agency, grant = await licensed(stage, credited_bp=0)
    lot = await exercised(stage, agency, grant)
    assert lot["start_price_fen"] == PRICE_FEN
    await offered(stage, agency, lot)
    confirmed = await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation")
    due_at = moment(confirmed["payment_due_at"])
    await run_due_duties(stage, due_at + timedelta(hours=1))
    await run_due_duties(stage, due_at + timedelta(hours=1))
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "defaulted"
    assert await option_of(agency, grant) == ("lapsed", "effective")


async def test_a_sale_that_fails_opens_the_option_again_until_its_day(stage: Stage) -> None:
    """Withdrawn by the venue, the licensee may exercise again; the day over, the option has lapsed."""
    agency, grant = await licensed(stage)
    lot = await exercised(stage, agency, grant)
    await stage.operator.post(f"/v1/lots/{lot['id']}/withdraw", {"reason": "an error 有误"})
    await stage.work()
    assert await option_of(agency, grant) == ("open", "effective")
    shown = await agency.get(f"/v1/licence-grants/{grant['id']}")
    assert (shown["option_lot_id"], shown["option_credited_fen"]) == (None, 0)
    last_day = system_clock() + timedelta(days=365)
    await run_due_duties(stage, last_day - timedelta(days=1))
    assert (await option_of(agency, grant))[0] == "open"
    await run_due_duties(stage, last_day + timedelta(days=1))
    assert (await option_of(agency, grant))[0] == "lapsed"
    late = await agency.post(f"/v1/licence-grants/{grant['id']}/option", expect=409)
    assert late["code"] == "option_not_open"
