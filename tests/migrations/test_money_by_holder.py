"""What stood on a bidder's one account goes to those who hold it, and comes back when the migration is taken back."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from kit.embedded import Postgres
from kit.ids import uuid7
from kit.migrate import migrate
from settlement import holds
from settlement.checks import check_ledger
from settlement.ledger import AccountKey, balance, client_money
from tests.settlement.make_money import make_sale

VERSION = "20261129005300"
VENUES = UUID(int=1), UUID(int=2)
BIDDER = UUID(int=7)
ONE = AccountKey("client_money", BIDDER)


@pytest.fixture
async def before(postgres: Postgres) -> AsyncIterator[str]:
    """A database as it was before this migration."""
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute("CREATE DATABASE one_account")
    url = postgres.url("one_account")
    migrate(url)
    take_back(url)
    yield url
    await admin.execute("DROP DATABASE one_account WITH (FORCE)")
    await admin.close()


def take_back(url: str) -> None:
    """Migrations go down until this one is not there."""
    while f"[X] {VERSION}" in migrate(url, action="status"):
        migrate(url, action="down")


async def connected(url: str) -> asyncpg.Connection:
    """A connection that sees all."""
    return await asyncpg.connect(url, server_settings={"app.scope": "all"})


async def moved(
    conn: asyncpg.Connection, id_: str, ref: str, source: AccountKey, target: AccountKey, fen: int
) -> None:
    """A posting as an earlier version made it."""
    await conn.execute(
        "SELECT settlement.post_move_v1(gen_random_uuid(), $1, 'k', $2, NULL, $3, $4, $5, $6, $7, $8, $9, now())",
        *(id_, ref, source.kind, source.owner, source.ref, target.kind, target.owner, target.ref),
        fen,
    )


async def test_money_goes_to_its_holders(before: str, now: datetime) -> None:
    """CNY 1.00 at one venue, 0.50 at another of which 0.30 is held, 0.07 of which nothing says who holds it."""
    conn = await connected(before)
    lots = []
    for venue_id, fen in zip(VENUES, (100, 50), strict=True):
        sale = await make_sale(
            conn, hammer_price_fen=9, now=now, buyer_id=BIDDER, venue_id=venue_id
        )
        lots.append(sale.lot_id)
        outside = AccountKey("outside", BIDDER)
        await moved(conn, f"payment:P-{fen}:in", f"lot:{sale.lot_id}", outside, ONE, fen)
    await moved(conn, "payment:P-7:in", f"bidder:{BIDDER}", outside, ONE, 7)
    hold_id = uuid7(now)
    held = AccountKey("client_deposits", BIDDER, str(lots[1]))
    await holds.hold(
        conn, hold_id, source=ONE, held=held, amount_fen=30, ref=f"lot:{lots[1]}", now=now
    )
    await conn.close()

    migrate(before)
    conn = await connected(before)
    free = [await balance(conn, client_money(BIDDER, venue_id)) for venue_id in VENUES]
    assert (free, await balance(conn, ONE)) == ([100, 20 + 7], 0)
    assert (await check_ledger(conn)).ok
    async with conn.transaction():
        await holds.release(conn, hold_id, now=now)
    assert await balance(conn, client_money(BIDDER, VENUES[1])) == 57
    await conn.close()

    take_back(before)
    conn = await connected(before)
    assert await balance(conn, ONE) == 157
    await conn.close()
    migrate(before)
    conn = await connected(before)
    assert await balance(conn, ONE) == 0
    assert (await check_ledger(conn)).ok
    await conn.close()
