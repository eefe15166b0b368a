"""One connection to the engine's server, for one caller at a time: no pool, no retry, no sharing.

A reply that does not come in time, and a caller that stops waiting, end the connection: what arrives late can
never be taken for the answer to another call.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, cast

import hiredis
from redis.asyncio.connection import SSLConnection, parse_url

#: How long a connection may take to come up, and a call to be answered.
CONNECT_SECONDS = 3.0
CALL_SECONDS = 5.0

Argument = bytes | str | int
Call = tuple[Argument, ...]


class NotConnected(ConnectionError):
    """The server could not be reached: nothing was sent."""


class ReplyLost(ConnectionError):
    """The call was sent and no reply came: it may have been carried out."""


class ServerRefused(Exception):
    """The server answered with an error; `code` is its first word."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = text.partition(" ")[0]


class Connection(asyncio.Protocol):
    """A connection that carries one call, or one pipeline of calls, at a time."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._replies: list[object] = []
        self._expected = 0

    @classmethod
    async def open(cls, url: str, *, name: str) -> "Connection":
        """Connect to `url` (redis://, rediss:// or unix://), sign in, and give the connection a name."""
        options: dict[str, Any] = dict(parse_url(url))
        loop = asyncio.get_running_loop()
        connection = cls()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if "path" in options:
                    await loop.create_unix_connection(lambda: connection, options["path"])
                else:
                    secure = options.get("connection_class") is SSLConnection
                    await loop.create_connection(
                        lambda: connection,
                        options.get("host", "localhost"),
                        options.get("port", 6379),
                        ssl=ssl.create_default_context() if secure else None,
                    )
                await connection._greet(options, name)
        except (OSError, ServerRefused) as error:
            connection.close()
            raise NotConnected(str(error)) from error
        return connection

    async def call(self, *calls: Sequence[Argument], seconds: float = CALL_SECONDS) -> list[object]:
        """The replies to `calls`, sent together; a server's error reply is a ServerRefused among them.

        Raises NotConnected where nothing was sent, ReplyLost where the outcome is unknown.
        """
        if self._transport is None or self._transport.is_closing():
            raise NotConnected("the connection is closed")
        assert self._waiter is None, "one caller at a time"
        self._replies, self._expected = [], len(calls)
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        self._transport.write(b"".join([_packed(c) for c in calls]))
        timer = loop.call_later(seconds, _give_up, waiter, seconds)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None
            if len(self._replies) != self._expected:
                self.close()
        return self._replies

    @property
    def is_open(self) -> bool:
        """Whether a call may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is up."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The transport is gone; whoever waits does not know the outcome."""
        self._transport = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ReplyLost(str(error or "the server closed the connection")))

    def data_received(self, data: bytes) -> None:
        """Take in replies; more of them than calls means that this is not the protocol we speak."""
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._replies.append(_without_error_types(reply))
        except hiredis.ProtocolError:
            self.close()
            return
        if len(self._replies) > self._expected:
            self.close()
            return
        waiter = self._waiter
        if len(self._replies) == self._expected and waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _greet(self, options: dict[str, Any], name: str) -> None:
        calls: list[Call] = [("CLIENT", "SETNAME", name)]
        if options.get("db"):
            calls.insert(0, ("SELECT", options["db"]))
        if options.get("password"):
            user = (str(options["username"]),) if options.get("username") else ()
            calls.insert(0, ("AUTH", *user, str(options["password"])))
        for reply in await self.call(*calls, seconds=CONNECT_SECONDS):
            if isinstance(reply, ServerRefused):
                raise reply


def _give_up(waiter: "asyncio.Future[None]", seconds: float) -> None:
    """Wait no longer. A timer by itself: `asyncio.timeout` costs a lone bid several times as much."""
    if not waiter.done():
        waiter.set_exception(ReplyLost(f"no reply within {seconds:g} s"))


def _packed(call: Sequence[Argument]) -> bytes:
    packed: bytes = hiredis.pack_command(tuple(call))  # type: ignore[arg-type]  # its stub says one argument
    return packed


def _without_error_types(reply: object) -> object:
    return ServerRefused(str(reply)) if isinstance(reply, hiredis.ReplyError) else reply
