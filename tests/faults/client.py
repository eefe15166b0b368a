"""Bidders who keep to no timetable but their own, and the history of all that they asked and were told.

An open model: bids arrive whether or not earlier ones were answered. A timeout, a broken connection and a 5xx are
*unknown*, never "failed": the bidder asks again with the same id until the answer is definite or the run ends.
"""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal, Protocol
from uuid import UUID

import httpx
import msgspec

from auction_engine.engine import Engine
from auction_engine.errors import EngineOutcomeUnknown
from auction_engine.receipts import Receipt
from auction_engine.rules.commands import Command
from kit.errors import LuochuiError

Out = Literal["ok", "refused", "unknown"]


class Answer(msgspec.Struct, frozen=True):
    """What one attempt was told. `rep` is the decision as contracts 1 prints it, or the error's code."""

    out: Out
    rep: dict[str, Any]
    receipt: Receipt | None = None


class Record(msgspec.Struct, frozen=True):
    """One attempt: who, what, from when to when by the monotonic clock (ns), and how it ended."""

    i: int
    p: int
    f: str
    t0: int
    t1: int
    out: Out
    req: dict[str, Any]
    rep: dict[str, Any]


class History:
    """Every attempt of a run, in memory and as JSON lines in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[Record] = []
        self.receipts: list[Receipt] = []
        self._file = path.open("wb")
        self._numbers = itertools.count(1)

    async def attempt(self, desk: "Desk", auction: str, command: Command, *, paddle: int) -> Answer:
        """Ask once and write down what came of it, also where the asking is cut short."""
        number, before = next(self._numbers), time.monotonic_ns()
        answer = Answer("unknown", {"code": "cancelled"})
        try:
            answer = await desk.ask(auction, command)
        finally:
            request = {"auction": auction, "id": command.id, "value": command.value}
            after = time.monotonic_ns()
            self._write(
                Record(number, paddle, command.do, before, after, answer.out, request, answer.rep)
            )
        if answer.receipt is not None:
            self.receipts.append(answer.receipt)
        return answer

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _write(self, record: Record) -> None:
        self.records.append(record)
        self._file.write(msgspec.json.encode(record) + b"\n")
        self._file.flush()


class Desk(Protocol):
    """Where bids are handed in."""

    async def ask(self, auction: str, command: Command) -> Answer:
        """One attempt; never raises for what a server may do."""


class EngineDesk:
    """The gateway in this process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def ask(self, auction: str, command: Command) -> Answer:
        """Through the real gateway, receipt included."""
        try:
            answer = await self.engine.submit(UUID(auction), command)
        except EngineOutcomeUnknown as error:
            return Answer("unknown", {"code": error.code, "decided": None})
        except LuochuiError as error:
            return Answer("unknown", {"code": error.code, "decided": False})
        decision = answer.decision
        out: Out = "ok" if decision.accepted else "refused"
        return Answer(out, decision.as_object(), answer.receipt())


class SocketDesk:
    """A gateway in a process of its own (gateway_process.py), one connection an attempt."""

    def __init__(self, path: Path, *, seconds: float = 12) -> None:
        self._path = path
        self._seconds = seconds

    async def ask(self, auction: str, command: Command) -> Answer:
        """One line there, one line back."""
        line = msgspec.json.encode([auction, command.to_wire(0, age_us=0)])
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(self._seconds):
                reader, writer = await asyncio.open_unix_connection(self._path, limit=1 << 20)
                writer.write(line + b"\n")
                reply = await reader.readline()
            if not reply.endswith(b"\n"):
                return Answer("unknown", {"code": "connection_lost"})
            return msgspec.json.decode(reply, type=Answer)
        except OSError as error:
            return Answer("unknown", {"code": type(error).__name__})
        finally:
            if writer is not None:
                writer.transport.abort()


class HttpDesk:
    """The API: every bidder has a key of its own."""

    def __init__(self, client: httpx.AsyncClient, keys: dict[int, dict[str, str]]) -> None:
        self._client = client
        self._keys = keys

    async def ask(self, auction: str, command: Command) -> Answer:
        """POST a bid or a maximum under the bid's id."""
        path = "proxies" if command.do == "proxy" else "bids"
        field = "max_fen" if command.do == "proxy" else "amount_fen"
        headers = self._keys[command.paddle] | {"Idempotency-Key": command.id}
        try:
            reply = await self._client.post(
                f"/v1/auctions/{auction}/{path}", json={field: command.value}, headers=headers
            )
        except (httpx.HTTPError, OSError) as error:
            return Answer("unknown", {"code": type(error).__name__})
        if reply.status_code >= 500 or reply.status_code == 429:
            return Answer("unknown", {"code": str(reply.status_code)})
        given = reply.json()
        if reply.status_code != 200:
            return Answer("refused", {"accepted": False, "reason": given.get("code")})
        told = {name: given.get(name) for name in ("accepted", "seq", "price_fen", "leader")}
        told["ends_at"] = given.get("ends_at_ms")
        if given.get("replayed"):
            told["replayed"] = True
        receipt = given.get("receipt")
        return Answer("ok", told, None if receipt is None else msgspec.convert(receipt, Receipt))


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """How the bidders behave: shares of all arrivals."""

    per_second: float = 150.0
    paddles: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    start_fen: int = 10_000_000
    step_fen: int = 100
    hot: float = 0.6
    low: float = 0.06
    proxy: float = 0.05
    repeat: float = 0.05
    reuse: float = 0.02
    waiting_max: int = 400


