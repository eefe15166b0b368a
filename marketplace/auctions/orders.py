"""The operator's orders to a running auction: written down first, then carried out, so that a crash loses nothing.

An order's id is its command's id in the engine, which answers a repetition as the first time; so whoever takes an
order up, once or twice, at once or after a crash, it counts once.
"""

from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from auction_engine.decided import Acknowledgement
from auction_engine.engine import Engine
from auction_engine.errors import EngineOutcomeUnknown, NoSuchAuction
from kit.errors import Forbidden, NotFound, Unavailable
from kit.sql import Connection, Pool, load_statements
from marketplace.auctions import suspensions
from marketplace.auctions.controls import needs_two
from marketplace.auctions.schemas import OrderDone
from marketplace.audit import service as audit
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.edge.idempotency import IdempotencyKeyReused
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.notices import service as notices
from marketplace.notices.schemas import Kind as NoticeKind
from marketplace.organisations.schemas import Caller, OrganisationKind
from marketplace.sales import service as sales

_SQL = load_statements("marketplace.auctions", "queries.sql")
#: What it means that the engine could not be asked, or did not answer: the order stays pending.
NOT_ASKED = (Unavailable, EngineOutcomeUnknown)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is on record."""

    id: UUID
    lot_id: UUID
    action: str
    bidder_id: UUID | None
    reason: str
    ordered_by: UUID
    ordered_at: datetime
    state: str
    code: str | None
    not_before: datetime | None
    paddle: int | None


class ApprovedBySame(Forbidden):
    """Another person than who gave the order approves it. / 指令须由下达人以外的人员复核。"""

    code = "order_approved_by_same"


async def give(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    *,
    action: str,
    reason: str,
    key: str,
    now: datetime,
    paddle: int | None = None,
    asks_second: bool = False,
    not_before: datetime | None = None,
) -> UUID:
    """Write an order down, with its audit entry, for the caller's venue's lot; the same key is the same order.

    With `asks_second`, an order that the regime asks two people for waits until another approves it.
    """
    lot = await lots.owned_for_update(conn, caller, lot_id)
    is_proposed = asks_second and needs_two(lot.regime, action)
    bidder = None if paddle is None else await bidders.by_paddle(conn, lot_id, paddle)
    bidder_id = None if bidder is None else bidder.id
    order_id = uuid5(lot_id, f"{caller.organisation_id}:{key}")
    known = await conn.fetchrow(_SQL["order"], order_id)
    if known is not None:
        if (known["action"], known["reason"], known["bidder_id"]) != (action, reason, bidder_id):
            raise IdempotencyKeyReused(field="Idempotency-Key")
        return order_id
    await conn.execute(
        _SQL["insert_order"],
        order_id,
        lot.id,
        action,
        bidder_id,
        reason,
        caller.user_id,
        now,
        "proposed" if is_proposed else "pending",
        not_before,
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"auction_{action}_ordered",
        subject="lot",
        subject_id=lot_id,
        after={"order_id": str(order_id), "bidder_id": bidder_id and str(bidder_id)},
        reason=reason,
    )
    if not_before is not None:
        await _announce_ahead(conn, caller, lot, reason, not_before, now=now)
    if not is_proposed:
        due_at = not_before or now
        await duties.add(conn, Kind.CARRY_OUT_ORDER, subject_id=order_id, due_at=due_at, now=now)
    return order_id


async def _announce_ahead(
    conn: Connection, caller: Caller, lot: Lot, reason: str, at: datetime, *, now: datetime
) -> None:
    await notices.publish_change(
        conn,
        caller,
        lot.id,
        lot_number=lot.number,
        kind=NoticeKind.RESUMPTION,
        reason=f"{reason} (resumes at 恢复时间 {at.isoformat()})",
        now=now,
    )


async def approve(
    conn: Connection, caller: Caller, lot_id: UUID, order_id: UUID, *, now: datetime
) -> None:
    """Another person of the venue agrees to a proposed order; from here it is carried out."""
    await lots.owned_for_update(conn, caller, lot_id)
    order = await get(conn, order_id)
    if order.lot_id != lot_id:
        raise NotFound(f"no order {order_id}", f"没有指令 {order_id}")
    if order.state != "proposed":
        return
    if order.ordered_by == caller.user_id:
        raise ApprovedBySame
    await conn.execute(_SQL["approve_order"], order_id, caller.user_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"auction_{order.action}_approved",
        subject="lot",
        subject_id=lot_id,
        after={"order_id": str(order_id)},
        reason=order.reason,
    )
    await duties.add(conn, Kind.CARRY_OUT_ORDER, subject_id=order_id, due_at=now, now=now)


async def carry_out(pool: Pool, engine: Engine, order_id: UUID, *, now: datetime) -> OrderDone:
    """Have the engine do what was ordered, and write down what that makes of lot and bidder.

    Raises what the engine raises when it can't be asked: the order stays pending, and its duty tries again.
    """
    async with pool.acquire() as conn:
        order = await get(conn, order_id)
    if order.state != "pending" or (order.not_before is not None and now < order.not_before):
        return shown(order)
    try:
        done = await _ask(engine, order)
        code = None if done.decision.accepted else done.decision.reason
    except NoSuchAuction:
        code = "not_open"
    async with pool.acquire() as conn, conn.transaction():
        lot = await lots.for_update(conn, order.lot_id)
        row = await conn.fetchrow(_SQL["order_for_update"], order_id)
        assert row is not None, "orders are never deleted"
        order = msgspec.convert(dict(row), Order)
        if order.state == "pending":
            await conn.execute(
                _SQL["decide_order"], order_id, "refused" if code else "done", code, now
            )
            if code is None:
                await _follow(conn, lot, order, now=now)
        return shown(await get(conn, order_id))


async def withdraw(
    conn: Connection, caller: Caller, lot_id: UUID, *, reason: str, now: datetime
) -> Lot:
    """Take a lot back before its auction is set up; its bidders get their deposits back."""
    lot = await lots.withdraw(conn, caller, lot_id, reason=reason, now=now)
    await sales.dismiss(conn, await bidders.of_lot_for_update(conn, lot_id), winners=(), now=now)
    return lot


async def get(conn: Connection, order_id: UUID) -> Order:
    """An order. Raises `NotFound`."""
    row = await conn.fetchrow(_SQL["order"], order_id)
    if row is None:
        raise NotFound(f"no order {order_id}", f"没有指令 {order_id}")
    return msgspec.convert(dict(row), Order)


async def _ask(engine: Engine, order: Order) -> Acknowledgement:
    command_id = str(order.id)
    match order.action:
        case "suspend":
            return await engine.suspend(order.lot_id, order.reason, id=command_id)
        case "resume":
            return await engine.resume(order.lot_id, order.reason, id=command_id)
        case "cancel":
            return await engine.cancel(order.lot_id, order.reason, id=command_id)
        case _:
            assert order.paddle is not None, "a bidder with a paddle is disqualified"
            return await engine.disqualify(
                order.lot_id, order.paddle, reason=order.reason, id=command_id
            )


async def _follow(conn: Connection, lot: Lot, order: Order, *, now: datetime) -> None:
    """What an order that the engine accepted makes of the lot; the lot's row is locked."""
    orderer = Caller(
        user_id=order.ordered_by,
        organisation_id=lot.venue_id,
        organisation_kind=OrganisationKind.VENUE,
        roles=frozenset(),
        display_name="",
    )
    match order.action:
        case "suspend":
            lot = await lots.catch_up(conn, lot, LotStatus.OPEN, now=now)
            await lots.set_status(
                conn, orderer, lot, LotStatus.PAUSED, now=now, reason=order.reason
            )
            await _tell(conn, orderer, lot, order, kind=NoticeKind.SUSPENSION, now=now)
        case "resume":
            # a suspension by the engine that was resumed before it was written down is written down first
            lot = await suspensions.follow(conn, lot, now=now)
            if lot.status is LotStatus.PAUSED:
                await lots.set_status(
                    conn, orderer, lot, LotStatus.OPEN, now=now, reason=order.reason
                )
            await _tell(conn, orderer, lot, order, kind=NoticeKind.RESUMPTION, now=now)
            await duties.hasten(conn, Kind.CLOSE_AUCTION, subject_id=lot.id, now=now)
        case "cancel":
            await duties.hasten(conn, Kind.CLOSE_AUCTION, subject_id=lot.id, now=now)
        case _:
            assert order.bidder_id is not None, "a bidder is disqualified"
            bidder = await bidders.for_update(conn, order.bidder_id)
            await bidders.set_status(
                conn, orderer, bidder, BidderStatus.BARRED, now=now, reason=order.reason
            )


async def _tell(
    conn: Connection, orderer: Caller, lot: Lot, order: Order, *, kind: NoticeKind, now: datetime
) -> None:
    await notices.publish_change(
        conn, orderer, lot.id, lot_number=lot.number, kind=kind, reason=order.reason, now=now
    )


def shown(order: Order) -> OrderDone:
    """The order as its giver sees it."""
    return OrderDone(
        id=order.id,
        auction_id=order.lot_id,
        action=order.action,
        state=order.state,
        code=order.code,
    )
