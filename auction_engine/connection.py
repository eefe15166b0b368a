"""One connection to the engine's server, for one caller at a time: no pool, no retry, no sharing.

A reply that does not come in time, and a caller that stops waiting, end the connection: what arrives late can
never be taken for the answer to another call.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, Protocol, cast

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


class Waiter(Protocol):
    """Who is told of the replies: a future, or whatever acts on them at once."""

    def done(self) -> bool:
        """Whether it waits no longer."""

    def set_result(self, result: list[object], /) -> None:
        """All replies have come, and the connection is free."""

    def set_exception(self, exception: ReplyLost, /) -> None:
        """They will not come, and the connection is of no more use."""


class Connection(asyncio.Protocol):
    """A connection that carries one call, or one pipeline of calls, at a time."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self._waiter: Waiter | None = None
        self._replies: list[object] = []
        self._expected = 0
        #: When the call in flight will have taken too long, and when that is looked at (the loop's seconds).
        self._overdue_at, self._look_at = 0.0, 0.0
        self._seconds = 0.0
        self._look: asyncio.TimerHandle | None = None

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
        waiter: asyncio.Future[list[object]] = asyncio.get_running_loop().create_future()
        self.send(b"".join([_packed(c) for c in calls]), len(calls), waiter, seconds=seconds)
        try:
            return await waiter
        except asyncio.CancelledError:
            if len(self._replies) != self._expected:
                self.close()
            raise

    def send(self, packed: bytes, expected: int, waiter: Waiter, *, seconds: float) -> None:
        """Send what is packed already, so many calls; `waiter` is told. Raises NotConnected where nothing was sent."""
        if self._transport is None or self._transport.is_closing():
            raise NotConnected("the connection is closed")
        assert self._waiter is None, "one caller at a time"
        self._waiter, self._replies, self._expected = waiter, [], expected
        self._transport.write(packed)
        loop = asyncio.get_running_loop()
        self._seconds, self._overdue_at = seconds, loop.time() + seconds
        if self._look is None or self._overdue_at < self._look_at:
            self._look_later(loop)

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
        if self._look is not None:
            self._look.cancel()
        self._lose(ReplyLost(str(error or "the server closed the connection")))

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
        if len(self._replies) == self._expected:
            waiter, self._waiter = self._waiter, None
            if waiter is not None and not waiter.done():
                waiter.set_result(self._replies)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer for all calls, seldom set: one a call costs a lone bid more than its encoding."""
        if self._look is not None:
            self._look.cancel()
        self._look_at = self._overdue_at
        self._look = loop.call_at(self._look_at, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        """Wait no longer for a call that has taken too long; look again later at one that has time left."""
        self._look = None
        if self._waiter is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._overdue_at:
            self._look_later(loop)
            return
        self.close()
        self._lose(ReplyLost(f"no reply within {self._seconds:g} s"))

    def _lose(self, error: ReplyLost) -> None:
        """Whoever waits does not know the outcome."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

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


def _packed(call: Sequence[Argument]) -> bytes:
    packed: bytes = hiredis.pack_command(tuple(call))  # type: ignore[arg-type]  # its stub says one argument
    return packed


def _without_error_types(reply: object) -> object:
    return ServerRefused(str(reply)) if isinstance(reply, hiredis.ReplyError) else reply
