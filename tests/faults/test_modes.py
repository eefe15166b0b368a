"""The modes that wait for PostgreSQL, under the faults that they are for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from auction_engine.decided import Acknowledgement
from auction_engine.errors import EngineOutcomeUnknown, ReplicaNotDurable, WeakDurability
from auction_engine.rules.commands import Command
from kit.embedded import Postgres, Valkey
from kit.embedded_cluster import ValkeyPair
from kit.errors import Unavailable
from tests.auction_engine.make_engine import a_bid, until
from tests.faults import nemesis
from tests.faults.cluster import START_FEN, Case, Site, copied, site
from tests.faults.evidence import all_holds
from tests.faults.nemesis import Disk
from tests.faults.standby import (
    base_backup,
    demand_a_synchronous_standby,
    promote,
    url_of_either,
)
from tests.faults.test_journal import back_up

Counted = Callable[[int, int], int]
EVERYSEC = {"appendfsync": "everysec"}


@pytest.fixture
async def primary(durable_postgres: Postgres) -> Postgres:
    """A database server with real fsync that the case may break."""
    await asyncio.to_thread(durable_postgres.start)
    return durable_postgres


@pytest.fixture
async def standby(case: Case, primary: Postgres) -> AsyncIterator[Postgres]:
    """Its standby, synchronous."""
    server = await asyncio.to_thread(base_backup, primary, case.directory / "standby")
    await asyncio.to_thread(server.start)
    await demand_a_synchronous_standby(primary)
    yield server
    server.stop()


@pytest.mark.usefixtures("root")
async def test_f03_power_cut_with_an_engine_that_fsyncs_once_a_second(
    case: Case, durable_template: Path, scratch: Valkey, counted: Counted
) -> None:
    """In `journalled` PostgreSQL has every acknowledgement, whatever the engine lost; no number is issued twice."""
    with Disk(case.directory, megabytes=700) as disk:
        database = Postgres(copied(durable_template, disk.path / "pg"))
        server = Valkey(disk.path / "engine", options=EVERYSEC)
        await asyncio.to_thread(database.start)
        try:
            async with site(case, server, database.url(), durability="journalled") as running:
                load = running.load(per_second=300)
                running.supervised = False
                async with load.running():
                    for _ in range(counted(1, 20)):
                        await load.until_accepted(case.rnd.randint(100, 200))
                        await asyncio.to_thread(disk.cut_power, server.pid, database.pid)
                        server.kill()
                        database.kill()
                        await asyncio.to_thread(disk.restore_power)
                        await back_up(database)
                        await running.start_server()
                        await running.until_alive(seconds=60)  # resumed after the rebuild
                await load.settled()
                await all_holds(running, load, scratch=scratch)
        finally:
            server.stop()
            database.stop()


@pytest.mark.long_runs(10)
async def test_f19_journalled_stops_without_the_database(
    case: Case, engine_server: Valkey, primary: Postgres, scratch: Valkey
) -> None:
    """While PostgreSQL is down nothing is acknowledged in `journalled`; back again, unknowns resolve and bids go on."""
    async with site(
        case, engine_server, primary.url(), durability="journalled", closes_in_ms=4_000
    ) as running:
        load = running.load()
        async with load.running():
            await load.until_accepted(40)
            nemesis.kill(primary.pid)
            primary.kill()
            await asyncio.sleep(0.3)  # what was committed before the kill is answered
            before = load.accepted
            await asyncio.sleep(1)
            assert load.accepted == before, "acknowledged without a commit"
            await back_up(primary)
            await load.until_accepted(30)
        await load.settled()
        assert {receipt.mode for receipt in case.history.receipts} == {"journalled"}
        await running.until_alive(seconds=60)
        await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.long_runs(10)
async def test_f21_primary_dies_and_its_synchronous_standby_is_promoted(
    case: Case, engine_server: Valkey, primary: Postgres, standby: Postgres, scratch: Valkey
) -> None:
    """In `journalled+standby` the loss of the primary loses nothing; the projector goes on where the standby is."""
    url = url_of_either(primary, standby)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            site(case, engine_server, url, durability="journalled+standby", closes_in_ms=4_000)
        )
        load = running.load()
        async with load.running():
            await load.until_accepted(60)
            nemesis.kill(primary.pid)
            primary.kill()
            await promote(standby)
            # the promoted server has no standby yet: it may not be believed in this mode
            with pytest.raises(WeakDurability, match="synchronous_standby_names"):
                await running.engine.keeper.verify()
            another = await asyncio.to_thread(base_backup, standby, case.directory / "another")
            stack.callback(another.stop)
            await asyncio.to_thread(another.start)
            await demand_a_synchronous_standby(standby)
            await load.until_accepted(30)
        await load.settled()
        await running.until_alive(seconds=60)
        await all_holds(running, load, scratch=scratch, fenced=False)


async def test_a_standby_that_stops_stops_the_acknowledgements(
    case: Case, engine_server: Valkey, primary: Postgres, standby: Postgres
) -> None:
    """A commit that waits for the standby is no acknowledgement, not even when its wait is cancelled and it shows."""
    async with site(
        case, engine_server, primary.url(), durability="journalled+standby", closes_in_ms=None
    ) as running:
        auction = running.auctions[0]
        bid = a_bid(1, START_FEN, "x")
        await asyncio.to_thread(nemesis.pause, standby.pid)
        asked = asyncio.create_task(running.engine.submit(auction, bid))
        admin = await asyncpg.connect(primary.url())
        try:

            async def waits() -> bool:
                return bool(
                    await admin.fetchval(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                    )
                )

            await until(waits, 20)
            while not asked.done():
                # what a nervous operator does: the commit stands, and the standby does not have it
                await admin.execute(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                )
                await asyncio.wait({asked}, timeout=0.05)
            with pytest.raises(EngineOutcomeUnknown):
                await asked
        finally:
            await admin.close()
            await asyncio.to_thread(nemesis.resume, standby.pid)
        assert (await until_definite(running, bid)).decision.accepted


async def until_definite(running: Site, bid: Command) -> Acknowledgement:
    """The answer to a bid that is asked for until it is definite."""
    for _ in range(300):
        try:
            return await running.engine.submit(running.auctions[0], bid)
        except (EngineOutcomeUnknown, Unavailable):
            await asyncio.sleep(0.05)
    raise AssertionError("no definite answer")


async def test_replicated_gives_way_to_journalled_where_it_may(
    case: Case, primary: Postgres, scratch: Valkey
) -> None:
    """F26 with `degrade_to`: a replica that stands still delays bids and stops none; receipts say which mode it was."""
    # the server must not hold writes back by itself where something else is to take over
    options = {"min-replicas-to-write": "0"}
    with ValkeyPair(case.directory / "pair", options=options) as pair:
        async with site(
            case,
            pair.primary,
            primary.url(),
            engine_url=pair.url,
            durability="replicated",
            degrade_to="journalled",
            closes_in_ms=None,
            call_seconds=5,
        ) as running:
            load = running.load(per_second=100)
            async with load.running():
                await load.until_accepted(30)
                assert {receipt.mode for receipt in case.history.receipts} == {"replicated"}
                nemesis.pause(pair.replica.pid)
                await load.until_accepted(40)
                assert case.history.receipts[-1].mode == "journalled"
                assert running.engine.keeper.degraded
                nemesis.resume(pair.replica.pid)
                await until(lambda: not running.engine.keeper.degraded, 30)
                await load.until_accepted(20)
                assert case.history.receipts[-1].mode == "replicated"
            await load.settled()
            await running.until_alive()
            await all_holds(running, load, scratch=scratch, fenced=False)


@pytest.mark.long_runs(5)
async def test_f26_a_replica_that_stands_still_stops_the_acknowledgements(
    case: Case, database_url: str, scratch: Valkey
) -> None:
    """With nothing to give way to `replicated` fails closed: unknown and refused, until the replica is back."""
    with ValkeyPair(case.directory / "pair") as pair:
        async with site(
            case, pair.primary, database_url, engine_url=pair.url, durability="replicated"
        ) as running:
            load = running.load()
            async with load.running():
                await load.until_accepted(30)
                nemesis.pause(pair.replica.pid)
                await asyncio.sleep(
                    0.1
                )  # what was acknowledged by the replica just before is answered
                before = load.accepted

                def is_told() -> bool:
                    codes = {record.rep.get("code") for record in case.history.records}
                    return codes >= {"outcome_unknown", "replica_not_durable"}

                await until(is_told, 30)
                assert load.accepted == before, "acknowledged without the replica"
                # the alarm: what the minute's look and /readyz go by
                _, weaker = await running.engine.keeper.verify()
                assert [type(error) for error in weaker.values()] == [ReplicaNotDurable]
                nemesis.resume(pair.replica.pid)
                await load.until_accepted(30)
            await load.settled()
            await running.until_alive()
            await all_holds(running, load, scratch=scratch, fenced=False)
