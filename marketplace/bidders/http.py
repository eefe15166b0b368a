"""Routes of bidders (竞买人): registration, qualification, deposit (保证金), priority (优先购买权), barring."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.bidders import acknowledging, limits, own_money, service
from marketplace.bidders.origins import origin
from marketplace.bidders.schemas import (
    Acknowledgement,
    Barring,
    Bidder,
    BidderList,
    DepositReceipt,
    LimitChange,
    PriorityClaim,
    Registration,
)
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Role

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "The venue keeps its bidders' registrations, and an agency enters one for another's lot."
_AGENCY = allow(Role.AGENCY_BIDDER)
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_OPERATOR = allow(Role.VENUE_OPERATOR)


@post(
    "/v1/lots/{lot_id:uuid}/bidders",
    opt={"policy": _AGENCY, REACH: _WHY},
    summary="Register 竞买登记",
)
async def register_bidder(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    data: JSONBody[Registration],
) -> Bidder:
    """Register my agency for a lot: the notice acknowledged by its hash, interests stated and declared.

    Refused (`conflict_of_interest`, with all grounds): barred parties, the sellers' groups, who did not pay for the
    same right before, who is one with another bidder, and foreigners where the right is not open to them.
    """
    return await service.register(conn, caller, lot_id, data, now=now, origin=origin(request))


@get("/v1/lots/{lot_id:uuid}/bidders", opt={"policy": _VENUE}, summary="Bidders 竞买人名单")
async def list_bidders(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> BidderList:
    """The bidders of my venue's lot; who holds which paddle is shown once the lot has ended."""
    return BidderList(items=await service.of_lot(reader, caller, lot_id))


@post(
    "/v1/lots/{lot_id:uuid}/bidders/me/acknowledgement",
    opt={"policy": _AGENCY, REACH: _WHY},
    summary="Acknowledge 确认重新披露的公告",
)
async def acknowledge_notice(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Acknowledgement]
) -> Bidder:
    """Acknowledge the notice in force after it was disclosed anew; without it my agency is not admitted."""
    return await acknowledging.acknowledge(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/bidders/me/deposit",
    opt={"policy": _AGENCY, REACH: _WHY},
    summary="Deposit of free money 以可用资金缴纳保证金",
)
async def hold_own_deposit(conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]) -> Bidder:
    """Hold my deposit out of my free money at the lot's venue, such as a deposit that was released there."""
    return await own_money.hold(conn, caller, lot_id, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/bidders/me/limit",
    opt={"policy": _AGENCY, REACH: _WHY},
    summary="Change my limit 调整出价上限",
)
async def change_own_limit(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[LimitChange]
) -> Bidder:
    """Raise, lower or lift the most that my agency may bid, until the end; the engine holds it within seconds.

    Bids and hidden maxima that stand are not touched. The public record says that the paddle's limit changed, not to
    what.
    """
    return await limits.change(conn, caller, lot_id, data, now=now)


@get("/v1/lots/{lot_id:uuid}/bidders/me", opt={"policy": _AGENCY}, summary="Me 我的竞买登记")
async def get_own_bidder(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> Bidder:
    """My agency as a bidder for this lot, with its paddle (号牌)."""
    return await service.own(reader, caller, lot_id)


@get("/v1/my/bidders", opt={"policy": _AGENCY}, summary="My registrations 我的竞买登记列表")
async def list_own_bidders(reader: Conn, caller: Me, position: At) -> Page[Bidder]:
    """Where my agency is registered, newest first."""
    found = await service.of_organisation(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda bidder: bidder.id)


@post(
    "/v1/bidders/{bidder_id:uuid}/qualify",
    opt={"policy": _OPERATOR, REACH: _WHY},
    summary="Qualify 资格确认",
)
async def qualify_bidder(conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID]) -> Bidder:
    """The agency's papers are in order."""
    return await service.qualify(conn, caller, bidder_id, now=now)


@post(
    "/v1/bidders/{bidder_id:uuid}/exemption",
    opt={"policy": _OPERATOR, REACH: _WHY},
    summary="Exempt the applicant creditor 申请执行人免交保证金",
)
async def exempt_creditor(conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID]) -> Bidder:
    """The applicant creditor of a judicial sale need pay only what its claim does not cover of the deposit."""
    return await service.exempt(conn, caller, bidder_id, now=now)


@post(
    "/v1/bidders/{bidder_id:uuid}/deposit",
    opt={"policy": _OPERATOR, REACH: _WHY},
    summary="Deposit 保证金到账",
)
async def receive_deposit(
    conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID], data: JSONBody[DepositReceipt]
) -> Bidder:
    """Book money that the bank reports; once it makes up the deposit, this is held and the paddle given out."""
    return await service.receive_deposit(conn, caller, bidder_id, data, now=now)


@post(
    "/v1/bidders/{bidder_id:uuid}/priority",
    opt={"policy": _OPERATOR, REACH: _WHY},
    summary="Priority 优先权确认",
)
async def confirm_priority(
    conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID], data: JSONBody[PriorityClaim]
) -> Bidder:
    """Confirm a right of first refusal and its rank, before the time stated in the notice."""
    return await service.confirm_priority(conn, caller, bidder_id, data, now=now)


@post(
    "/v1/bidders/{bidder_id:uuid}/bar",
    opt={"policy": _OPERATOR, REACH: _WHY},
    summary="Bar 取消资格",
)
async def bar_bidder(
    conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID], data: JSONBody[Barring]
) -> Bidder:
    """Bar a bidder that has not been admitted yet."""
    return await service.bar(conn, caller, bidder_id, data, now=now)


routes: list[HTTPRouteHandler] = [
    register_bidder,
    list_bidders,
    acknowledge_notice,
    hold_own_deposit,
    change_own_limit,
    get_own_bidder,
    list_own_bidders,
    qualify_bidder,
    exempt_creditor,
    receive_deposit,
    confirm_priority,
    bar_bidder,
]
