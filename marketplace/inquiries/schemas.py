"""What goes in and out about questions, viewings and acknowledgements."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Moment, Name, Reason


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class QuestionIn(_In, frozen=True, kw_only=True):
    """What I want to know about a lot."""

    question: Reason


class AnswerIn(_In, frozen=True, kw_only=True):
    """The seller's answer, which everybody reads with the question."""

    answer: Reason


class SlotIn(_In, frozen=True, kw_only=True):
    """A time at which the lot can be viewed, where, and by how many."""

    starts_at: Moment
    ends_at: Moment
    place: Name
    places: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 10


class AcknowledgementIn(_In, frozen=True, kw_only=True):
    """Which version of the notice I read, and each of its warnings that I accept, by number from 1."""

    notice_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    warnings: Annotated[list[int], msgspec.Meta(min_length=1, max_length=50)]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answer; who asked is not told."""

    id: UUID
    question: str
    asked_at: datetime
    answer: str | None
    answered_at: datetime | None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A question that nobody has answered, and the lot that it is about."""

    id: UUID
    question: str
    asked_at: datetime
    lot_id: UUID
    number: str
    title: str
    title_zh: str


class QuestionList(msgspec.Struct, frozen=True, kw_only=True):
    """Questions of a lot, oldest first: answered ones for everybody, others for who asked, the venue and the bank."""

    items: list[Question]


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A time for viewing, and how many places are left."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    place: str
    places: int
    left: int


class SlotList(msgspec.Struct, frozen=True, kw_only=True):
    """The times at which a lot can be viewed."""

    items: list[Slot]


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Who acknowledged which version of the notice, and when."""

    lot_id: UUID
    organisation_id: UUID
    notice_sha256: str
    warnings: list[int]
    acknowledged_at: datetime
