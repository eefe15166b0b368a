"""Routes of changed notices (重新披露) and extended listings (延牌)."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.disclosures import service
from marketplace.disclosures.schemas import (
    DisclosureChange,
    DisclosureChangeList,
    RedisclosureDecision,
    RedisclosureIn,
)
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow, public
from marketplace.edge.reach import REACH
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Role

#: Why what changes here reaches over organisations (`edge.reach`).
WHY = "A notice is disclosed anew from the bank's consignment and reports."
OPERATOR = allow(Role.VENUE_OPERATOR)
CHECKER = allow(Role.VENUE_CHECKER)
PARTIES = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)


@post(
    "/v1/lots/{lot_id:uuid}/redisclosure",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Propose a changed notice 提出重新披露",
)
async def propose_redisclosure(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[RedisclosureIn]
) -> DisclosureChange:
    """Propose other words or later times for my lot's notice; refused with the article where it stands too short."""
    return await service.propose(conn, caller, lot_id, data, now=now)


@get(
    "/v1/lots/{lot_id:uuid}/redisclosure",
    opt={"policy": PARTIES},
    summary="Changed notice proposed 待复核的重新披露",
)
async def get_redisclosure(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> DisclosureChange:
    """The change that waits for another person's decision."""
    return await service.waiting(reader, caller, lot_id)


@post(
    "/v1/lots/{lot_id:uuid}/redisclosure/decision",
    opt={"policy": CHECKER, REACH: WHY},
    summary="Disclose anew 重新披露复核",
)
async def decide_redisclosure(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[RedisclosureDecision]
) -> DisclosureChange:
    """Publish the changed notice as shown, or refuse it; not by the person who proposed it."""
    return await service.decide(conn, caller, lot_id, data, now=now)


@get(
    "/v1/lots/{lot_id:uuid}/disclosure-changes",
    opt={"policy": public()},
    summary="Changes of the notice 公告变更记录",
)
async def list_disclosure_changes(reader: Conn, lot_id: FromPath[UUID]) -> DisclosureChangeList:
    """How often the listing was extended, and what was disclosed anew, oldest first."""
    await lots.public(reader, lot_id)
    return DisclosureChangeList(items=await service.published(reader, lot_id))


routes: list[HTTPRouteHandler] = [
    propose_redisclosure,
    get_redisclosure,
    decide_redisclosure,
    list_disclosure_changes,
]
