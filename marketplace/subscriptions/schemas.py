"""What goes in and out about kept searches."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Name


class SubscriptionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search to keep: words of two characters at least, all of which a lot must hold."""

    name: Name
    query: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A kept search."""

    id: UUID
    name: str
    query: str
    is_active: bool
    created_at: datetime


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A lot that a kept search found."""

    subscription_id: UUID
    lot_id: UUID
    number: str
    title: str
    title_zh: str
    found_at: datetime


class HitList(msgspec.Struct, frozen=True, kw_only=True):
    """What a kept search found, newest first, at most a hundred."""

    items: list[Hit]


class LotFound(msgspec.Struct, frozen=True, kw_only=True, tag="lot_found"):
    """A kept search found a lot."""

    subscription_id: UUID
    organisation_id: UUID
    lot_id: UUID
