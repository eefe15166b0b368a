"""When an acknowledgement may leave, by named mode (reliability 4), and what each mode asks of one server.

A mode is a promise. `keeper.py` keeps it: it looks at every server that has a part in it, and says for each shard what
follows a batch before its answers leave (`Keeping`). A weaker reality than the mode refuses bids; the mode's name
stands in every receipt.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec
import redis.asyncio

from auction_engine.connection import Call
from auction_engine.errors import UnknownMode, WeakDurability


class NotKept(Exception):
    """A batch was decided, but is not (known to be) as durable as promised: its callers may not be told yes or no."""


#: Waits for what a mode wants behind a batch: shard, its number (0: nothing was written), the chain's head, the replies
#: behind the call. Answers the mode in which the batch is kept; raises NotKept.
Settle = Callable[[int, int, str, Sequence[object]], Awaitable[str]]


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """What is done in one shard before an answer leaves."""

    #: The mode that a batch is kept in by the engine's own reply; `settle`, where there is one, says it instead.
    name: str
    #: Pipelined behind each batch, on the same connection.
    after_call: tuple[Call, ...] = ()
    settle: Settle | None = None


class Keeps(Protocol):
    """Whoever knows what is done in a shard."""

    async def keeping(self, shard: int) -> Keeping:
        """Asked before the fence, over a new connection. Raises WeakDurability where the promise can't be kept."""


#: A setting's one text, or the numbers that it may have.
Wanted: TypeAlias = str | range


class Durability(msgspec.Struct, frozen=True, kw_only=True):
    """One mode."""

    name: str
    #: Settings of the engine's servers that must read so, by the name CONFIG GET knows them by.
    required: dict[str, Wanted]
    #: On disk also at every replica that could be promoted.
    is_replicated: bool = False
    #: Committed in PostgreSQL.
    is_journalled: bool = False
    #: Flushed by a synchronous standby of PostgreSQL.
    has_standby: bool = False

    async def keeping(self, shard: int) -> Keeping:
        """Of a mode that the engine's own reply fulfils; the others need a Keeper."""
        assert not self.is_replicated, f"{self.name} needs a keeper"
        assert not self.is_journalled, f"{self.name} needs a keeper"
        return Keeping(name=self.name)


#: Without an upper bound.
_ANY_MORE = 1 << 62
#: Eviction would wipe a book silently, so no mode may run with it.
_NEVER_EVICT: dict[str, Wanted] = {"maxmemory-policy": "noeviction"}
#: What every mode but `relaxed` wants, whoever keeps the bids.
_GUARDED: dict[str, Wanted] = {
    **_NEVER_EVICT,
    # without a bound the kernel decides which process ends; with one the server refuses, and the stream is let go of
    "maxmemory": range(1, _ANY_MORE),
    # both change books past the function library
    "enable-debug-command": "no",
    "enable-module-command": "no",
    # milliseconds after which a stuck function is told of (BUSY) instead of keeping everybody waiting
    "busy-reply-threshold": range(1, 1001),
}
_FSYNCED: dict[str, Wanted] = {
    "appendonly": "yes",
    "appendfsync": "always",
    # `yes` turns fsync off while any child process lives (reliability 0.4.12)
    "no-appendfsync-on-rewrite": "no",
    # after a power cut the file may end in the middle of a command that nobody was told of
    "aof-load-truncated": "yes",
    "aof-use-rdb-preamble": "yes",
    # snapshots protect nothing here, and one that fails stops every write
    "save": "",
    **_GUARDED,
}

MODES = {
    mode.name: mode
    for mode in (
        Durability(name="relaxed", required=_NEVER_EVICT),
        Durability(name="local", required=_FSYNCED),
        Durability(name="replicated", required=_FSYNCED, is_replicated=True),
        Durability(name="journalled", required=_GUARDED, is_journalled=True),
        Durability(
            name="journalled+standby",
            required=_GUARDED,
            is_journalled=True,
            has_standby=True,
        ),
    )
}
#: What a mode may give way to while its replicas are not there: only what PostgreSQL decides is safe beside it.
DEGRADABLE = {"replicated": "journalled"}


def durability_named(name: str) -> Durability:
    """The mode, or UnknownMode with the list of those that there are."""
    try:
        return MODES[name]
    except KeyError:
        known = ", ".join(MODES)
        raise UnknownMode(
            f"durability: {name!r} is not one of {known}", f"持久化模式 {name!r} 不在 {known} 之中"
        ) from None


def default_mode(*, is_cluster: bool) -> str:
    """What is promised where nobody chose: on a Cluster a failover must lose nothing."""
    return "replicated" if is_cluster else "local"


async def verify_durability(
    client: redis.asyncio.Redis, durability: Durability, *, place: str = "the server"
) -> dict[str, str]:
    """One server's settings as read back; WeakDurability names all that keep less than the mode says."""
    return await verify_settings(client, durability.required, mode=durability.name, place=place)


async def verify_settings(
    client: redis.asyncio.Redis, required: dict[str, Wanted], *, mode: str, place: str
) -> dict[str, str]:
    """These settings as read back; WeakDurability names all that are not as they must be."""
    names: list[Any] = list(required)
    found = await client.config_get(*names)
    actual = {setting: str(found.get(setting, "unknown")) for setting in required}
    amiss = [name for name, wanted in required.items() if not _is_as_wanted(actual[name], wanted)]
    if amiss:
        wants = [(name, actual[name], _in_words(required[name])) for name in amiss]
        raise weak(*wants[0], mode=mode, place=place, others=wants[1:])
    return actual


def _is_as_wanted(found: str, wanted: Wanted) -> bool:
    if isinstance(wanted, str):
        return found == wanted
    return found.isdecimal() and int(found) in wanted


def _in_words(wanted: Wanted) -> str:
    if isinstance(wanted, str):
        return wanted
    if wanted.stop == _ANY_MORE:
        return f"{wanted.start} or more"
    return str(wanted.start) if len(wanted) == 1 else f"{wanted.start} to {wanted.stop - 1}"


def weak(
    setting: str,
    found: str,
    wanted: str,
    *,
    mode: str,
    place: str,
    others: Sequence[tuple[str, str, str]] = (),
) -> WeakDurability:
    """A setting that keeps less than the mode says, and the others that do: name, what it is, what it must be."""
    more = "".join(f"; and {name}: {is_now!r} instead of {must!r}" for name, is_now, must in others)
    more_zh = "".join(f"；{name} 为 {is_now!r}，要求 {must!r}" for name, is_now, must in others)
    return WeakDurability(
        f"{setting}: {place} has {found!r}, mode {mode!r} needs {wanted!r}{more};"
        " change the server, or choose a mode that promises less",
        f"{place} 的设置 {setting} 为 {found!r}，模式 {mode!r} 要求 {wanted!r}{more_zh}",
        setting=setting,
        retry_after_ms=5000,
    )
