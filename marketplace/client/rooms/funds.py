"""The operations of funds. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.funds import schemas as funds_schemas


class Funds:
    """Operations of funds."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_fund(self, fund_id: UUID) -> funds_schemas.Fund:
        """Balance, promises, advances, and what can still be promised.

        `GET /v1/funds/{fund_id}`
        """
        return await self._calls.struct("GET", f"/v1/funds/{fund_id}", funds_schemas.Fund)

    async def contribute(
        self, fund_id: UUID, data: funds_schemas.ContributionIn, *, key: str | None = None
    ) -> funds_schemas.Fund:
        """Book money that was paid into my fund's special account (专户).

        `POST /v1/funds/{fund_id}/contributions`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/funds/{fund_id}/contributions",
            funds_schemas.Fund,
            body=data,
            key=key or new_key(),
        )
