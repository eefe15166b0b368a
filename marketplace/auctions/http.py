"""Routes of auctions (竞价): bids, hidden maxima, state, record, live events, receipts, bundle, operator's orders.

A bid opens no transaction. Its Idempotency-Key is its id in the engine, which answers a repetition as the first time.
"""

import re
from datetime import datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from auction_engine.rules.commands import Command
from kit.errors import InvalidInput, NotFound
from kit.reach import Scope, enter
from marketplace.auctions import bidding, evidence, orders, other_bids, service
from marketplace.auctions.answering import answered, engine_id_of
from marketplace.auctions.controls import require_resumption
from marketplace.auctions.hall import Hall
from marketplace.auctions.live import Seat
from marketplace.auctions.schemas import (
    AuctionState,
    BidAccepted,
    BidIn,
    BidProblem,
    DisqualifyIn,
    OrderDone,
    OrderIn,
    ProxyIn,
    ReceiptList,
    RecordPage,
    ResumeIn,
)
from marketplace.edge.addresses import address_of
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.documentation import ALSO
from marketplace.edge.idempotency import key_of
from marketplace.edge.identity import identity_of
from marketplace.edge.ingress import Ingress
from marketplace.edge.policies import allow, public
from marketplace.edge.reach import REACH
from marketplace.edge.transactions import reader_of
from marketplace.lots import service as lots
from marketplace.lots.schemas import Lot
from marketplace.organisations.authorities import Area
from marketplace.organisations.gate import network_of
from marketplace.organisations.schemas import Caller, Role

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "Withdrawal lets the bidders and the bank's consignment go."
_AGENCY = allow(Role.AGENCY_BIDDER)
_OPERATOR = allow(Role.VENUE_OPERATOR)
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
#: Who may ask for a bundle at all; `evidence.export` then looks whose the auction is.
_BUNDLE = allow(
    Role.AUDITOR,
    Role.REGULATOR,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.AGENCY_BIDDER,
    areas=(Area.SALES,),
)
_SMALL_BODY = 4 * 1024
_POSITION = re.compile(r"[0-9]{1,18}\Z")
_AnyRequest = Request[Any, Any, Any]
#: Positions in the record, as PostgreSQL counts them.
_After: TypeAlias = Annotated[int, QueryParameter(ge=0, le=2**63 - 1)]
_AfterOrNone: TypeAlias = Annotated[int | None, QueryParameter(ge=0, le=2**63 - 1)]


@post(
    "/v1/auctions/{auction_id:uuid}/bids",
    opt={"policy": _AGENCY, "idempotency": "own", "idempotency_key_max": bidding.BID_ID_MAX},
    status_code=200,
    request_max_body_size=_SMALL_BODY,
    middleware=[Ingress],
    summary="Bid 出价",
)
async def place_bid(
    request: _AnyRequest, caller: Me, auction_id: FromPath[UUID], data: JSONBody[BidIn]
) -> Response[BidAccepted | BidProblem]:
    """Place a manual bid under my paddle. 200: it counts, with its receipt. 409: refused. 503: not decided, send it
    again under the same key. 504 `outcome_unknown`: nobody knows yet, ask again under the same key.
    """
    command = Command(do="bid", value=data.amount_fen, id=engine_id_of(request))
    return await answered(request, caller, auction_id, command)


@post(
    "/v1/auctions/{auction_id:uuid}/proxies",
    opt={"policy": _AGENCY, "idempotency": "own", "idempotency_key_max": bidding.BID_ID_MAX},
    status_code=200,
    request_max_body_size=_SMALL_BODY,
    middleware=[Ingress],
    summary="Hidden maximum 委托出价",
)
async def place_proxy(
    request: _AnyRequest, caller: Me, auction_id: FromPath[UUID], data: JSONBody[ProxyIn]
) -> Response[BidAccepted | BidProblem]:
    """Set my hidden maximum: the engine bids for it, one step at a time. Until the auction is final no other user of
    the venue sees it; then those do who may read its bundle, because a replay needs it.
    """
    command = Command(do="proxy", value=data.max_fen, id=engine_id_of(request))
    return await answered(request, caller, auction_id, command)


@get("/v1/auctions/{auction_id:uuid}", opt={"policy": public()}, summary="State 竞价状态")
async def get_auction(reader: Conn, now: Now, auction_id: FromPath[UUID]) -> AuctionState:
    """The public state as of the last journalled batch: never a maximum, never a reserve."""
    return await service.state(reader, auction_id, now=now)


@get("/v1/auctions/{auction_id:uuid}/bids", opt={"policy": public()}, summary="Record 竞价记录")
async def get_record(
    reader: Conn, now: Now, auction_id: FromPath[UUID], after: _After = 0
) -> RecordPage:
    """The public record after a position, in the order decided: paddles only, refusals included."""
    state = await service.state(reader, auction_id, now=now)
    entries = await service.record(reader, auction_id, after=after)
    last = entries[-1].position if entries else state.position
    return RecordPage(items=entries, next_position=last if last < state.position else None)


