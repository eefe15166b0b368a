"""Settlement under load: postings one by one, gathered and in batches; lots from price to payees; cases cleared.

The ceiling is a plain INSERT of the rows that a transfer writes into tables without rule, lock or check: what the
database could do at most. Every competitor runs in turn, round after round, on one throw-away server with real fsync.
Source: contracts 3 ("settlement").
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import system_clock
from kit.embedded import Postgres
from kit.ids import uuid7
from kit.migrate import migrate
from kit.sql import Connection, Pool, load_statements
from loadtests.report import Integrity, Report, Rounds, machine, ratios_of
from settlement import costs, distribution, payments, sales
from settlement.checks import check_ledger
from settlement.costs import CostLine
from settlement.distribution import Payee, PledgeeClaim
from settlement.ledger import AccountKey, Transfer, move, open_accounts, outside, post, post_one
from settlement.poster import Poster, open_poster
from settlement.rules.case import read_case
from settlement.rules.clearing import clear
from settlement.rules.waterfall import Secured

_SQL = load_statements("loadtests", "sql/settlement.sql")
CALLERS, HOLDERS, BATCH, LOT_WORKERS = 64, 8, 500, 4
#: Callers that post one by one: enough to keep a hot account busy on two cores. More only wait for it, and each posting
#: then costs more, as `post_one_by_one_crowded` shows; a plain INSERT gains by more, so it has HOLDERS.
POSTERS = 4
HOT = AccountKey("venue_fee", UUID(int=1))
PAIRS = (
    ("post_transfers", "insert_ceiling"),
    ("post_gathered", "insert_one_by_one"),
    ("post_one_by_one", "insert_one_by_one"),
    ("post_gathered", "post_one_by_one"),
)


class SettlementSizes(msgspec.Struct, frozen=True, kw_only=True):
    """How long each run is, and how many rounds; the median of the rounds counts."""

    seconds: float = 1.0
    rounds: int = 3


Say = Callable[[str], None]


def bench_settlement(sizes: SettlementSizes, say: Say) -> Report:
    """Run everything and report."""
    return asyncio.run(_bench(sizes, say))


async def _bench(sizes: SettlementSizes, say: Say) -> Report:
    before = machine()
    rounds = Rounds()
    async with _database() as pool:
        async with pool.acquire() as conn, conn.transaction():
            await open_accounts(conn, [HOT, *_sources()], now=system_clock())
        async with open_poster(pool) as poster:
            for n in range(sizes.rounds):
                say(f"round {n + 1} of {sizes.rounds}")
                await _round(pool, poster, rounds, sizes.seconds)
        durability = {"postgresql": await _durability(pool)}
        checked = await _integrity(pool)
    figures = rounds.figures()
    return Report(
        figures=figures,
        ratios=ratios_of(figures, PAIRS),
        machine=before,
        durability=durability,
        integrity=checked,
    )


async def _round(pool: Pool, poster: Poster, rounds: Rounds, seconds: float) -> None:
    """Every competitor once, in turn."""

    async def plain_one(caller: int) -> int:
        return await _insert(held[caller], 1)

    async def plain_many(caller: int) -> int:
        return await _insert(held[caller], BATCH)

    async def one(caller: int) -> int:  # one statement, so a transaction of its own
        await post_one(held[caller], _transfer(caller), now=system_clock())
        return 1

    async def gathered(caller: int) -> int:
        await poster.post([_transfer(caller)], now=system_clock())
        return 1

    async def batch(caller: int) -> int:
        async with held[caller].transaction():
            await post(held[caller], [_transfer(n) for n in range(BATCH)], now=system_clock())
        return BATCH

    async def lot(caller: int) -> int:
        await _settle_lot(pool)
        return 1

    runs: tuple[tuple[str, int, Callable[[int], Awaitable[int]], str], ...] = (
        ("insert_one_by_one", HOLDERS, plain_one, "transfers/s"),
        ("post_one_by_one", POSTERS, one, "transfers/s"),
        ("post_one_by_one_crowded", HOLDERS, one, "transfers/s"),
        ("post_gathered", CALLERS, gathered, "transfers/s"),
        ("insert_ceiling", 2, plain_many, "transfers/s"),
        ("post_transfers", 2, batch, "transfers/s"),
        ("settle_lots", LOT_WORKERS, lot, "lots/s"),
    )
    # A caller keeps its connection, as a worker does: what a pool does when one is given back is not posting.
    async with AsyncExitStack() as kept:
        held = [await kept.enter_async_context(pool.acquire()) for _ in range(HOLDERS)]
        for name, callers, work, unit in runs:
            rounds.add(name, await _rate(callers, work, seconds), unit)
    rounds.add("clear_cases", _clear_rate(seconds), "cases/s")


async def _rate(callers: int, work: Callable[[int], Awaitable[int]], seconds: float) -> float:
    """How much of the work is done a second by so many callers, each of whom waits for its answer."""
    done = 0
    begin = perf_counter()

    async def call(caller: int) -> None:
        nonlocal done
        while perf_counter() - begin < seconds:
            count = await work(caller)
            done += count  # in two steps: the sum is read after the wait

    async with asyncio.TaskGroup() as group:
        for caller in range(callers):
            group.create_task(call(caller))
    return done / (perf_counter() - begin)


def _clear_rate(seconds: float) -> float:
    """Clearing the shipped worked example from its JSON, over and over."""
    content = json.loads(files("loadtests").joinpath("clear_case.json").read_bytes())
    done = 0
    begin = perf_counter()
    while perf_counter() - begin < seconds:
        assert clear(read_case(content)).balanced, "the worked example balances"
        done += 1
    return done / (perf_counter() - begin)


def _sources() -> list[AccountKey]:
    return [outside(UUID(int=n + 1)) for n in range(BATCH)]


def _transfer(caller: int) -> Transfer:
    """One fen from a payer to the hot account."""
    return move(
        str(uuid7(system_clock())),
        kind="bench",
        ref="bench",
        source=outside(UUID(int=caller + 1)),
        target=HOT,
        amount_fen=1,
    )


async def _insert(conn: Connection, count: int) -> int:
    """The rows of `count` transfers, two entries each, into tables that check nothing."""
    ids = [uuid7(system_clock()) for _ in range(count)]
    async with conn.transaction():
        await conn.execute(_SQL["plain_transfers"], ids, [str(one) for one in ids], system_clock())
        await conn.execute(_SQL["plain_entries"], ids)
    return count


async def _settle_lot(pool: Pool) -> None:
    """A lot from its sale to its payees: price paid, costs locked, plan approved and paid, payouts confirmed."""
    now = system_clock()
    maker, checker, bank = UUID(int=1), UUID(int=2), UUID(int=3)
    lot_id, buyer_id = uuid7(now), uuid7(now)
    async with pool.acquire() as conn:
        async with conn.transaction():
            sale = await sales.record_sale(
                conn,
                lot_id,
                buyer_id=buyer_id,
                consignor_id=bank,
                venue_id=bank,
                case_id=None,
                hammer_price_fen=238_000_000,
                release_on="PRICE_PAID",
                objection_days=0,
                sold_at=now,
                deadline_at=now + timedelta(days=10),
            )
            await payments.receive(
                conn,
                buyer_id,
                bank_reference=f"bench-{lot_id}",
                amount_fen=sale.due_fen,
                received_at=now,
                lot_id=lot_id,
                now=now,
            )
        async with conn.transaction():
            line = CostLine(
                kind="COST", name="commission", amount_fen=4_760_000, payee_id=bank, payee_name="v"
            )
            sheet = await costs.draft_costs(conn, lot_id, lines=[line], drafted_by=maker, now=now)
            await costs.lock_costs(
                conn, lot_id, content_hash=sheet.content_hash, locked_by=checker, now=now
            )
        async with conn.transaction():
            await _distribute(conn, lot_id, now=now)


async def _distribute(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    maker, checker, bank = UUID(int=1), UUID(int=2), UUID(int=3)
    secured = Secured(party="bank", registered_at=now.date(), principal_fen=10**9)
    plan = await distribution.draft_plan(
        conn,
        lot_id,
        pledgees=[PledgeeClaim(payee=Payee(id=bank, name="bank"), secured=secured)],
        pledgor=Payee(id=UUID(int=4), name="pledgor"),
        venue_name="venue",
        drafted_by=maker,
        now=now,
    )
    await distribution.approve_plan(
        conn, plan.id, content_hash=plan.content_hash, approved_by=checker, now=now
    )
    await distribution.pay_plan(conn, plan.id, now=now)
    for payout in await payments.payouts_of(conn, lot_id):
        await payments.confirm_payout(conn, payout.id, bank_reference=f"out-{payout.id}", now=now)


@asynccontextmanager
async def _database() -> AsyncIterator[Pool]:
    directory = Path(tempfile.mkdtemp(prefix="luochui-bench-"))
    try:
        with Postgres(directory / "postgres") as server:
            url = server.url()
            migrate(url)
            async with asyncpg.create_pool(url, min_size=14, max_size=14) as pool:
                await pool.execute(_SQL["plain_tables"])
                yield pool
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _durability(pool: Pool) -> dict[str, str]:
    """What the server says of itself."""
    names = ("fsync", "synchronous_commit", "full_page_writes")
    return {name: await pool.fetchval("SELECT current_setting($1)", name) for name in names}


async def _integrity(pool: Pool) -> Integrity:
    """Every invariant of the books after the load."""
    async with pool.acquire() as conn:
        result = await check_ledger(conn)
    checked = [f"{check.name}: {check.meaning}" for check in result.checks]
    counted = f"{result.transfers} transfers, {result.entries} entries, {result.accounts} accounts"
    return Integrity(checked=[counted, *checked], ok=result.ok)
