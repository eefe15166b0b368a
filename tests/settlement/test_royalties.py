"""Licence income: invoiced by the terms, booked once, shared by the case, down the waterfall at the end."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import asyncpg
import msgspec
import pytest

from kit.errors import InvalidInput
from kit.failpoints import FailpointReached
from settlement import (
    cases,
    ledger,
    licences,
    payments,
    recoveries,
    royalties,
    royalty_receipts,
)
from settlement.checks import check_ledger
from settlement.errors import (
    DuplicateBankReference,
    IdempotencyIdReused,
    IllegalStep,
    PlanChanged,
    SamePerson,
)
from settlement.ledger import AccountKey, balance
from settlement.royalty_receipts import Receipt
from settlement.rules.case import Cost, JuniorClaim, Loan, RecoveryEvent
from settlement.rules.royalties import RoyaltyTerms
from tests.settlement.make_licences import (
    AGENCY,
    LICENSEE,
    SECOND_PLEDGEE,
    TERMS,
    invoice_year,
    make_licence,
)
from tests.settlement.make_money import (
    BANK,
    BORROWER,
    CHECKER,
    MAKER,
    VENUE,
    make_claim,
    review_and_advance,
)

SALES = (432_198_765, 654_321_099, 271_828_183)
LOAN = Loan(amount_fen=500_000_000, principal_fen=500_000_000)


async def pay(
    conn: asyncpg.Connection,
    invoice: royalties.Invoice,
    *,
    reference: str,
    now: datetime,
    amount_fen: int | None = None,
) -> Receipt:
    """The licensee pays an invoice."""
    return await royalty_receipts.receive(
        conn,
        invoice.id,
        bank_reference=reference,
        amount_fen=invoice.open_fen if amount_fen is None else amount_fen,
        received_at=now,
        now=now,
    )


async def proven(conn: asyncpg.Connection) -> None:
    """The books hold."""
    result = await check_ledger(conn)
    assert result.ok, [check for check in result.checks if check.broken]


async def test_example_five_runs_over_three_years(conn: asyncpg.Connection, now: datetime) -> None:
    """Domain 5.6, example 5: entry fee and three years of royalty move the fund's position to the fen."""
    case = await review_and_advance(conn, await make_claim(conn, loan=LOAN, now=now), now=now)
    for event_id, gross_fen, cost_fen in (
        ("E1", 15_000_000, 1_234_567),
        ("E2", 80_000_000, 2_664_000),
    ):
        event = RecoveryEvent(
            id=event_id, gross_fen=gross_fen, costs=(Cost(name="costs", amount_fen=cost_fen),)
        )
        await recoveries.record_recovery(conn, case.id, event, now=now)
    licence = await make_licence(conn, case_id=case.id, now=now)
    fee = await royalties.invoice_entry_fee(
        conn, licence.id, due_on=now.date(), issued_by=MAKER, now=now
    )
    await pay(conn, fee, reference="fee", now=now)
    for year, sales_fen in zip((2026, 2027, 2028), SALES, strict=True):
        then = datetime(year + 1, 1, 20, tzinfo=UTC)
        invoice = await invoice_year(conn, licence, year, sales_fen=sales_fen, now=then)
        await pay(conn, invoice, reference=f"year {year}", now=then)
    recorded = await recoveries.recoveries(conn, case.id)
    # The scheme of these tests shares 60:40 as example 5 does.
    assert [row.recovered.movements["fund"] for row in recorded] == [
        5_506_173, 30_934_400, 3_400_000, 4_408_428, 6_674_075, 2_772_647,
    ]  # fmt: skip
    assert recorded[-1].recovered.positions == {"bank": 219_456_415, "fund": 146_304_277}
    assert await balance(conn, royalty_receipts.escrow(licence.id)) == 0
    agency_fen = await balance(conn, AccountKey("cost_payable", AGENCY, str(licence.id)))
    assert agency_fen == 1_500_000 + 1_944_894 + 2_944_445 + 1_223_227
    await proven(conn)


