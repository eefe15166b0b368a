"""What goes in and out about webhooks (回调通知)."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

Url: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Description: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
Kinds: TypeAlias = Annotated[
    list[Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{0,63}\Z")]],
    msgspec.Meta(max_length=100),
]
EndpointState: TypeAlias = Literal["enabled", "disabled"]
_Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class EndpointIn(_In, frozen=True, kw_only=True):
    """Where my organisation's changes are to be sent. `kinds` empty: all of them."""

    url: Url
    description: Description = ""
    kinds: Kinds = []


class EndpointChange(_In, frozen=True, kw_only=True):
    """What changes; what is left out stays."""

    url: Url | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    kinds: Kinds | msgspec.UnsetType = msgspec.UNSET
    state: EndpointState | msgspec.UnsetType = msgspec.UNSET


class ReplayIn(_In, frozen=True, kw_only=True):
    """What to send again: one event, or the changes after one position up to another (at most 1,000)."""

    event_id: UUID | None = None
    after: _Position | None = None
    up_to: _Position | None = None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address that hears of my organisation's changes."""

    id: UUID
    url: str
    description: str
    kinds: list[str]
    state: EndpointState
    disabled_reason: str | None
    created_at: datetime
    updated_at: datetime
    version: int


class EndpointList(msgspec.Struct, frozen=True, kw_only=True):
    """My organisation's endpoints, oldest first."""

    items: list[Endpoint]


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint and its secret, which is shown this once; a repeated request shows null in its place."""

    endpoint: Endpoint
    secret: str | None


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """A new secret, shown this once. Until `old_expires_at` messages carry the signatures of both."""

    secret: str | None
    old_expires_at: datetime


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages will be sent again, each under its first id."""

    messages: int


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try: the status that came back, or why none did, and the beginning of the answer."""

    number: int
    started_at: datetime
    took_ms: int
    status: int | None
    error: str | None
    answer: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message to an endpoint. `event_id` is its `webhook-id`."""

    id: UUID
    event_id: UUID
    kind: str
    is_replay: bool
    state: Literal["waiting", "running", "delivered", "failed"]
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    ended_at: datetime | None
    log: list[Attempt]


class Ping(msgspec.Struct, frozen=True, kw_only=True, tag="ping"):
    """A message that says nothing but that it arrived."""

    endpoint_id: UUID


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is to be sent now."""

    id: UUID
    endpoint_id: UUID
    organisation_id: UUID
    event_id: UUID
    url: str
    kind: str
    payload: str
    occurred_at: datetime
    attempts: int
    claims: int
    secrets: list[bytes]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending a message."""

    status: int | None
    error: str | None
    text: str = ""
