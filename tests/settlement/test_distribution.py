"""Distribution plans: two people, the exact content, objections, escrow until recordal, and the whole waterfall."""

from datetime import date, datetime, timedelta

import asyncpg
import pytest

from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from settlement import costs, deposits, distribution, ledger, payments, sales
from settlement.costs import CostLine
from settlement.distribution import Payee, PledgeeClaim
from settlement.errors import IllegalStep, PlanChanged, SamePerson
from settlement.ledger import balance
from settlement.rules.waterfall import Secured
from tests.settlement.make_money import (
    BANK,
    BORROWER,
    CHECKER,
    MAKER,
    VALUER,
    VENUE,
    distribute,
    example_costs,
    make_bidder,
    make_sale,
    pay_price,
)

SECURED = Secured(party="bank", registered_at=date(2023, 1, 2), principal_fen=10**9)


async def draft(
    conn: asyncpg.Connection, sale: sales.Sale, *pledgees: PledgeeClaim, now: datetime
) -> distribution.Plan:
    """A plan drafted by the maker; the bank alone unless pledgees are given."""
    return await distribution.draft_plan(
        conn,
        sale.lot_id,
        pledgees=pledgees or [PledgeeClaim(payee=Payee(id=BANK, name="bank"), secured=SECURED)],
        pledgor=Payee(id=BORROWER, name="pledgor"),
        venue_name="venue",
        drafted_by=MAKER,
        now=now,
    )


async def locked(
    conn: asyncpg.Connection, *, now: datetime, lines: list[CostLine] | None = None, **terms: object
) -> sales.Sale:
    """A paid sale whose costs are locked."""
    sale = await make_sale(conn, now=now, **{"hammer_price_fen": 238_000_000, **terms})
    await pay_price(conn, sale, now=now)
    chosen = example_costs(commission_fen=4_760_000, stamp_fen=71_400) if lines is None else lines
    sheet = await costs.draft_costs(conn, sale.lot_id, lines=chosen, drafted_by=MAKER, now=now)
    await costs.lock_costs(
        conn, sale.lot_id, content_hash=sheet.content_hash, locked_by=CHECKER, now=now
    )
    return sale


async def test_two_people_and_one_content(conn: asyncpg.Connection, now: datetime) -> None:
    """Neither costs nor plan are passed by who drew them up, nor with another content than was shown."""
    sale = await make_sale(conn, hammer_price_fen=1000, now=now)
    with pytest.raises(IllegalStep):
        await costs.draft_costs(conn, sale.lot_id, lines=[], drafted_by=MAKER, now=now)
    await pay_price(conn, sale, now=now)
    line = CostLine(
        kind="COST", name="valuation", amount_fen=100, payee_id=VALUER, payee_name="valuer"
    )
    with pytest.raises(InvalidInput):
        await costs.draft_costs(conn, sale.lot_id, lines=[line, line], drafted_by=MAKER, now=now)
    shown = await costs.draft_costs(conn, sale.lot_id, lines=[], drafted_by=MAKER, now=now)
    sheet = await costs.draft_costs(conn, sale.lot_id, lines=[line], drafted_by=MAKER, now=now)
    lot_id = sale.lot_id
    with pytest.raises(PlanChanged):
        await costs.lock_costs(
            conn, lot_id, content_hash=shown.content_hash, locked_by=CHECKER, now=now
        )
    with pytest.raises(SamePerson):
        await costs.lock_costs(
            conn, lot_id, content_hash=sheet.content_hash, locked_by=MAKER, now=now
        )
    await costs.lock_costs(
        conn, lot_id, content_hash=sheet.content_hash, locked_by=CHECKER, now=now
    )
    plan = await draft(conn, sale, now=now)
    with pytest.raises(PlanChanged):
        await distribution.approve_plan(
            conn, plan.id, content_hash=b"x" * 32, approved_by=CHECKER, now=now
        )
    with pytest.raises(SamePerson):
        await distribution.approve_plan(
            conn, plan.id, content_hash=plan.content_hash, approved_by=MAKER, now=now
        )
    with pytest.raises(IllegalStep):
        await distribution.pay_plan(conn, plan.id, now=now)
    await distribution.withdraw_plan(conn, plan.id)
    again = await draft(conn, sale, now=now)
    approved = await distribution.approve_plan(
        conn, again.id, content_hash=again.content_hash, approved_by=CHECKER, now=now
    )
    assert approved.state == distribution.APPROVED
    with pytest.raises(IllegalStep):
        await distribution.withdraw_plan(conn, again.id)


