"""What goes in and out about conflicts (利害关系与禁入)."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec

from marketplace.conflicts.rules import BarKind
from marketplace.edge.fields import Moment, Name, Reason

#: A unified social credit code, or the SHA-256 (hex) of the number of a natural person's papers.
PartyCode: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-Z]{18}|[0-9a-f]{64})\Z")]
Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class Party(_In, frozen=True, kw_only=True):
    """Somebody who controls a bidder, or belongs to its group."""

    name: Name
    code: PartyCode


class Declaration(_In, frozen=True, kw_only=True):
    """What a bidder declares of itself (竞买登记表): who controls it, who belongs to it, whence the money comes."""

    controllers: Annotated[list[Party], msgspec.Meta(max_length=50)] = []
    related: Annotated[list[Party], msgspec.Meta(max_length=200)] = []
    source_of_funds: Reason
    is_foreign: bool = False
    #: The letter of intent of the technology export licence (技术出口许可意向书), by its number.
    letter_of_intent: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None
    #: SHA-256 of the account from which deposit and price are paid, and of the device, where they are known.
    account_sha256: Sha256 | None = None
    device_sha256: Sha256 | None = None


class BarredPartyIn(_In, frozen=True, kw_only=True):
    """Somebody who may not bid at my venue, from when and until when (never: left out)."""

    code: PartyCode
    kind: BarKind
    reason: Reason
    valid_to: Moment | None = None


class LiftIn(_In, frozen=True, kw_only=True):
    """Why somebody may bid again."""

    reason: Reason


class GroupMemberIn(_In, frozen=True, kw_only=True):
    """Somebody who belongs to my organisation's group, and how (e.g. parent, subsidiary, same controller)."""

    code: PartyCode
    name: Name
    nature: Reason


class BarredParty(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the register of barred parties."""

    id: UUID
    code: str
    kind: BarKind
    reason: str
    valid_from: datetime
    valid_to: datetime | None
    added_by: UUID
    added_at: datetime
    lifted_by: UUID | None
    lifted_at: datetime | None
    lift_reason: str | None


class GroupMember(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of my organisation's group."""

    id: UUID
    code: str
    name: str
    nature: str
    added_at: datetime
    ended_at: datetime | None


class GroupMemberList(msgspec.Struct, frozen=True, kw_only=True):
    """My organisation's group, oldest entry first."""

    items: list[GroupMember]
