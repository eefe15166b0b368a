"""The operations of sealings. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from auction_engine import sealed_bids as auction_engine_sealed_bids
from auction_engine import sealed_opening as auction_engine_sealed_opening
from marketplace.client.calling import Calls, new_key
from marketplace.sealings import schemas as sealings_schemas


class Sealings:
    """Operations of sealings."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_opening(self, auction_id: UUID) -> sealings_schemas.Opening:
        """Envelopes and halves, once the close is final: for the venue and the second opener.

        `GET /v1/auctions/{auction_id}/opening`
        """
        return await self._calls.struct(
            "GET", f"/v1/auctions/{auction_id}/opening", sealings_schemas.Opening
        )

    async def open_sealed_bids(
        self, auction_id: UUID, data: sealings_schemas.OpeningsIn, *, key: str | None = None
    ) -> sealings_schemas.OpeningDone:
        """Every envelope that stood, opened or with the reason why not; one decision, journalled.
        That a key is lost is for the venue's checker to say: then all stay shut and nobody wins.

        `POST /v1/auctions/{auction_id}/opening`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/opening",
            sealings_schemas.OpeningDone,
            body=data,
            key=key or new_key(),
        )

    async def request_opening(
        self,
        auction_id: UUID,
        data: auction_engine_sealed_opening.OpeningRequest,
        *,
        key: str | None = None,
    ) -> sealings_schemas.Opening:
        """The inner layers, peeled with my venue's key, for the second opener.

        `POST /v1/auctions/{auction_id}/opening/request`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/opening/request",
            sealings_schemas.Opening,
            body=data,
            key=key or new_key(),
        )

    async def share_opening(
        self,
        auction_id: UUID,
        data: auction_engine_sealed_opening.OpeningShare,
        *,
        key: str | None = None,
    ) -> sealings_schemas.Opening:
        """What my key, the second opener's, found in each layer.

        `POST /v1/auctions/{auction_id}/opening/share`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/opening/share",
            sealings_schemas.Opening,
            body=data,
            key=key or new_key(),
        )

    async def list_sealed_bids(self, auction_id: UUID) -> sealings_schemas.Report:
        """What came of every sealed bid, none left out, once the close is final; before, 409
        `not_yet_due`.

        `GET /v1/auctions/{auction_id}/sealed-bids`
        """
        return await self._calls.struct(
            "GET", f"/v1/auctions/{auction_id}/sealed-bids", sealings_schemas.Report
        )

    async def get_sealing(self, lot_id: UUID) -> sealings_schemas.Sealing:
        """How far the two keys are proved, for the lot's venue, its consignor and the second opener.

        `GET /v1/lots/{lot_id}/sealing`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/sealing", sealings_schemas.Sealing
        )

    async def propose_sealing(
        self, lot_id: UUID, data: sealings_schemas.SealingIn, *, key: str | None = None
    ) -> sealings_schemas.Sealing:
        """My venue's public key for a checked lot of a sealed format, and who holds the second one.
        Again: start over.

        `POST /v1/lots/{lot_id}/sealing`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/sealing",
            sealings_schemas.Sealing,
            body=data,
            key=key or new_key(),
        )

    async def get_sealing_terms(self, lot_id: UUID) -> auction_engine_sealed_bids.SealingTerms:
        """What a bidder's client seals with, for a published lot (docs/sealed-bids.md).

        `GET /v1/lots/{lot_id}/sealing-terms`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/sealing-terms", auction_engine_sealed_bids.SealingTerms
        )

    async def open_canary(
        self, lot_id: UUID, data: sealings_schemas.CanaryOpened, *, key: str | None = None
    ) -> sealings_schemas.Sealing:
        """What was in the canary: with it both private keys are proved, and the lot may be
        published.

        `POST /v1/lots/{lot_id}/sealing/canary-opened`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/sealing/canary-opened",
            sealings_schemas.Sealing,
            body=data,
            key=key or new_key(),
        )

    async def peel_canary(
        self, lot_id: UUID, data: sealings_schemas.CanaryPeeled, *, key: str | None = None
    ) -> sealings_schemas.Sealing:
        """What my venue's private key left of the canary.

        `POST /v1/lots/{lot_id}/sealing/canary-peeled`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/sealing/canary-peeled",
            sealings_schemas.Sealing,
            body=data,
            key=key or new_key(),
        )

    async def give_opener_key(
        self, lot_id: UUID, data: sealings_schemas.OpenerKeyIn, *, key: str | None = None
    ) -> sealings_schemas.Sealing:
        """My public key, as the second opener; a canary is sealed to both keys.

        `POST /v1/lots/{lot_id}/sealing/opener-key`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/sealing/opener-key",
            sealings_schemas.Sealing,
            body=data,
            key=key or new_key(),
        )
