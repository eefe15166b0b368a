"""What goes in and out about telling the parties."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from marketplace.edge.fields import Name, Reason
from marketplace.lots.schemas import Lot

PartyRole: TypeAlias = Literal["pledgor", "debtor", "co_owner", "priority_holder", "other"]
Told: TypeAlias = Literal["received", "unreachable", "waived"]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class PartyNoticeIn(_In, frozen=True, kw_only=True):
    """That a party was sent word of the sale, when and how."""

    party_name: Name
    role: PartyRole
    method: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    sent_on: date


class PartyNoticeOutcome(_In, frozen=True, kw_only=True):
    """What became of it: received on that day, unreachable with the reason published on that day, or waived."""

    state: Told
    on: date
    evidence: Reason


class PartyNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Word sent to a party. `effective_on`: the day on which it counts as told."""

    id: UUID
    lot_id: UUID
    party_name: str
    role: PartyRole
    method: str
    sent_on: date
    state: str
    effective_on: date | None
    evidence: str | None
    recorded_at: datetime


class PartyNoticeList(msgspec.Struct, frozen=True, kw_only=True):
    """Who has to be told, who was, and from when on the notice may be published; null while somebody is missing."""

    required: list[str]
    items: list[PartyNotice]
    may_publish_from: date | None
    lot: Lot
