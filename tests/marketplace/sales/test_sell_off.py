"""A sell-off (变卖) is for those who paid in its whole price; who wins and does not pay loses the deposit alone."""

import json
from datetime import timedelta
from typing import Any

import pytest

from marketplace.jobs.running import run_due_duties
from marketplace.organisations.schemas import Role
from settlement import ledger
from settlement.checks import check_ledger
from tests.make_routes import consigned, lot_step, started
from tests.make_stage import STEP_FEN, Person, Stage, moment, money
from tests.marketplace.routes.test_ladder import SECOND_FEN, SELL_OFF
from tests.marketplace.routes.test_plans import step_of

KEPT_FEN = SECOND_FEN // 10


async def sold_off(stage: Stage) -> dict[str, Any]:
    """The lot of a sell-off after two failed auctions, taking bidders."""
    terms = {"period_ms": 8_000, "countdown_ms": 1_500}
    steps = (
        lot_step(),
        lot_step(price_bp=8_000),
        lot_step(
            bidding=SELL_OFF | {"format_terms": terms}, opens_after_seconds=6, lasts_seconds=8
        ),
    )
    consignment = await consigned(stage, regime="judicial_network", authority="enforcement_case")
    plan = await started(stage, consignment, *steps)
    step = await step_of(stage, plan, 3, "running")
    return dict(await stage.anyone.get(f"/v1/lots/{step['subject_id']}"))


async def admitted(stage: Stage, lot: dict[str, Any]) -> Person:
    """An agency that pays in the deposit, which is not enough, and then the rest of the sell-off price."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    given = {"disclosure_sha256": lot["notice_sha256"], "conflict_statement": "no interest 无关联"}
    bidder = await agency.post(f"/v1/lots/{lot['id']}/bidders", given)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/qualify")
    paid_in = f"/v1/bidders/{bidder['id']}/deposit"
    assert (await stage.operator.post(paid_in, money(KEPT_FEN)))["status"] == "qualified"
    rest = money(SECOND_FEN - KEPT_FEN)
    assert (await stage.operator.post(paid_in, rest))["status"] == "deposited"
    return agency


async def free_money(stage: Stage, who: Person) -> int:
    """What it may take out."""
    async with stage.pool.acquire() as conn:
        return await ledger.balance(
            conn,
            ledger.client_money(who.caller.organisation_id, stage.operator.caller.organisation_id),
        )


@pytest.mark.parametrize("steps", [0, 2], ids=["at-the-price", "above-it"])
async def test_a_sell_off_is_for_who_has_paid_in_its_price(stage: Stage, *, steps: int) -> None:
    """Bought at the price, all of it is there and the lot is paid by itself; bought above it and not paid, the deposit
    that the notice states is kept, and the rest is the bidder's again.
    """
    lot = await sold_off(stage)
    assert lot["deposit_fen"] == KEPT_FEN
    agency = await admitted(stage, lot)
    assert await free_money(stage, agency) == 0
    await stage.until_open(lot)
    path = f"/v1/lots/{lot['id']}"
    price_fen = SECOND_FEN + steps * STEP_FEN
    await agency.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": price_fen})
    await stage.until_closed(lot)
    confirmation = await stage.operator.post(f"{path}/confirmation")
    assert json.loads(confirmation["content"])["balance_fen"] == steps * STEP_FEN
    status = (await stage.anyone.get(path))["status"]
    if not steps:
        assert status == "paid"
        return
    assert status == "awaiting_payment"
    await run_due_duties(stage, moment(confirmation["payment_due_at"]) + timedelta(hours=1))
    assert (await stage.anyone.get(path))["status"] == "defaulted"
    assert await free_money(stage, agency) == SECOND_FEN - KEPT_FEN
    states = await stage.pool.fetch("SELECT state, kept_fen FROM settlement.deposits")
    assert [tuple(row) for row in states] == [("PARTLY_FORFEITED", KEPT_FEN)]
    async with stage.pool.acquire() as conn:
        assert (await check_ledger(conn)).ok
