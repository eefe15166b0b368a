"""The operations of transfers. Made by `make client` from the routes; not to be edited."""

from urllib.parse import quote
from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.transfers import schemas as transfers_schemas


class Transfers:
    """Operations of transfers."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_transfer(self, lot_id: UUID) -> transfers_schemas.Transfer:
        """The checklist, for the lot's venue, its bank and its buyer.

        `GET /v1/lots/{lot_id}/transfer`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/transfer", transfers_schemas.Transfer
        )

    async def open_transfer(
        self, lot_id: UUID, *, key: str | None = None
    ) -> transfers_schemas.Transfer:
        """Open the checklist of a paid lot: every right and every pledge, where, with which papers,
        until when.

        `POST /v1/lots/{lot_id}/transfer`
        """
        return await self._calls.struct(
            "POST", f"/v1/lots/{lot_id}/transfer", transfers_schemas.Transfer, key=key or new_key()
        )

    async def get_cancellation(self, lot_id: UUID) -> transfers_schemas.CancellationPackage:
        """The applications that cancel the pledges of a sold lot, with their papers and offices.

        `GET /v1/lots/{lot_id}/transfer/pledge-cancellation`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/lots/{lot_id}/transfer/pledge-cancellation",
            transfers_schemas.CancellationPackage,
        )

    async def move_step(
        self,
        lot_id: UUID,
        step: int,
        data: transfers_schemas.Filed | transfers_schemas.Done | transfers_schemas.Refused,
        *,
        key: str | None = None,
    ) -> transfers_schemas.Transfer:
        """A step was filed, done or refused. The bank moves its pledges, the venue the rest.

        `POST /v1/lots/{lot_id}/transfer/{step}`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/transfer/{quote(str(step), safe='')}",
            transfers_schemas.Transfer,
            body=data,
            key=key or new_key(),
        )
