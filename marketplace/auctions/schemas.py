"""What goes in and out of an auction (竞价). Moments are milliseconds since 1970, as in contracts 1; amounts in fen."""

from typing import Annotated, Any
from uuid import UUID

import msgspec

from auction_engine.receipts import Receipt
from marketplace.edge.fields import Moment, Reason
from marketplace.edge.problems import Problem

#: The bid engine judges amounts itself (`invalid_amount`); here they only have to be whole numbers.
Amount = Annotated[int, msgspec.Meta(description="fen (1 CNY = 100 fen) 分; 1 .. 10^13")]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class BidIn(_In, frozen=True, kw_only=True):
    """A manual bid (出价). The Idempotency-Key of the request is its id."""

    amount_fen: Amount


class ProxyIn(_In, frozen=True, kw_only=True):
    """A hidden maximum (委托出价): the engine bids for it, no more than needed."""

    max_fen: Amount


class AcceptIn(_In, frozen=True, kw_only=True):
    """An acceptance of the price on the clock (应价)."""

    amount_fen: Amount


class SealIn(_In, frozen=True, kw_only=True):
    """A sealed bid (密封报价): the text that the bidder's own client made (docs/sealed-bids.md)."""

    envelope: Annotated[str, msgspec.Meta(min_length=1, max_length=8_192)]


class ScoreIn(_In, frozen=True, kw_only=True):
    """What the experts gave a paddle, by the names of the auction's terms, each 0 .. 10000; a missing name is 0."""

    paddle: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    scores: dict[
        Annotated[str, msgspec.Meta(min_length=1, max_length=100)],
        Annotated[int, msgspec.Meta(ge=0, le=10_000)],
    ]


class OrderIn(_In, frozen=True, kw_only=True):
    """Why the operator intervenes; the reason is made public."""

    reason: Reason


class ResumeIn(_In, frozen=True, kw_only=True):
    """Why the auction goes on; in a judicial sale also when, an hour ahead at least, and when the cause ended."""

    reason: Reason
    resume_at: Moment | None = None
    cause_ended_at: Moment | None = None


class DisqualifyIn(_In, frozen=True, kw_only=True):
    """Whose bids are voided, and why."""

    paddle: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    reason: Reason


class BidAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted command: the standing state that it led to, and the proof.

    `receipt` is null in the answer to a repetition whose first answer was journalled earlier; the receipts' route
    gives it again.
    """

    accepted: bool
    auction_id: UUID
    paddle: int
    bid_id: str
    seq: int
    price_fen: int | None
    leader: int | None
    ends_at_ms: int | None
    decided_ms: int
    replayed: bool
    receipt: Receipt | None


class BidProblem(Problem, frozen=True, kw_only=True, omit_defaults=True):
    """Why a bid does not count (`decided` true), or was not decided (false); null: nobody knows yet, ask again."""

    decided: bool | None = True
    minimum_fen: int | None = None
    bid_id: str | None = None


class AuctionState(msgspec.Struct, frozen=True, kw_only=True):
    """What everyone may see of an auction. Never a maximum, never a reserve.

    `position` is the journal's last batch that is in it: a later one never has less.
    """

    auction_id: UUID
    number: str
    status: str
    format: str
    price_fen: int | None
    leader: int | None
    minimum_fen: int | None
    step_fen: int | None
    opens_at_ms: int
    ends_at_ms: int | None
    extensions: int
    bids: int
    bidders: int
    seq: int
    final: bool
    outcome: str | None
    result: dict[str, Any] | None
    profile_hash: str
    position: int
    server_ms: int


class RecordEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One decided command in the public record (竞价记录): paddles only, and no hidden amount."""

    id: str
    position: int
    action: str
    paddle: int | None
    amount_fen: int | None
    accepted: bool
    seq: int | None
    price_fen: int | None
    leader: int | None
    ends_at_ms: int | None
    reason: str | None
    at_ms: int


class RecordPage(msgspec.Struct, frozen=True, kw_only=True):
    """Entries in order of decision; ask on from `next_position` (null: that was the last so far)."""

    items: list[RecordEntry]
    next_position: int | None


class RecordChunk(msgspec.Struct, frozen=True, kw_only=True):
    """What the event `record` carries."""

    entries: list[RecordEntry]


class ScoreDone(msgspec.Struct, frozen=True, kw_only=True):
    """Scores that count, with their number in the auction."""

    auction_id: UUID
    paddle: int
    seq: int
    replayed: bool


class OrderDone(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's order: `done`; `pending` where it is not due or the engine could not be asked yet; `proposed`
    until another person approves it.
    """

    id: UUID
    auction_id: UUID
    action: str
    state: str
    code: str | None


class ReceiptList(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's own accepted and refused commands in one auction, each with its proof."""

    items: list[Receipt]
