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
    EXTENSION = "extension"  # the listing goes on, as the notice announced (延牌)
    REDISCLOSURE = "redisclosure"  # the whole notice anew, because it changed (重新披露)


#: The notices that say all of a sale; the last of them is in force.
WHOLE = frozenset({Kind.SALE, Kind.REDISCLOSURE})


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
