"""Routes of disposal (domain 3.9) from the consignment to the loan's money, every request over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from kit.clock import CHINA, system_clock
from marketplace.consignments.schemas import Route
from marketplace.jobs.running import run_due_duties
from marketplace.organisations.schemas import Role
from tests.make_routes import consigned, lot_step, planned, started
from tests.make_stage import DEPOSIT_FEN, START_FEN, Stage, moment, money
from tests.marketplace.routes.test_licences import DOCUMENT, opened, pass_by
from tests.marketplace.routes.test_plans import paid_out

#: Where each route is taken from end to end; a new route without a test stops here.
TAKEN = {
    Route.COLLECTION: "test_collections.py",
    Route.AUCTION_CONCENTRATED: "test_sessions.py",
    Route.AUCTION_TIMED: "test_a_timed_auction_pays_the_loan",
    Route.SECOND_LICENCE: "test_licences.py",
    Route.REVERSE_LICENCE: "test_licences.py",
    Route.OPERATION_MANDATE: "test_a_mandate_runs_to_its_end_and_pays",
    Route.LICENCE_THEN_TRANSFER: "test_licences.py",
    Route.EQUITY_CONVERSION: "test_recorded_money_reaches_the_plan",
    Route.INVEST_LOAN: "test_recorded_money_reaches_the_plan",
    Route.SECURITISE: "test_recorded_money_reaches_the_plan",
    Route.TRADE_LICENCE: "test_trade_licence_is_taken_on_the_platform",
    Route.SET_OFF: "test_plans.py",
}


def test_every_route_is_taken() -> None:
    """No route of the domain is without its test."""
    assert set(TAKEN) == set(Route)


async def left(stage: Stage, plan: dict[str, Any]) -> int:
    """What the loan still owes by the plan's own count."""
    return int((await stage.bank_maker.get(f"/v1/plans/{plan['id']}"))["outstanding_fen"])


async def test_a_timed_auction_pays_the_loan(stage: Stage) -> None:
    """AUCTION_TIMED: announced by the plan, bid for, confirmed, paid, distributed, transferred; the loan owes less."""
    consignment = await consigned(stage, route="auction_timed")
    plan = await started(
        stage, consignment, lot_step(opens_after_seconds=3, lasts_seconds=2), lot_step()
    )
    before = await left(stage, plan)
    lot = await stage.anyone.get(f"/v1/lots/{plan['steps'][0]['subject_id']}")
    one, _ = await stage.deposited(lot)
    two, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}/bids"
    await one.post(path, {"amount_fen": START_FEN})
    await two.post(path, {"amount_fen": START_FEN + 1_000_000})
    await stage.until_confirmed(lot)
    await paid_out(stage, lot["id"], START_FEN + 1_000_000 - DEPOSIT_FEN)
    await stage.work()
    assert await left(stage, plan) == max(before - START_FEN - 1_000_000, 0)
    state = (await stage.bank_maker.get(f"/v1/consignments/{consignment['id']}"))["state"]
    assert state == "recovered"


@pytest.mark.parametrize("kind", ["equity_conversion", "invest_loan", "securitise"])
async def test_recorded_money_reaches_the_plan(stage: Stage, kind: str) -> None:
    """Recorded only: by two people, and what comes in, less what it cost, is the loan's."""
    consignment = await consigned(stage, route=kind)
    plan = await planned(stage, consignment, lot_step())
    before = await left(stage, plan)
    body = {
        "consignment_id": consignment["id"],
        "kind": kind,
        "counterparty": "示例投资公司",
        "terms": "as the contract says 按合同",
        "amount_fen": 50_000_000,
        "document_sha256": DOCUMENT,
    }
    made = await stage.bank_maker.post("/v1/recorded-routes", body)
    path = f"/v1/recorded-routes/{made['id']}"
    seen = {"document_sha256": DOCUMENT}
    await stage.bank_maker.post(f"{path}/decide", seen, expect=403)
    await stage.bank_checker.post(f"{path}/decide", seen)
    flow = {
        "reference": "D-1",
        "gross_fen": 1_000_000,
        "costs_fen": 1_000,
        "received_on": "2026-11-01",
    }
    await stage.bank_maker.post(f"{path}/flows", flow)
    await stage.work()
    assert before - await left(stage, plan) == 999_000


async def test_trade_licence_is_taken_on_the_platform(stage: Stage) -> None:
    """TRADE_LICENCE: one posted licence is taken, made effective and paid; the entry fee is the loan's."""
    consignment = await consigned(stage, route="trade_licence")
    plan = await planned(stage, consignment, lot_step())
    before = await left(stage, plan)
    offer = await opened(stage, consignment, places=1)
    agency = await stage.person(Role.AGENCY_BIDDER)
    take = f"/v1/licence-offers/{offer['id']}/take"
    grant = await agency.post(take, {"statement": "we make pumps 生产水泵"})
    await stage.bank_checker.post(f"/v1/licence-grants/{grant['id']}/effect")
    income = await stage.bank_maker.get(f"/v1/licences/{grant['id']}")
    (fee,) = income["invoices"]
    receipts = f"/v1/licences/{grant['id']}/invoices/{fee['id']}/receipts"
    paid = await stage.bank_maker.post(receipts, money(10_000_000))
    assert paid["receipts"][0]["state"] == "DISTRIBUTED"
    assert before - await left(stage, plan) == 10_000_000


async def test_a_mandate_runs_to_its_end_and_pays(stage: Stage) -> None:
    """OPERATION_MANDATE: agreed, both periods reported and paid, ended; the plan's step has succeeded."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    mandate = {
        "agency_id": str(agency.caller.organisation_id),
        "term_months": 6,
        "report_every_months": 3,
        "agency_bp": 1_000,
        "floor_fen": 400_000,
        "powers": "licences 许可",
        "reversion": "after a late report 逾期报告可收回",
    }
    consignment = await consigned(stage, route="operation_mandate")
    plan = await started(stage, consignment, {"kind": "mandate", "mandate": mandate})
    before = await left(stage, plan)
    step = (await stage.bank_maker.get(f"/v1/plans/{plan['id']}"))["steps"][0]
    path = f"/v1/mandates/{step['subject_id']}"
    shown = await agency.get(path)
    agreed = await agency.post(f"{path}/answer", {"sha256": shown["sha256"]})
    today = str(system_clock().astimezone(CHINA).date())
    for report, income_fen, due_fen in zip(
        agreed["reports"], (1_000_000, 0), (900_000, 400_000), strict=True
    ):
        await pass_by(stage, f"{report['period_to']}T23:59:59+08:00")
        given = {"income_fen": income_fen, "activities": "licensed 已许可"}
        told = await agency.post(f"{path}/reports/{report['n']}", given)
        assert told["reports"][report["n"] - 1]["due_fen"] == due_fen
        credit = {
            "bank_reference": f"CREDIT-{report['n']}",
            "amount_fen": due_fen,
            "received_on": today,
        }
        await stage.bank_maker.post(f"{path}/reports/{report['n']}/receipts", credit)
    over = moment(f"{agreed['ends_on']}T23:59:59+08:00") + timedelta(days=20)
    for _ in range(2):
        await run_due_duties(stage, over)
    assert (await agency.get(path))["state"] == "ended"
    assert before - await left(stage, plan) == 1_300_000
    steps = (await stage.bank_maker.get(f"/v1/plans/{plan['id']}"))["steps"]
    assert [one["state"] for one in steps] == ["succeeded"]
