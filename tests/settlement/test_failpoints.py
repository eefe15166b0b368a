"""Every money-moving step fails at every registered point, is done again, and has moved its money once."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from kit import failpoints
from kit.failpoints import FailpointReached
from kit.ids import uuid7
from settlement import (
    cases,
    compensation,
    costs,
    deposits,
    distribution,
    funds,
    ledger,
    payments,
    recoveries,
    sales,
    statements,
)
from settlement.checks import check_ledger
from settlement.distribution import Payee, PledgeeClaim
from settlement.ledger import balance
from settlement.rules.case import Loan, RecoveryEvent
from settlement.rules.waterfall import Secured
from tests.settlement.make_money import (
    BANK,
    BORROWER,
    CHECKER,
    FUND,
    MAKER,
    SECOND_CHECKER,
    TREASURY,
    VENUE,
    example_costs,
    scheme_with_advance,
)

POINTS = sorted(
    name
    for name in failpoints.names()
    if name.startswith("settlement.")
    and not name.startswith("settlement.forfeitures.")  # its own test
    # Banking's points have a test of their own, test_bank_failpoints.
    and not name.startswith(
        (
            "settlement.statement_files.",
            "settlement.matching.",
            "settlement.refunds.",
            "settlement.instructions.",
            "settlement.payment_answers.",
            # Those of `test_orders_of_two` and `test_killed_midway`.
            "settlement.orders.",
            "settlement.rescissions.",
            "settlement.instalments.",
        )
    )
)
Step = Callable[[asyncpg.Connection], Awaitable[object]]
LOSER, LATE, BUYER = UUID(int=21), UUID(int=22), UUID(int=23)


class Story:
    """A whole case as steps that may each be done again: what a worker does after a crash."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.lot_id, self.case_id, self.plan_id = uuid7(now), uuid7(now), uuid7(now)

    def steps(self) -> list[Step]:
        """The steps, in order."""
        return [
            self.fund,
            self.claim,
            self.review,
            self.advance,
            self.money,
            self.deposit,
            self.sell,
            *self.ends(),
        ]

    def ends(self) -> list[Step]:
        return [self.release, self.forfeit, self.apply, self.pay, self.plan, self.distribute, self.pay_out,
                self.recover, self.clear, self.return_it, self.issue]  # fmt: skip

    async def fund(self, conn: asyncpg.Connection) -> None:
        await funds.receive(
            conn, FUND, source_id=TREASURY, amount_fen=10**9, bank_reference="B", now=self.now
        )

    async def claim(self, conn: asyncpg.Connection) -> None:
        file = scheme_with_advance()
        await cases.add_scheme(conn, file, now=self.now)
        case = await cases.enrol_loan(
            conn,
            file.id,
            file.version,
            lender_id=BANK,
            borrower_id=BORROWER,
            loan_number="L",
            contract_hash=b"c" * 32,
            parties={"bank": BANK, "fund": FUND},
            now=self.now,
        )
        self.case_id = case.id
        if case.state == cases.LOAN_ENROLLED:
            await cases.confirm_default(conn, case.id, now=self.now)
            loan = Loan(amount_fen=100_000_000, principal_fen=100_000_000)
            await compensation.apply_claim(conn, case.id, loan=loan, applied_by=MAKER, now=self.now)

    async def review(self, conn: asyncpg.Connection) -> None:
        case = await cases.get(conn, self.case_id)
        for reviewer_id in (CHECKER, SECOND_CHECKER):
            await compensation.review_claim(
                conn,
                case.id,
                reviewer_id=reviewer_id,
                approved=True,
                reason="agreed",
                reviewed_hash=compensation.claim_hash(case),
                now=self.now,
            )

    async def advance(self, conn: asyncpg.Connection) -> None:
        await compensation.pay_advance(conn, self.case_id, paid_by=CHECKER, now=self.now)

    async def money(self, conn: asyncpg.Connection) -> None:
        for bidder_id in (LOSER, LATE, BUYER):
            await deposits.receive(
                conn,
                bidder_id,
                holder_id=VENUE,
                bank_reference=f"in-{bidder_id}",
                amount_fen=1000,
                received_at=self.now,
                now=self.now,
            )

    async def deposit(self, conn: asyncpg.Connection) -> None:
        for bidder_id in (LOSER, LATE, BUYER):
            await deposits.hold(
                conn, self.lot_id, bidder_id, holder_id=VENUE, amount_fen=600, now=self.now
            )

    async def sell(self, conn: asyncpg.Connection) -> None:
        await sales.record_sale(
            conn,
            self.lot_id,
            buyer_id=BUYER,
            consignor_id=BANK,
            venue_id=VENUE,
            case_id=self.case_id,
            hammer_price_fen=90_000_000,
            deadline_at=self.now,
            sold_at=self.now,
            release_on="PRICE_PAID",
            objection_days=0,
        )

    async def _deposit_of(self, conn: asyncpg.Connection, bidder_id: UUID) -> UUID:
        return next(
            d.id for d in await deposits.of_lot(conn, self.lot_id) if d.bidder_id == bidder_id
        )

    async def release(self, conn: asyncpg.Connection) -> None:
        await deposits.release(conn, await self._deposit_of(conn, LOSER), now=self.now)

    async def forfeit(self, conn: asyncpg.Connection) -> None:
        await deposits.forfeit(conn, await self._deposit_of(conn, LATE), now=self.now)

    async def apply(self, conn: asyncpg.Connection) -> None:
        await deposits.apply_to_price(conn, await self._deposit_of(conn, BUYER), now=self.now)

    async def pay(self, conn: asyncpg.Connection) -> None:
        await payments.receive(
            conn,
            BUYER,
            bank_reference="price",
            amount_fen=90_000_000 - 600,
            received_at=self.now,
            lot_id=self.lot_id,
            now=self.now,
        )

    async def plan(self, conn: asyncpg.Connection) -> None:
        if (await sales.get(conn, self.lot_id)).state != sales.PRICE_PAID:
            return
        lines = example_costs(commission_fen=100, stamp_fen=10)
        sheet = await costs.draft_costs(
            conn, self.lot_id, lines=lines, drafted_by=MAKER, now=self.now
        )
        await costs.lock_costs(
            conn, self.lot_id, content_hash=sheet.content_hash, locked_by=CHECKER, now=self.now
        )
        secured = Secured(party="bank", registered_at=self.now.date(), principal_fen=100_000_000)
        plan = await distribution.draft_plan(
            conn,
            self.lot_id,
            pledgees=[PledgeeClaim(payee=Payee(id=BANK, name="bank"), secured=secured)],
            pledgor=Payee(id=BORROWER, name="pledgor"),
            venue_name="venue",
            drafted_by=MAKER,
            now=self.now,
        )
        await distribution.approve_plan(
            conn, plan.id, content_hash=plan.content_hash, approved_by=CHECKER, now=self.now
        )

    async def distribute(self, conn: asyncpg.Connection) -> None:
        plan = await distribution.of_lot(conn, self.lot_id)
        await distribution.pay_plan(conn, plan.id, now=self.now)

    async def pay_out(self, conn: asyncpg.Connection) -> None:
        for subject_id in (self.lot_id, self.case_id):
            for payout in await payments.payouts_of(conn, subject_id):
                await payments.confirm_payout(
                    conn, payout.id, bank_reference=f"o{payout.id}", now=self.now
                )

    async def recover(self, conn: asyncpg.Connection) -> None:
        event = RecoveryEvent(id="sale", gross_fen=90_000_000)
        await recoveries.record_recovery(conn, self.case_id, event, now=self.now)

    async def clear(self, conn: asyncpg.Connection) -> None:
        await recoveries.final_clearing(conn, self.case_id, cleared_by=CHECKER, now=self.now)

    async def return_it(self, conn: asyncpg.Connection) -> None:
        await recoveries.record_return(
            conn,
            self.case_id,
            fund_party="fund",
            party="bank",
            amount_fen=16_000_000,
            bank_reference="R",
            now=self.now,
        )

    async def issue(self, conn: asyncpg.Connection) -> None:
        await statements.issue_clearing(conn, self.case_id, now=self.now)


@pytest.mark.parametrize("point", POINTS)
async def test_a_failure_anywhere_moves_the_money_once(
    point: str, database: asyncpg.Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step at the point fails, is done again, and once more: the end is as if nothing had happened."""
    story = Story(now)
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
    async with database.acquire() as conn:
        result = await check_ledger(conn)
        assert result.ok, [check for check in result.checks if check.broken]
        case = await cases.get(conn, story.case_id)
        assert case.state == cases.CLOSED
        assert await balance(conn, ledger.fund_account(FUND)) == 10**9 - 4_000_000
        assert await balance(conn, ledger.forfeited(story.lot_id)) == 600
        assert await balance(conn, ledger.client_money(LOSER, VENUE)) == 1000
        cash_fen = await balance(conn, ledger.outside(BANK, case.ref))
        assert cash_fen == 90_000_000 - 100 - 10 - 3_000_000 - 562_137 + 20_000_000 - 16_000_000


def test_every_point_is_known() -> None:
    """Each service that moves money has points before and after its step."""
    befores = {name for name in POINTS if ".before_" in name}
    assert {name.replace(".before_", ".after_") for name in befores} == set(POINTS) - befores
    assert len(POINTS) >= 30
