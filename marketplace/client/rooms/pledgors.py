"""The operations of pledgors. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.grants import schemas as grants_schemas
from marketplace.pledgors import schemas as pledgors_schemas


class Pledgors:
    """Operations of pledgors."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_desk(self) -> pledgors_schemas.Desk:
        """My debts, my pledged rights, the lots that sell them, notices to me, and what is left to
        me of the proceeds.

        `GET /v1/pledgor/desk`
        """
        return await self._calls.struct("GET", "/v1/pledgor/desk", pledgors_schemas.Desk)

    async def sign_licence_back(
        self, grant_id: UUID, data: grants_schemas.Signing, *, key: str | None = None
    ) -> pledgors_schemas.Desk:
        """Agree, as the pledgor, to the licence of my own right back to me, as shown.

        `POST /v1/pledgor/licences/{grant_id}/signature`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/pledgor/licences/{grant_id}/signature",
            pledgors_schemas.Desk,
            body=data,
            key=key or new_key(),
        )

    async def consent_to_sale(
        self, lot_id: UUID, data: pledgors_schemas.ConsentIn, *, key: str | None = None
    ) -> None:
        """I, the debtor, agree that this lot is sold although my debt is covered.

        `POST /v1/pledgor/lots/{lot_id}/consent`
        """
        await self._calls.raw(
            "POST", f"/v1/pledgor/lots/{lot_id}/consent", body=data, key=key or new_key()
        )

    async def object_to_distribution(
        self, lot_id: UUID, data: pledgors_schemas.ObjectIn, *, key: str | None = None
    ) -> pledgors_schemas.Desk:
        """Object to the draft of how the proceeds of my rights are distributed, before its time for
        objections is over.

        `POST /v1/pledgor/lots/{lot_id}/objections`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/pledgor/lots/{lot_id}/objections",
            pledgors_schemas.Desk,
            body=data,
            key=key or new_key(),
        )

    async def receive_notice(
        self, notice_id: UUID, *, key: str | None = None
    ) -> pledgors_schemas.Desk:
        """I have received word of the sale; I count as told from today on.

        `POST /v1/pledgor/notices/{notice_id}/receipt`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/pledgor/notices/{notice_id}/receipt",
            pledgors_schemas.Desk,
            key=key or new_key(),
        )
