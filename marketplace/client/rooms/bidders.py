"""The operations of bidders. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.bidders import schemas as bidders_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors


class Bidders:
    """Operations of bidders."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def bar_bidder(
        self, bidder_id: UUID, data: bidders_schemas.Barring, *, key: str | None = None
    ) -> bidders_schemas.Bidder:
        """Bar a bidder that has not been admitted yet.

        `POST /v1/bidders/{bidder_id}/bar`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/bidders/{bidder_id}/bar",
            bidders_schemas.Bidder,
            body=data,
            key=key or new_key(),
        )

    async def receive_deposit(
        self, bidder_id: UUID, data: bidders_schemas.DepositReceipt, *, key: str | None = None
    ) -> bidders_schemas.Bidder:
        """Book money that the bank reports; once it makes up the deposit, this is held and the
        paddle given out.

        `POST /v1/bidders/{bidder_id}/deposit`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/bidders/{bidder_id}/deposit",
            bidders_schemas.Bidder,
            body=data,
            key=key or new_key(),
        )

    async def exempt_creditor(
        self, bidder_id: UUID, *, key: str | None = None
    ) -> bidders_schemas.Bidder:
        """The applicant creditor of a judicial sale need pay only what its claim does not cover of
        the deposit.

        `POST /v1/bidders/{bidder_id}/exemption`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/bidders/{bidder_id}/exemption",
            bidders_schemas.Bidder,
            key=key or new_key(),
        )

    async def confirm_priority(
        self, bidder_id: UUID, data: bidders_schemas.PriorityClaim, *, key: str | None = None
    ) -> bidders_schemas.Bidder:
        """Confirm a right of first refusal and its rank, before the time stated in the notice.

        `POST /v1/bidders/{bidder_id}/priority`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/bidders/{bidder_id}/priority",
            bidders_schemas.Bidder,
            body=data,
            key=key or new_key(),
        )

    async def qualify_bidder(
        self, bidder_id: UUID, *, key: str | None = None
    ) -> bidders_schemas.Bidder:
        """The agency's papers are in order.

        `POST /v1/bidders/{bidder_id}/qualify`
        """
        return await self._calls.struct(
            "POST", f"/v1/bidders/{bidder_id}/qualify", bidders_schemas.Bidder, key=key or new_key()
        )

    async def list_bidders(self, lot_id: UUID) -> bidders_schemas.BidderList:
        """The bidders of my venue's lot; who holds which paddle is shown once the lot has ended.

        `GET /v1/lots/{lot_id}/bidders`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/bidders", bidders_schemas.BidderList
        )

    async def register_bidder(
        self, lot_id: UUID, data: bidders_schemas.Registration, *, key: str | None = None
    ) -> bidders_schemas.Bidder:
        """Register my agency for a lot: the notice acknowledged by its hash, interests stated and
        declared.

        `POST /v1/lots/{lot_id}/bidders`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/bidders",
            bidders_schemas.Bidder,
            body=data,
            key=key or new_key(),
        )

    async def get_own_bidder(self, lot_id: UUID) -> bidders_schemas.Bidder:
        """My agency as a bidder for this lot, with its paddle (号牌).

        `GET /v1/lots/{lot_id}/bidders/me`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/bidders/me", bidders_schemas.Bidder
        )

    async def acknowledge_notice(
        self, lot_id: UUID, data: bidders_schemas.Acknowledgement, *, key: str | None = None
    ) -> bidders_schemas.Bidder:
        """Acknowledge the notice in force after it was disclosed anew; without it my agency is not
        admitted.

        `POST /v1/lots/{lot_id}/bidders/me/acknowledgement`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/bidders/me/acknowledgement",
            bidders_schemas.Bidder,
            body=data,
            key=key or new_key(),
        )

    async def hold_own_deposit(
        self, lot_id: UUID, *, key: str | None = None
    ) -> bidders_schemas.Bidder:
        """Hold my deposit out of my free money at the lot's venue, such as a deposit that was
        released there.

        `POST /v1/lots/{lot_id}/bidders/me/deposit`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/bidders/me/deposit",
            bidders_schemas.Bidder,
            key=key or new_key(),
        )

    async def change_own_limit(
        self, lot_id: UUID, data: bidders_schemas.LimitChange, *, key: str | None = None
    ) -> bidders_schemas.Bidder:
        """Raise, lower or lift the most that my agency may bid, until the end; the engine holds it
        within seconds.

        `POST /v1/lots/{lot_id}/bidders/me/limit`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/bidders/me/limit",
            bidders_schemas.Bidder,
            body=data,
            key=key or new_key(),
        )

    async def list_own_bidders(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[bidders_schemas.Bidder]:
        """Where my agency is registered, newest first.

        `GET /v1/my/bidders`
        """
        return await self._calls.struct(
            "GET",
            "/v1/my/bidders",
            edge_cursors.Page[bidders_schemas.Bidder],
            query={"cursor": cursor, "limit": limit},
        )
