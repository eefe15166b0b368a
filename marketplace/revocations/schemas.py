"""What goes in and out about results that are set aside (撤销成交)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Reason


class Ground(StrEnum):
    """Why a result is set aside. Source: 法释〔2016〕18号 art. 31, (1) to (6)."""

    UNTRUE_DESCRIPTION = "untrue_description"
    SYSTEM_FAULT = "system_fault"
    COLLUSION = "collusion"
    UNQUALIFIED_WINNER = "unqualified_winner"
    UNLAWFUL_EXCLUSION = "unlawful_exclusion"
    OTHER_BREACH = "other_breach"


class RevocationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the result shall be set aside, and what proves it: a court's order, a finding, a report."""

    ground: Ground
    reason: Reason
    evidence: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class RevocationView(msgspec.Struct, frozen=True, kw_only=True):
    """A revocation as it stands: `state` PROPOSED, then DONE by another person, or REFUSED.

    `returned_fen`: what was paid of the price when it was drawn up; what came in since goes back too.
    """

    id: UUID
    lot_id: UUID
    ground: Ground
    reason: str
    evidence: str
    returned_fen: int
    content_hash: str
    state: str
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None


class SaleRevoked(msgspec.Struct, frozen=True, kw_only=True, tag="sale_revoked"):
    """The result of a lot was set aside; what was paid for it went back."""

    lot_id: UUID
    ground: Ground
