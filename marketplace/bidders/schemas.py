"""What goes in and out about bidders (竞买人)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.bidders.rules import BidderStatus
from marketplace.conflicts.schemas import Declaration
from marketplace.edge.fields import BankReference, Moment, PositiveFen, Reason

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Statement = Annotated[str, msgspec.Meta(min_length=3, max_length=2000)]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class Registration(_In, frozen=True, kw_only=True):
    """An agency registers for a lot: it names the notice that it read, and states its interests."""

    #: SHA-256 of the notice acknowledged (特别提示 included); another notice's hash is refused.
    disclosure_sha256: Sha256
    conflict_statement: Statement
    #: The most that this agency may bid in all; the engine refuses more.
    limit_fen: PositiveFen | None = None
    #: Who controls the agency, who belongs to it, whence the money comes (竞买登记表).
    declaration: Declaration | None = None


class Acknowledgement(_In, frozen=True, kw_only=True):
    """The notice in force was read: its SHA-256; after a notice was disclosed anew (重新披露)."""

    disclosure_sha256: Sha256


class LimitChange(_In, frozen=True, kw_only=True):
    """The most that my agency may bid from now on; null: no limit."""

    limit_fen: PositiveFen | None


class DepositReceipt(_In, frozen=True, kw_only=True):
    """Money that the venue's bank reports as received for a deposit (保证金)."""

    bank_reference: BankReference
    amount_fen: PositiveFen
    received_at: Moment


class PriorityClaim(_In, frozen=True, kw_only=True):
    """A right of first refusal (优先购买权) that the venue confirms, with its rank: 1 comes first."""

    rank: Annotated[int, msgspec.Meta(ge=1, le=99)]
    nature: Reason


class Barring(_In, frozen=True, kw_only=True):
    """Why an organisation may not bid."""

    reason: Reason


class Bidder(msgspec.Struct, frozen=True, kw_only=True):
    """One organisation at one lot. `paddle` is the number under which the others know it.

    `exempt_fen` is what of the deposit the applicant creditor of a judicial sale need not pay.
    """

    id: UUID
    lot_id: UUID
    organisation_id: UUID
    registered_by: UUID
    status: BidderStatus
    version: int
    disclosure_sha256: str
    conflict_statement: str
    limit_fen: int | None
    paddle: int | None
    rank: int | None
    rank_nature: str | None
    deposit_id: UUID | None
    exempt_fen: int | None
    barred_reason: str | None
    registered_at: datetime
    updated_at: datetime


class BidderList(msgspec.Struct, frozen=True, kw_only=True):
    """The bidders of a lot, in the order of registration."""

    items: list[Bidder]


class BidderStatusChanged(msgspec.Struct, frozen=True, kw_only=True, tag="bidder_status_changed"):
    """A bidder went one step on; without names or paddles, which are confidential until the end."""

    bidder_id: UUID
    lot_id: UUID
    before: BidderStatus
    after: BidderStatus


class PriorityConfirmed(msgspec.Struct, frozen=True, kw_only=True, tag="priority_confirmed"):
    """The venue confirmed a right of first refusal."""

    lot_id: UUID
    rank: int
