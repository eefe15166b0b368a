"""What came in for a loan beside its lots counts towards the cover once, wherever it is booked."""

from datetime import datetime, timedelta

import asyncpg

from kit.ids import uuid7
from marketplace.sales import received
from settlement import deposits, forfeitures, plan_claims, recoveries, royalties, royalty_receipts
from settlement.distribution import Payee
from settlement.rules.case import Cost, Loan, RecoveryEvent
from settlement.rules.deposits import JUDICIAL_TERMS, Loss
from tests.settlement.make_licences import TERMS, invoice_year, make_licence
from tests.settlement.make_money import (
    BANK,
    VENUE,
    make_bidder,
    make_claim,
    make_sale,
    review_and_advance,
)

LOAN = Loan(amount_fen=900_000_000, principal_fen=900_000_000)


async def paid(conn: asyncpg.Connection, invoice: royalties.Invoice, *, now: datetime) -> str:
    """The licensee pays an invoice; what becomes of the money for now."""
    receipt = await royalty_receipts.receive(
        conn,
        invoice.id,
        bank_reference=f"R-{invoice.n}",
        amount_fen=invoice.open_fen,
        received_at=now,
        now=now,
    )
    return receipt.state


async def test_licence_money_counts_before_and_after_its_case_took_it(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Less the agency's 15 %; in escrow, and once it is a recovery of the case, the same money and not twice."""
    case = await make_claim(conn, loan=LOAN, now=now)
    licence = await make_licence(conn, case_id=case.id, now=now)
    invoice = await invoice_year(conn, licence, 2026, sales_fen=100_000_000, now=now)
    assert await received.of_loan(conn, case.id) == 0
    assert await paid(conn, invoice, now=now) == "ESCROWED"
    own_fen = 3_000_000 * (10_000 - TERMS.agency_bp) // 10_000
    assert await received.of_loan(conn, case.id) == own_fen
    await review_and_advance(conn, case, now=now)
    (done,) = await royalty_receipts.distribute_escrowed(conn, now=now)
    assert [one.event.id for one in await recoveries.recoveries(conn, case.id)] == [
        f"licence:{done.id}"
    ]
    assert await received.of_loan(conn, case.id) == own_fen


async def test_a_lot_that_has_become_a_recovery_is_no_more_than_its_price(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """The loan's own lot counts as sold alone; another loan's, of which a part is this one's, as that part."""
    case = await make_claim(conn, loan=LOAN, now=now)
    await review_and_advance(conn, case, now=now)
    own, gone = [
        await make_sale(conn, hammer_price_fen=700, case_id=case.id, now=now) for _ in range(2)
    ]
    await conn.execute(
        "UPDATE settlement.sales SET state = 'DEFAULTED' WHERE lot_id = $1", gone.lot_id
    )
    other = await make_sale(
        conn, hammer_price_fen=900, case_id=uuid7(now + timedelta(milliseconds=1)), now=now
    )
    events = (
        RecoveryEvent(id=f"lot:{own.lot_id}", gross_fen=700),
        RecoveryEvent(id=f"lot:{other.lot_id}", gross_fen=40),
        RecoveryEvent(
            id="voluntary:1", gross_fen=100, costs=(Cost(name="collection", amount_fen=30),)
        ),
        RecoveryEvent(id="other:2", gross_fen=5, costs=(Cost(name="collection", amount_fen=9),)),
    )
    for event in events:
        await recoveries.record_recovery(conn, case.id, event, now=now)
    received_fen = await received.of_loan(conn, case.id)
    assert received_fen == 40 + 70
    assert await received.of_loan(conn, case.id, priced=[str(other.lot_id)]) == 70
    found = await plan_claims.covered(conn, case.id, owed_fen=810, received_fen=received_fen)
    assert (found.is_covered, found.needed) == (True, (str(own.lot_id),))
    assert found.computation.startswith("1.10 received 已回收 + (7.00 - 0.00) = 8.10 >= 8.10")
    short = await plan_claims.covered(conn, case.id, owed_fen=811, received_fen=received_fen)
    assert (short.is_covered, short.short_fen) == (False, 1)


async def test_a_kept_deposit_counts_for_a_loan_in_no_scheme(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Kept 400 fen, of which the failed auction's costs take 100; before it is used nobody knows what is left."""
    case_id, bidder_id = uuid7(now), await make_bidder(conn, money_fen=400, now=now)
    sale = await make_sale(
        conn, hammer_price_fen=5000, buyer_id=bidder_id, case_id=case_id, now=now
    )
    deposit = await deposits.hold(
        conn, sale.lot_id, bidder_id, holder_id=VENUE, amount_fen=400, now=now
    )
    await deposits.forfeit(conn, deposit.id, now=now)
    await conn.execute(
        "UPDATE settlement.sales SET state = 'DEFAULTED' WHERE lot_id = $1", sale.lot_id
    )
    assert await received.of_loan(conn, case_id) == 0
    await forfeitures.use_forfeited(
        conn,
        deposit.id,
        terms=JUDICIAL_TERMS["JUDICIAL_NETWORK"],
        loss=Loss(costs_fen=100, shortfall_fen=150),
        costs_to=Payee(id=VENUE, name="venue"),
        lender=Payee(id=BANK, name="bank"),
        now=now,
    )
    assert await received.of_loan(conn, case_id) == 300
