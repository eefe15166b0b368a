"""A defaulter's rest over HTTP: shown to both sides, paid under its reference from a bank statement, in the 结算单."""

from datetime import timedelta

from kit.clock import system_clock
from marketplace.jobs.running import run_due_duties
from tests.make_stage import DEPOSIT_FEN, Stage
from tests.marketplace.banking.test_banking_sale import credit, registered_account, statement
from tests.marketplace.remedies.test_remedies_http import TERMS, USE, books_hold, sold
from tests.settlement.make_bank import OUR_ACCOUNT


async def test_a_defaulter_pays_what_it_owes_beyond_its_deposit(stage: Stage) -> None:
    """Claimed with the use of the deposit; matched by its reference, in parts; each part is handed to the fund once."""
    await registered_account(stage, str(stage.operator.caller.organisation_id), OUR_ACCOUNT)
    lot, buyer_id = await sold(stage)
    path = f"/v1/lots/{lot['id']}"
    late = system_clock() + timedelta(days=30)
    await run_due_duties(stage, late)
    await stage.operator.get(f"{path}/buyer-debt", expect=404)
    given = USE | {"costs_fen": DEPOSIT_FEN + 4_000, "terms": TERMS | {"excess": "owed"}}
    order = await stage.operator.post(f"{path}/forfeiture", given)
    seen = {"content_hash": order["content_hash"]}
    await stage.checker.post(f"{path}/forfeiture/approve", seen)
    debt = await stage.bank_maker.get(f"{path}/buyer-debt")
    assert (debt["amount_fen"], debt["debtor_id"]) == (4_000, str(buyer_id))
    assert [(line["to"], line["amount_fen"]) for line in debt["lines"]] == [("costs", 4_000)]
    due = {"reference": debt["reference"], "payer_name": debt["debtor_name"]}
    assert debt["reference"].startswith("LCC-")
    part = await statement(stage, credit(due, "X-1", 1_500))
    assert [entry["verdict"] for entry in part["entries"]] == ["PARTIAL"]
    rest = await statement(stage, credit(due, "X-2", 2_500))
    assert [entry["verdict"] for entry in rest["entries"]] == ["EXACT"]
    again = await statement(stage, credit(due, "X-3", 9))
    assert [entry["verdict"] for entry in again["entries"]] == ["DUPLICATE"]
    debt = await stage.operator.get(f"{path}/buyer-debt")
    assert (debt["open_fen"], [one["applied_fen"] for one in debt["receipts"]]) == (
        0,
        [1_500, 2_500],
    )
    await run_due_duties(stage, late + timedelta(days=1))
    states = await stage.pool.fetch(
        "SELECT state FROM market.duties WHERE kind = 'share_claim_on_buyer'"
    )
    assert [row["state"] for row in states] == ["done", "done"]
    paper = await stage.operator.post(
        "/v1/statements", {"kind": "settlement", "subject_id": lot["id"]}
    )
    html = await stage.client.get(
        f"/v1/statements/{paper['id']}.html", headers=stage.operator.headers
    )
    assert "差额追偿" in html.text
    await books_hold(stage)
