"""Steps of the random walk off the straight way: what goes back, in parts, by hand, by statement, out of a deposit."""

from datetime import timedelta
from random import Random
from uuid import UUID

import asyncpg

from kit.errors import NotFound
from settlement import (
    buyer_claims,
    by_hand,
    deposits,
    forfeitures,
    instalments,
    ledger,
    licences,
    refunds,
    rescissions,
    royalties,
    sales,
    statement_files,
)
from settlement.distribution import Payee
from settlement.rules.deposits import JUDICIAL_TERMS, Loss
from tests.settlement.make_bank import camt_of, invoice_due, some_entry, some_statement, written
from tests.settlement.make_bank import take_in as statement_in
from tests.settlement.make_licences import invoice_year
from tests.settlement.make_money import BANK, CHECKER, MAKER, VENUE


async def rescind(conn: asyncpg.Connection, lot_id: UUID) -> None:
    """The registry refuses a transfer, and two people undo the sale."""
    now = (await sales.get(conn, lot_id)).sold_at
    order = await rescissions.propose(
        conn, lot_id, refused_on=now.date(), refusal_number="N", reason="r", proposed_by=MAKER, now=now
    )  # fmt: skip
    await rescissions.rescind(
        conn, lot_id, content_hash=order.content_hash, approved_by=CHECKER, now=now
    )


async def give_back(conn: asyncpg.Connection, lot_id: UUID) -> None:
    """What a defaulting buyer had paid of the price goes back."""
    await rescissions.give_back(conn, lot_id, now=(await sales.get(conn, lot_id)).sold_at)


async def agree_to_parts(conn: asyncpg.Connection, lot_id: UUID) -> None:
    """A price in two instalments."""
    sale = await sales.get(conn, lot_id)
    first = sale.due_fen // 2 + 1
    parts = [
        (first, sale.sold_at + timedelta(days=1)),
        (sale.due_fen - first, sale.sold_at + timedelta(days=20)),
    ]
    order = await instalments.propose(
        conn,
        lot_id,
        parts=parts,
        interest_bp_year=345,
        security="s",
        reason="r",
        proposed_by=MAKER,
        now=sale.sold_at,
    )
    await instalments.agree(
        conn, lot_id, content_hash=order.content_hash, agreed_by=CHECKER, now=sale.sold_at
    )


async def pay_by_hand(conn: asyncpg.Connection, random: Random) -> None:
    """Two people say that some waiting payout left."""
    rows = await conn.fetch(
        "SELECT id, queued_at FROM settlement.payouts WHERE state = 'QUEUED' ORDER BY id"
    )
    if rows:
        row = random.choice(rows)
        for who in (MAKER, CHECKER):
            await by_hand.tell(
                conn, row["id"], bank_reference=f"hand-{row['id']}", evidence="slip", told_by=who,
                now=row["queued_at"],
            )  # fmt: skip


async def lose_deposit(conn: asyncpg.Connection, lot_id: UUID) -> UUID:
    """The buyer breaks its word, and its deposit, a third of its free money, is kept."""
    sale = await sales.get(conn, lot_id)
    free_fen = await ledger.balance(conn, ledger.client_money(sale.buyer_id, VENUE))
    made = await deposits.hold(
        conn, lot_id, sale.buyer_id, holder_id=VENUE, amount_fen=free_fen // 3 + 1, now=sale.sold_at
    )
    return (await deposits.forfeit(conn, made.id, now=sale.sold_at)).id


async def use_deposit(conn: asyncpg.Connection, deposit_id: UUID, loss_bp: int) -> None:
    """A forfeited deposit is used up by the law of judicial sales; a loss above it is a claim on the buyer."""
    deposit = await deposits.lock(conn, deposit_id)
    await forfeitures.use_forfeited(
        conn,
        deposit_id,
        terms=JUDICIAL_TERMS["JUDICIAL_OFFLINE"],
        loss=Loss(costs_fen=7, shortfall_fen=deposit.amount_fen * loss_bp // 10_000),
        costs_to=Payee(id=VENUE, name="venue"),
        lender=Payee(id=BANK, name="bank"),
        now=deposit.created_at,
    )


async def pay_claim(
    conn: asyncpg.Connection, place: float, reference: str, amount_fen: int
) -> None:
    """A defaulting buyer pays something of what it owes beyond its deposit, or a little more than that."""
    claims = await conn.fetch(
        "SELECT lot_id, claimed_at FROM settlement.buyer_claims ORDER BY claimed_at, lot_id"
    )
    if not claims:
        raise NotFound
    claim = claims[int(place * len(claims))]
    await buyer_claims.receive(
        conn,
        claim["lot_id"],
        bank_reference=reference,
        amount_fen=amount_fen,
        received_at=claim["claimed_at"],
        now=claim["claimed_at"],
    )


async def invoice_next_year(conn: asyncpg.Connection, invoice_id: UUID, sales_fen: int) -> UUID:
    """The next year of a licence, with what audits found and what came late."""
    invoice = await royalties.get_invoice(conn, invoice_id)
    assert invoice.period_to is not None, "the walk invoices periods"
    licence = await licences.get(conn, invoice.licence_id)
    year = invoice.period_to.year + 1
    made = await invoice_year(conn, licence, year, sales_fen=sales_fen, now=invoice.issued_at)
    return made.id


async def refund(conn: asyncpg.Connection, deposit_id: UUID) -> None:
    """A released deposit is sent back to its bidder."""
    deposit = await deposits.lock(conn, deposit_id)
    await refunds.refund_deposit(
        conn, deposit_id, holder_id=VENUE, payee_name="bidder", now=deposit.created_at
    )


async def take_in_fee(
    conn: asyncpg.Connection, invoice_id: UUID, reference: str, amount_fen: int
) -> None:
    """A licensee pays an invoice and the statement shows it: matched, or left in the queue where nothing is due."""
    now = (await royalties.get_invoice(conn, invoice_id)).issued_at
    due = await invoice_due(conn, invoice_id, now=now)
    await statement_in(conn, some_entry(reference, amount_fen, remittance=written(due)), now=now)


async def take_in(conn: asyncpg.Connection, reference: str, amount_fen: int) -> None:
    """A stranger's credit comes by statement and waits; the same statement again changes nothing."""
    entry = some_entry(reference, amount_fen, counterparty_name="路人")
    await statement_files.receive_statements(
        conn, VENUE, camt_of(some_statement(entry)), received_by=MAKER, now=entry.booked_at
    )
