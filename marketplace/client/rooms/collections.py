"""The operations of collections. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.collections import schemas as collections_schemas
from marketplace.plans import schemas as plans_schemas


class Collections:
    """Operations of collections."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def propose_answer(
        self, lot_id: UUID, data: collections_schemas.AnswerIn, *, key: str | None = None
    ) -> collections_schemas.Call:
        """Propose to accept an offer for my consignment, or to decline them all.

        `POST /v1/lots/{lot_id}/answer`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/answer",
            collections_schemas.Call,
            body=data,
            key=key or new_key(),
        )

    async def decide_answer(
        self, lot_id: UUID, data: collections_schemas.AnswerDecision, *, key: str | None = None
    ) -> collections_schemas.Call:
        """Agree to the answer proposed, or not; by another person. Accepted, the lot is sold.

        `POST /v1/lots/{lot_id}/answer/decide`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/answer/decide",
            collections_schemas.Call,
            body=data,
            key=key or new_key(),
        )

    async def give_backstop(
        self, lot_id: UUID, data: collections_schemas.BackstopIn, *, key: str | None = None
    ) -> collections_schemas.Call:
        """Commit, before the call opens, to take the rights at this price if nobody offers more.

        `POST /v1/lots/{lot_id}/backstop`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/backstop",
            collections_schemas.Call,
            body=data,
            key=key or new_key(),
        )

    async def get_call(self, lot_id: UUID) -> collections_schemas.Call:
        """The call for offers of a lot: its rounds, the offers by paddle, the answer; for its sides
        and its bidders.

        `GET /v1/lots/{lot_id}/call`
        """
        return await self._calls.struct("GET", f"/v1/lots/{lot_id}/call", collections_schemas.Call)

    async def withdraw_call(
        self, lot_id: UUID, data: plans_schemas.Why, *, key: str | None = None
    ) -> collections_schemas.Call:
        """Take an open call back, before it is decided; deposits go back.

        `POST /v1/lots/{lot_id}/call/withdraw`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/call/withdraw",
            collections_schemas.Call,
            body=data,
            key=key or new_key(),
        )

    async def make_offer(
        self, lot_id: UUID, data: collections_schemas.OfferIn, *, key: str | None = None
    ) -> collections_schemas.Call:
        """Offer in the round that is open: an amount, or in a sealed call the commitment to one.

        `POST /v1/lots/{lot_id}/offers`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/offers",
            collections_schemas.Call,
            body=data,
            key=key or new_key(),
        )

    async def open_offer(
        self,
        lot_id: UUID,
        offer_id: UUID,
        data: collections_schemas.OpeningIn,
        *,
        key: str | None = None,
    ) -> collections_schemas.Call:
        """Open my sealed offer after the close; what is not opened in time does not count.

        `POST /v1/lots/{lot_id}/offers/{offer_id}/open`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/offers/{offer_id}/open",
            collections_schemas.Call,
            body=data,
            key=key or new_key(),
        )

    async def exercise_repurchase(
        self, lot_id: UUID, data: collections_schemas.Evidence, *, key: str | None = None
    ) -> collections_schemas.Call:
        """Record that the pledgor exercised its option to buy back, in time, and on what evidence.

        `POST /v1/lots/{lot_id}/repurchase`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/repurchase",
            collections_schemas.Call,
            body=data,
            key=key or new_key(),
        )

    async def complete_repurchase(
        self, lot_id: UUID, *, key: str | None = None
    ) -> collections_schemas.Call:
        """Confirm, as the buyer, that I was paid and gave the rights back.

        `POST /v1/lots/{lot_id}/repurchase/complete`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/repurchase/complete",
            collections_schemas.Call,
            key=key or new_key(),
        )
