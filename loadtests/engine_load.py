"""The load on the engine: bids through the production gateway, every one of them to be accepted."""

import asyncio
import contextlib
from collections.abc import Sequence
from time import perf_counter
from uuid import UUID

import msgspec

from auction_engine import keys
from auction_engine.decided import Acknowledgement
from auction_engine.errors import ClockSkew, EngineBusy
from auction_engine.rules.commands import Command
from kit.errors import LuochuiError
from loadtests.engine_stage import (
    LIMIT_FEN,
    LIMITS,
    PADDLES,
    START_FEN,
    STEP_FEN,
    HasEngine,
    new_auction,
    profile,
)

#: Bids that a caller hands over at once, and bids that are under way at once: enough to fill the next batch while one
#: is with the server, and no more, because what waits longer is only latency.
CHUNK, OUTSTANDING = 256, 2 * LIMITS.batch_max
#: How often a lot's creation is sent again that was not decided.
_PATIENCE = 20


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run: how many bids were acknowledged as accepted, on which auctions, and how long it took."""

    accepted: int
    seconds: float
    auctions: tuple[UUID, ...] = ()
    #: The competitors' own journal (a stream).
    log: str = ""

    @property
    def per_second(self) -> float:
        """Accepted bids a second."""
        return self.accepted / self.seconds


class Lot:
    """One auction and the next bid on it."""

    __slots__ = ("auction", "auction_id", "bids")

    def __init__(self, auction_id: UUID) -> None:
        self.auction_id = auction_id
        self.auction = str(auction_id)
        self.bids = 0

    def next_bids(self, count: int) -> list[Command]:
        """The next `count` bids, each one step up and by the next paddle."""
        first = self.bids
        self.bids += count
        return [
            Command(
                do="bid",
                paddle=number % PADDLES + 1,
                value=START_FEN + number * STEP_FEN,
                id=f"bid-{number:012}",
            )
            for number in range(first, first + count)
        ]


async def open_lots(stage: HasEngine, count: int) -> list[Lot]:
    """New auctions with all paddles admitted."""
    lots = [Lot(new_auction()) for _ in range(count)]
    paddles: dict[int, int | None] = dict.fromkeys(range(1, PADDLES + 1), LIMIT_FEN)
    rules = profile()

    async def create(lot: Lot) -> None:
        for _ in range(_PATIENCE):
            # a shard's first command waits for the fence, and on a busy machine for too long
            with contextlib.suppress(ClockSkew, EngineBusy):
                await stage.engine.create_auction(lot.auction_id, rules, paddles=paddles)
                return
        await stage.engine.create_auction(lot.auction_id, rules, paddles=paddles)

    for first in range(0, count, 64):
        await asyncio.gather(*map(create, lots[first : first + 64]))
    await journal_nothing(stage, lots)
    return lots


async def journal_nothing(stage: HasEngine, lots: Sequence[Lot]) -> None:
    """Tell the engine not to wait for PostgreSQL: here the journal is checked in the stream, when all is over."""
    for shard in {keys.shard_of(lot.auction) for lot in lots}:
        await stage.engine.servers.client_of(shard).hset(
            keys.meta(shard), "journalled", str(10**15)
        )  # type: ignore[misc]  # the client is typed for both kinds of caller


async def bid_on(stage: HasEngine, lots: Sequence[Lot], *, seconds: float) -> Run:
    """Callers that hand over bids on one lot at once, lot after lot, as fast as they are answered.

    All of a shard's lots together keep one batch in the queue while another is with the server.
    """
    gateway = stage.engine.gateway
    chunk = max(CHUNK // len(lots), CHUNK // 8)
    accepted, turn = 0, 0
    started = perf_counter()
    stop = started + seconds

    async def caller() -> None:
        nonlocal accepted, turn
        while perf_counter() < stop:
            lot = lots[turn % len(lots)]
            turn += 1
            answers = await gateway.submit_many(lot.auction, lot.next_bids(chunk))
            accepted += count_accepted(answers, may_be_sent_back=len(lots) > 1)

    await asyncio.gather(*(caller() for _ in range(OUTSTANDING // chunk)))
    return _run(lots, accepted, perf_counter() - started)


async def one_by_one(stage: HasEngine, lots: Sequence[Lot], *, seconds: float) -> Run:
    """As many callers at once, each with one bid at a time, as the bidders of an API process are."""
    gateway = stage.engine.gateway
    (lot,) = lots
    accepted = 0
    started = perf_counter()
    stop = started + seconds

    async def caller() -> None:
        nonlocal accepted
        while perf_counter() < stop:
            (bid,) = lot.next_bids(1)
            acknowledgement = await gateway.submit(lot.auction, bid)
            accepted += acknowledgement.is_new

    await asyncio.gather(*(caller() for _ in range(OUTSTANDING)))
    return _run(lots, accepted, perf_counter() - started)


def _run(lots: Sequence[Lot], accepted: int, seconds: float) -> Run:
    auctions = tuple(lot.auction_id for lot in lots)
    return Run(accepted=accepted, seconds=seconds, auctions=auctions)


def count_accepted(
    answers: Sequence[Acknowledgement | LuochuiError], *, may_be_sent_back: bool = False
) -> int:
    """How many of the answers are acceptances; an error is raised, because none may come here.

    But with lots on all shards a busy machine takes longer than the engine's clocks may differ, and then calls are
    sent back undecided. Those bids are not counted; the next ones on their lots are still within the cap on steps.
    """
    count = 0
    for answer in answers:
        if isinstance(answer, Acknowledgement):
            count += answer.is_new
        elif not (may_be_sent_back and isinstance(answer, ClockSkew | EngineBusy)):
            raise answer
    return count
