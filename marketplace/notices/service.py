"""Publishes notices and reads them back. Whoever calls holds the lot's row lock, so versions follow each other."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kit.sql import Connection, load_statements
from marketplace.notices.rules import canonical_text, digest, require_complete
from marketplace.notices.schemas import Kind, Notice
from marketplace.organisations.schemas import Caller

_SQL = load_statements("marketplace.notices", "queries.sql")


async def publish_sale(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    *,
    lot_number: str,
    regime: str,
    content: Mapping[str, Any],
    now: datetime,
) -> Notice:
    """The notice of a sale: complete by its regime, numbered, hashed. Raises `NoticeIncomplete`."""
    require_complete(content, regime)
    return await _publish(
        conn, caller, lot_id, lot_number=lot_number, kind=Kind.SALE, content=content, now=now
    )


async def publish_change(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    *,
    lot_number: str,
    kind: Kind,
    reason: str,
    now: datetime,
) -> Notice:
    """A short notice that the sale stands still, goes on, or was withdrawn, and why."""
    return await _publish(
        conn, caller, lot_id, lot_number=lot_number, kind=kind, content={"reason": reason}, now=now
    )


async def publish_extension(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    *,
    lot_number: str,
    content: Mapping[str, Any],
    now: datetime,
) -> Notice:
    """The listing goes on as the notice in force announced: its new times, and the rules with them."""
    return await _publish(
        conn, caller, lot_id, lot_number=lot_number, kind=Kind.EXTENSION, content=content, now=now
    )


async def publish_redisclosure(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    *,
    lot_number: str,
    regime: str,
    content: Mapping[str, Any],
    now: datetime,
) -> Notice:
    """The whole notice anew: it replaces the one before and is as complete. Raises `NoticeIncomplete`."""
    require_complete(content, regime)
    return await _publish(
        conn,
        caller,
        lot_id,
        lot_number=lot_number,
        kind=Kind.REDISCLOSURE,
        content=content,
        now=now,
    )


async def of_lot(conn: Connection, lot_id: UUID) -> list[Notice]:
    """All notices of a lot, oldest first."""
    return [msgspec.convert(dict(row), Notice) for row in await conn.fetch(_SQL["of_lot"], lot_id)]


async def _publish(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    *,
    lot_number: str,
    kind: Kind,
    content: Mapping[str, Any],
    now: datetime,
) -> Notice:
    version = int(await conn.fetchval(_SQL["next_version"], lot_id))
    number = f"{lot_number}-N{version}"
    head = {
        "number": number,
        "version": version,
        "kind": kind.value,
        "lot_id": str(lot_id),
        "lot_number": lot_number,
        "published_at": now.isoformat().replace("+00:00", "Z"),
    }
    text = canonical_text({"notice": head, **content})
    notice = Notice(
        lot_id=lot_id,
        version=version,
        number=number,
        kind=kind,
        content=text,
        sha256=digest(text),
        published_at=now,
        published_by=caller.user_id,
    )
    await conn.execute(
        _SQL["insert"],
        lot_id,
        version,
        number,
        kind,
        text,
        notice.sha256,
        now,
        caller.user_id,
    )
    return notice
