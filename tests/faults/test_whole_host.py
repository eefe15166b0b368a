"""The whole host goes dark while a sale is closed and settled; and everything at once, at random."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import redis

from kit.embedded import Postgres, Valkey
from kit.errors import LuochuiError
from marketplace.app import create_app
from marketplace.resources import open_resources
from settlement.checks import check_ledger
from tests.faults import nemesis
from tests.faults.check import check
from tests.faults.claiming import Claiming, at_once
from tests.faults.client import Habits, HttpDesk, Load
from tests.faults.cluster import Case, Site, copied, site
from tests.faults.evidence import all_holds, collect, require_none
from tests.faults.money_check import Money
from tests.faults.nemesis import Disk, Shim
from tests.faults.proxy import Proxy
from tests.faults.test_journal import back_up
from tests.make_people import client_of
from tests.make_stage import (
    DEPOSIT_FEN,
    START_FEN,
    STEP_FEN,
    Person,
    Refused,
    Stage,
    money,
    open_stage,
)

Counted = Callable[[int, int], int]
#: What a client meets while the host is down; everything is tried again after the boot.
_DOWN = (
    Refused,
    LuochuiError,
    OSError,
    AssertionError,
    httpx.HTTPError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    redis.RedisError,
)
#: About as long as all requests of a claim take.
_CLAIM_SECONDS = 1.0
_ENDED = ("RELEASED", "APPLIED_TO_PRICE", "FORFEITED", "PARTLY_FORFEITED")


class Host:
    """Database and engine on one disk that can lose its power."""

    def __init__(self, disk: Disk, template: Path) -> None:
        self._disk = disk
        self.postgres = Postgres(copied(template, disk.path / "pg"))
        self.engine = Valkey(disk.path / "engine")

    async def boot(self) -> None:
        """Start both servers."""
        await back_up(self.postgres)
        await asyncio.to_thread(self.engine.start)

    def go_dark(self) -> None:
        """The power fails, and comes back; nothing is started yet."""
        self._disk.cut_power(self.postgres.pid, self.engine.pid)
        self.postgres.kill()
        self.engine.kill()
        self._disk.restore_power()

    def stop(self) -> None:
        """End what runs."""
        self.engine.stop()
        self.postgres.stop()


@contextlib.asynccontextmanager
async def rebooted(stage: Stage) -> AsyncIterator[Stage]:
    """The application started anew on the same servers, with the same people."""
    async with (
        open_resources(stage.resources.settings) as resources,
        client_of(create_app(resources)) as client,
    ):
        # whoever had a lease of a minute on a duty is dead: nobody waits for it here
        await resources.pool.execute(
            "UPDATE market.duties SET lease_until = now() WHERE state = 'running'"
        )
        names = ("operator", "checker", "bank_maker", "bank_checker")
        people = {name: getattr(stage, name) for name in names}
        yield Stage(
            resources,
            client,
            stage.parties,
            {name: Person(client, one.caller, one.headers) for name, one in people.items()},
        )


class Settling:
    """What people do after the hammer. Each request has its key, so that all of it may be done again."""

    cost_fen = 4_000_000

    def __init__(self, lot: str, price_fen: int) -> None:
        self._path = f"/v1/lots/{lot}"
        self._key = f"{lot[-12:]}-settling"
        self._rest = money(price_fen - DEPOSIT_FEN)
        self._line = {
            "kind": "COST",
            "name": "venue commission 交易服务费",
            "amount_fen": self.cost_fen,
            "payee_name": "Venue",
            "payee_code": "VENUE",
        }

    async def run(self, stage: Stage) -> dict[str, Any]:
        """Confirmation, payment, costs, plan, approval, payment out."""
        await self._post(stage.operator, "confirmation")
        await self._post(stage.operator, "payments", self._rest)
        costs = await self._post(stage.operator, "costs", {"lines": [self._line]})
        await self._post(stage.checker, "costs/lock", {"content_hash": costs["content_hash"]})
        plan = await self._post(stage.bank_maker, "distribution")
        seen = {"content_hash": plan["content_hash"]}
        await self._post(stage.bank_checker, "distribution/approve", seen)
        return await self._post(stage.operator, "distribution/pay")

    async def _post(self, who: Person, what: str, body: object = None) -> dict[str, Any]:
        key = f"{self._key}-{what.replace('/', '-')}"
        return dict(await who.post(f"{self._path}/{what}", body, key=key))


@pytest.mark.usefixtures("root")
async def test_f35_power_cut_during_close_and_settlement(
    case: Case, durable_template: Path, scratch: Valkey, counted: Counted
) -> None:
    """Cut while it closes, while it settles and while a claim on a fund ends: one result, and every fen moves once."""
    for _ in range(counted(1, 30)):
        with Disk(case.directory, megabytes=900) as disk:
            host = Host(disk, durable_template)
            try:
                await host.boot()
                await one_sale(case, host, scratch)
            finally:
                host.stop()


async def one_sale(case: Case, host: Host, scratch: Valkey) -> None:
    """Bids, then three cuts, then everything is checked.

    The first is about the close, while a claim on a fund is drafted, reviewed and advanced; the second in the
    settlement, while the bank enters what came in beside it; the third between the sale's recovery and the return.
    """
    async with open_stage(host.postgres.url(), host.engine.url, case.directory) as stage:
        lot = await stage.published(lasts=2.0)
        load = await bidding(case, stage, lot)
        claiming = await Claiming.prepared(stage, lot)
        cut = 1.0 + case.rnd.random() * 3.5
        advancing = later(cut - case.rnd.random() * _CLAIM_SECONDS, claiming.until_advanced(stage))
        await until_dark(host, at_once(stage.until_closed(lot), advancing), after_seconds=cut)
    await host.boot()
    async with rebooted(stage) as second:
        await claiming.until_advanced(second)
        closed = await second.until_confirmed(lot)
        assert closed["status"] == "awaiting_payment"
        sale = await second.anyone.get(f"/v1/lots/{lot['id']}/sale")
        settling = Settling(lot["id"], sale["price_fen"])
        claiming.sold(sale["price_fen"], settling.cost_fen)
        work = at_once(settling.run(second), claiming.early_receipt(second))
        await until_dark(host, work, after_seconds=case.rnd.random() * 0.4)
    await host.boot()
    async with rebooted(stage) as third:
        paid = await settling.run(third)
        assert paid["state"] == "PAID"
        await third.work()
        seconds = case.rnd.random() * _CLAIM_SECONDS
        await until_dark(host, claiming.to_the_end(third), after_seconds=seconds)
    await host.boot()
    async with rebooted(stage) as fourth:
        claim = await claiming.to_the_end(fourth)
        assert claim["status"] == "closed"
        assert await settling.run(fourth) == paid
        await fourth.work()
        await everything_holds(case, host, fourth, UUID(lot["id"]), claiming, scratch=scratch)
    assert load.undecided == 0


async def later(seconds: float, work: Awaitable[object]) -> None:
    """Begin with some work after a while."""
    await asyncio.sleep(seconds)
    await work


async def bidding(case: Case, stage: Stage, lot: dict[str, Any]) -> Load:
    """Two agencies bid over HTTP."""
    people = [await stage.deposited(lot) for _ in range(2)]
    keys = {bidder["paddle"]: one.headers for one, bidder in people}
    await stage.until_open(lot)
    habits = Habits(
        per_second=20,
        paddles=tuple(keys),
        start_fen=START_FEN,
        step_fen=STEP_FEN,
        reuse=0,
        proxy=0,
    )
    load = Load(HttpDesk(stage.client, keys), case.history, [lot["id"]], case.rnd, habits=habits)
    async with load.running():
        await load.until_accepted(5)
    await load.settled()
    return load


async def until_dark(host: Host, work: Awaitable[object], *, after_seconds: float) -> None:
    """Let `work` go on for a while, then cut the power under it."""
    task = asyncio.ensure_future(work)
    await asyncio.wait({task}, timeout=after_seconds)
    await asyncio.to_thread(host.go_dark)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, *_DOWN):
        await task


async def everything_holds(
    case: Case, host: Host, stage: Stage, lot: UUID, claiming: Claiming, *, scratch: Valkey
) -> None:
    """I1 to I13 of the auction, I8 to I10 of the money, and the books' own checks."""
    dark = Site(case, host.engine, host.postgres.url(), stage.pool, stage.engine)
    dark.auctions, dark.closing, dark.live_after_seconds = [lot], [lot], 0.0
    final = await collect(dark, scratch=scratch)
    final.money = await money_of(stage, lot, claiming)
    found = check(case.history.records, final)
    require_none(found)
    async with stage.pool.acquire() as conn:
        books = await check_ledger(conn)
    assert books.ok, [one for one in books.checks if one.broken]


