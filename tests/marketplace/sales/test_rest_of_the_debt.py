"""A lot's plan gives the lender what is left of its debt after all that came in, and the pledgor the rest."""

from uuid import UUID

from tests.make_portfolio import some_case
from tests.make_routes import consigned
from tests.make_stage import DEPOSIT_FEN, START_FEN, Stage, money
from tests.marketplace.remedies.test_remedies_http import COST, books_hold, sold
from tests.marketplace.routes.test_whole_routes import DOCUMENT


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
