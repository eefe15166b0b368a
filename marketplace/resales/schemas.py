"""What goes in and out about resales (再次处置) after a default."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Moment, Reason


class UnderbidState(StrEnum):
    """How far an offer to the underbidder is."""

    PROPOSED = "proposed"
    OFFERED = "offered"  # the bank agreed
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"  # not answered in time
    REFUSED = "refused"  # the bank did not agree


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class ReauctionIn(_In, frozen=True, kw_only=True):
    """When the rights are auctioned again; everything else is as it was."""

    registration_opens_at: Moment | None = None
    priority_closes_at: Moment | None = None
    opens_at: Moment
    closes_at: Moment


class UnderbidderIn(_In, frozen=True, kw_only=True):
    """Why the underbidder is asked, and how long it has to answer once the bank agrees."""

    answer_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 72
    reason: Reason


class Consent(_In, frozen=True, kw_only=True):
    """Whether the bank agrees to sell at the underbidder's price."""

    price_fen: Annotated[int, msgspec.Meta(ge=1, description="the price as shown 所示价格（分）")]
    approved: bool = True


class AnswerIn(_In, frozen=True, kw_only=True):
    """Whether the underbidder takes the rights at its own highest bid."""

    accepted: bool


class UnderbidderOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer to the underbidder (顺位递补). `sold_lot_id` is the lot by which it bought, once it accepted."""

    lot_id: UUID
    bidder_id: UUID
    price_fen: int
    state: UnderbidState
    answer_hours: int
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    consented_by: UUID | None
    answer_by: datetime | None
    answered_by: UUID | None
    sold_lot_id: UUID | None


class UnderbidderAsked(msgspec.Struct, frozen=True, kw_only=True, tag="underbidder_asked"):
    """The bank agreed that the underbidder of a defaulted lot be asked."""

    lot_id: UUID
    bidder_id: UUID
    price_fen: int
    answer_by: datetime