async def money_of(stage: Stage, lot: UUID, claiming: Claiming) -> Money:
    """The ledger as the checker wants it."""
    entries = await stage.pool.fetch(
        "SELECT transfer_id::text, account_id::text, amount_fen FROM settlement.entries"
    )
    transfers: dict[str, list[int]] = {}
    sums: dict[str, int] = {}
    for transfer, account, amount in entries:
        transfers.setdefault(transfer, []).append(amount)
        sums[account] = sums.get(account, 0) + amount
    balances = await stage.pool.fetch("SELECT id::text, balance_fen FROM settlement.accounts")
    plans = await stage.pool.fetchval(
        "SELECT count(*) FROM settlement.plans WHERE lot_id = $1 AND state = 'PAID'", lot
    )
    deposits = await stage.pool.fetch("SELECT id::text, state FROM settlement.deposits")
    return Money(
        transfers=transfers,
        balances={account: (balance, None) for account, balance in balances},
        entry_sums=sums,
        settlements={str(lot): plans},
        deposits={each: [state] if state in _ENDED else [] for each, state in deposits},
        fund=await claiming.fund(stage),
    )


@pytest.mark.long_runs(100)
async def test_f39_everything_at_random(
    case: Case, shim: Shim, durable_postgres: Postgres, scratch: Valkey, counted: Counted
) -> None:
    """Three faults at a time, drawn from all, one after the other: whatever they do together, everything holds."""
    await asyncio.to_thread(durable_postgres.start)
    server = Valkey(case.directory / "engine", environment=shim.environment)
    with server:
        async with (
            Proxy(server.socket_path, case.directory / "proxy.sock") as proxy,
            site(
                case,
                server,
                durable_postgres.url(),
                gateway_url=proxy.url,
                call_seconds=1,
                closes_in_ms=10_000,
            ) as running,
        ):
            load = running.load()
            async with load.running():
                for _ in range(counted(6, 30)):
                    faults = faults_of(case, shim, proxy, running, durable_postgres)
                    chosen = case.rnd.sample(list(faults), 3)
                    print("faults:", *(one.__name__ for one in chosen))
                    await asyncio.gather(*(one() for one in chosen))
                    await asyncio.sleep(case.rnd.random())
                await back_up(durable_postgres)
                await load.until_accepted(30, seconds=60)
            await load.settled()
            await running.until_alive(seconds=60)
            await all_holds(running, load, scratch=scratch, fenced=False)


