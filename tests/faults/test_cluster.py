"""A Valkey Cluster of three primaries and three replicas: nodes die, stand still, are cut off, and slots move.

Nothing that was acknowledged is lost in `replicated` (the default on a Cluster) and in `journalled`. Each fault is
there without root (processes stopped and killed) and, where the network itself is at fault, with a namespace a node.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import redis.asyncio
from redis.crc import key_slot

from auction_engine import keys
from auction_engine.durability import MODES
from auction_engine.errors import (
    EngineBusy,
    EngineOutcomeUnknown,
    EngineUnreachable,
    ReplicaNotDurable,
)
from auction_engine.gateway import AGE_US_MAX, Gateway
from auction_engine.journal import ACCEPTED, Entry, entry_of
from auction_engine.keeper import Keeper
from auction_engine.library import check_library
from auction_engine.rules.commands import Command
from auction_engine.servers import Servers
from kit.embedded import Postgres, Valkey
from kit.embedded_cluster import ValkeyCluster
from kit.errors import LuochuiError
from tests.auction_engine.make_engine import a_key, until
from tests.faults import nemesis
from tests.faults.check import CLUSTER_LIVE_SECONDS
from tests.faults.client import EngineDesk, Load
from tests.faults.cluster import START_FEN, STEP_FEN, UNLIMITED, Case, Site, site
from tests.faults.evidence import all_holds, entries_of
from tests.faults.network import Network

Counted = Callable[[int, int], int]
#: Longer than the node timeout: long enough for the others to choose a new primary.
_FAILOVER_SECONDS = 30
#: More than one call takes that was sent just before a bid grew too old to be sent again.
_ANSWER_SECONDS = 8


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
        if durability is None:
            said, weaker = await running.engine.keeper.verify()
            assert weaker == {}
            assert {one["acknowledged_by"] for one in said.values()} == {"WAITAOF 1 1"}
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
    hot, other = str(running.auctions[0]), str(running.auctions[2])
    await load.until_accepted(40)
    with cut(replica):
        await asyncio.sleep(1)
    killed_ns, before = time.monotonic_ns(), accepted_on(running, other)
    cluster.nodes[victim].kill()
    await moved_from(running, cluster, victim)
    assert accepted_on(running, other) > before, "another primary's shard stood still as well"
    assert victim_of(running, cluster) == replica
    # the promoted one has nobody to wait for yet: until the pair is whole again nothing is acknowledged
    assert first_told(running, hot, killed_ns) is None, "acknowledged by one node alone"
    back_ns = time.monotonic_ns()
    await asyncio.to_thread(cluster.nodes[victim].start)
    await until(lambda: first_told(running, hot, killed_ns) is not None, _FAILOVER_SECONDS)
    told_ns = first_told(running, hot, killed_ns)
    assert told_ns is not None
    print(
        f"away for {(told_ns - killed_ns) / 1e9:.1f} s, {(told_ns - back_ns) / 1e9:.1f} of them whole"
    )
    assert told_ns - back_ns < CLUSTER_LIVE_SECONDS * 1e9
    await load.until_accepted(40)


def first_told(running: Site, auction: str, after_ns: int) -> int | None:
    """When the first bid that was asked for after a moment was acknowledged (monotonic, ns)."""
    told = [
        record.t1
        for record in running.history.records
        if record.out == "ok" and record.req["auction"] == auction and record.t0 > after_ns
    ]
    return min(told, default=None)


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


@pytest.mark.long_runs(15)
@pytest.mark.usefixtures("root")
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


@pytest.mark.long_runs(10)
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


@pytest.mark.long_runs(10)
@pytest.mark.usefixtures("root")
async def test_f25_primary_cut_off_from_the_others_but_not_from_its_clients(
    case: Case, database_url: str, scratch: Valkey
) -> None:
    """What it decides alone is told as unknown, never as done, and vanishes when the network heals.

    A gateway on its side of the cut sees no other node. It hands in two bids as soon as the node is alone: the batch is
    decided there and nowhere else. The mode does not forbid that (`min-replicas-to-write` only bounds it); it promises
    that nobody is told "accepted", and that no journal, receipt or book has it.
    """
    with Network(6) as network, network_cluster(case, network) as cluster:
        async with clustered(case, cluster, database_url) as running:
            load = running.load()
            victim, shard = victim_of(running, cluster), hot_shard(running)
            async with gateway_beside(running, cluster, victim) as gateway, load.running():
                await load.until_accepted(40)
                async with cut_off(network, victim):
                    alone = await decided_alone(running, cluster, victim, gateway)
                    await refuses_to_go_on(running, gateway)
                    await moved_from(running, cluster, victim)
                await load.until_accepted(40)
            assert "outcome_unknown" in refused_codes(running), (
                "a short count of replicas was told as something else"
            )
            await load.settled()
            await running.until_alive()
            await are_decided_anew(running)
            await ends_well(running, load, scratch)
            journalled = await entries_in_journal(running, shard)
            assert alone.head not in {entry.head for entry in journalled}, "journalled all the same"
            told = [receipt.header for receipt in case.history.receipts if receipt.shard == shard]
            assert alone.header.public() not in told, "there is a receipt for it"
            await asyncio.to_thread(cluster.until_whole)
            assert cluster.ask_replica(victim, "ROLE")[0] == b"slave"
            forgotten = cluster.ask_replica(victim, "HGET", keys.meta(shard), "head").decode()
            assert forgotten in {entry.head for entry in journalled}, (
                "it still holds what it decided alone"
            )


#: The bids that only the node that was cut off hears of: whoever leads, the second is accepted.
_LONE_BIDS = (
    Command(do="bid", paddle=7, value=START_FEN + 100_000 * STEP_FEN, id="alone-7"),
    Command(do="bid", paddle=8, value=START_FEN + 100_001 * STEP_FEN, id="alone-8"),
)


@contextlib.asynccontextmanager
async def gateway_beside(
    running: Site, cluster: ValkeyCluster, number: int
) -> AsyncIterator[Gateway]:
    """A gateway that knows one node only, as one on its side of a cut does; past the fence, and in no batch."""
    engine, servers = running.engine, Servers(cluster.url_at(number))
    keeper = Keeper(
        MODES["replicated"], servers=servers, pool=running.pool, projector=engine.projector
    )
    gateway = Gateway(
        servers, fence=engine.fence.verify, durability=keeper, key=a_key(), limits=UNLIMITED
    )

    async def is_past_the_fence() -> bool:
        try:
            await gateway.submit(str(running.auctions[0]), Command(do="tick"))
        except EngineBusy:  # the look at servers and journal took longer than a command may wait
            return False
        return True

    try:
        await until(is_past_the_fence, _FAILOVER_SECONDS)
        yield gateway
    finally:
        await gateway.close()
        await servers.aclose()


async def decided_alone(
    running: Site, cluster: ValkeyCluster, number: int, gateway: Gateway
) -> Entry:
    """Hand in the lone bids: the node decides and accepts them, and both bidders are told that nobody knows."""
    shard = hot_shard(running)
    asked = asyncio.create_task(gateway.submit_many(str(running.auctions[0]), _LONE_BIDS))
    found: list[Entry] = []

    def is_decided() -> bool:
        rows = cluster.ask(number, "XREVRANGE", keys.log(shard), "+", "-", "COUNT", 20)
        entries = (entry_of(shard, fields) for _, fields in rows)
        found[:] = [entry for entry in entries if b"alone-8" in entry.commands_bytes]
        return bool(found)

    await until(is_decided)
    assert found[0].decisions[-1][0] == ACCEPTED, "it did not take the bid"
    answers = await asked
    assert [type(answer) for answer in answers] == [EngineOutcomeUnknown] * len(_LONE_BIDS)
    return found[0]


async def refuses_to_go_on(running: Site, gateway: Gateway) -> None:
    """After the short count the next bid is refused before it is decided: the batch in doubt stays the only one."""
    later = Command(do="bid", paddle=7, value=START_FEN + 200_000 * STEP_FEN, id="alone-later")
    with pytest.raises((ReplicaNotDurable, EngineUnreachable)):
        await gateway.submit(str(running.auctions[0]), later)


async def are_decided_anew(running: Site) -> None:
    """Asked again with the same ids after the heal, the bids are decided for the first time."""
    desk, auction = EngineDesk(running.engine), str(running.auctions[0])
    for command in _LONE_BIDS:
        answer = await running.history.attempt(desk, auction, command, paddle=command.paddle)
        assert answer.out != "unknown"
        assert not answer.rep.get("replayed"), "the decision of one node alone has come through"


@contextlib.asynccontextmanager
async def cut_off(network: Network, number: int) -> AsyncIterator[None]:
    """A node that hears no other node; bids go on coming in while it is being cut off and while it is healed."""
    cut = network.isolated(number)
    await asyncio.to_thread(cut.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(cut.__exit__, None, None, None)


async def entries_in_journal(running: Site, shard: int) -> list[Entry]:
    """Each batch of a shard in the database."""
    async with running.pool.acquire() as conn:
        return await entries_of(conn, shard)


@pytest.mark.long_runs(5)
@pytest.mark.usefixtures("root")
async def test_f26_replica_cut_off_from_everybody(
    case: Case, database_url: str, scratch: Valkey
) -> None:
    """Its primary's shards acknowledge nothing and say why; the others go on; healed, all go on, in the same epoch."""
    with Network(6) as network, network_cluster(case, network) as cluster:
        async with clustered(case, cluster, database_url) as running:
            hot, other = str(running.auctions[0]), str(running.auctions[2])
            load = running.load()
            replica = victim_of(running, cluster) + cluster.primaries
            async with load.running():
                await load.until_accepted(40)
                async with cut_off(network, replica):
                    await asyncio.sleep(0.5)  # what had reached the replica before is answered
                    before, before_other = accepted_on(running, hot), accepted_on(running, other)
                    await until(lambda: refused_codes(running) >= FAILS_CLOSED, 30)
                    await until(lambda: accepted_on(running, other) > before_other + 5, 20)
                    await until(lambda: is_missed(running), 20)
                    assert accepted_on(running, hot) == before, "acknowledged without the replica"
                await load.until_accepted(60)
                await until(lambda: accepted_on(running, hot) > before, 20)
            await ends_well(running, load, scratch)


