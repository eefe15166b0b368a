"""Lots that are sold from their first moment: a unit of several, or what the underbidder took after a default.

They carry what was published of the lot that they follow, so that all that comes after a sale is the same as ever.
"""

from datetime import datetime
from uuid import UUID

import asyncpg

from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.lots.rules import LotStatus, Origin
from marketplace.lots.schemas import Lot, LotStatusChanged
from marketplace.lots.service import AssetOnSale, for_update
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox

_SQL = load_statements("marketplace.lots", "queries.sql")


async def put_sold(
    conn: Connection,
    caller: Caller,
    followed: Lot,
    origin: Origin,
    *,
    suffix: str,
    now: datetime,
) -> Lot:
    """A lot that follows `followed` and is sold already, locked. Raises `AssetOnSale` where its rights are on sale."""
    lot_id = uuid7(now)
    await conn.execute(_SQL["insert_sold"], followed.id, lot_id, suffix, origin, now)
    await _carry_assets(conn, followed.id, lot_id, is_live=origin is not Origin.UNIT)
    lot = await for_update(conn, lot_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="lot_sold",
        subject="lot",
        subject_id=lot_id,
        after={"origin": origin, "origin_lot_id": followed.id},
    )
    moved = LotStatusChanged(
        lot_id=lot_id, number=lot.number, before=followed.status, after=LotStatus.SOLD
    )
    await outbox.add(conn, moved, now=now)
    return lot


async def _carry_assets(
    conn: Connection, followed_id: UUID, lot_id: UUID, *, is_live: bool
) -> None:
    try:
        async with conn.transaction():
            await conn.execute(_SQL["carry_assets"], followed_id, lot_id, is_live)
    except asyncpg.UniqueViolationError as error:
        raise AssetOnSale from error
