"""Gathered postings: many callers of one process, one transaction, each answered as if alone."""

import asyncio
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from kit.errors import Unavailable
from settlement import ledger, poster
from settlement.checks import check_ledger
from settlement.errors import IdempotencyIdReused, InsufficientFunds
from settlement.ledger import AccountKey, Transfer, balance, client_money, move, outside
from settlement.poster import open_poster
from tests.settlement.make_money import VENUE

HOT, POOR = AccountKey("venue_fee", UUID(int=1)), client_money(UUID(int=2), VENUE)


def transfer(n: int, *, source: AccountKey | None = None, amount_fen: int = 1) -> Transfer:
    """One fen into the hot account."""
    return move(
        f"g{n}",
        kind="k",
        ref="r",
        source=source or outside(UUID(int=100 + n % 7)),
        target=HOT,
        amount_fen=amount_fen,
    )


async def test_many_calls_are_one_commit_each_answered(
    database: asyncpg.Pool, now: datetime
) -> None:
    """Two hundred concurrent calls post two hundred transfers in a handful of transactions."""
    async with open_poster(database) as gathered:
        answers = await asyncio.gather(*(gathered.post([transfer(n)], now=now) for n in range(200)))
    assert len({answer.transfer_id for (answer,) in answers}) == 200
    assert await balance(database, HOT) == 200
    commits = await database.fetchval("SELECT count(DISTINCT xmin::text) FROM settlement.transfers")
    assert commits <= 10
    assert (await check_ledger(database)).ok


async def test_a_refused_call_costs_nobody_else(database: asyncpg.Pool, now: datetime) -> None:
    """An overdraft among good calls is refused alone; the same id twice at once moves once, never as another."""
    async with open_poster(database) as gathered:
        answers = await asyncio.gather(
            gathered.post([transfer(1)], now=now),
            gathered.post([transfer(2, source=POOR)], now=now),
            gathered.post([transfer(3), transfer(4, source=POOR)], now=now),
            gathered.post([transfer(5)], now=now),
            gathered.post([transfer(5)], now=now),
            gathered.post([transfer(5, amount_fen=9)], now=now),
            return_exceptions=True,
        )
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == [
        "list",
        "InsufficientFunds",
        "InsufficientFunds",
        "list",
        "list",
        "IdempotencyIdReused",
    ]
    first, again = answers[3], answers[4]
    assert isinstance(first, list)
    assert isinstance(again, list)
    assert first[0].transfer_id == again[0].transfer_id
    assert await balance(database, HOT) == 2
    assert isinstance(answers[1], InsufficientFunds)
    assert isinstance(answers[5], IdempotencyIdReused)
    assert (await check_ledger(database)).ok


async def test_a_caller_that_gives_up_leaves_the_others(
    database: asyncpg.Pool, now: datetime
) -> None:
    """A cancelled call's transfer may be posted; its id answers for it, and the calls beside it are answered."""
    async with open_poster(database) as gathered:
        given_up = asyncio.create_task(gathered.post([transfer(1)], now=now))
        kept = asyncio.create_task(gathered.post([transfer(2)], now=now))
        await asyncio.sleep(0)
        given_up.cancel()
        assert len(await kept) == 1
        (known,) = await gathered.post([transfer(1)], now=now)
    assert known.replayed
    assert await balance(database, HOT) == 2


async def test_too_many_that_wait_are_refused_at_once(
    database: asyncpg.Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the bound a call is refused, never left hanging; large calls are split over batches in order."""
    monkeypatch.setattr(poster, "WAITING_MAX", 2)
    monkeypatch.setattr(poster, "BATCH_TRANSFERS_MAX", 1)
    async with open_poster(database) as gathered:
        answers = await asyncio.gather(
            *(gathered.post([transfer(n)], now=now) for n in range(4)), return_exceptions=True
        )
    assert sum(isinstance(answer, Unavailable) for answer in answers) == 2
    assert await balance(database, HOT) == 2
    assert (await ledger.history(database, HOT))[0].amount_fen == 1


async def test_a_lost_database_is_everybodys_error(now: datetime, database_url: str) -> None:
    """When the connection is gone each caller hears it."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    async with open_poster(pool) as gathered:
        await pool.close()
        with pytest.raises(asyncpg.InterfaceError):
            await gathered.post([transfer(1)], now=now)
