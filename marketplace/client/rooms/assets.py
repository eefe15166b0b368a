"""The operations of assets. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.assets import schemas as assets_schemas
from marketplace.assets import upkeep as assets_upkeep
from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors


class Assets:
    """Operations of assets."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_assets(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[assets_schemas.Asset]:
        """Those that I may see: my bank's, those consigned to my venue, or all for supervisors.

        `GET /v1/assets`
        """
        return await self._calls.struct(
            "GET",
            "/v1/assets",
            edge_cursors.Page[assets_schemas.Asset],
            query={"cursor": cursor, "limit": limit},
        )

    async def register_asset(
        self, data: assets_schemas.NewAsset, *, key: str | None = None
    ) -> assets_schemas.Asset:
        """Enter a right (知识产权) of my bank.

        `POST /v1/assets`
        """
        return await self._calls.struct(
            "POST", "/v1/assets", assets_schemas.Asset, body=data, key=key or new_key()
        )

    async def get_asset(self, asset_id: UUID) -> assets_schemas.Asset:
        """One asset that I may see.

        `GET /v1/assets/{asset_id}`
        """
        return await self._calls.struct("GET", f"/v1/assets/{asset_id}", assets_schemas.Asset)

    async def record_particulars(
        self, asset_id: UUID, data: assets_schemas.AssetParticulars, version: int
    ) -> assets_schemas.Asset:
        """The type's own fields, the export class, grade, region and industry; all are replaced.

        `PUT /v1/assets/{asset_id}/particulars`
        """
        return await self._calls.struct(
            "PUT",
            f"/v1/assets/{asset_id}/particulars",
            assets_schemas.Asset,
            body=data,
            version=version,
        )

    async def record_status(
        self, asset_id: UUID, data: assets_schemas.AssetStatus, version: int
    ) -> assets_schemas.Asset:
        """A newer reading of the register, with its day and source.

        `PUT /v1/assets/{asset_id}/status`
        """
        return await self._calls.struct(
            "PUT", f"/v1/assets/{asset_id}/status", assets_schemas.Asset, body=data, version=version
        )

    async def get_upkeep(self, asset_id: UUID) -> assets_upkeep.Upkeep:
        """What falls due when, with today's surcharge, and until when the right is safe.

        `GET /v1/assets/{asset_id}/upkeep`
        """
        return await self._calls.struct(
            "GET", f"/v1/assets/{asset_id}/upkeep", assets_upkeep.Upkeep
        )
