"""The page of orders for a valuation (委托评估): what waits for the valuer, with the form of the report."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import InvalidInput
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations.schemas import Role
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.valuation_orders import service
from marketplace.valuation_orders.http import READERS
from marketplace.valuation_orders.schemas import RefusalIn, ReportIn
from marketplace.valuations.kinds import ValuationMethod

_STEPS = {"request_max_body_size": 16 * 1024, **PAGE}
_VALUER = allow(Role.VALUER)


@get("/valuation-orders", opt={POLICY: READERS}, **PAGE)
async def orders_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The orders of my bank, or those for me as a valuer, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "valuation_orders.html",
        visitor=visitor_of(request),
        here="/valuation-orders",
        orders=listed.items,
        next_cursor=listed.next_cursor,
        is_valuer=caller.has(Role.VALUER),
        methods=list(ValuationMethod),
    )


@post("/valuation-orders/{order_id:uuid}/report", opt={POLICY: _VALUER}, **_STEPS)
async def deliver_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, order_id: FromPath[UUID]
) -> Redirect:
    """Hand in the report; the value is given in yuan."""
    fields = await form_of(request)
    yuan = fields.pop("value_yuan", "").strip()
    if not (yuan.isascii() and yuan.isdigit()):
        raise InvalidInput("value_yuan", "must be a whole number of yuan", "须为整数（元）")
    report = given(fields | {"value_fen": str(int(yuan[:14]) * 100)}, ReportIn)
    await service.deliver(conn, caller, order_id, report, now=now)
    return Redirect("/valuation-orders", status_code=303)


@post("/valuation-orders/{order_id:uuid}/declination", opt={POLICY: _VALUER}, **_STEPS)
async def decline_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, order_id: FromPath[UUID]
) -> Redirect:
    """Decline, with the reason."""
    refusal = given(await form_of(request), RefusalIn)
    await service.decline(conn, caller, order_id, refusal.reason, now=now)
    return Redirect("/valuation-orders", status_code=303)


routes: list[HTTPRouteHandler] = [orders_page, deliver_by_form, decline_by_form]
