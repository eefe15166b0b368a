"""`luochui bench engine` (contracts 3): the engine and its competitors on the same hot lot, in turn, in rounds."""

import gc
from collections.abc import Callable

import msgspec
import uvloop

from auction_engine.durability import MODES, verify_durability
from loadtests import engine_costs, engine_others
from loadtests.engine_integrity import (
    check_after_kill,
    check_engine,
    check_log,
    check_row_lock,
    require,
)
from loadtests.engine_load import Run, bid_on, one_by_one, open_lots
from loadtests.engine_stage import SQL, Stage, servers, stage
from loadtests.report import Integrity, Report, Rounds, machine, ratios_of

_BIDS = "accepted bids/s"
#: Objects between two looks for garbage in cycles, of which the driver makes none.
_GARBAGE = 200_000
_PAIRS = (
    ("hot_lot", "row_lock"),
    ("hot_lot", "row_lock_function"),
    ("hot_lot", "optimistic"),
    ("hot_lot", "script_per_bid"),
    ("hot_lot", "script_pipelined"),
    ("hot_lot", "empty_call"),
    ("refused_cpu_us", "accepted_cpu_us"),
    ("lone_bid_us", "fcall_and_fsync_us"),
)
CHECKED = [
    "every shard's journal: no batch missing, none forked, the chain's head as the engine has it",
    "every bid: numbers without a gap, prices that rise, no id twice",
    "journalled bids = acknowledged bids, and the ids kept are theirs, for every engine run",
    "the competitors' own logs and tables: as many bids as acknowledged, without a gap, rising",
    "after SIGKILL and a restart on the append-only file every shard stands where it stood",
]


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How large a benchmark is; a test makes all of it small."""

    seconds: float
    rounds: int
    lots: tuple[int, int] = (100, 1000)
    lone_bids: int = 200


def bench_engine(sizes: Sizes, say: Callable[[str], None]) -> Report:
    """The whole benchmark; `say` is told what is being measured. Raises NotWhole where integrity does not hold."""
    kept = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_GARBAGE)  # the driver's own garbage, for all competitors alike
    try:
        return uvloop.run(_bench(sizes, say))
    finally:
        gc.set_threshold(*kept)
        gc.unfreeze()


async def _bench(sizes: Sizes, say: Callable[[str], None]) -> Report:
    facts, rounds, durability = machine(), Rounds(), {}
    async with servers() as (directory, postgres):
        for number in range(1, sizes.rounds + 1):
            async with stage(directory, postgres, number) as on:
                durability = await _durability(on)
                await _round(on, sizes, rounds, _in_round(say, number))
    figures = rounds.figures()
    return Report(
        figures=figures,
        ratios=ratios_of(figures, _PAIRS),
        machine=facts,
        durability=durability,
        integrity=Integrity(checked=CHECKED, ok=True),
    )


def _in_round(say: Callable[[str], None], number: int) -> Callable[[str], None]:
    return lambda what: say(f"round {number}: {what}")


async def _durability(on: Stage) -> dict[str, dict[str, str]]:
    """What the servers themselves say; both Valkeys are held to mode `local`."""
    found = {}
    for name, client in (("engine", on.engine_client), ("competitors", on.other_client)):
        settings = await verify_durability(client, MODES["local"])
        found[name] = {
            "mode": "local",
            **settings,
            "version": (await client.info("server"))["valkey_version"],
        }
    rows = await on.database.fetch(SQL["settings"])
    found["postgresql"] = {row["name"]: row["setting"] for row in rows}
    require(found["postgresql"]["fsync"] == "on", "row_lock: fsync is off")
    return found


async def _round(on: Stage, sizes: Sizes, rounds: Rounds, say: Callable[[str], None]) -> None:
    """Every figure once."""
    runs: list[Run] = []
    for name, run_other, check in (
        ("row_lock", engine_others.row_lock, _check_row_lock),
        ("row_lock_function", engine_others.row_lock_function, _check_row_lock_function),
        ("optimistic", engine_others.optimistic, _check_log),
        ("script_per_bid", engine_others.script_per_bid, _check_log),
        ("script_pipelined", engine_others.script_pipelined, _check_log),
        ("empty_call", engine_others.empty_call, None),
    ):
        runs.append(await _hot_lot(on, sizes, rounds, say))
        say(name)
        run = await run_other(on, sizes.seconds)
        rounds.add(name, run.per_second, _BIDS if check else "bids/s, none decided")
        if check is not None:
            await check(on, run)
    await engine_costs.held(on, rounds, runs)
    for name, count in zip(("lots_100", "lots_1000"), sizes.lots, strict=True):
        say(name)
        runs.append(await bid_on(on, await open_lots(on, count), seconds=sizes.seconds))
        rounds.add(name, runs[-1].per_second, _BIDS)
    say("hot_lot_callers")
    runs.append(await one_by_one(on, await open_lots(on, 1), seconds=sizes.seconds))
    rounds.add("hot_lot_callers", runs[-1].per_second, _BIDS)
    await _costs(on, sizes, rounds, say, runs[0])
    say("integrity")
    await check_engine(on, runs)
    await check_after_kill(on)


async def _hot_lot(on: Stage, sizes: Sizes, rounds: Rounds, say: Callable[[str], None]) -> Run:
    say("hot_lot")
    lots = await open_lots(on, 1)
    before = await engine_costs.server_cpu_us(on)
    run = await bid_on(on, lots, seconds=sizes.seconds)
    spent = await engine_costs.server_cpu_us(on) - before
    rounds.add("hot_lot", run.per_second, _BIDS)
    rounds.add("accepted_cpu_us", spent / max(run.accepted, 1), "microseconds")
    return run


async def _costs(
    on: Stage, sizes: Sizes, rounds: Rounds, say: Callable[[str], None], hot: Run
) -> None:
    say("costs")
    before = await engine_costs.server_cpu_us(on)
    refused = await engine_costs.refused(on, seconds=sizes.seconds)
    spent = await engine_costs.server_cpu_us(on) - before
    rounds.add("hot_lot_refused", refused.per_second, "refused bids/s")
    rounds.add("refused_cpu_us", spent / max(refused.accepted, 1), "microseconds")
    await engine_costs.lone_bid(on, rounds, times=sizes.lone_bids)
    await engine_costs.memory(on, rounds, hot)


async def _check_log(on: Stage, run: Run) -> None:
    await check_log(on.other_client, run.log, run.accepted)


async def _check_row_lock(on: Stage, run: Run) -> None:
    await check_row_lock(on, engine_others.LOT, run.accepted)


async def _check_row_lock_function(on: Stage, run: Run) -> None:
    await check_row_lock(on, engine_others.LOT_OF_FUNCTION, run.accepted)