async def test_zero_positions_send_income_down_the_waterfall(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Once the loss is made good, later pledgees are paid, then the pledgor; the agency keeps its part throughout."""
    case = await make_claim_with_junior(conn, now)
    licence = await make_licence(
        conn, case_id=case.id, now=now, later_pledgees={"second": SECOND_PLEDGEE}
    )
    invoice = await invoice_year(conn, licence, 2026, sales_fen=1_000_000_000, now=now)
    receipt = await pay(conn, invoice, reference="r", now=now)
    assert receipt.rows is not None
    shares = {share.to: share.amount_fen for share in receipt.rows.shares}
    assert shares == {
        "agency": 4_500_000,
        "lender": 10_000_000,
        "second": 3_000_000,
        "pledgor": 12_500_000,
    }
    assert (
        await balance(conn, AccountKey("surplus_payable", BORROWER, str(licence.id))) == 12_500_000
    )
    queued = await payments.payouts_of(conn, licence.id)
    assert {payout.payee_id for payout in queued} == {AGENCY, BANK, SECOND_PLEDGEE, BORROWER}
    await proven(conn)


async def make_claim_with_junior(conn: asyncpg.Connection, now: datetime) -> cases.Case:
    """A small advanced case behind which a second pledgee stands."""
    loan = Loan(amount_fen=10_000_000, principal_fen=10_000_000)
    junior = JuniorClaim(party="second", claim_fen=3_000_000, registered_at=date(2025, 1, 1))
    case = await make_claim(conn, loan=loan, now=now, junior_claims=(junior,))
    return await review_and_advance(conn, case, now=now)


async def test_money_waits_in_escrow_until_the_case_can_take_it(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Before the advance a receipt stays in escrow; afterwards it is passed on, once."""
    case = await make_claim(conn, loan=LOAN, now=now)
    licence = await make_licence(conn, case_id=case.id, now=now)
    invoice = await invoice_year(conn, licence, 2026, sales_fen=SALES[0], now=now)
    receipt = await pay(conn, invoice, reference="early", now=now)
    assert receipt.state == royalty_receipts.ESCROWED
    assert await balance(conn, royalty_receipts.escrow(licence.id)) == 12_965_963
    await proven(conn)
    await review_and_advance(conn, case, now=now)
    (done,) = await royalty_receipts.distribute_escrowed(conn, now=now)
    assert done.state == royalty_receipts.DISTRIBUTED
    assert await royalty_receipts.distribute_escrowed(conn, now=now) == []
    assert await balance(conn, royalty_receipts.escrow(licence.id)) == 0
    await proven(conn)


async def test_income_after_the_final_clearing_reopens_it(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A royalty that comes after the clearing makes its next version, which asks the fund's part back."""
    case = await review_and_advance(conn, await make_claim(conn, loan=LOAN, now=now), now=now)
    await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now)
    licence = await make_licence(conn, case_id=case.id, now=now)
    invoice = await invoice_year(conn, licence, 2026, sales_fen=SALES[0], now=now)
    await pay(conn, invoice, reference="late", now=now)
    first, second = await recoveries.clearings(conn, case.id)
    assert (first.version, second.version) == (1, 2)
    back = [row for row in await recoveries.settlements(conn, case.id) if row.version == 2]
    assert [row.amount_fen for row in back] == [second.final.delta_fen - first.final.delta_fen]
    assert back[0].amount_fen == -4_408_428
    await proven(conn)


async def test_a_loan_without_claim_pays_its_lender(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Without a case the net income is the lender's; what is over the invoice is the licensee's free money."""
    licence = await make_licence(conn, case_id=None, now=now)
    invoice = await invoice_year(conn, licence, 2026, sales_fen=SALES[0], now=now)
    receipt = await pay(conn, invoice, reference="r", now=now, amount_fen=13_000_000)
    assert receipt.applied_fen == 12_965_963
    assert await balance(conn, ledger.client_money(LICENSEE, VENUE)) == 13_000_000 - 12_965_963
    assert await balance(conn, AccountKey("pledgee_payable", BANK, str(licence.id))) == 11_021_069
    assert await pay(conn, invoice, reference="r", now=now, amount_fen=13_000_000) == receipt
    with pytest.raises(DuplicateBankReference):
        await pay(conn, invoice, reference="r", now=now, amount_fen=1)
    with pytest.raises(IllegalStep):
        await pay(conn, invoice, reference="another", now=now, amount_fen=1)
    await proven(conn)


async def test_an_audit_is_owed_in_the_period_in_which_it_is_found(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A finding changes no invoice: its difference stands in the next one, below the guarantee it is nothing."""
    terms = RoyaltyTerms(rate_bp=300, minimum_fen=1_000_000, agency_bp=1500)
    licence = await make_licence(conn, case_id=None, now=now, terms=terms)
    first = await invoice_year(conn, licence, 2026, sales_fen=10_000_000, now=now)
    assert first.due_fen == 1_000_000  # the guarantee

    async def audit(reference: str, found_fen: int) -> royalties.Charge | None:
        return await royalties.record_audit(
            conn,
            first.id,
            reference=reference,
            found_sales_fen=found_fen,
            found_deductions_fen=0,
            recorded_by=CHECKER,
            now=now,
        )

    assert await audit("A-1", 30_000_000) is None  # 3 % of it is still below the guarantee
    found = await audit("A-2", 50_000_000)
    assert found is not None
    assert found.amount_fen == 500_000
    assert await audit("A-2", 50_000_000) == found
    with pytest.raises(IdempotencyIdReused):
        await audit("A-2", 60_000_000)
    second_look = await audit("A-3", 40_000_000)
    assert second_look is not None
    assert second_look.amount_fen == -300_000  # against what the first look found
    second = await invoice_year(conn, licence, 2027, sales_fen=0, now=now)
    assert [line.amount_fen for line in second.content.lines] == [1_000_000, 500_000, -300_000]
    assert second.due_fen == 1_200_000
    assert (await royalties.get_invoice(conn, first.id)).due_fen == 1_000_000


async def test_a_credit_is_carried_until_it_is_used(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """An audit that found too much was paid leaves an invoice of 0 and its rest for the next."""
    licence = await make_licence(conn, case_id=None, now=now)
    first = await invoice_year(conn, licence, 2026, sales_fen=100_000_000, now=now)
    await royalties.record_audit(
        conn,
        first.id,
        reference="A",
        found_sales_fen=0,
        found_deductions_fen=0,
        recorded_by=CHECKER,
        now=now,
    )
    second = await invoice_year(conn, licence, 2027, sales_fen=40_000_000, now=now)
    third = await invoice_year(conn, licence, 2028, sales_fen=100_000_000, now=now)
    assert (first.due_fen, second.due_fen, third.due_fen) == (3_000_000, 0, 1_200_000)


async def test_lateness_bears_interest_in_the_next_invoice(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Thirty days late at 10 % a year: simple interest on what was late, invoiced without a period if need be."""
    licence = await make_licence(conn, case_id=None, now=now)
    invoice = await royalties.invoice_period(
        conn,
        licence.id,
        period_from=date(2026, 1, 1),
        period_to=date(2026, 6, 30),
        sales_fen=1_000_000_000,
        deductions_fen=0,
        due_on=now.date() - timedelta(days=30),
        issued_by=MAKER,
        now=now,
    )
    await pay(conn, invoice, reference="late", now=now)
    (charge,) = await royalties.waiting(conn, licence.id)
    assert charge.amount_fen == 246_575  # 300,000.00 x 30 / 365 x 10 % = 2,465.753...
    await licences.end(conn, licence.id)
    last = await royalties.invoice_charges(
        conn, licence.id, due_on=now.date(), issued_by=MAKER, now=now
    )
    assert last.due_fen == 246_575
    with pytest.raises(InvalidInput):
        await royalties.invoice_charges(
            conn, licence.id, due_on=now.date(), issued_by=MAKER, now=now
        )


async def test_two_people_agree_to_a_licence_as_shown(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Its drafter can't approve it, nor anybody another content; an unapproved one invoices nothing."""
    made = await make_licence(conn, case_id=None, now=now)
    # The same terms under another id, drafted only.
    content = msgspec.structs.replace(made.content, id=BANK)
    draft = await licences.draft(conn, content, drafted_by=MAKER, now=now)
    with pytest.raises(SamePerson):
        await licences.approve(
            conn, BANK, content_hash=draft.content_hash, approved_by=MAKER, now=now
        )
    with pytest.raises(PlanChanged):
        await licences.approve(conn, BANK, content_hash=b"x" * 32, approved_by=CHECKER, now=now)
    with pytest.raises(IllegalStep):
        await invoice_year(conn, draft, 2026, sales_fen=1, now=now)
    with pytest.raises(InvalidInput):
        await invoice_year(conn, made, 2030, sales_fen=1, now=now)
    await invoice_year(conn, made, 2026, sales_fen=1, now=now)
    with pytest.raises(IdempotencyIdReused):
        await invoice_year(conn, made, 2026, sales_fen=2, now=now)
    with pytest.raises(InvalidInput):
        await royalties.invoice_period(
            conn, made.id, period_from=date(2026, 6, 1), period_to=date(2027, 5, 31), sales_fen=1,
            deductions_fen=0, due_on=now.date(), issued_by=MAKER, now=now,
        )  # fmt: skip


@pytest.mark.parametrize(
    "point", ["before_receive", "after_receive", "before_distribute", "after_distribute"]
)
async def test_a_receipt_moves_money_once(
    point: str, database: asyncpg.Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failed in the middle, then done by five workers at once, a receipt is booked and passed on once."""
    async with database.acquire() as conn, conn.transaction():
        licence = await make_licence(conn, case_id=None, now=now)
        invoice = await invoice_year(conn, licence, 2026, sales_fen=SALES[0], now=now)

    async def receive() -> Receipt:
        async with database.acquire() as conn, conn.transaction():
            return await pay(conn, invoice, reference="once", now=now, amount_fen=12_965_963)

    monkeypatch.setenv("LUOCHUI_FAILPOINTS", f"royalties.{point}=raise")
    with pytest.raises(FailpointReached):
        await receive()
    monkeypatch.delenv("LUOCHUI_FAILPOINTS")
    answers = await asyncio.gather(*(receive() for _ in range(5)))
    assert len({answer.id for answer in answers}) == 1
    async with database.acquire() as conn:
        outside = ledger.outside(LICENSEE, licence.ref)
        assert await balance(conn, outside) == -12_965_963
        assert len(await payments.payouts_of(conn, licence.id)) == 2
        await proven(conn)


def test_terms_are_those_of_the_example() -> None:
    """The factory's terms are example 5's."""
    assert (TERMS.rate_bp, TERMS.agency_bp, TERMS.entry_fee_fen) == (300, 1500, 10_000_000)


async def test_one_credit_is_a_buyers_or_a_licensees_never_both(
    database: asyncpg.Pool, now: datetime
) -> None:
    """Booked as the one it is refused as the other, either way round; eight of each at once book it once."""
    async with database.acquire() as conn, conn.transaction():
        licence = await make_licence(conn, case_id=None, now=now)
        invoice = await invoice_year(conn, licence, 2026, sales_fen=10_000_000, now=now)

    async def as_price(reference: str) -> object:
        async with database.acquire() as conn, conn.transaction():
            return await payments.receive(
                conn,
                BORROWER,
                holder_id=VENUE,
                bank_reference=reference,
                amount_fen=500,
                received_at=now,
                now=now,
            )

    async def as_fee(reference: str) -> object:
        async with database.acquire() as conn, conn.transaction():
            return await pay(conn, invoice, reference=reference, now=now, amount_fen=500)

    for first, second, reference in ((as_price, as_fee, "R-1"), (as_fee, as_price, "R-2")):
        await first(reference)
        with pytest.raises(DuplicateBankReference):
            await second(reference)
    both = [step("R-3") for _ in range(8) for step in (as_price, as_fee)]
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(one, DuplicateBankReference) for one in answers) == 8
    assert not [one for one in answers if isinstance(one, asyncpg.PostgresError)]
    async with database.acquire() as conn:
        result = await check_ledger(conn)
        assert result.ok, [check for check in result.checks if check.broken]
        assert result.in_custody_fen == 3 * 500
