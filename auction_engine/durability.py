"""When an acknowledgement may leave, by named mode, and the check that the servers really keep it (reliability 4).

A mode says what follows the call on the same connection (`after_call`), what must be true of those replies, and what
is waited for besides. A weaker reality than the mode refuses bids; the mode's name stands in every receipt.
"""

import msgspec
import redis.asyncio

from auction_engine.connection import Call
from auction_engine.errors import UnknownMode, WeakDurability


class Durability(msgspec.Struct, frozen=True, kw_only=True):
    """One mode."""

    name: str
    #: Settings that must read so, by the name CONFIG GET knows them by.
    required: dict[str, str]
    #: Commands pipelined behind each batch.
    after_call: tuple[Call, ...] = ()

    def check_after_call(self, replies: list[object]) -> None:
        """Refuse the acknowledgement where a reply behind the batch says that it is not durable yet."""
        assert len(replies) == len(self.after_call)

    async def confirm(self, shard: int, seq: int) -> None:
        """Wait for what the mode wants beyond the engine's own reply."""


#: Eviction would wipe a book silently, so no mode may run with it.
_NEVER_EVICT = {"maxmemory-policy": "noeviction"}

MODES = {
    mode.name: mode
    for mode in (
        Durability(name="relaxed", required=_NEVER_EVICT),
        Durability(
            name="local",
            required={
                "appendonly": "yes",
                "appendfsync": "always",
                # `yes` turns fsync off while any child process lives (reliability 0.4.12)
                "no-appendfsync-on-rewrite": "no",
                **_NEVER_EVICT,
            },
        ),
    )
}


def durability_named(name: str) -> Durability:
    """The mode, or UnknownMode with the list of those that there are."""
    try:
        return MODES[name]
    except KeyError:
        known = ", ".join(MODES)
        raise UnknownMode(
            f"durability: {name!r} is not one of {known}", f"持久化模式 {name!r} 不在 {known} 之中"
        ) from None


async def verify_durability(client: redis.asyncio.Redis, durability: Durability) -> dict[str, str]:
    """The server's settings as read back; WeakDurability names the first that keeps less than the mode says."""
    actual: dict[str, str] = {}
    for setting, wanted in durability.required.items():
        found = await client.config_get(setting)
        actual[setting] = str(found.get(setting, "unknown"))
        if actual[setting] != wanted:
            raise WeakDurability(
                f"{setting}: the server has {actual[setting]!r}, mode {durability.name!r} needs {wanted!r};"
                " change the server, or choose a mode that promises less",
                f"服务器设置 {setting} 为 {actual[setting]!r}，模式 {durability.name!r} 要求 {wanted!r}",
                setting=setting,
            )
    return actual
