"""Banking moves money once: after a failure at every point, at the same time, and in random order."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from kit import failpoints
from kit.errors import Conflict, LuochuiError
from kit.failpoints import FailpointReached
from kit.ids import uuid7
from settlement import (
    deposits,
    dues,
    instructions,
    ledger,
    matching,
    payee_accounts,
    payment_answers,
    refunds,
    sales,
    statement_files,
)
from settlement.checks import check_ledger
from settlement.ledger import balance
from settlement.payee_accounts import AccountDetails
from tests.settlement.make_bank import (
    BUYER_NAME,
    Owed,
    book,
    camt_of,
    csv_of,
    invoice_due,
    make_account,
    make_owed,
    own_account,
    queue_some,
    some_entry,
    some_statement,
    take_in,
    written,
)
from tests.settlement.make_licences import invoice_year, make_licence
from tests.settlement.make_money import CHECKER, MAKER, VENUE

MODULES = ("statement_files", "matching", "refunds", "instructions", "payment_answers")
POINTS = sorted(
    name
    for name in failpoints.names()
    if name.startswith(tuple(f"settlement.{module}." for module in MODULES))
)
Step = Callable[[asyncpg.Connection], Awaitable[object]]


def test_every_point_is_known() -> None:
    """Each service of banking that moves money has points before and after its step."""
    befores = {name for name in POINTS if ".before_" in name}
    assert {name.replace(".before_", ".after_") for name in befores} == set(POINTS) - befores
    assert {name.split(".")[1] for name in POINTS} == set(MODULES)


class Story:
    """Money comes in by statement and leaves by file, as steps that may each be done again."""

    def __init__(self, owed: Owed, now: datetime) -> None:
        self.owed, self.now = owed, now
        entries = (
            some_entry("B-1", 1000, remittance=written(owed.deposit)),
            some_entry("B-2", 4000, remittance=written(owed.price)),
            some_entry("B-3", 70, counterparty_name="路人", counterparty_account="622299"),
        )
        self.statement = camt_of(some_statement(*entries))

    def steps(self) -> list[Step]:
        """The steps, in order."""
        return [self.take_in, self.send_back, self.draft, self.approve, self.export, self.answer]

    async def take_in(self, conn: asyncpg.Connection) -> None:
        await take_in(conn, now=self.now, content=self.statement)

    async def send_back(self, conn: asyncpg.Connection) -> None:
        entries = await statement_files.entries(conn, VENUE)
        (entry,) = [entry for entry in entries if entry.bank_reference == "B-3"]
        await matching.decide(
            conn,
            VENUE,
            entry.id,
            matching.RETURN,
            reason="nobody's",
            decided_by=MAKER,
            book=book,
            now=self.now,
        )

    async def _file(self, conn: asyncpg.Connection) -> instructions.PaymentFile:
        (file,) = await instructions.page(conn, VENUE, after=None, limit=2)
        return file

    async def draft(self, conn: asyncpg.Connection) -> None:
        if not await instructions.page(conn, VENUE, after=None, limit=1):
            await instructions.draft(
                conn, VENUE, format_="pain.001", drafted_by=MAKER, now=self.now
            )

    async def approve(self, conn: asyncpg.Connection) -> None:
        file = await self._file(conn)
        await instructions.approve(
            conn,
            VENUE,
            file.id,
            content_hash=file.content_hash,
            accounts_hash=file.accounts_hash,
            approved_by=CHECKER,
            now=self.now,
        )

    async def export(self, conn: asyncpg.Connection) -> None:
        file = await self._file(conn)
        await instructions.export(conn, VENUE, file.id, exported_by=MAKER, now=self.now)

    async def answer(self, conn: asyncpg.Connection) -> None:
        file = await self._file(conn)
        (line,) = await instructions.lines(conn, file.id)
        rows = (
            f"message_id,end_to_end_id,status,reason,bank_reference\n"
            f"{file.message_id},{line.end_to_end_id},paid,,D-1\n"
        )
        await payment_answers.receive_statuses(
            conn, VENUE, rows.encode(), received_by=MAKER, now=self.now
        )


async def told(pool: asyncpg.Pool, now: datetime) -> Story:
    """The story's beginning: registered accounts, and a buyer that owes."""
    async with pool.acquire() as conn, conn.transaction():
        await own_account(conn, now=now)
        await make_account(conn, refunds.sender_id("路人", "622299"), now=now)
        return Story(await make_owed(conn, now=now), now)


