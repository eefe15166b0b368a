"""The operations of set_offs. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.set_offs import schemas as set_offs_schemas


class SetOffs:
    """Operations of set_offs."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_set_offs(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[set_offs_schemas.SetOff]:
        """Set-offs of my bank, at my venue, or all for supervisors; newest first.

        `GET /v1/set-offs`
        """
        return await self._calls.struct(
            "GET",
            "/v1/set-offs",
            edge_cursors.Page[set_offs_schemas.SetOff],
            query={"cursor": cursor, "limit": limit},
        )

    async def propose_set_off(
        self, data: set_offs_schemas.SetOffIn, *, key: str | None = None
    ) -> set_offs_schemas.SetOff:
        """Propose that my bank takes the rights of an unsold consignment, at the failed round's
        price at least.

        `POST /v1/set-offs`
        """
        return await self._calls.struct(
            "POST", "/v1/set-offs", set_offs_schemas.SetOff, body=data, key=key or new_key()
        )

    async def get_set_off(self, set_off_id: UUID) -> set_offs_schemas.SetOff:
        """A set-off with its price, and until when the bank must have disposed of what it took.

        `GET /v1/set-offs/{set_off_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/set-offs/{set_off_id}", set_offs_schemas.SetOff
        )

    async def decide_set_off(
        self, set_off_id: UUID, data: set_offs_schemas.SetOffDecision, *, key: str | None = None
    ) -> set_offs_schemas.SetOff:
        """Agree to the price shown, or not; by another person than its proposer. The price counts as
        recovered.

        `POST /v1/set-offs/{set_off_id}/decide`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/set-offs/{set_off_id}/decide",
            set_offs_schemas.SetOff,
            body=data,
            key=key or new_key(),
        )

    async def dispose_set_off(
        self, set_off_id: UUID, data: set_offs_schemas.Disposal, *, key: str | None = None
    ) -> set_offs_schemas.SetOff:
        """Say how my bank disposed of what it had taken.

        `POST /v1/set-offs/{set_off_id}/disposal`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/set-offs/{set_off_id}/disposal",
            set_offs_schemas.SetOff,
            body=data,
            key=key or new_key(),
        )
