"""How long a client may take to send a request: who opens connections and says nothing would hold them for ever.

Each costs a file, of which a process has so many; the server's own limit is on silence between requests alone.
"""

import asyncio
import resource

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: From the connection, or a request's first byte, to the end of its head.
HEAD_SECONDS = 20.0
#: From there to the end of its body: 25 MB over a line of one megabit a second.
BODY_SECONDS = 240.0


class PatientProtocol(HttpToolsProtocol):
    """The server's protocol, which closes a connection whose request does not arrive in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent's
        """A first request is awaited from now on."""
        super().connection_made(transport)
        self._await_until(HEAD_SECONDS)

    def on_message_begin(self) -> None:
        """The next request of a connection began."""
        super().on_message_begin()
        self._await_until(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """The head is there; the body has time of its own."""
        self._await_until(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is there; how long the answer takes is ours."""
        self._await_no_more()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited of a connection that is gone."""
        self._await_no_more()
        super().connection_lost(exc)

    def _await_until(self, seconds: float) -> None:
        self._await_no_more()
        self._deadline = self.loop.call_later(seconds, self.transport.close)

    def _await_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def open_many_files() -> None:
    """Take as many files as the system allows this process: watchers and clients are one each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
