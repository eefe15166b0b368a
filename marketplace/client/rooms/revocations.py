"""The operations of revocations. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.revocations import schemas as revocations_schemas
from marketplace.sales import schemas as sales_schemas


class Revocations:
    """Operations of revocations."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_revocation(self, lot_id: UUID) -> revocations_schemas.RevocationView:
        """What was proposed, on which ground, and who decided.

        `GET /v1/lots/{lot_id}/revocation`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/revocation", revocations_schemas.RevocationView
        )

    async def propose_revocation(
        self, lot_id: UUID, data: revocations_schemas.RevocationIn, *, key: str | None = None
    ) -> revocations_schemas.RevocationView:
        """Propose that a result be set aside on one of the grounds of the law; another person
        agrees.

        `POST /v1/lots/{lot_id}/revocation`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/revocation",
            revocations_schemas.RevocationView,
            body=data,
            key=key or new_key(),
        )

    async def revoke_sale(
        self, lot_id: UUID, data: sales_schemas.Approval, *, key: str | None = None
    ) -> revocations_schemas.RevocationView:
        """Set the result aside as shown: price and deposit go back, a notice says so, the rights can
        be offered anew.

        `POST /v1/lots/{lot_id}/revocation/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/revocation/approve",
            revocations_schemas.RevocationView,
            body=data,
            key=key or new_key(),
        )
