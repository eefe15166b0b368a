"""Remedies over HTTP, on the real engine and database: default, instalments, forfeiture; rescission; debt covered."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from kit.clock import system_clock
from marketplace.jobs.running import run_due_duties
from marketplace.organisations.schemas import Role
from settlement import ledger
from settlement.checks import check_ledger
from tests.make_stage import DEPOSIT_FEN, START_FEN, Stage, money, text

TERMS = {"uses": ["costs", "shortfall"], "leftover": "debt", "excess": "none"}
USE = {
    "costs_fen": 100_000,
    "terms": TERMS,
    "costs_payee_name": "Venue",
    "costs_payee_code": "VENUE",
    "reason": "the buyer did not pay",
}
COST = {
    "kind": "COST",
    "name": "commission 佣金",
    "amount_fen": 100,
    "payee_name": "Venue",
    "payee_code": "VENUE",
}


async def sold(
    stage: Stage, *, bid_fen: int = START_FEN, **changed: Any
) -> tuple[dict[str, Any], UUID]:
    """A lot that one bidder won, at the start price if nothing else is said, confirmed; and who won."""
    lot = await stage.published(lasts=6.0, **changed)
    one, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": bid_fen})
    await stage.until_closed(lot)
    await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation")
    return lot, one.caller.organisation_id


async def books_hold(stage: Stage) -> None:
    """Every invariant of the ledger."""
    async with stage.pool.acquire() as conn:
        result = await check_ledger(conn)
    assert result.ok, [check for check in result.checks if check.broken]


async def free_money(stage: Stage, bidder_id: UUID) -> int:
    """What a bidder may take out."""
    async with stage.pool.acquire() as conn:
        return await ledger.balance(
            conn, ledger.client_money(bidder_id, stage.operator.caller.organisation_id)
        )


async def test_a_missed_instalment_costs_the_deposit(stage: Stage) -> None:
    """Agreed by two people, missed, defaulted by the duty; the deposit is used as two people approve, once."""
    lot, buyer_id = await sold(stage)
    path, now = f"/v1/lots/{lot['id']}", system_clock()
    days = [now + timedelta(days=1), now + timedelta(days=40)]
    parts = [{"amount_fen": START_FEN // 2, "due_at": text(day)} for day in days]
    given = {
        "instalments": parts,
        "interest_bp_year": 0,
        "security": "bank guarantee 银行保函",
        "reason": "large",
    }
    await stage.checker.post(f"{path}/instalments", given, expect=403)
    order = await stage.operator.post(f"{path}/instalments", given)
    seen = {"content_hash": order["content_hash"]}
    agreed = await stage.checker.post(f"{path}/instalments/approve", seen)
    assert (agreed["state"], agreed["document"]["due_fen"]) == ("DONE", START_FEN)
    await stage.operator.post(f"{path}/payments", money(START_FEN // 2))
    await run_due_duties(stage, days[0] + timedelta(days=30))
    assert (await stage.anyone.get(path))["status"] == "awaiting_payment"
    unforfeited = await stage.operator.post(f"{path}/forfeiture", USE, expect=404)
    assert "no deposit was forfeited" in unforfeited["detail"]
    await run_due_duties(stage, days[1] + timedelta(hours=1))
    assert (await stage.anyone.get(path))["status"] == "defaulted"
    await _use_deposit(stage, path)
    assert await free_money(stage, buyer_id) == START_FEN // 2
    kinds = [one["kind"] for one in (await stage.bank_maker.get(f"{path}/orders"))["items"]]
    assert kinds == ["INSTALMENTS", "FORFEITURE", "FORFEITURE"]
    await _correct_a_reference(stage, path)
    await run_due_duties(stage, days[1] + timedelta(hours=2))
    await books_hold(stage)


async def _use_deposit(stage: Stage, path: str) -> None:
    """The re-auction's result first; a refused proposal makes room; then used, the same answer ever after."""
    unknown = USE | {"reauction_lot_id": "019a0000-0000-7000-8000-000000000001"}
    early = await stage.operator.post(f"{path}/forfeiture", unknown, expect=409)
    assert early["code"] == "result_not_known"
    wrong = await stage.operator.post(f"{path}/forfeiture", USE | {"costs_fen": 1})
    refused = await stage.checker.post(f"{path}/orders/{wrong['id']}/refuse", {"reason": "costs"})
    assert (refused["state"], refused["refusal"]) == ("REFUSED", "costs")
    order = await stage.operator.post(f"{path}/forfeiture", USE)
    lines = {line["to"]: line["amount_fen"] for line in order["document"]["result"]["lines"]}
    assert lines == {"costs": 100_000, "shortfall": 0, "debt": DEPOSIT_FEN - 100_000}
    stale = {"content_hash": wrong["content_hash"]}
    changed = await stage.checker.post(f"{path}/forfeiture/approve", stale, expect=412)
    assert changed["code"] == "plan_changed"
    seen = {"content_hash": order["content_hash"]}
    answers = [await stage.checker.post(f"{path}/forfeiture/approve", seen) for _ in range(2)]
    assert answers[0] == answers[1]
    payouts = (await stage.operator.get(f"{path}/payouts"))["items"]
    assert sorted(one["amount_fen"] for one in payouts) == [100_000, DEPOSIT_FEN - 100_000]


