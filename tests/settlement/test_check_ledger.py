"""What check-ledger finds when somebody with all rights bends the books past their guards."""

import asyncio
from datetime import datetime

import asyncpg
import pytest
from click.testing import CliRunner

from kit.ids import uuid7
from marketplace.commands.check_ledger import command
from settlement import deposits
from settlement.checks import check_ledger
from tests.settlement.make_money import make_bidder, make_sale, pay_price

FORGERIES = {
    "balances_are_sums": "UPDATE settlement.accounts SET balance_fen = balance_fen + 1 WHERE kind = 'client_money'",
    "transfers_balance": "UPDATE settlement.entries SET amount_fen = amount_fen - 1,"
    " balance_after_fen = balance_after_fen - 1 WHERE amount_fen < -1",
    "transfer_contents": "UPDATE settlement.transfers SET kind = 'gift'",
    "books_balance": "DELETE FROM settlement.entries WHERE amount_fen < 0 AND account_version = 1",
    "entries_join": "UPDATE settlement.entries SET balance_before_fen = balance_before_fen + 1,"
    " balance_after_fen = balance_after_fen + 1 WHERE account_version = 2",
    "holds_stand": "UPDATE settlement.holds SET amount_fen = amount_fen - 1",
    "deposits_end_once": "UPDATE settlement.deposits SET state = 'RELEASED', closed_at = now()",
    "prices_paid": "UPDATE settlement.sales SET paid_fen = paid_fen - 1, state = 'PRICE_DUE'",
    "guards_stand": "ALTER TABLE settlement.entries DISABLE TRIGGER entries_append_only",
}


async def make_books(conn: asyncpg.Connection, now: datetime) -> None:
    """A held deposit and a paid sale."""
    bidder_id = await make_bidder(conn, money_fen=1000, now=now)
    await deposits.hold(conn, uuid7(now), bidder_id, amount_fen=400, now=now)
    await pay_price(conn, await make_sale(conn, hammer_price_fen=5000, now=now), now=now)


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forgery_is_found(name: str, database_url: str, now: datetime) -> None:
    """A superuser who switches every trigger off is still found out by the check of that invariant."""
    conn = await asyncpg.connect(database_url)
    try:
        async with conn.transaction():
            await make_books(conn, now)
        assert (await check_ledger(conn)).ok
        await conn.execute("SET session_replication_role = replica")
        await conn.execute(FORGERIES[name])
        result = await check_ledger(conn)
        assert not result.ok
        assert name in {check.name for check in result.checks if check.broken}
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
    finally:
        await conn.close()
