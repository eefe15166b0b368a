"""A white list as it is stored, handed in and shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Fen, Name, Text


class ListState(StrEnum):
    """How far a list has come. Source: domain 9."""

    DRAFT = "draft"
    PUBLISHED = "published"
    PUSHED = "pushed"
    SUPERSEDED = "superseded"


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An enterprise on a list: who, and by which criterion (优势企业, 专精特新, 贯标企业 ...)."""

    name: Name
    code: str
    criterion: Name
    source: Name


class NewList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list as it is drafted. `authority`: on whose word (two-level lists name the province or the city)."""

    name: Name
    authority: Name
    criteria: Text
    entries: Annotated[tuple[Entry, ...], msgspec.Meta(min_length=1, max_length=10_000)]


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """That a list went to a bank, and the bank's receipt."""

    bank_id: UUID
    pushed_at: datetime
    receipt: str | None
    received_at: datetime | None


class WhiteList(NewList, frozen=True, kw_only=True):
    """A list as it is on record: `number` is its version under its name, `sha256` is over what was published."""

    id: UUID
    organisation_id: UUID
    number: int
    sha256: str | None
    state: ListState
    drafted_by: UUID
    published_by: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime
    pushes: tuple[Push, ...] = ()


class PushTo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The banks to which a published list goes."""

    bank_ids: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=500)]


class Outcome(StrEnum):
    """What became of an entry at a bank."""

    CONTACTED = "contacted"
    CREDIT_GRANTED = "credit_granted"
    DECLINED = "declined"
    NOT_INTERESTED = "not_interested"


class NewAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's word about one enterprise on a list that it received."""

    code: str
    outcome: Outcome
    amount_fen: Fen | None = None
    note: Annotated[str, msgspec.Meta(max_length=1_000)] = ""


class Answer(NewAnswer, frozen=True, kw_only=True):
    """The same on record."""

    bank_id: UUID
    answered_at: datetime
