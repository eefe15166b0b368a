"""What the engine is compared with, on the same hot lot and machine, each tuned, over connections that stay open.

All bid "the minimum now", so that none of theirs is refused for having been overtaken; every other rule is checked. How
many connections each uses was found by trying: more make the row lock and the optimistic way slower.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import redis.asyncio

from auction_engine import keys
from auction_engine.connection import Argument, Connection
from auction_engine.journal import encode_rows
from auction_engine.rules.model import create_command
from kit.clock import epoch_ms, system_clock
from loadtests.engine_load import Lot, Run
from loadtests.engine_stage import (
    LIMIT_FEN,
    LIMITS,
    PADDLES,
    SQL,
    START_FEN,
    STEP_FEN,
    Stage,
    new_auction,
    profile,
)

ROW_LOCK_CONNECTIONS = 8
OPTIMISTIC_CONNECTIONS = 2
CALLERS = 64
PIPELINE, PIPELINE_CONNECTIONS = 64, 2
LOT, LOT_OF_FUNCTION = 1, 2
OPTIMISTIC_LOG = "{optimistic}:log"
_SHARD = 0

#: Bids once, as caller `number` for the `turn`-th time; how many were accepted.
_Once = Callable[[int, int], Awaitable[int]]
_Prepared = dict[str, Any]
#: Bids over one connection with its prepared statements, as a paddle, under an id; whether it was accepted.
_RowBid = Callable[[asyncpg.Connection, _Prepared, int, str], Awaitable[bool]]


async def _repeat(callers: int, seconds: float, once: _Once, *, log: str = "") -> Run:
    accepted = 0
    started = perf_counter()
    stop = started + seconds

    async def caller(number: int) -> None:
        nonlocal accepted
        turn = 0
        while perf_counter() < stop:
            done = await once(number, turn)
            accepted += done  # after the wait: others have counted meanwhile
            turn += 1

    await asyncio.gather(*(caller(number) for number in range(callers)))
    return Run(accepted=accepted, seconds=perf_counter() - started, log=log)


async def row_lock(stage: Stage, seconds: float) -> Run:
    """PostgreSQL as an application uses it: lock the lot's row, read, decide in Python, write both tables, commit."""
    names = ("lock", "enter")

    async def bid(
        connection: asyncpg.Connection, calls: _Prepared, paddle: int, bid_id: str
    ) -> bool:
        async with connection.transaction():
            row = await calls["lock"].fetchrow(LOT, paddle, bid_id)
            amount = _least_amount(row)
            if amount is None:
                return False
            await calls["enter"].fetchval(LOT, paddle, bid_id, row["seq"] + 1, amount)
        return True

    return await _on_lot(stage, LOT, names, seconds, bid)


async def row_lock_function(stage: Stage, seconds: float) -> Run:
    """The same rules in a function of the database: one statement a bid, its row locked for one trip and one commit."""

    async def bid(_: asyncpg.Connection, calls: _Prepared, paddle: int, bid_id: str) -> bool:
        return int(await calls["call"].fetchval(LOT_OF_FUNCTION, paddle, bid_id)) > 0

    return await _on_lot(stage, LOT_OF_FUNCTION, ("call",), seconds, bid)


