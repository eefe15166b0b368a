"""Licence fees by bank statement: matched by the invoice's reference, booked once, a recovery as by hand."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from kit.failpoints import FailpointReached
from settlement import (
    dues,
    ledger,
    licences,
    matching,
    payments,
    recoveries,
    royalties,
    royalty_receipts,
    statement_files,
)
from settlement.checks import check_ledger
from settlement.dues import Due
from settlement.errors import DuplicateBankReference, IllegalStep
from settlement.ledger import AccountKey, balance
from settlement.royalties import Invoice
from settlement.rules.references import references_in, shown
from tests.settlement.make_bank import (
    BUYER_NAME,
    book,
    camt_of,
    csv_of,
    invoice_due,
    make_owed,
    own_account,
    some_entry,
    some_statement,
    take_in,
    written,
)
from tests.settlement.make_licences import (
    AGENCY,
    LICENSEE,
    SECOND_PLEDGEE,
    invoice_year,
    make_licence,
)
from tests.settlement.make_money import BANK, BORROWER, MAKER, VENUE, make_claim, review_and_advance
from tests.settlement.test_royalties import LOAN, make_claim_with_junior, pay, proven

#: 3 % of net sales of 100,000 fen.
DUE_FEN = 3_000


async def invoiced(
    conn: asyncpg.Connection,
    now: datetime,
    *,
    case_id: UUID | None = None,
    sales_fen: int = 100_000,
) -> tuple[Invoice, Due]:
    """A year's invoice of a licence whose money the venue holds, and what is due by it."""
    licence = await make_licence(conn, case_id=case_id, now=now)
    invoice = await invoice_year(conn, licence, 2026, sales_fen=sales_fen, now=now)
    return invoice, await invoice_due(conn, invoice.id, now=now)


async def received(conn: asyncpg.Connection, invoice: Invoice) -> list[royalty_receipts.Receipt]:
    """What was booked for the licence."""
    return await royalty_receipts.of_licence(conn, invoice.licence_id)


async def custody_fen(conn: asyncpg.Connection) -> int:
    """What is in custody, with all invariants proven."""
    await proven(conn)
    return (await check_ledger(conn)).in_custody_fen


