"""What a fund pays the lender does not release the debtor: a plan goes on for it. Source: domain 6.2."""

from datetime import datetime

import asyncpg

from kit.sql import load_statements
from settlement.rules.case import Loan
from tests.settlement.make_money import make_claim, review_and_advance

_SQL = load_statements("marketplace.plans", "queries.sql")


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
    assert await conn.fetchval(_SQL["recovered"], case.id, bank_id) == 0
