"""A process that dies in the middle of a step that moves money, every step at once, and that no point is forgotten."""

import asyncio
import importlib
import os
import pkgutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest

import settlement
from kit import failpoints
from kit.failpoints import FailpointReached
from settlement import (
    buyer_claims,
    cases,
    clawbacks,
    instalments,
    ledger,
    payments,
    recoveries,
    reopening,
    returning,
)
from settlement.checks import check_ledger
from settlement.ledger import balance
from settlement.rules.case import Loan, RecoveryEvent
from settlement.schemes import OperatingTerms
from tests.settlement import test_bank_once, test_failpoints, test_orders_of_two
from tests.settlement.make_money import (
    CHECKER,
    FUND,
    MAKER,
    VENUE,
    confirm_payouts,
    make_claim,
    make_sale,
    review_and_advance,
    scheme_with_advance,
)
from tests.settlement.owing_story import OwingStory
from tests.settlement.test_failpoints import Story

KILLED_AT = (
    "settlement.compensation.after_advance",
    "settlement.deposits.after_apply",
    "settlement.distribution.after_pay",
    "settlement.payments.after_payout",
    "settlement.recoveries.after_recovery",
    "settlement.recoveries.after_final",
)
CLAIM_KILLED_AT = ("buyer_claims.before_receive", "buyer_claims.after_receive")
EXIT_OF_A_KILL = 137


async def ended_well(pool: asyncpg.Pool, story: Story) -> None:
    """The end of the story, to the fen, whatever happened on the way."""
    async with pool.acquire() as conn:
        result = await check_ledger(conn)
        assert result.ok, [check for check in result.checks if check.broken]
        assert (await cases.get(conn, story.case_id)).state == cases.CLOSED
        assert await balance(conn, ledger.fund_account(FUND)) == 10**9 - 4_000_000
        assert await balance(conn, ledger.forfeited(story.lot_id)) == 600


@pytest.mark.parametrize("point", KILLED_AT)
async def test_a_killed_process_has_moved_nothing_twice(
    point: str, database: asyncpg.Pool, database_url: str, now: datetime, tmp_path: Path
) -> None:
    """A process dies between posting and commit; others take the step again, twice at once, and go on."""
    story = Story(now)
    place, story.case_id = await kill("whole", story, point, database_url, tmp_path / "progress")
    await finish(database, story, place)
    await ended_well(database, story)


@pytest.mark.parametrize("point", CLAIM_KILLED_AT)
async def test_a_killed_process_has_passed_on_no_claim_twice(
    point: str, database: asyncpg.Pool, database_url: str, now: datetime, tmp_path: Path
) -> None:
    """A process dies while it books what a defaulter pays; others go on, twice at once: every fen arrives once."""
    story = OwingStory(now)
    place, _ = await kill("owing", story, point, database_url, tmp_path / "progress")
    assert place == story.steps().index(story.pay_some)
    await finish(database, story, place)
    async with database.acquire() as conn:
        claim = await buyer_claims.find(conn, story.lot_id)
        assert claim is not None
        assert (claim.amount_fen, claim.paid_fen) == (130, 130)
        queued = await payments.payouts_of(conn, story.lot_id)
        assert sum(payout.amount_fen for payout in queued) == 400 + 130
        assert await balance(conn, ledger.client_money(claim.debtor_id, VENUE)) == 90 + 60 - 130
        result = await check_ledger(conn)
        assert result.ok, [check for check in result.checks if check.broken]


async def kill(
    name: str, story: Story | OwingStory, point: str, database_url: str, progress: Path
) -> tuple[int, UUID]:
    """Play a story in a process that dies at a point; the step at which it died, and the story's case."""
    command = (sys.executable, "-m", "tests.settlement.run_story", name)
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, database_url, str(story.lot_id), story.now.isoformat(), str(progress)],
        env=os.environ | {"LUOCHUI_FAILPOINTS": f"{point}=exit"},
        check=False,
        capture_output=True,
    )
    assert done.returncode == EXIT_OF_A_KILL, done.stderr.decode()
    place, case_id = (await asyncio.to_thread(progress.read_text)).split()
    return int(place), UUID(case_id)


async def finish(pool: asyncpg.Pool, story: Story | OwingStory, place: int) -> None:
    """The rest of the story, each step twice at the same moment and once more."""
    for step in story.steps()[place:]:

        async def once(step: test_failpoints.Step = step) -> None:
            async with pool.acquire() as conn, conn.transaction():
                await step(conn)

        for answer in await asyncio.gather(once(), once(), return_exceptions=True):
            assert not isinstance(answer, AssertionError), answer
        await once()


async def test_every_step_at_once_moves_the_money_once(
    database: asyncpg.Pool, now: datetime
) -> None:
    """Each step of the story is taken by two workers at the same moment, and again: the end is the same fen."""
    story = Story(now)
    await finish(database, story, 0)
    await ended_well(database, story)


