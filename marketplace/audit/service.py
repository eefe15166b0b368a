"""Writes and reads the audit trail. An entry is part of the transaction that makes the change it tells of."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.organisations.schemas import Caller

_SQL = load_statements("marketplace.audit", "queries.sql")


async def record(
    conn: Connection,
    caller: Caller,
    *,
    now: datetime,
    action: str,
    subject: str,
    subject_id: UUID | str,
    before: object = None,
    after: object = None,
    reason: str | None = None,
) -> UUID:
    """Append one entry: `caller` did `action` (past tense, e.g. "consignment_submitted") to the subject.

    `before` and `after` are anything that msgspec encodes: state the fields that changed, never a secret.
    The database numbers and chains the entry within its subject.
    """
    entry_id = uuid7(now)
    await conn.execute(
        _SQL["append"],
        entry_id,
        now,
        caller.organisation_id,
        caller.user_id,
        action,
        subject,
        str(subject_id),
        _json_or_none(before),
        _json_or_none(after),
        reason,
    )
    return entry_id


def _json_or_none(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
