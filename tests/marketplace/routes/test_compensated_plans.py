"""What a fund pays the lender does not release the debtor: a plan goes on for it. Source: domain 6.2."""

from datetime import datetime

import asyncpg

from marketplace.sales import received
from settlement import recoveries
from settlement.rules.case import Cost, Loan, RecoveryEvent
from tests.settlement.make_money import make_claim, review_and_advance


async def test_compensation_is_nothing_that_the_lender_got_of_the_debtor(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """After the advance the bank has money of the fund, and the plan has all of the debt still to cover."""
    loan = Loan(amount_fen=1_000_000, principal_fen=1_000_000)
    case = await make_claim(conn, loan=loan, now=now)
    bank_id = case.parties["bank"]
    await review_and_advance(conn, case, now=now)
    assert await conn.fetchval(
        "SELECT sum(amount_fen) FROM settlement.payouts WHERE payee_id = $1 AND ref = $2",
        bank_id,
        case.ref,
    )
    assert await received.paid_of_loan(conn, case.id) == 0


async def test_what_the_debtor_repaid_itself_is_paid(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Entered by hand as a recovery of the claim, net of what collecting cost: the plan has that much less to cover."""
    loan = Loan(amount_fen=1_000_000, principal_fen=1_000_000)
    case = await make_claim(conn, loan=loan, now=now)
    await review_and_advance(conn, case, now=now)
    cost = Cost(name="collection", amount_fen=1_000)
    event = RecoveryEvent(id="voluntary:1", gross_fen=301_000, costs=(cost,))
    await recoveries.record_recovery(conn, case.id, event, now=now)
    assert await received.paid_of_loan(conn, case.id) == 300_000
