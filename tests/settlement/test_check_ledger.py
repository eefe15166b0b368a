"""What check-ledger finds when somebody with all rights bends the books past their guards."""

import asyncio
from datetime import datetime

import asyncpg
import msgspec
from click.testing import CliRunner

from kit.errors import InvalidInput
from kit.ids import uuid7
from marketplace.commands.check_ledger import command
from settlement import deposits, rescissions, royalty_receipts
from settlement.checks import check_ledger
from settlement.rules.case import Loan
from settlement.schemes import OperatingTerms
from tests.settlement.make_bank import own_account, queue_some, some_entry, take_in
from tests.settlement.make_licences import invoice_year, make_licence
from tests.settlement.make_money import (
    CHECKER,
    VENUE,
    make_bidder,
    make_claim,
    make_sale,
    pay_price,
    review_and_advance,
    scheme_with_advance,
)
from tests.settlement.test_buyer_claims import claimed
from tests.settlement.test_buyer_claims import pay as pay_claim
from tests.settlement.test_compensation_parties import make_example_two
from tests.settlement.test_failpoints import Story
from tests.settlement.test_liabilities import pay_liability
from tests.settlement.test_orders_of_two import propose_rescission

FORGERIES = {
    "balances_are_sums": "UPDATE settlement.accounts SET balance_fen = balance_fen + 1 WHERE kind = 'client_money'",
    "transfers_balance": "UPDATE settlement.entries SET amount_fen = amount_fen - 1,"
    " balance_after_fen = balance_after_fen - 1 WHERE amount_fen < -1",
    "transfer_contents": "UPDATE settlement.transfers SET kind = 'gift'",
    "books_balance": "DELETE FROM settlement.entries WHERE amount_fen < 0 AND account_version = 1",
    "entries_join": "UPDATE settlement.entries SET balance_before_fen = balance_before_fen + 1,"
    " balance_after_fen = balance_after_fen + 1 WHERE account_version = 2",
    "nothing_overdrawn": "UPDATE settlement.entries e SET amount_fen = -1, balance_after_fen = -1"
    " FROM settlement.accounts a WHERE a.id = e.account_id AND NOT a.may_go_negative AND e.account_version = 1",
    "holds_stand": "UPDATE settlement.holds SET amount_fen = amount_fen + 1",
    "deposits_end_once": "UPDATE settlement.deposits SET state = 'RELEASED', kept_fen = 0, closed_at = now()"
    " WHERE state = 'FROZEN'",
    "prices_paid": "UPDATE settlement.sales SET paid_fen = paid_fen - 1, state = 'PRICE_DUE'"
    " WHERE state = 'PRICE_PAID'",
    "interest_paid": "UPDATE settlement.sales SET interest_paid_fen = 1, interest_due_fen = 1, state = 'PRICE_DUE'"
    " WHERE returned_fen = 0",
    "orders_carried_out": "UPDATE settlement.sales SET state = 'DEFAULTED' WHERE state = 'RESCINDED'",
    "payouts_covered": "UPDATE settlement.payouts SET amount_fen = amount_fen + 1 WHERE state = 'QUEUED'",
    "plans_paid_in_full": "UPDATE settlement.plans SET transfer_id = (SELECT id FROM settlement.transfers"
    " WHERE kind = 'hold' LIMIT 1) WHERE state = 'PAID'",
    "positions_are_losses": "UPDATE settlement.accounts SET balance_fen = balance_fen + 1 WHERE kind = 'share'",
    "cases_agree": "UPDATE settlement.cases SET book = convert_to(replace(convert_from(book, 'UTF8'),"
    " '\"principal_fen\":', '\"principal_fen\":1'), 'UTF8') WHERE book IS NOT NULL",
    "liabilities_paid": "UPDATE settlement.liability_payouts SET amount_fen = amount_fen + 1",
    "unmatched_wait": "UPDATE settlement.bank_entries SET amount_fen = amount_fen + 1",
    "payments_sent_once": "UPDATE settlement.payouts SET state = 'SENT' WHERE state = 'QUEUED'",
    "buyer_claims_paid": "UPDATE settlement.buyer_claims SET paid_fen = paid_fen + 1",
    "credits_once": "UPDATE settlement.royalty_receipts"
    " SET bank_reference = (SELECT bank_reference FROM settlement.payments_in LIMIT 1)",
    "royalties_in_escrow": "UPDATE settlement.royalty_receipts"
    " SET applied_fen = applied_fen + 1, amount_fen = amount_fen + 1",
    "invoices_paid": "UPDATE settlement.royalty_invoices SET paid_fen = paid_fen - 1 WHERE paid_fen > 0",
    "clearings_agree": "UPDATE settlement.cases SET final = final || '\\x20'::bytea WHERE final IS NOT NULL",
    "margins_wait": "UPDATE settlement.cases SET state = 'CLOSED' WHERE state = 'ADVANCE_PAID'",
    "returns_booked": "UPDATE settlement.case_settlements SET bank_reference = NULL, settled_at = NULL"
    " WHERE amount_fen < 0",
    "guards_stand": "ALTER TABLE settlement.entries DISABLE TRIGGER entries_append_only",
}
"""What a superuser who switches every trigger off may do, by the check that must name it."""


