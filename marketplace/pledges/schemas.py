"""A pledge registration as it is stored, handed in and shown."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from kit.money import FEN_MAX

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PledgeState(StrEnum):
    """Whether a pledge stands in the register. Source: domain 3.2, 9."""

    REGISTERED = "registered"
    CHANGED = "changed"
    CANCEL_PENDING = "cancel_pending"
    CANCELLED = "cancelled"


class JointPledgee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another lender in the same registration (共同质权人), and whether they agreed to the disposal.

    `share_bp`: their part of the secured claim, where the parties agreed on parts.
    """

    name: Name
    has_consented: bool
    code: str | None = None
    share_bp: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


class NewPledge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pledge as its registration certificate states it; a maximum pledge's amount is the registered maximum."""

    case_id: UUID
    asset_ids: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=200)]
    registration_number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    registered_on: date
    pledgee_name: Name
    pledgee_code: str
    pledgor_name: Name
    pledgor_code: str
    secured_amount_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]
    is_maximum: bool = False
    joint_pledgees: tuple[JointPledgee, ...] = ()
    lead_share_bp: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


class PledgeChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change that the office registered (变更登记): what is left out stays. Rights can be released, not added."""

    change_number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    changed_on: date
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
    pledgee_name: Name | msgspec.UnsetType = msgspec.UNSET
    pledgee_code: str | msgspec.UnsetType = msgspec.UNSET
    secured_amount_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    joint_pledgees: tuple[JointPledgee, ...] | msgspec.UnsetType = msgspec.UNSET
    lead_share_bp: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | msgspec.UnsetType | None = (
        msgspec.UNSET
    )
    asset_ids: (
        Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=200)] | msgspec.UnsetType
    ) = msgspec.UNSET


class RecordedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change as it is on record, with what it changed."""

    position: int
    change_number: str
    changed_on: date
    before: dict[str, object]
    after: dict[str, object]
    reason: str
    recorded_by: UUID
    created_at: datetime


class PledgeMove(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next state of a pledge, and why."""

    state: PledgeState
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class Pledge(NewPledge, frozen=True, kw_only=True):
    """A pledge as it is on record."""

    id: UUID
    organisation_id: UUID
    state: PledgeState
    import_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


class RankedPledge(msgspec.Struct, frozen=True, kw_only=True):
    """A pledge over a right with its rank: 1 is paid first; those of one day share a rank (Civil Code 414, 415)."""

    rank: int
    pledge: Pledge
