"""The operations of webhooks. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.webhooks import schemas as webhooks_schemas


class Webhooks:
    """Operations of webhooks."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_endpoints(self) -> webhooks_schemas.EndpointList:
        """My organisation's endpoints, with why one is disabled.

        `GET /v1/webhooks`
        """
        return await self._calls.struct("GET", "/v1/webhooks", webhooks_schemas.EndpointList)

    async def create_endpoint(
        self, data: webhooks_schemas.EndpointIn, *, key: str | None = None
    ) -> webhooks_schemas.NewEndpoint:
        """Have my organisation's changes sent to an https address. The secret is shown once: keep
        it.

        `POST /v1/webhooks`
        """
        return await self._calls.struct(
            "POST", "/v1/webhooks", webhooks_schemas.NewEndpoint, body=data, key=key or new_key()
        )

    async def get_endpoint(self, endpoint_id: UUID) -> webhooks_schemas.Endpoint:
        """One endpoint.

        `GET /v1/webhooks/{endpoint_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/webhooks/{endpoint_id}", webhooks_schemas.Endpoint
        )

    async def change_endpoint(
        self, endpoint_id: UUID, data: webhooks_schemas.EndpointChange, version: int
    ) -> webhooks_schemas.Endpoint:
        """Another address, other kinds; off, or on again: what waited meanwhile is sent then.

        `PATCH /v1/webhooks/{endpoint_id}`
        """
        return await self._calls.struct(
            "PATCH",
            f"/v1/webhooks/{endpoint_id}",
            webhooks_schemas.Endpoint,
            body=data,
            version=version,
        )

    async def list_deliveries(
        self, endpoint_id: UUID, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[webhooks_schemas.Delivery]:
        """The messages to an endpoint, newest first, each with every attempt and its answer.

        `GET /v1/webhooks/{endpoint_id}/deliveries`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/webhooks/{endpoint_id}/deliveries",
            edge_cursors.Page[webhooks_schemas.Delivery],
            query={"cursor": cursor, "limit": limit},
        )

    async def ping_endpoint(
        self, endpoint_id: UUID, *, key: str | None = None
    ) -> webhooks_schemas.Replayed:
        """Send a message of kind `ping` to this endpoint.

        `POST /v1/webhooks/{endpoint_id}/ping`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/webhooks/{endpoint_id}/ping",
            webhooks_schemas.Replayed,
            key=key or new_key(),
        )

    async def replay_changes(
        self, endpoint_id: UUID, data: webhooks_schemas.ReplayIn, *, key: str | None = None
    ) -> webhooks_schemas.Replayed:
        """Send one event, or a range of changes, again; each message has the `webhook-id` of its
        first time.

        `POST /v1/webhooks/{endpoint_id}/replay`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/webhooks/{endpoint_id}/replay",
            webhooks_schemas.Replayed,
            body=data,
            key=key or new_key(),
        )

    async def rotate_secret(
        self, endpoint_id: UUID, *, key: str | None = None
    ) -> webhooks_schemas.Rotated:
        """A new secret, shown once. For a day messages carry the signatures of the old and the new
        one.

        `POST /v1/webhooks/{endpoint_id}/rotate`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/webhooks/{endpoint_id}/rotate",
            webhooks_schemas.Rotated,
            key=key or new_key(),
        )
