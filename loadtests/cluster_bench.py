"""`luochui bench cluster`: the same load on a Cluster of one primary and of three, each with its replica.

In mode `replicated`: an answer leaves when the batch is on the disk of its primary and of its replica. All servers, the
driver and the gateway share this machine's cores and its one disk. So on two cores this shows that a Cluster works,
what replication costs, and how a shard's speed depends on the number of primaries; it can't show what three machines
would give, because nothing is added but more processes for the same cores.
"""

import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import asyncpg
import msgspec
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auction_engine import keys
from auction_engine.checkpoints import LogKey
from auction_engine.engine import Engine
from kit.clock import system_clock
from kit.embedded import Postgres
from kit.embedded_cluster import ValkeyCluster
from loadtests.engine_integrity import check_engine, require
from loadtests.engine_load import Run, bid_on, open_lots
from loadtests.engine_stage import LIMITS, servers
from loadtests.report import Integrity, Report, Rounds, machine, ratios_of

_BIDS = "accepted bids/s"
_GARBAGE = 200_000
CHECKED = [
    "every shard's journal on its primary: no batch missing, none forked, the chain's head as the engine has it",
    "every bid: numbers without a gap, prices that rise, no id twice; as many as were acknowledged",
    "every replica stands where its primary stands",
]


class ClusterSizes(msgspec.Struct, frozen=True, kw_only=True):
    """How large a benchmark is; a test makes all of it small."""

    seconds: float
    rounds: int
    primaries: tuple[int, ...] = (1, 3)
    lots: int = 1000


class ClusterStage(msgspec.Struct, frozen=True):
    """An engine on a Cluster."""

    engine: Engine
    cluster: ValkeyCluster


def bench_cluster(sizes: ClusterSizes, say: Callable[[str], None]) -> Report:
    """The whole benchmark; `say` is told what is being measured. Raises NotWhole where integrity does not hold."""
    kept = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_GARBAGE)  # the driver's own garbage
    try:
        return uvloop.run(_bench(sizes, say))
    finally:
        gc.set_threshold(*kept)
        gc.unfreeze()


async def _bench(sizes: ClusterSizes, say: Callable[[str], None]) -> Report:
    facts, rounds = machine(), Rounds()
    durability: dict[str, dict[str, str]] = {}
    async with servers() as (directory, postgres):
        for number in range(1, sizes.rounds + 1):
            for primaries in sizes.primaries:
                say(f"round {number}: {primaries} primaries, {primaries} replicas")
                place = directory / f"cluster-{number}-{primaries}"
                durability |= await _round(place, postgres, primaries, sizes, rounds)
                shutil.rmtree(place, ignore_errors=True)
    figures = rounds.figures()
    names = [f"lots_1000_cluster_{primaries}" for primaries in sizes.primaries]
    hot = [f"hot_lot_cluster_{primaries}" for primaries in sizes.primaries]
    facts["shared"] = (
        f"{2 * max(sizes.primaries)} servers, gateway and driver share {os.cpu_count()} cores and one disk:"
        " three primaries add no processor and no disk here"
    )
    return Report(
        figures=figures,
        ratios=ratios_of(figures, [(names[-1], names[0]), (hot[-1], hot[0])]),
        machine=facts,
        durability=durability,
        integrity=Integrity(checked=CHECKED, ok=True),
    )


async def _round(
    directory: Path, postgres: Postgres, primaries: int, sizes: ClusterSizes, rounds: Rounds
) -> dict[str, dict[str, str]]:
    """One Cluster, thrown away afterwards; what its servers say of their durability."""
    name = f"bench_{directory.name.replace('-', '_')}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE bench_template")
    await admin.close()
    key = LogKey("bench.invalid/engine", Ed25519PrivateKey.generate())
    with ValkeyCluster(directory, primaries=primaries) as cluster:
        async with asyncpg.create_pool(
            postgres.url(name), min_size=1, max_size=4 * primaries + 4
        ) as pool:
            engine = await Engine.open(
                pool, cluster.url, key=key, clock=system_clock, limits=LIMITS
            )
            try:
                on = ClusterStage(engine, cluster)
                said, weaker = await engine.keeper.verify()
                require(not weaker, f"durability: {[error.message for error in weaker.values()]}")
                hot = await bid_on(on, await open_lots(on, 1), seconds=sizes.seconds)
                many = await bid_on(on, await open_lots(on, sizes.lots), seconds=sizes.seconds)
                rounds.add(f"hot_lot_cluster_{primaries}", hot.per_second, _BIDS)
                rounds.add(f"lots_1000_cluster_{primaries}", many.per_second, _BIDS)
                await check_cluster(on, [hot, many])
            finally:
                await engine.aclose()
    return {f"{primaries} primaries": _one_of(said)}


def _one_of(said: dict[str, dict[str, str]]) -> dict[str, str]:
    """What a primary says; they all say the same but for the replica's place."""
    return {"mode": "replicated", **next(iter(said.values()))}


async def check_cluster(on: ClusterStage, runs: list[Run]) -> None:
    """Journals, books and ids as on one server, and every replica with the heads of its primary."""
    await check_engine(on, runs)
    found = on.engine.servers
    for url in found.primaries():
        (replica,) = found.replicas_of(url)
        own = on.cluster.number_of(replica)
        for shard in found.shards_at(url):
            stands = await found.client_at(url).hget(keys.meta(shard), "head")  # type: ignore[misc]  # the client is typed for both kinds of caller
            require(
                head_at(on.cluster, own, shard) == stands,
                f"shard {shard}: the replica does not stand where its primary does",
            )


def head_at(cluster: ValkeyCluster, number: int, shard: int) -> bytes | None:
    """The head of a shard as a replica has it."""
    found: bytes | None = cluster.ask_replica(number, "HGET", keys.meta(shard), "head")
    return found
