"""Hears PostgreSQL's notifications on a channel, for as long as the task lives, through every loss of connection."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import asyncpg

from kit.sql import Pool

_RECONNECT_SECONDS = 0.5
_log = logging.getLogger("luochui.listening")


async def listen_forever(pool: Pool, channel: str, heard: Callable[[str], None]) -> None:
    """Call `heard` with each payload until cancelled. While deaf it says nothing: whoever listens looks anyway."""
    while True:
        try:
            await _listen_once(pool, channel, heard)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            _log.warning("listener_lost channel=%s", channel, exc_info=True)
        await asyncio.sleep(_RECONNECT_SECONDS)


async def _listen_once(pool: Pool, channel: str, heard: Callable[[str], None]) -> None:
    lost = asyncio.Event()

    def on_notification(_conn: Any, _pid: int, _channel: str, payload: object) -> None:
        heard(str(payload))

    def on_end(_conn: Any) -> None:
        lost.set()

    async with pool.acquire() as conn:
        await conn.add_listener(channel, on_notification)
        conn.add_termination_listener(on_end)
        try:
            await lost.wait()
        finally:
            # A connection that was lost can't be asked anything; what it raises must not hide a cancellation.
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                conn.remove_termination_listener(on_end)
                await conn.remove_listener(channel, on_notification)
