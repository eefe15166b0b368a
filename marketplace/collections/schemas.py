"""What goes in and out about collection (收储)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from marketplace.edge.fields import PositiveFen, Reason

Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class CallState(StrEnum):
    """How far a call for offers is."""

    ANNOUNCED = "announced"
    OFFERS = "offers"
    OPENING = "opening"
    FINAL = "final"
    FINAL_OPENING = "final_opening"
    DECIDING = "deciding"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class RepurchaseState(StrEnum):
    """How far the pledgor's option to buy back is."""

    OPEN = "open"
    EXERCISED = "exercised"
    COMPLETED = "completed"
    LAPSED = "lapsed"


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class BackstopIn(_In, frozen=True, kw_only=True):
    """What I take the rights at if nobody offers more (兜底收储承诺)."""

    amount_fen: PositiveFen


class OfferIn(_In, frozen=True, kw_only=True):
    """An offer: its amount in an open call; in a sealed one only the commitment to it."""

    amount_fen: PositiveFen | None = None
    commitment: Hex32 | None = None


class OpeningIn(_In, frozen=True, kw_only=True):
    """What a commitment was to."""

    amount_fen: PositiveFen
    nonce: Hex32


class AnswerIn(_In, frozen=True, kw_only=True):
    """The bank's maker proposes to accept an offer, or (without one) to decline them all."""

    offer_id: UUID | None = None
    reason: Reason


class AnswerDecision(_In, frozen=True, kw_only=True):
    """Yes or no to the answer proposed, which names the offer so that nobody confirms another."""

    offer_id: UUID | None = None
    approved: bool = True


class Evidence(_In, frozen=True, kw_only=True):
    """What shows that the pledgor exercised the option and paid."""

    evidence: Reason


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer by paddle; round 0 is the backstop, 2 best and final. `amount_fen` is None until it is opened."""

    id: UUID
    paddle: int
    round: int
    amount_fen: int | None
    commitment: str | None
    made_at: datetime
    opened_at: datetime | None


class Instalment(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the price, the interest that it bears, and its deadline."""

    n: int
    amount_fen: int
    interest_fen: int = 0
    due_at: datetime
    state: Literal["due", "met", "missed"]


class Repurchase(msgspec.Struct, frozen=True, kw_only=True):
    """The pledgor's option to buy back."""

    price_fen: int
    open_until: datetime
    state: RepurchaseState
    evidence: str | None
    exercised_at: datetime | None
    completed_at: datetime | None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call for offers as it stands. `decision_by`: until when the bank may accept."""

    lot_id: UUID
    state: CallState
    mode: str
    floor_fen: int
    offers_close_at: datetime
    final_closes_at: datetime | None
    decision_by: datetime
    answer: str | None
    offer_id: UUID | None
    reason: str | None
    proposed_by: UUID | None
    decided_by: UUID | None
    offers: list[Offer] = []
    instalments: list[Instalment] = []
    repurchase: Repurchase | None = None
