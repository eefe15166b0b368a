"""The operations of packages. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.packages import schemas as packages_schemas


class Packages:
    """Operations of packages."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_packages(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[packages_schemas.Package]:
        """Those that I may see.

        `GET /v1/packages`
        """
        return await self._calls.struct(
            "GET",
            "/v1/packages",
            edge_cursors.Page[packages_schemas.Package],
            query={"cursor": cursor, "limit": limit},
        )

    async def register_package(
        self, data: packages_schemas.NewPackage, *, key: str | None = None
    ) -> packages_schemas.Package:
        """Put rights of my bank together, and say why they may not be parted.

        `POST /v1/packages`
        """
        return await self._calls.struct(
            "POST", "/v1/packages", packages_schemas.Package, body=data, key=key or new_key()
        )

    async def get_package(self, package_id: UUID) -> packages_schemas.Package:
        """One package that I may see.

        `GET /v1/packages/{package_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/packages/{package_id}", packages_schemas.Package
        )
