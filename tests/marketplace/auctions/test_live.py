"""The live feed: everybody sees every entry once, whoever comes back misses nothing, the slow disturb nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kit.errors import NotFound
from marketplace.auctions import live
from marketplace.auctions.live import Feed
from tests.make_stage import START_FEN, STEP_FEN, Person, Stage

SECONDS = 8


def parsed(event: bytes) -> tuple[str, int, Any]:
    """Name, id and data of a server-sent event."""
    fields = dict(line.split(": ", 1) for line in event.decode().strip().splitlines())
    return fields["event"], int(fields["id"]), msgspec.json.decode(fields["data"])


async def read_until(events: AsyncIterator[bytes], seq: int) -> tuple[list[dict[str, Any]], int]:
    """The record's entries until the one with this seq, and the last event's id."""
    entries: list[dict[str, Any]] = []
    async with asyncio.timeout(SECONDS):
        async for event in events:
            name, position, data = parsed(event)
            if name == "record":
                entries += data["entries"]
                if any(entry["seq"] == seq for entry in entries):
                    return entries, position
    raise AssertionError("the feed ended")


async def running(stage: Stage) -> tuple[UUID, Person, Person]:
    """An auction that runs, and two bidders."""
    lot = await stage.published(opens_in=0.8, lasts=30)
    one, _ = await stage.deposited(lot)
    two, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    return UUID(lot["id"]), one, two


async def bid(stage: Stage, person: Person, auction_id: UUID, steps: int) -> int:
    """An accepted bid, projected; its seq."""
    body = {"amount_fen": START_FEN + steps * STEP_FEN}
    seq = (await person.post(f"/v1/auctions/{auction_id}/bids", body))["seq"]
    await stage.project()
    return int(seq)


async def test_watcher_sees_the_state_first_and_every_entry_once(stage: Stage) -> None:
    """The first event is the present state; then each decided command comes once, in order."""
    auction_id, one, two = await running(stage)
    feed = stage.resources.hall.feed
    await feed.open(auction_id)
    async with aclosing(feed.watch(auction_id, after=None)) as events:
        name, _, state = parsed(await anext(events))
        assert (name, state["status"], state["price_fen"]) == ("state", "open", None)
        await bid(stage, one, auction_id, 0)
        last = await bid(stage, two, auction_id, 1)
        entries, _ = await read_until(events, last)
    assert [(entry["action"], entry["price_fen"]) for entry in entries] == [
        ("bid", START_FEN),
        ("bid", START_FEN + STEP_FEN),
    ]


async def test_watcher_who_comes_back_misses_nothing(stage: Stage) -> None:
    """With the last event's id a watcher gets exactly what came while it was away."""
    auction_id, one, two = await running(stage)
    feed = stage.resources.hall.feed
    await feed.open(auction_id)
    async with aclosing(feed.watch(auction_id, after=None)) as events:
        await anext(events)
        _, position = await read_until(events, await bid(stage, one, auction_id, 0))
    await bid(stage, two, auction_id, 1)
    last = await bid(stage, one, auction_id, 2)
    await feed.open(auction_id)
    async with aclosing(feed.watch(auction_id, after=position)) as events:
        entries, _ = await read_until(events, last)
    assert [entry["price_fen"] for entry in entries] == [
        START_FEN + STEP_FEN,
        START_FEN + 2 * STEP_FEN,
    ]


async def test_slow_watcher_gets_the_whole_record_and_the_latest_state(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was away longer than the memory reaches gets the record from the database and no stale state."""
    monkeypatch.setattr(live, "REMEMBERED_MAX", 2)
    auction_id, one, two = await running(stage)
    feed = Feed(stage.pool, clock=stage.resources.clock)
    await feed.open(auction_id)
    async with aclosing(feed.watch(auction_id, after=None)) as events:
        await anext(events)
        for steps in range(6):
            last = await bid(stage, (one, two)[steps % 2], auction_id, steps)
        await asyncio.sleep(2.5)  # the feed looks by itself when a notification is missed
        entries, _ = await read_until(events, last)
        name, _, state = parsed(await anext(events))
    assert len(entries) == 6
    assert (name, state["price_fen"]) == ("state", START_FEN + 5 * STEP_FEN)
    await feed.aclose()


async def test_silence_is_filled_with_the_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quiet auction tells the server's time, so that pages know that the feed lives."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.1)
    auction_id, _, _ = await running(stage)
    feed = stage.resources.hall.feed
    await feed.open(auction_id)
    async with aclosing(feed.watch(auction_id, after=None)) as events:
        await anext(events)
        name, _, data = parsed(await anext(events))
    assert (name, list(data)) == ("clock", ["server_ms"])


async def test_feed_stops_when_nobody_watches(stage: Stage) -> None:
    """The last watcher's leaving ends listening and looking; an unknown auction is not followed."""
    auction_id, _, _ = await running(stage)
    feed = Feed(stage.pool, clock=stage.resources.clock)
    await feed.open(auction_id)
    async with aclosing(feed.watch(auction_id, after=None)) as events:
        await anext(events)
        assert feed.is_following(auction_id)
    assert not feed.is_following(auction_id)
    with pytest.raises(NotFound):
        await feed.open(UUID(int=1))


async def test_events_come_over_http(stage: Stage) -> None:
    """The route answers with an event stream whose first event is the state; a bad id is refused."""
    auction_id, _, _ = await running(stage)
    path = f"/v1/auctions/{auction_id}/events"
    refused = await stage.client.get(path, headers={"Last-Event-ID": "x"})
    assert refused.status_code == 400
    missing = await stage.client.get(f"/v1/auctions/{UUID(int=1)}/events")
    assert missing.status_code == 404