@get(
    "/v1/auctions/{auction_id:uuid}/events",
    opt={"policy": public()},
    summary="Live events 实时事件",
    media_type="text/event-stream",
)
async def watch_auction(
    request: _AnyRequest, auction_id: FromPath[UUID], after: _AfterOrNone = None
) -> Stream:
    """Server-sent events `state`, `record` and `clock`; who comes back with `Last-Event-ID` misses nothing.

    `after` says the same for who read the record up to that position before.
    """
    feed = _hall(request).feed
    last = _last_event(request)
    seat = _seat(request)
    await feed.open(auction_id, seat=seat)
    return Stream(
        feed.watch(auction_id, after=after if last is None else last, seat=seat),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@get(
    "/v1/auctions/{auction_id:uuid}/receipts",
    opt={"policy": _AGENCY},
    summary="My receipts 我的出价凭证",
)
async def list_receipts(
    request: _AnyRequest, reader: Conn, caller: Me, auction_id: FromPath[UUID]
) -> ReceiptList:
    """The proofs of all that my paddle sent and that was decided and journalled."""
    hall = _hall(request)
    paddle = await hall.paddles.of(auction_id, caller.organisation_id, conn=reader)
    found = await service.receipts(reader, auction_id, paddle, key=hall.key, mode=hall.mode)
    return ReceiptList(items=found)


@get(
    "/v1/auctions/{auction_id:uuid}/bids/{bid_id:str}",
    opt={"policy": _AGENCY},
    summary="My bid 我的出价",
)
async def get_bid(
    request: _AnyRequest,
    reader: Conn,
    caller: Me,
    auction_id: FromPath[UUID],
    bid_id: FromPath[str],
) -> ReceiptList:
    """What became of a bid of mine, by its id; `NotFound` while it is not journalled, which it may never be."""
    hall = _hall(request)
    paddle = await hall.paddles.of(auction_id, caller.organisation_id, conn=reader)
    found = await service.receipts(reader, auction_id, paddle, key=hall.key, mode=hall.mode)
    own = [receipt for receipt in found if receipt.command[4] == bid_id]
    if not own:
        raise NotFound(
            f"bid {bid_id} is not journalled; send it again under the same key to learn its outcome",
            f"出价 {bid_id} 尚未记录，请以同一编号重新提交以获知结果",
        )
    return ReceiptList(items=own)


@get(
    "/v1/auctions/{auction_id:uuid}/bundle",
    opt={"policy": _BUNDLE},
    summary="Bundle 存证包",
    media_type="application/jsonl",
)
async def get_bundle(
    request: _AnyRequest, caller: Me, auction_id: FromPath[UUID]
) -> Response[bytes]:
    """Everything needed to verify rules, winner and price without trusting the venue; once the auction is final.

    It shows the reserve and every hidden maximum. So it is for auditor, regulator, the lot's venue and the consigning
    bank, and for who held a deposit in the auction only if the lot was sold (`bundle_withheld` otherwise).
    """
    hall = _hall(request)
    async with (
        hall.pool.acquire() as conn,
        conn.transaction(isolation="repeatable_read", readonly=True),
    ):
        # `market.oversees_lot` asks which authority reads.
        await enter(conn, Scope.ALL, str(caller.organisation_id), str(caller.organisation_kind))
        bundle = await evidence.export(conn, caller, auction_id, key=hall.key, mode=hall.mode)
    return Response(
        bundle,
        media_type="application/jsonl",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{auction_id}.bundle.jsonl"',
        },
    )


@post(
    "/v1/auctions/{auction_id:uuid}/suspend",
    opt={"policy": _OPERATOR, "idempotency": "own", ALSO: (202, 409)},
    status_code=200,
    summary="Suspend 暂停竞价",
)
async def suspend_auction(
    request: _AnyRequest, caller: Me, now: Now, auction_id: FromPath[UUID], data: JSONBody[OrderIn]
) -> Response[OrderDone]:
    """Stop the auction's clock; the reason is published."""
    key = key_of(request)
    return await _order(
        request, caller, auction_id, action="suspend", reason=data.reason, key=key, now=now
    )


@post(
    "/v1/auctions/{auction_id:uuid}/resume",
    opt={"policy": _OPERATOR, "idempotency": "own", ALSO: (202, 409)},
    status_code=200,
    summary="Resume 恢复竞价",
)
async def resume_auction(
    request: _AnyRequest, caller: Me, now: Now, auction_id: FromPath[UUID], data: JSONBody[ResumeIn]
) -> Response[OrderDone]:
    """Let the auction's clock go on with the time that was left; with `resume_at`, then, and announced now.

    A judicial sale is resumed an hour from now at the earliest, within five days after the cause of the pause ended.
    """
    key = key_of(request)
    async with reader_of(request) as reader:
        lot = await lots.owned(reader, caller, auction_id)
    require_resumption(
        lot.regime,
        is_shortened=lot.shortened_times,
        resume_at=data.resume_at,
        cause_ended_at=data.cause_ended_at,
        now=now,
    )
    return await _order(
        request,
        caller,
        auction_id,
        action="resume",
        reason=data.reason,
        key=key,
        now=now,
        not_before=data.resume_at,
    )