async def _correct_a_reference(stage: Stage, path: str) -> None:
    """A report that nobody confirmed is refused; one that two misread is corrected by two, with the reason."""
    payout = (await stage.operator.get(f"{path}/payouts"))["items"][0]
    here = f"{path}/payouts/{payout['id']}"
    await stage.operator.post(here, {"bank_reference": "TYP0"})
    orders = (await stage.checker.get(f"{path}/orders"))["items"]
    (report,) = [one for one in orders if one["kind"] == "PAID_BY_HAND"]
    await stage.checker.post(f"{path}/orders/{report['id']}/refuse", {"reason": "mistyped"})
    given = {
        "bank_reference": "REF-2",
        "evidence": "slip",
        "reason": "a digit was misread 看错一位",
    }
    early = await stage.operator.post(f"{here}/correction", given, expect=409)
    assert early["code"] == "not_paid_by_hand"
    for person in (stage.operator, stage.checker):
        told = await person.post(here, {"bank_reference": "REF-1"})
    assert (told["state"], told["bank_reference"]) == ("PAID", "REF-1")
    order = await stage.operator.post(f"{here}/correction", given)
    assert (order["wrong_reference"], order["state"]) == ("REF-1", "PROPOSED")
    seen = {"content_hash": order["content_hash"]}
    await stage.operator.post(f"{here}/correction/approve", seen, expect=403)
    answers = [await stage.checker.post(f"{here}/correction/approve", seen) for _ in range(2)]
    assert (answers[0], answers[0]["state"]) == (answers[1], "DONE")
    corrected = (await stage.operator.get(f"{path}/payouts"))["items"][0]
    assert (corrected["state"], corrected["bank_reference"]) == ("PAID", "REF-2")


async def test_a_refused_transfer_undoes_the_sale(stage: Stage) -> None:
    """Claims, costs, a plan objected to and drafted anew; then the registry refuses: two people undo it, once."""
    lot, buyer_id = await sold(stage, release_on="TITLE_RECORDED", objection_days=9)
    path = f"/v1/lots/{lot['id']}"
    await stage.operator.post(f"{path}/payments", money(START_FEN - DEPOSIT_FEN))
    await _claim(stage, path)
    await _object(stage, path)
    refusal = {"refused_on": "2026-11-01", "refusal_number": "CNIPA-7", "reason": "不予登记"}
    await stage.bank_maker.post(f"{path}/rescission", refusal, expect=403)
    order = await stage.operator.post(f"{path}/rescission", refusal)
    assert order["document"]["returned_fen"] == START_FEN
    seen = {"content_hash": order["content_hash"]}
    answers = [await stage.checker.post(f"{path}/rescission/approve", seen) for _ in range(2)]
    assert answers[0] == answers[1]
    assert (await stage.anyone.get(path))["status"] == "withdrawn"
    assert await free_money(stage, buyer_id) == START_FEN
    consignment = await stage.bank_maker.get(f"/v1/consignments/{lot['consignment_id']}")
    assert consignment["state"] == "unsold"
    again = await stage.operator.post(f"{path}/rescission", refusal, expect=409)
    assert again["code"] == "conflict"
    await books_hold(stage)


