"""A package as it is stored, handed in and shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Name, Reason


class NewPackage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rights that go together. `indivisible_reason`: why parting them impairs use or value (2020 拍卖变卖规定 15)."""

    name: Name
    asset_ids: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=2, max_length=200)]
    indivisible_reason: Reason | None = None


class Package(NewPackage, frozen=True, kw_only=True):
    """A package as it is on record; its members in the order in which they are offered."""

    id: UUID
    organisation_id: UUID
    created_at: datetime
