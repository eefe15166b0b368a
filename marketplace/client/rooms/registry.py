"""The operations of registry. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.assets import schemas as assets_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.registry import schemas as registry_schemas


class Registry:
    """Operations of registry."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def take_over(
        self, asset_id: UUID, version: int, *, key: str | None = None
    ) -> assets_schemas.Asset:
        """Record what the newest extract says of my right, with its day and source.

        `POST /v1/assets/{asset_id}/status-from-registry`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/assets/{asset_id}/status-from-registry",
            assets_schemas.Asset,
            version=version,
            key=key or new_key(),
        )

    async def ask_registry(
        self, data: registry_schemas.Enquiry, *, key: str | None = None
    ) -> registry_schemas.RegistryAnswer:
        """What the newest extract says of a right, with the day and source it speaks for; the
        enquiry is logged.

        `POST /v1/registry-enquiries`
        """
        return await self._calls.struct(
            "POST",
            "/v1/registry-enquiries",
            registry_schemas.RegistryAnswer,
            body=data,
            key=key or new_key(),
        )

    async def list_extracts(self) -> list[registry_schemas.Extract]:
        """Those that I may ask: my organisation's and the platform's, the newest day first.

        `GET /v1/registry-extracts`
        """
        return await self._calls.struct(
            "GET", "/v1/registry-extracts", list[registry_schemas.Extract]
        )

    async def bring_in_extract(
        self, content: bytes, content_type: str, *, key: str | None = None
    ) -> registry_schemas.Extract:
        """The rights' sheet of the import's layout (CSV), one day and one source on every row; all
        or nothing.

        `POST /v1/registry-extracts`
        """
        return await self._calls.struct(
            "POST",
            "/v1/registry-extracts",
            registry_schemas.Extract,
            content=(content, content_type),
            key=key or new_key(),
        )