async def _claim(stage: Stage, path: str) -> None:
    """Joint shares that add up; a later pledgee; no court, so no other creditors."""
    bank = await stage.pool.fetchval(
        "SELECT name FROM market.organisations WHERE id = $1",
        stage.bank_maker.caller.organisation_id,
    )
    joint = [
        {"name": bank, "code": "BANK", "share_bp": 7000},
        {"name": "guarantor", "code": "G", "share_bp": 3000},
    ]
    later = {"name": "second", "code": "S", "owed_fen": 500, "registered_on": "2025-01-01"}
    bad = {"joint": [joint[0]]}
    assert (await stage.bank_maker.post(f"{path}/claims", bad, expect=400))["field"] == "joint"
    court = {"creditors": [{"name": "supplier", "code": "P", "owed_fen": 5}]}
    refused = await stage.bank_maker.post(f"{path}/claims", court, expect=400)
    assert refused["field"] == "creditors"
    await stage.bank_maker.post(f"{path}/claims", {"joint": joint, "later": [later]})
    shown = await stage.checker.get(f"{path}/claims")
    assert [one["share_bp"] for one in shown["claims"]["joint"]] == [7000, 3000]


async def _object(stage: Stage, path: str) -> None:
    """An objection that is upheld takes the draft back, and another plan is drafted."""
    costs = await stage.operator.post(f"{path}/costs", {"lines": [COST]})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.bank_maker.post(f"{path}/distribution")
    ranks = [(line["rank"], line["to"]) for line in plan["content"]["lines"]]
    assert ranks == [
        (1, "costs"),
        (3, "pledgee_joint"),
        (3, "pledgee_joint"),
        (4, "junior"),
        (5, "pledgor"),
    ]
    given = {"objector": "second", "grounds": "registered earlier"}
    made = await stage.bank_maker.post(f"{path}/distribution/objections", given)
    answer = f"{path}/distribution/objections/{made['id']}/answer"
    await _not_by_a_twin(stage, answer)
    done = await stage.bank_checker.post(answer, {"is_upheld": True, "answer": "right"})
    assert done["state"] == "UPHELD"
    await stage.bank_maker.get(f"{path}/distribution", expect=404)
    await stage.bank_maker.post(f"{path}/distribution")
    assert (await stage.bank_maker.get(f"{path}/distribution/objections"))["items"] == []


async def _not_by_a_twin(stage: Stage, path: str) -> None:
    """Another account of who entered an objection does not answer it: the database asks for two people (T69)."""
    maker = stage.bank_maker.caller
    twin = await stage.person(Role.BANK_CHECKER, organisation_id=maker.organisation_id)
    await stage.pool.execute(
        "UPDATE market.users SET person_id = (SELECT person_id FROM market.users WHERE id = $2) WHERE id = $1",
        twin.caller.user_id,
        maker.user_id,
    )
    refused = await twin.post(path, {"is_upheld": False, "answer": "no"}, expect=403)
    assert refused["code"] == "same_person"


async def test_what_is_covered_is_not_sold(stage: Stage) -> None:
    """Two lots for one loan: the first covers the debt, so the other is withdrawn before it opens, with its notice."""
    other = await stage.published(opens_in=3600.0)
    lot = await stage.published(opens_in=3.0, lasts=6.0)
    await stage.pool.execute(
        "UPDATE market.consignments c SET case_id = o.case_id FROM market.consignments o"
        " WHERE o.id = $1 AND c.id = $2",
        UUID(other["consignment_id"]),
        UUID(lot["consignment_id"]),
    )
    await stage.pool.execute(
        "UPDATE market.loan_cases SET principal_fen = 5, interest_fen = 0, penalty_fen = 0"
    )
    before = await stage.bank_maker.get(f"/v1/lots/{lot['id']}/coverage")
    assert (before["is_covered"], before["short_fen"]) == (False, 5)
    one, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    assert (await stage.anyone.get(f"/v1/lots/{other['id']}"))["status"] == "withdrawn"
    after = await stage.operator.get(f"/v1/lots/{lot['id']}/coverage")
    assert (after["is_covered"], after["needed"]) == (True, [lot["id"]])
