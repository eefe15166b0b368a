"""Writes events into the outbox, in the transaction of the change that they report."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.ids import uuid7
from kit.sql import Connection, load_statements

_SQL = load_statements("marketplace.outbox", "queries.sql")


async def add(conn: Connection, event: msgspec.Struct, *, now: datetime) -> UUID:
    """Put `event` (a tagged struct, named in the past tense) into the outbox; its id, stable over all retries."""
    tag = event.__struct_config__.tag
    assert isinstance(tag, str), (
        f"{type(event).__name__} needs a tag to be told apart in the outbox"
    )
    event_id = uuid7(now)
    await conn.execute(_SQL["add"], event_id, tag, msgspec.json.encode(event).decode(), now)
    return event_id


async def deliver_pending(conn: Connection, *, now: datetime, limit: int = 500) -> int:
    """Announce due events on the channel `luochui_events` (id and kind) as this transaction commits; how many.

    Whoever needs an event's content reads its row: an announcement that nobody heard loses nothing.
    """
    return int(await conn.fetchval(_SQL["deliver_pending"], now, limit))
