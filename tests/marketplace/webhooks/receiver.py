"""A receiver of webhooks on this machine that answers as badly as it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec


class Message(msgspec.Struct):
    """What came."""

    headers: dict[str, str]
    body: bytes
    path: str


class Receiver:
    """Keeps what comes, and answers by `mode`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mode = "200"
        self.got: list[Message] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook?for=tests"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one message, one answer or none."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            request, *lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.got.append(Message(headers, body, request.split(" ")[1]))
            await self._answer(reader, writer)
        with suppress(ConnectionError):
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.mode:
            case "reset":
                writer.transport.abort()
            case "silent":
                await reader.read()  # until the sender has had enough
            case "slow":  # a byte now and then, for ever
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
                while not writer.is_closing():
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.05)
            case "huge":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                while not writer.is_closing():
                    writer.write(b"x" * 65536)
                    await writer.drain()
            case "garbage":
                writer.write(b"\x00\xff this is no HTTP\r\n\r\n")
                await writer.drain()
            case "redirect":
                to = f"http://127.0.0.1:{self.port}/elsewhere"
                await self._short(writer, "302 Found", f"location: {to}\r\n")
            case status:
                await self._short(writer, status, "")

    async def _short(self, writer: asyncio.StreamWriter, status: str, extra: str) -> None:
        answer = f"HTTP/1.1 {status} X\r\n{extra}content-length: 6\r\n\r\n\x00thanks"
        writer.write(answer.encode()[: len(answer)])
        await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver(0)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
