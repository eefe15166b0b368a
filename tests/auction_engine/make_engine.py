"""Factories for the engine's tests: keys, a scripted engine server, a gateway in front of it."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import hiredis
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auction_engine.checkpoints import LogKey
from auction_engine.journal import decode_commands, head_after
from auction_engine.rules.commands import Command

AUCTION = "0192f0c1-2f6a-7c3e-9b1a-000000000001"
OTHER_AUCTION = "0192f0c1-2f6a-7c3e-9b1a-000000000002"
LOG_NAME = "venue.example/engine"


def a_key(seed: int = 1) -> LogKey:
    """A key that is the same in every run."""
    return LogKey(LOG_NAME, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def a_bid(paddle: int = 1, amount_fen: int = 100_000, bid_id: str = "") -> Command:
    """A manual bid."""
    return Command(do="bid", paddle=paddle, value=amount_fen, id=bid_id)


def pack(reply: object) -> bytes:
    """A reply as the server puts it on the wire."""
    match reply:
        case Exception():
            return b"-%s\r\n" % str(reply).encode()
        case list():
            return b"*%d\r\n" % len(reply) + b"".join(pack(item) for item in reply)
        case int():
            return b":%d\r\n" % reply
        case str():
            return pack(reply.encode())
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(reply), reply)
    raise AssertionError(reply)


class Call:
    """One `decide_v1` call as the scripted server received it."""

    def __init__(self, arguments: list[bytes]) -> None:
        self.keys = arguments[3 : 3 + int(arguments[2])]
        epoch, clock, salt, commands, auctions = arguments[3 + int(arguments[2]) :]
        self.epoch, self.clock_ms, self.salt = int(epoch), int(clock), salt.decode()
        self.commands_bytes, self.auctions_bytes = commands, auctions
        self.commands: list[list[Any]] = decode_commands(commands)
        self.auctions: list[str] = msgspec.msgpack.decode(auctions)


Answer = Callable[[Call], Awaitable[object]]


class ScriptedEngine:
    """A server that speaks the engine's protocol and answers as its script says; `None` cuts the connection."""

    def __init__(self, path: Path, answer: Answer | None = None) -> None:
        self.url = f"unix://{path}"
        self._path = path
        self.answer: Answer = answer or self.accept
        self.calls: list[Call] = []
        self.head, self.seq = "", 0
        self._auction_seq = itertools.count(1)
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "ScriptedEngine":
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def accept(self, call: Call) -> object:
        """Accept every command at its own amount, with the price that it names."""
        decisions = [[1, next(self._auction_seq), c[4], c[3], 99] for c in call.commands]
        return self.reply(call, decisions)

    def reply(self, call: Call, decisions: list[list[int]]) -> list[object]:
        """The reply of a journalled batch."""
        self.seq += 1
        header = msgspec.msgpack.encode([1, call.epoch, self.seq, 1000, self.head, call.salt])
        packed = msgspec.msgpack.encode(decisions)
        self.head = head_after(self.head, header, call.commands_bytes, packed, call.auctions_bytes)
        return ["OK", self.seq, 1000, self.head, packed, header]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = hiredis.Reader()
        self._writers.append(writer)
        while data := await reader.read(65536):
            parser.feed(data)
            while (arguments := parser.gets()) is not False:
                if arguments[0] != b"FCALL":
                    writer.write(b"+OK\r\n")
                    continue
                call = Call(arguments)
                self.calls.append(call)
                answer = await self.answer(call)
                if answer is None:
                    writer.close()
                    return
                writer.write(pack(answer))
        writer.close()


async def until(holds: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until `holds()` (or what it is the awaitable of) is true."""
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.005)