@post(
    "/v1/auctions/{auction_id:uuid}/cancel",
    opt={"policy": _OPERATOR, "idempotency": "own", ALSO: (202, 409)},
    status_code=200,
    summary="Cancel 终止竞价",
)
async def cancel_auction(
    request: _AnyRequest, caller: Me, now: Now, auction_id: FromPath[UUID], data: JSONBody[OrderIn]
) -> Response[OrderDone]:
    """End the auction without a winner; deposits go back. In a judicial sale another person approves."""
    key = key_of(request)
    return await _order(
        request, caller, auction_id, action="cancel", reason=data.reason, key=key, now=now
    )


@post(
    "/v1/auctions/{auction_id:uuid}/disqualify",
    opt={"policy": _OPERATOR, "idempotency": "own", ALSO: (202, 409)},
    status_code=200,
    summary="Disqualify 取消竞买资格",
)
async def disqualify_paddle(
    request: _AnyRequest,
    caller: Me,
    now: Now,
    auction_id: FromPath[UUID],
    data: JSONBody[DisqualifyIn],
) -> Response[OrderDone]:
    """Bar a paddle and void its bids; its deposit stays held until it is decided upon.

    In a judicial sale another person approves.
    """
    return await _order(
        request,
        caller,
        auction_id,
        action="disqualify",
        reason=data.reason,
        key=key_of(request),
        now=now,
        paddle=data.paddle,
    )


@post(
    "/v1/auctions/{auction_id:uuid}/orders/{order_id:uuid}/approve",
    opt={"policy": allow(Role.VENUE_CHECKER), "idempotency": "none", ALSO: (202, 409)},
    status_code=200,
    summary="Approve an order 复核指令",
)
async def approve_order(
    request: _AnyRequest,
    caller: Me,
    now: Now,
    auction_id: FromPath[UUID],
    order_id: FromPath[UUID],
) -> Response[OrderDone]:
    """Agree to an order that the regime asks two people for; it is carried out at once. Again, it says what became."""
    hall = _hall(request)
    async with hall.pool.acquire() as conn, conn.transaction():
        await orders.approve(conn, caller, auction_id, order_id, now=now)
    return await _carried_out(hall, order_id, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/withdraw",
    opt={"policy": _VENUE, REACH: _WHY},
    summary="Withdraw 撤回标的",
)
async def withdraw_lot(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[OrderIn]
) -> Lot:
    """Take a lot back before its auction is set up; the reason is published where the lot was."""
    return await orders.withdraw(conn, caller, lot_id, reason=data.reason, now=now)


async def _order(
    request: _AnyRequest,
    caller: Caller,
    auction_id: UUID,
    *,
    action: str,
    reason: str,
    key: str,
    now: Any,
    paddle: int | None = None,
    not_before: datetime | None = None,
) -> Response[OrderDone]:
    """Write the order down, then have it carried out; where the engine can't be asked, a job will (202)."""
    hall = _hall(request)
    async with hall.pool.acquire() as conn, conn.transaction():
        order_id = await orders.give(
            conn,
            caller,
            auction_id,
            action=action,
            reason=reason,
            key=key,
            now=now,
            paddle=paddle,
            asks_second=True,
            not_before=not_before,
        )
    return await _carried_out(hall, order_id, now=now)


async def _carried_out(hall: Hall, order_id: UUID, *, now: datetime) -> Response[OrderDone]:
    try:
        done = await orders.carry_out(hall.pool, hall.engine, order_id, now=now)
    except orders.NOT_ASKED:
        async with hall.pool.acquire() as conn:
            done = orders.shown(await orders.get(conn, order_id))
    status = {"done": 200, "pending": 202, "proposed": 202, "refused": 409}[done.state]
    return Response(done, status_code=status, media_type=MediaType.JSON)


def _hall(request: _AnyRequest) -> Hall:
    hall: Hall = request.app.state.resources.hall
    return hall


def _seat(request: _AnyRequest) -> Seat:
    """Whose seat at the feed a watcher takes: a person's own, or one of an address's network."""
    identity = identity_of(request)
    if identity is not None:
        return Seat(str(identity.caller.user_id), is_known=True)
    return Seat(network_of(address_of(request)), is_known=False)


def _last_event(request: _AnyRequest) -> int | None:
    given = request.headers.get("last-event-id", "")
    if not given:
        return None
    if not _POSITION.match(given):
        raise InvalidInput(
            "Last-Event-ID", "must be the id of an event that was sent", "须为收到的事件编号"
        )
    return int(given)


routes: list[HTTPRouteHandler] = [
    place_bid,
    place_proxy,
    get_auction,
    get_record,
    watch_auction,
    list_receipts,
    get_bid,
    get_bundle,
    suspend_auction,
    resume_auction,
    cancel_auction,
    disqualify_paddle,
    approve_order,
    withdraw_lot,
    *other_bids.routes,
]
