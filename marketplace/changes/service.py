"""Numbers events for the organisations that they concern, and shows an organisation its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kit.sql import Connection, load_statements
from marketplace.changes.rules import Side, direct_of, references_of, sides_of
from marketplace.changes.schemas import Change, ChangePage, Relayed
from marketplace.organisations.schemas import Caller
from marketplace.outbox.service import Event

_SQL = load_statements("marketplace.changes", "queries.sql")
LIMIT_MAX = 500


async def append(conn: Connection, events: Sequence[Event]) -> list[Relayed]:
    """Put events into the feeds of those that they concern, in the transaction that takes them out of the outbox.

    The heads' row locks are held until it commits: numbers are given, and become visible, in one order.
    """
    audiences = await _audiences(conn, events)
    concerned = sorted({organisation for found in audiences for organisation in found})
    if not concerned:
        return []
    await conn.execute(_SQL["ensure_heads"], concerned)
    rows = await conn.fetch(_SQL["lock_heads"], concerned)
    heads: dict[UUID, int] = {row["organisation_id"]: row["position"] for row in rows}
    rows_in: list[tuple[UUID, int, UUID, str, datetime]] = []
    for event, audience in zip(events, audiences, strict=True):
        for organisation in sorted(audience):
            heads[organisation] += 1
            rows_in.append(
                (organisation, heads[organisation], event.id, event.kind, event.created_at)
            )
    await conn.execute(_SQL["insert"], *(list(column) for column in zip(*rows_in, strict=True)))
    await conn.execute(_SQL["set_heads"], list(heads), list(heads.values()))
    return [
        Relayed(organisation_id=organisation, event_id=event_id, kind=kind)
        for organisation, _, event_id, kind, _ in rows_in
    ]


async def after(conn: Connection, caller: Caller, *, position: int, limit: int) -> ChangePage:
    """The changes of the caller's organisation after `position`, oldest first."""
    rows = await conn.fetch(_SQL["after"], caller.organisation_id, position, limit)
    items = [
        msgspec.convert(dict(row) | {"data": msgspec.json.decode(row["data"])}, Change)
        for row in rows
    ]
    head = await conn.fetchval(_SQL["head"], caller.organisation_id)
    return ChangePage(
        items=items, next_after=items[-1].position if items else position, head=int(head)
    )


async def _audiences(conn: Connection, events: Sequence[Event]) -> list[set[UUID]]:
    """For each event, the organisations that hear of it."""
    payloads: list[dict[str, Any]] = [msgspec.json.decode(event.payload) for event in events]
    wanted = [
        sides_of(event.kind, payload) for event, payload in zip(events, payloads, strict=True)
    ]
    found: list[set[UUID]] = [
        {organisation for side, organisation in direct_of(payload) if side in sides}
        for payload, sides in zip(payloads, wanted, strict=True)
    ]
    named = [
        (index, reference)
        for index, payload in enumerate(payloads)
        for reference in references_of(payload)
    ]
    rows = await conn.fetch(
        _SQL["sides"],
        [index for index, _ in named],
        [reference.thing for _, reference in named],
        [reference.id for _, reference in named],
    )
    for row in rows:
        if row["side"] in wanted[row["event"]]:
            found[row["event"]].add(row["organisation_id"])
    if any(Side.EVERYBODY in sides for sides in wanted):
        everybody = {row["id"] for row in await conn.fetch(_SQL["everybody"])}
        for audience, sides in zip(found, wanted, strict=True):
            if Side.EVERYBODY in sides:
                audience |= everybody
    known = {row["id"] for row in await conn.fetch(_SQL["known"], list(set().union(*found)))}
    return [audience & known for audience in found]
