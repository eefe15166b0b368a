"""Keeps searches, and finds for them each lot that is published."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.lots import search
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from marketplace.subscriptions.schemas import Hit, LotFound, Subscription, SubscriptionIn

_SQL = load_statements("marketplace.subscriptions", "queries.sql")
#: So that one organisation cannot make every publication slow for all.
_ACTIVE_MAX = 100


class TooManySubscriptions(Conflict):
    """Your organisation keeps as many searches as it may: end one first. / 检索订阅已达上限，请先停用。"""

    code = "too_many_subscriptions"


async def keep(
    conn: Connection, caller: Caller, given: SubscriptionIn, *, now: datetime
) -> Subscription:
    """Keep a search; its words are checked as those of any search."""
    await search.words_of(conn, given.query)
    if await conn.fetchval(_SQL["count_active"], caller.organisation_id) >= _ACTIVE_MAX:
        raise TooManySubscriptions
    subscription_id = uuid7(now)
    await conn.execute(
        _SQL["insert"],
        subscription_id,
        caller.organisation_id,
        given.name,
        given.query,
        caller.user_id,
        now,
    )
    await _audit(conn, caller, subscription_id, "search_kept", given, now=now)
    return await get(conn, caller, subscription_id)


async def end(
    conn: Connection, caller: Caller, subscription_id: UUID, *, now: datetime
) -> Subscription:
    """Keep a search no longer; what it found stays."""
    await get(conn, caller, subscription_id)
    await conn.execute(_SQL["end"], subscription_id, caller.organisation_id)
    await _audit(conn, caller, subscription_id, "search_ended", None, now=now)
    return await get(conn, caller, subscription_id)


async def match(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """A lot was published: find it for every kept search whose words it holds, and tell each organisation once."""
    for row in await conn.fetch(_SQL["matching"], lot_id):
        done = await conn.execute(_SQL["insert_hit"], row["id"], lot_id, now)
        if done == "INSERT 0 0":
            continue
        event = LotFound(
            subscription_id=row["id"], organisation_id=row["organisation_id"], lot_id=lot_id
        )
        await outbox.add(conn, event, now=now)


async def get(conn: Connection, caller: Caller, subscription_id: UUID) -> Subscription:
    """A kept search of the caller's organisation; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["by_id"], subscription_id, caller.organisation_id)
    if row is None:
        raise NotFound("no such kept search", "没有该检索订阅")
    return msgspec.convert(dict(row), Subscription)


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[Subscription]:
    """The kept searches of the caller's organisation, newest first."""
    rows = await conn.fetch(_SQL["page"], after, caller.organisation_id, limit)
    return [msgspec.convert(dict(row), Subscription) for row in rows]


async def hits(conn: Connection, caller: Caller, subscription_id: UUID) -> list[Hit]:
    """What a kept search found, newest first."""
    await get(conn, caller, subscription_id)
    return [
        msgspec.convert(dict(row), Hit) for row in await conn.fetch(_SQL["hits"], subscription_id)
    ]


async def _audit(
    conn: Connection,
    caller: Caller,
    subscription_id: UUID,
    action: str,
    facts: object,
    *,
    now: datetime,
) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=action,
        subject="search_subscription",
        subject_id=subscription_id,
        after=facts,
    )
