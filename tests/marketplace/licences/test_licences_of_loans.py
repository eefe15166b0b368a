"""A licence entered by hand names its loan, in a scheme or not, and what comes in of it is counted for the loan."""

from typing import Any

from kit.ids import uuid7
from marketplace.sales import received
from tests.make_claims import Office, advanced, make_loan
from tests.marketplace.licences.test_licence_income import terms
from tests.marketplace.licences.test_licence_pages import seen

FEE_FEN, AGENCY_FEN = 10_000_000, 1_500_000


async def paid(office: Office, loan_id: object, **changed: Any) -> str:
    """A licence by hand whose entry fee was invoiced and paid to its holder; its id."""
    cast = office.cast
    made = await office.do(cast.bank_maker, "/v1/licences", terms(office, loan_id, **changed))
    assert made["content"]["loan_id"] == str(loan_id)
    path = f"/v1/licences/{made['id']}"
    await office.do(
        cast.bank_checker, f"{path}/approve", {"content_sha256": made["content_sha256"]}
    )
    invoiced = await office.do(cast.bank_maker, f"{path}/entry-fee", {"due_on": "2026-12-01"})
    (fee,) = invoiced["invoices"]
    credit = {
        "bank_reference": f"R-{uuid7(office.now)}",
        "amount_fen": FEE_FEN,
        "received_at": office.now,
    }
    await office.do(cast.venue_operator, f"{path}/invoices/{fee['id']}/receipts", credit)
    return str(made["id"])


async def test_a_loan_in_no_scheme_counts_what_its_licence_by_hand_brought(office: Office) -> None:
    """No compensation case stands behind it: the fee less the agency's part counts for this loan, and no other."""
    loan, other = await make_loan(office), await make_loan(office)
    licence_id = await paid(office, loan.id)
    async with office.pool.acquire() as conn:
        assert await received.of_loan(conn, loan.id) == FEE_FEN - AGENCY_FEN
        assert await received.paid_of_loan(conn, loan.id) == FEE_FEN - AGENCY_FEN
        assert await received.of_loan(conn, other.id) == 0
    page = f"/licences/{licence_id}"
    assert f'href="/ledger/{loan.id}"' in await seen(office, office.cast.bank_maker, page)
    for stranger in (office.cast.agency, office.cast.venue_operator):
        assert str(loan.id) not in await seen(office, stranger, page)


async def test_a_loan_in_a_scheme_counts_it_once(office: Office) -> None:
    """The same money is a recovery of the claim's case: it is not counted twice."""
    loan = await make_loan(office)
    await advanced(office, loan)
    await paid(office, loan.id)
    async with office.pool.acquire() as conn:
        assert await received.of_loan(conn, loan.id) == FEE_FEN - AGENCY_FEN
