"""Takes due duties up and does them; who is killed on the way leaves a duty that another takes up."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from kit.failpoints import register
from kit.sql import Pool
from marketplace.changes import service as changes
from marketplace.duties import service as duties
from marketplace.duties.rules import LONG, RENEW_EVERY
from marketplace.duties.schemas import Duty, State
from marketplace.jobs.handlers import HANDLERS, JobResources
from marketplace.outbox import service as outbox
from marketplace.webhooks import service as webhooks

_log = logging.getLogger("luochui.jobs")
_after_claim = register("jobs.after_claim")
_before_finish = register("jobs.before_finish")
#: Events announced in one transaction.
_EVENTS_MAX = 500
_RENEW_SECONDS = RENEW_EVERY.total_seconds()


async def run_due_duties(resources: JobResources, now: datetime) -> int:
    """Do everything that is due at `now`, one after the other, and deliver the outbox; how many duties were tried."""
    tried = 0
    while True:
        async with resources.pool.acquire() as conn:
            duty = await duties.claim_next(conn, now=now)
        if duty is None:
            break
        tried += 1
        await _perform(resources, duty, now)
    await deliver_outbox(resources, now)
    return tried


async def run_duty(resources: JobResources, duty_id: UUID, now: datetime) -> bool:
    """Do this very duty, unless somebody else has it or it is not due; whether it was tried."""
    async with resources.pool.acquire() as conn:
        duty = await duties.claim_one(conn, duty_id, now=now)
    if duty is None:
        return False
    await _perform(resources, duty, now)
    return True


async def deliver_outbox(resources: JobResources, now: datetime) -> int:
    """Announce the events that are due, number them in the feeds of those they concern, and put webhooks in line;
    how many events. All three are one transaction with the event's being done.
    """
    total = 0
    while True:
        async with resources.pool.acquire() as conn, conn.transaction():
            events = await outbox.take_pending(conn, now=now, limit=_EVENTS_MAX)
            await webhooks.fan_out(conn, await changes.append(conn, events), now=now)
        total += len(events)
        if len(events) < _EVENTS_MAX:
            return total


async def _perform(resources: JobResources, duty: Duty, now: datetime) -> None:
    """Run the handler and write down what became of the duty. No failure of one duty reaches another."""
    _after_claim()
    try:
        async with _held(resources.pool, duty, now):
            later = await HANDLERS[duty.kind](resources, duty.subject_id, now)
    except (
        Exception
    ) as error:  # whatever it is, it is this duty's alone: it is kept with it and tried again
        async with resources.pool.acquire() as conn:
            state = await duties.fail(conn, duty, now=now, error=f"{type(error).__name__}: {error}")
        level = logging.ERROR if state is State.STUCK else logging.WARNING
        _log.log(
            level,
            "duty_failed kind=%s subject=%s attempt=%d state=%s",
            duty.kind,
            duty.subject_id,
            duty.attempts + 1,
            state,
            exc_info=error,
        )
        return
    _before_finish()
    async with resources.pool.acquire() as conn:
        if later is None:
            await duties.finish(conn, duty, now=now)
        else:
            await duties.postpone(conn, duty, due_at=later)


@contextlib.asynccontextmanager
async def _held(pool: Pool, duty: Duty, now: datetime) -> AsyncIterator[None]:
    """While what may take long is in hand, its lease is renewed: nobody else begins it a second time."""
    if duty.kind not in LONG:
        yield
        return
    is_over = asyncio.Event()
    renewing = asyncio.create_task(_renew_until(is_over, pool, duty, now))
    try:
        yield
    finally:
        is_over.set()
        await renewing


async def _renew_until(is_over: asyncio.Event, pool: Pool, duty: Duty, now: datetime) -> None:
    """Renew the lease, counted on from `now`; a renewal that fails is tried again at the next."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while not is_over.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RENEW_SECONDS):
                await is_over.wait()
                return
        try:
            async with pool.acquire() as conn:
                passed = timedelta(seconds=loop.time() - begun)
                await duties.renew(conn, duty, now=now + passed)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            _log.warning("lease_not_renewed duty=%s", duty.id, exc_info=True)
