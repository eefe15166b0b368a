"""A lot's plan gives the lender what is left of its debt after all that came in, and the pledgor the rest."""

from typing import Any
from uuid import UUID

import pytest

from kit.clock import system_clock
from kit.ids import uuid7
from settlement import sales
from tests.make_portfolio import some_case
from tests.make_routes import consigned
from tests.make_stage import DEPOSIT_FEN, START_FEN, Stage, money
from tests.marketplace.remedies.test_remedies_http import COST, books_hold, sold
from tests.marketplace.routes.test_whole_routes import DOCUMENT
from tests.settlement.make_money import pay_price


async def test_what_came_in_beside_the_lots_is_not_paid_twice(stage: Stage) -> None:
    """CNY 4 million of a securitisation and of 5.009 million owed: the lot gives 1.009 million, not all its price."""
    owed = some_case()
    lot, _ = await sold(stage, objection_days=0)
    case_id = await stage.pool.fetchval(
        "SELECT case_id FROM market.consignments WHERE id = $1", UUID(lot["consignment_id"])
    )
    came_fen = 400_000_000
    body = {
        "consignment_id": (await consigned(stage, case_id=str(case_id), route="securitise"))["id"],
        "kind": "securitise", "counterparty": "示例证券公司", "terms": "as the contract says 按合同",
        "amount_fen": came_fen, "document_sha256": DOCUMENT,
    }  # fmt: skip
    made = await stage.bank_maker.post("/v1/recorded-routes", body)
    route = f"/v1/recorded-routes/{made['id']}"
    await stage.bank_checker.post(f"{route}/decide", {"document_sha256": DOCUMENT})
    flow = {"reference": "D-1", "gross_fen": came_fen, "received_on": "2026-11-01"}
    await stage.bank_maker.post(f"{route}/flows", flow)
    path = f"/v1/lots/{lot['id']}"
    await stage.operator.post(f"{path}/payments", money(START_FEN - DEPOSIT_FEN))
    costs = await stage.operator.post(f"{path}/costs", {"lines": [COST]})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.operator.post(f"{path}/distribution")
    left_fen = owed.principal_fen + owed.interest_fen + owed.penalty_fen - came_fen
    bank = str(stage.bank_maker.caller.organisation_id)
    lenders = [line["amount_fen"] for line in plan["content"]["lines"] if line["payee_id"] == bank]
    assert sum(lenders) == left_fen
    (surplus,) = [line for line in plan["content"]["lines"] if line["to"] == "pledgor"]
    assert surplus["amount_fen"] == START_FEN - COST["amount_fen"] - left_fen
    await books_hold(stage)


async def _planned(stage: Stage, lot: dict[str, Any], claims: object = None) -> int:
    """A lot sold and paid for at its start price: what its plan gives to the lender."""
    now = system_clock()
    case_id = await stage.pool.fetchval(
        "SELECT case_id FROM market.consignments WHERE id = $1", UUID(lot["consignment_id"])
    )
    async with stage.pool.acquire() as conn, conn.transaction():
        sale = await sales.record_sale(
            conn, UUID(lot["id"]), buyer_id=uuid7(now), consignor_id=stage.bank_maker.caller.organisation_id,
            venue_id=stage.operator.caller.organisation_id, case_id=case_id, hammer_price_fen=START_FEN,
            deadline_at=now, sold_at=now, release_on="PRICE_PAID", objection_days=0,
        )  # fmt: skip
        await pay_price(conn, sale, now=now)
    path = f"/v1/lots/{lot['id']}"
    if claims:
        await stage.bank_maker.post(f"{path}/claims", claims)
    costs = await stage.operator.post(f"{path}/costs", {"lines": [COST]})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.operator.post(f"{path}/distribution")
    bank = str(stage.bank_maker.caller.organisation_id)
    return sum(line["amount_fen"] for line in plan["content"]["lines"] if line["payee_id"] == bank)


@pytest.mark.parametrize("own_fen", [None, 350_000_000])
async def test_a_registered_maximum_is_one_for_all_lots_under_it(
    stage: Stage, own_fen: int | None
) -> None:
    """One registration of CNY 3 million over both lots' rights: the second lot gives what the first left of it.

    `own_fen`: another maximum over the second lot's rights alone, of which the first lot has used nothing.
    """
    one, other = [await stage.published(opens_in=3600.0) for _ in range(2)]
    maximum_fen = 300_000_000
    asset = "SELECT a.asset_id FROM market.consignment_assets a WHERE a.consignment_id = $1"
    rights = [await stage.pool.fetchval(asset, UUID(lot["consignment_id"])) for lot in (one, other)]
    await stage.pool.execute(
        "INSERT INTO market.pledge_assets (pledge_id, asset_id)"
        " SELECT pledge_id, $2 FROM market.pledge_assets WHERE asset_id = $1",
        *rights,
    )
    await stage.pool.execute(
        "UPDATE market.pledges SET is_maximum = true, secured_amount_fen = $2"
        " WHERE id = (SELECT pledge_id FROM market.pledge_assets WHERE asset_id = $1)",
        rights[0], maximum_fen,
    )  # fmt: skip
    if own_fen is not None:
        await stage.pool.execute(
            "UPDATE market.pledges SET is_maximum = true, secured_amount_fen = $2"
            " WHERE NOT is_maximum AND id IN (SELECT pledge_id FROM market.pledge_assets WHERE asset_id = $1)",
            rights[1], own_fen,
        )  # fmt: skip
    first_fen = await _planned(stage, one)
    assert first_fen == START_FEN - COST["amount_fen"]
    case_id = await stage.pool.fetchval(
        "SELECT case_id FROM market.consignments WHERE id = $1", UUID(one["consignment_id"])
    )
    second_fen = await _planned(stage, other, {"other_loans": [str(case_id)]})
    left_fen = maximum_fen - first_fen if own_fen is None else own_fen
    assert second_fen == min(left_fen, START_FEN - COST["amount_fen"])
    await books_hold(stage)