Faults = tuple[Callable[[], Awaitable[None]], ...]


def faults_of(case: Case, shim: Shim, proxy: Proxy, running: Site, postgres: Postgres) -> Faults:
    """What may go wrong, each for a moment, each healed by itself."""

    async def a_moment(longest: float = 1.5) -> None:
        await asyncio.sleep(0.1 + case.rnd.random() * longest)

    async def kill_the_engine() -> None:
        if running.server.is_running():
            nemesis.kill(running.server.pid)
        await a_moment()

    async def pause_the_engine() -> None:
        if running.server.is_running():
            pid = running.server.pid
            nemesis.send(pid, signal.SIGSTOP)
            await a_moment()
            nemesis.resume(pid)

    async def kill_the_database() -> None:
        if postgres.is_running():
            nemesis.kill(postgres.pid)
            postgres.kill()
        await a_moment()
        await back_up(postgres)

    killing = (kill_the_engine, pause_the_engine, kill_the_database)
    return killing + faults_of_the_line(proxy, a_moment) + faults_of_the_host(case, shim, a_moment)


def faults_of_the_line(proxy: Proxy, a_moment: Callable[..., Awaitable[None]]) -> Faults:
    """What happens between gateway and engine."""

    async def lose_replies() -> None:
        proxy.mode = "drop_replies"
        await a_moment()
        proxy.mode = "ok"

    async def stall() -> None:
        proxy.mode = "stall"
        await a_moment()
        proxy.mode = "ok"

    async def cut() -> None:
        await a_moment(0.5)
        proxy.cut()

    return (lose_replies, stall, cut)


def faults_of_the_host(case: Case, shim: Shim, a_moment: Callable[..., Awaitable[None]]) -> Faults:
    """What happens to the engine's clock and disk."""

    def fault(slot: str, *values: int) -> Callable[[], Awaitable[None]]:
        async def happen() -> None:
            shim[slot] = case.rnd.choice(values)
            await a_moment()
            shim[slot] = 0

        happen.__name__ = slot
        return happen

    return (
        fault("clock_us", 3_600_000_000, -70_000_000, 300_000),
        fault("sync_delay_us", 30_000),
        fault("syncs_left", 1, 5, 30),
    )
