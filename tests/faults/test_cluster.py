"""A Valkey Cluster of three primaries and three replicas: nodes die, stand still, are cut off, and slots move.

Nothing that was acknowledged is lost in `replicated` (the default on a Cluster) and in `journalled`. Each fault is
there without root (processes stopped and killed) and, where the network itself is at fault, with a namespace a node.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import redis.asyncio
from redis.crc import key_slot

from auction_engine import keys
from auction_engine.library import check_library
from auction_engine.servers import Servers
from kit.embedded import Postgres, Valkey
from kit.embedded_cluster import ValkeyCluster
from kit.errors import LuochuiError
from tests.auction_engine.make_engine import until
from tests.faults import nemesis
from tests.faults.client import Load
from tests.faults.cluster import Case, Site, site
from tests.faults.evidence import all_holds
from tests.faults.network import Network

Counted = Callable[[int, int], int]
#: Longer than the node timeout: long enough for the others to choose a new primary.
_FAILOVER_SECONDS = 30


@pytest.fixture
def cluster(case: Case) -> Iterator[ValkeyCluster]:
    """Six nodes on loopback."""
    with ValkeyCluster(case.directory / "cluster") as made:
        yield made


@contextlib.asynccontextmanager
async def clustered(
    case: Case, cluster: ValkeyCluster, database_url: str, *, durability: str | None = None
) -> AsyncIterator[Site]:
    """A site on the Cluster, its nodes not supervised; without a mode the default is taken."""
    async with site(
        case,
        cluster.nodes[0],
        database_url,
        engine_url=cluster.url,
        durability=durability,
        closes_in_ms=6_000,
    ) as running:
        running.supervised = False
        assert running.engine.keeper.mode.name == (durability or "replicated")
        yield running


def hot_shard(running: Site) -> int:
    """The shard of the hot auction."""
    return keys.shard_of(str(running.auctions[0]))


def victim_of(running: Site, cluster: ValkeyCluster) -> int:
    """The primary that has the hot auction."""
    return cluster.number_of(running.engine.servers.url_of(hot_shard(running)))


async def moved_from(running: Site, cluster: ValkeyCluster, number: int) -> None:
    """Wait until the hot shard is somebody else's."""
    servers = running.engine.servers

    async def is_elsewhere() -> bool:
        await servers.refresh()
        return servers.url_of(hot_shard(running)) != cluster.url_at(number)

    await until(is_elsewhere, _FAILOVER_SECONDS)


async def ends_well(
    running: Site, load: Load, scratch: Valkey, *, mode: str = "replicated"
) -> None:
    """Everybody has an answer, bids are taken, every invariant holds, and every receipt names the mode."""
    await load.settled()
    await running.until_alive()
    assert {receipt.mode for receipt in running.history.receipts} == {mode}
    await all_holds(running, load, scratch=scratch)


async def fail_over(
    running: Site, cluster: ValkeyCluster, load: Load, cut: Callable[[int], Any]
) -> None:
    """The replica loses touch for a second, then the primary dies; the other primaries go on all the while."""
    victim = victim_of(running, cluster)
    replica = victim + cluster.primaries
    await load.until_accepted(40)
    with cut(replica):
        await asyncio.sleep(1)
    cluster.nodes[victim].kill()
    await moved_from(running, cluster, victim)
    assert victim_of(running, cluster) == replica
    await asyncio.to_thread(cluster.nodes[victim].start)
    await load.until_accepted(40)


