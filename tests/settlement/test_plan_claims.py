"""Claims on a lot's proceeds, objections to the plan, several lots for one debt and one lot for several."""

from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from kit.ids import uuid7
from settlement import costs, distribution, plan_claims, sales
from settlement.checks import check_ledger
from settlement.distribution import CreditorClaim, Payee, Plan, PledgeeClaim
from settlement.errors import IllegalStep, SamePerson
from settlement.plan_claims import Claimant, SaleClaims
from settlement.rules.several import OneDebt
from settlement.rules.waterfall import Holder, Secured
from tests.settlement.make_money import BANK, BORROWER, CHECKER, MAKER, make_sale, pay_price

JANUARY = date(2024, 1, 1)


async def locked(
    conn: asyncpg.Connection, price_fen: int, now: datetime, *, case_id: UUID | None = None
) -> sales.Sale:
    """A paid sale without costs, fifteen days open to objections."""
    sale = await make_sale(
        conn, hammer_price_fen=price_fen, case_id=case_id, objection_days=15, now=now
    )
    await pay_price(conn, sale, now=now)
    sheet = await costs.draft_costs(conn, sale.lot_id, lines=[], drafted_by=MAKER, now=now)
    await costs.lock_costs(
        conn, sale.lot_id, content_hash=sheet.content_hash, locked_by=CHECKER, now=now
    )
    return sale


async def draft(
    conn: asyncpg.Connection,
    sale: sales.Sale,
    *pledgees: PledgeeClaim,
    now: datetime,
    creditors: list[CreditorClaim] | None = None,
    debts: list[OneDebt] | None = None,
) -> Plan:
    """A draft plan."""
    return await distribution.draft_plan(
        conn,
        sale.lot_id,
        pledgees=pledgees,
        pledgor=Payee(id=BORROWER, name="pledgor"),
        venue_name="venue",
        creditors=creditors,
        debts=debts or [],
        drafted_by=MAKER,
        now=now,
    )


def bank_claim(principal_fen: int, **more: object) -> PledgeeClaim:
    """The bank's claim by its pledge."""
    holders = more.pop("payees", ())
    secured = Secured(party="bank", registered_at=JANUARY, principal_fen=principal_fen, **more)  # type: ignore[arg-type]  # typed by the struct
    return PledgeeClaim(payee=Payee(id=BANK, name="bank"), secured=secured, holders=holders)  # type: ignore[arg-type]  # as above


