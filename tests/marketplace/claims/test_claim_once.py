"""Everything twice is once: repeated, concurrent and out-of-order requests, and what each leaves behind."""

import asyncio
from collections import Counter
from typing import Any

from marketplace.assets import service as assets
from marketplace.audit import service as audit
from marketplace.claims.recovering import record_sale_recovery
from marketplace.consignments import service as consignments
from marketplace.organisations.schemas import SYSTEM_CALLER
from settlement.rules.case import Cost
from tests.make_claims import (
    ADVANCE_FEN,
    CONTRACT,
    SCHEME,
    Office,
    advanced,
    application,
    approved,
    decision,
    drafted,
    make_loan,
    pay_out,
    reviewed,
    sell,
)
from tests.make_portfolio import some_asset, some_terms

SALE = {"price_fen": 238_000_000, "commission_fen": 4_760_000, "stamp_fen": 71_400}
FOOTPRINT = """
SELECT (SELECT count(*) FROM market.audit_entries)::int AS entries, (SELECT count(*) FROM market.outbox)::int AS events,
       (SELECT count(*) FROM settlement.transfers)::int AS transfers,
       (SELECT count(*) FROM settlement.payouts)::int AS payouts,
       (SELECT count(*) FROM settlement.statements)::int AS statements
"""


async def _footprint(office: Office) -> dict[str, int]:
    row = await office.pool.fetchrow(FOOTPRINT)
    assert row is not None
    return dict(row)


async def _twice(office: Office, caller: Any, path: str, body: object = None) -> dict[str, Any]:
    """Do it, then again under another key: the second changes nothing and is answered alike."""
    first = await office.do(caller, path, body)
    before = await _footprint(office)
    second = await office.do(caller, path, body)
    assert second == first, path
    assert await _footprint(office) == before, path
    return second


async def test_every_step_taken_twice_is_taken_once(office: Office) -> None:
    """From the draft to the last return, a repeated step leaves no second entry, event, transfer or payout."""
    cast = office.cast
    loan = await make_loan(office)
    claim = await _twice(office, cast.bank_maker, "/v1/claims", application(office, loan))
    path = f"/v1/claims/{claim['id']}"
    await _twice(office, cast.bank_checker, f"{path}/approve", decision(claim))
    await _twice(office, cast.fund_administrator, f"{path}/review", decision(claim))
    await _twice(office, cast.fund_checker, f"{path}/review", decision(claim))
    claim = await _twice(office, cast.fund_administrator, f"{path}/advance")
    (payment,) = claim["payments"]
    out = f"{path}/payments/{payment['id']}"
    told = await _twice(office, cast.fund_administrator, out, {"bank_reference": "out-1"})
    assert [one["state"] for one in told["payments"]] == ["QUEUED"]
    await _twice(office, cast.fund_checker, out, {"bank_reference": "out-1"})
    lot_id = await sell(office, loan, price_fen=430_000_000, commission_fen=8_600_000, stamp_fen=1)
    await _twice(
        office, cast.bank_maker, f"{path}/recoveries", {"kind": "sale", "lot_id": str(lot_id)}
    )
    await _twice(
        office,
        cast.bank_maker,
        f"{path}/recoveries",
        {"kind": "receipt", "reference": "r-1", "origin": "voluntary", "gross_fen": 1_000_001},
    )
    claim = await _twice(office, cast.fund_administrator, f"{path}/final")
    given = {"approved": True, "reason": "ok", "final_sha256": claim["final"]["final_sha256"]}
    claim = await _twice(office, cast.fund_checker, f"{path}/final/approve", given)
    (due,) = claim["dues"]
    claim = await _twice(
        office,
        cast.fund_administrator,
        f"{path}/returns",
        {
            "fund_party": due["fund_party"],
            "party": due["party"],
            "amount_fen": -due["amount_fen"],
            "bank_reference": "return-1",
        },
    )
    assert claim["status"] == "closed"
    await _assert_audited(office, claim["id"])


async def _assert_audited(office: Office, claim_id: str) -> None:
    async with office.pool.acquire() as conn:
        entries = await audit.entries(
            conn, after=None, rows=50, subject="claim", subject_id=claim_id
        )
        assert await audit.broken_entries(conn) == []
    assert Counter(entry.action for entry in entries) == {
        "claim_drafted": 1,
        "claim_approved": 1,
        "claim_reviewed": 2,
        "claim_advanced": 1,
        "compensation_payment_reported": 1,
        "compensation_paid_out": 1,
        "recovery_shared": 2,
        "final_clearing_proposed": 1,
        "claim_cleared": 1,
        "compensation_returned": 1,
    }


