"""Endpoints over HTTP; events on their way to receivers; retries, rotation, replay; who sees what."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest

from kit.sql import Pool
from marketplace.app import Resources
from marketplace.assets.events import AssetRegistered
from marketplace.jobs.running import deliver_outbox
from marketplace.organisations.schemas import Caller, Role
from marketplace.outbox import service as outbox
from marketplace.resources import Resources as OpenResources
from marketplace.webhooks import signing
from marketplace.webhooks.delivering import LEASE, deliver_due
from marketplace.webhooks.rules import ATTEMPTS_MAX, PAUSES
from marketplace.webhooks.sending import Sender
from tests.make_app import client_on
from tests.make_people import MovableClock, key_of, make_caller
from tests.marketplace.webhooks.receiver import Receiver, receiving


class Desk:
    """A bank's maker with an endpoint, the jobs that serve it, and what its receiver got."""

    def __init__(
        self, opened: OpenResources, client: httpx.AsyncClient, clock: MovableClock
    ) -> None:
        self.pool: Pool = opened.pool
        self.opened = opened
        self.client = client
        self.clock = clock
        self.engine: Any = None
        self.sender = Sender(loopback=True)
        self.caller: Caller | None = None
        self.headers: dict[str, str] = {}

    async def person(self, role: Role) -> dict[str, str]:
        """Signs in somebody of a new organisation."""
        self.caller = await make_caller(self.pool, role, now=self.clock())
        self.headers = await key_of(self.pool, self.caller, now=self.clock())
        return self.headers

    async def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        given = self.headers | {"Idempotency-Key": str(uuid4())} | headers
        return await self.client.request(method, path, json=body, headers=given)

    async def endpoint(self, url: str, **more: object) -> dict[str, Any]:
        made = await self.call("POST", "/v1/webhooks", {"url": url} | more)
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def event(self, organisation_id: UUID | None = None) -> UUID:
        """Something happens to the caller's organisation (or another), and the relay runs."""
        assert self.caller is not None
        told = AssetRegistered(
            asset_id=uuid4(), organisation_id=organisation_id or self.caller.organisation_id
        )
        async with self.pool.acquire() as conn, conn.transaction():
            event_id = await outbox.add(conn, told, now=self.clock())
        await deliver_outbox(self, self.clock())
        return event_id

    async def send(self) -> int:
        """The worker sends what is due."""
        return await deliver_due(self.pool, self.sender, self.clock, draw=lambda: 0.5)

    async def log(self, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.call("GET", f"/v1/webhooks/{endpoint['endpoint']['id']}/deliveries")
        return list(answer.json()["items"])


@pytest.fixture
async def desk(resources: Resources, clock: MovableClock) -> AsyncIterator[Desk]:
    """A desk whose settings let webhooks come to this machine."""
    settings = msgspec.structs.replace(resources.settings, webhooks_to_loopback=True)
    opened = msgspec.structs.replace(resources, settings=settings)
    async with client_on(opened) as client:
        desk = Desk(opened, client, clock)
        async with desk.sender:
            await desk.person(Role.BANK_MAKER)
            yield desk


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who listens."""
    async with receiving() as opened:
        yield opened


async def test_event_reaches_its_receiver_signed(desk: Desk, receiver: Receiver) -> None:
    """An event arrives once, with its id, a valid signature and its content; the log says so."""
    made = await desk.endpoint(receiver.url, kinds=["asset_registered"])
    event_id = await desk.event()
    assert await desk.send() == 1
    assert await desk.send() == 0
    [message] = receiver.got
    seconds = int(desk.clock().timestamp())
    assert signing.verify(made["secret"], message.headers, message.body, now_seconds=seconds)
    assert message.headers["webhook-id"] == str(event_id)
    told = msgspec.json.decode(message.body)
    assert told["type"] == "asset_registered"
    assert desk.caller is not None
    assert told["data"]["organisation_id"] == str(desk.caller.organisation_id)
    [delivery] = await desk.log(made)
    assert (delivery["state"], delivery["event_id"]) == ("delivered", str(event_id))
    assert [each["status"] for each in delivery["log"]] == [200]


async def test_only_own_and_wanted_events_are_sent(desk: Desk, receiver: Receiver) -> None:
    """Another organisation's event, and one of a kind not asked for, stay away."""
    first = desk.caller
    await desk.endpoint(receiver.url, kinds=["case_registered"])
    await desk.event()
    await desk.person(Role.BANK_MAKER)
    await desk.endpoint(receiver.url)
    assert first is not None
    await desk.event(first.organisation_id)
    assert await desk.send() == 0


async def test_failures_follow_the_schedule(desk: Desk, receiver: Receiver) -> None:
    """Ten attempts with the standard's pauses, all under one id; then the message has failed and, as nothing else
    arrived meanwhile, the endpoint is disabled until its owner enables it.
    """
    made = await desk.endpoint(receiver.url)
    receiver.mode = "500"
    await desk.event()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        assert await desk.send() == 1
        assert await desk.send() == 0
        if attempt < ATTEMPTS_MAX:
            [waiting] = await desk.log(made)
            assert waiting["state"] == "waiting"
            desk.clock.now += PAUSES[attempt - 1]
            await asyncio.sleep(0)
    # keys are for days: a new one for who looks after them
    assert desk.caller is not None
    desk.headers = await key_of(desk.pool, desk.caller, now=desk.clock())
    [failed] = await desk.log(made)
    assert failed["state"] == "failed"
    assert [each["number"] for each in failed["log"]] == list(range(1, ATTEMPTS_MAX + 1))
    assert len({each.headers["webhook-id"] for each in receiver.got}) == 1
    assert len({each.body for each in receiver.got}) == 1
    shown = (await desk.call("GET", f"/v1/webhooks/{made['endpoint']['id']}")).json()
    assert shown["state"] == "disabled"
    assert "three days" in shown["disabled_reason"]
    refused = await desk.call("POST", f"/v1/webhooks/{made['endpoint']['id']}/ping")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_endpoint_disabled")


async def test_one_bad_message_disables_nobody(desk: Desk, receiver: Receiver) -> None:
    """Where other messages arrived meanwhile, one that never did does not switch the endpoint off."""
    made = await desk.endpoint(receiver.url)
    receiver.mode = "500"
    await desk.event()
    for pause in PAUSES:
        await desk.send()
        desk.clock.now += pause
    receiver.mode = "200"
    await desk.event()
    # the tenth attempt of the first fails by the receiver's own rule; the second has arrived
    await desk.pool.execute(
        "UPDATE market.webhook_deliveries SET next_attempt_at = $1 WHERE attempts = 9",
        desk.clock() + timedelta(seconds=1),
    )
    await desk.send()
    receiver.mode = "500"
    desk.clock.move(seconds=2)
    await desk.send()
    states = await desk.pool.fetch("SELECT state FROM market.webhook_deliveries ORDER BY id")
    assert [row["state"] for row in states] == ["failed", "delivered"]
    state = await desk.pool.fetchval("SELECT state FROM market.webhook_endpoints")
    assert (made["endpoint"]["state"], state) == ("enabled", "enabled")


async def test_gone_means_gone(desk: Desk, receiver: Receiver) -> None:
    """410 disables at once; what was waiting waits until the owner enables the endpoint, and then arrives."""
    made = await desk.endpoint(receiver.url)
    path = f"/v1/webhooks/{made['endpoint']['id']}"
    receiver.mode = "410"
    await desk.event()
    await desk.send()
    shown = await desk.call("GET", path)
    assert (shown.json()["state"], "410" in shown.json()["disabled_reason"]) == ("disabled", True)
    receiver.mode = "200"
    await desk.event()  # nothing is put in line for who is disabled
    assert await desk.send() == 0
    changed = await desk.call(
        "PATCH", path, {"state": "enabled"}, **{"If-Match": shown.headers["etag"]}
    )
    assert (changed.status_code, changed.json()["disabled_reason"]) == (200, None)
    await desk.event()
    assert await desk.send() == 1
    stale = await desk.call("PATCH", path, {"kinds": []}, **{"If-Match": shown.headers["etag"]})
    assert stale.status_code == 412


async def test_rotation_signs_with_both(desk: Desk, receiver: Receiver) -> None:
    """For a day after a rotation the old and the new secret both verify; then only the new one."""
    made = await desk.endpoint(receiver.url)
    path = f"/v1/webhooks/{made['endpoint']['id']}"
    rotated = (await desk.call("POST", f"{path}/rotate")).json()
    for verifying, passed in ((2, timedelta()), (1, timedelta(hours=24, seconds=1))):
        desk.clock.now += passed
        assert (await desk.call("POST", f"{path}/ping")).status_code == 201
        await desk.send()
        message = receiver.got[-1]
        seconds = int(desk.clock().timestamp())
        good = [
            signing.verify(secret, message.headers, message.body, now_seconds=seconds)
            for secret in (rotated["secret"], made["secret"])
        ]
        assert good == [True, verifying == 2]
    # a second rotation within the day leaves two, never three
    await desk.call("POST", f"{path}/rotate")
    await desk.call("POST", f"{path}/rotate")
    assert await desk.pool.fetchval("SELECT count(*) FROM market.webhook_secrets") == 2


async def test_replay_keeps_the_id(desk: Desk, receiver: Receiver) -> None:
    """The subscriber has one event, or a range of the feed, sent again: under the ids of the first time."""
    made = await desk.endpoint(receiver.url)
    path = f"/v1/webhooks/{made['endpoint']['id']}/replay"
    events = [await desk.event() for _ in range(4)]
    await desk.send()
    receiver.got.clear()
    one = await desk.call("POST", path, {"event_id": str(events[0])})
    assert (one.status_code, one.json()) == (201, {"messages": 1})
    some = await desk.call("POST", path, {"after": 1, "up_to": 3})
    assert some.json() == {"messages": 2}
    while await desk.send():
        pass
    got = [message.headers["webhook-id"] for message in receiver.got]
    assert sorted(got) == sorted(str(event) for event in events[:3])
    for body, status in (
        ({}, 400),
        ({"event_id": str(events[0]), "after": 0}, 400),
        ({"event_id": str(uuid4())}, 404),
        ({"after": 4}, 404),
    ):
        assert (await desk.call("POST", path, body)).status_code == status, body
    await desk.person(Role.BANK_MAKER)
    stranger = await desk.call("POST", path, {"event_id": str(events[0])})
    assert stranger.status_code == 404


async def test_secret_is_shown_once(desk: Desk, receiver: Receiver) -> None:
    """The secret is in the first answer and nowhere else: not in a repetition, a list, or the audit trail."""
    key = str(uuid4())
    body = {"url": receiver.url}
    first = await desk.call("POST", "/v1/webhooks", body, **{"Idempotency-Key": key})
    again = await desk.call("POST", "/v1/webhooks", body, **{"Idempotency-Key": key})
    secret = first.json()["secret"]
    assert secret.startswith("whsec_")
    assert again.json() == first.json() | {"secret": None}
    assert secret not in (await desk.call("GET", "/v1/webhooks")).text
    trail = await desk.pool.fetch("SELECT after::text FROM market.audit_entries")
    assert secret not in str(trail)


async def test_bad_addresses_are_refused(desk: Desk, resources: Resources) -> None:
    """An address inside the house is refused when it is given; plain http everywhere but in rehearsals."""
    refused = await desk.call("POST", "/v1/webhooks", {"url": "https://10.0.0.1/"})
    assert (refused.status_code, refused.json()["field"]) == (400, "url")
    async with client_on(resources) as strict:
        answer = await strict.post(
            "/v1/webhooks",
            json={"url": "http://127.0.0.1:9/"},
            headers=desk.headers | {"Idempotency-Key": "k"},
        )
    assert (answer.status_code, answer.json()["field"]) == (400, "url")
    for _ in range(20):
        await desk.endpoint("http://127.0.0.1:9/")
    full = await desk.call("POST", "/v1/webhooks", {"url": "http://127.0.0.1:9/"})
    assert (full.status_code, full.json()["code"]) == (409, "too_many_webhook_endpoints")


async def test_worker_that_dies_loses_nothing(desk: Desk, receiver: Receiver) -> None:
    """Killed after sending and before writing it down: the message comes again under the same id, and a report that
    comes too late changes nothing.
    """
    await desk.endpoint(receiver.url)
    await desk.event()
    now = desk.clock()
    await desk.pool.execute(
        "UPDATE market.webhook_deliveries SET state = 'running', claims = claims + 1, lease_until = $1",
        now + LEASE,
    )
    assert await desk.send() == 0
    desk.clock.now += LEASE
    assert await desk.send() == 1
    assert len(receiver.got) == 1
    row = await desk.pool.fetchrow("SELECT state, claims, attempts FROM market.webhook_deliveries")
    assert row is not None
    assert tuple(row) == ("delivered", 2, 1)


async def test_slow_receiver_holds_up_nobody(desk: Desk, receiver: Receiver) -> None:
    """Many messages for a receiver that never answers leave room for another's."""
    receiver.mode = "silent"
    await desk.endpoint(receiver.url)
    for _ in range(6):
        await desk.event()
    async with receiving() as quick:
        await desk.endpoint(quick.url)
        await desk.event()
        async with Sender(loopback=True, seconds_max=0.5) as impatient:
            tried = await deliver_due(desk.pool, impatient, desk.clock, draw=lambda: 0.5)
        assert tried == 5  # four of the slow one, and the quick one's
        assert len(quick.got) == 1


async def test_attempts_are_not_rewritten(desk: Desk, receiver: Receiver) -> None:
    """What was logged stays as it was."""
    await desk.endpoint(receiver.url)
    await desk.event()
    await desk.send()
    with pytest.raises(asyncpg.PostgresError):
        await desk.pool.execute("UPDATE market.webhook_attempts SET status = 200")
