"""What a person does about their own access: password, sessions, API keys."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kit.errors import NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.organisations import tokens
from marketplace.organisations.rules import RoleNotAllowed
from marketplace.organisations.schemas import ApiKey, ApiKeyIn, Caller, NewApiKey, Session

_SQL = load_statements("marketplace.organisations", "queries.sql")


async def set_password(
    conn: Connection, caller: Caller, *, password_hash: str, session_id: UUID | None, now: datetime
) -> None:
    """Replace the caller's password; all their sessions but this one end."""
    await conn.execute(_SQL["set_password_hash"], caller.user_id, password_hash)
    await conn.execute(_SQL["end_sessions_of_user"], caller.user_id, now, session_id)
    await audit.record(
        conn, caller, now=now, action="password_changed", subject="user", subject_id=caller.user_id
    )


async def sessions(
    conn: Connection, caller: Caller, *, session_id: UUID | None, idle: timedelta, now: datetime
) -> list[Session]:
    """The caller's living sessions, newest first."""
    rows = await conn.fetch(
        _SQL["sessions_of_user"], caller.user_id, now, now - idle, session_id or UUID(int=0)
    )
    return [msgspec.convert(dict(row), Session) for row in rows]


async def end_other_sessions(
    conn: Connection, caller: Caller, session_id: UUID | None, *, now: datetime
) -> None:
    """All of the caller's sessions but this one end: what was proved anew is proved here alone."""
    await conn.execute(_SQL["end_sessions_of_user"], caller.user_id, now, session_id)


async def end_session(conn: Connection, caller: Caller, session_id: UUID, *, now: datetime) -> None:
    """End one of the caller's sessions. Raises NotFound."""
    if await conn.fetchval(_SQL["end_session"], session_id, caller.user_id, now) is None:
        raise NotFound()
    await audit.record(
        conn, caller, now=now, action="session_ended", subject="user", subject_id=caller.user_id
    )


async def create_api_key(
    conn: Connection, caller: Caller, given: ApiKeyIn, *, now: datetime
) -> NewApiKey:
    """A new key of the caller, with some of the roles they act in now. Raises RoleNotAllowed."""
    if beyond := set(given.roles) - caller.roles:
        raise RoleNotAllowed(
            f"roles: you do not hold {', '.join(sorted(beyond))}",
            f"roles：您没有 {'、'.join(sorted(beyond))} 角色",
            field="roles",
        )
    text = tokens.new_api_key()
    row = await conn.fetchrow(
        _SQL["insert_api_key"],
        uuid7(now),
        text.public_id,
        tokens.digest(text.secret),
        caller.user_id,
        given.name,
        sorted(set(given.roles)),
        now,
        now + timedelta(days=given.days),
    )
    assert row is not None
    made = msgspec.convert(dict(row), ApiKey)
    await audit.record(
        conn,
        caller,
        now=now,
        action="api_key_created",
        subject="api_key",
        subject_id=made.id,
        after=made,
    )
    return NewApiKey(api_key=made, key=text.whole)


async def api_keys(
    conn: Connection, caller: Caller, *, after: UUID | None, rows: int
) -> list[ApiKey]:
    """The caller's keys by id, revoked and expired ones too."""
    found = await conn.fetch(_SQL["api_keys_of_user"], caller.user_id, after, rows)
    return [msgspec.convert(dict(row), ApiKey) for row in found]


async def revoke_api_key(
    conn: Connection, caller: Caller, api_key_id: UUID, *, now: datetime
) -> None:
    """Revoke one of the caller's keys for good. Raises NotFound."""
    if await conn.fetchval(_SQL["revoke_api_key"], api_key_id, caller.user_id, now) is None:
        raise NotFound()
    await audit.record(
        conn, caller, now=now, action="api_key_revoked", subject="api_key", subject_id=api_key_id
    )
