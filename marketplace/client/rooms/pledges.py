"""The operations of pledges. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.pledges import schemas as pledges_schemas


class Pledges:
    """Operations of pledges."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_ranked(self, asset_id: UUID) -> list[pledges_schemas.RankedPledge]:
        """The pledges that stand over a right that I may see, the first to be paid first.

        `GET /v1/assets/{asset_id}/pledges`
        """
        return await self._calls.struct(
            "GET", f"/v1/assets/{asset_id}/pledges", list[pledges_schemas.RankedPledge]
        )

    async def list_pledges(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[pledges_schemas.Pledge]:
        """Those that I may see: my bank's, those consigned to my venue, or all for supervisors.

        `GET /v1/pledges`
        """
        return await self._calls.struct(
            "GET",
            "/v1/pledges",
            edge_cursors.Page[pledges_schemas.Pledge],
            query={"cursor": cursor, "limit": limit},
        )

    async def register_pledge(
        self, data: pledges_schemas.NewPledge, *, key: str | None = None
    ) -> pledges_schemas.Pledge:
        """Enter a pledge of my bank.

        `POST /v1/pledges`
        """
        return await self._calls.struct(
            "POST", "/v1/pledges", pledges_schemas.Pledge, body=data, key=key or new_key()
        )

    async def get_pledge(self, pledge_id: UUID) -> pledges_schemas.Pledge:
        """One pledge that I may see.

        `GET /v1/pledges/{pledge_id}`
        """
        return await self._calls.struct("GET", f"/v1/pledges/{pledge_id}", pledges_schemas.Pledge)

    async def list_changes(self, pledge_id: UUID) -> list[pledges_schemas.RecordedChange]:
        """What was changed in a pledge that I may see, oldest first.

        `GET /v1/pledges/{pledge_id}/changes`
        """
        return await self._calls.struct(
            "GET", f"/v1/pledges/{pledge_id}/changes", list[pledges_schemas.RecordedChange]
        )

    async def change_pledge(
        self,
        pledge_id: UUID,
        data: pledges_schemas.PledgeChange,
        version: int,
        *,
        key: str | None = None,
    ) -> pledges_schemas.Pledge:
        """What the office changed in the registration: pledgees, shares, amount, or rights released.

        `POST /v1/pledges/{pledge_id}/changes`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/pledges/{pledge_id}/changes",
            pledges_schemas.Pledge,
            body=data,
            version=version,
            key=key or new_key(),
        )

    async def move_pledge(
        self, pledge_id: UUID, data: pledges_schemas.PledgeMove, *, key: str | None = None
    ) -> pledges_schemas.Pledge:
        """Ask for the cancellation (`cancel_pending`), record it (`cancelled`), or its refusal
        (`registered`).

        `POST /v1/pledges/{pledge_id}/state`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/pledges/{pledge_id}/state",
            pledges_schemas.Pledge,
            body=data,
            key=key or new_key(),
        )
