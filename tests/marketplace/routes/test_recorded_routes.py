"""Routes that are recorded only: agreed to by two people, each cash flow counted once."""

from tests.make_routes import consigned
from tests.make_stage import Stage

DOCUMENT = "ab" * 32


async def test_cash_flows_of_a_recorded_route_count_once(stage: Stage) -> None:
    """An equity conversion is proposed, approved by another, and its money is entered once a reference."""
    consignment = await consigned(stage)
    body = {
        "consignment_id": consignment["id"],
        "kind": "equity_conversion",
        "counterparty": "示例投资公司",
        "terms": "claim turned into equity 债权转为股权",
        "amount_fen": 50_000_000,
        "document_sha256": DOCUMENT,
    }
    made = await stage.bank_maker.post("/v1/recorded-routes", body)
    path = f"/v1/recorded-routes/{made['id']}"
    flow = {
        "reference": "D-1",
        "gross_fen": 1_000_000,
        "costs_fen": 1_000,
        "received_on": "2026-11-01",
    }
    early = await stage.bank_maker.post(f"{path}/flows", flow, expect=409)
    assert early["code"] == "conflict"
    other = await stage.bank_checker.post(
        f"{path}/decide", {"document_sha256": "cd" * 32}, expect=409
    )
    assert other["code"] == "document_differs"
    await stage.bank_checker.post(f"{path}/decide", {"document_sha256": DOCUMENT})
    for _ in range(2):
        shown = await stage.bank_maker.post(f"{path}/flows", flow)
    assert [each["gross_fen"] for each in shown["flows"]] == [1_000_000]
    differs = await stage.bank_maker.post(f"{path}/flows", flow | {"gross_fen": 2}, expect=409)
    assert differs["code"] == "flow_differs"
    await stage.work()
    (shared,) = (await stage.bank_maker.get(path))["flows"]
    assert shared["shared_at"] is not None
    ended = await stage.bank_checker.post(f"{path}/end", {"reason": "paid in full 已结清"})
    assert ended["state"] == "ended"
    listed = await stage.operator.get("/v1/recorded-routes")
    assert [each["id"] for each in listed["items"]] == [made["id"]]


async def test_set_off_needs_a_ground(stage: Stage) -> None:
    """Before any round failed, and without an agreement after the default, the bank may not take the rights."""
    consignment = await consigned(stage)
    body = {"consignment_id": consignment["id"], "price_fen": 1_000_000, "reason": "抵债"}
    refused = await stage.bank_maker.post("/v1/set-offs", body, expect=409)
    assert refused["code"] == "no_ground_for_set_off"
    agreed = await consigned(stage, authority="post_default_agreement")
    made = await stage.bank_maker.post("/v1/set-offs", body | {"consignment_id": agreed["id"]})
    assert (made["ground"], made["state"]) == ("agreement", "proposed")
    path = f"/v1/set-offs/{made['id']}"
    taken = await stage.bank_checker.post(f"{path}/decide", {"price_fen": 1_000_000})
    assert taken["dispose_by"] is not None
    disposed = await stage.bank_maker.post(f"{path}/disposal", {"disposal": "sold on 已转让"})
    assert disposed["state"] == "disposed"
