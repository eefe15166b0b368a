"""The database comes back older than it was: an asynchronous standby is promoted, a backup is restored."""

import asyncio
import shutil
from collections.abc import Callable

import asyncpg
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.errors import ShardHalted
from auction_engine.witness import Witness
from kit.embedded import Postgres, Valkey
from tests.faults import nemesis
from tests.faults.client import Load
from tests.faults.cluster import Case, Site, site
from tests.faults.evidence import all_holds, violations
from tests.faults.standby import alone, base_backup, execute, promote, until_true
from tests.faults.test_journal import heads

Counted = Callable[[int, int], int]


@pytest.fixture
async def primary(durable_postgres: Postgres) -> Postgres:
    """A database server with real fsync that the case may break."""
    await asyncio.to_thread(durable_postgres.start)
    return durable_postgres


async def some_bids(running: Site, accepted: int) -> Load:
    """So many more accepted bids, all in the database."""
    load = running.load()
    async with load.running():
        await load.until_accepted(accepted)
    await load.settled()
    await running.project()
    return load


@pytest.mark.long_runs(3)
@pytest.mark.parametrize("tail", ["kept", "gone"])
async def test_f22_the_promoted_standby_was_behind(
    tail: str, case: Case, engine_server: Valkey, primary: Postgres, scratch: Valkey
) -> None:
    """What the standby lacks is journalled again from the stream's tail; without it the shard halts."""
    standby = await asyncio.to_thread(base_backup, primary, case.directory / "standby")
    await asyncio.to_thread(standby.start)
    later = Case(case.directory / "later", case.seed)
    try:
        async with site(case, engine_server, primary.url(), closes_in_ms=None) as running:
            await some_bids(running, 40)
            await stop_following(standby)
            await some_bids(running, 60)
            head = await heads(running)
            shards = running.shards
        nemesis.kill(primary.pid)
        primary.kill()
        await promote(standby)
        if tail == "gone":
            await trim_all_but_the_last(engine_server, shards)
            with pytest.raises(ShardHalted, match="is missing from the stream"):
                async with site(later, engine_server, standby.url(), closes_in_ms=None):
                    raise AssertionError("it went on with a hole")
            return
        async with site(later, engine_server, standby.url(), closes_in_ms=None) as running:
            assert (await heads(running)).items() >= head.items(), "the same batches"
            later.history.records += case.history.records
            await running.until_alive()
            await all_holds(running, None, scratch=scratch, fenced=False)
    finally:
        later.history.close()
        standby.stop()


async def stop_following(standby: Postgres) -> None:
    """The standby hears no more of its primary."""
    await execute(standby, "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
    await until_true(standby, "SELECT count(*) = 0 FROM pg_stat_wal_receiver")


async def trim_all_but_the_last(server: Valkey, shards: list[int]) -> None:
    """As an eager trimmer would."""
    async with redis.asyncio.Redis.from_url(server.url) as client:
        for shard in shards:
            await client.xtrim(keys.log(shard), maxlen=1, approximate=False)


@pytest.mark.parametrize("tail", ["kept", "gone"])
async def test_f23_an_old_backup_is_told_from_the_database_that_was(
    tail: str, case: Case, engine_server: Valkey, primary: Postgres, scratch: Valkey
) -> None:
    """The witness holds a checkpoint that the backup lacks: nothing starts on it until the loss is on paper.

    Where the engine still has the batches they are journalled again, the same ones, and nobody need be asked.
    """
    witness = Witness(case.directory / "witness")
    async with site(
        case, engine_server, primary.url(), closes_in_ms=None, witness=witness
    ) as running:
        await some_bids(running, 40)
        backup = await asyncio.to_thread(base_backup, primary, case.directory / "backup")
        alone(backup)
        await some_bids(running, 30)
        shards, head = running.shards, await heads(running)
        for shard in shards:
            await running.engine.projector._checkpoint(shard, closing=True)
            signed = witness.last(shard)
            assert signed is not None
            assert (shard, signed.size) in head
    assert witness.shards() == shards
    nemesis.kill(primary.pid)
    primary.kill()
    await asyncio.to_thread(backup.start)
    later = Case(case.directory / "later", case.seed)
    try:
        if tail == "gone":
            engine_server.kill()
            shutil.rmtree(engine_server.directory)
            await asyncio.to_thread(engine_server.start)
            with pytest.raises(ShardHalted, match="it is older than it was"):
                async with site(
                    later, engine_server, backup.url(), closes_in_ms=None, witness=witness
                ):
                    raise AssertionError("it went on as if nothing had been signed")
            assert await epochs(backup) == {1}, "nothing was rebuilt on it either"
            for shard in shards:
                witness.path_of(shard).rename(case.directory / f"lost-{shard}.note")
        async with site(
            later, engine_server, backup.url(), closes_in_ms=None, witness=witness
        ) as running:
            if tail == "kept":
                assert (await heads(running)).items() >= head.items(), "the same batches"
                later.history.records += case.history.records
                await running.until_alive()
                await all_holds(running, None, scratch=scratch, fenced=False)
            else:
                assert await epochs(backup) == {2}
                await running.until_alive()
    finally:
        later.history.close()
        backup.stop()


async def epochs(server: Postgres) -> set[int]:
    """The epochs in which a database's shards are."""
    connection = await asyncpg.connect(server.url())
    rows = await connection.fetch("SELECT epoch FROM engine.shards")
    await connection.close()
    return {row["epoch"] for row in rows}


async def test_f36_restore_drill(
    case: Case, engine_server: Valkey, primary: Postgres, scratch: Valkey
) -> None:
    """From a base backup and an empty engine: all up to the backup is there, open auctions stand still with the reason.

    What was acknowledged after the backup is lost with both stores, and the checker names exactly that (F23: the
    recovery point is the last commit that is kept elsewhere).
    """
    async with site(case, engine_server, primary.url(), closes_in_ms=None) as running:
        await some_bids(running, 40)
        backup = await asyncio.to_thread(base_backup, primary, case.directory / "backup")
        alone(backup)
        until_backup = len(case.history.records)
        await some_bids(running, 30)
    engine_server.kill()
    shutil.rmtree(engine_server.directory)
    nemesis.kill(primary.pid)
    primary.kill()
    await asyncio.to_thread(backup.start)
    later = Case(case.directory / "later", case.seed)
    try:
        async with site(later, engine_server, backup.url(), closes_in_ms=None) as running:
            rows = await running.pool.fetch(
                "SELECT reason, suspended FROM engine.epochs WHERE epoch = 2"
            )
            assert all("holds nothing" in row["reason"] for row in rows)
            assert {one for row in rows for one in row["suspended"]} == set(running.auctions)
            for auction in running.auctions:
                assert (await running.engine.view(auction))["status"] == "suspended"
            await running.until_alive()
            kept = case.history.records[:until_backup]
            lost = case.history.records[until_backup:]
            later.history.records += kept
            await all_holds(running, None, scratch=scratch, fenced=True)
            later.history.records += lost
            found = await violations(running, None, scratch=scratch, fenced=True)
            told = {
                record.req["id"]
                for record in lost
                if record.out == "ok" and not record.rep.get("replayed")
            }
            named = [one for one in found if one.what.startswith("acknowledged and lost")]
            assert told
            assert all(any(f"'{name}'" in one.what for one in named) for name in told)
    finally:
        later.history.close()
        backup.stop()
