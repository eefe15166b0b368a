"""A random walk over the whole service layer, failing between steps, everything done again: the books reconcile."""

import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kit import failpoints
from kit.errors import LuochuiError
from kit.failpoints import FailpointReached
from kit.ids import uuid7
from settlement import (
    cases,
    clawbacks,
    compensation,
    deposits,
    funds,
    payments,
    recoveries,
    reopening,
    returning,
    royalties,
    royalty_receipts,
    sales,
)
from settlement.checks import check_ledger
from settlement.rules.case import Cost, Loan, RecoveryEvent
from settlement.rules.waterfall import Secured
from tests.settlement import make_detours
from tests.settlement.make_bank import own_account
from tests.settlement.make_explanations import explanations, is_in_both_languages
from tests.settlement.make_licences import invoice_year, make_licence
from tests.settlement.make_money import (
    BANK,
    CHECKER,
    FUND,
    MAKER,
    SECOND_CHECKER,
    TREASURY,
    VENUE,
    confirm_payouts,
    distribute,
    example_costs,
    make_claim,
    make_sale,
    scheme_with_advance,
)

#: Random cases by the thousand go through the same lines again and again (tests/tracing.py).
pytestmark = pytest.mark.untraced

STEPS = int(os.environ.get("LUOCHUI_WALK_STEPS", "800"))
CASES_MAX = 8
Service = Callable[[asyncpg.Connection], Awaitable[object]]
POINTS = sorted(
    name
    for name in failpoints.names()
    if name.startswith(
        ("settlement.", "royalties.", "reopening.", "clawbacks.", "returning.", "buyer_claims.")
    )
)


WANTED = {
    *(
        "do_money",
        "do_hold",
        "do_end_deposit",
        "do_sell",
        "do_pay_price",
        "do_default",
        "do_distribute",
    ),
    *("do_pay_out", "do_claim", "do_review", "do_advance", "do_recover", "do_clear", "do_return"),
    *("do_invoice", "do_next_year", "do_receipt", "do_audit", "do_detour", "do_statement"),
    *("do_use_forfeited", "do_pay_claim"),
}