async def test_the_time_for_objections_is_kept(conn: asyncpg.Connection, now: datetime) -> None:
    """A plan with fifteen days for objections is approved on the fifteenth day and not a moment before."""
    sale = await locked(conn, objection_days=15, now=now)
    plan = await draft(conn, sale, now=now)
    end = now + timedelta(days=15)
    for moment in (now, end - timedelta(microseconds=1)):
        with pytest.raises(IllegalStep):
            await distribution.approve_plan(
                conn, plan.id, content_hash=plan.content_hash, approved_by=CHECKER, now=moment
            )
    approved = await distribution.approve_plan(
        conn, plan.id, content_hash=plan.content_hash, approved_by=CHECKER, now=end
    )
    assert approved.state == distribution.APPROVED


async def test_the_price_stays_in_escrow_until_the_title_is_recorded(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Where the notice says so, an approved plan is paid only after the registry's entry."""
    sale = await make_sale(conn, hammer_price_fen=238_000_000, release_on="TITLE_RECORDED", now=now)
    await pay_price(conn, sale, now=now)
    lines = example_costs(commission_fen=4_760_000, stamp_fen=71_400)
    plan = await distribute(conn, sale, lines=lines, secured=SECURED, now=now, pay=False)
    with pytest.raises(IllegalStep):
        await distribution.pay_plan(conn, plan.id, now=now)
    assert await balance(conn, ledger.client_price(sale.lot_id)) == 238_000_000
    await sales.record_title(conn, sale.lot_id, recorded_at=now)
    paid = await distribution.pay_plan(conn, plan.id, now=now)
    assert paid.state == distribution.PAID
    assert await balance(conn, ledger.client_price(sale.lot_id)) == 0


async def test_no_title_passes_before_the_price_is_paid(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Nor of a sale that came to nothing; what was recorded once stays, and is answered again in any later state."""
    sale = await make_sale(conn, hammer_price_fen=238_000_000, release_on="TITLE_RECORDED", now=now)
    with pytest.raises(IllegalStep, match="PRICE_DUE"):
        await sales.record_title(conn, sale.lot_id, recorded_at=now)
    await pay_price(conn, sale, now=now)
    first = await sales.record_title(conn, sale.lot_id, recorded_at=now)
    later = now + timedelta(days=1)
    assert (await sales.record_title(conn, sale.lot_id, recorded_at=later)) == first
    lost = await make_sale(conn, hammer_price_fen=238_000_000, now=now)
    await sales.set_state(conn, lost, sales.DEFAULTED)
    with pytest.raises(IllegalStep, match="DEFAULTED"):
        await sales.record_title(conn, lost.lot_id, recorded_at=now)
    with pytest.raises(NotFound):
        await sales.record_title(conn, uuid7(now), recorded_at=now)


async def test_a_surplus_reaches_the_pledgor(conn: asyncpg.Connection, now: datetime) -> None:
    """Example 6 of domain 5.6 with a premium beside it: every payee gets its fen, the books show it."""
    second = uuid7(now)
    lines = [
        CostLine(kind="COST", name=name, amount_fen=fen, payee_id=VALUER, payee_name="payee")
        for name, fen in (("commission", 4_500_000), ("valuation", 1_800_000), ("notary", 70_500))
    ]
    lines.append(
        CostLine(
            kind="TAX", name="stamp duty", amount_fen=360_000, payee_id=VALUER, payee_name="payee"
        )
    )
    sale = await locked(
        conn, hammer_price_fen=235_000_000, buyer_premium_fen=2_350_000, lines=lines, now=now
    )
    bank = Secured(
        party="bank",
        registered_at=date(2023, 1, 2),
        principal_fen=120_000_000,
        interest_fen=8_640_000,
        penalty_fen=1_234_560,
    )
    junior = Secured(party="second", registered_at=date(2024, 3, 1), principal_fen=50_000_000)
    plan = await draft(
        conn,
        sale,
        PledgeeClaim(payee=Payee(id=second, name="second"), secured=junior),
        PledgeeClaim(payee=Payee(id=BANK, name="bank"), secured=bank),
        now=now,
    )
    await distribution.approve_plan(
        conn, plan.id, content_hash=plan.content_hash, approved_by=CHECKER, now=now
    )
    await distribution.pay_plan(conn, plan.id, now=now)
    ref = str(sale.lot_id)
    for kind, owner, fen in (
        ("pledgee_payable", BANK, 129_874_560),
        ("pledgee_payable", second, 50_000_000),
        ("surplus_payable", BORROWER, 48_394_940),
        ("cost_payable", VALUER, 6_370_500),
        ("tax_payable", VALUER, 360_000),
        ("venue_fee", VENUE, 2_350_000),
    ):
        assert await balance(conn, ledger.AccountKey(kind, owner, ref)) == fen, kind
    assert all(line.computation for line in plan.content.lines)
    queued = await payments.payouts_of(conn, sale.lot_id)
    assert sum(payout.amount_fen for payout in queued) == 237_350_000


async def test_a_sale_is_one_sale(conn: asyncpg.Connection, now: datetime) -> None:
    """The same sale again is the same row; another price is refused; a default comes after the deadline."""
    sale = await make_sale(conn, hammer_price_fen=1000, now=now)
    same = {"buyer_id": sale.buyer_id, "lot_id": sale.lot_id, "now": now}
    assert await make_sale(conn, hammer_price_fen=1000, **same) == sale
    with pytest.raises(Conflict):
        await make_sale(conn, hammer_price_fen=1001, **same)
    with pytest.raises(InvalidInput):
        await make_sale(conn, hammer_price_fen=0, now=now)
    with pytest.raises(IllegalStep):
        await sales.mark_defaulted(conn, sale.lot_id, now=sale.deadline_at)
    later = sale.deadline_at + timedelta(seconds=1)
    assert [row.lot_id for row in await sales.overdue(conn, now=later)] == [sale.lot_id]
    assert (await sales.mark_defaulted(conn, sale.lot_id, now=later)).state == sales.DEFAULTED
    with pytest.raises(IllegalStep):
        await pay_price(conn, sale, now=later)


async def test_a_deposit_above_the_price_gives_change(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Only what is due is taken of the winner's deposit; nobody else's becomes the price."""
    buyer_id, other_id = [await make_bidder(conn, money_fen=1000, now=now) for _ in range(2)]
    sale = await make_sale(conn, hammer_price_fen=700, buyer_id=buyer_id, now=now)
    deposit = await deposits.hold(
        conn, sale.lot_id, buyer_id, holder_id=VENUE, amount_fen=900, now=now
    )
    other = await deposits.hold(
        conn, sale.lot_id, other_id, holder_id=VENUE, amount_fen=900, now=now
    )
    with pytest.raises(IllegalStep):
        await deposits.apply_to_price(conn, other.id, now=now)
    applied = await deposits.apply_to_price(conn, deposit.id, now=now)
    assert applied.kept_fen == 700
    assert (await sales.get(conn, sale.lot_id)).state == sales.PRICE_PAID
    assert await balance(conn, ledger.client_money(buyer_id, VENUE)) == 300
