"""What two people order about money: payments by hand, rescission, instalments; once, as shown, by two."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import asyncpg
import pytest

from kit.errors import InvalidInput, NotFound
from kit.failpoints import FailpointReached
from kit.ids import uuid7
from settlement import (
    by_hand,
    deposits,
    distribution,
    instalments,
    ledger,
    orders,
    payments,
    rescissions,
    sales,
    statements,
)
from settlement.checks import check_ledger
from settlement.errors import DuplicateBankReference, IllegalStep, PlanChanged, SamePerson
from settlement.ledger import balance
from settlement.rules.waterfall import Secured
from settlement.statement_bodies import SettlementBody
from tests.settlement.make_money import (
    BANK,
    CHECKER,
    MAKER,
    VENUE,
    distribute,
    make_bidder,
    make_sale,
    pay_price,
)

SECURED = Secured(party="bank", registered_at=date(2024, 1, 1), principal_fen=10**9)


async def queued(conn: asyncpg.Connection, now: datetime) -> payments.Payout:
    """A bank's payout of 5,000 fen that waits."""
    sale = await make_sale(conn, hammer_price_fen=5000, now=now)
    await pay_price(conn, sale, now=now)
    await distribute(conn, sale, lines=[], secured=SECURED, now=now)
    (payout,) = await payments.payouts_of(conn, sale.lot_id)
    return payout


async def tell(
    conn: asyncpg.Connection, payout: payments.Payout, who: object, reference: str, now: datetime
) -> payments.Payout:
    """Somebody says that a payout left under a reference."""
    return await by_hand.tell(
        conn, payout.id, bank_reference=reference, evidence="slip 7", told_by=who, now=now
    )  # type: ignore[arg-type]  # people are plain ids here