async def _on_lot(
    stage: Stage, lot: int, names: Sequence[str], seconds: float, bid: _RowBid
) -> Run:
    """Several connections that bid on one row, with their statements prepared."""
    await stage.database.execute(SQL["lot"], lot, START_FEN, STEP_FEN)
    await stage.database.execute(SQL["paddles"], lot, PADDLES)
    connections = [await asyncpg.connect(stage.database_url) for _ in range(ROW_LOCK_CONNECTIONS)]
    calls = [{name: await one.prepare(SQL[name]) for name in names} for one in connections]

    async def once(number: int, turn: int) -> int:
        # Each caller's paddles are its own, so that nobody meets itself as the leader.
        paddle = turn % (PADDLES // ROW_LOCK_CONNECTIONS) * ROW_LOCK_CONNECTIONS + number + 1
        return await bid(connections[number], calls[number], paddle, f"bid-{number}-{turn}")

    try:
        return await _repeat(ROW_LOCK_CONNECTIONS, seconds, once)
    finally:
        for connection in connections:
            await connection.close()


def _least_amount(row: Any) -> int | None:
    """The least amount that the lot's row takes now from this paddle, or None where it takes none."""
    amount: int = row["price_fen"] + row["step_fen"] if row["price_fen"] else row["start_fen"]
    if row["barred"] is not False or row["held"] or not row["is_open"]:
        return None
    if amount > row["limit_fen"] or row["is_leader"]:
        return None
    return amount


async def optimistic(stage: Stage, seconds: float) -> Run:
    """Redis as a store: WATCH, read, decide in Python, MULTI, and again from the start if another was faster."""
    lot, ids, log = "{optimistic}:lot", "{optimistic}:ids", OPTIMISTIC_LOG
    client = stage.other_client
    ends_ms = epoch_ms(system_clock()) + 3_600_000
    first = {"price": 0, "leader": 0, "seq": 0, "ends": ends_ms}
    await client.hset(lot, mapping=first)  # type: ignore[misc]  # the client is typed for both kinds of caller
    pipes = [client.pipeline(transaction=True) for _ in range(OPTIMISTIC_CONNECTIONS)]

    async def once(number: int, turn: int) -> int:
        pipe, name = pipes[number], f"{number}:bid-{turn}"
        paddle = turn % (PADDLES // OPTIMISTIC_CONNECTIONS) * OPTIMISTIC_CONNECTIONS + number + 1
        while True:
            await pipe.watch(lot)
            state: Any = await pipe.hmget(lot, ["price", "leader", "seq", "ends"])  # type: ignore[misc]  # as above
            held: Any = await pipe.hget(ids, name)  # type: ignore[misc]  # as above
            change = _decided(state, paddle) if held is None else None
            if change is None:
                await pipe.unwatch()  # type: ignore[no-untyped-call]  # the client's own
                return 0
            pipe.multi()  # type: ignore[no-untyped-call]  # the client's own
            pipe.hset(lot, mapping=change)
            pipe.hset(ids, name, f"{change['seq']}:{change['price']}")
            pipe.xadd(log, {"p": paddle, "v": change["price"], "i": name, "s": change["seq"]})
            try:
                await pipe.execute()
            except redis.WatchError:
                continue
            return 1

    try:
        return await _repeat(OPTIMISTIC_CONNECTIONS, seconds, once, log=log)
    finally:
        for pipe in pipes:
            await pipe.aclose()


def _decided(state: list[bytes], paddle: int) -> dict[str, int] | None:
    """The lot after the least bid by `paddle`, or None where it is refused."""
    price, leader, seq, ends_ms = (int(value) for value in state)
    now_ms = epoch_ms(system_clock())
    amount = price + STEP_FEN if price else START_FEN
    if now_ms >= ends_ms or amount > LIMIT_FEN or leader == paddle or not 0 < paddle <= PADDLES:
        return None
    ends_ms = max(ends_ms, now_ms + 300_000)
    return {"price": amount, "leader": paddle, "seq": seq + 1, "ends": ends_ms}


async def _one_bid_keys(stage: Stage) -> list[str]:
    """A new lot on the competitors' server: the names of its book, its ids and its log."""
    auction = str(new_auction())
    creation = create_command(profile(), dict.fromkeys(range(1, PADDLES + 1), LIMIT_FEN))
    names = keys.batch_keys(_SHARD, [auction])
    await stage.other_client.hset(keys.meta(_SHARD), "epoch", "1")  # type: ignore[misc]  # as above
    await stage.other_client.execute_command(  # type: ignore[no-untyped-call]  # the client's own
        "FCALL", "decide_v1", len(names), *names, 1, 0, "00" * 16,
        encode_rows([creation.to_wire(1, age_us=0)]), encode_rows([auction]),
    )  # fmt: skip
    return [keys.book(_SHARD, auction), keys.ids(_SHARD, auction), f"{{s{_SHARD}}}:bids:{auction}"]


async def script_per_bid(stage: Stage, seconds: float) -> Run:
    """One script call a bid with the engine's own rules: 64 callers of one redis-py client with its pool of 64."""
    names = await _one_bid_keys(stage)
    client = redis.asyncio.Redis.from_url(stage.other_server.url, max_connections=CALLERS)

    async def once(number: int, turn: int) -> int:
        paddle = turn % (PADDLES // CALLERS) * CALLERS + number + 1
        args = (paddle, 0, f"bid-{turn:012}")
        answer = await client.fcall("one_bid", 3, *names, *args)
        return int(answer[0] == 1)

    try:
        return await _repeat(CALLERS, seconds, once, log=names[2])
    finally:
        await client.aclose()


async def script_pipelined(stage: Stage, seconds: float) -> Run:
    """The same calls in explicit pipelines of 64, so many pipelines at once that the server never waits for one."""
    names = await _one_bid_keys(stage)
    clients = [
        redis.asyncio.Redis.from_url(stage.other_server.url, single_connection_client=True)
        for _ in range(PIPELINE_CONNECTIONS)
    ]
    share = PADDLES // PIPELINE_CONNECTIONS

    async def once(number: int, turn: int) -> int:
        pipe = clients[number].pipeline(transaction=False)
        for bid in range(turn * PIPELINE, (turn + 1) * PIPELINE):
            paddle = bid % share * PIPELINE_CONNECTIONS + number + 1
            await pipe.fcall("one_bid", 3, *names, paddle, 0, f"bid-{bid:012}")
        return sum(answer[0] == 1 for answer in await pipe.execute())

    try:
        return await _repeat(PIPELINE_CONNECTIONS, seconds, once, log=names[2])
    finally:
        for client in clients:
            await client.aclose()


async def empty_call(stage: Stage, seconds: float) -> Run:
    """The ceiling: the bytes of the same batches to a function that returns at once; nothing is decided or written."""
    lot = Lot(UUID(int=0))
    auctions, size = [lot.auction], LIMITS.batch_max
    names, packed = keys.batch_keys(_SHARD, auctions), encode_rows(auctions)
    connections = [
        await Connection.open(stage.other_server.url, name=f"empty-{n}") for n in range(2)
    ]

    async def once(number: int, turn: int) -> int:
        rows = [command.to_wire(1, age_us=0) for command in lot.next_bids(size)]
        call: list[Argument] = ["FCALL", "empty_call", len(names), *names, 1, 0, "00" * 16]
        call += (encode_rows(rows), packed)
        replies = await connections[number].call(call)
        return size if replies == [b"OK"] else 0

    try:
        return await _repeat(len(connections), seconds, once)
    finally:
        for connection in connections:
            connection.close()
