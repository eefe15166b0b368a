"""A step of anything that has states, written down: one audit entry, one event."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox


class StepTaken(msgspec.Struct, frozen=True, kw_only=True, tag="step_taken"):
    """Something went one step on; `before` is empty when it was begun."""

    subject: str
    subject_id: UUID
    before: str
    after: str


async def moved(
    conn: Connection,
    caller: Caller,
    *,
    subject: str,
    subject_id: UUID,
    before: str,
    after: str,
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
    event = StepTaken(subject=subject, subject_id=subject_id, before=before, after=after)
    await outbox.add(conn, event, now=now)
