"""The page of orders for a valuation (委托评估): what waits for the valuer, with the form of the report."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kit.sql import Connection
from marketplace.edge.cursors import Position, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.ledgers import service as ledgers
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.filling import REFUSALS, Form, chosen_of
from marketplace.pages.forms import given, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import LONG_FORM_BYTES, PAGE, form_of, visitor_of
from marketplace.pages.work_words import VALUATION_METHODS
from marketplace.valuation_orders import service
from marketplace.valuation_orders.http import READERS
from marketplace.valuation_orders.schemas import OrderIn, RefusalIn, ReportIn

_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
_ORDERS: Final[dict[str, Any]] = {"request_max_body_size": LONG_FORM_BYTES, **PAGE}
_VALUER: Final = allow(Role.VALUER)
_MAKER: Final = allow(Role.BANK_MAKER)


@get("/valuation-orders", opt={POLICY: READERS}, **PAGE)
async def orders_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The orders of my bank, or those for me as a valuer, newest first."""
    return await _listed(request, reader, caller, position, Form())


@get("/valuation-orders/new", opt={POLICY: _MAKER}, **PAGE)
async def new_order_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, case: FromQuery[UUID]
) -> Response[str]:
    """The form by which my bank asks a valuer about a loan's pledged rights."""
    return await _new(request, reader, caller, case, Form(), now=now)


@post("/valuation-orders/new", opt={POLICY: _MAKER}, **_ORDERS)
async def place_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, case: FromQuery[UUID]
) -> Response[Any]:
    """Order the report: from whom, about which rights, what for, by when."""
    fields = await form_of(request)
    chosen = await chosen_of(request, "asset_ids")
    try:
        async with conn.transaction():
            wanted = given(fields, OrderIn, chosen=chosen)
            await service.place(conn, caller, wanted, now=now)
    except REFUSALS as error:
        form = Form(values=fields, chosen=chosen, error=error)
        return await _new(request, conn, caller, case, form, now=now)
    return Redirect("/valuation-orders", status_code=303)


@post("/valuation-orders/{order_id:uuid}/withdrawal", opt={POLICY: _MAKER}, **_STEPS)
async def withdraw_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, order_id: FromPath[UUID]
) -> Redirect:
    """Withdraw an order of my bank that nobody has answered."""
    said = given(await form_of(request), RefusalIn)
    await service.withdraw(conn, caller, order_id, said.reason, now=now)
    return Redirect("/valuation-orders", status_code=303)


@post("/valuation-orders/{order_id:uuid}/report", opt={POLICY: _VALUER}, **_STEPS)
async def deliver_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    position: At,
    order_id: FromPath[UUID],
) -> Response[Any]:
    """Hand in the report, its value in yuan; what was refused is shown as it was written."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            report = given(in_fen(fields, "value"), ReportIn)
            await service.deliver(conn, caller, order_id, report, now=now)
    except REFUSALS as error:
        form = Form(which=f"report-{order_id}", values=fields, error=error)
        return await _listed(request, conn, caller, position, form)
    return Redirect("/valuation-orders", status_code=303)


@post("/valuation-orders/{order_id:uuid}/declination", opt={POLICY: _VALUER}, **_STEPS)
async def decline_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, order_id: FromPath[UUID]
) -> Redirect:
    """Decline, with the reason."""
    refusal = given(await form_of(request), RefusalIn)
    await service.decline(conn, caller, order_id, refusal.reason, now=now)
    return Redirect("/valuation-orders", status_code=303)


async def _listed(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    position: Position,
    form: Form,
) -> Response[str]:
    found = await service.page(conn, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "valuation_orders.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/valuation-orders",
        orders=listed.items,
        next_cursor=listed.next_cursor,
        is_valuer=caller.has(Role.VALUER),
        may_withdraw=caller.has(Role.BANK_MAKER),
        methods=list(VALUATION_METHODS.items()),
        form=form,
    )


async def _new(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    case_id: UUID,
    form: Form,
    *,
    now: datetime,
) -> Response[str]:
    return page(
        "new_valuation_order.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/valuation-orders",
        form=form,
        file=await ledgers.file_of(conn, caller, case_id, now=now),
        valuers=await service.valuers(conn),
    )


routes: list[HTTPRouteHandler] = [
    orders_page,
    new_order_page,
    place_by_form,
    deliver_by_form,
    decline_by_form,
    withdraw_by_form,
]