async def test_two_people_say_that_money_left_by_hand(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """The first only reports; the second must read the same reference; then it is booked, once."""
    payout = await queued(conn, now)
    for _ in range(2):
        assert (await tell(conn, payout, MAKER, "B-1", now)).state == payments.QUEUED
    assert await balance(conn, ledger.outside(BANK, payout.ref)) == 0
    reported = await by_hand.reported(conn, payout.id)
    assert reported is not None
    assert (reported.bank_reference, reported.evidence) == ("B-1", "slip 7")
    with pytest.raises(by_hand.ReportedOtherwise):
        await tell(conn, payout, CHECKER, "B-2", now)
    for who in (CHECKER, CHECKER, MAKER):
        assert (await tell(conn, payout, who, "B-1", now)).state == payments.PAID
    with pytest.raises(IllegalStep):
        await tell(conn, payout, CHECKER, "B-2", now)
    assert await by_hand.reported(conn, payout.id) is None
    assert await balance(conn, ledger.outside(BANK, payout.ref)) == 5000
    other = await queued(conn, now)
    with pytest.raises(DuplicateBankReference):
        await tell(conn, other, MAKER, "B-1", now)
    await conn.execute("UPDATE settlement.payouts SET state = 'SENT' WHERE id = $1", other.id)
    with pytest.raises(IllegalStep):
        await tell(conn, other, MAKER, "B-3", now)


async def test_a_misread_reference_is_corrected_by_two(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """What two people paid by hand: another reference as shown, by another person, as often as needed."""
    payout = await queued(conn, now)

    async def propose(reference: str, *, reason: str = "misread") -> orders.Order:
        return await by_hand.propose_correction(
            conn, payout.id, bank_reference=reference, evidence="slip 8", reason=reason,
            proposed_by=MAKER, now=now,
        )  # fmt: skip

    async def correct(order: orders.Order, who: object) -> payments.Payout:
        return await by_hand.correct(
            conn, payout.id, content_hash=order.content_hash, approved_by=who, now=now
        )  # type: ignore[arg-type]  # people are plain ids here

    with pytest.raises(by_hand.NotPaidByHand):
        await propose("B-2")
    await tell(conn, payout, MAKER, "B-1", now)
    with pytest.raises(by_hand.NotPaidByHand):
        await propose("B-2")
    await tell(conn, payout, CHECKER, "B-1", now)
    with pytest.raises(InvalidInput):
        await propose("B-1")
    order = await propose("B-2")
    with pytest.raises(SamePerson):
        await correct(order, MAKER)
    with pytest.raises(PlanChanged):
        await by_hand.correct(conn, payout.id, content_hash=b"x" * 32, approved_by=CHECKER, now=now)
    assert (await payments.get(conn, payout.id)).bank_reference == "B-1"
    for _ in range(2):
        assert (await correct(order, CHECKER)).bank_reference == "B-2"
    document = orders.document_of(order, by_hand.ReferenceCorrected)
    assert (document.wrong_reference, document.reason) == ("B-1", "misread")
    later = await propose("B-3", reason="misread again")
    assert (await correct(later, CHECKER)).bank_reference == "B-3"
    other = await queued(conn, now)
    await tell(conn, other, MAKER, "B-1", now)  # it is free again
    with pytest.raises(DuplicateBankReference):
        await tell(conn, other, CHECKER, "B-3", now)
    await tell(conn, other, CHECKER, "B-1", now)
    with pytest.raises(DuplicateBankReference):
        await propose("B-1")
    assert await balance(conn, ledger.outside(BANK, payout.ref)) == 5000
    assert (await check_ledger(conn)).ok


async def test_what_the_bank_told_paid_is_not_corrected_by_hand(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """The bank's own word on a payment stands."""
    payout = await queued(conn, now)
    await payments.confirm_payout(conn, payout.id, bank_reference="BANK-1", now=now)
    with pytest.raises(by_hand.NotPaidByHand):
        await by_hand.propose_correction(
            conn, payout.id, bank_reference="BANK-2", evidence="", reason="r", proposed_by=MAKER,
            now=now,
        )  # fmt: skip


async def test_two_at_once_book_it_once(database: asyncpg.Pool, now: datetime) -> None:
    """Eight people confirm at the same moment: one transfer."""
    async with database.acquire() as conn, conn.transaction():
        payout = await queued(conn, now)
        await tell(conn, payout, MAKER, "B-1", now)

    async def confirm() -> str:
        async with database.acquire() as conn, conn.transaction():
            return (await tell(conn, payout, uuid7(now), "B-1", now)).state

    assert await asyncio.gather(*(confirm() for _ in range(8))) == ["PAID"] * 8
    async with database.acquire() as conn:
        assert await balance(conn, ledger.outside(BANK, payout.ref)) == 5000
        assert (await check_ledger(conn)).ok


async def sold_with_deposit(conn: asyncpg.Connection, now: datetime) -> sales.Sale:
    """A paid sale: a deposit of 1,000 fen made its last part, and a premium stands beside the price."""
    bidder_id = await make_bidder(conn, money_fen=1000, now=now)
    sale = await make_sale(
        conn,
        hammer_price_fen=5000,
        buyer_premium_fen=300,
        buyer_id=bidder_id,
        release_on="TITLE_RECORDED",
        now=now,
    )
    deposit = await deposits.hold(
        conn, sale.lot_id, bidder_id, holder_id=VENUE, amount_fen=1000, now=now
    )
    await payments.receive(
        conn,
        bidder_id,
        bank_reference=f"p-{sale.lot_id}",
        amount_fen=4300,
        received_at=now,
        lot_id=sale.lot_id,
        now=now,
    )
    await deposits.apply_to_price(conn, deposit.id, now=now)
    return await sales.get(conn, sale.lot_id)


async def propose_rescission(
    conn: asyncpg.Connection, sale: sales.Sale, now: datetime
) -> orders.Order:
    """The registry refused."""
    return await rescissions.propose(
        conn,
        sale.lot_id,
        refused_on=now.date(),
        refusal_number="CNIPA-1",
        reason="不予转移登记",
        proposed_by=MAKER,
        now=now,
    )


async def test_a_refused_transfer_gives_the_whole_price_back(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Deposit, price and premium are the buyer's free money again; the plan is withdrawn; nothing is paid twice."""
    sale = await sold_with_deposit(conn, now)
    plan = await distribute(conn, sale, lines=[], secured=SECURED, now=now, pay=False)
    order = await propose_rescission(conn, sale, now)
    with pytest.raises(SamePerson):
        await rescissions.rescind(
            conn, sale.lot_id, content_hash=order.content_hash, approved_by=MAKER, now=now
        )
    with pytest.raises(PlanChanged):
        await rescissions.rescind(
            conn, sale.lot_id, content_hash=b"x" * 32, approved_by=CHECKER, now=now
        )
    for _ in range(2):
        done = await rescissions.rescind(
            conn, sale.lot_id, content_hash=order.content_hash, approved_by=CHECKER, now=now
        )
        assert (done.state, done.returned_fen) == (sales.RESCINDED, 5300)
    with pytest.raises(orders.OrderStands):
        await rescissions.rescind(
            conn, sale.lot_id, content_hash=order.content_hash, approved_by=BANK, now=now
        )
    assert await balance(conn, ledger.client_money(sale.buyer_id, VENUE)) == 5300
    assert (await distribution.lock(conn, plan.id)).state == distribution.WITHDRAWN
    with pytest.raises(IllegalStep):
        await distribution.pay_plan(conn, plan.id, now=now)
    assert (await check_ledger(conn)).ok


async def test_what_is_distributed_or_recorded_is_not_rescinded(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Once the registry recorded the title, or the money is gone, there is nothing to undo."""
    unpaid = await make_sale(conn, hammer_price_fen=5, now=now)
    with pytest.raises(IllegalStep):
        await propose_rescission(conn, unpaid, now)
    with pytest.raises(IllegalStep):
        await rescissions.give_back(conn, unpaid.lot_id, now=now)
    recorded = await sold_with_deposit(conn, now)
    order = await propose_rescission(conn, recorded, now)
    await sales.record_title(conn, recorded.lot_id, recorded_at=now)
    with pytest.raises(IllegalStep, match="title recorded"):
        await rescissions.rescind(
            conn, recorded.lot_id, content_hash=order.content_hash, approved_by=CHECKER, now=now
        )


async def test_an_order_is_one_until_it_is_refused(conn: asyncpg.Connection, now: datetime) -> None:
    """A second order about the same is refused while one stands; a refused one makes room."""
    sale = await sold_with_deposit(conn, now)
    await propose_rescission(conn, sale, now)
    with pytest.raises(orders.OrderStands):
        await rescissions.propose(
            conn, sale.lot_id, refused_on=now.date(), refusal_number="CNIPA-2", reason="other",
            proposed_by=MAKER, now=now,
        )  # fmt: skip
    await orders.refuse(
        conn, orders.RESCISSION, sale.lot_id, refused_by=MAKER, reason="slip", now=now
    )
    with pytest.raises(NotFound):
        await orders.standing(conn, orders.RESCISSION, sale.lot_id)
    order = await propose_rescission(conn, sale, now + timedelta(seconds=1))
    await rescissions.rescind(
        conn, sale.lot_id, content_hash=order.content_hash, approved_by=CHECKER, now=now
    )
    with pytest.raises(orders.OrderStands):
        await orders.refuse(
            conn, orders.RESCISSION, sale.lot_id, refused_by=CHECKER, reason="late", now=now
        )
    states = [one.state for one in await orders.of_subject(conn, sale.lot_id)]
    assert states == [orders.REFUSED, orders.DONE]


POINTS = (
    "settlement.orders.before_done",
    "settlement.orders.after_done",
    "settlement.rescissions.before_return",
    "settlement.rescissions.after_return",
)


@pytest.mark.parametrize("point", POINTS)
async def test_a_failure_in_the_middle_rescinds_once(
    point: str, database: asyncpg.Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rescission fails at a point, is done again, twice at once: the price went back once."""
    async with database.acquire() as conn, conn.transaction():
        sale = await sold_with_deposit(conn, now)
        order = await propose_rescission(conn, sale, now)

    async def rescind() -> str:
        async with database.acquire() as conn, conn.transaction():
            done = await rescissions.rescind(
                conn, sale.lot_id, content_hash=order.content_hash, approved_by=CHECKER, now=now
            )
            return done.state

    monkeypatch.setenv("LUOCHUI_FAILPOINTS", f"{point}=raise")
    with pytest.raises(FailpointReached):
        await rescind()
    monkeypatch.delenv("LUOCHUI_FAILPOINTS")
    assert await asyncio.gather(rescind(), rescind()) == [sales.RESCINDED] * 2
    async with database.acquire() as conn:
        assert await balance(conn, ledger.client_money(sale.buyer_id, VENUE)) == 5300
        assert (await check_ledger(conn)).ok


Parts = Sequence[tuple[int, datetime]]


async def propose_parts(
    conn: asyncpg.Connection,
    sale: sales.Sale,
    parts: Parts,
    now: datetime,
    *,
    interest_bp_year: int = 0,
) -> orders.Order:
    """Instalments, proposed."""
    return await instalments.propose(
        conn, sale.lot_id, parts=parts, interest_bp_year=interest_bp_year,
        security="bank guarantee", reason="large price",
        proposed_by=MAKER, now=now,
    )  # fmt: skip


async def pay(conn: asyncpg.Connection, sale: sales.Sale, fen: int, now: datetime) -> None:
    """The buyer pays something."""
    await payments.receive(
        conn, sale.buyer_id, bank_reference=f"i-{uuid7(now)}", amount_fen=fen, received_at=now,
        lot_id=sale.lot_id, now=now,
    )  # fmt: skip


async def test_one_instalment_missed_is_the_price_missed(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """The deposit counts; each part has its day; late by a moment the sale is lost, and what was paid goes back."""
    bidder_id = await make_bidder(conn, money_fen=1000, now=now)
    sale = await make_sale(conn, hammer_price_fen=10_000, buyer_id=bidder_id, now=now)
    await deposits.hold(conn, sale.lot_id, bidder_id, holder_id=VENUE, amount_fen=1000, now=now)
    first, second, last = (now + timedelta(days=days) for days in (3, 90, 200))
    order = await propose_parts(conn, sale, [(3000, first), (3000, second), (4000, last)], now)
    for _ in range(2):
        agreed = await instalments.agree(
            conn, sale.lot_id, content_hash=order.content_hash, agreed_by=CHECKER, now=now
        )
    assert agreed.deadline_at == last
    await pay(conn, sale, 2000, now)
    paid = await sales.get(conn, sale.lot_id)
    assert await sales.missed_instalment(conn, paid, now=first + timedelta(days=1)) is None
    with pytest.raises(IllegalStep):
        await sales.mark_defaulted(conn, sale.lot_id, now=second)
    late = second + timedelta(microseconds=1)
    missed = await sales.missed_instalment(conn, paid, now=late)
    assert missed is not None
    assert missed.number == 2
    await sales.mark_defaulted(conn, sale.lot_id, now=late)
    for _ in range(2):
        back = await rescissions.give_back(conn, sale.lot_id, now=late)
        assert (back.returned_fen, back.paid_fen) == (2000, 2000)
    assert await balance(conn, ledger.client_money(bidder_id, VENUE)) == 2000
    assert (await check_ledger(conn)).ok


async def test_instalments_paid_in_time_pay_the_price(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Paid part by part the price is paid; after it no instalment is missed, and none are agreed any more."""
    sale = await make_sale(conn, hammer_price_fen=10_000, now=now)
    parts = [(3000, now + timedelta(days=2)), (7000, now + timedelta(days=30))]
    order = await propose_parts(conn, sale, parts, now)
    await instalments.agree(
        conn, sale.lot_id, content_hash=order.content_hash, agreed_by=CHECKER, now=now
    )
    for fen in (3000, 7000):
        await pay(conn, sale, fen, now)
    paid = await sales.get(conn, sale.lot_id)
    assert paid.state == sales.PRICE_PAID
    assert await sales.missed_instalment(conn, paid, now=now + timedelta(days=99)) is None
    with pytest.raises(IllegalStep):
        await propose_parts(conn, sale, parts, now)
    assert (await check_ledger(conn)).ok


async def test_interest_is_owed_with_its_instalment_and_shared_as_proceeds(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """From the first part's day what is unpaid bears the bank rate; its last fen is needed; the plan gives it out."""
    sale = await make_sale(conn, hammer_price_fen=100_000, now=now)
    first, second = now + timedelta(days=3), now + timedelta(days=93)
    parts = [(40_000, first), (60_000, second)]
    order = await propose_parts(conn, sale, parts, now, interest_bp_year=345)
    plan = orders.document_of(order, instalments.InstalmentPlan)
    interest_fen = 518  # 60,000 x 90 days x 345 bp / 360 = 517.5, a half up
    assert [part.interest_fen for part in plan.instalments] == [0, interest_fen]
    assert plan.computations[1] == "600.00 × 90 days 天 × 345 bp 基点 / 360 = 5.18"
    await instalments.agree(
        conn, sale.lot_id, content_hash=order.content_hash, agreed_by=CHECKER, now=now
    )
    await pay(conn, sale, 40_000, now)
    await pay(conn, sale, 60_000, now)
    late = second + timedelta(seconds=1)
    short = await sales.get(conn, sale.lot_id)
    assert (short.state, short.paid_fen, short.interest_paid_fen) == (
        sales.PRICE_DUE,
        100_000 - interest_fen,
        interest_fen,
    )
    missed = await sales.missed_instalment(conn, short, now=late)
    assert missed is not None
    assert missed.number == 2
    assert (await check_ledger(conn)).ok
    await pay(conn, sale, interest_fen + 1, now)  # a fen too much is the buyer's free money
    paid = await sales.get(conn, sale.lot_id)
    assert (paid.state, paid.paid_fen) == (sales.PRICE_PAID, 100_000)
    assert await balance(conn, ledger.client_money(sale.buyer_id, VENUE)) == 1
    statement = await statements.issue_settlement(conn, sale.lot_id, now=now)
    body = statement.document.body
    assert isinstance(body, SettlementBody)
    assert (body.interest_due_fen, body.interest_paid_fen) == (interest_fen, interest_fen)
    assert (body.net_fen, body.in_escrow_fen) == (100_000 + interest_fen, 100_000 + interest_fen)
    done = await distribute(conn, sale, lines=[], secured=SECURED, now=now)
    assert sum(line.amount_fen for line in done.content.lines) == 100_000 + interest_fen
    assert await balance(conn, ledger.client_interest(sale.lot_id)) == 0
    assert (await check_ledger(conn)).ok


async def test_interest_of_a_defaulted_price_goes_back(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """What the default cost is taken of the deposit; the rest of what the buyer paid is its own again."""
    sale = await make_sale(conn, hammer_price_fen=100_000, now=now)
    days = [now + timedelta(days=days) for days in (3, 93, 183)]
    parts = [(40_000, days[0]), (30_000, days[1]), (30_000, days[2])]
    order = await propose_parts(conn, sale, parts, now, interest_bp_year=360)
    await instalments.agree(
        conn, sale.lot_id, content_hash=order.content_hash, agreed_by=CHECKER, now=now
    )
    await pay(conn, sale, 70_000 + 540, now)  # 60,000 x 90 x 360 bp / 360
    halfway = await sales.get(conn, sale.lot_id)
    assert (halfway.paid_fen, halfway.interest_paid_fen) == (70_000, 540)
    assert await sales.missed_instalment(conn, halfway, now=days[1] + timedelta(days=1)) is None
    await sales.mark_defaulted(conn, sale.lot_id, now=days[2] + timedelta(seconds=1))
    assert (await check_ledger(conn)).ok
    for _ in range(2):
        await rescissions.give_back(conn, sale.lot_id, now=days[2] + timedelta(seconds=1))
    assert await balance(conn, ledger.client_money(sale.buyer_id, VENUE)) == 70_540
    assert (await check_ledger(conn)).ok


DAY = timedelta(days=1)
BAD_PARTS = {
    "one part": ([(10_000, DAY)], "at least two parts"),
    "not the price": ([(3000, DAY), (6999, 2 * DAY)], "add up to CNY 100.00"),
    "out of order": ([(3000, 2 * DAY), (7000, DAY)], "after the one before"),
    "too small": ([(2999, DAY), (7001, 2 * DAY)], "at least 30%"),
    "too late": ([(3000, 40 * DAY), (7000, 50 * DAY)], "within 5 working days"),
    "too long": ([(3000, DAY), (7000, 366 * DAY)], "within a year"),
}


@pytest.mark.parametrize("case", BAD_PARTS)
async def test_instalments_that_may_not_be_are_refused(
    case: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """Three tenths within five working days, the rest within a year, together the price. Source: domain 2.5."""
    parts, said = BAD_PARTS[case]
    sale = await make_sale(conn, hammer_price_fen=10_000, now=now)
    with pytest.raises(InvalidInput, match=said):
        await propose_parts(conn, sale, [(fen, now + after) for fen, after in parts], now)
