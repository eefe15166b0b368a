"""The operations of party_notices. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.party_notices import schemas as party_notices_schemas


class PartyNotices:
    """Operations of party_notices."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_party_notices(self, lot_id: UUID) -> party_notices_schemas.PartyNoticeList:
        """Who has to be told of the sale, who was, and from when on the notice may be published.

        `GET /v1/lots/{lot_id}/party-notices`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/party-notices", party_notices_schemas.PartyNoticeList
        )

    async def record_party_notice(
        self, lot_id: UUID, data: party_notices_schemas.PartyNoticeIn, *, key: str | None = None
    ) -> party_notices_schemas.PartyNoticeList:
        """Record that a party was sent word of the sale.

        `POST /v1/lots/{lot_id}/party-notices`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/party-notices",
            party_notices_schemas.PartyNoticeList,
            body=data,
            key=key or new_key(),
        )

    async def finish_party_notices(
        self, lot_id: UUID, *, key: str | None = None
    ) -> party_notices_schemas.PartyNoticeList:
        """Everybody was told: the checked lot goes on to `notified`.

        `POST /v1/lots/{lot_id}/party-notices/finish`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/party-notices/finish",
            party_notices_schemas.PartyNoticeList,
            key=key or new_key(),
        )

    async def settle_party_notice(
        self,
        lot_id: UUID,
        notice_id: UUID,
        data: party_notices_schemas.PartyNoticeOutcome,
        *,
        key: str | None = None,
    ) -> party_notices_schemas.PartyNoticeList:
        """Record that word was received or waived, or that the party cannot be reached and the
        reason was published.

        `POST /v1/lots/{lot_id}/party-notices/{notice_id}/outcome`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/party-notices/{notice_id}/outcome",
            party_notices_schemas.PartyNoticeList,
            body=data,
            key=key or new_key(),
        )
