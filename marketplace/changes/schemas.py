"""What the change feed shows."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One event that concerns my organisation. `id` is the event's own, the same in webhooks (`webhook-id`)."""

    position: int
    id: UUID
    kind: str
    occurred_at: datetime
    data: dict[str, Any]


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """Changes in order, without a gap. Ask again with `after` = `next_after`; `head` is the newest position."""

    items: list[Change]
    next_after: int
    head: int


class Relayed(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was numbered for an organisation."""

    organisation_id: UUID
    event_id: UUID
    kind: str
