"""The operations of burdens. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.burdens import schemas as burdens_schemas
from marketplace.client.calling import Calls, new_key


class Burdens:
    """Operations of burdens."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_burdens(self, asset_id: UUID) -> list[burdens_schemas.Burden]:
        """Everything that rests or rested on a right that I may see, oldest first.

        `GET /v1/assets/{asset_id}/burdens`
        """
        return await self._calls.struct(
            "GET", f"/v1/assets/{asset_id}/burdens", list[burdens_schemas.Burden]
        )

    async def check_licence(
        self, asset_id: UUID, data: burdens_schemas.LicenceQuestion
    ) -> burdens_schemas.LicenceAnswer:
        """Which licences meet the one that is meant, and what else keeps it from being recorded.
        Nothing is changed.

        `POST /v1/assets/{asset_id}/licence-check`
        """
        return await self._calls.struct(
            "POST", f"/v1/assets/{asset_id}/licence-check", burdens_schemas.LicenceAnswer, body=data
        )

    async def register_burden(
        self, data: burdens_schemas.NewBurden, *, key: str | None = None
    ) -> burdens_schemas.Burden:
        """Enter a licence, preservation, suit or commitment that rests on a right of my bank.

        `POST /v1/burdens`
        """
        return await self._calls.struct(
            "POST", "/v1/burdens", burdens_schemas.Burden, body=data, key=key or new_key()
        )

    async def get_burden(self, burden_id: UUID) -> burdens_schemas.Burden:
        """One burden that I may see.

        `GET /v1/burdens/{burden_id}`
        """
        return await self._calls.struct("GET", f"/v1/burdens/{burden_id}", burdens_schemas.Burden)

    async def end_burden(
        self, burden_id: UUID, data: burdens_schemas.BurdenEnd, *, key: str | None = None
    ) -> burdens_schemas.Burden:
        """It rests on the right no more, since when and by which document.

        `POST /v1/burdens/{burden_id}/end`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/burdens/{burden_id}/end",
            burdens_schemas.Burden,
            body=data,
            key=key or new_key(),
        )
