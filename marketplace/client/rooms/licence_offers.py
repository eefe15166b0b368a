"""The operations of licence_offers. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.grants import schemas as grants_schemas
from marketplace.licence_offers import schemas as licence_offers_schemas
from marketplace.plans import schemas as plans_schemas


class LicenceOffers:
    """Operations of licence_offers."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_licence_offers(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[licence_offers_schemas.LicenceOffer]:
        """What is offered, and my organisation's drafts; newest first, without the applications.

        `GET /v1/licence-offers`
        """
        return await self._calls.struct(
            "GET",
            "/v1/licence-offers",
            edge_cursors.Page[licence_offers_schemas.LicenceOffer],
            query={"cursor": cursor, "limit": limit},
        )

    async def draft_licence_offer(
        self, data: licence_offers_schemas.OfferIn, *, key: str | None = None
    ) -> licence_offers_schemas.LicenceOffer:
        """Draft an offer of licences over my consignment's rights; what gives the power to license
        is checked.

        `POST /v1/licence-offers`
        """
        return await self._calls.struct(
            "POST",
            "/v1/licence-offers",
            licence_offers_schemas.LicenceOffer,
            body=data,
            key=key or new_key(),
        )

    async def get_licence_offer(self, offer_id: UUID) -> licence_offers_schemas.LicenceOffer:
        """An offer with the applications that I may see; who applied is told once it has ended.

        `GET /v1/licence-offers/{offer_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/licence-offers/{offer_id}", licence_offers_schemas.LicenceOffer
        )

    async def apply_for_licence(
        self, offer_id: UUID, data: licence_offers_schemas.ApplicationIn, *, key: str | None = None
    ) -> licence_offers_schemas.LicenceOffer:
        """Apply, with the commitment to an entry fee where the way is sealed.

        `POST /v1/licence-offers/{offer_id}/applications`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-offers/{offer_id}/applications",
            licence_offers_schemas.LicenceOffer,
            body=data,
            key=key or new_key(),
        )

    async def open_application(
        self,
        offer_id: UUID,
        application_id: UUID,
        data: licence_offers_schemas.ApplicationOpening,
        *,
        key: str | None = None,
    ) -> licence_offers_schemas.LicenceOffer:
        """Open the amount of my application; what is not opened in time does not count.

        `POST /v1/licence-offers/{offer_id}/applications/{application_id}/open`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-offers/{offer_id}/applications/{application_id}/open",
            licence_offers_schemas.LicenceOffer,
            body=data,
            key=key or new_key(),
        )

    async def score_application(
        self,
        offer_id: UUID,
        application_id: UUID,
        data: licence_offers_schemas.ScoreIn,
        *,
        key: str | None = None,
    ) -> licence_offers_schemas.LicenceOffer:
        """Score an application as an expert of the panel, or enter an expert's score as the venue;
        before prices open.

        `POST /v1/licence-offers/{offer_id}/applications/{application_id}/scores`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-offers/{offer_id}/applications/{application_id}/scores",
            licence_offers_schemas.LicenceOffer,
            body=data,
            key=key or new_key(),
        )

    async def open_licence_offer(
        self, offer_id: UUID, data: licence_offers_schemas.OfferDecision, *, key: str | None = None
    ) -> licence_offers_schemas.LicenceOffer:
        """Open the offer as shown, or withdraw it; by another person. No standing licence may meet
        it.

        `POST /v1/licence-offers/{offer_id}/open`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-offers/{offer_id}/open",
            licence_offers_schemas.LicenceOffer,
            body=data,
            key=key or new_key(),
        )

    async def open_prices(
        self, offer_id: UUID, *, key: str | None = None
    ) -> licence_offers_schemas.LicenceOffer:
        """Have applicants open their prices, once every expert has scored every application.

        `POST /v1/licence-offers/{offer_id}/open-prices`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-offers/{offer_id}/open-prices",
            licence_offers_schemas.LicenceOffer,
            key=key or new_key(),
        )

    async def get_scoring_sheet(self, offer_id: UUID) -> licence_offers_schemas.ScoringSheet:
        """The applications of a tender for which I was drawn, with the scores that I gave; who
        applied is not told.

        `GET /v1/licence-offers/{offer_id}/scoring`
        """
        return await self._calls.struct(
            "GET", f"/v1/licence-offers/{offer_id}/scoring", licence_offers_schemas.ScoringSheet
        )

    async def take_licence(
        self, offer_id: UUID, data: licence_offers_schemas.ApplicationIn, *, key: str | None = None
    ) -> grants_schemas.Grant:
        """Take a licence at the posted price: applied for and signed in one step, while there are
        places.

        `POST /v1/licence-offers/{offer_id}/take`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-offers/{offer_id}/take",
            grants_schemas.Grant,
            body=data,
            key=key or new_key(),
        )

    async def withdraw_licence_offer(
        self, offer_id: UUID, data: plans_schemas.Why, *, key: str | None = None
    ) -> licence_offers_schemas.LicenceOffer:
        """Take an offer back, an award before it is signed; what was taken at a posted price stays.

        `POST /v1/licence-offers/{offer_id}/withdraw`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-offers/{offer_id}/withdraw",
            licence_offers_schemas.LicenceOffer,
            body=data,
            key=key or new_key(),
        )