class Load:
    """Many bidders on several auctions, the first of them hot."""

    def __init__(
        self,
        desk: Desk,
        history: History,
        auctions: list[str],
        rnd: random.Random,
        *,
        habits: Habits | None = None,
    ) -> None:
        self.desk = desk
        self.history = history
        self.auctions = auctions
        self.habits = habits or Habits()
        self.accepted = 0
        self.undecided = 0
        self._rnd = rnd
        self._prices = dict.fromkeys(auctions, 0)
        self._said: list[tuple[str, Command]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._arriving: asyncio.Task[None] | None = None
        self._names = itertools.count(1)
        self._ended = False
        self._broken: BaseException | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Bids arrive inside the block; what is then unanswered goes on asking until `settled`."""
        self._arriving = asyncio.create_task(self._arrive())
        try:
            yield self
        finally:
            self._arriving.cancel()
            await asyncio.gather(self._arriving, return_exceptions=True)

    async def settled(self, seconds: float = 40) -> None:
        """Wait until every bidder has a definite answer; those who have none by then stay undecided."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        self._ended = True
        for task in list(self._tasks):
            task.cancel()
        self.undecided += len(self._tasks)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._broken is not None:
            raise self._broken

    async def until_accepted(self, more: int, *, seconds: float = 30) -> None:
        """Wait until so many more bids have been accepted."""
        wanted = self.accepted + more
        async with asyncio.timeout(seconds):
            while self.accepted < wanted:
                if self._broken is not None:
                    raise self._broken
                await asyncio.sleep(0.01)

    async def _arrive(self) -> None:
        while True:
            await asyncio.sleep(self._rnd.expovariate(self.habits.per_second))
            if len(self._tasks) < self.habits.waiting_max:
                task = asyncio.create_task(self._bid(*self._next()))
                self._tasks.add(task)
                task.add_done_callback(self._ended_bid)

    def _ended_bid(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()  # an error of the harness itself: never swallowed

    def _next(self) -> tuple[str, Command]:
        """What the next bidder asks for."""
        rnd, habits = self._rnd, self.habits
        draw = rnd.random()
        if self._said and draw < habits.repeat:
            return rnd.choice(self._said)
        if self._said and draw < habits.repeat + habits.reuse:
            auction, said = rnd.choice(self._said)
            return auction, msgspec.structs.replace(said, value=said.value + 77_700)
        hot = rnd.random() < habits.hot or len(self.auctions) == 1
        auction = self.auctions[0] if hot else rnd.choice(self.auctions[1:])
        price = self._prices[auction] or habits.start_fen - habits.step_fen
        amount = price + habits.step_fen * rnd.randint(1, 5)
        if rnd.random() < habits.low:
            amount = max(1, price - habits.step_fen)
        is_proxy = rnd.random() < habits.proxy
        command = Command(
            do="proxy" if is_proxy else "bid",
            paddle=rnd.choice(habits.paddles),
            value=amount + (habits.step_fen * rnd.randint(0, 40) if is_proxy else 0),
            id=f"n{next(self._names)}",
        )
        return auction, command

    async def _bid(self, auction: str, command: Command) -> None:
        """Ask until the answer is definite."""
        pause = 0.02
        while not self._ended:
            answer = await self.history.attempt(self.desk, auction, command, paddle=command.paddle)
            if answer.out != "unknown":
                self._hear(auction, command, answer)
                return
            await asyncio.sleep(pause * (0.5 + self._rnd.random()))
            pause = min(0.3, pause * 1.5)

    def _hear(self, auction: str, command: Command, answer: Answer) -> None:
        price = answer.rep.get("price_fen") or 0
        if answer.rep.get("reason") == "below_minimum":
            price = (answer.rep.get("minimum_fen") or self.habits.step_fen) - self.habits.step_fen
        self._prices[auction] = max(self._prices[auction], price)
        if answer.out == "ok" and not answer.rep.get("replayed"):
            self.accepted += 1
            if len(self._said) < 200:
                self._said.append((auction, command))
