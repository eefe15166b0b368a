"""What goes in and out about set-offs (以物抵债)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from marketplace.edge.fields import PositiveFen, Reason


class SetOffState(StrEnum):
    """How far a set-off is."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    DISPOSED = "disposed"


class SetOffIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bank's maker proposes: to take a consignment's rights at this price."""

    consignment_id: UUID
    price_fen: PositiveFen
    reason: Reason


class SetOffDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no to a set-off at the price shown."""

    price_fen: PositiveFen
    approved: bool = True


class Disposal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the bank disposed of what it had taken."""

    disposal: Reason


class SetOff(msgspec.Struct, frozen=True, kw_only=True):
    """A set-off as it stands. `dispose_by`: until when the bank must have disposed of the rights."""

    id: UUID
    number: str
    consignment_id: UUID
    case_id: UUID
    organisation_id: UUID
    venue_id: UUID
    price_fen: int
    ground: str
    reason: str
    state: SetOffState
    proposed_by: UUID
    decided_by: UUID | None
    decided_at: datetime | None
    dispose_by: date | None
    is_overdue: bool
    disposal: str | None
    shared_at: datetime | None
    created_at: datetime
    updated_at: datetime
