"""Under pressure: requests never wait for each other's connections, and bids wait for nobody's."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import cast
from uuid import UUID, uuid4

import httpx
import pytest
from litestar.types import Receive, Scope, Send

from auction_engine.errors import EngineBusy
from auction_engine.gateway import AGE_US_MAX
from kit.clock import monotonic_us
from marketplace.app import create_app
from marketplace.auctions import live
from marketplace.auctions.live import Feed, FeedFull, Seat
from marketplace.auctions.paddles import NotABidder, Paddles
from marketplace.edge.guards import http_handlers
from marketplace.edge.ingress import Ingress
from marketplace.edge.problems import translate
from marketplace.organisations.schemas import Role
from tests.make_stage import START_FEN, Person, Stage

DEADLINE_SECONDS = 20


async def running(stage: Stage) -> tuple[str, Person]:
    """An auction that runs, and a bidder."""
    lot = await stage.published(opens_in=0.8, lasts=60)
    one, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    return str(lot["id"]), one


async def statuses(stage: Stage, path: str, headers: dict[str, str]) -> list[int]:
    """The answers to more requests at once than there are connections, all within the deadline."""
    count = stage.resources.requests.get_max_size() + 5
    async with asyncio.timeout(DEADLINE_SECONDS):
        found = await asyncio.gather(
            *(stage.client.get(path, headers=headers) for _ in range(count))
        )
    return [response.status_code for response in found]


async def test_more_requests_than_connections_are_all_answered(stage: Stage) -> None:
    """Who has no paddle asks for receipts and bids in a crowd: everybody is refused, nobody hangs."""
    auction_id, one = await running(stage)
    stranger = await stage.person(Role.AGENCY_BIDDER)
    for place in ("receipts", "bids/some-bid"):
        path = f"/v1/auctions/{auction_id}/{place}"
        assert set(await statuses(stage, path, stranger.headers)) == {403}
    path = f"/v1/auctions/{auction_id}/receipts"
    assert set(await statuses(stage, path, one.headers)) == {200}


async def test_every_get_route_bears_a_crowd(stage: Stage) -> None:
    """No route that reads comes to a standstill when it is called once more than there are connections."""
    auction_id, one = await running(stage)
    walked = 0
    for path, handler in http_handlers(create_app(stage.resources)):
        if "GET" not in handler.http_methods or path.endswith("/events") or "static" in path:
            continue
        parts = [
            (auction_id if "uuid" in part else "x") if part.startswith("{") else part
            for part in path.split("/")
        ]
        for status in await statuses(stage, "/".join(parts), one.headers):
            assert status < 500 or status == 503, path
        walked += 1
    assert walked > 50


async def test_a_bid_does_not_wait_for_slow_requests(stage: Stage) -> None:
    """With every connection of the pool held, a bid is decided all the same."""
    auction_id, one = await running(stage)
    async with AsyncExitStack() as held:
        for _ in range(stage.resources.requests.get_max_size()):
            await held.enter_async_context(stage.resources.requests.acquire())
        async with asyncio.timeout(2):
            body = {"amount_fen": START_FEN}
            assert (await one.post(f"/v1/auctions/{auction_id}/bids", body))["accepted"]


async def test_a_bid_that_was_held_up_is_not_decided(stage: Stage) -> None:
    """A look-up that takes too long makes a bid undecided, not refused: nothing is journalled of it."""
    auction_id, one = await running(stage)
    whole = stage.resources.hall.paddles.of

    async def slow(*given: UUID) -> int:
        await asyncio.sleep(AGE_US_MAX / 1e6 + 0.1)
        return await whole(*given)

    async def lost(*_: UUID) -> int:
        raise TimeoutError

    codes = []
    for hindered in (slow, lost):
        stage.resources.hall.paddles.of = hindered  # type: ignore[method-assign, assignment]  # a slow database
        path, body = f"/v1/auctions/{auction_id}/bids", {"amount_fen": START_FEN}
        refused = await one.post(path, body, expect=503)
        assert refused["decided"] is False
        codes.append(refused["code"])
    assert codes == [EngineBusy.code, "unavailable"]
    stage.resources.hall.paddles.of = whole  # type: ignore[method-assign]  # and back
    await stage.project()
    record = await stage.anyone.get(f"/v1/auctions/{auction_id}/bids")
    assert "bid" not in [entry["action"] for entry in record["items"]]


async def test_ingress_is_the_end_of_the_body() -> None:
    """A body that is held back makes the request late, and the application gets every part of it."""
    parts: list[tuple[float, bytes]] = [(0.0, b"{"), (0.2, b"}")]
    seen: dict[str, object] = {}

    async def receive() -> dict[str, object]:
        wait, body = parts.pop(0)
        await asyncio.sleep(wait)
        return {"type": "http.request", "body": body, "more_body": bool(parts)}

    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        seen.update(scope)
        seen["body"] = [(await receive()), (await receive())]

    began_us = monotonic_us()
    await Ingress(app)({"type": "http"}, receive, None)  # type: ignore[arg-type]  # no more is looked at
    assert isinstance(stamp := seen["luochui.ingress_us"], int)
    assert stamp - began_us >= 190_000
    assert [part["body"] for part in seen["body"]] == [b"{", b"}"]  # type: ignore[attr-defined]  # as kept above


async def test_positions_outside_the_record_are_malformed(stage: Stage) -> None:
    """A position below zero or beyond 64 bits is the request's mistake."""
    auction_id, _ = await running(stage)
    for place in ("bids", "events"):
        for after in ("-1", str(2**63), "9" * 40):
            path = f"/v1/auctions/{auction_id}/{place}?after={after}"
            assert (await stage.client.get(path)).status_code == 400, path
    found = await stage.client.get(f"/v1/auctions/{auction_id}/bids?after={2**63 - 1}")
    assert found.status_code == 200


