"""Extracts of a register, and the answer to an enquiry."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from marketplace.assets.schemas import NewAsset
from marketplace.assets.types import IpType


class Extract(msgspec.Struct, frozen=True, kw_only=True):
    """What a register said on a day, as somebody brought it in: the file's hash, and how many rights are in it."""

    id: UUID
    organisation_id: UUID
    source: str
    as_of: date
    sha256: str
    rows: int
    created_at: datetime


class Enquiry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which right is asked about."""

    ip_type: IpType
    number: str
    nice_class: int | None = None


class RegistryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest extract says, with the day and source that it speaks for; never more current than that.

    `record` is null where no extract that the caller may ask holds the right.
    """

    record: NewAsset | None
    as_of: date | None
    source: str | None
    extract_id: UUID | None
    extract_sha256: str | None
    asked_at: datetime