async def is_missed(running: Site) -> bool:
    """The alarm: whether the minute's look, and with it /readyz, misses one primary's replica."""
    _, weaker = await running.engine.keeper.verify()
    return [type(error) for error in weaker.values()] == [ReplicaNotDurable]


#: What bidders are told while a replica is away: the batch that was under way, and then each one before it is decided.
FAILS_CLOSED = {"outcome_unknown", "replica_not_durable"}


def refused_codes(running: Site) -> set[object]:
    """Every code that a bidder was told."""
    return {record.rep.get("code") for record in running.history.records}


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
        # sent again inside the deadline: a slot on its way leaves nobody in doubt, and nobody waiting
        assert "outcome_unknown" not in refused_codes(running)
        longest_ns = max(record.t1 - record.t0 for record in running.history.records)
        assert longest_ns < AGE_US_MAX * 1_000 + _ANSWER_SECONDS * 1e9
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


@pytest.mark.long_runs(5)
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
            hot, other = str(running.auctions[0]), str(running.auctions[2])
            await asyncio.sleep(0.5)  # what was committed before the loss is answered
            down, before = accepted_on(running, hot), accepted_on(running, other)
            await until(lambda: accepted_on(running, other) > before + 5, 20)
            assert accepted_on(running, hot) == down, "acknowledged by nobody"
            for number in lost:
                await asyncio.to_thread(cluster.nodes[number].start)
            await asyncio.to_thread(cluster.until_whole)
            await until(lambda: is_open(running), 60)
            await load.until_accepted(30)
        await ends_well(running, load, scratch, mode="journalled")
        rows = await running.pool.fetch(
            "SELECT shard, reason, suspended FROM engine.epochs WHERE epoch > 1"
        )
        assert {row["shard"] for row in rows} == {hot_shard(running)}
        assert any("holds nothing" in row["reason"] for row in rows)
        assert any(running.auctions[0] in row["suspended"] for row in rows)


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
