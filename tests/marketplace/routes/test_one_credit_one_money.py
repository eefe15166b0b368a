"""One credit of a bank is one money: booked as a fee, as a mandate's income or as a route's flow, never as two."""

import itertools
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from kit.clock import system_clock
from marketplace.organisations.schemas import Role
from tests.make_routes import consigned
from tests.make_stage import Stage
from tests.marketplace.routes.test_licences import pass_by
from tests.marketplace.routes.test_mandate_payments import agreed
from tests.marketplace.routes.test_whole_routes import DOCUMENT

FORGED = {
    "a payment": "INSERT INTO settlement.payments_in (id, bank_reference, payer_id, amount_fen, applied_fen,"
    " interest_fen, match, received_at, recorded_at)"
    " VALUES (gen_random_uuid(), '{}', gen_random_uuid(), 9, 0, 0, 'FREE', now(), now())",
    "a fee": "INSERT INTO settlement.royalty_receipts (id, licence_id, invoice_id, bank_reference, amount_fen,"
    " applied_fen, agency_fen, received_at, recorded_at, state)"
    " SELECT gen_random_uuid(), licence_id, id, '{}', 9, 9, 0, now(), now(), 'ESCROWED'"
    " FROM settlement.royalty_invoices LIMIT 1",
    "a mandate's income": "INSERT INTO market.mandate_receipts (id, report_id, mandate_id, reference, amount_fen,"
    " received_on, recorded_by, recorded_at)"
    " SELECT gen_random_uuid(), r.id, r.mandate_id, '{}', 9, current_date, m.drafted_by, now()"
    " FROM market.mandate_reports r JOIN market.mandates m ON m.id = r.mandate_id ORDER BY r.id LIMIT 1",
    "a route's flow": "INSERT INTO market.recorded_flows (id, route_id, reference, gross_fen, costs_fen,"
    " received_on, recorded_by, recorded_at)"
    " SELECT gen_random_uuid(), id, '{}', 9, 0, current_date, proposed_by, now() FROM market.recorded_routes LIMIT 1",
}
#: What may stand beside each other: a payment is a venue's, and a bank's voucher may have a number like its credit's.
APART = {("a payment", "a route's flow"), ("a route's flow", "a payment")}


async def mandated(stage: Stage, income_fen: int = 1_000_000) -> str:
    """A mandate whose first period was reported: where its receipts are entered."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    mandate = await agreed(stage, agency)
    await pass_by(stage, f"{mandate['reports'][0]['period_to']}T23:59:59+08:00")
    report = {"income_fen": income_fen, "activities": "talks 洽谈"}
    await agency.post(f"/v1/mandates/{mandate['id']}/reports/1", report)
    return f"/v1/mandates/{mandate['id']}/reports/1/receipts"


async def licensed(stage: Stage) -> str:
    """A licence whose money the bank holds itself, with its entry fee invoiced: where its receipts are entered."""
    consignment = await consigned(stage)
    case_id = await stage.pool.fetchval(
        "SELECT case_id FROM market.consignments WHERE id = $1", UUID(consignment["id"])
    )
    given = {
        "case_id": str(case_id), "title": "普通许可", "licensee_id": str(uuid4()), "pledgor_id": str(uuid4()),
        "starts_on": "2026-01-01", "ends_on": "2028-12-31",
        "terms": {"rate_bp": 300, "agency_bp": 0, "entry_fee_fen": 10_000, "late_bp_year": 0},
    }  # fmt: skip
    made = await stage.bank_maker.post("/v1/licences", given)
    path = f"/v1/licences/{made['id']}"
    await stage.bank_checker.post(f"{path}/approve", {"content_sha256": made["content_sha256"]})
    licence = await stage.bank_maker.post(f"{path}/entry-fee", {"due_on": "2026-12-01"})
    return f"{path}/invoices/{licence['invoices'][0]['id']}/receipts"


async def routed(stage: Stage) -> str:
    """A recorded route that two people agreed to: where its flows are entered."""
    consignment = await consigned(stage, route="securitise")
    body = {
        "consignment_id": consignment["id"], "kind": "securitise", "counterparty": "示例投资公司",
        "terms": "as the contract says 按合同", "amount_fen": 50_000_000, "document_sha256": DOCUMENT,
    }  # fmt: skip
    made = await stage.bank_maker.post("/v1/recorded-routes", body)
    path = f"/v1/recorded-routes/{made['id']}"
    await stage.bank_checker.post(f"{path}/decide", {"document_sha256": DOCUMENT})
    return f"{path}/flows"


def bodies(reference: str) -> dict[str, dict[str, Any]]:
    """What a person enters of a credit of CNY 10 for each."""
    now = system_clock()
    day = "2026-01-05"
    return {
        "fee": {"bank_reference": reference, "amount_fen": 1000, "received_at": now.isoformat()},
        "income": {"bank_reference": reference, "amount_fen": 1000, "received_on": day},
        "flow": {"reference": reference, "gross_fen": 1000, "received_on": day},
    }


async def test_a_credit_is_booked_by_hand_as_one_thing(stage: Stage) -> None:
    """Whichever comes first has it; the same again is known; anything else is refused, of another mandate too."""
    where = {
        "fee": await licensed(stage),
        "income": await mandated(stage),
        "flow": await routed(stage),
    }
    other = await mandated(stage)
    for first in where:
        reference = f"CREDIT-{first}"
        entered = bodies(reference)
        for _ in range(2):
            await stage.bank_maker.post(where[first], entered[first])
        wrong = [(where[kind], entered[kind]) for kind in where if kind != first]
        wrong += [(other, entered["income"])]
        for path, body in wrong:
            refused = await stage.bank_maker.post(path, body, expect=409)
            assert refused["code"] == "duplicate_bank_reference", (first, path)
    for unseen in (
        " {}",
        "{} ",
        "{}\t",
        "\u3000{}",
        "{}\u200b",
        "\uff23REDIT-fee",
        "{}\n",
    ):  # the same to the eye
        written = bodies(unseen.format("CREDIT-fee"))
        for kind in where:
            refused = await stage.bank_maker.post(where[kind], written[kind], expect=400)
            assert refused["field"].endswith("reference"), refused
    booked = await stage.pool.fetch(
        "SELECT bank_reference, count(*) AS n FROM settlement.credits GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in booked] == [(f"CREDIT-{one}", 1) for one in sorted(where)]


async def test_a_forged_booking_is_refused_by_the_database(stage: Stage) -> None:
    """Past every service, as the application's own role: the second booking of a credit fails, whatever it is."""
    for make in (mandated, licensed, routed):
        await make(stage)
    async with stage.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL ROLE luochui_app; SET LOCAL app.scope = 'all'")
        for n, (first, second) in enumerate(itertools.product(FORGED, FORGED)):
            await conn.execute(FORGED[first].format(f"F-{n}"))
            codes = []
            try:
                async with conn.transaction():
                    await conn.execute(FORGED[second].format(f"F-{n}"))
            except asyncpg.PostgresError as refused:
                codes.append(refused.sqlstate)
            expected = (
                [] if (first, second) in APART else ["23505"] if first == second else ["LL011"]
            )
            assert codes == expected, (first, second)
