"""For whom a connection works: what row-level security asks before it shows a row (migration `row_security`).

A connection that was told nothing sees nothing. The edge tells it who calls (`marketplace/edge/reach.py`); jobs and
the command line say `ALL` when they open it. An act that reaches over organisations says so for as long as it does:

    async with everything(conn):  # the venue reads the bank's valuation to check the lot
        ...
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from types import MappingProxyType

import asyncpg

from kit.sql import Connection


class Scope(StrEnum):
    """Whose rows are seen; the organisation is told beside it."""

    PUBLIC = "public"  # a visitor: what is published
    ORGANISATION = "organisation"  # people of one organisation
    PLATFORM = "platform"  # the platform's administrators: organisations and people besides
    AUTHORITY = (
        "authority"  # regulators: what their authority oversees in its region, their own to write
    )
    OVERSIGHT = "oversight"  # auditors: every row to read, their own to write
    ALL = "all"  # jobs, and acts that reach over organisations


#: `server_settings` of connections that are told later for whom they work: until then they see nothing.
NOBODY: Mapping[str, str] = MappingProxyType({"role": "luochui_app"})
#: The same as whoever connects, where that is not the application's role: to check a whole database.
WHOLE: Mapping[str, str] = MappingProxyType({"app.scope": Scope.ALL.value})
#: `server_settings` of connections that work for the platform itself: every row.
SYSTEM: Mapping[str, str] = MappingProxyType({"role": "luochui_app", "app.scope": Scope.ALL.value})
#: The same for the hall, the projector and the jobs, which also read the journal's bytes: hidden maxima are in them.
ENGINE: Mapping[str, str] = MappingProxyType(
    {"role": "luochui_engine", "app.scope": Scope.ALL.value}
)

_ENTER = (
    "SELECT set_config('app.scope', $1, $4), set_config('app.organisation', $2, $4),"
    " set_config('app.kind', $3, $4)"
)
_PRESENT = "SELECT coalesce(current_setting('app.scope', true), '')"
_SET = "SELECT set_config('app.scope', $1, $2)"
_ROLE = "SELECT current_setting('role')"
_SET_ROLE = "SELECT set_config('role', $1, $2)"


async def enter(conn: Connection, scope: Scope, organisation: str = "", kind: str = "") -> None:
    """Work for this organisation (its id and its kind) until the transaction ends; outside one, while it is lent."""
    await conn.execute(_ENTER, scope.value, organisation, kind, conn.is_in_transaction())


@contextlib.asynccontextmanager
async def everything(conn: Connection) -> AsyncIterator[None]:
    """See and change every row within the block: for an act that reaches over organisations, and has checked who asks.

    The narrower scope comes back at the end. Where the block breaks the transaction, its rollback brings it back.
    """
    is_local = conn.is_in_transaction()
    before = await conn.fetchval(_PRESENT)
    await conn.execute(_SET, Scope.ALL.value, is_local)
    try:
        yield
    finally:
        # In a broken transaction nothing can be set, and nothing needs to be: its rollback does.
        with contextlib.suppress(asyncpg.InFailedSQLTransactionError, asyncpg.InterfaceError):
            await conn.execute(_SET, before, is_local)


@contextlib.asynccontextmanager
async def journal(conn: Connection) -> AsyncIterator[None]:
    """Read the journal's bytes within the block, for an act that needs them and has checked who asks, and for what.

    The role comes back at the end; where the block breaks the transaction, its rollback brings it back.
    """
    is_local = conn.is_in_transaction()
    before = await conn.fetchval(_ROLE)
    await conn.execute(_SET_ROLE, ENGINE["role"], is_local)
    try:
        yield
    finally:
        with contextlib.suppress(asyncpg.InFailedSQLTransactionError, asyncpg.InterfaceError):
            await conn.execute(_SET_ROLE, before, is_local)
