"""Writes and reads the audit trail. An entry is part of the transaction that makes the change it tells of."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit.schemas import Entry
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


async def entries(
    conn: Connection,
    *,
    after: UUID | None,
    rows: int,
    subject: str | None = None,
    subject_id: str | None = None,
) -> list[Entry]:
    """Entries in the order of their ids, beginning after `after`; of one subject, or of all."""
    found = await conn.fetch(_SQL["entries_after"], after, rows, subject, subject_id)
    return [_entry(dict(row)) for row in found]


async def newest(
    conn: Connection,
    *,
    before: UUID | None,
    rows: int,
    subject: str | None = None,
    subject_id: str | None = None,
) -> list[Entry]:
    """Entries from the newest back, beginning before `before`; of one subject, or of all."""
    found = await conn.fetch(_SQL["entries_before"], before, rows, subject, subject_id)
    return [_entry(dict(row)) for row in found]


async def broken_entries(conn: Connection) -> list[UUID]:
    """Entries (100 at most) that were changed, moved or lost their predecessor; empty when the chains hold."""
    return [row["id"] for row in await conn.fetch(_SQL["broken_entries"])]


def _entry(row: dict[str, Any]) -> Entry:
    for name in ("before", "after"):
        row[name] = None if row[name] is None else msgspec.json.decode(row[name])
    return msgspec.convert(row, Entry)
