"""Requests that do not arrive: their connections are closed, and nobody else's."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from marketplace.edge import patience
from marketplace.edge.patience import PatientProtocol

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the body, after as long as the path says."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect":
            return
        if not message.get("more_body"):
            break
    await asyncio.sleep(0.6 if scope["path"] == "/slow" else 0)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
    )
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server that waits 0.3 s for a head, and as long for a body."""
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(patience, "BODY_SECONDS", 0.3)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        config = uvicorn.Config(echo, http=PatientProtocol, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        yield listening.getsockname()[1]  # who connects before it is ready waits in the queue
        server.should_exit = True
        await running


async def said(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """All that the server says to a client that sends these parts and then waits."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(pause)
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    "parts",
    [[b""], [b"POST / HT"], [HEAD], [HEAD + b"\r\n"], [HEAD + b"\r\n", b"ab"]],
    ids=["nothing", "a line", "half a head", "no body", "half a body"],
)
async def test_a_request_that_does_not_arrive_is_given_up(port: int, parts: list[bytes]) -> None:
    """Whatever is missing, the connection is closed without an answer."""
    assert await said(port, *parts) == b""


async def test_one_that_arrives_is_answered_however_long_that_takes(port: int) -> None:
    """In parts within the time, and again over the same connection; our own time is not the client's."""
    slowly = [HEAD.replace(b" / ", b" /slow "), b"\r\n", b"ab", b"cd"]
    last = HEAD + b"Connection: close\r\n\r\nefgh"
    answers = await said(port, *slowly, last, pause=0.1)
    assert [part[-4:] for part in answers.split(b"HTTP/1.1 200 OK")[1:]] == [b"abcd", b"efgh"]


def test_files_are_taken_up_to_the_hard_limit() -> None:
    """Not the shell's soft limit, which is often 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
    try:
        patience.open_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
