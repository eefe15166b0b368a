"""Writes journals as the engine would, decided by the reference model: for tests of what reads journals."""

import secrets
from datetime import UTC, datetime
from typing import Any

import msgspec
import redis.asyncio

from auction_engine import keys
from auction_engine.journal import EMPTY_HEAD, Entry, encode_rows
from auction_engine.replica import Replica
from auction_engine.rules.commands import Command
from auction_engine.rules.model import create_command
from auction_engine.rules.profile import Profile, parse_profile
from tests.auction_engine.make_engine import AUCTION, OTHER_AUCTION, a_bid

#: The moment at which test auctions open.
OPENS_MS = 1_790_000_000_000
END_MS = OPENS_MS + 86_400_000
SHARD = 5
#: The moment at which the tests take place.
NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def a_profile(**fields: Any) -> Profile:
    """An English auction of one day with a soft close, steps of 1,000 yuan and paddle 3 as priority holder."""
    given = {
        "format": "english",
        "opens_at": OPENS_MS,
        "closes_at": OPENS_MS + 86_400_000,
        "start_price_fen": 10_000_000,
        "step": {"kind": "fixed", "step_fen": 100_000},
        "extension": {"mode": "reset", "window_ms": 300_000, "hard_end": None},
        "priority": [{"paddle": 3, "rank": 1}],
    }
    return parse_profile(given | fields)


def a_creation(**fields: Any) -> Command:
    """The command that creates it, for paddles 1 to 5, paddle 2 with a limit."""
    paddles = {1: None, 2: 50_000_000, 3: None, 4: None, 5: None}
    return create_command(a_profile(**fields), paddles)


class JournalWriter:
    """One shard's stream, one batch a call."""

    def __init__(self, client: redis.asyncio.Redis, shard: int = SHARD, *, epoch: int = 1) -> None:
        self._client = client
        self.shard = shard
        self.epoch = epoch
        self.seq = 0
        self.head = EMPTY_HEAD
        self.replicas: dict[str, Replica] = {}

    async def write(self, decided_ms: int, *commands: tuple[str, Command]) -> Entry:
        """Decide commands at `decided_ms`, each 3 ms after it entered, and append the batch."""
        entry = self.decide(decided_ms, *commands)
        await self.append(entry)
        return entry

    def decide(self, decided_ms: int, *commands: tuple[str, Command]) -> Entry:
        """The batch, without writing it."""
        auctions = list(dict.fromkeys(auction for auction, _ in commands))
        rows = [c.to_wire(auctions.index(a) + 1, age_us=3000) for a, c in commands]
        decisions = [
            self.replicas.setdefault(auction, Replica()).decide(row[1:], decided_ms)
            for (auction, _), row in zip(commands, rows, strict=True)
        ]
        self.seq += 1
        header = [1, self.epoch, self.seq, decided_ms, self.head, secrets.token_hex(16)]
        entry = Entry(
            self.shard,
            msgspec.msgpack.encode(header),
            encode_rows(rows),
            encode_rows(decisions),
            encode_rows(auctions),
        )
        self.head = entry.head
        return entry

    async def append(self, entry: Entry, *, seq: int | None = None) -> None:
        """Put a batch into the stream."""
        fields: dict[Any, Any] = {
            "m": entry.header_bytes,
            "c": entry.commands_bytes,
            "d": entry.decisions_bytes,
            "a": entry.auctions_bytes,
        }
        await self._client.xadd(keys.log(self.shard), fields, id=f"{seq or self.seq}-0")


async def a_story(writer: JournalWriter) -> None:
    """Creation, bids, a hidden maximum, refusals, a suspension, and the close."""
    step = OPENS_MS + 1000
    await writer.write(OPENS_MS - 5000, (AUCTION, a_creation()), (OTHER_AUCTION, a_creation()))
    await writer.write(step, (AUCTION, a_bid(1, 10_000_000, "a1")))
    proxy = Command(do="proxy", paddle=2, value=20_000_000, id="p")
    await writer.write(step + 10, (AUCTION, proxy), (OTHER_AUCTION, a_bid(4, 10_000_000)))
    await writer.write(
        step + 20, (AUCTION, a_bid(1, 10_000_000)), (AUCTION, a_bid(1, 12_000_000, "a2"))
    )
    await writer.write(step + 30, (AUCTION, a_bid(1, 12_000_000, "a2")))
    await writer.write(step + 40, (AUCTION, Command(do="suspend", reason="fault")))
    await writer.write(step + 540, (AUCTION, Command(do="resume")))
    await writer.write(END_MS + 2500 + 500, (AUCTION, Command(do="tick")))
