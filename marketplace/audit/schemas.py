"""What the audit trail says."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry 审计记录. `hash` covers the entry and `previous_hash`, that of the subject's entry before it."""

    id: UUID
    at: datetime
    organisation_id: UUID
    user_id: UUID
    action: str
    subject: str
    subject_id: str
    before: Any
    after: Any
    reason: str | None
    position: int
    previous_hash: str
    hash: str
