"""The log's keys as they are served, and the change of the signing key: recorded, audited, handed over."""

from datetime import datetime

from auction_engine import key_history
from auction_engine.checkpoints import LogKey, verifier_key
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.log.schemas import LogKeys, LogKeyShown
from marketplace.organisations.schemas import SYSTEM_CALLER


async def keys(conn: Connection, log_name: str) -> LogKeys:
    """All keys, the present one last."""
    found = await key_history.history(conn, log_name)
    return LogKeys(
        log=log_name,
        items=[
            LogKeyShown(
                public_key=entry.public_key.hex(),
                verifier=verifier_key(log_name, entry.public_key),
                previous=None if entry.previous is None else entry.previous.hex(),
                handover=None if entry.handover is None else entry.handover.hex(),
                added_at=entry.added_at,
            )
            for entry in found
        ],
    )


async def record_key(conn: Connection, key: LogKey, *, now: datetime) -> None:
    """Have the key that a process signs with in the history; the first time with an audit entry."""
    if await key_history.record(conn, key, now=now):
        await _audit(conn, key, action="signing_key_added", previous=None, now=now)


async def hand_over(conn: Connection, old: LogKey, new: LogKey, *, now: datetime) -> None:
    """Record and audit that `new` signs from now on, by the word of `old`."""
    if await key_history.hand_over(conn, old, new, now=now):
        await _audit(conn, new, action="signing_key_rotated", previous=old, now=now)


async def _audit(
    conn: Connection, key: LogKey, *, action: str, previous: LogKey | None, now: datetime
) -> None:
    await audit.record(
        conn,
        SYSTEM_CALLER,
        now=now,
        action=action,
        subject="signing_key",
        subject_id=key.public_key.hex(),
        before=None if previous is None else {"public_key": previous.public_key.hex()},
        after={"log": key.log_name, "public_key": key.public_key.hex()},
    )
