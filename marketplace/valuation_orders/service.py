"""A bank orders a valuation; the valuer hands in the report, which stands in the bank's books at once, or declines.

Source: domain 7 (the bank's maker orders valuations), 4.3 (what a report must be to count).
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.audit.service import record
from marketplace.organisations.schemas import Caller, OrganisationKind
from marketplace.outbox.service import add as tell
from marketplace.valuation_orders.events import ValuationOrderMoved
from marketplace.valuation_orders.schemas import (
    Order,
    OrderedRight,
    OrderIn,
    OrderState,
    ReportIn,
)
from marketplace.valuations import service as valuations
from marketplace.valuations.kinds import ValuationKind
from marketplace.valuations.schemas import NewValuation

_SQL = load_statements("marketplace.valuation_orders", "queries.sql")


class OrderEnded(Conflict):
    """This order has been delivered, declined or withdrawn. / 该评估委托已提交报告、已谢绝或已撤回。"""

    code = "valuation_order_ended"


async def valuers(conn: Connection) -> dict[UUID, str]:
    """The valuers on the platform by name."""
    async with everything(conn):  # whom one may ask is no secret
        return {row["id"]: row["name"] for row in await conn.fetch(_SQL["valuers"])}


async def place(conn: Connection, caller: Caller, given: OrderIn, *, now: datetime) -> Order:
    """The caller's bank asks a valuer for a report about rights of its own. Raises `InvalidInput`."""
    await assets.lock_own(conn, caller, given.asset_ids)
    if not await conn.fetchval(_SQL["valuer"], given.valuer_id):
        raise InvalidInput("valuer_id", "is not a valuer on the platform", "不是平台上的评估机构")
    if given.due_on < now.astimezone(CHINA).date():
        raise InvalidInput("due_on", "must not be in the past", "不得早于今日")
    order_id = uuid7(now)
    await conn.execute(
        _SQL["insert"],
        order_id,
        caller.organisation_id,
        given.valuer_id,
        sorted(set(given.asset_ids)),
        given.purpose,
        given.due_on,
        caller.user_id,
        now,
    )
    return await _noted(conn, caller, order_id, OrderState.ORDERED, reason=given.purpose, now=now)


async def deliver(
    conn: Connection, caller: Caller, order_id: UUID, given: ReportIn, *, now: datetime
) -> Order:
    """The valuer hands in its report: an external valuation of the bank's, as if the bank had entered it.

    Raises what `valuations.register` raises, and `OrderEnded`.
    """
    order = await _open(conn, caller, order_id)
    if caller.organisation_id != order.valuer_id:
        raise _missing(order_id)
    new = NewValuation(
        **msgspec.structs.asdict(given),
        asset_ids=tuple(right.id for right in order.rights),
        kind=ValuationKind.EXTERNAL,
        valuer_name=order.valuer,
    )
    for_bank = msgspec.structs.replace(
        caller,
        organisation_id=order.organisation_id,
        organisation_kind=OrganisationKind.BANK,
        roles=frozenset(),
    )
    async with everything(conn):  # the report goes into the bank's books
        made = await valuations.register(conn, for_bank, new, now=now)
    return await _finish(
        conn, caller, order_id, OrderState.DELIVERED, valuation_id=made.id, now=now
    )


async def decline(
    conn: Connection, caller: Caller, order_id: UUID, reason: str, *, now: datetime
) -> Order:
    """The valuer does not take the order, for a reason (a conflict, say)."""
    order = await _open(conn, caller, order_id)
    if caller.organisation_id != order.valuer_id:
        raise _missing(order_id)
    return await _finish(conn, caller, order_id, OrderState.DECLINED, reason=reason, now=now)


async def withdraw(
    conn: Connection, caller: Caller, order_id: UUID, reason: str, *, now: datetime
) -> Order:
    """The bank wants the report no more; the valuer sees its rights no more."""
    order = await _open(conn, caller, order_id)
    if caller.organisation_id != order.organisation_id:
        raise _missing(order_id)
    return await _finish(conn, caller, order_id, OrderState.WITHDRAWN, reason=reason, now=now)


async def get(conn: Connection, caller: Caller, order_id: UUID) -> Order:
    """An order of the caller's bank, or for the caller as valuer; to others it does not exist."""
    row = await conn.fetchrow(_SQL["by_id"], order_id, caller.organisation_id)
    if row is None:
        raise _missing(order_id)
    return await _order(conn, row)


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Order]:
    """Up to `limit` orders of the caller's organisation, newest first, before `after`."""
    rows = await conn.fetch(_SQL["page"], after, caller.organisation_id, limit)
    return [await _order(conn, row) for row in rows]


async def _order(conn: Connection, row: asyncpg.Record) -> Order:
    rights = await conn.fetch(_SQL["rights"], row["asset_ids"])
    shown = tuple(msgspec.convert(dict(right), OrderedRight) for right in rights)
    return msgspec.convert(dict(row) | {"rights": shown}, Order)


async def _open(conn: Connection, caller: Caller, order_id: UUID) -> Order:
    state = await conn.fetchval(_SQL["lock"], order_id)
    order = await get(conn, caller, order_id)
    if state != OrderState.ORDERED:
        raise OrderEnded
    return order


async def _finish(
    conn: Connection,
    caller: Caller,
    order_id: UUID,
    state: OrderState,
    *,
    now: datetime,
    reason: str | None = None,
    valuation_id: UUID | None = None,
) -> Order:
    await conn.execute(_SQL["finish"], order_id, state, caller.user_id, now, reason, valuation_id)
    return await _noted(conn, caller, order_id, state, reason=reason, now=now)


async def _noted(
    conn: Connection,
    caller: Caller,
    order_id: UUID,
    state: OrderState,
    *,
    reason: str | None,
    now: datetime,
) -> Order:
    order = await get(conn, caller, order_id)
    await record(
        conn,
        caller,
        now=now,
        action=f"valuation_order_{state}",
        subject="valuation_order",
        subject_id=order_id,
        after={"state": state, "valuation_id": order.valuation_id},
        reason=reason,
    )
    told = ValuationOrderMoved(
        order_id=order_id,
        organisation_id=order.organisation_id,
        valuer_id=order.valuer_id,
        state=state,
    )
    await tell(conn, told, now=now)
    return order


def _missing(order_id: UUID) -> NotFound:
    return NotFound(f"order {order_id}: no such order", f"评估委托 {order_id} 不存在")
