"""The change feed: gapless, resumable, and for nobody else."""

import asyncio
from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from kit.ids import uuid7
from kit.sql import Pool
from marketplace.app import Resources
from marketplace.assets.events import AssetRegistered
from marketplace.bidders.schemas import BidderStatusChanged
from marketplace.changes import service as changes
from marketplace.changes.rules import Side, sides_of
from marketplace.consignments.events import ConsignmentMoved
from marketplace.organisations.schemas import OrganisationKind, Role
from marketplace.outbox import service as outbox
from tests.make_app import client_on
from tests.make_people import key_of, make_caller, make_organisation


async def relay(pool: Pool, now: datetime, *, limit: int = 500) -> int:
    """What the job does, without webhooks."""
    async with pool.acquire() as conn, conn.transaction():
        events = await outbox.take_pending(conn, now=now, limit=limit)
        await changes.append(conn, events)
    return len(events)


async def tell(pool: Pool, organisation_id: UUID, now: datetime) -> UUID:
    """One event of an organisation's."""
    async with pool.acquire() as conn, conn.transaction():
        event = AssetRegistered(asset_id=uuid4(), organisation_id=organisation_id)
        return await outbox.add(conn, event, now=now)


async def test_feed_is_resumable(resources: Resources, now: datetime) -> None:
    """Asked again with `next_after`, the feed gives every event once, in order, and says where its head is."""
    pool = resources.pool
    caller = await make_caller(pool, Role.BANK_MAKER, now=now)
    headers = await key_of(pool, caller, now=now)
    told = [await tell(pool, caller.organisation_id, now) for _ in range(7)]
    await tell(pool, await make_organisation(pool, OrganisationKind.BANK, now=now), now)
    await relay(pool, now)
    seen, after = [], 0
    async with client_on(resources, headers=headers) as client:
        while True:
            page = (await client.get("/v1/changes", params={"after": after, "limit": 3})).json()
            if not page["items"]:
                break
            seen += page["items"]
            after = page["next_after"]
        assert page["head"] == 7
        bad = await client.get("/v1/changes", params={"after": -1})
        assert bad.status_code == 400
    assert [each["id"] for each in seen] == [str(event) for event in told]
    assert [each["position"] for each in seen] == list(range(1, 8))
    assert seen[0]["data"]["organisation_id"] == str(caller.organisation_id)


async def test_late_commit_is_not_skipped(database: Pool, now: datetime) -> None:
    """An event whose transaction commits after a later one's was relayed still comes: the feed is by number given,
    not by the event's id.
    """
    organisation = await make_organisation(database, OrganisationKind.BANK, now=now)
    async with database.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        early = await outbox.add(
            slow, AssetRegistered(asset_id=uuid4(), organisation_id=organisation), now=now
        )
        late = await tell(database, organisation, now)
        assert await relay(database, now) == 1
        await transaction.commit()
    assert await relay(database, now) == 1
    rows = await database.fetch("SELECT position, event_id FROM market.changes ORDER BY position")
    assert [tuple(row) for row in rows] == [(1, late), (2, early)]


async def test_many_relays_leave_no_gap(database: Pool, now: datetime) -> None:
    """Relays that run at once, over several organisations, neither skip nor repeat a number, and a reader never sees
    a later one before an earlier one.
    """
    organisations = [
        await make_organisation(database, OrganisationKind.BANK, now=now) for _ in range(3)
    ]
    for number in range(60):
        await tell(database, organisations[number % 3], now)
    is_done = asyncio.Event()

    async def watch() -> None:
        while not is_done.is_set():
            rows = await database.fetch(
                "SELECT max(position) AS last, count(*) AS found FROM market.changes GROUP BY organisation_id"
            )
            assert all(row["last"] == row["found"] for row in rows)

    async def drain() -> None:
        while await relay(database, now, limit=4):
            pass

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(drain() for _ in range(4)))
    is_done.set()
    await watching
    rows = await database.fetch(
        "SELECT array_agg(position ORDER BY position) AS positions FROM market.changes GROUP BY organisation_id"
    )
    assert [row["positions"] for row in rows] == [list(range(1, 21))] * 3


async def test_relay_that_dies_repeats_nothing(database: Pool, now: datetime) -> None:
    """Rolled back, the event is still in the outbox and in nobody's feed; then it is numbered once."""
    organisation = await make_organisation(database, OrganisationKind.BANK, now=now)
    await tell(database, organisation, now)
    async with database.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await changes.append(conn, await outbox.take_pending(conn, now=now))
        await transaction.rollback()
    assert await database.fetchval("SELECT count(*) FROM market.changes") == 0
    assert [await relay(database, now), await relay(database, now)] == [1, 0]
    assert await database.fetchval("SELECT position FROM market.change_heads") == 1


async def test_database_refuses_gaps(database: Pool, now: datetime) -> None:
    """A number that leaves a gap, a repetition, a head that goes back, and a rewritten entry are refused."""
    organisation = await make_organisation(database, OrganisationKind.BANK, now=now)
    first, second = [await tell(database, organisation, now) for _ in range(2)]
    await relay(database, now, limit=1)
    insert = "INSERT INTO market.changes VALUES ($1, $2, $3, 'x', $4)"
    for position, event in ((3, second), (1, second), (2, first)):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await database.execute(insert, organisation, position, event, now)
    with pytest.raises(asyncpg.CheckViolationError):
        await database.execute("UPDATE market.change_heads SET position = 0")
    with pytest.raises(asyncpg.PostgresError):
        await database.execute("UPDATE market.changes SET kind = 'y'")


def test_sides_are_few() -> None:
    """A bidder's step is between it and the venue; a bank's draft is its own; an unknown event reaches the owner."""
    step = BidderStatusChanged(
        bidder_id=uuid4(), lot_id=uuid4(), before="applied", after="qualified"
    )
    assert sides_of("bidder_status_changed", {"bidder_id": str(step.bidder_id)}) == {
        Side.VENUE,
        Side.BIDDER,
    }
    assert sides_of("consignment_moved", {"state": "submitted"}) == {Side.OWNER}
    assert Side.VENUE in sides_of("consignment_moved", {"state": "under_review"})
    assert Side.LOT_BIDDERS not in sides_of("something_new", {})
    assert Side.EVERYBODY not in sides_of("something_new", {})


async def test_venue_hears_of_what_is_handed_over(database: Pool, now: datetime) -> None:
    """A consignment's move reaches the bank, and the venue once it is handed over; ids that are none are passed by."""
    bank = await make_organisation(database, OrganisationKind.BANK, now=now)
    venue = await make_organisation(database, OrganisationKind.VENUE, now=now)
    async with database.acquire() as conn, conn.transaction():
        for state in ("submitted", "under_review"):
            moved = ConsignmentMoved(
                consignment_id=uuid7(now), organisation_id=bank, venue_id=venue, state=state
            )
            await outbox.add(conn, moved, now=now)
        await outbox.add(
            conn, AssetRegistered(asset_id=uuid4(), organisation_id=uuid4()), now=now
        )  # an organisation that is not on the platform
    assert await relay(database, now) == 3
    heads = dict(await database.fetch("SELECT organisation_id, position FROM market.change_heads"))
    assert heads == {bank: 2, venue: 1}