class Ends:
    """What may still follow a clearing: late money, a return that is late, its interest, fraud; and instalments."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.late = now + timedelta(days=60)
        self.lot_id = UUID(int=0)
        self.case_id = UUID(int=0)

    def steps(self) -> list[test_failpoints.Step]:
        """The steps, in order; each may be taken again."""
        return [self.reopen, self.give_back, self.pay_charge, self.agree, self.take_back]

    async def begin(self, conn: asyncpg.Connection) -> None:
        """A cleared claim of 1,000,000 whose scheme charges 8 % a year on what is late, and a sale."""
        terms = OperatingTerms(late_interest_bp_year=800, late_year_days=360)
        file = msgspec.structs.replace(scheme_with_advance(), terms=terms)
        loan = Loan(amount_fen=1_000_000, principal_fen=1_000_000)
        case = await make_claim(conn, loan=loan, now=self.now, file=file)
        await review_and_advance(conn, case, now=self.now)
        await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=self.now)
        await confirm_payouts(conn, case.id, now=self.now)
        self.case_id = case.id
        self.lot_id = (await make_sale(conn, hammer_price_fen=10_000, now=self.now)).lot_id

    async def reopen(self, conn: asyncpg.Connection) -> None:
        event = RecoveryEvent(id="late", gross_fen=400_000)
        await reopening.record_late_recovery(conn, self.case_id, event, now=self.now)

    async def give_back(self, conn: asyncpg.Connection) -> None:
        await recoveries.record_return(
            conn, self.case_id, fund_party="fund", party="bank", amount_fen=160_000,
            bank_reference="R", now=self.late,
        )  # fmt: skip

    async def pay_charge(self, conn: asyncpg.Connection) -> None:
        (charge, *_) = await returning.charges(conn, self.case_id)
        await returning.record_charge_paid(
            conn, self.case_id, charge.id, amount_fen=charge.amount_fen, bank_reference="C",
            now=self.late,
        )  # fmt: skip

    async def agree(self, conn: asyncpg.Connection) -> None:
        parts = [(3000, self.now + timedelta(days=2)), (7000, self.now + timedelta(days=20))]
        order = await instalments.propose(
            conn, self.lot_id, parts=parts, interest_bp_year=345, security="s", reason="r", proposed_by=MAKER,
            now=self.now,
        )  # fmt: skip
        await instalments.agree(
            conn, self.lot_id, content_hash=order.content_hash, agreed_by=CHECKER, now=self.now
        )

    async def take_back(self, conn: asyncpg.Connection) -> None:
        await clawbacks.propose(
            conn, self.case_id, reason="forged", evidence="ab" * 32, proposed_by=MAKER,
            now=self.late,
        )  # fmt: skip
        await clawbacks.decide(conn, self.case_id, decided_by=CHECKER, now=self.late)


ENDS = tuple(
    f"{module}.{side}"
    for module, step in (
        ("reopening", "reopen"),
        ("returning", "charge_paid"),
        ("clawbacks", "clawback"),
        ("settlement.instalments", "agree"),
    )
    for side in (f"before_{step}", f"after_{step}")
)


@pytest.mark.parametrize("point", ENDS)
async def test_an_end_that_fails_is_taken_once(
    point: str, database: asyncpg.Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step at the point fails, and is then taken twice: the fund has every fen back and its interest, once."""
    ends, failed = Ends(now), 0
    async with database.acquire() as conn:
        async with conn.transaction():
            await ends.begin(conn)
        for step in ends.steps():
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
        assert failed == 1, f"{point} is reached {failed} times"
        result = await check_ledger(conn)
        assert result.ok, [check for check in result.checks if check.broken]
        charges = await returning.charges(conn, ends.case_id)
        (paid_fen,) = [one.amount_fen for one in charges if one.settled_at is not None]
        assert [one.amount_fen for one in charges if one.settled_at is None] == [240_000]
        fund_fen = await balance(conn, ledger.fund_account(FUND))
        assert fund_fen == 1_000_000_000 - 240_000 + paid_fen
        assert len(await conn.fetch("SELECT FROM settlement.instalments")) == 2


#: Points with a test of their own: `test_forfeitures`, `test_royalties`.
ELSEWHERE = frozenset(
    {
        *("settlement.forfeitures.before_use", "settlement.forfeitures.after_use"),
        *("royalties.before_receive", "royalties.after_receive"),
        *("royalties.before_distribute", "royalties.after_distribute"),
    }
)


def test_no_point_of_money_is_forgotten() -> None:
    """Every failpoint of every module of settlement is one at which some test fails a step; a new one must be added."""
    for module in pkgutil.walk_packages(settlement.__path__, "settlement."):
        importlib.import_module(module.name)
    registered = {name for name in failpoints.names() if name.split(".")[0] in PACKAGES}
    exercised = {
        *test_failpoints.POINTS,
        *test_bank_once.POINTS,
        *test_orders_of_two.POINTS,
        *ENDS,
        *ELSEWHERE,
        *CLAIM_KILLED_AT,
    }
    assert registered == exercised
    assert set(KILLED_AT) <= exercised


PACKAGES = frozenset(
    {"settlement", "royalties", "reopening", "clawbacks", "returning", "buyer_claims"}
)