async def make_books(conn: asyncpg.Connection, now: datetime) -> None:
    """A held deposit and a paid sale."""
    bidder_id = await make_bidder(conn, money_fen=1000, now=now)
    await deposits.hold(conn, uuid7(now), bidder_id, holder_id=VENUE, amount_fen=400, now=now)
    await pay_price(conn, await make_sale(conn, hammer_price_fen=5000, now=now), now=now)


async def make_all_books(conn: asyncpg.Connection, now: datetime) -> None:
    """Something of everything that a check looks at: a case from its claim to its last return, another on a margin,
    a stranger's credit, a payout that waits, royalties in escrow, a sale that was undone, a defaulter that owes, a
    re-guarantor that paid.
    """
    await make_books(conn, now)
    for step in Story(now).steps():
        await step(conn)
    margin = msgspec.structs.replace(
        scheme_with_advance(), version=3, terms=OperatingTerms(payout_form="MARGIN_ACCOUNT")
    )
    loan = Loan(amount_fen=1_000_000, principal_fen=1_000_000)
    case = await make_claim(conn, loan=loan, now=now, number="L-2", file=margin, fund_fen=0)
    await review_and_advance(conn, case, now=now)
    await own_account(conn, now=now)
    await take_in(conn, some_entry("B-9", 70), now=now)
    await queue_some(conn, [5], now=now)
    waiting = await make_claim(conn, loan=loan, now=now, number="L-3", fund_fen=0)
    licence = await make_licence(conn, case_id=waiting.id, now=now)
    invoice = await invoice_year(conn, licence, 2026, sales_fen=1_000_000, now=now)
    await royalty_receipts.receive(
        conn, invoice.id, bank_reference="R-9", amount_fen=500, received_at=now, now=now
    )
    undone = await make_sale(conn, hammer_price_fen=5000, now=now)
    await pay_price(conn, undone, now=now)
    order = await propose_rescission(conn, undone, now)
    await rescissions.rescind(
        conn, undone.lot_id, content_hash=order.content_hash, approved_by=CHECKER, now=now
    )
    await pay_claim(conn, await claimed(conn, now), "C-9", 20, now)
    shared = await make_example_two(conn, now=now, fund_fen=0, number="L-4")
    await review_and_advance(conn, shared, now=now)
    await pay_liability(conn, shared.id, "reguarantor", now=now)


async def test_every_forgery_is_found_by_its_check(database_url: str, now: datetime) -> None:
    """Each invariant that check-ledger proves is broken once, past all guards, and named; nothing is named before."""
    conn = await asyncpg.connect(database_url)
    try:
        async with conn.transaction():
            await make_all_books(conn, now)
        sound = await check_ledger(conn)
        assert sound.ok, [check for check in sound.checks if check.broken]
        assert set(FORGERIES) == {check.name for check in sound.checks}
        for name, forgery in FORGERIES.items():
            forged = conn.transaction()
            await forged.start()
            await conn.execute("SET LOCAL session_replication_role = replica")
            await conn.execute(forgery)
            named = {check.name for check in (await check_ledger(conn)).checks if check.broken}
            await forged.rollback()
            assert name in named, f"{name} is not noticed, but {named}"
        assert (await check_ledger(conn)).ok
    finally:
        await conn.close()


async def test_the_command_says_what_holds(database_url: str, now: datetime) -> None:
    """The command exits 0 with the totals when the books hold, and 1 naming the check when they do not."""
    conn = await asyncpg.connect(database_url)
    try:
        async with conn.transaction():
            await make_books(conn, now)
        done = await asyncio.to_thread(
            CliRunner().invoke, command, ["--database-url", database_url]
        )
        assert done.exit_code == 0, done.output
        assert "60.00 CNY" in done.output
        await conn.execute("SET session_replication_role = replica")
        await conn.execute(FORGERIES["balances_are_sums"])
        bad = await asyncio.to_thread(
            CliRunner().invoke, command, ["--database-url", database_url, "--json"]
        )
        assert bad.exit_code == 1
        assert '"name":"balances_are_sums"' in bad.output
        none_of_ours = database_url.replace(
            f"/{await conn.fetchval('SELECT current_database()')}", "/postgres"
        )
        foreign = await asyncio.to_thread(
            CliRunner().invoke, command, ["--database-url", none_of_ours]
        )
        assert isinstance(foreign.exception, InvalidInput)
        assert foreign.exception.field == "--database-url"
    finally:
        await conn.close()
