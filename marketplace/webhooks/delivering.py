"""Takes due messages up, sends them, and writes down how it went. No connection is held while a receiver answers."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from kit.clock import Clock, monotonic_us
from kit.errors import InvalidInput
from kit.failpoints import register
from kit.sql import Connection, Pool, load_statements
from marketplace.audit import service as audit
from marketplace.organisations.schemas import SYSTEM_CALLER
from marketplace.webhooks import signing
from marketplace.webhooks.rules import is_gone, is_success, message, pause_after, target_of
from marketplace.webhooks.schemas import Answer, Due
from marketplace.webhooks.sending import Sender

_SQL = load_statements("marketplace.webhooks", "queries.sql")
#: Longer than any attempt takes: whoever does not come back by then has died.
LEASE = timedelta(seconds=60)
AT_ONCE_MAX, OF_ONE_ENDPOINT_MAX = 32, 4
_CHANCES = 10**6
_GONE_REASON = "the receiver answered 410 Gone 接收方答复 410"
_IN_VAIN_REASON = "nothing was taken in three days of attempts 三日内各次投递均失败"

_after_send = register("webhooks.after_send")


def chance() -> float:
    """A number from 0 to 1, for the jitter of pauses."""
    return secrets.randbelow(_CHANCES + 1) / _CHANCES


async def deliver_due(
    pool: Pool, sender: Sender, clock: Clock, *, draw: Callable[[], float] = chance
) -> int:
    """Send what is due, all at once; how many messages were tried."""
    now = clock()
    async with pool.acquire() as conn, conn.transaction():
        rows = await conn.fetch(
            _SQL["claim_due"], now, now + LEASE, AT_ONCE_MAX, OF_ONE_ENDPOINT_MAX
        )
    due = [msgspec.convert(dict(row), Due) for row in rows]
    await asyncio.gather(*(_deliver(pool, sender, clock, each, draw) for each in due))
    return len(due)


async def _deliver(
    pool: Pool, sender: Sender, clock: Clock, due: Due, draw: Callable[[], float]
) -> None:
    started_at, started_us = clock(), monotonic_us()
    answer = await _send(sender, due, started_at)
    took_ms = (monotonic_us() - started_us) // 1000
    _after_send()
    async with pool.acquire() as conn, conn.transaction():
        await _write_down(
            conn, due, answer, started_at=started_at, took_ms=took_ms, now=clock(), draw=draw
        )


async def _send(sender: Sender, due: Due, at: datetime) -> Answer:
    try:
        target = target_of(due.url, loopback=sender.loopback)
    except InvalidInput:  # the settings have become stricter since
        return Answer(status=None, error="address_refused")
    body = message(
        due.kind,
        due.occurred_at.isoformat().replace("+00:00", "Z"),
        msgspec.json.decode(due.payload),
        event_id=str(due.event_id),
    )
    signed = signing.headers(
        due.secrets, message_id=str(due.event_id), timestamp=int(at.timestamp()), body=body
    )
    return await sender.send(
        target,
        signed | {"content-type": "application/json", "user-agent": "luochui-webhooks/1"},
        body,
    )


async def _write_down(
    conn: Connection,
    due: Due,
    answer: Answer,
    *,
    started_at: datetime,
    took_ms: int,
    now: datetime,
    draw: Callable[[], float],
) -> None:
    pause = None if is_gone(answer.status) else pause_after(due.attempts + 1, chance=draw())
    if is_success(answer.status):
        state, next_at = "delivered", now
    else:
        state, next_at = ("failed", now) if pause is None else ("waiting", now + pause)
    attempts = await conn.fetchval(
        _SQL["end_delivery"],
        due.id,
        due.claims,
        state,
        next_at,
        None if state == "waiting" else now,
    )
    if attempts is None:  # the lease ran out and another took it up: its word counts
        return
    await conn.execute(
        _SQL["insert_attempt"],
        due.id,
        attempts,
        due.organisation_id,
        started_at,
        took_ms,
        answer.status,
        answer.error,
        answer.text,
    )
    if is_gone(answer.status):
        await _disable(conn, due, _GONE_REASON, now=now)
    elif state == "failed" and not await conn.fetchval(
        _SQL["has_succeeded_since"], due.endpoint_id, due.id
    ):
        await _disable(conn, due, _IN_VAIN_REASON, now=now)


async def _disable(conn: Connection, due: Due, reason: str, *, now: datetime) -> None:
    """Send an endpoint nothing more until its owner enables it again."""
    if await conn.fetchval(_SQL["disable_endpoint"], due.endpoint_id, reason, now) is None:
        return
    await audit.record(
        conn,
        SYSTEM_CALLER,
        now=now,
        action="webhook_endpoint_disabled",
        subject="webhook_endpoint",
        subject_id=due.endpoint_id,
        reason=reason,
    )
