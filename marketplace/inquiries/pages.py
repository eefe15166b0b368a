"""The page of a lot's viewings (看样): when it can be viewed, and the form by which its venue offers a time."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.sql import Connection
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.inquiries import service
from marketplace.inquiries.schemas import SlotIn
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given, in_china
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of

_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/lots/{lot_id:uuid}/viewings", opt={POLICY: _VENUE}, **PAGE)
async def viewings_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """The times at which my venue's lot can be viewed, with the places left."""
    return await _shown(request, reader, caller, lot_id, Form(), now=now)


@post("/lots/{lot_id:uuid}/viewings", opt={POLICY: allow(Role.VENUE_OPERATOR)}, **_STEPS)
async def offer_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Offer a time, before the sale opens."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            slot = given(in_china(fields, "starts_at", "ends_at"), SlotIn)
            await service.offer_slot(conn, caller, lot_id, slot, now=now)
    except REFUSALS as error:
        form = Form(values=fields, error=error)
        return await _shown(request, conn, caller, lot_id, form, now=now)
    return Redirect(f"/lots/{lot_id}/viewings", status_code=303)


async def _shown(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    form: Form,
    *,
    now: datetime,
) -> Response[str]:
    lot = await lots.owned(conn, caller, lot_id)
    return page(
        "viewings.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        lot=lot,
        slots=await service.slots(conn, lot_id),
        may_offer=caller.has(Role.VENUE_OPERATOR) and now < lot.opens_at,
        form=form,
    )


routes: list[HTTPRouteHandler] = [viewings_page, offer_by_form]