async def test_the_same_key_gets_the_same_answer(office: Office) -> None:
    """A request repeated under its Idempotency-Key is not done again; another body under it is refused."""
    loan = await make_loan(office)
    given = application(office, loan)
    first = await office.post(office.cast.bank_maker, "/v1/claims", given, key="draft-1")
    second = await office.post(office.cast.bank_maker, "/v1/claims", given, key="draft-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    other = await office.post(
        office.cast.bank_maker, "/v1/claims", given | {"received_fen": 0}, key="draft-1"
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_concurrent_advance_is_paid_once(office: Office) -> None:
    """Ten requests at the same moment move the money one time."""
    claim = await reviewed(
        office, await approved(office, await drafted(office, await make_loan(office)))
    )
    callers = [office.cast.fund_administrator, office.cast.fund_checker] * 4
    answers = await asyncio.gather(
        *(office.post(caller, f"/v1/claims/{claim['id']}/advance") for caller in callers)
    )
    assert {answer.status_code for answer in answers} == {200}
    fund = await office.read(office.cast.fund_checker, f"/v1/funds/{office.cast.fund_id}")
    assert fund["balance_fen"] == 1_000_000_000 - ADVANCE_FEN
    assert fund["advanced_fen"] == ADVANCE_FEN
    assert (
        await office.count(
            "SELECT count(*) FROM market.audit_entries WHERE action = 'claim_advanced'"
        )
        == 1
    )


async def test_concurrent_drafts_make_one_claim(office: Office) -> None:
    """The same application from many requests at once is one claim."""
    loan = await make_loan(office)
    answers = await asyncio.gather(
        *(
            office.post(office.cast.bank_maker, "/v1/claims", application(office, loan))
            for _ in range(6)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_draft_reserves_nothing_and_a_returned_one_makes_room(office: Office) -> None:
    """Until the bank's second person agrees, no loan is enrolled and no money promised; a return allows a new draft."""
    cast = office.cast
    loan = await make_loan(office)
    claim = await drafted(office, loan)
    fund = await office.read(cast.fund_checker, f"/v1/funds/{cast.fund_id}")
    assert (fund["promised_fen"], fund["outstanding_fen"]) == (0, 0)
    assert await office.count("SELECT count(*) FROM settlement.cases") == 0
    answer = await office.post(
        cast.bank_maker, "/v1/claims", application(office, loan, contract_sha256="ef" * 32)
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "claim_exists")
    path = f"/v1/claims/{claim['id']}/approve"
    returned = await office.do(cast.bank_checker, path, decision(claim, approved=False))
    assert returned["status"] == "returned"
    anew = await drafted(office, loan, contract_sha256="ef" * 32)
    assert anew["id"] != claim["id"]
    await approved(office, anew)
    fund = await office.read(cast.fund_checker, f"/v1/funds/{cast.fund_id}")
    assert fund["outstanding_fen"] == anew["figures"]["promised"]["fund"] == 195_061_728


async def test_one_contract_is_compensated_once(office: Office) -> None:
    """The same contract under another loan number is refused when it is drafted."""
    await approved(office, await drafted(office, await make_loan(office)))
    answer = await office.post(
        office.cast.bank_maker, "/v1/claims", application(office, await make_loan(office))
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "already_enrolled")


async def test_a_rejected_claim_promises_nothing_any_more(office: Office) -> None:
    """One refusal at the fund ends the claim and frees what it had reserved."""
    claim = await approved(office, await drafted(office, await make_loan(office)))
    cast, path = office.cast, f"/v1/claims/{claim['id']}"
    done = await office.do(
        cast.fund_administrator, f"{path}/review", decision(claim, approved=False)
    )
    assert done["status"] == "rejected"
    answer = await office.post(cast.fund_checker, f"{path}/review", decision(claim))
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_step")
    answer = await office.post(cast.fund_administrator, f"{path}/advance")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_step")
    fund = await office.read(cast.fund_checker, f"/v1/funds/{cast.fund_id}")
    assert fund["outstanding_fen"] == 0


async def test_no_final_clearing_passes_a_sale_by(office: Office) -> None:
    """While money of a lot is undistributed, or distributed and not shared, the claim can't be cleared."""
    cast, loan = office.cast, await make_loan(office)
    claim = await advanced(office, loan)
    path = f"/v1/claims/{claim['id']}"
    waiting = await sell(office, loan, **SALE, pay=False)
    refused = await office.post(cast.fund_administrator, f"{path}/final")
    assert (refused.status_code, refused.json()["code"]) == (409, "disposal_not_over")
    assert refused.json()["context"]["open"] == [f"lot {waiting}"]
    given = {"kind": "sale", "lot_id": str(waiting)}
    answer = await office.post(cast.bank_maker, f"{path}/recoveries", given)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_distributed")


async def test_a_recovery_after_the_proposal_makes_it_void(office: Office) -> None:
    """What the second person approves is what would be done now, or nothing is done."""
    cast = office.cast
    claim = await advanced(office, await make_loan(office))
    path = f"/v1/claims/{claim['id']}"
    claim = await office.do(cast.fund_administrator, f"{path}/final")
    given = {"approved": True, "reason": "ok", "final_sha256": claim["final"]["final_sha256"]}
    receipt = {"kind": "receipt", "reference": "r", "origin": "licence", "gross_fen": 10_000}
    await office.do(cast.bank_maker, f"{path}/recoveries", receipt)
    answer = await office.post(cast.fund_checker, f"{path}/final/approve", given)
    assert (answer.status_code, answer.json()["code"]) == (412, "plan_changed")
    claim = await office.do(cast.fund_administrator, f"{path}/final")
    given["final_sha256"] = claim["final"]["final_sha256"]
    claim = await office.do(cast.fund_checker, f"{path}/final/approve", given)
    assert (await pay_out(office, claim))["status"] == "closed"


async def test_a_sale_is_shared_by_the_room_that_distributes_it(office: Office) -> None:
    """The service function shares once, agrees with the route, and does nothing where no claim is advanced."""
    loan = await make_loan(office)
    costs = [Cost(name="seller commission", amount_fen=4_760_000)]
    claim = await reviewed(office, await approved(office, await drafted(office, loan)))
    lot_id = await sell(office, loan, **SALE)

    async def share() -> object:
        async with office.pool.acquire() as conn, conn.transaction():
            return await record_sale_recovery(
                conn,
                SYSTEM_CALLER,
                case_id=loan.id,
                sale_id=lot_id,
                gross_fen=SALE["price_fen"],
                costs_paid=costs,
                now=office.now,
            )

    assert await share() is None
    await office.do(office.cast.fund_administrator, f"/v1/claims/{claim['id']}/advance")
    first = await share()
    assert first is not None
    assert await share() == first
    shown = await office.read(office.cast.auditor, f"/v1/claims/{claim['id']}")
    assert [one["event"]["id"] for one in shown["recoveries"]] == [f"lot:{lot_id}"]
    other = await make_loan(office)
    async with office.pool.acquire() as conn:
        nothing = await record_sale_recovery(
            conn,
            SYSTEM_CALLER,
            case_id=other.id,
            sale_id=lot_id,
            gross_fen=1,
            costs_paid=(),
            now=office.now,
        )
    assert nothing is None


BAD: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "unknown scheme": ({"scheme_id": "nowhere"}, 404, "scheme_unknown", "scheme"),
    "unknown version": ({"scheme_version": 99}, 404, "scheme_unknown", "scheme"),
    "template": ({"scheme_id": "jiangsu", "scheme_version": 1}, 409, "scheme_incomplete", ""),
    "no fund named": ({"parties": {}}, 400, "invalid_input", "parties"),
    "unknown party": (
        {"parties": {"x": CONTRACT[:8] + "-0000" * 3 + "-" + CONTRACT[:12]}},
        400,
        "invalid_input",
        "parties",
    ),
    "unknown flag": ({"flags": ["rich"]}, 400, "invalid_input", "flags"),
    "received for a principal base": (
        {"received_fen": 5},
        400,
        "invalid_input",
        "loan.received_fen",
    ),
    "no hash": ({"contract_sha256": "zz"}, 400, "invalid_input", "contract_sha256"),
    "unknown field": ({"advance_fen": 1}, 400, "invalid_input", "advance_fen"),
    "a float": ({"received_fen": 1.5}, 400, "invalid_input", "received_fen"),
    "negative": ({"received_fen": -1}, 400, "invalid_input", "received_fen"),
}


async def test_an_application_that_cannot_be_is_refused_by_name(office: Office) -> None:
    """The code and the field say what is wrong, in both languages, and nothing is stored."""
    loan = await make_loan(office)
    for name, (changes, status, code, field) in BAD.items():
        answer = await office.post(
            office.cast.bank_maker, "/v1/claims", application(office, loan, **changes)
        )
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), name
        assert problem.get("field", "") == field, name
        assert problem["detail"], name
        assert problem["detail_zh"], name
    assert await office.count("SELECT count(*) FROM market.claims") == 0


async def test_a_party_must_be_of_its_kind(office: Office) -> None:
    """A bank does not stand in for a fund."""
    loan = await make_loan(office)
    given = application(office, loan, parties={"fund": str(office.cast.bank_id)})
    answer = await office.post(office.cast.bank_maker, "/v1/claims", given)
    assert (answer.status_code, answer.json()["field"]) == (400, "parties.fund")


async def test_a_new_rate_of_advance_is_a_new_version(office: Office) -> None:
    """Asking again adds nothing; another rate adds a version, and the claims under the old one stay."""
    cast = office.cast
    claim = await drafted(office, await make_loan(office))
    given = {"from_version": 2, "advance_bp": 7000, "reason": "more at once"}
    path = f"/v1/schemes/{SCHEME}/versions"
    made = await _twice(office, cast.fund_administrator, path, given)
    assert (made["version"], made["scheme"]["advance_bp"]) == (3, 7000)
    listed = await office.read(cast.bank_maker, f"/v1/schemes/{SCHEME}")
    assert [file["version"] for file in listed["items"]] == [1, 2, 3]
    assert [file["scheme"]["advance_bp"] for file in listed["items"]] == [0, 5000, 7000]
    assert (await approved(office, claim))["figures"]["advance_fen"] == ADVANCE_FEN
    everything = await office.read(cast.auditor, "/v1/schemes")
    assert {"jiangsu", SCHEME} <= {file["id"] for file in everything["items"]}
    assert (await office.get(cast.auditor, "/v1/schemes/none")).status_code == 404
    assert CONTRACT in (await office.get(cast.auditor, f"/v1/claims/{claim['id']}")).text


async def test_a_contribution_is_booked_once(office: Office) -> None:
    """A bank reference counts one time; with another amount it is refused."""
    cast = office.cast
    path = f"/v1/funds/{cast.fund_id}/contributions"
    given = {"amount_fen": 500, "bank_reference": "b-2", "source": "区财政局"}
    fund = await _twice(office, cast.fund_administrator, path, given)
    assert (fund["balance_fen"], fund["free_fen"]) == (1_000_000_500, 1_000_000_500)
    answer = await office.post(cast.fund_administrator, path, given | {"amount_fen": 501})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_id_reused")


async def test_the_end_of_a_claim_ends_the_consignment_that_it_cleared(office: Office) -> None:
    """While a consignment of the loan is under way nothing is cleared; once all is settled it is cleared too."""
    cast, loan = office.cast, await make_loan(office)
    claim = await advanced(office, loan)
    async with office.pool.acquire() as conn, conn.transaction():
        right = await assets.register(conn, cast.bank_maker, some_asset(), now=office.now)
        terms = some_terms(cast.venue_operator.organisation_id, loan.id, right.id)
        consignment = await consignments.draft(conn, cast.bank_maker, terms, now=office.now)
    await office.pool.execute(
        "UPDATE market.consignments SET state = 'disposing', submitted_by = $1, approved_by = $2, decided_by = $3",
        *(cast.bank_maker.user_id, cast.bank_checker.user_id, cast.venue_operator.user_id),
    )
    path = f"/v1/claims/{claim['id']}/final"
    refused = await office.post(cast.fund_administrator, path)
    assert refused.json()["context"]["open"] == [f"consignment {consignment.id}"]
    await office.pool.execute("UPDATE market.consignments SET state = 'recovered'")
    claim = await office.do(cast.fund_administrator, path)
    given = {"approved": True, "reason": "ok", "final_sha256": claim["final"]["final_sha256"]}
    claim = await office.do(cast.fund_checker, f"{path}/approve", given)
    assert claim["status"] == "closed"
    assert await office.pool.fetchval("SELECT state FROM market.consignments") == "cleared"
