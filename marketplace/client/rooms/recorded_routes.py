"""The operations of recorded_routes. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.plans import schemas as plans_schemas
from marketplace.recorded_routes import schemas as recorded_routes_schemas


class RecordedRoutes:
    """Operations of recorded_routes."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_recorded_routes(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[recorded_routes_schemas.RecordedRoute]:
        """Those of my bank, at my venue, or all for supervisors; newest first.

        `GET /v1/recorded-routes`
        """
        return await self._calls.struct(
            "GET",
            "/v1/recorded-routes",
            edge_cursors.Page[recorded_routes_schemas.RecordedRoute],
            query={"cursor": cursor, "limit": limit},
        )

    async def propose_recorded_route(
        self, data: recorded_routes_schemas.RecordedRouteIn, *, key: str | None = None
    ) -> recorded_routes_schemas.RecordedRoute:
        """Record an equity conversion, investment-loan linkage or securitisation of my consignment.

        `POST /v1/recorded-routes`
        """
        return await self._calls.struct(
            "POST",
            "/v1/recorded-routes",
            recorded_routes_schemas.RecordedRoute,
            body=data,
            key=key or new_key(),
        )

    async def get_recorded_route(self, route_id: UUID) -> recorded_routes_schemas.RecordedRoute:
        """A recorded route with its cash flows.

        `GET /v1/recorded-routes/{route_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/recorded-routes/{route_id}", recorded_routes_schemas.RecordedRoute
        )

    async def decide_recorded_route(
        self, route_id: UUID, data: recorded_routes_schemas.RouteDecision, *, key: str | None = None
    ) -> recorded_routes_schemas.RecordedRoute:
        """Agree to what was recorded, or not; by another person than its proposer.

        `POST /v1/recorded-routes/{route_id}/decide`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/recorded-routes/{route_id}/decide",
            recorded_routes_schemas.RecordedRoute,
            body=data,
            key=key or new_key(),
        )

    async def end_recorded_route(
        self, route_id: UUID, data: plans_schemas.Why, *, key: str | None = None
    ) -> recorded_routes_schemas.RecordedRoute:
        """No more money is expected on this route.

        `POST /v1/recorded-routes/{route_id}/end`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/recorded-routes/{route_id}/end",
            recorded_routes_schemas.RecordedRoute,
            body=data,
            key=key or new_key(),
        )

    async def add_recorded_flow(
        self, route_id: UUID, data: recorded_routes_schemas.FlowIn, *, key: str | None = None
    ) -> recorded_routes_schemas.RecordedRoute:
        """Enter money that came in, once a reference; it is shared as a recovery.

        `POST /v1/recorded-routes/{route_id}/flows`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/recorded-routes/{route_id}/flows",
            recorded_routes_schemas.RecordedRoute,
            body=data,
            key=key or new_key(),
        )
