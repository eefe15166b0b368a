"""The operations of resales. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.bidders import schemas as bidders_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.lots import schemas as lots_schemas
from marketplace.resales import schemas as resales_schemas


class Resales:
    """Operations of resales."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def draft_reauction(
        self, lot_id: UUID, data: resales_schemas.ReauctionIn, *, key: str | None = None
    ) -> lots_schemas.Lot:
        """Draft the re-auction of a lot whose buyer defaulted, on the same terms; the defaulter may
        not bid.

        `POST /v1/lots/{lot_id}/reauction`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/reauction",
            lots_schemas.Lot,
            body=data,
            key=key or new_key(),
        )

    async def get_underbidder_offer(self, lot_id: UUID) -> resales_schemas.UnderbidderOffer:
        """How far the offer is, and by when it is to be answered.

        `GET /v1/lots/{lot_id}/underbidder-offer`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/underbidder-offer", resales_schemas.UnderbidderOffer
        )

    async def propose_underbidder(
        self, lot_id: UUID, data: resales_schemas.UnderbidderIn, *, key: str | None = None
    ) -> resales_schemas.UnderbidderOffer:
        """Propose to ask the underbidder at its own highest bid; not in a court's sale.

        `POST /v1/lots/{lot_id}/underbidder-offer`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/underbidder-offer",
            resales_schemas.UnderbidderOffer,
            body=data,
            key=key or new_key(),
        )

    async def answer_underbidder_offer(
        self, lot_id: UUID, data: resales_schemas.AnswerIn, *, key: str | None = None
    ) -> resales_schemas.UnderbidderOffer:
        """Take the rights at my own highest bid, or not; accepted, the sale has a lot of its own.

        `POST /v1/lots/{lot_id}/underbidder-offer/answer`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/underbidder-offer/answer",
            resales_schemas.UnderbidderOffer,
            body=data,
            key=key or new_key(),
        )

    async def consent_to_underbidder(
        self, lot_id: UUID, data: resales_schemas.Consent, *, key: str | None = None
    ) -> resales_schemas.UnderbidderOffer:
        """The bank agrees to the underbidder's price, or declines; from here the underbidder may
        answer.

        `POST /v1/lots/{lot_id}/underbidder-offer/consent`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/underbidder-offer/consent",
            resales_schemas.UnderbidderOffer,
            body=data,
            key=key or new_key(),
        )

    async def receive_underbidder_deposit(
        self, lot_id: UUID, data: bidders_schemas.DepositReceipt, *, key: str | None = None
    ) -> resales_schemas.UnderbidderOffer:
        """Book the deposit that the underbidder paid in again, where it had been given back.

        `POST /v1/lots/{lot_id}/underbidder-offer/deposit`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/underbidder-offer/deposit",
            resales_schemas.UnderbidderOffer,
            body=data,
            key=key or new_key(),
        )
