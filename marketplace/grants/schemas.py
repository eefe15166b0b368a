"""What goes in and out about granted licences."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.burdens.schemas import LicenceKind
from marketplace.edge.fields import Reason
from marketplace.licences.schemas import LicenceIn


class GrantState(StrEnum):
    """How far a licence is. Source: domain 9."""

    OFFERED = "offered"
    SIGNED = "signed"
    EFFECTIVE = "effective"
    RECORDED = "recorded"
    ACTIVE = "active"
    ENDED = "ended"


class OptionState(StrEnum):
    """How far the licensee's option to buy is (先许可后转让)."""

    NONE = "none"
    OPEN = "open"
    EXERCISED = "exercised"  # the sale by which it buys runs
    COMPLETED = "completed"
    LAPSED = "lapsed"


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class Signing(_In, frozen=True, kw_only=True):
    """That I agree to the licence as shown."""

    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Recordal(_In, frozen=True, kw_only=True):
    """That the office recorded the licence (备案)."""

    number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    recorded_on: date


class Ending(_In, frozen=True, kw_only=True):
    """Why a licence ends before its time."""

    reason: Reason


class NewGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A licence as its offer makes it; everything comes from the offer, nothing is typed again."""

    offer_id: UUID
    consignment_id: UUID
    venue_id: UUID
    licence: LicenceIn
    licensee_name: str
    kind: LicenceKind
    drafted_by: UUID
    sign_by: datetime
    option_price_fen: int | None = None
    option_until: date | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A licence as it stands; the same id is the licence's under /v1/licences, where its income is."""

    id: UUID
    offer_id: UUID
    consignment_id: UUID
    case_id: UUID
    organisation_id: UUID
    venue_id: UUID
    licensee_id: UUID
    licensee_name: str
    kind: LicenceKind
    sha256: str
    entry_fee_fen: int
    starts_on: date
    ends_on: date
    state: GrantState
    #: Before this moment it is signed, or it is over; None of an older one.
    sign_by: datetime | None
    #: Since when something holds the rights: the time to sign stands still.
    held_since: datetime | None
    signed_by: UUID | None
    signed_at: datetime | None
    effective_at: datetime | None
    recordal_due_on: date | None
    recordal_number: str | None
    recorded_on: date | None
    is_recordal_late: bool
    ended_at: datetime | None
    reason: str | None
    option_price_fen: int | None
    option_until: date | None
    option_state: OptionState
    option_lot_id: UUID | None
    option_credited_fen: int
    created_at: datetime
    updated_at: datetime