class Walk:
    """What has been made so far, and what came in by each reference that was accepted."""

    def __init__(self, pool: asyncpg.Pool, seed: int, now: datetime) -> None:
        self.pool, self.random, self.now = pool, Random(seed), now
        self.came_in: dict[str, int] = {}
        self.bidders: list[UUID] = []
        self.lots: list[UUID] = []
        self.deposits: list[UUID] = []
        self.forfeited: list[UUID] = []
        self.cases: list[UUID] = []
        self.invoices: list[UUID] = []
        self.failed = self.done = self.refused = 0
        self.serial = 0

    def reference(self) -> str:
        self.serial += 1
        return f"ref-{self.serial}"

    def pick(self, found: list[UUID]) -> UUID:
        return self.random.choice(found) if found else UUID(int=99)

    async def run(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> bool:
        """Do it, perhaps failing first at some point inside; then perhaps again. Returns whether it was accepted."""
        accepted = False
        attempts = [self.random.random() < 0.3, False, *([False] * (self.random.random() < 0.3))]
        for fails in attempts:
            if fails:
                armed = ",".join(
                    f"{name}=raise" for name in self.random.sample(POINTS, len(POINTS) // 2)
                )
                monkeypatch.setenv("LUOCHUI_FAILPOINTS", armed)
            try:
                async with self.pool.acquire() as conn, conn.transaction():
                    await service(conn)
            except FailpointReached:
                self.failed += 1
            except LuochuiError:
                self.refused += 1
            else:
                accepted = True
                self.done += 1
            finally:
                monkeypatch.delenv("LUOCHUI_FAILPOINTS", raising=False)
        return accepted

    def step(self) -> tuple[Service, dict[str, int]]:
        """A random step with its own arguments, and what comes in when it is accepted."""
        names = [name for name in dir(self) if name.startswith("do_")]
        names += [
            "do_review",
            "do_review",
            "do_advance",
            "do_recover",
            "do_recover",
            *("do_recover", "do_recover", "do_clear", "do_clear"),
            *("do_return", "do_return"),
            "do_detour",
            *("do_breach", "do_use_forfeited", "do_pay_claim", "do_pay_claim"),
            "do_pay_price",
            "do_distribute",
            "do_distribute",
        ]
        made: tuple[Service, dict[str, int]] = getattr(self, self.random.choice(names))()
        return made

    def do_money(self) -> tuple[Service, dict[str, int]]:
        bidder, reference = self.pick(self.bidders), self.reference()
        if self.random.random() < 0.5 or not self.bidders:
            bidder = uuid7(self.now)
            self.bidders.append(bidder)
        fen = self.random.randint(1, 10**9)
        return lambda conn: payments.receive(
            conn, bidder, holder_id=VENUE, bank_reference=reference, amount_fen=fen, received_at=self.now, now=self.now
        ), {reference: fen}  # fmt: skip

    def do_fund(self) -> tuple[Service, dict[str, int]]:
        reference, fen = self.reference(), self.random.randint(1, 10**9)
        return lambda conn: funds.receive(
            conn, FUND, source_id=TREASURY, amount_fen=fen, bank_reference=reference, now=self.now
        ), {f"fund {reference}": fen}

    def do_hold(self) -> tuple[Service, dict[str, int]]:
        lot, bidder, fen = (
            self.pick(self.lots),
            self.pick(self.bidders),
            self.random.randint(1, 10**8),
        )

        async def hold(conn: asyncpg.Connection) -> None:
            made = await deposits.hold(
                conn, lot, bidder, holder_id=VENUE, amount_fen=fen, now=self.now
            )
            self.deposits.append(made.id)

        return hold, {}

    def do_end_deposit(self) -> tuple[Service, dict[str, int]]:
        deposit = self.pick(self.deposits)
        ends = (deposits.release, deposits.forfeit, deposits.forfeit, deposits.apply_to_price)
        step = self.random.choice(ends)

        async def end(conn: asyncpg.Connection) -> None:
            await step(conn, deposit, now=self.now)
            if step is deposits.forfeit:
                self.forfeited.append(deposit)

        return end, {}

    def do_breach(self) -> tuple[Service, dict[str, int]]:
        lot = self.pick(self.lots)

        async def lose(conn: asyncpg.Connection) -> None:
            self.forfeited.append(await make_detours.lose_deposit(conn, lot))

        return lose, {}

    def do_use_forfeited(self) -> tuple[Service, dict[str, int]]:
        deposit, loss_bp = self.pick(self.forfeited), self.random.choice((5_000, 15_000, 40_000))
        return lambda conn: make_detours.use_deposit(conn, deposit, loss_bp), {}

    def do_detour(self) -> tuple[Service, dict[str, int]]:
        lot, deposit = self.pick(self.lots), self.pick(self.deposits)
        steps: list[Service] = [
            lambda conn: make_detours.rescind(conn, lot),
            lambda conn: make_detours.give_back(conn, lot),
            lambda conn: make_detours.agree_to_parts(conn, lot),
            lambda conn: make_detours.pay_by_hand(conn, self.random),
            lambda conn: make_detours.refund(conn, deposit),
        ]
        return self.random.choice(steps), {}

    def do_statement(self) -> tuple[Service, dict[str, int]]:
        reference, fen = self.reference(), self.random.randint(1, 10**8)
        if self.invoices and self.random.random() < 0.5:
            invoice = self.pick(self.invoices)
            return lambda conn: make_detours.take_in_fee(conn, invoice, reference, fen), {
                reference: fen
            }
        return lambda conn: make_detours.take_in(conn, reference, fen), {reference: fen}

    def do_pay_claim(self) -> tuple[Service, dict[str, int]]:
        reference, fen = self.reference(), self.random.randint(1, 4 * 10**7)
        place = self.random.random()
        return lambda conn: make_detours.pay_claim(conn, place, reference, fen), {reference: fen}

    def do_sell(self) -> tuple[Service, dict[str, int]]:
        lot, fen = uuid7(self.now), self.random.randint(10**7, 10**9)
        buyer = self.pick(self.bidders)
        case = self.random.choice([None, *self.cases])
        self.lots.append(lot)
        return lambda conn: make_sale(
            conn, hammer_price_fen=fen, now=self.now, buyer_id=buyer, case_id=case, lot_id=lot
        ), {}

    def do_pay_price(self) -> tuple[Service, dict[str, int]]:
        lot, reference = self.pick(self.lots), self.reference()
        share = self.random.choice((0.3, 1.0, 1.0, 1.2))

        async def pay(conn: asyncpg.Connection) -> None:
            sale = await sales.get(conn, lot)
            fen = (
                known
                if (known := amount.get(reference))
                else max(int((sale.due_fen - sale.paid_fen) * share), 1)
            )
            await payments.receive(
                conn,
                sale.buyer_id,
                bank_reference=reference,
                amount_fen=fen,
                received_at=self.now,
                lot_id=lot,
                now=self.now,
            )
            amount[reference] = fen

        amount: dict[str, int] = {}
        return pay, amount  # fmt: skip

    def do_default(self) -> tuple[Service, dict[str, int]]:
        lot = self.pick(self.lots)
        later = self.now + timedelta(days=11)
        return lambda conn: sales.mark_defaulted(conn, lot, now=later), {}

    def do_distribute(self) -> tuple[Service, dict[str, int]]:
        lot = self.pick(self.lots)

        async def do(conn: asyncpg.Connection) -> None:
            sale = await sales.get(conn, lot)
            secured = Secured(
                party="bank", registered_at=self.now.date(), principal_fen=10**8, interest_fen=10**6
            )
            lines = example_costs(commission_fen=4_760_000, stamp_fen=71_400)
            await distribute(conn, sale, lines=lines, secured=secured, now=self.now)

        return do, {}

    def do_pay_out(self) -> tuple[Service, dict[str, int]]:
        subject = self.pick([*self.lots, *self.cases])
        return lambda conn: confirm_payouts(conn, subject, now=self.now), {}

    def do_claim(self) -> tuple[Service, dict[str, int]]:
        number, principal_fen = self.reference(), self.random.randint(1, 10**9)
        file = scheme_with_advance()

        async def claim(conn: asyncpg.Connection) -> None:
            loan = Loan(
                amount_fen=principal_fen,
                principal_fen=principal_fen,
                interest_fen=principal_fen // 7,
            )
            known = await cases.of_loan(conn, BANK, number)
            if known is None and len(self.cases) < CASES_MAX:
                case = await make_claim(
                    conn, loan=loan, now=self.now, fund_fen=0, number=number, file=file
                )
                self.cases.append(case.id)

        return claim, {}

    def do_review(self) -> tuple[Service, dict[str, int]]:
        case_id, reviewer = self.pick(self.cases), self.random.choice((CHECKER, SECOND_CHECKER))

        async def review(conn: asyncpg.Connection) -> None:
            case = await cases.get(conn, case_id)
            await compensation.review_claim(
                conn,
                case_id,
                reviewer_id=reviewer,
                approved=True,
                reason="agreed",
                reviewed_hash=compensation.claim_hash(case),
                now=self.now,
            )

        return review, {}  # fmt: skip

    def do_advance(self) -> tuple[Service, dict[str, int]]:
        case = self.pick(self.cases)
        return lambda conn: compensation.pay_advance(conn, case, paid_by=CHECKER, now=self.now), {}

    def do_recover(self) -> tuple[Service, dict[str, int]]:
        case, fen = self.pick(self.cases), self.random.randint(1, 10**9)
        cost = Cost(name="cost", amount_fen=self.random.randint(0, fen))
        event = RecoveryEvent(id=self.reference(), gross_fen=fen, costs=(cost,))
        late = self.random.random() < 0.4
        record = reopening.record_late_recovery if late else recoveries.record_recovery
        return lambda conn: record(conn, case, event, now=self.now), {}

    def do_clear(self) -> tuple[Service, dict[str, int]]:
        case = self.pick(self.cases)
        return lambda conn: recoveries.final_clearing(
            conn, case, cleared_by=CHECKER, now=self.now
        ), {}

    def do_return(self) -> tuple[Service, dict[str, int]]:
        reference, late = self.reference(), self.now + timedelta(days=self.random.choice((0, 60)))
        cases_ = self.random.sample(self.cases, len(self.cases)) or [UUID(int=99)]
        amount: dict[str, int] = {}
        chosen = cases_[:1]

        async def give(conn: asyncpg.Connection) -> None:
            if not amount:  # a repeat is of the same case and amount
                for case in cases_:
                    rows = await recoveries.settlements(conn, case)
                    if any(row.amount_fen < 0 and row.settled_at is None for row in rows):
                        chosen[:] = [case]
            rows = await recoveries.settlements(conn, chosen[0])
            row = next((row for row in rows if row.amount_fen < 0 and row.settled_at is None), None)
            fen = amount.get(reference, 0 if row is None else -row.amount_fen)
            await recoveries.record_return(
                conn,
                chosen[0],
                fund_party="fund",
                party="bank",
                amount_fen=fen,
                bank_reference=reference,
                now=late,
            )
            amount[reference] = fen

        return give, amount  # fmt: skip

    def do_pay_charge(self) -> tuple[Service, dict[str, int]]:
        case, reference = self.pick(self.cases), self.reference()
        amount: dict[str, int] = {}

        async def give(conn: asyncpg.Connection) -> None:
            open_charges = [c for c in await returning.charges(conn, case) if c.settled_at is None]
            for charge in open_charges[:1]:
                await returning.record_charge_paid(
                    conn,
                    case,
                    charge.id,
                    amount_fen=charge.amount_fen,
                    bank_reference=f"{reference}-{charge.id}",
                    now=self.now,
                )
                paid[f"{reference}-{charge.id}"] = charge.amount_fen
            amount.update(paid)

        paid: dict[str, int] = {}
        return give, amount  # fmt: skip

    def do_claw_back(self) -> tuple[Service, dict[str, int]]:
        case = self.pick(self.cases[:1])  # fraud is rare

        async def take(conn: asyncpg.Connection) -> None:
            await clawbacks.propose(
                conn, case, reason="fraud", evidence="ab" * 32, proposed_by=MAKER, now=self.now
            )
            if self.random.random() < 0.3:
                await clawbacks.decide(conn, case, decided_by=CHECKER, now=self.now)

        return take, {}

    def do_invoice(self) -> tuple[Service, dict[str, int]]:
        case = self.random.choice([None, *self.cases])
        fen = self.random.randint(1, 10**10)

        async def invoice(conn: asyncpg.Connection) -> None:
            licence = await make_licence(conn, case_id=case, now=self.now)
            self.invoices.append(
                (await invoice_year(conn, licence, 2026, sales_fen=fen, now=self.now)).id
            )

        return invoice, {}

    def do_next_year(self) -> tuple[Service, dict[str, int]]:
        last, fen = self.pick(self.invoices), self.random.randint(1, 10**10)

        async def invoice(conn: asyncpg.Connection) -> None:
            self.invoices.append(await make_detours.invoice_next_year(conn, last, fen))

        return invoice, {}

    def do_receipt(self) -> tuple[Service, dict[str, int]]:
        invoice, reference, fen = (
            self.pick(self.invoices),
            self.reference(),
            self.random.randint(1, 10**8),
        )
        return lambda conn: royalty_receipts.receive(
            conn, invoice, bank_reference=reference, amount_fen=fen, received_at=self.now, now=self.now
        ), {reference: fen}  # fmt: skip

    def do_pass_on(self) -> tuple[Service, dict[str, int]]:
        return lambda conn: royalty_receipts.distribute_escrowed(conn, now=self.now), {}

    def do_audit(self) -> tuple[Service, dict[str, int]]:
        invoice, reference, fen = (
            self.pick(self.invoices),
            self.reference(),
            self.random.randint(0, 10**10),
        )
        return lambda conn: royalties.record_audit(
            conn, invoice, reference=reference, found_sales_fen=fen, found_deductions_fen=0,
            recorded_by=MAKER, now=self.now,
        ), {}  # fmt: skip


def kinds_done(services: set[str]) -> set[str]:
    """The steps that made these services."""
    return {name.split(".")[1] for name in services}


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_walk_all_books_reconcile(
    seed: int, database: asyncpg.Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every invariant holds, and what is in custody is what was accepted in, once, less what was confirmed out."""
    walk = Walk(database, seed, now)
    async with database.acquire() as conn, conn.transaction():
        await own_account(conn, now=now)
    kinds: set[str] = set()
    for taken in range(3 * STEPS):  # chance may leave a kind of step for later
        if taken >= STEPS and kinds_done(kinds) >= WANTED:
            break
        service, comes_in = walk.step()
        if await walk.run(service, monkeypatch):
            walk.came_in |= comes_in
            kinds.add(service.__qualname__)
    async with database.acquire() as conn:
        result = await check_ledger(conn)
        told = await explanations(conn)
    assert not [one for one in told if not is_in_both_languages(one)]
    assert len(told) > STEPS // 4
    assert result.ok, [check for check in result.checks if check.broken]
    out_fen = await database.fetchval(
        "SELECT coalesce(sum(amount_fen), 0)::bigint FROM settlement.payouts WHERE state = 'PAID'"
    )
    assert result.in_custody_fen == sum(walk.came_in.values()) - out_fen
    assert walk.failed > 0
    assert walk.done > STEPS // 4
    done = kinds_done(kinds)
    assert done >= WANTED, WANTED - done


def test_the_walk_fails_at_points_of_every_service() -> None:
    """The points at which the walk may fail are those of all money-moving services."""
    packages: dict[str, Any] = {name.split(".")[-2]: name for name in POINTS}
    wanted = {
        "payments",
        "funds",
        "compensation",
        "recoveries",
        "royalties",
        "reopening",
        "clawbacks",
        "rescissions",
        "instalments",
        "orders",
        "forfeitures",
        "refunds",
        "statement_files",
        "buyer_claims",
    }
    assert wanted <= set(packages)
