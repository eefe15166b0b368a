"""Takes due duties up and does them; who is killed on the way leaves a duty that another takes up."""

import logging
from datetime import datetime
from uuid import UUID

from kit.failpoints import register
from marketplace.changes import service as changes
from marketplace.duties import service as duties
from marketplace.duties.schemas import Duty, State
from marketplace.jobs.handlers import HANDLERS, JobResources
from marketplace.outbox import service as outbox
from marketplace.webhooks import service as webhooks

_log = logging.getLogger("luochui.jobs")
_after_claim = register("jobs.after_claim")
_before_finish = register("jobs.before_finish")
#: Events announced in one transaction.
_EVENTS_MAX = 500


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
