"""Reads back from replicas and from PostgreSQL whether they keep what a mode promises (reliability 0.4.2, 0.4.3, 4).

Settings are asserted, never trusted: a replica that acknowledges before its own fsync, a database with
`synchronous_commit=off` or a standby that has gone asynchronous would each lose what was acknowledged.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import redis.asyncio

from auction_engine import keys
from auction_engine.connection import Call
from auction_engine.durability import (
    Durability,
    Wanted,
    verify_durability,
    verify_settings,
    weak,
)
from auction_engine.errors import ReplicaNotDurable, WeakDurability
from auction_engine.log_tree import SQL
from auction_engine.servers import Servers
from kit.sql import Pool

#: How long a batch waits for its replicas, twice, before its callers are told that the outcome is unknown.
WAIT_MS = 700
_ASK_SECONDS = 1.0
#: The field of a shard's meta that is written to be waited for.
_MARK = "waited_for"
#: What every primary must have whose batches wait for replicas.
_REPLICATING: dict[str, Wanted] = {
    # a replica that comes back is not kept waiting for others, while nothing is decided
    "repl-diskless-sync-delay": range(6),
}
#: Seconds after which a primary that no replica answers takes no more; without such a bound (0) it would go on.
_LAG_MAX: dict[str, Wanted] = {"min-replicas-max-lag": range(1, 3)}
_CLUSTER: dict[str, Wanted] = {
    # nobody may be promoted who was not waited for: not one that moved here, not one that stayed far behind (0: any)
    "cluster-allow-replica-migration": "no",
    "cluster-replica-validity-factor": range(1, 11),
    # soon enough to be noticed within a deadline, late enough not to be a pause
    "cluster-node-timeout": range(2000, 5001),
    # shards whose server lives go on
    "cluster-require-full-coverage": "no",
}
_DATABASE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
    "data_sync_retry": ("off",),
    "data_checksums": ("on",),
}


class Replication(msgspec.Struct, frozen=True, kw_only=True):
    """How one primary's batches are known to be on its replicas' disks."""

    replicas: int
    #: WAITAOF, or where the server has none (Redis 7.0) WAIT, which then says the same (reliability 0.4.2). A WAIT goes
    #: before WAITAOF too: a replica answers the first question with what it had fsynced before, and would be asked
    #: again only a second later; the second question, right behind, gets the new position.
    calls: tuple[Call, ...]
    read_back: dict[str, str]

    def behind(self, shard: int) -> tuple[Call, ...]:
        """What is sent behind a batch or a reading of this shard, on the same connection: a mark, then `calls`.

        A server waits for what the connection itself wrote last. Redis counts a command that only reads as well, Valkey
        9.1 does not: it would answer at once for what others have written and this connection has only read. The mark
        is a write, so that everything that stands before it is waited for.
        """
        return (("HSET", keys.meta(shard), _MARK, 1), *self.calls)

    def missing(self, replies: Sequence[object]) -> str | None:
        """What is not on disk yet by the replies to `behind`, or None."""
        refused = next((reply for reply in replies if isinstance(reply, Exception)), None)
        if refused is not None:  # also of the mark alone: then it was not waited for
            return f"the server answered {refused!r} instead of the number of replicas"
        found, local = replies[-1], 1
        if isinstance(found, list) and len(found) == 2:
            local, found = found
        if not isinstance(found, int) or not isinstance(local, int):
            return f"the server answered {found!r} instead of the number of replicas"
        if local < 1:
            return "it is not on the primary's disk"
        return None if found >= self.replicas else f"{found} of {self.replicas} replicas have it"


async def verify_replication(
    servers: Servers, url: str, durability: Durability, *, is_degradable: bool
) -> Replication:
    """What one primary and all its replicas say. Raises WeakDurability, or ReplicaNotDurable for a replica's state."""
    client = servers.client_at(url)
    place = place_of(url)
    read_back = await verify_durability(client, durability, place=place)
    settings = await client.config_get("min-replicas-to-write")
    replicas = await _replicas(servers, url)
    asked = int(settings["min-replicas-to-write"])
    wanted = max(len(replicas), 1)
    if is_degradable and asked:
        raise weak("min-replicas-to-write", str(asked), "0", mode="journalled", place=place)
    if not is_degradable and asked < wanted:
        raise weak(
            "min-replicas-to-write", str(asked), str(wanted), mode=durability.name, place=place
        )
    required = _REPLICATING | ({} if is_degradable else _LAG_MAX)
    read_back |= await verify_settings(
        client,
        required | (_CLUSTER if servers.is_cluster else {}),
        mode=durability.name,
        place=place,
    )
    wanted = wanted if is_degradable else asked
    has_waitaof = await _has_waitaof(client)
    found = await asyncio.gather(
        *(_replica_fault(servers, one, durability, has_waitaof=has_waitaof) for one in replicas)
    )
    # A replica that is cut off believes in its link for a minute yet; its primary counts those who answered just now.
    heard = (await client.info("replication")).get("min_slaves_good_slaves", wanted)
    good = min(found.count(None), int(heard))
    if good < wanted:
        silent = f"{place} has heard {heard} of them lately" if int(heard) < wanted else ""
        why = "; ".join(fault for fault in (*found, silent) if fault) or "no replica is known"
        raise ReplicaNotDurable(
            f"{good} of the {wanted} replicas of {place} keep what they acknowledge ({why});"
            " nothing is decided until all do",
            f"{place} 的 {wanted} 个副本中仅 {good} 个可靠，暂不裁决",
            retry_after_ms=1000,
        )
    calls: tuple[Call, ...] = (("WAIT", wanted, WAIT_MS),)
    if has_waitaof:
        calls += (("WAITAOF", 1, wanted, WAIT_MS),)
    return Replication(
        replicas=wanted,
        calls=calls,
        read_back=read_back
        | {
            "replicas": ", ".join(place_of(one) for one in replicas),
            "acknowledged_by": " ".join(map(str, calls[-1][:-1])),
        },
    )


