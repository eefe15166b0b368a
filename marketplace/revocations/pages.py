"""The page of a result that is set aside (撤销成交): proposed on a ground of the law, decided by another person."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.remedies import service as remedies
from marketplace.remedies.schemas import OrderRefusal
from marketplace.revocations import service
from marketplace.revocations.http import CHECKER, OPERATOR, PARTIES, WHY
from marketplace.revocations.schemas import Ground, RevocationIn, RevocationView
from marketplace.sales.schemas import Approval

_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)


@get("/lots/{lot_id:uuid}/revocation", opt={POLICY: PARTIES}, **PAGE)
async def revocation_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, lot_id: FromPath[UUID]
) -> Response[str]:
    """What was proposed or done, and the step that comes next; for the lot's venue and consignor."""
    lot = await lots.owned(reader, caller, lot_id)
    found = await _standing(reader, caller, lot_id)
    is_venue = lot.venue_id == caller.organisation_id
    is_open = found is not None and found.state == "PROPOSED"
    may_propose = is_venue and caller.has(Role.VENUE_OPERATOR) and found is None
    return page(
        "revocation.html",
        visitor=visitor_of(request),
        here="",
        lot=lot,
        found=found,
        grounds=list(Ground),
        may_propose=may_propose and lot.status in service.REVOCABLE,
        may_decide=is_open
        and is_venue
        and caller.has(Role.VENUE_CHECKER)
        and found is not None
        and found.proposed_by != caller.user_id,
        may_refuse=is_open and is_venue and caller.has(Role.VENUE_OPERATOR, Role.VENUE_CHECKER),
    )


@post("/lots/{lot_id:uuid}/revocation", opt={POLICY: OPERATOR, REACH: WHY}, **_STEPS)
async def propose_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Propose it on one of the grounds."""
    wanted = given(await form_of(request), RevocationIn)
    await service.propose(conn, caller, lot_id, wanted, now=now)
    return _to(lot_id)


@post("/lots/{lot_id:uuid}/revocation/approval", opt={POLICY: CHECKER, REACH: WHY}, **_STEPS)
async def revoke_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Set the result aside as the page showed it."""
    wanted = given(await form_of(request), Approval)
    await service.revoke(conn, caller, lot_id, wanted, now=now)
    return _to(lot_id)


@post(
    "/lots/{lot_id:uuid}/revocation/{order_id:uuid}/refusal",
    opt={POLICY: _VENUE, REACH: WHY},
    **_STEPS,
)
async def refuse_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    order_id: FromPath[UUID],
) -> Redirect:
    """Refuse what was proposed, or take one's own proposal back; the result stays."""
    wanted = given(await form_of(request), OrderRefusal)
    await remedies.refuse(conn, caller, lot_id, order_id, wanted.reason, now=now)
    return _to(lot_id)


async def _standing(reader: Connection, caller: Caller, lot_id: UUID) -> RevocationView | None:
    try:
        return await service.of_lot(reader, caller, lot_id)
    except NotFound:
        return None


def _to(lot_id: UUID) -> Redirect:
    return Redirect(f"/lots/{lot_id}/revocation", status_code=303)


routes: list[HTTPRouteHandler] = [revocation_page, propose_by_form, revoke_by_form, refuse_by_form]
