"""What goes out about notices (公告)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Kind(StrEnum):
    """What a notice tells."""

    SALE = "sale"
    SUSPENSION = "suspension"
    RESUMPTION = "resumption"
    WITHDRAWAL = "withdrawal"
    REVOCATION = "revocation"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A published notice. `content` is JSON, byte for byte what `sha256` (hex) was computed over."""

    lot_id: UUID
    version: int
    number: str
    kind: Kind
    content: str
    sha256: str
    published_at: datetime
    published_by: UUID


class NoticeList(msgspec.Struct, frozen=True, kw_only=True):
    """All notices of a lot, oldest first."""

    items: list[Notice]
