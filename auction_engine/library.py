"""Joins the Lua files into the function library, loads it, and checks what a server has loaded.

The clock is a file of its own: production servers get `clock.lua`, and only rehearsals and tests a library that can
be told the time (contracts 1). A loaded library is compared by its text, so that nothing else decides bids.
"""

import logging
from collections.abc import Awaitable
from importlib.resources import files
from typing import Any, Protocol, cast

import msgspec
import redis

from auction_engine.codes import REFUSALS
from auction_engine.servers import Servers
from kit.errors import LuochuiError

LIBRARY_NAME = "auction"
VERSION = 1
REHEARSAL_FUNCTION = "rehearse_v1"

#: The order matters: a file may use what the files before it define.
_PARTS = (
    "codes.lua",
    "timeline.lua",
    "steps.lua",
    "held.lua",
    "book.lua",
    "ids.lua",
    "ascending.lua",
    "english.lua",
    "sell_off.lua",
    "dynamic.lua",
    "rounds.lua",
    "dutch.lua",
    "sealed.lua",
    "uniform_price.lua",
    "weighted.lua",
    "dutch_hybrid.lua",
    "plain_bid.lua",
    "core.lua",
    "give_back.lua",
    "view.lua",
    "batch.lua",
    "restore.lua",
    "entries.lua",
)


_log = logging.getLogger(__name__)


class LibraryMismatch(LuochuiError):
    """The server's function library is not the one that this release decides with. / 服务器的函数库与本版本不符。"""

    code = "library_mismatch"


class Connection(Protocol):
    """What is needed of an asynchronous Redis client."""

    def execute_command(self, *args: Any) -> Awaitable[Any]:
        """Send one command and wait for its reply."""


def production_source() -> str:
    """The library that decides real bids, on the server's clock alone."""
    return _joined("clock.lua")


def rehearsal_source() -> str:
    """The library of rehearsals and tests, which is told the time."""
    return _joined("rehearsal_clock.lua")


def _joined(clock: str) -> str:
    folder = files("auction_engine").joinpath("lua")
    parts = [folder.joinpath(name).read_text(encoding="utf-8") for name in (*_PARTS, clock)]
    return f"#!lua name={LIBRARY_NAME}\n" + "\n".join(parts)


async def load_library(client: Connection) -> None:
    """Load the production library where it is not loaded yet; safe to repeat, and from many processes at once.

    Raises LibraryMismatch where a library is loaded that can be told the time: that is no server for real bids.
    """
    if not await _has_this_library(client):
        await client.execute_command("FUNCTION", "LOAD", "REPLACE", production_source())
    await check_library(client)


async def restore_library(client: Connection) -> None:
    """Load the library into a server that has none: it came back empty. One that has another is left alone."""
    loaded = await client.execute_command("FUNCTION", "LIST", "LIBRARYNAME", LIBRARY_NAME)
    if not loaded:
        await load_library(client)


async def load_everywhere(servers: Servers) -> None:
    """Load and check the library on every primary: a Cluster does not pass functions on to nodes that join it."""
    for url in servers.primaries():
        try:
            await load_library(servers.client_at(url))
        except (redis.RedisError, OSError):
            if not servers.is_cluster:
                raise
            _log.exception("library_not_loaded place=%s", url.rpartition("@")[2])
            servers.suspect()


async def check_library(client: Connection) -> None:
    """Refuse a server without this very library, or with one that can be told the time."""
    if not await _has_this_library(client):
        raise LibraryMismatch
    described = msgspec.msgpack.decode(await client.execute_command("FCALL_RO", "describe_v1", 0))
    if described != {"version": VERSION, "codes": list(REFUSALS)}:
        raise LibraryMismatch


async def _has_this_library(client: Connection) -> bool:
    """Whether the production library is loaded as it is here. Raises LibraryMismatch for a rehearsal's."""
    loaded = [_as_map(one) for one in await client.execute_command("FUNCTION", "LIST", "WITHCODE")]
    for library in loaded:
        names = {_as_map(function)["name"] for function in library["functions"]}
        if REHEARSAL_FUNCTION.encode() in names:
            raise LibraryMismatch(
                "the server has a library that can be told the time; it is a rehearsal's, not for real bids",
                "服务器载有可指定时间的预演函数库，不能用于真实竞价",
            )
    code = production_source().encode()
    return any(
        library["library_name"] == LIBRARY_NAME.encode() and library["library_code"] == code
        for library in loaded
    )


def _as_map(reply: object) -> dict[str, Any]:
    """A map reply of either protocol version, keys as text, values as they came."""
    pairs = cast(
        "list[tuple[Any, Any]]",
        list(reply.items())
        if isinstance(reply, dict)
        else list(zip(reply[::2], reply[1::2], strict=True))
        if isinstance(reply, list)
        else [],
    )
    return {_text(key): _bytes(value) for key, value in pairs}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _bytes(value: object) -> object:
    return value.encode() if isinstance(value, str) else value