async def read_back(
    servers: Servers, pool: Pool, mode: Durability, *, is_degradable: bool
) -> tuple[dict[str, dict[str, str]], dict[str, WeakDurability]]:
    """What all servers say, by server, and for which of the engine's the promise can't be kept now.

    Raises WeakDurability where PostgreSQL keeps too little: then it is kept for no shard.
    """
    said: dict[str, dict[str, str]] = {}
    weaker: dict[str, WeakDurability] = {}
    if mode.is_journalled or is_degradable:
        said["postgresql"] = await verify_database(pool, mode)
    for url in servers.primaries():
        try:
            if mode.is_replicated:
                found = await verify_replication(servers, url, mode, is_degradable=is_degradable)
                said[place_of(url)] = found.read_back
            else:
                client = servers.client_at(url)
                said[place_of(url)] = await verify_durability(client, mode)
        except WeakDurability as error:
            weaker[url] = error
    return said, weaker


async def _replicas(servers: Servers, url: str) -> list[str]:
    """Every replica that might be promoted: in a Cluster also those that are away."""
    if servers.is_cluster:
        return servers.replicas_of(url)
    role = await servers.client_at(url).execute_command("ROLE")  # type: ignore[no-untyped-call]  # the client's own
    if role[0] != b"master":
        raise ReplicaNotDurable(
            f"{place_of(url)} is a replica; bids are decided by a primary",
            f"{place_of(url)} 是副本，竞价须由主节点裁决",
            retry_after_ms=1000,
        )
    return sorted(servers.url_beside(url, host.decode(), int(port)) for host, port, _ in role[2])


async def _has_waitaof(client: redis.asyncio.Redis) -> bool:
    try:
        await client.execute_command("WAITAOF", 0, 0, 0)  # type: ignore[no-untyped-call]  # as above
    except redis.ResponseError as error:
        if "unknown command" not in str(error):
            raise
        return False
    return True


async def _replica_fault(
    servers: Servers, url: str, durability: Durability, *, has_waitaof: bool
) -> str | None:
    """Why a replica's acknowledgement is worth nothing now, or None."""
    place = place_of(url)
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            client = servers.client_at(url)
            # a weaker setting is not something that passes: it is raised
            await verify_durability(client, durability, place=place)
            files: dict[str, Any] = await client.info("persistence")
            link: dict[str, Any] = await client.info("replication")
    except (redis.RedisError, OSError) as error:
        return f"{place} does not answer ({type(error).__name__})"
    wanted = {
        "aof_enabled": 1,
        "aof_last_write_status": "ok",
        "aof_last_bgrewrite_status": "ok",
        # After a full sync it has no append-only file until the first rewrite is through. WAITAOF knows; WAIT does not.
        **({} if has_waitaof else {"aof_rewrite_in_progress": 0, "aof_rewrite_scheduled": 0}),
    }
    for name, value in wanted.items():
        if files.get(name) != value:
            return f"{place}: {name} is {files.get(name)!r}, not {value!r}"
    if link.get("role") != "slave" or link.get("master_link_status") != "up":
        return f"{place}: its link to the primary is {link.get('master_link_status', 'none')!r}"
    return None


async def verify_database(pool: Pool, durability: Durability) -> dict[str, str]:
    """PostgreSQL's settings as this process's own connections have them, and its standbys."""
    rows = await pool.fetch(SQL["durability_settings"], list(_DATABASE))
    read_back = {row["name"]: str(row["setting"]) for row in rows}
    for name, allowed in _DATABASE.items():
        found = read_back.get(name, "unknown")
        if found not in allowed:
            raise weak(name, found, allowed[0], mode=durability.name, place="PostgreSQL")
    if durability.has_standby:
        standbys = await pool.fetch(SQL["synchronous_standbys"])
        names = ", ".join(row["application_name"] for row in standbys)
        if not standbys:
            raise weak(
                "synchronous_standby_names",
                "no synchronous standby that streams",
                "one at least",
                mode=durability.name,
                place="PostgreSQL",
            )
        read_back["synchronous_standbys"] = names
    return read_back


def place_of(url: str) -> str:
    """A server without its password."""
    return url.rpartition("://")[2].rpartition("@")[2]
