"""What is told of claims."""

from uuid import UUID

import msgspec

from marketplace.claims.schemas import ClaimStatus


class ClaimMoved(msgspec.Struct, frozen=True, kw_only=True, tag="claim_moved"):
    """A claim came to another state."""

    claim_id: UUID
    case_id: UUID
    status: ClaimStatus


class ClaimReviewed(msgspec.Struct, frozen=True, kw_only=True, tag="claim_reviewed"):
    """Somebody at a fund reviewed a claim."""

    claim_id: UUID
    fund_id: UUID
    approved: bool


class RecoveryShared(msgspec.Struct, frozen=True, kw_only=True, tag="recovery_shared"):
    """A recovery was shared over the positions of a claim."""

    claim_id: UUID
    case_id: UUID
    event_id: str
    net_fen: int


class FinalClearingProposed(
    msgspec.Struct, frozen=True, kw_only=True, tag="final_clearing_proposed"
):
    """A final clearing waits for its second person."""

    claim_id: UUID
    delta_fen: int


class FinalClearingRefused(msgspec.Struct, frozen=True, kw_only=True, tag="final_clearing_refused"):
    """The second person refused a proposed final clearing."""

    claim_id: UUID


class SchemeVersionAdded(msgspec.Struct, frozen=True, kw_only=True, tag="scheme_version_added"):
    """A scheme got another version."""

    scheme_id: str
    version: int


class CompensationPaidOut(msgspec.Struct, frozen=True, kw_only=True, tag="compensation_paid_out"):
    """Compensation left a special account."""

    claim_id: UUID
    payment_id: UUID
    amount_fen: int


class CompensationReturned(msgspec.Struct, frozen=True, kw_only=True, tag="compensation_returned"):
    """Compensation came back to a fund."""

    claim_id: UUID
    amount_fen: int
