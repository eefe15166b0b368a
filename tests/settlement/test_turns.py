"""Waiting for a hot account: who posts alone takes turns, who holds its row already is never made to wait for one."""

import asyncio
from datetime import datetime
from uuid import UUID

import asyncpg

from settlement import ledger
from settlement.checks import check_ledger
from settlement.ledger import AccountKey, Transfer, balance, move, open_accounts, outside

HOT = AccountKey("venue_fee", UUID(int=1))
_WAITS = """
SELECT array_agg(l.locktype ORDER BY l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE NOT l.granted AND a.datname = current_database()"""


def fee(name: str, payer: int = 1) -> Transfer:
    """One fen into the hot account."""
    source = outside(UUID(int=100 + payer))
    return move(name, kind="k", ref="r", source=source, target=HOT, amount_fen=1)


async def waiting(pool: asyncpg.Pool, count: int) -> list[str]:
    """What so many sessions of this database wait for, once that many wait."""
    async with asyncio.timeout(20):
        while len(found := await pool.fetchval(_WAITS) or []) < count:  # noqa: ASYNC110 - another session's waiting
            await asyncio.sleep(0.01)
    return list(found)


async def test_who_posts_alone_waits_for_its_turn(database: asyncpg.Pool, now: datetime) -> None:
    """Behind a posting that is not committed yet, others wait for the account's turn, not each for its row."""
    await open_accounts(
        database, [HOT, *(fee("", n).entries[0].account for n in range(4))], now=now
    )
    async with (
        database.acquire() as first,
        database.acquire() as second,
        database.acquire() as third,
    ):
        transaction = first.transaction()
        await transaction.start()
        await ledger.post_one(first, fee("first", 0), now=now)
        behind = [
            asyncio.create_task(ledger.post_one(conn, fee(f"behind {n}", n), now=now))
            for n, conn in enumerate((second, third), start=1)
        ]
        assert await waiting(database, 2) == ["advisory", "advisory"]
        await transaction.commit()
        await asyncio.gather(*behind)
    assert await balance(database, HOT) == 3
    assert (await check_ledger(database)).ok


async def test_who_holds_the_row_waits_for_no_turn(database: asyncpg.Pool, now: datetime) -> None:
    """A transaction that posted a batch posts once more, though another has the turn and waits for its rows."""
    await open_accounts(database, [HOT, fee("").entries[0].account], now=now)
    async with database.acquire() as first, database.acquire() as second:
        async with first.transaction():
            await ledger.post(first, [fee("in a batch")], now=now)
            behind = asyncio.create_task(ledger.post_one(second, fee("behind"), now=now))
            assert await waiting(database, 1) == ["transactionid"]
            await ledger.post_one(first, fee("once more"), now=now)
            assert not behind.done()
        await behind
    assert await balance(database, HOT) == 3
    assert (await check_ledger(database)).ok
