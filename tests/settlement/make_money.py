"""Factories for the settlement services' tests: parties, funded bidders, sold lots, enrolled cases."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kit.ids import uuid7
from kit.sql import Connection
from settlement import cases, compensation, costs, deposits, distribution, funds, payments, sales
from settlement.cases import Case
from settlement.costs import CostLine
from settlement.distribution import Payee, Plan, PledgeeClaim
from settlement.rules.case import JuniorClaim, Loan
from settlement.rules.waterfall import Secured
from settlement.schemes import SchemeFile, scheme_file

MAKER, CHECKER, SECOND_CHECKER = UUID(int=1), UUID(int=2), UUID(int=3)
BANK, FUND, BORROWER, VENUE = UUID(int=11), UUID(int=12), UUID(int=13), UUID(int=14)
TREASURY, VALUER, COURT, TAX_OFFICE = UUID(int=15), UUID(int=16), UUID(int=17), UUID(int=18)


async def make_bidder(conn: Connection, *, money_fen: int, now: datetime) -> UUID:
    """A bidder with free money in custody."""
    bidder_id = uuid7(now)
    await deposits.receive(
        conn,
        bidder_id,
        holder_id=VENUE,
        bank_reference=f"in-{bidder_id}",
        amount_fen=money_fen,
        received_at=now,
        now=now,
    )
    return bidder_id


async def make_sale(
    conn: Connection,
    *,
    hammer_price_fen: int,
    now: datetime,
    buyer_id: UUID | None = None,
    case_id: UUID | None = None,
    buyer_premium_fen: int = 0,
    release_on: sales.ReleaseOn = "PRICE_PAID",
    objection_days: int = 0,
    lot_id: UUID | None = None,
    venue_id: UUID = VENUE,
) -> sales.Sale:
    """A lot that was sold and is to be paid within ten days."""
    return await sales.record_sale(
        conn,
        lot_id or uuid7(now),
        buyer_id=buyer_id or uuid7(now),
        consignor_id=BANK,
        venue_id=venue_id,
        case_id=case_id,
        hammer_price_fen=hammer_price_fen,
        buyer_premium_fen=buyer_premium_fen,
        release_on=release_on,
        objection_days=objection_days,
        sold_at=now,
        deadline_at=now + timedelta(days=10),
    )


async def pay_price(conn: Connection, sale: sales.Sale, *, now: datetime) -> None:
    """The buyer pays all that is due."""
    await payments.receive(
        conn,
        sale.buyer_id,
        bank_reference=f"price-{sale.lot_id}",
        amount_fen=sale.due_fen - sale.paid_fen,
        received_at=now,
        lot_id=sale.lot_id,
        now=now,
    )


def example_costs(*, commission_fen: int, stamp_fen: int) -> list[CostLine]:
    """The costs of domain 5.6, example 1."""
    return [
        CostLine(
            kind="COST",
            name="seller commission",
            amount_fen=commission_fen,
            payee_id=VENUE,
            payee_name="venue",
        ),
        CostLine(
            kind="COST",
            name="valuation",
            amount_fen=3_000_000,
            payee_id=VALUER,
            payee_name="valuer",
        ),
        CostLine(
            kind="COST", name="enforcement", amount_fen=562_137, payee_id=COURT, payee_name="court"
        ),
        CostLine(
            kind="TAX",
            name="stamp duty",
            amount_fen=stamp_fen,
            payee_id=TAX_OFFICE,
            payee_name="tax office",
        ),
    ]


async def distribute(
    conn: Connection,
    sale: sales.Sale,
    *,
    lines: list[CostLine],
    secured: Secured,
    now: datetime,
    pay: bool = True,
) -> Plan:
    """Lock the costs, draft and approve the plan, pay it."""
    sheet = await costs.draft_costs(conn, sale.lot_id, lines=lines, drafted_by=MAKER, now=now)
    await costs.lock_costs(
        conn, sale.lot_id, content_hash=sheet.content_hash, locked_by=CHECKER, now=now
    )
    plan = await distribution.draft_plan(
        conn,
        sale.lot_id,
        pledgees=[PledgeeClaim(payee=Payee(id=BANK, name=secured.party), secured=secured)],
        pledgor=Payee(id=BORROWER, name="pledgor"),
        venue_name="venue",
        drafted_by=MAKER,
        now=now,
    )
    plan = await distribution.approve_plan(
        conn, plan.id, content_hash=plan.content_hash, approved_by=CHECKER, now=now
    )
    return await distribution.pay_plan(conn, plan.id, now=now) if pay else plan


def scheme_with_advance(
    scheme_id: str = "tianjin-binhai-2022", *, advance_bp: int = 5000
) -> SchemeFile:
    """A shipped scheme in a version of the operator's own, with an advance."""
    file = scheme_file(scheme_id)
    assert file.scheme is not None
    rules = msgspec.structs.replace(file.scheme, advance_bp=advance_bp)
    return msgspec.structs.replace(file, version=2, scheme=rules)


async def make_claim(
    conn: Connection,
    *,
    loan: Loan,
    now: datetime,
    fund_fen: int = 1_000_000_000,
    number: str = "L-1",
    file: SchemeFile | None = None,
    junior_claims: tuple[JuniorClaim, ...] = (),
) -> Case:
    """A case in default with its claim applied for, the fund having money."""
    file = file or scheme_with_advance()
    await cases.add_scheme(conn, file, now=now)
    if fund_fen:
        await funds.receive(
            conn,
            FUND,
            source_id=TREASURY,
            amount_fen=fund_fen,
            bank_reference=f"budget-{number}",
            now=now,
        )
    case = await cases.enrol_loan(
        conn,
        file.id,
        file.version,
        lender_id=BANK,
        borrower_id=BORROWER,
        loan_number=number,
        contract_hash=number.encode().ljust(32, b"."),
        parties={"bank": BANK, "fund": FUND},
        now=now,
    )
    await cases.confirm_default(conn, case.id, now=now)
    return await compensation.apply_claim(
        conn, case.id, loan=loan, applied_by=MAKER, junior_claims=junior_claims, now=now
    )


async def review_and_advance(conn: Connection, case: Case, *, now: datetime) -> Case:
    """Two people approve the claim, and the advance is paid out."""
    for reviewer_id in (CHECKER, SECOND_CHECKER):
        await compensation.review_claim(
            conn,
            case.id,
            reviewer_id=reviewer_id,
            approved=True,
            reason="figures agree with the contract",
            reviewed_hash=compensation.claim_hash(case),
            now=now,
        )
    case = await compensation.pay_advance(conn, case.id, paid_by=CHECKER, now=now)
    await confirm_payouts(conn, case.id, now=now)
    return case


async def confirm_payouts(conn: Connection, subject_id: UUID, *, now: datetime) -> None:
    """The bank pays out everything that is queued for a lot or a case."""
    for payout in await payments.payouts_of(conn, subject_id):
        if payout.state == payments.QUEUED:
            await payments.confirm_payout(
                conn, payout.id, bank_reference=f"out-{payout.id}", now=now
            )
