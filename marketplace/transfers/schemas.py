"""What goes in and out about transfers (交割)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from marketplace.edge.fields import Reason
from marketplace.transfers.rules import Filing, StepKind, StepState

Number: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class Filed(_In, frozen=True, kw_only=True, tag_field="state", tag="filed"):
    """It was filed, under this number of the office's."""

    number: Number


class Done(_In, frozen=True, kw_only=True, tag_field="state", tag="done"):
    """It was recorded, cancelled, told or handed over on that day."""

    done_on: date
    number: Number | None = None


class Refused(_In, frozen=True, kw_only=True, tag_field="state", tag="refused"):
    """The office refused. `rescind`: propose that the sale be undone; another person approves that."""

    refused_on: date
    number: Number
    reason: Reason
    rescind: bool = False


class TransferStep(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the checklist and how far it is."""

    position: int
    kind: StepKind
    subject_id: UUID | None
    subject: str
    filing: Filing
    due_on: date
    is_overdue: bool
    state: StepState
    number: str | None
    reason: str | None
    done_on: date | None
    updated_at: datetime | None


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """The checklist of a sold lot (交割清单)."""

    lot_id: UUID
    venue_id: UUID
    consignor_id: UUID
    buyer_id: UUID
    opened_at: datetime
    is_complete: bool
    steps: list[TransferStep]


class CancellationPackage(msgspec.Struct, frozen=True, kw_only=True):
    """The papers to cancel the pledges of a sold lot (质押注销申请): `sha256` is of `content`, canonical JSON."""

    lot_id: UUID
    content: dict[str, Any]
    sha256: str


class TransferMoved(msgspec.Struct, frozen=True, kw_only=True, tag="transfer_moved"):
    """A step after a sale went on."""

    lot_id: UUID
    position: int
    kind: StepKind
    state: StepState


Outcome: TypeAlias = Filed | Done | Refused
StateName: TypeAlias = Literal["filed", "done", "refused"]
