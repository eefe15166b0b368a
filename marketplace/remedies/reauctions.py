"""The re-auction (再次拍卖) of a defaulted lot: the same rights again, and what they brought. Source: domain 6.5."""

from typing import Final
from uuid import UUID

import asyncpg

from kit.errors import Conflict, InvalidInput, NotFound
from kit.sql import Connection, load_statements
from marketplace.lots.schemas import Lot
from settlement import sales as accounts

_SQL = load_statements("marketplace.remedies", "queries.sql")
_SOLD_AGAIN: Final = frozenset(
    {
        accounts.PRICE_PAID,
        accounts.COSTS_LOCKED,
        accounts.PLAN_DRAFTED,
        accounts.PLAN_APPROVED,
        accounts.DISTRIBUTED,
        accounts.CLOSED,
    }
)


class ResultNotKnown(Conflict):
    """The re-auction's price is not paid yet: the loss is not known. / 再次处置价款未付清，损失尚不能确定。"""

    code = "result_not_known"


async def second_price(
    conn: Connection, lot: Lot, first: accounts.Sale, reauction_lot_id: UUID | None
) -> int | None:
    """What a defaulted lot's rights were sold for again, once that price is paid; None where they were not sold again.

    The re-auction is a later lot of exactly these rights: any other lot of the loan would bring a loss of its own.
    Raises `InvalidInput` for another lot, and for None where the rights were sold again; `ResultNotKnown` while they
    are on offer or not paid for.
    """
    if reauction_lot_id is None:
        await _require_not_offered(conn, lot)
        return None
    try:
        again = await accounts.lock(conn, reauction_lot_id)
    except NotFound as error:
        raise ResultNotKnown from error
    later = {row["id"] for row in await _later_lots(conn, lot)}
    is_same = await _rights(conn, again.lot_id) == await _rights(conn, lot.id)
    if again.case_id != first.case_id or not is_same or again.lot_id == first.lot_id:
        raise InvalidInput(
            "reauction_lot_id",
            "is not a later lot of the same rights",
            "不是同一权利的再次处置标的",
        )
    if again.lot_id not in later or again.state not in _SOLD_AGAIN:
        raise ResultNotKnown
    return again.hammer_price_fen


async def _require_not_offered(conn: Connection, lot: Lot) -> None:
    """Nothing is said to be unsold while it is on offer, or was sold again."""
    rights = await _rights(conn, lot.id)
    for row in await _later_lots(conn, lot):
        if row["sale_state"] not in _SOLD_AGAIN:
            raise ResultNotKnown(
                f"lot {row['number']} offers these rights again and is {row['status']}",
                f"标的 {row['number']} 正在再次处置同一权利，状态为 {row['status']}",
            )
        if await _rights(conn, row["id"]) == rights:
            raise InvalidInput(
                "reauction_lot_id",
                f"must be lot {row['number']}, in which the rights were sold again",
                f"该权利已由标的 {row['number']} 再次成交，须填写该标的",
            )


async def _later_lots(conn: Connection, lot: Lot) -> list[asyncpg.Record]:
    return list(await conn.fetch(_SQL["later_lots"], lot.id, lot.created_at))


async def _rights(conn: Connection, lot_id: UUID) -> set[UUID]:
    return {row["asset_id"] for row in await conn.fetch(_SQL["rights"], lot_id)}
