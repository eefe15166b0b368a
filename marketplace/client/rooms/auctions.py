"""The operations of auctions. Made by `make client` from the routes; not to be edited."""

from collections.abc import AsyncIterator
from urllib.parse import quote
from uuid import UUID

from marketplace.auctions import schemas as auctions_schemas
from marketplace.client.calling import Calls, Event, new_key
from marketplace.lots import schemas as lots_schemas


class Auctions:
    """Operations of auctions."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_auction(self, auction_id: UUID) -> auctions_schemas.AuctionState:
        """The public state as of the last journalled batch: never a maximum, never a reserve.

        `GET /v1/auctions/{auction_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/auctions/{auction_id}", auctions_schemas.AuctionState
        )

    async def accept_price(
        self, auction_id: UUID, data: auctions_schemas.AcceptIn, *, key: str | None = None
    ) -> auctions_schemas.BidAccepted:
        """Accept the price on a falling clock; the amount says which price I saw.

        `POST /v1/auctions/{auction_id}/acceptances`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/acceptances",
            auctions_schemas.BidAccepted,
            body=data,
            key=key or new_key(),
        )

    async def get_record(self, auction_id: UUID, *, after: int = 0) -> auctions_schemas.RecordPage:
        """The public record after a position, in the order decided: paddles only, refusals included.

        `GET /v1/auctions/{auction_id}/bids`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/auctions/{auction_id}/bids",
            auctions_schemas.RecordPage,
            query={"after": after},
        )

    async def place_bid(
        self, auction_id: UUID, data: auctions_schemas.BidIn, *, key: str | None = None
    ) -> auctions_schemas.BidAccepted:
        """Place a manual bid under my paddle. 200: it counts, with its receipt. 409: refused. 503:
        not decided, send it again under the same key. 504 `outcome_unknown`: nobody knows yet,
        ask again under the same key.

        `POST /v1/auctions/{auction_id}/bids`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/bids",
            auctions_schemas.BidAccepted,
            body=data,
            key=key or new_key(),
        )

    async def get_bid(self, auction_id: UUID, bid_id: str) -> auctions_schemas.ReceiptList:
        """What became of a bid of mine, by its id; `NotFound` while it is not journalled, which it
        may never be.

        `GET /v1/auctions/{auction_id}/bids/{bid_id}`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/auctions/{auction_id}/bids/{quote(str(bid_id), safe='')}",
            auctions_schemas.ReceiptList,
        )

    async def get_bundle(self, auction_id: UUID) -> bytes:
        """Everything needed to verify rules, winner and price without trusting the venue; once the
        auction is final.

        `GET /v1/auctions/{auction_id}/bundle`
        """
        return await self._calls.raw("GET", f"/v1/auctions/{auction_id}/bundle")

    async def cancel_auction(
        self, auction_id: UUID, data: auctions_schemas.OrderIn, *, key: str | None = None
    ) -> auctions_schemas.OrderDone:
        """End the auction without a winner; deposits go back. In a judicial sale another person
        approves.

        `POST /v1/auctions/{auction_id}/cancel`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/cancel",
            auctions_schemas.OrderDone,
            body=data,
            key=key or new_key(),
        )

    async def disqualify_paddle(
        self, auction_id: UUID, data: auctions_schemas.DisqualifyIn, *, key: str | None = None
    ) -> auctions_schemas.OrderDone:
        """Bar a paddle and void its bids; its deposit stays held until it is decided upon.

        `POST /v1/auctions/{auction_id}/disqualify`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/disqualify",
            auctions_schemas.OrderDone,
            body=data,
            key=key or new_key(),
        )

    def watch_auction(
        self, auction_id: UUID, *, after: int | None = None, last: str | None = None
    ) -> AsyncIterator[Event]:
        """Server-sent events `state`, `record` and `clock`; who comes back with `Last-Event-ID`
        misses nothing.

        `GET /v1/auctions/{auction_id}/events`
        """
        return self._calls.events(
            f"/v1/auctions/{auction_id}/events", query={"after": after}, last=last
        )

    async def exercise_right(
        self, auction_id: UUID, *, key: str | None = None
    ) -> auctions_schemas.BidAccepted:
        """Take the lot at its price, in my turn as a priority holder, after dynamic bidding has
        ended.

        `POST /v1/auctions/{auction_id}/exercises`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/exercises",
            auctions_schemas.BidAccepted,
            key=key or new_key(),
        )

    async def approve_order(self, auction_id: UUID, order_id: UUID) -> auctions_schemas.OrderDone:
        """Agree to an order that the regime asks two people for; it is carried out at once. Again,
        it says what became.

        `POST /v1/auctions/{auction_id}/orders/{order_id}/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/orders/{order_id}/approve",
            auctions_schemas.OrderDone,
        )

    async def place_proxy(
        self, auction_id: UUID, data: auctions_schemas.ProxyIn, *, key: str | None = None
    ) -> auctions_schemas.BidAccepted:
        """Set my hidden maximum: the engine bids for it, one step at a time. Until the auction is
        final no other user of the venue sees it; then those do who may read its bundle, because a
        replay needs it.

        `POST /v1/auctions/{auction_id}/proxies`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/proxies",
            auctions_schemas.BidAccepted,
            body=data,
            key=key or new_key(),
        )

    async def list_receipts(self, auction_id: UUID) -> auctions_schemas.ReceiptList:
        """The proofs of all that my paddle sent and that was decided and journalled.

        `GET /v1/auctions/{auction_id}/receipts`
        """
        return await self._calls.struct(
            "GET", f"/v1/auctions/{auction_id}/receipts", auctions_schemas.ReceiptList
        )

    async def resume_auction(
        self, auction_id: UUID, data: auctions_schemas.ResumeIn, *, key: str | None = None
    ) -> auctions_schemas.OrderDone:
        """Let the auction's clock go on with the time that was left; with `resume_at`, then, and
        announced now.

        `POST /v1/auctions/{auction_id}/resume`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/resume",
            auctions_schemas.OrderDone,
            body=data,
            key=key or new_key(),
        )

    async def score_paddle(
        self, auction_id: UUID, data: auctions_schemas.ScoreIn, *, key: str | None = None
    ) -> auctions_schemas.ScoreDone:
        """Enter what the experts gave a paddle, before any price is opened; the last scores of a
        paddle count.

        `POST /v1/auctions/{auction_id}/scores`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/scores",
            auctions_schemas.ScoreDone,
            body=data,
            key=key or new_key(),
        )

    async def place_seal(
        self, auction_id: UUID, data: auctions_schemas.SealIn, *, key: str | None = None
    ) -> auctions_schemas.BidAccepted:
        """Hand in an envelope that my own client sealed for my paddle; the venue never sees the
        amount before the close.

        `POST /v1/auctions/{auction_id}/seals`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/seals",
            auctions_schemas.BidAccepted,
            body=data,
            key=key or new_key(),
        )

    async def suspend_auction(
        self, auction_id: UUID, data: auctions_schemas.OrderIn, *, key: str | None = None
    ) -> auctions_schemas.OrderDone:
        """Stop the auction's clock; the reason is published.

        `POST /v1/auctions/{auction_id}/suspend`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/suspend",
            auctions_schemas.OrderDone,
            body=data,
            key=key or new_key(),
        )

    async def withdraw_seal(
        self, auction_id: UUID, *, key: str | None = None
    ) -> auctions_schemas.BidAccepted:
        """Take my sealed bid back, where the rules allow it (`amend`); I may seal again.

        `POST /v1/auctions/{auction_id}/withdrawals`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auctions/{auction_id}/withdrawals",
            auctions_schemas.BidAccepted,
            key=key or new_key(),
        )

    async def withdraw_lot(
        self, lot_id: UUID, data: auctions_schemas.OrderIn, *, key: str | None = None
    ) -> lots_schemas.Lot:
        """Take a lot back before its auction is set up; the reason is published where the lot was.

        `POST /v1/lots/{lot_id}/withdraw`
        """
        return await self._calls.struct(
            "POST", f"/v1/lots/{lot_id}/withdraw", lots_schemas.Lot, body=data, key=key or new_key()
        )
