"""Figures beside throughput: one bid alone, a refused bid, and memory."""

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from auction_engine import keys
from auction_engine.connection import Connection
from auction_engine.rules.commands import Command
from loadtests.engine_integrity import require
from loadtests.engine_load import Lot, Run, bid_on, open_lots
from loadtests.engine_stage import LIMIT_FEN, PADDLES, START_FEN, Stage, new_auction, profile
from loadtests.report import Rounds

_FSYNC_FILE = "fsync.probe"


async def lone_bid(stage: Stage, rounds: Rounds, *, times: int) -> None:
    """One bid that meets an idle engine, against a bare FCALL round trip plus one fsync, in turn.

    What is synced is as many bytes as such a bid adds to the append-only file, at the end of a file that grows too.
    """
    (lot,) = await open_lots(stage, 1)
    content = b""
    while not content:  # a rewrite of the file that ends just then makes it smaller
        before = await _appended(stage)
        await _accepted(stage, lot, lot.next_bids(1)[0])
        content = bytes(max(await _appended(stage) - before, 0))
    bare = await Connection.open(stage.other_server.url, name="bare-fcall")
    file = os.open(
        Path(stage.engine_server.directory) / _FSYNC_FILE, os.O_CREAT | os.O_WRONLY | os.O_TRUNC
    )
    bids, calls, syncs = [], [], []
    try:
        for _ in range(times):
            (bid,) = lot.next_bids(1)
            bids.append(await _timed(_accepted(stage, lot, bid)))
            calls.append(await _timed(bare.call(("FCALL", "empty_call", 0))))
            syncs.append(_timed_fsync(file, content))
    finally:
        os.close(file)
        bare.close()
    rounds.add("lone_bid_bytes", len(content), "bytes")
    rounds.add("lone_bid_us", median(bids), "microseconds")
    rounds.add("bare_fcall_us", median(calls), "microseconds")
    rounds.add("one_fsync_us", median(syncs), "microseconds")
    rounds.add("fcall_and_fsync_us", median(calls) + median(syncs), "microseconds")


async def _accepted(stage: Stage, lot: Lot, bid: Command) -> None:
    acknowledgement = await stage.engine.gateway.submit(lot.auction, bid)
    require(acknowledgement.decision.accepted, "a lone bid was refused")


async def _timed(call: Awaitable[object]) -> float:
    started = perf_counter()
    await call
    return (perf_counter() - started) * 1e6


async def _appended(stage: Stage) -> int:
    """Bytes of the engine's append-only file."""
    return int((await stage.engine_client.info("persistence"))["aof_current_size"])


def _timed_fsync(file: int, content: bytes) -> float:
    started = perf_counter()
    os.write(file, content)
    os.fdatasync(file)
    return (perf_counter() - started) * 1e6


class Low(Lot):
    """A lot whose next bids are all below the minimum."""

    def next_bids(self, count: int) -> list[Command]:
        """The least amount that is a bid at all, which the first bid of all has taken."""
        return [
            Command(do="bid", paddle=bid.paddle, value=START_FEN, id=bid.id)
            for bid in super().next_bids(count)
        ]


async def refused(stage: Stage, *, seconds: float) -> Run:
    """As `hot_lot`, but every bid is refused as below the minimum: those are counted."""
    (lot,) = await open_lots(stage, 1)
    for bid in lot.next_bids(2):
        await _accepted(stage, lot, bid)
    low = Low(lot.auction_id)
    low.bids = lot.bids
    run = await bid_on(stage, [low], seconds=seconds)
    require(run.accepted == 0, "a bid below the minimum was accepted")
    return Run(accepted=low.bids - lot.bids, seconds=run.seconds)


async def server_cpu_us(stage: Stage) -> float:
    """Microseconds of processor time that the engine's server has used so far, in the thread that decides."""
    used = await stage.engine_client.info("cpu")
    names = ("used_cpu_user_main_thread", "used_cpu_sys_main_thread")
    return sum(float(used[name]) for name in names) * 1e6


async def memory(stage: Stage, rounds: Rounds, hot: Run) -> None:
    """Bytes of the engine's data: a live auction without paddles, one paddle, and one id of an accepted bid."""
    sizes = []
    for paddles in (0, PADDLES):
        auction = new_auction()
        admitted: dict[int, int | None] = dict.fromkeys(range(1, paddles + 1), LIMIT_FEN)
        await stage.engine.create_auction(auction, profile(), paddles=admitted)
        sizes.append(await _used(stage, keys.book, str(auction)))
    rounds.add("memory_live_auction", sizes[0], "bytes")
    rounds.add("memory_paddle", (sizes[1] - sizes[0]) / PADDLES, "bytes")
    ids = await _used(stage, keys.ids, str(hot.auctions[0]))
    rounds.add("memory_bid_id", ids / max(hot.accepted, 1), "bytes")


async def held(stage: Stage, rounds: Rounds, runs: Sequence[Run]) -> None:
    """Bytes of an id in the library's memory, where it is while its auction is bid on; garbage counts here as well."""
    library = (await stage.engine_client.info("memory"))["used_memory_vm_functions"]
    bids = sum(run.accepted for run in runs)
    rounds.add("memory_bid_id_held", library / max(bids, 1), "bytes")


async def _used(stage: Stage, key_of: Callable[[int, str], str], auction: str) -> int:
    key = key_of(keys.shard_of(auction), auction)
    return int(await stage.engine_client.memory_usage(key, samples=0) or 0)