async def test_no_paddle_is_asked_for_once_a_second(stage: Stage) -> None:
    """Who has no paddle and asks again at once costs the database nothing."""
    paddles, place, asked = Paddles(stage.pool), (uuid4(), uuid4()), []

    class Counting:
        async def fetchval(self, *given: object) -> None:
            asked.append(given)

    for _ in range(3):
        with pytest.raises(NotABidder):
            await paddles.of(*place, conn=Counting())  # type: ignore[arg-type]  # counts what is asked
    assert len(asked) == 1


async def test_strangers_leave_seats_to_people(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network has so many seats, strangers together fewer than all, and who is signed in finds one."""
    monkeypatch.setattr(live, "NETWORK_WATCHERS_MAX", 1)
    monkeypatch.setattr(live, "WATCHERS_MAX", 3)
    monkeypatch.setattr(live, "RESERVED_FOR_KNOWN", 1)
    given, _ = await running(stage)
    auction_id, feed = UUID(given), Feed(stage.pool, clock=stage.resources.clock)
    one, two, three = (Seat(f"203.0.{n}.0/24", is_known=False) for n in range(3))
    person = Seat("a person", is_known=True)

    async def watcher(stack: AsyncExitStack, seat: Seat) -> None:
        await feed.open(auction_id, seat=seat)
        watching = cast(
            "AsyncGenerator[bytes, None]", feed.watch(auction_id, after=None, seat=seat)
        )
        await anext(await stack.enter_async_context(aclosing(watching)))

    async with AsyncExitStack() as stack:
        await watcher(stack, one)
        with pytest.raises(FeedFull):
            await feed.open(auction_id, seat=one)
        await watcher(stack, two)
        with pytest.raises(FeedFull):
            await feed.open(auction_id, seat=three)
        await watcher(stack, person)
        with pytest.raises(FeedFull):
            await feed.open(auction_id, seat=person)
    await feed.open(auction_id, seat=one)
    await feed.aclose()


def test_failures_in_a_group_are_told_as_one() -> None:
    """Time-outs that come together are one 503; a mistake among them is not hidden by them."""
    group = ExceptionGroup("cleanup", [TimeoutError(), ConnectionResetError()])
    assert translate(group).code == "unavailable"
    mixed = ExceptionGroup("cleanup", [TimeoutError(), KeyError("x")])
    assert translate(mixed).code == "internal"


async def test_a_client_that_leaves_is_one_line(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Who closes the connection within a body leaves no traceback in the log."""
    app = create_app(stage.resources)
    sent: list[str] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(str(message["type"]))

    request = httpx.Request("POST", "http://luochui.test/v1/session")
    headers = [
        (b"host", b"luochui.test"),
        (b"content-type", b"application/json"),
        (b"content-length", b"50"),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("luochui.test", 80),
    }
    caplog.set_level("INFO", logger="luochui.edge")
    await app(scope, receive, send)  # type: ignore[arg-type]  # a scope as a server makes it
    lines = [record for record in caplog.records if record.name == "luochui.edge"]
    assert [line.getMessage().split()[0] for line in lines] == ["client_left"]
    assert lines[0].exc_info is None