async def assign(conn: asyncpg.Connection, entry_id: UUID, due: Due, now: datetime) -> None:
    """A person says that a credit is for a due, and why."""
    await matching.decide(
        conn, VENUE, entry_id, matching.ASSIGN, due_reference=due.reference,
        reason="its group's treasury pays for it", decided_by=MAKER, book=book, now=now,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amounts", "verdicts"),
    [
        ([3000], ["EXACT"]),
        ([2999], ["PARTIAL"]),
        ([3001], ["OVER"]),
        ([1000, 2000], ["PARTIAL", "EXACT"]),
        ([1000, 2007], ["PARTIAL", "OVER"]),
        ([3000, 3000], ["EXACT", "DUPLICATE"]),
        ([1, 2999, 5], ["PARTIAL", "EXACT", "DUPLICATE"]),
    ],
)
@pytest.mark.parametrize("write", [camt_of, csv_of])
async def test_a_fee_is_matched_by_its_invoices_reference(
    amounts: list[int], verdicts: list[str], write: object, conn: asyncpg.Connection, now: datetime
) -> None:
    """Exact, partial and over are booked for the invoice, the rest is the licensee's; a paid one makes a duplicate."""
    await own_account(conn, now=now)
    invoice, due = await invoiced(conn, now)
    assert invoice.reference == shown(due.reference)
    assert invoice.reference.startswith("LCR-")
    lines = [some_entry(f"B-{n}", fen, remittance=written(due)) for n, fen in enumerate(amounts)]
    assert callable(write)
    _, entries = await take_in(conn, now=now, content=write(some_statement(*lines)))
    assert [entry.verdict for entry in entries] == verdicts
    booked = await received(conn, invoice)
    matched = [entry for entry in entries if entry.state == statement_files.MATCHED]
    assert [(one.bank_reference, one.amount_fen, one.received_at) for one in booked] == [
        (entry.bank_reference, entry.amount_fen, entry.booked_at) for entry in matched
    ]
    applied_fen = min(sum(amounts), DUE_FEN)
    assert (await royalties.get_invoice(conn, invoice.id)).paid_fen == applied_fen
    waiting_fen = sum(amounts) - sum(one.amount_fen for one in booked)
    assert await balance(conn, statement_files.unmatched(VENUE)) == waiting_fen
    free_fen = sum(one.amount_fen for one in booked) - applied_fen
    assert await balance(conn, ledger.client_money(LICENSEE, VENUE)) == free_fen
    queued = await payments.payouts_of(conn, invoice.licence_id)
    assert sum(payout.amount_fen for payout in queued) == applied_fen
    assert await custody_fen(conn) == sum(amounts)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"counterparty_name": "另一公司"}, "WRONG_PAYER"),
        ({"counterparty_name": ""}, "WRONG_PAYER"),
        ({"remittance": "许可费"}, "NO_REFERENCE"),
        ({"remittance": "another's"}, "UNKNOWN_REFERENCE"),
        ({"remittance": "two"}, "SEVERAL_REFERENCES"),
        ({"is_reversal": True}, "REVERSAL"),
    ],
)
async def test_a_fee_in_doubt_waits_until_a_person_says_whose_it_is(
    changed: dict[str, object], verdict: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """A wrong payer, no, another holder's or several references, a reversal: nothing is booked until it is assigned."""
    await own_account(conn, now=now)
    invoice, due = await invoiced(conn, now)
    elsewhere = await make_licence(conn, case_id=None, now=now, holder_id=BANK)
    other = await invoice_year(conn, elsewhere, 2026, sales_fen=100_000, now=now)
    texts = {
        "two": written(due) + written((await make_owed(conn, now=now)).price),
        "another's": written(await invoice_due(conn, other.id, now=now)),
    }
    values: dict[str, object] = {"remittance": written(due)} | changed
    values["remittance"] = texts.get(str(values["remittance"]), values["remittance"])
    _, (entry,) = await take_in(conn, some_entry("B-1", DUE_FEN, **values), now=now)
    assert (entry.state, entry.verdict) == ("OPEN", verdict)
    assert await received(conn, invoice) == []
    assert await balance(conn, statement_files.unmatched(VENUE)) == DUE_FEN
    await assign(conn, entry.id, due, now)
    (receipt,) = await received(conn, invoice)
    assert (receipt.state, receipt.applied_fen) == ("DISTRIBUTED", DUE_FEN)
    assert (await statement_files.entry(conn, VENUE, entry.id)).state == "ASSIGNED"
    assert await custody_fen(conn) == DUE_FEN


async def test_a_paid_invoice_takes_no_more_and_the_next_may(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A duplicate cannot be assigned to what is paid; it may be to the next invoice, or go back to its sender."""
    await own_account(conn, now=now)
    invoice, due = await invoiced(conn, now)
    licence = await licences.get(conn, invoice.licence_id)
    lines = [some_entry(f"B-{n}", DUE_FEN, remittance=written(due)) for n in range(3)]
    _, (_, again, third) = await take_in(conn, *lines, now=now)
    with pytest.raises(IllegalStep):
        async with conn.transaction():
            await assign(conn, again.id, due, now)
    following = await invoice_year(conn, licence, 2027, sales_fen=200_000, now=now)
    await assign(conn, again.id, await invoice_due(conn, following.id, now=now), now)
    assert (await royalties.get_invoice(conn, following.id)).open_fen == 6_000 - DUE_FEN
    await matching.decide(
        conn, VENUE, third.id, matching.RETURN, reason="paid twice", decided_by=MAKER, book=book, now=now
    )  # fmt: skip
    assert await balance(conn, statement_files.unmatched(VENUE)) == 0
    assert len(await received(conn, invoice)) == 2
    assert await custody_fen(conn) == 3 * DUE_FEN


async def test_a_fee_booked_by_hand_is_the_same_money(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Its line on the statement books nothing more, even of a paid invoice; another amount under it waits."""
    await own_account(conn, now=now)
    invoice, due = await invoiced(conn, now)
    await pay(conn, invoice, reference="B-1", now=now, amount_fen=1000)
    await pay(conn, invoice, reference="B-2", now=now, amount_fen=2000)
    before = await received(conn, invoice)
    lines = [
        some_entry("B-1", 1000, remittance=written(due)),
        some_entry("B-2", 2001, remittance=written(due)),
    ]
    _, entries = await take_in(conn, *lines, now=now)
    assert [(entry.state, entry.verdict) for entry in entries] == [
        ("BOOKED", "BOOKED_BEFORE"),
        ("OPEN", "REFERENCE_IN_USE"),
    ]
    assert await received(conn, invoice) == before
    assert await custody_fen(conn) == 3000 + 2001


async def test_a_person_cannot_assign_a_second_time_what_was_booked_by_hand(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """The line had no reference and was booked by hand meanwhile: assigned to the same invoice, it is that money."""
    await own_account(conn, now=now)
    invoice, due = await invoiced(conn, now)
    _, (entry,) = await take_in(conn, some_entry("B-1", 1000, remittance="许可费"), now=now)
    await pay(conn, invoice, reference="B-1", now=now, amount_fen=1000)
    await assign(conn, entry.id, due, now)
    assigned = await statement_files.entry(conn, VENUE, entry.id)
    assert (assigned.state, assigned.verdict) == ("ASSIGNED", "BOOKED_BEFORE")
    assert len(await received(conn, invoice)) == 1
    assert await custody_fen(conn) == 1000


async def test_a_matched_fee_is_not_booked_by_hand_again(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """By hand under the bank's reference it is the receipt that the statement made; another amount is refused."""
    await own_account(conn, now=now)
    invoice, due = await invoiced(conn, now)
    await take_in(conn, some_entry("B-1", 1000, remittance=written(due)), now=now)
    (receipt,) = await received(conn, invoice)
    assert await pay(conn, invoice, reference="B-1", now=now, amount_fen=1000) == receipt
    with pytest.raises(DuplicateBankReference):
        await pay(conn, invoice, reference="B-1", now=now, amount_fen=999)
    assert await custody_fen(conn) == 1000


async def test_by_statement_and_by_hand_at_once_it_is_booked_once(
    database: asyncpg.Pool, now: datetime
) -> None:
    """Four people book the credit while two imports of its statement match it: one receipt."""
    async with database.acquire() as conn, conn.transaction():
        await own_account(conn, now=now)
        invoice, due = await invoiced(conn, now)
    line = some_entry("B-1", 1000, remittance=written(due))

    async def by_hand() -> object:
        async with database.acquire() as conn, conn.transaction():
            return await pay(conn, invoice, reference="B-1", now=now, amount_fen=1000)

    async def by_statement(content: bytes) -> object:
        async with database.acquire() as conn, conn.transaction():
            return await take_in(conn, now=now, content=content)

    await asyncio.gather(
        *(by_hand() for _ in range(4)),
        *(by_statement(write(some_statement(line))) for write in (camt_of, csv_of)),
    )
    async with database.acquire() as conn:
        assert len(await received(conn, invoice)) == 1
        (entry,) = await statement_files.entries(conn, VENUE)
        assert entry.state in ("MATCHED", "BOOKED")
        assert await custody_fen(conn) == 1000


@pytest.mark.parametrize(
    "point",
    [
        "settlement.matching.before_attribute",
        "royalties.before_receive",
        "royalties.after_receive",
        "royalties.after_distribute",
        "settlement.matching.after_attribute",
    ],
)
async def test_a_fee_whose_matching_failed_midway_is_booked_once(
    point: str, database: asyncpg.Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the file remains after the failure; sent again, its money moves once."""
    async with database.acquire() as conn, conn.transaction():
        await own_account(conn, now=now)
        invoice, due = await invoiced(conn, now)
    line = some_entry("B-1", DUE_FEN, remittance=written(due))

    async def import_it() -> None:
        async with database.acquire() as conn, conn.transaction():
            await take_in(conn, line, now=now)

    monkeypatch.setenv("LUOCHUI_FAILPOINTS", f"{point}=raise")
    with pytest.raises(FailpointReached):
        await import_it()
    monkeypatch.delenv("LUOCHUI_FAILPOINTS")
    for _ in range(2):
        await import_it()
    async with database.acquire() as conn:
        assert [one.applied_fen for one in await received(conn, invoice)] == [DUE_FEN]
        assert await custody_fen(conn) == DUE_FEN


async def test_a_matched_fee_is_a_recovery_of_the_loan(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """As example 5's first year has it: the agency's 15 % is its cost, the rest is shared by the case's positions."""
    await own_account(conn, now=now)
    case = await review_and_advance(conn, await make_claim(conn, loan=LOAN, now=now), now=now)
    _, due = await invoiced(conn, now, case_id=case.id, sales_fen=432_198_765)
    _, (entry,) = await take_in(
        conn, some_entry("B-1", 12_965_963, remittance=written(due)), now=now
    )
    assert entry.verdict == "EXACT"
    (row,) = await recoveries.recoveries(conn, case.id)
    assert row.recovered.movements == {"bank": 6_612_641, "fund": 4_408_428}
    await proven(conn)


async def test_a_matched_fee_goes_down_the_waterfall_once_positions_are_zero(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Beyond the loss it pays the later pledgee, then the pledgor."""
    await own_account(conn, now=now)
    case = await make_claim_with_junior(conn, now)
    licence = await make_licence(
        conn, case_id=case.id, now=now, later_pledgees={"second": SECOND_PLEDGEE}
    )
    invoice = await invoice_year(conn, licence, 2026, sales_fen=1_000_000_000, now=now)
    due = await invoice_due(conn, invoice.id, now=now)
    await take_in(conn, some_entry("B-1", 30_000_000, remittance=written(due)), now=now)
    queued = {one.payee_id: one.amount_fen for one in await payments.payouts_of(conn, licence.id)}
    assert queued == {
        AGENCY: 4_500_000,
        BANK: 10_000_000,
        SECOND_PLEDGEE: 3_000_000,
        BORROWER: 12_500_000,
    }
    await proven(conn)


async def test_a_matched_fee_waits_in_escrow_for_its_case(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Between default and advance the matched money waits, and is passed on afterwards, once."""
    await own_account(conn, now=now)
    case = await make_claim(conn, loan=LOAN, now=now)
    invoice, due = await invoiced(conn, now, case_id=case.id)
    await take_in(conn, some_entry("B-1", DUE_FEN, remittance=written(due)), now=now)
    assert await balance(conn, royalty_receipts.escrow(invoice.licence_id)) == DUE_FEN
    await review_and_advance(conn, case, now=now)
    (done,) = await royalty_receipts.distribute_escrowed(conn, now=now)
    assert (done.bank_reference, done.state) == ("B-1", "DISTRIBUTED")
    agency = AccountKey("cost_payable", AGENCY, str(invoice.licence_id))
    assert await balance(conn, agency) == 450
    await proven(conn)


async def test_lateness_counts_to_the_day_of_the_banks_entry(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A statement that comes days after its entry charges no interest for those days."""
    await own_account(conn, now=now)
    licence = await make_licence(conn, case_id=None, now=now)
    line = some_entry("B-1", 30_000_000)
    invoice = await royalties.invoice_period(
        conn, licence.id, period_from=date(2026, 1, 1), period_to=date(2026, 6, 30),
        sales_fen=1_000_000_000, deductions_fen=0, due_on=line.booked_at.date() - timedelta(days=30),
        issued_by=MAKER, now=now,
    )  # fmt: skip
    due = await invoice_due(conn, invoice.id, now=now)
    line = some_entry("B-1", 30_000_000, remittance=written(due))
    await take_in(conn, line, now=now + timedelta(days=9))
    (charge,) = await royalties.waiting(conn, licence.id)
    assert charge.amount_fen == 246_575  # 300,000.00 x 30 / 365 x 10 % = 2,465.753...


async def test_a_due_of_an_invoice_stays_as_it_was_given(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Given twice it is the same; its reference is found in the payer's text; the table takes no due of two things."""
    invoice, due = await invoiced(conn, now)
    assert await invoice_due(conn, invoice.id, now=now + timedelta(days=1)) == due
    assert (due.party_name, due.subject_id) == (BUYER_NAME, invoice.id)
    assert references_in(f"许可费 {invoice.reference}") == [due.reference]
    assert await dues.open_fen(conn, due) == DUE_FEN
    for lot_id, invoice_id in ((None, None), (BANK, invoice.id)):
        with pytest.raises(asyncpg.CheckViolationError):
            async with conn.transaction():
                await conn.execute(
                    "INSERT INTO settlement.dues (reference, kind, lot_id, invoice_id, party_id, party_name, holder_id,"
                    " created_at) VALUES ('LCR00000000000', 'ROYALTY', $1, $2, $3, 'x', $3, now())",
                    *(lot_id, invoice_id, BANK),
                )
