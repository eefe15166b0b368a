"""Routes of conflicts (利害关系与禁入): the venue's register of barred parties, an organisation's group."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.conflicts import service
from marketplace.conflicts.schemas import (
    BarredParty,
    BarredPartyIn,
    GroupMember,
    GroupMemberIn,
    GroupMemberList,
    LiftIn,
)
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.organisations.schemas import Role

_OPERATOR = allow(Role.VENUE_OPERATOR)
_CHECKER = allow(Role.VENUE_CHECKER)
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
#: Whose group keeps others from bidding: the sellers' side.
_SELLERS = allow(Role.BANK_MAKER, Role.VENUE_OPERATOR)


@post("/v1/barred-parties", opt={"policy": _OPERATOR}, summary="Bar a party 登记禁入主体")
async def bar_party(conn: Conn, caller: Me, now: Now, data: JSONBody[BarredPartyIn]) -> BarredParty:
    """Enter somebody who may not bid at my venue: court, staff, close relatives, defaulters (art. 34)."""
    return await service.bar(conn, caller, data, now=now)


@get("/v1/barred-parties", opt={"policy": _VENUE}, summary="Barred parties 禁入名单")
async def list_barred(reader: Conn, caller: Me, position: At) -> Page[BarredParty]:
    """My venue's register, newest first, lifted entries too."""
    found = await service.barred(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda entry: entry.id)


@post(
    "/v1/barred-parties/{entry_id:uuid}/lift",
    opt={"policy": _CHECKER},
    summary="Lift a bar 解除禁入",
)
async def lift_bar(
    conn: Conn, caller: Me, now: Now, entry_id: FromPath[UUID], data: JSONBody[LiftIn]
) -> BarredParty:
    """Let somebody bid again; by another person than who entered it."""
    return await service.lift(conn, caller, entry_id, reason=data.reason, now=now)


@post("/v1/group-members", opt={"policy": _SELLERS}, summary="Group member 登记关联方")
async def add_group_member(
    conn: Conn, caller: Me, now: Now, data: JSONBody[GroupMemberIn]
) -> GroupMember:
    """Enter somebody of my organisation's group: they may not bid for what it sells."""
    return await service.add_member(conn, caller, data, now=now)


@get("/v1/group-members", opt={"policy": _SELLERS}, summary="Group 关联方名单")
async def list_group(reader: Conn, caller: Me) -> GroupMemberList:
    """My organisation's group."""
    return GroupMemberList(items=await service.members(reader, caller))


@post(
    "/v1/group-members/{member_id:uuid}/end",
    opt={"policy": _SELLERS},
    summary="End membership 关联关系终止",
)
async def end_group_member(
    conn: Conn, caller: Me, now: Now, member_id: FromPath[UUID], data: JSONBody[LiftIn]
) -> GroupMember:
    """Somebody does not belong to my organisation's group any more."""
    return await service.end_member(conn, caller, member_id, reason=data.reason, now=now)


routes: list[HTTPRouteHandler] = [
    bar_party,
    list_barred,
    lift_bar,
    add_group_member,
    list_group,
    end_group_member,
]
