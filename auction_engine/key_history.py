"""The keys that sign for a log, one after the other, and how each was handed over by the one before.

A key is changed by a handover: the old key signs the new one. Whoever trusts the old key can trust the new one then,
and what the old key signed stays good. A key that appears without a handover (the old one was lost) is recorded too,
and has to be published by other means.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from auction_engine.checkpoints import LogKey, is_signed
from kit.sql import Connection, load_statements

_SQL = load_statements("auction_engine", "sql/key_history.sql")
_DOMAIN = b"luochui-key-v1\x00"


class KeyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a log. `handover` is the signature of `previous` over this key; None where it was put in by hand."""

    public_key: bytes
    previous: bytes | None
    handover: bytes | None
    added_at: datetime


def handover_statement(log_name: str, previous: bytes, following: bytes) -> bytes:
    """What the old key signs: domain, both keys, the log's name."""
    return _DOMAIN + previous + following + log_name.encode()


def is_handed_over(log_name: str, *, previous: bytes, following: bytes, signature: bytes) -> bool:
    """Whether `previous` has named `following` as the key that comes after it."""
    return is_signed(previous, signature, handover_statement(log_name, previous, following))


def trusted_with(
    trusted: Iterable[bytes], handovers: Iterable[tuple[bytes, bytes, bytes]], *, log_name: str
) -> frozenset[bytes]:
    """The keys that may be trusted by who trusts `trusted`: those, and what they handed over, in order."""
    found = set(trusted)
    for previous, following, signature in handovers:
        is_held = is_handed_over(
            log_name, previous=previous, following=following, signature=signature
        )
        if previous in found and is_held:
            found.add(following)
    return frozenset(found)


async def history(conn: Connection, log_name: str) -> list[KeyEntry]:
    """The log's keys, the present one last."""
    rows = await conn.fetch(_SQL["all"], log_name)
    return [msgspec.convert(dict(row), KeyEntry) for row in rows]


async def record(conn: Connection, key: LogKey, *, now: datetime) -> bool:
    """Have `key` in the history, within a transaction; True if it was not there. Without a handover it stands alone."""
    return await _add(conn, key, previous=None, handover=None, now=now)


async def hand_over(conn: Connection, old: LogKey, new: LogKey, *, now: datetime) -> bool:
    """Record `new` as the key that follows `old`, within a transaction; False if it is there already."""
    await record(conn, old, now=now)
    statement = handover_statement(old.log_name, old.public_key, new.public_key)
    return await _add(conn, new, previous=old.public_key, handover=old.sign(statement), now=now)


async def _add(
    conn: Connection,
    key: LogKey,
    *,
    previous: bytes | None,
    handover: bytes | None,
    now: datetime,
) -> bool:
    await conn.execute(_SQL["lock"], key.log_name)
    known: Sequence[KeyEntry] = await history(conn, key.log_name)
    if any(entry.public_key == key.public_key for entry in known):
        return False
    await conn.execute(_SQL["add"], key.log_name, key.public_key, previous, handover, now)
    return True
