"""Keeps an organisation's webhook endpoints, and puts messages in line for them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.changes.schemas import Relayed
from marketplace.edge.versions import require_version
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from marketplace.webhooks import signing
from marketplace.webhooks.rules import (
    ENDPOINTS_MAX,
    REPLAYED_MAX,
    ROTATION,
    matches,
    target_of,
)
from marketplace.webhooks.schemas import (
    Attempt,
    Delivery,
    Endpoint,
    EndpointChange,
    EndpointIn,
    NewEndpoint,
    Ping,
    Replayed,
    ReplayIn,
    Rotated,
)

_SQL = load_statements("marketplace.webhooks", "queries.sql")
_BY_OWNER = "switched off by its owner 由所属机构停用"


class TooManyEndpoints(Conflict):
    """An organisation has twenty webhook endpoints at most. / 每个机构最多设置二十个回调地址。"""

    code = "too_many_webhook_endpoints"


class EndpointDisabled(Conflict):
    """The endpoint is disabled; enable it first. / 回调地址已停用，请先启用。"""

    code = "webhook_endpoint_disabled"


async def create(
    conn: Connection, caller: Caller, given: EndpointIn, *, loopback: bool, now: datetime
) -> NewEndpoint:
    """A new endpoint of the caller's organisation, with a secret of its own."""
    target_of(given.url, loopback=loopback)
    await conn.execute(_SQL["lock_organisation"], caller.organisation_id)
    if len(await of_organisation(conn, caller)) >= ENDPOINTS_MAX:
        raise TooManyEndpoints
    endpoint_id, secret = uuid7(now), signing.new_secret()
    await conn.execute(
        _SQL["insert_endpoint"],
        endpoint_id,
        caller.organisation_id,
        given.url,
        given.description,
        sorted(set(given.kinds)),
        caller.user_id,
        now,
    )
    await conn.execute(
        _SQL["insert_secret"], uuid7(now), caller.organisation_id, endpoint_id, secret, now
    )
    made = await get(conn, caller, endpoint_id)
    await _audited(conn, caller, endpoint_id, "created", after=made, now=now)
    return NewEndpoint(endpoint=made, secret=signing.shown_secret(secret))


async def change(
    conn: Connection,
    caller: Caller,
    endpoint_id: UUID,
    given: EndpointChange,
    *,
    version: int,
    loopback: bool,
    now: datetime,
) -> Endpoint:
    """Give an endpoint another address or other kinds; switch it off, or on again."""
    before = await _for_update(conn, caller, endpoint_id)
    require_version(before.version, version)
    changed = {
        name: value
        for name, value in msgspec.structs.asdict(given).items()
        if value is not msgspec.UNSET
    }
    after = msgspec.structs.replace(before, **changed)
    target_of(after.url, loopback=loopback)
    reason = None
    if after.state == "disabled":
        reason = before.disabled_reason or _BY_OWNER
    await conn.execute(
        _SQL["change_endpoint"],
        endpoint_id,
        after.url,
        after.description,
        sorted(set(after.kinds)),
        after.state,
        reason,
        now,
    )
    made = await get(conn, caller, endpoint_id)
    await _audited(conn, caller, endpoint_id, "changed", before=before, after=made, now=now)
    return made


async def rotate(conn: Connection, caller: Caller, endpoint_id: UUID, *, now: datetime) -> Rotated:
    """A new secret; the old one signs beside it for a day, and one that was on its way out is gone."""
    await _for_update(conn, caller, endpoint_id)
    old_expires_at, secret = now + ROTATION, signing.new_secret()
    await conn.execute(_SQL["retire_secrets"], endpoint_id, old_expires_at)
    await conn.execute(
        _SQL["insert_secret"], uuid7(now), caller.organisation_id, endpoint_id, secret, now
    )
    await _audited(conn, caller, endpoint_id, "secret_rotated", now=now)
    return Rotated(secret=signing.shown_secret(secret), old_expires_at=old_expires_at)


async def ping(conn: Connection, caller: Caller, endpoint_id: UUID, *, now: datetime) -> Replayed:
    """Send a message that says nothing but that it arrived, to this endpoint alone."""
    await _enabled(conn, caller, endpoint_id)
    event_id = await outbox.add_done(conn, Ping(endpoint_id=endpoint_id), now=now)
    await _enqueue(conn, [(caller.organisation_id, endpoint_id, event_id)], is_replay=True, now=now)
    return Replayed(messages=1)


