"""Routes of orders for a valuation (委托评估)."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.organisations.schemas import Role
from marketplace.valuation_orders import service
from marketplace.valuation_orders.schemas import Order, OrderIn, RefusalIn, ReportIn

_MAKER, _VALUER = allow(Role.BANK_MAKER), allow(Role.VALUER)
READERS = allow(Role.BANK_MAKER, Role.BANK_CHECKER, Role.VALUER)


def _step(path: str, policy: Any, *, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/valuation-orders/{{order_id:uuid}}/{path}",
        "opt": {"policy": policy},
        "summary": summary,
        "status_code": 200,
    }


@post("/v1/valuation-orders", opt={"policy": _MAKER}, summary="Order a valuation 委托评估")
async def place_order(conn: Conn, caller: Me, now: Now, data: JSONBody[OrderIn]) -> Response[Order]:
    """Ask a valuer for a report about rights of my bank."""
    order = await service.place(conn, caller, data, now=now)
    return Response(order, headers={"Location": f"/v1/valuation-orders/{order.id}"})


@get("/v1/valuation-orders", opt={"policy": READERS}, summary="Orders 评估委托列表")
async def list_orders(reader: Conn, caller: Me, position: At) -> Page[Order]:
    """What my bank ordered, or what I was asked for as a valuer; newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda one: one.id)


@get("/v1/valuation-orders/{order_id:uuid}", opt={"policy": READERS}, summary="An order 评估委托")
async def get_order(reader: Conn, caller: Me, order_id: FromPath[UUID]) -> Order:
    """An order with the rights that it is about."""
    return await service.get(reader, caller, order_id)


@post(**_step("report", _VALUER, summary="Hand in the report 提交评估报告"))
async def deliver_report(
    conn: Conn, caller: Me, now: Now, order_id: FromPath[UUID], data: JSONBody[ReportIn]
) -> Order:
    """Hand in my report: it stands in the bank's books as an external valuation."""
    return await service.deliver(conn, caller, order_id, data, now=now)


@post(**_step("declination", _VALUER, summary="Decline 谢绝委托"))
async def decline_order(
    conn: Conn, caller: Me, now: Now, order_id: FromPath[UUID], data: JSONBody[RefusalIn]
) -> Order:
    """Decline, with the reason."""
    return await service.decline(conn, caller, order_id, data.reason, now=now)


@post(**_step("withdrawal", _MAKER, summary="Withdraw 撤回委托"))
async def withdraw_order(
    conn: Conn, caller: Me, now: Now, order_id: FromPath[UUID], data: JSONBody[RefusalIn]
) -> Order:
    """Withdraw an order of my bank that nobody has answered."""
    return await service.withdraw(conn, caller, order_id, data.reason, now=now)


routes: list[HTTPRouteHandler] = [
    place_order,
    list_orders,
    get_order,
    deliver_report,
    decline_order,
    withdraw_order,
]
