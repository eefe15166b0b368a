"""Writes events into the outbox, in the transaction of the change that they report."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.ids import uuid7
from kit.sql import Connection, load_statements

_SQL = load_statements("marketplace.outbox", "queries.sql")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it lies in the outbox; its payload is JSON."""

    id: UUID
    kind: str
    payload: str
    created_at: datetime


async def add(conn: Connection, event: msgspec.Struct, *, now: datetime) -> UUID:
    """Put `event` (a tagged struct, named in the past tense) into the outbox; its id, stable over all retries."""
    tag = event.__struct_config__.tag
    assert isinstance(tag, str), (
        f"{type(event).__name__} needs a tag to be told apart in the outbox"
    )
    event_id = uuid7(now)
    await conn.execute(_SQL["add"], event_id, tag, msgspec.json.encode(event).decode(), now)
    return event_id


async def add_done(conn: Connection, event: msgspec.Struct, *, now: datetime) -> UUID:
    """An event that whoever adds it delivers, and nobody else: it is in nobody's feed."""
    event_id = await add(conn, event, now=now)
    await conn.execute(_SQL["set_delivered"], event_id, now)
    return event_id


async def take_pending(conn: Connection, *, now: datetime, limit: int = 500) -> list[Event]:
    """Take due events out, oldest first: they count as delivered if, and only if, this transaction commits.

    They are announced on the channel `luochui_events` (id and kind) as it does. Whoever needs an event's content
    reads its row: an announcement that nobody heard loses nothing.
    """
    rows = await conn.fetch(_SQL["take_pending"], now, limit)
    return sorted((msgspec.convert(dict(row), Event) for row in rows), key=lambda event: event.id)
