"""The operations of subscriptions. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.subscriptions import schemas as subscriptions_schemas


class Subscriptions:
    """Operations of subscriptions."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_kept_searches(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[subscriptions_schemas.Subscription]:
        """The kept searches of my organisation, newest first.

        `GET /v1/search-subscriptions`
        """
        return await self._calls.struct(
            "GET",
            "/v1/search-subscriptions",
            edge_cursors.Page[subscriptions_schemas.Subscription],
            query={"cursor": cursor, "limit": limit},
        )

    async def keep_search(
        self, data: subscriptions_schemas.SubscriptionIn, *, key: str | None = None
    ) -> subscriptions_schemas.Subscription:
        """Keep a search: each lot that is published from now on and holds its words is found for my
        organisation.

        `POST /v1/search-subscriptions`
        """
        return await self._calls.struct(
            "POST",
            "/v1/search-subscriptions",
            subscriptions_schemas.Subscription,
            body=data,
            key=key or new_key(),
        )

    async def end_kept_search(
        self, subscription_id: UUID, *, key: str | None = None
    ) -> subscriptions_schemas.Subscription:
        """Keep a search no longer; what it found stays.

        `POST /v1/search-subscriptions/{subscription_id}/end`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/search-subscriptions/{subscription_id}/end",
            subscriptions_schemas.Subscription,
            key=key or new_key(),
        )

    async def list_hits(self, subscription_id: UUID) -> subscriptions_schemas.HitList:
        """What a kept search found, newest first.

        `GET /v1/search-subscriptions/{subscription_id}/hits`
        """
        return await self._calls.struct(
            "GET", f"/v1/search-subscriptions/{subscription_id}/hits", subscriptions_schemas.HitList
        )
