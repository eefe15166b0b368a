"""A step of anything that has states, written down: one audit entry, one event."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox

_SQL = load_statements("marketplace.audit", "steps.sql")
#: A bank drafts alone: its venue hears of what another person of the bank has passed on.
_UNFINISHED = frozenset({"draft", "proposed"})


class StepTaken(msgspec.Struct, frozen=True, kw_only=True, tag="step_taken"):
    """Something went one step on; `before` is empty when it was begun.

    `organisation_id` says whose record it is, `venue_id` where it is sold: who hears of it. A venue hears of nothing
    that is still being drafted.
    """

    organisation_id: UUID
    venue_id: UUID | None
    subject: str
    subject_id: UUID
    before: str
    after: str


async def moved(
    conn: Connection,
    caller: Caller,
    subject_id: UUID,
    before: str,
    after: str,
    *,
    subject: str,
    now: datetime,
    reason: str | None = None,
    facts: object = None,
) -> None:
    """Write down that `caller` took the subject from `before` to `after`; `facts` is what else became of it."""
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"{subject}_{after}",
        subject=subject,
        subject_id=subject_id,
        before={"state": before} if before else None,
        after={"state": after} if facts is None else {"state": after, "facts": facts},
        reason=reason,
    )
    async with everything(conn):  # who takes a step need not own what it is about
        sides = await conn.fetchrow(_SQL["sides"], subject_id)
    event = StepTaken(
        organisation_id=caller.organisation_id if sides is None else sides["organisation_id"],
        venue_id=None if sides is None or after in _UNFINISHED else sides["venue_id"],
        subject=subject,
        subject_id=subject_id,
        before=before,
        after=after,
    )
    await outbox.add(conn, event, now=now)
