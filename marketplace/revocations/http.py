"""Routes of results that are set aside (撤销成交)."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Role
from marketplace.revocations import service
from marketplace.revocations.schemas import RevocationIn, RevocationView
from marketplace.sales.schemas import Approval

#: Why what changes here reaches over organisations (`edge.reach`).
WHY = "Setting a result aside gives its buyer the money back and the bank its consignment."
OPERATOR = allow(Role.VENUE_OPERATOR)
CHECKER = allow(Role.VENUE_CHECKER)
PARTIES = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)


@post(
    "/v1/lots/{lot_id:uuid}/revocation",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Propose revocation 提出撤销成交",
)
async def propose_revocation(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[RevocationIn]
) -> RevocationView:
    """Propose that a result be set aside on one of the grounds of the law; another person agrees."""
    return await service.propose(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/revocation/approve",
    opt={"policy": CHECKER, REACH: WHY},
    summary="Revoke 撤销成交复核",
)
async def revoke_sale(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Approval]
) -> RevocationView:
    """Set the result aside as shown: price and deposit go back, a notice says so, the rights can be offered anew."""
    return await service.revoke(conn, caller, lot_id, data, now=now)


@get(
    "/v1/lots/{lot_id:uuid}/revocation",
    opt={"policy": PARTIES},
    summary="Revocation 撤销成交",
)
async def get_revocation(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> RevocationView:
    """What was proposed, on which ground, and who decided."""
    return await service.of_lot(reader, caller, lot_id)


routes: list[HTTPRouteHandler] = [propose_revocation, revoke_sale, get_revocation]
