"""When an acknowledgement may leave, by named mode (reliability 4), and what each mode asks of one server.

A mode is a promise. `keeper.py` keeps it: it looks at every server that has a part in it, and says for each shard what
follows a batch before its answers leave (`Keeping`). A weaker reality than the mode refuses bids; the mode's name
stands in every receipt.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

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


class Durability(msgspec.Struct, frozen=True, kw_only=True):
    """One mode."""

    name: str
    #: Settings of the engine's servers that must read so, by the name CONFIG GET knows them by.
    required: dict[str, str]
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


#: Eviction would wipe a book silently, so no mode may run with it.
_NEVER_EVICT = {"maxmemory-policy": "noeviction"}
_FSYNCED = {
    "appendonly": "yes",
    "appendfsync": "always",
    # `yes` turns fsync off while any child process lives (reliability 0.4.12)
    "no-appendfsync-on-rewrite": "no",
    **_NEVER_EVICT,
}

MODES = {
    mode.name: mode
    for mode in (
        Durability(name="relaxed", required=_NEVER_EVICT),
        Durability(name="local", required=_FSYNCED),
        Durability(name="replicated", required=_FSYNCED, is_replicated=True),
        Durability(name="journalled", required=_NEVER_EVICT, is_journalled=True),
        Durability(
            name="journalled+standby",
            required=_NEVER_EVICT,
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
    """One server's settings as read back; WeakDurability names the first that keeps less than the mode says."""
    actual: dict[str, str] = {}
    names: list[Any] = list(durability.required)
    found = await client.config_get(*names)
    for setting, wanted in durability.required.items():
        actual[setting] = str(found.get(setting, "unknown"))
        if actual[setting] != wanted:
            raise weak(setting, actual[setting], wanted, mode=durability.name, place=place)
    return actual


def weak(setting: str, found: str, wanted: str, *, mode: str, place: str) -> WeakDurability:
    """A setting that keeps less than the mode says."""
    return WeakDurability(
        f"{setting}: {place} has {found!r}, mode {mode!r} needs {wanted!r};"
        " change the server, or choose a mode that promises less",
        f"{place} 的设置 {setting} 为 {found!r}，模式 {mode!r} 要求 {wanted!r}",
        setting=setting,
        retry_after_ms=5000,
    )
