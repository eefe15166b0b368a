"""The Python client: every operation has its method; errors, keys and repetitions; a lot bought through it."""

import inspect
import re
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from kit.errors import Conflict, InvalidInput, LuochuiError, NotFound
from marketplace.app import Resources, create_app
from marketplace.client import ApiRefused, Client, OutcomeUnknown
from marketplace.client.calling import error_of
from marketplace.client.rooms import Rooms
from marketplace.edge.documentation import describe
from marketplace.edge.identity import Unauthenticated
from marketplace.organisations.schemas import PasswordChange, Role
from marketplace.webhooks.schemas import EndpointIn
from tests.make_people import ORIGIN, MovableClock, key_of, make_caller


class Wire(httpx.AsyncBaseTransport):
    """Brings requests to the application, and breaks when it is told to."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.lost_answers = 0
        self.lost_requests = 0
        self.first: list[httpx.Response] = []
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if self.lost_requests:
            self.lost_requests -= 1
            raise httpx.ConnectError("nobody there", request=request)
        if self.first:
            return self.first.pop(0)
        response = await self.inner.handle_async_request(request)
        if self.lost_answers:
            self.lost_answers -= 1
            await response.aread()
            raise httpx.ReadError("broken off", request=request)
        return response


@pytest.fixture
def wire(resources: Resources) -> Wire:
    """A way to the application that can be broken."""
    return Wire(httpx.ASGITransport(app=create_app(resources)))


@pytest.fixture
async def maker(resources: Resources, wire: Wire, clock: MovableClock) -> AsyncIterator[Client]:
    """A bank maker's client, which does not wait between repetitions."""
    caller = await make_caller(resources.pool, Role.BANK_MAKER, now=clock())
    headers = await key_of(resources.pool, caller, now=clock())
    key = headers["Authorization"].removeprefix("Bearer ")
    async with Client(ORIGIN, api_key=key, transport=wire, pause_seconds=0) as client:
        yield client


def operations_of_client() -> set[str]:
    """What the docstrings of all methods of all rooms say they call."""
    rooms = vars(Rooms(None)).values()  # type: ignore[arg-type]  # nothing is called
    texts = [
        inspect.getdoc(method) or ""
        for room in rooms
        for name, method in inspect.getmembers(room, inspect.ismethod)
        if not name.startswith("_")
    ]
    return {operation for text in texts for operation in re.findall(r"`([A-Z]+ /v1/\S+)`", text)}


def test_every_documented_operation_has_a_method(resources: Resources) -> None:
    """What the API's description lists is what the client can do: nothing less, nothing else."""
    described = {
        f"{method.upper()} {path}"
        for path, operations in describe(create_app(resources))["paths"].items()
        for method in operations
        if path.startswith("/v1/")
    }
    assert len(described) > 150
    assert operations_of_client() == described


async def test_lost_answer_is_asked_for_again(
    maker: Client, wire: Wire, resources: Resources
) -> None:
    """An answer that got lost on the way is asked for under the same key: the work is done once."""
    wire.lost_answers = 2
    made = await maker.webhooks.create_endpoint(EndpointIn(url="https://receiver.example/"))
    assert made.endpoint.url == "https://receiver.example/"
    keys = {request.headers["idempotency-key"] for request in wire.seen}
    assert (len(wire.seen), len(keys)) == (3, 1)
    assert len((await maker.webhooks.list_endpoints()).items) == 1


async def test_who_gives_up_says_so(maker: Client, wire: Wire) -> None:
    """When nobody answers, the outcome is unknown, and the error holds the key under which to ask again."""
    wire.lost_answers = 99
    with pytest.raises(OutcomeUnknown) as unknown:
        await maker.webhooks.create_endpoint(
            EndpointIn(url="https://receiver.example/"), key="mine"
        )
    assert unknown.value.context["key"] == "mine"
    assert len(wire.seen) == 5
    wire.lost_answers = 0
    again = await maker.webhooks.create_endpoint(
        EndpointIn(url="https://receiver.example/"), key="mine"
    )
    assert again.secret is None  # the first answer, whose secret is not shown twice
    assert len((await maker.webhooks.list_endpoints()).items) == 1


