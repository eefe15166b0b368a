"""The operations of valuation_orders. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.valuation_orders import schemas as valuation_orders_schemas


class ValuationOrders:
    """Operations of valuation_orders."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_orders(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[valuation_orders_schemas.Order]:
        """What my bank ordered, or what I was asked for as a valuer; newest first.

        `GET /v1/valuation-orders`
        """
        return await self._calls.struct(
            "GET",
            "/v1/valuation-orders",
            edge_cursors.Page[valuation_orders_schemas.Order],
            query={"cursor": cursor, "limit": limit},
        )

    async def place_order(
        self, data: valuation_orders_schemas.OrderIn, *, key: str | None = None
    ) -> valuation_orders_schemas.Order:
        """Ask a valuer for a report about rights of my bank.

        `POST /v1/valuation-orders`
        """
        return await self._calls.struct(
            "POST",
            "/v1/valuation-orders",
            valuation_orders_schemas.Order,
            body=data,
            key=key or new_key(),
        )

    async def get_order(self, order_id: UUID) -> valuation_orders_schemas.Order:
        """An order with the rights that it is about.

        `GET /v1/valuation-orders/{order_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/valuation-orders/{order_id}", valuation_orders_schemas.Order
        )

    async def decline_order(
        self, order_id: UUID, data: valuation_orders_schemas.RefusalIn, *, key: str | None = None
    ) -> valuation_orders_schemas.Order:
        """Decline, with the reason.

        `POST /v1/valuation-orders/{order_id}/declination`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/valuation-orders/{order_id}/declination",
            valuation_orders_schemas.Order,
            body=data,
            key=key or new_key(),
        )

    async def deliver_report(
        self, order_id: UUID, data: valuation_orders_schemas.ReportIn, *, key: str | None = None
    ) -> valuation_orders_schemas.Order:
        """Hand in my report: it stands in the bank's books as an external valuation.

        `POST /v1/valuation-orders/{order_id}/report`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/valuation-orders/{order_id}/report",
            valuation_orders_schemas.Order,
            body=data,
            key=key or new_key(),
        )

    async def withdraw_order(
        self, order_id: UUID, data: valuation_orders_schemas.RefusalIn, *, key: str | None = None
    ) -> valuation_orders_schemas.Order:
        """Withdraw an order of my bank that nobody has answered.

        `POST /v1/valuation-orders/{order_id}/withdrawal`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/valuation-orders/{order_id}/withdrawal",
            valuation_orders_schemas.Order,
            body=data,
            key=key or new_key(),
        )