async def test_f24_primary_killed_just_after_its_replica_stood_still(
    case: Case, cluster: ValkeyCluster, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """The replica is promoted and has every acknowledged bid; the old primary comes back as its replica."""

    @contextlib.contextmanager
    def stopped(number: int) -> Iterator[None]:
        nemesis.pause(cluster.nodes[number].pid)
        yield
        nemesis.resume(cluster.nodes[number].pid)

    async with clustered(case, cluster, database_url) as running:
        load = running.load()
        async with load.running():
            for _ in range(counted(1, 5)):
                await fail_over(running, cluster, load, stopped)
                await asyncio.to_thread(cluster.until_whole)
                break_in_pairs(cluster, victim_of(running, cluster))
        await ends_well(running, load, scratch)


def break_in_pairs(cluster: ValkeyCluster, promoted: int) -> None:
    """After a failover the pair stands the other way round: give the nodes their numbers by their roles again."""
    other = promoted % cluster.primaries
    cluster.swap(other, other + cluster.primaries)


@pytest.mark.usefixtures("root")
@pytest.mark.nightly
async def test_f24_replica_link_down_and_primary_killed(
    case: Case, database_url: str, scratch: Valkey
) -> None:
    """The same with the replica's link down for a second instead of its process stopped."""
    with Network(6) as network, network_cluster(case, network) as cluster:

        @contextlib.contextmanager
        def unplugged(number: int) -> Iterator[None]:
            network.link(number, "down")
            yield
            network.link(number, "up")

        async with clustered(case, cluster, database_url) as running:
            load = running.load()
            async with load.running():
                await fail_over(running, cluster, load, unplugged)
            await ends_well(running, load, scratch)


def network_cluster(case: Case, network: Network) -> ValkeyCluster:
    """Six nodes, each in its own network."""
    return ValkeyCluster(case.directory / "cluster", hosts=network.hosts, make=network.server)


async def test_f25_primary_stands_still_and_wakes_up_replaced(
    case: Case, cluster: ValkeyCluster, database_url: str, scratch: Valkey
) -> None:
    """A primary that was replaced while it stood still acknowledges nothing of what it finds in its inbox."""
    async with clustered(case, cluster, database_url) as running:
        load = running.load()
        victim = victim_of(running, cluster)
        async with load.running():
            await load.until_accepted(40)
            nemesis.pause(cluster.nodes[victim].pid)
            await moved_from(running, cluster, victim)
            nemesis.resume(cluster.nodes[victim].pid)
            await load.until_accepted(40)
        await ends_well(running, load, scratch)


@pytest.mark.usefixtures("root")
async def test_f25_primary_cut_off_from_the_others_but_not_from_its_clients(
    case: Case, database_url: str, scratch: Valkey
) -> None:
    """It goes on deciding, and nothing of that is acknowledged or journalled; healed, it has forgotten it."""
    with Network(6) as network, network_cluster(case, network) as cluster:
        async with clustered(case, cluster, database_url) as running:
            load = running.load()
            victim = victim_of(running, cluster)
            async with load.running():
                await load.until_accepted(40)
                with network.isolated(victim):
                    await moved_from(running, cluster, victim)
                await load.until_accepted(40)
            codes = {record.rep.get("code") for record in case.history.records}
            assert codes & {"outcome_unknown", "replica_not_durable"}
            await ends_well(running, load, scratch)


async def test_f27_slots_move_under_load_to_a_node_without_the_library(
    case: Case, cluster: ValkeyCluster, database_url: str, scratch: Valkey, counted: Counted
) -> None:
    """A shard's keys move one by one while it is bid on, to a node whose library is gone: no bid lost, no new epoch."""
    async with clustered(case, cluster, database_url) as running:
        servers = running.engine.servers
        assert {len(servers.shards_at(url)) > 10 for url in servers.primaries()} == {True}
        for url in servers.primaries():
            await check_library(servers.client_at(url))
        by_one_node = await Servers.open(cluster.url_at(4))  # a plain URL, and of a replica
        assert by_one_node.primaries() == servers.primaries()
        await by_one_node.aclose()
        load = running.load()
        async with load.running():
            for _ in range(counted(1, 10)):
                await load.until_accepted(40)
                source = victim_of(running, cluster)
                target = (source + 1) % cluster.primaries
                cluster.ask(target, "FUNCTION", "FLUSH", "SYNC")
                await move(cluster, key_slot(keys.tag(hot_shard(running)).encode()), source, target)
                await load.until_accepted(40)
                assert servers.url_of(hot_shard(running)) == cluster.url_at(target)
                await check_library(servers.client_at(cluster.url_at(target)))
        await load.settled()
        await running.until_alive()
        await all_holds(running, load, scratch=scratch, fenced=False)


async def move(cluster: ValkeyCluster, slot: int, source: int, target: int) -> None:
    """Move a slot as an operator's tool does, with time enough between the keys to be met half-way."""
    ids = {number: cluster.ask(number, "CLUSTER", "MYID").decode() for number in (source, target)}
    cluster.ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
    cluster.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
    place = (cluster.hosts[target], cluster.ports[target])
    while names := cluster.ask(source, "CLUSTER", "GETKEYSINSLOT", slot, 1):
        cluster.ask(source, "MIGRATE", *place, "", 0, 5000, "KEYS", *names)
        await asyncio.sleep(0.05)
    for number in (target, source):
        cluster.ask(number, "CLUSTER", "SETSLOT", slot, "NODE", ids[target])


@pytest.mark.nightly
async def test_f28_primary_and_replica_lost_together(
    case: Case, cluster: ValkeyCluster, durable_postgres: Postgres, scratch: Valkey
) -> None:
    """In `journalled` both copies may go: the shard is down, the others go on, and it is rebuilt from PostgreSQL."""
    await asyncio.to_thread(durable_postgres.start)
    url = durable_postgres.url()
    async with clustered(case, cluster, url, durability="journalled") as running:
        load = running.load()
        async with load.running():
            await load.until_accepted(60)
            victim = victim_of(running, cluster)
            lost = (victim, victim + cluster.primaries)
            for number in lost:
                cluster.nodes[number].kill()
                shutil.rmtree(cluster.nodes[number].directory / "appendonlydir")
            other = str(running.auctions[2])
            before = accepted_on(running, other)
            await until(lambda: accepted_on(running, other) > before + 5, 20)
            for number in lost:
                await asyncio.to_thread(cluster.nodes[number].start)
            await asyncio.to_thread(cluster.until_whole)
            await until(lambda: is_open(running), 60)
            await load.until_accepted(30)
        await ends_well(running, load, scratch, mode="journalled")
        rows = await running.pool.fetch("SELECT reason FROM engine.epochs WHERE epoch > 1")
        assert any("holds nothing" in row["reason"] for row in rows)


def accepted_on(running: Site, auction: str) -> int:
    """How many bids on one auction have been acknowledged."""
    return sum(
        record.out == "ok" and record.req["auction"] == auction
        for record in running.history.records
    )


async def is_open(running: Site) -> bool:
    """Whether the venue could let the clocks go on."""
    try:
        await running.resume_suspended()
    except (LuochuiError, redis.RedisError, OSError):
        return False
    return True