async def replay(
    conn: Connection, caller: Caller, endpoint_id: UUID, given: ReplayIn, *, now: datetime
) -> Replayed:
    """Send one event or a range of changes again, each under the id that it had the first time.

    Of a range, the kinds that the endpoint asks for; an event that is named is sent whatever its kind.
    """
    endpoint = await _enabled(conn, caller, endpoint_id)
    if (given.event_id is None) == (given.after is None):
        raise InvalidInput(
            "event_id",
            "give either event_id or after (and up_to)",
            "event_id 与 after（及 up_to）须且只须给出其一",
        )
    rows = await conn.fetch(
        _SQL["replayable"],
        caller.organisation_id,
        given.event_id,
        given.after,
        given.up_to,
        REPLAYED_MAX + 1,
        [] if given.event_id else endpoint.kinds,
    )
    if not rows:
        raise NotFound("no change of your organisation is there", "没有贵机构的对应变更")
    if len(rows) > REPLAYED_MAX:
        raise InvalidInput(
            "up_to",
            f"names more than {REPLAYED_MAX} changes; ask for fewer",
            f"一次最多重发 {REPLAYED_MAX} 条变更",
        )
    wanted = [(caller.organisation_id, endpoint_id, row["event_id"]) for row in rows]
    await _enqueue(conn, wanted, is_replay=True, now=now)
    await _audited(conn, caller, endpoint_id, "replayed", after={"messages": len(rows)}, now=now)
    return Replayed(messages=len(rows))


async def fan_out(conn: Connection, relayed: Sequence[Relayed], *, now: datetime) -> None:
    """Put the messages in line that follow from events, in the transaction that numbers these."""
    if not relayed:
        return
    concerned = sorted({each.organisation_id for each in relayed})
    endpoints: dict[UUID, list[tuple[UUID, list[str]]]] = {}
    for row in await conn.fetch(_SQL["enabled_of"], concerned):
        endpoints.setdefault(row["organisation_id"], []).append((row["id"], row["kinds"]))
    wanted = [
        (each.organisation_id, endpoint_id, each.event_id)
        for each in relayed
        for endpoint_id, kinds in endpoints.get(each.organisation_id, ())
        if matches(kinds, each.kind)
    ]
    await _enqueue(conn, wanted, is_replay=False, now=now)


async def get(conn: Connection, caller: Caller, endpoint_id: UUID) -> Endpoint:
    """One of the caller's organisation's endpoints. Raises NotFound."""
    return _endpoint(await conn.fetchrow(_SQL["endpoint"], endpoint_id, caller.organisation_id))


async def of_organisation(conn: Connection, caller: Caller) -> list[Endpoint]:
    """The endpoints of the caller's organisation, oldest first."""
    return [_endpoint(row) for row in await conn.fetch(_SQL["endpoints"], caller.organisation_id)]


async def deliveries(
    conn: Connection, caller: Caller, endpoint_id: UUID, *, after: UUID | None, limit: int
) -> list[Delivery]:
    """The messages to an endpoint, newest first, each with all its attempts."""
    await get(conn, caller, endpoint_id)
    rows = await conn.fetch(_SQL["deliveries"], endpoint_id, after, limit)
    log: dict[UUID, list[Attempt]] = {row["id"]: [] for row in rows}
    for row in await conn.fetch(_SQL["attempts"], list(log)):
        log[row["delivery_id"]].append(msgspec.convert(dict(row), Attempt))
    return [msgspec.convert(dict(row) | {"log": log[row["id"]]}, Delivery) for row in rows]


async def next_due_at(conn: Connection) -> datetime | None:
    """When the next message is to be sent, if any waits."""
    found: datetime | None = await conn.fetchval(_SQL["next_due_at"])
    return found


async def _enqueue(
    conn: Connection, wanted: Iterable[tuple[UUID, UUID, UUID]], *, is_replay: bool, now: datetime
) -> None:
    rows = [(uuid7(now), *each) for each in wanted]
    if rows:
        ids, organisations, endpoints, events = (list(column) for column in zip(*rows, strict=True))
        await conn.execute(
            _SQL["insert_deliveries"], ids, organisations, endpoints, events, is_replay, now
        )


async def _for_update(conn: Connection, caller: Caller, endpoint_id: UUID) -> Endpoint:
    row = await conn.fetchrow(_SQL["endpoint_for_update"], endpoint_id, caller.organisation_id)
    return _endpoint(row)


async def _enabled(conn: Connection, caller: Caller, endpoint_id: UUID) -> Endpoint:
    endpoint = await _for_update(conn, caller, endpoint_id)
    if endpoint.state != "enabled":
        raise EndpointDisabled
    return endpoint


async def _audited(
    conn: Connection,
    caller: Caller,
    endpoint_id: UUID,
    what: str,
    *,
    now: datetime,
    before: object = None,
    after: object = None,
) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"webhook_endpoint_{what}",
        subject="webhook_endpoint",
        subject_id=endpoint_id,
        before=before,
        after=after,
    )


def _endpoint(row: asyncpg.Record | None) -> Endpoint:
    if row is None:
        raise NotFound("no such webhook endpoint", "没有该回调地址")
    return msgspec.convert(dict(row), Endpoint)
