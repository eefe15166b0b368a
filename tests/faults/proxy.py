"""A proxy between two processes that loses, holds and cuts what passes through it."""

import asyncio
import contextlib
from pathlib import Path
from typing import Literal, Self

Mode = Literal["ok", "drop_requests", "drop_replies", "black_hole", "stall"]
_STALL_SECONDS = 0.01


class Proxy:
    """Listens on a socket of its own in front of a server's; `mode` may be changed at any moment.

    `drop_replies` is the worst of them: the server has done it, and nobody hears so.
    """

    def __init__(self, server: Path, listen: Path) -> None:
        self._server_path = server
        self._listen_path = listen
        self.mode: Mode = "ok"
        self.dropped = 0
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where clients connect instead of to the server."""
        return f"unix://{self._listen_path}"

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_unix_server(self._accept, self._listen_path)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener is not None
        self._listener.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection at once, on both sides."""
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back_reader, back_writer = await asyncio.open_unix_connection(self._server_path)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, back_writer)
        self._pairs.add(pair)
        to_server = asyncio.create_task(self._pump(reader, back_writer, "drop_requests"))
        to_client = asyncio.create_task(self._pump(back_reader, writer, "drop_replies"))
        self._tasks |= {to_server, to_client}
        try:
            await asyncio.wait({to_server, to_client}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (to_server, to_client):
                task.cancel()
            self._tasks -= {to_server, to_client}
            self._pairs.discard(pair)
            for side in pair:
                side.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dropped_in: Mode
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                while self.mode == "stall":  # noqa: ASYNC110 - polled: modes are plain values
                    await asyncio.sleep(_STALL_SECONDS)
                if self.mode in ("black_hole", dropped_in):
                    self.dropped += len(data)
                    continue
                writer.write(data)
                await writer.drain()