async def ended_well(pool: asyncpg.Pool, story: Story) -> None:
    """The price is paid, the stranger has the money back, and the books hold."""
    async with pool.acquire() as conn:
        result = await check_ledger(conn)
        assert result.ok, [check for check in result.checks if check.broken]
        assert result.in_custody_fen == 5000
        assert (await sales.get(conn, story.owed.sale.lot_id)).state == sales.PRICE_PAID
        assert await balance(conn, statement_files.unmatched(VENUE)) == 0


@pytest.mark.parametrize("point", POINTS)
async def test_a_failure_anywhere_moves_the_money_once(
    point: str, database: asyncpg.Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step at the point fails, is done again, and once more: the end is as if nothing had happened."""
    story = await told(database, now)
    failed = 0
    for step in story.steps():
        async with database.acquire() as conn:
            monkeypatch.setenv("LUOCHUI_FAILPOINTS", f"{point}=raise")
            try:
                async with conn.transaction():
                    await step(conn)
            except FailpointReached:
                failed += 1
            monkeypatch.delenv("LUOCHUI_FAILPOINTS")
            for _ in range(2):
                async with conn.transaction():
                    await step(conn)
    assert failed > 0, f"{point} is never reached"
    await ended_well(database, story)


async def at_once(pool: asyncpg.Pool, *steps: Step) -> list[object]:
    """Steps at the same time, each in a transaction of its own; refusals are answers."""

    async def one(step: Step) -> object:
        async with pool.acquire() as conn, conn.transaction():
            return await step(conn)

    answers = await asyncio.gather(*(one(step) for step in steps), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, LuochuiError):
            raise answer
    return list(answers)


async def test_every_step_at_once_is_done_once(database: asyncpg.Pool, now: datetime) -> None:
    """Each step by six workers at the same time comes out as if one had done it."""
    story = await told(database, now)
    for step in story.steps():
        await at_once(database, *[step] * 6)
    await ended_well(database, story)
    counts = await database.fetchrow(
        "SELECT (SELECT count(*) FROM settlement.bank_entries) AS entries,"
        " (SELECT count(*) FROM settlement.payments_in) AS payments,"
        " (SELECT count(*) FROM settlement.payouts) AS payouts,"
        " (SELECT count(*) FROM settlement.payment_files) AS files"
    )
    assert dict(counts or {}) == {"entries": 3, "payments": 2, "payouts": 1, "files": 1}


async def test_two_drafts_at_once_share_no_payout(database: asyncpg.Pool, now: datetime) -> None:
    """Eight people draft at the same time: each payout is in one file, and is sent once."""
    payee = uuid7(now)

    async def prepare(conn: asyncpg.Connection) -> list[UUID]:
        await own_account(conn, now=now)
        await make_account(conn, payee, now=now)
        return await queue_some(conn, [5] * 10, payee_id=payee, now=now)

    (ids,) = await at_once(database, prepare)
    assert isinstance(ids, list)

    def draft(chosen: list[UUID]) -> Step:
        return lambda conn: instructions.draft(
            conn, VENUE, format_="csv", payout_ids=chosen, drafted_by=MAKER, now=now
        )

    answers = await at_once(database, *(draft(ids[n : n + 3]) for n in range(8)))
    lines = await database.fetch("SELECT payout_id FROM settlement.payment_lines")
    assert len(lines) == len({row["payout_id"] for row in lines})
    assert any(isinstance(answer, Conflict) for answer in answers)


async def test_an_account_changed_while_its_file_is_exported(
    database: asyncpg.Pool, now: datetime
) -> None:
    """A change of account and an export at the same time: the file is void, or it was sent to the approved account."""
    payee = uuid7(now)
    details = AccountDetails(
        payee_id=payee,
        account_name="新户",
        account_number="888888",
        bank_code="102100099996",
        bank_name="b",
    )
    for number in range(4):
        name = f"{number:02}"

        async def prepare(
            conn: asyncpg.Connection, number: int = number, name: str = name
        ) -> tuple[UUID, UUID, bytes]:
            if number == 0:
                await own_account(conn, now=now)
                await make_account(conn, payee, account_number="777700", now=now)
            await conn.execute("UPDATE settlement.payee_accounts SET usable_at = $1", now)
            await refunds.send_back(
                conn, ledger.outside(payee), holder_id=VENUE, payee_id=payee, payee_name="x",
                subject=name, amount_fen=5, now=now,
            )  # fmt: skip
            file = await instructions.draft(conn, VENUE, format_="csv", drafted_by=MAKER, now=now)
            await instructions.approve(
                conn, VENUE, file.id, content_hash=file.content_hash,
                accounts_hash=file.accounts_hash, approved_by=CHECKER, now=now,
            )  # fmt: skip
            changed = AccountDetails(
                payee_id=payee,
                account_name=details.account_name,
                account_number=f"8888{name}",
                bank_code=details.bank_code,
                bank_name=details.bank_name,
            )
            proposed = await payee_accounts.propose(
                conn, VENUE, changed, reason="r", proposed_by=MAKER, now=now
            )
            return file.id, proposed.id, proposed.account_hash

        (prepared,) = await at_once(database, prepare)
        assert isinstance(prepared, tuple)
        file_id, account_id, account_hash = prepared

        await at_once(
            database,
            lambda conn, f=file_id: instructions.export(conn, VENUE, f, exported_by=MAKER, now=now),
            lambda conn, a=account_id, h=account_hash: payee_accounts.approve(
                conn, VENUE, a, account_hash=h, approved_by=CHECKER, now=now
            ),
        )
        async with database.acquire() as conn:
            file = await instructions.get(conn, VENUE, file_id)
            assert file.state in (instructions.VOID, instructions.EXPORTED)
            lines = await instructions.lines(conn, file_id)
            is_sent = file.state == instructions.EXPORTED
            expected = ("SENT", "PENDING") if is_sent else ("QUEUED", "DROPPED")
            assert {(line.payout_state, line.state) for line in lines} == {expected}


@pytest.mark.parametrize("seed", range(12))
async def test_random_sequences_keep_the_books(
    seed: int, conn: asyncpg.Connection, now: datetime
) -> None:
    """Files, decisions, refunds, drafts, exports and answers in any order, refusals included: every check holds."""
    draw = random.Random(seed)
    await own_account(conn, now=now)
    owed = [await make_owed(conn, now=now) for _ in range(3)]
    licence = await make_licence(conn, case_id=None, now=now)
    invoice = await invoice_year(conn, licence, 2026, sales_fen=100_000, now=now)
    world = RandomWorld(draw, owed, await invoice_due(conn, invoice.id, now=now), now)
    for _ in range(40):
        step = draw.choice(world.steps())
        savepoint = conn.transaction()
        await savepoint.start()
        try:
            await step(conn)
        except LuochuiError:
            await savepoint.rollback()
            continue
        if draw.random() < 0.15:  # as if the process had died before the commit
            await savepoint.rollback()
        else:
            await savepoint.commit()
    result = await check_ledger(conn)
    assert result.ok, [check for check in result.checks if check.broken]
    came = await conn.fetchval(
        "SELECT coalesce(sum(amount_fen), 0)::bigint FROM settlement.bank_entries WHERE direction = 'CREDIT'"
    )
    left = await conn.fetchval(
        "SELECT coalesce(sum(amount_fen), 0)::bigint FROM settlement.payouts WHERE state = 'PAID'"
    )
    assert result.in_custody_fen == came - left
    assert came > 0


class RandomWorld:
    """Steps with drawn arguments."""

    def __init__(self, draw: random.Random, owed: list[Owed], fee: dues.Due, now: datetime) -> None:
        self.draw, self.owed, self.fee, self.now = draw, owed, fee, now
        self.sent: list[bytes] = []

    def steps(self) -> list[Step]:
        """What may happen next."""
        return [self.statement, self.statement, self.repeat, self.decide, self.second, self.release,
                self.register, self.draft, self.send, self.answer]  # fmt: skip

    async def statement(self, conn: asyncpg.Connection) -> None:
        entries = []
        for _ in range(self.draw.randint(1, 4)):
            owed = self.draw.choice(self.owed)
            due = self.draw.choice([owed.deposit, owed.price, self.fee])
            open_fen = await dues.open_fen(conn, due)
            amount_fen = max(1, open_fen + self.draw.choice([0, 0, 0, -1, 1, -300]))
            name = self.draw.choice([BUYER_NAME, BUYER_NAME, "路人"])
            entries.append(
                some_entry(
                    f"B-{self.draw.randint(1, 60)}",
                    amount_fen,
                    remittance=self.draw.choice([written(due), written(due), "?"]),
                    counterparty_name=name,
                )
            )
        content = self.draw.choice([camt_of, csv_of])(some_statement(*entries))
        self.sent.append(content)
        await take_in(conn, now=self.now, content=content)

    async def repeat(self, conn: asyncpg.Connection) -> None:
        if self.sent:
            await take_in(conn, now=self.now, content=self.draw.choice(self.sent))

    async def decide(self, conn: asyncpg.Connection) -> None:
        queue = await statement_files.entries(conn, VENUE, states=["OPEN", "HELD"])
        if queue:
            action = self.draw.choice([matching.ASSIGN, matching.RETURN, matching.HOLD])
            due = self.draw.choice([*(owed.price for owed in self.owed), self.fee]).reference
            await matching.decide(
                conn, VENUE, self.draw.choice(queue).id, action,
                due_reference=due if action == matching.ASSIGN else None, reason="drawn",
                decided_by=MAKER, book=book, now=self.now, two_people_above_fen=2000,
            )  # fmt: skip

    async def second(self, conn: asyncpg.Connection) -> None:
        row = await conn.fetchrow(
            "SELECT id FROM settlement.bank_decisions WHERE state = 'PROPOSED' LIMIT 1"
        )
        if row is not None:
            await matching.second(
                conn, VENUE, row["id"], agreed=self.draw.random() < 0.7, reason="drawn",
                second_by=self.draw.choice([MAKER, CHECKER]), book=book, now=self.now,
            )  # fmt: skip

    async def release(self, conn: asyncpg.Connection) -> None:
        owed = self.draw.choice(self.owed)
        for deposit in await deposits.of_lot(conn, owed.sale.lot_id):
            await deposits.release(conn, deposit.id, now=self.now)
            await refunds.refund_deposit(
                conn, deposit.id, holder_id=VENUE, payee_name=BUYER_NAME, now=self.now
            )

    async def register(self, conn: asyncpg.Connection) -> None:
        for payout in await instructions.waiting(conn, VENUE, now=self.now):
            if payout.not_ready == "no_account":
                await make_account(conn, payout.payee_id, now=self.now)

    async def draft(self, conn: asyncpg.Connection) -> None:
        await instructions.draft(
            conn, VENUE, format_=self.draw.choice(["pain.001", "csv"]), drafted_by=MAKER, now=self.now
        )  # fmt: skip

    async def send(self, conn: asyncpg.Connection) -> None:
        files = await instructions.page(conn, VENUE, after=None, limit=9)
        if files:
            file = self.draw.choice(files)
            with pytest.raises(LuochuiError):
                async with conn.transaction():
                    await instructions.approve(
                        conn, VENUE, file.id, content_hash=file.content_hash,
                        accounts_hash=file.accounts_hash, approved_by=MAKER, now=self.now,
                    )  # fmt: skip
            await instructions.approve(
                conn, VENUE, file.id, content_hash=file.content_hash,
                accounts_hash=file.accounts_hash, approved_by=CHECKER, now=self.now,
            )  # fmt: skip
            await instructions.export(conn, VENUE, file.id, exported_by=MAKER, now=self.now)

    async def answer(self, conn: asyncpg.Connection) -> None:
        files = await instructions.page(conn, VENUE, after=None, limit=9)
        if files:
            file = self.draw.choice(files)
            rows = "message_id,end_to_end_id,status,reason,bank_reference\n" + "".join(
                f"{file.message_id},{line.end_to_end_id},{self.draw.choice(['paid', 'accepted', 'rejected'])},r,"
                f"D-{line.end_to_end_id}\n"
                for line in await instructions.lines(conn, file.id)
            )
            await payment_answers.receive_statuses(
                conn, VENUE, rows.encode(), received_by=MAKER, now=self.now
            )
