"""What a sender does with receivers that misbehave, and with names that lead into the house (F32, T52)."""

import socket

import httpx
import pytest

from marketplace.webhooks.rules import target_of
from marketplace.webhooks.sending import ANSWER_BYTES_MAX, Sender
from tests.marketplace.webhooks.receiver import Receiver, receiving

HEADERS = {"webhook-id": "m", "content-type": "application/json"}


async def sent(receiver: Receiver, *, seconds: float = 20.0) -> tuple[int | None, str | None]:
    async with Sender(loopback=True, seconds_max=seconds) as sender:
        answer = await sender.send(target_of(receiver.url, loopback=True), HEADERS, b"{}")
    assert len(answer.text) <= 500
    assert answer.text.isprintable()
    return answer.status, answer.error


@pytest.mark.parametrize("status", [200, 204, 410, 429, 500, 503])
async def test_status_comes_back(status: int) -> None:
    """The receiver's status is what is reported, and the message arrived whole, at its path."""
    async with receiving() as receiver:
        receiver.mode = str(status)
        assert await sent(receiver) == (status, None)
        assert [(each.body, each.path) for each in receiver.got] == [(b"{}", "/hook?for=tests")]
        assert receiver.got[0].headers["host"] == f"127.0.0.1:{receiver.port}"


async def test_redirection_is_not_followed() -> None:
    """A redirection is an answer like another: nobody goes where it points."""
    async with receiving() as receiver:
        receiver.mode = "redirect"
        assert await sent(receiver) == (302, None)
        assert len(receiver.got) == 1


@pytest.mark.parametrize("mode", ["silent", "slow"])
async def test_slow_receiver_is_left(mode: str) -> None:
    """Neither silence nor a byte now and then holds a sender longer than its limit."""
    async with receiving() as receiver:
        receiver.mode = mode
        assert await sent(receiver, seconds=0.5) == (None, "timeout")


async def test_endless_answer_is_cut_off() -> None:
    """An answer without an end is read up to its limit; its status counts."""
    async with receiving() as receiver:
        receiver.mode = "huge"
        assert await sent(receiver) == (200, None)
        assert ANSWER_BYTES_MAX == 65536


@pytest.mark.parametrize("mode", ["reset", "garbage"])
async def test_broken_answer_is_told(mode: str) -> None:
    """A connection broken off, or an answer that is none, is a failure that the log names."""
    async with receiving() as receiver:
        receiver.mode = mode
        status, error = await sent(receiver)
        assert status is None
        assert error is not None
        assert error.startswith(("broken_off", "unreachable"))


async def test_nobody_listening_is_told() -> None:
    """A port where nobody listens is a failure, not an error of ours."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with Sender(loopback=True) as sender:
        answer = await sender.send(target_of(f"http://127.0.0.1:{port}/", loopback=True), {}, b"")
    assert answer.status is None
    assert answer.error is not None


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["fec0::1"],
        ["224.0.0.1"],
        ["192.0.0.8"],
        ["8.8.8.8", "127.0.0.1"],  # one bad address among good ones
        ["2606:4700::1111", "fd00::1"],
        [],
    ],
)
async def test_name_that_leads_into_the_house_is_refused(found: list[str]) -> None:
    """Every address of the host is looked at; with one that is denied nothing is sent."""

    async def resolver(host: str, port: int) -> list[str]:
        return found

    async with Sender(resolver=resolver) as sender:
        answer = await sender.send(target_of("https://receiver.example/", loopback=False), {}, b"")
    assert (answer.status, answer.error) == (None, "address_refused")


async def test_name_is_asked_once() -> None:
    """A name that leads elsewhere the second time (rebinding) is never asked a second time: the connection goes to the
    address that was looked at, under the host's name in `Host` and in TLS.
    """
    asked: list[str] = []
    requests: list[httpx.Request] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"thanks"))

    target = target_of("https://receiver.example:8443/hook", loopback=False)
    async with Sender(resolver=rebinding, transport=httpx.MockTransport(answer)) as sender:
        sent_to = await sender.send(target, {}, b"{}")
    assert (sent_to.status, asked) == (200, ["receiver.example"])
    [request] = requests
    assert str(request.url) == "https://8.8.8.8:8443/hook"
    assert request.headers["host"] == "receiver.example:8443"
    assert request.extensions["sni_hostname"] == "receiver.example"