async def test_an_objection_keeps_the_plan_until_it_is_answered(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Entered in time it blocks approval; another person dismisses it, or upholds it and the draft is taken back."""
    sale = await locked(conn, 900, now)
    plan = await draft(conn, sale, bank_claim(500), now=now)
    end = now + timedelta(days=15)
    with pytest.raises(IllegalStep):
        await plan_claims.object_to(
            conn, sale.lot_id, objector="heir", grounds="late", entered_by=MAKER,
            now=end + timedelta(seconds=1),
        )  # fmt: skip
    objection = await plan_claims.object_to(
        conn, sale.lot_id, objector="supplier", grounds="prior lien", entered_by=MAKER, now=end
    )
    with pytest.raises(IllegalStep, match="objected to"):
        await distribution.approve_plan(
            conn, plan.id, content_hash=plan.content_hash, approved_by=CHECKER, now=end
        )
    with pytest.raises(SamePerson):
        await plan_claims.answer(
            conn, objection.id, is_upheld=True, text="no", answered_by=MAKER, now=end
        )
    for _ in range(2):
        answered = await plan_claims.answer(
            conn, objection.id, is_upheld=True, text="right", answered_by=CHECKER, now=end
        )
        assert answered.state == plan_claims.UPHELD
    with pytest.raises(IllegalStep):
        await plan_claims.answer(
            conn, objection.id, is_upheld=False, text="no", answered_by=CHECKER, now=end
        )
    assert (await sales.get(conn, sale.lot_id)).state == sales.COSTS_LOCKED
    again = await draft(conn, sale, bank_claim(400), now=end)
    objection = await plan_claims.object_to(
        conn, sale.lot_id, objector="pledgor", grounds="too much", entered_by=MAKER, now=end
    )
    dismissed = await plan_claims.answer(
        conn, objection.id, is_upheld=False, text="as owed", answered_by=CHECKER, now=end
    )
    assert [one.state for one in await plan_claims.objections(conn, again.id)] == [dismissed.state]
    approved = await distribution.approve_plan(
        conn, again.id, content_hash=again.content_hash, approved_by=CHECKER,
        now=end + timedelta(days=15),
    )  # fmt: skip
    assert (await distribution.pay_plan(conn, approved.id, now=end)).state == distribution.PAID
    assert (await check_ledger(conn)).ok


async def test_claims_are_versions_until_the_plan(conn: asyncpg.Connection, now: datetime) -> None:
    """What is entered last counts; the same again is no new version; after the draft nothing is entered."""
    sale = await locked(conn, 900, now)
    assert await plan_claims.entered_claims(conn, sale.lot_id) is None
    claims = SaleClaims(later=(Claimant(name="second", code="S", amount_fen=7),))
    for given in (SaleClaims(costs_fen=5), claims, claims):
        await plan_claims.enter_claims(conn, sale.lot_id, given, entered_by=MAKER, now=now)
    assert await plan_claims.entered_claims(conn, sale.lot_id) == claims
    versions = await conn.fetchval("SELECT count(*) FROM settlement.sale_claims")
    assert versions == 2
    await draft(conn, sale, bank_claim(500), now=now)
    with pytest.raises(IllegalStep):
        await plan_claims.enter_claims(conn, sale.lot_id, claims, entered_by=MAKER, now=now)


async def test_joint_pledgees_and_creditors_are_paid_to_the_fen(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Each holder gets its agreed share of the pledge, the other creditors of a court the rest pro rata."""
    guarantor, supplier = (
        Payee(id=uuid7(now), name="guarantor"),
        Payee(id=uuid7(now), name="supplier"),
    )
    sale = await locked(conn, 1101, now)
    joint = bank_claim(
        1000,
        maximum_fen=901,
        payees=(Payee(id=BANK, name="own bank"), guarantor),
        holders=(Holder(party="own bank", share_bp=6667), Holder(party="guarantor", share_bp=3333)),
    )
    creditors = [CreditorClaim(payee=supplier, owed_fen=301)]
    plan = await draft(conn, sale, joint, creditors=creditors, now=now)
    paid = {(line.to, line.payee_name): line.amount_fen for line in plan.content.lines}
    assert paid == {
        ("pledgee_joint", "own bank"): 601,
        ("pledgee_joint", "guarantor"): 300,
        ("creditor", "supplier"): 151,
        ("creditor", "own bank"): 33,
        ("creditor", "guarantor"): 16,
        ("pledgor", "pledgor"): 0,
    }
    late = now + timedelta(days=15)
    await distribution.approve_plan(
        conn, plan.id, content_hash=plan.content_hash, approved_by=CHECKER, now=late
    )
    await distribution.pay_plan(conn, plan.id, now=late)
    assert (await check_ledger(conn)).ok


async def test_several_lots_pay_one_debt_once(conn: asyncpg.Connection, now: datetime) -> None:
    """What one lot's plan gives to the loan is not given again by the next; together they say when to stop."""
    case_id = uuid7(now)
    one, two = [await locked(conn, fen, now, case_id=case_id) for fen in (600, 700)]
    assert await plan_claims.given_to_loan(conn, case_id, but_for=two.lot_id) == {}
    await draft(conn, one, bank_claim(800, interest_fen=200), now=now)
    paid = await plan_claims.given_to_loan(conn, case_id, but_for=two.lot_id)
    assert paid == {one.lot_id: 600}
    assert plan_claims.left_of((200, 800, 50), 600) == [0, 400, 50]
    found = await plan_claims.covered(conn, case_id, owed_fen=1000)
    assert (found.is_covered, found.net_fen, found.beyond) == (True, 1300, ())
    assert not (await plan_claims.covered(conn, case_id, owed_fen=1301)).is_covered


async def test_one_lot_pays_several_debts(conn: asyncpg.Connection, now: datetime) -> None:
    """The bank's part goes to its loans in the order of Civil Code 560, and the plan shows each with its reason."""
    own, other = uuid7(now), uuid7(now + timedelta(milliseconds=1))
    sale = await locked(conn, 700, now, case_id=own)
    debts = [
        OneDebt(debt=str(own), due_on=date(2024, 5, 1), principal_fen=500),
        OneDebt(debt=str(other), due_on=date(2024, 1, 1), principal_fen=400, interest_fen=10),
    ]
    plan = await draft(conn, sale, bank_claim(900, interest_fen=10), debts=debts, now=now)
    assert [(one.debt, one.amount_fen) for one in plan.content.debts] == [
        (str(other), 410),
        (str(own), 290),
    ]
    assert "2024-01-01 到期" in plan.content.debts[0].reason_zh
    elsewhere = uuid7(now)
    assert await plan_claims.given_to_loan(conn, own, but_for=elsewhere) == {sale.lot_id: 290}
    assert await plan_claims.given_to_loan(conn, other, but_for=elsewhere) == {sale.lot_id: 410}


async def test_lots_are_found_for_every_loan_that_they_stand_for(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """By the lot's own loan and by the claims entered last; a claim that was taken back names nothing any more."""
    own, other, third = [uuid7(now + timedelta(milliseconds=n)) for n in range(3)]
    one, two = [await locked(conn, fen, now, case_id=own) for fen in (700, 300)]
    for loans in ((other,), (third, other), (other,)):
        claims = SaleClaims(other_loans=loans, designated=(other,))
        await plan_claims.enter_claims(conn, one.lot_id, claims, entered_by=MAKER, now=now)
    found = await plan_claims.sold_for(conn, [other], stated={})
    assert [(lot.lot, lot.price_fen, lot.debts, lot.designated) for lot in found] == [
        (str(one.lot_id), 700, (str(own), str(other)), (str(other),))
    ]
    assert await plan_claims.sold_for(conn, [third], stated={}) == []
    both = {str(one.lot_id), str(two.lot_id)}
    assert {lot.lot for lot in await plan_claims.sold_for(conn, [own], stated={})} == both
    stated = {lot.lot_id: (third,) for lot in (one, two)}  # of the first something was entered
    found = await plan_claims.sold_for(conn, [third], stated=stated)
    assert [(lot.lot, lot.debts) for lot in found] == [(str(two.lot_id), (str(own), str(third)))]
    assert await plan_claims.entered_claims(conn, two.lot_id) is None
    await plan_claims.enter_claims(conn, two.lot_id, SaleClaims(), entered_by=MAKER, now=now)
    assert (
        await plan_claims.entered_claims(conn, two.lot_id) == SaleClaims()
    )  # that nobody claims is said, too