async def test_change_without_a_key_is_not_repeated(maker: Client, wire: Wire) -> None:
    """What has no key is sent once: whether it was done is for the caller to look up."""
    wire.lost_requests = 1
    with pytest.raises(OutcomeUnknown):
        await maker.organisations.change_password(
            PasswordChange(old_password="x", new_password="y")
        )
    assert len(wire.seen) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, {"code": "unavailable"}),
        (504, {"code": "outcome_unknown"}),
        (429, {"code": "too_fast"}),
        (409, {"code": "idempotency_in_progress"}),
    ],
)
async def test_later_means_again(
    maker: Client, wire: Wire, status: int, body: dict[str, str]
) -> None:
    """Not decided, unknown, too fast, still running: sent again under the same key."""
    wire.first = [
        httpx.Response(
            status,
            content=msgspec.json.encode(body),
            headers={"content-type": "application/problem+json", "retry-after": "1"},
        )
    ]
    await maker.webhooks.create_endpoint(EndpointIn(url="https://receiver.example/"))
    assert len({request.headers["idempotency-key"] for request in wire.seen}) == 1


async def test_refusals_are_the_same_errors(
    maker: Client, resources: Resources, wire: Wire
) -> None:
    """A refusal is raised as the class that the API raised, with code, both texts, field and context."""
    with pytest.raises(NotFound) as missing:
        await maker.webhooks.get_endpoint(uuid4())
    assert (missing.value.code, "没有" in missing.value.message_zh) == ("not_found", True)
    with pytest.raises(InvalidInput) as invalid:
        await maker.webhooks.create_endpoint(EndpointIn(url="http://10.0.0.1/"))
    assert invalid.value.field == "url"
    async with Client(ORIGIN, transport=wire) as stranger:
        with pytest.raises(Unauthenticated):
            await stranger.webhooks.list_endpoints()
    problem: Callable[[dict[str, object]], LuochuiError] = lambda body: error_of(  # noqa: E731
        httpx.Response(409, content=msgspec.json.encode(body))
    )
    unknown = problem({"code": "below_minimum", "minimum_fen": 7, "detail": "d", "detail_zh": "z"})
    assert isinstance(unknown, ApiRefused)
    assert (unknown.code, unknown.context, unknown.status) == (
        "below_minimum",
        {"minimum_fen": 7},
        409,
    )
    assert isinstance(problem({"code": "conflict"}), Conflict)
    assert error_of(httpx.Response(502, content=b"<html>")).code == "http_502"


async def test_pages_and_changes(maker: Client) -> None:
    """Lists come as pages of the same structs; what is left out of a query is not sent."""
    page = await maker.lots.list_lots(q="没有的词", limit=3)
    assert (page.items, page.next_cursor) == ([], None)
    changes = await maker.changes.list_changes(after=0)
    assert (changes.items, changes.head) == ([], 0)
    template = await maker.imports.get_template()
    assert template.startswith(b"PK")
    with pytest.raises(NotFound):
        await maker.auctions.get_auction(UUID(int=1))


async def test_events_are_read_as_they_come() -> None:
    """Server-sent events: ids, kinds, data in several lines; comments and empty ones are passed by."""
    stream = (
        b': hello\n\nid: 7\nevent: state\ndata: {"a":\ndata: 1}\n\nevent: nothing\n\ndata: 2\n\n'
    )
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(stream))

    async with Client(ORIGIN, transport=httpx.MockTransport(answer)) as client:
        events = client.auctions.watch_auction(UUID(int=1), after=3, last="6")
        got = [(event.id, event.kind, event.data) async for event in events]
    assert got == [("7", "state", {"a": 1}), (None, "message", 2)]
    assert asked[0].headers["last-event-id"] == "6"
    assert asked[0].url.query == b"after=3"
