"""What goes in and out about changes of a published notice (延牌、重新披露)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Moment, Reason
from marketplace.lots.schemas import Conditions

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class ChangeKind(StrEnum):
    """By the worker, as the notice announced; or by two people of the venue."""

    EXTENSION = "extension"
    REDISCLOSURE = "redisclosure"


class ChangeState(StrEnum):
    """How far a change is. An extension is published at once."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    REFUSED = "refused"


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class RedisclosureIn(_In, frozen=True, kw_only=True):
    """What the notice shall say from now on, and its new times; prices and deposit stay as they were published."""

    conditions: Conditions
    priority_closes_at: Moment | None = None  # None: at the opening
    opens_at: Moment
    closes_at: Moment
    reason: Reason


class RedisclosureDecision(_In, frozen=True, kw_only=True):
    """Yes or no to the change as shown; `sha256` is that of its content."""

    sha256: Sha256
    approved: bool = True
    reason: Reason = "looked through 已复核"


class DisclosureChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a notice. `sha256` is of what was proposed, `notice_sha256` of the notice to acknowledge since."""

    id: UUID
    lot_id: UUID
    kind: ChangeKind
    state: ChangeState
    cycle: int | None
    reason: str
    conditions: Conditions | None
    priority_closes_at: datetime
    opens_at: datetime
    closes_at: datetime
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    profile_hash: str | None
    notice_sha256: str | None
    sha256: str = ""


class DisclosureChangeList(msgspec.Struct, frozen=True, kw_only=True):
    """All changes of a lot's notice, oldest first."""

    items: list[DisclosureChange]


class ListingExtended(msgspec.Struct, frozen=True, kw_only=True, tag="listing_extended"):
    """A listing goes on, as its notice announced."""

    lot_id: UUID
    number: str
    cycle: int
    opens_at: datetime
    closes_at: datetime


class NoticeChanged(msgspec.Struct, frozen=True, kw_only=True, tag="notice_changed"):
    """A notice was disclosed anew: registered bidders acknowledge this one before they are admitted."""

    lot_id: UUID
    number: str
    notice_sha256: str
    opens_at: datetime
    closes_at: datetime
