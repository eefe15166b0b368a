"""What is told of liabilities: to the bank, the funds and all who bear a part of the claim's loss."""

from uuid import UUID

import msgspec

from marketplace.liabilities.schemas import LiabilityState


class LiabilityAnswered(msgspec.Struct, frozen=True, kw_only=True, tag="liability_answered"):
    """A party confirmed or disputed what it owes."""

    liability_id: UUID
    claim_id: UUID
    case_id: UUID
    state: LiabilityState


class LiabilityPaid(msgspec.Struct, frozen=True, kw_only=True, tag="liability_paid"):
    """A party paid what it owes to another."""

    liability_id: UUID
    claim_id: UUID
    case_id: UUID
    payout_id: UUID
    amount_fen: int
