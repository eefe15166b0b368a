"""Money moves once: many workers at the same step, retries, and a death in the middle."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from kit.errors import Conflict, LuochuiError
from kit.ids import uuid7
from settlement import (
    cases,
    compensation,
    deposits,
    distribution,
    holds,
    ledger,
    payments,
    recoveries,
    refunds,
    sales,
)
from settlement.checks import check_ledger
from settlement.errors import (
    AlreadyEnrolled,
    DepositExists,
    DuplicateBankReference,
    IdempotencyIdReused,
    IllegalStep,
    InsufficientFunds,
    OverCapture,
    SamePerson,
)
from settlement.ledger import balance, client_money, client_price, move
from settlement.rules.case import Loan, RecoveryEvent
from settlement.rules.waterfall import Secured
from tests.settlement.make_money import (
    BANK,
    CHECKER,
    FUND,
    MAKER,
    SECOND_CHECKER,
    VENUE,
    confirm_payouts,
    distribute,
    example_costs,
    make_bidder,
    make_claim,
    make_sale,
    pay_price,
    review_and_advance,
)

Service = Callable[[asyncpg.Connection], Awaitable[object]]


async def in_transaction(pool: asyncpg.Pool, service: Service) -> object:
    """What a request does: one transaction around one service."""
    async with pool.acquire() as conn, conn.transaction():
        return await service(conn)


async def at_once(pool: asyncpg.Pool, *services: Service) -> list[object]:
    """Several requests at the same time; refusals are answers."""
    answers = await asyncio.gather(
        *(in_transaction(pool, service) for service in services), return_exceptions=True
    )
    for answer in answers:
        if isinstance(answer, BaseException):
            assert isinstance(answer, LuochuiError), answer
    return list(answers)


def successes(answers: list[object]) -> list[object]:
    """The answers that are no refusals."""
    return [answer for answer in answers if not isinstance(answer, LuochuiError)]


async def proven(pool: asyncpg.Pool) -> None:
    """The books hold."""
    async with pool.acquire() as conn:
        result = await check_ledger(conn)
    assert result.ok, [check for check in result.checks if check.broken]


async def test_one_balance_is_not_held_twice(database: asyncpg.Pool, now: datetime) -> None:
    """Of twenty holds at once of 60 % of a balance exactly one succeeds."""
    bidder_id = await in_transaction(
        database, lambda conn: make_bidder(conn, money_fen=1000, now=now)
    )

    def hold(lot_id: UUID) -> Service:
        return lambda conn: deposits.hold(
            conn, lot_id, bidder_id, holder_id=VENUE, amount_fen=600, now=now
        )

    answers = await at_once(database, *(hold(uuid7(now)) for _ in range(20)))
    assert len(successes(answers)) == 1
    assert sum(isinstance(answer, InsufficientFunds) for answer in answers) == 19
    assert await balance(database, client_money(bidder_id, VENUE)) == 400
    await proven(database)


async def test_the_same_hold_at_once_is_one(database: asyncpg.Pool, now: datetime) -> None:
    """The same deposit asked for ten times at once is held once, and everyone gets the same answer."""
    bidder_id = await in_transaction(
        database, lambda conn: make_bidder(conn, money_fen=1000, now=now)
    )
    lot_id = uuid7(now)
    answers = await at_once(
        database,
        *[
            lambda conn: deposits.hold(
                conn, lot_id, bidder_id, holder_id=VENUE, amount_fen=100, now=now
            )
        ]
        * 10,
    )
    assert len(successes(answers)) == 10
    assert len({answer.id for answer in answers}) == 1
    assert await balance(database, client_money(bidder_id, VENUE)) == 900
    with pytest.raises(DepositExists):
        await in_transaction(
            database,
            lambda conn: deposits.hold(
                conn, lot_id, bidder_id, holder_id=VENUE, amount_fen=101, now=now
            ),
        )
    await proven(database)


ENDS = {
    "release": lambda conn, deposit, now: deposits.release(conn, deposit.id, now=now),
    "forfeit": lambda conn, deposit, now: deposits.forfeit(conn, deposit.id, now=now),
    "forfeit part": lambda conn, deposit, now: deposits.forfeit(
        conn, deposit.id, kept_fen=100, now=now
    ),
    "apply": lambda conn, deposit, now: deposits.apply_to_price(conn, deposit.id, now=now),
}
PAIRS = [(one, other) for one in ENDS for other in ENDS]


@pytest.mark.parametrize(("one", "other"), PAIRS)
async def test_a_deposit_ends_once(
    one: str, other: str, database: asyncpg.Pool, now: datetime
) -> None:
    """Any two ends asked for at once, twice each: the deposit ends in one of them, with one transfer."""

    async def sold(conn: asyncpg.Connection) -> deposits.Deposit:
        bidder_id = await make_bidder(conn, money_fen=1000, now=now)
        sale = await make_sale(conn, hammer_price_fen=5000, buyer_id=bidder_id, now=now)
        return await deposits.hold(
            conn, sale.lot_id, bidder_id, holder_id=VENUE, amount_fen=400, now=now
        )

    deposit = await in_transaction(database, sold)
    first, second = (
        lambda conn: ENDS[one](conn, deposit, now),
        lambda conn: ENDS[other](conn, deposit, now),
    )
    answers = successes(await at_once(database, first, second, first, second))
    assert len({answer.state for answer in answers}) == 1
    assert len(answers) == (4 if one == other else 2)
    closes = await database.fetchval(
        "SELECT count(*) FROM settlement.transfers WHERE idempotency_id = $1",
        f"hold:{deposit.hold_id}:close",
    )
    assert closes == 1
    await proven(database)


async def test_the_same_id_at_once_posts_once(database: asyncpg.Pool, now: datetime) -> None:
    """One idempotency id from ten connections: one transfer, ten equal answers; other content is refused."""
    keys = (ledger.outside(BANK), client_money(BANK, VENUE))

    def post(amount_fen: int) -> Service:
        transfer = move(
            "same", kind="k", ref="r", source=keys[0], target=keys[1], amount_fen=amount_fen
        )
        return lambda conn: ledger.post_one(conn, transfer, now=now)

    answers = await at_once(database, *[post(5)] * 10)
    assert len({answer.transfer_id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    with pytest.raises(IdempotencyIdReused):
        await in_transaction(database, post(6))
    assert await balance(database, keys[1]) == 5
    await proven(database)


async def test_one_id_is_one_transfer_however_it_is_posted(
    database: asyncpg.Pool, now: datetime
) -> None:
    """The short way and the way for many write the same bytes: each answers what the other posted, or refuses it."""
    keys = (ledger.outside(BANK), client_money(BANK, VENUE))

    def transfer(idempotency_id: str, amount_fen: int) -> ledger.Transfer:
        return move(
            idempotency_id,
            kind="k",
            ref="r",
            source=keys[0],
            target=keys[1],
            amount_fen=amount_fen,
            effective_at=now - timedelta(days=1),
        )

    def short(one: ledger.Transfer) -> Service:
        return lambda conn: ledger.post_one(conn, one, now=now)

    def among_many(one: ledger.Transfer) -> Service:
        return lambda conn: ledger.post(conn, [one], now=now)

    opened = transfer("accounts open with the first", 1)
    await in_transaction(database, among_many(opened))
    for first, then, name in ((short, among_many, "a"), (among_many, short, "b")):
        await in_transaction(database, first(transfer(name, 5)))
        again = await in_transaction(database, then(transfer(name, 5)))
        assert (again[0] if isinstance(again, list) else again).replayed
        with pytest.raises(IdempotencyIdReused):
            await in_transaction(database, then(transfer(name, 6)))
    assert await balance(database, keys[1]) == 11
    await proven(database)


async def test_opposite_batches_do_not_deadlock(database: asyncpg.Pool, now: datetime) -> None:
    """Batches over the same accounts in opposite orders, many at once, all pass."""
    keys = [ledger.outside(UUID(int=n)) for n in range(1, 9)]

    def batch(n: int) -> Service:
        order = keys if n % 2 else keys[::-1]
        transfers = [
            move(f"{n}:{i}", kind="k", ref="r", source=source, target=target, amount_fen=1)
            for i, (source, target) in enumerate(itertools.pairwise(order))
        ]
        return lambda conn: ledger.post(conn, transfers, now=now)

    await in_transaction(database, lambda conn: ledger.open_accounts(conn, keys, now=now))
    answers = await at_once(database, *(batch(n) for n in range(20)))
    assert len(successes(answers)) == 20
    await proven(database)


async def test_a_credit_is_booked_once(database: asyncpg.Pool, now: datetime) -> None:
    """The same bank reference read by five workers is one payment; with another amount it is refused."""
    sale = await in_transaction(
        database, lambda conn: make_sale(conn, hammer_price_fen=5000, now=now)
    )

    def receive(amount_fen: int) -> Service:
        return lambda conn: payments.receive(
            conn,
            sale.buyer_id,
            bank_reference="B-1",
            amount_fen=amount_fen,
            received_at=now,
            lot_id=sale.lot_id,
            now=now,
        )

    answers = await at_once(database, *[receive(5000)] * 5)
    assert {answer.match for answer in answers} == {payments.EXACT}
    with pytest.raises(DuplicateBankReference):
        await in_transaction(database, receive(4000))
    assert await balance(database, client_price(sale.lot_id)) == 5000
    await proven(database)


async def test_money_in_one_custody_covers_nothing_of_another(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Paid to one venue it holds no deposit at another, whose account does not have it; a rest is where it was paid."""
    elsewhere = UUID(int=99)
    bidder_id = await make_bidder(conn, money_fen=1000, now=now)
    lot_id = uuid7(now)
    with pytest.raises(InsufficientFunds):
        async with conn.transaction():
            await deposits.hold(conn, lot_id, bidder_id, holder_id=elsewhere, amount_fen=1, now=now)
    given = {"bank_reference": f"in-{bidder_id}", "amount_fen": 1000, "received_at": now}
    with pytest.raises(DuplicateBankReference):
        await deposits.receive(conn, bidder_id, holder_id=elsewhere, now=now, **given)
    held = await deposits.hold(conn, lot_id, bidder_id, holder_id=VENUE, amount_fen=1000, now=now)
    await deposits.release(conn, held.id, now=now)
    with pytest.raises(InsufficientFunds):
        async with conn.transaction():
            await refunds.refund_deposit(
                conn, held.id, holder_id=elsewhere, payee_name="bidder", now=now
            )
    await refunds.refund_deposit(conn, held.id, holder_id=VENUE, payee_name="bidder", now=now)
    sale = await make_sale(
        conn, hammer_price_fen=500, buyer_id=bidder_id, venue_id=elsewhere, now=now
    )
    await payments.receive(
        conn, bidder_id, bank_reference="P-1", amount_fen=700, received_at=now,
        lot_id=sale.lot_id, now=now,
    )  # fmt: skip
    free = [await balance(conn, client_money(bidder_id, one)) for one in (VENUE, elsewhere)]
    assert free == [0, 200]


@pytest.mark.parametrize(
    ("credits", "matches", "state", "free_fen"),
    [
        ([5000], ["EXACT"], sales.PRICE_PAID, 0),
        ([2000], ["PARTIAL"], sales.PRICE_DUE, 0),
        ([2000, 3000], ["PARTIAL", "EXACT"], sales.PRICE_PAID, 0),
        ([2000, 3500], ["PARTIAL", "OVER"], sales.PRICE_PAID, 500),
        ([6000], ["OVER"], sales.PRICE_PAID, 1000),
    ],
)
async def test_a_credit_is_matched_to_what_is_due(
    credits: list[int],
    matches: list[str],
    state: str,
    free_fen: int,
    conn: asyncpg.Connection,
    now: datetime,
) -> None:
    """What is due is paid first, what is more is the payer's free money, the last fen makes it paid."""
    sale = await make_sale(conn, hammer_price_fen=4900, buyer_premium_fen=100, now=now)
    booked = [
        await payments.receive(
            conn,
            sale.buyer_id,
            bank_reference=f"B-{n}",
            amount_fen=amount_fen,
            received_at=now,
            lot_id=sale.lot_id,
            now=now,
        )
        for n, amount_fen in enumerate(credits)
    ]
    assert [payment.match for payment in booked] == matches
    assert (await sales.get(conn, sale.lot_id)).state == state
    assert await balance(conn, client_money(sale.buyer_id, VENUE)) == free_fen
    with pytest.raises(IllegalStep):
        await payments.receive(
            conn,
            BANK,
            bank_reference="x",
            amount_fen=1,
            received_at=now,
            lot_id=sale.lot_id,
            now=now,
        )


async def test_a_plan_is_paid_once(database: asyncpg.Pool, now: datetime) -> None:
    """Paid by five workers at once, a plan moves the price once and queues each payee once."""

    async def approved(conn: asyncpg.Connection) -> distribution.Plan:
        sale = await make_sale(conn, hammer_price_fen=238_000_000, now=now)
        await pay_price(conn, sale, now=now)
        lines = example_costs(commission_fen=4_760_000, stamp_fen=71_400)
        secured = Secured(party="bank", registered_at=now.date(), principal_fen=10**9)
        return await distribute(conn, sale, lines=lines, secured=secured, now=now, pay=False)

    plan = await in_transaction(database, approved)
    answers = await at_once(
        database, *[lambda conn: distribution.pay_plan(conn, plan.id, now=now)] * 5
    )
    assert {answer.state for answer in answers} == {distribution.PAID}
    queued = await payments.payouts_of(database, plan.lot_id)
    assert sum(payout.amount_fen for payout in queued) == 238_000_000
    assert len(queued) == 5
    one = queued[0]
    confirmed = await at_once(
        database,
        *[lambda conn: payments.confirm_payout(conn, one.id, bank_reference="D-1", now=now)] * 5,
    )
    assert {answer.state for answer in confirmed} == {payments.PAID}
    assert await balance(database, ledger.outside(one.payee_id, one.ref)) == one.amount_fen
    await proven(database)


async def test_a_case_moves_money_once(database: asyncpg.Pool, now: datetime) -> None:
    """Advance, recovery and final clearing, each by five workers at once, come out as if done once."""

    async def reviewed(conn: asyncpg.Connection) -> cases.Case:
        case = await make_claim(conn, loan=Loan(amount_fen=10_000, principal_fen=10_000), now=now)
        for reviewer_id in (CHECKER, SECOND_CHECKER):
            await compensation.review_claim(
                conn,
                case.id,
                reviewer_id=reviewer_id,
                approved=True,
                reason="agreed",
                reviewed_hash=compensation.claim_hash(case),
                now=now,
            )
        return case

    case = await in_transaction(database, reviewed)
    event = RecoveryEvent(id="e1", gross_fen=1000)
    for service in (
        lambda conn: compensation.pay_advance(conn, case.id, paid_by=CHECKER, now=now),
        lambda conn: recoveries.record_recovery(conn, case.id, event, now=now),
        lambda conn: recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now),
    ):
        assert len(successes(await at_once(database, *[service] * 5))) == 5
    await in_transaction(database, lambda conn: confirm_payouts(conn, case.id, now=now))
    assert await balance(database, ledger.outside(BANK, case.ref)) == 3600
    assert await balance(database, ledger.fund_account(FUND)) == 1_000_000_000 - 3600
    await proven(database)


async def test_one_fund_is_not_promised_twice(database: asyncpg.Pool, now: datetime) -> None:
    """Claims at once on a fund that suffices for one and a half promise no more than it has."""
    loan = Loan(amount_fen=10_000, principal_fen=10_000)
    await in_transaction(
        database, lambda conn: make_claim(conn, loan=loan, fund_fen=6000, number="L-0", now=now)
    )
    answers = await at_once(
        database,
        *(
            (
                lambda number: (
                    lambda conn: make_claim(conn, loan=loan, fund_fen=0, number=number, now=now)
                )
            )(f"L-{n}")
            for n in range(1, 5)
        ),
    )
    promised = [case.opening.promised["fund"] for case in successes(answers)]
    assert sorted(promised) == [0, 0, 0, 2000]


async def test_holds_end_as_asked(conn: asyncpg.Connection, now: datetime) -> None:
    """Part of a hold is captured and the rest comes back; more than it, or after its time, is refused."""
    bidder_id = await make_bidder(conn, money_fen=1000, now=now)
    later = now + timedelta(hours=1)
    ids = [uuid7(now) for _ in range(3)]
    for hold_id in ids:
        await holds.hold(
            conn,
            hold_id,
            source=client_money(bidder_id, VENUE),
            amount_fen=300,
            ref="r",
            expires_at=later,
            now=now,
        )
    target = ledger.AccountKey("venue_fee", BANK)
    with pytest.raises(OverCapture):
        await holds.capture(conn, ids[0], target=target, amount_fen=301, now=now)
    assert (
        await holds.capture(conn, ids[0], target=target, amount_fen=100, now=now)
    ).captured_fen == 100
    with pytest.raises(IllegalStep):
        await holds.release(conn, ids[0], now=now)
    assert (await holds.release(conn, ids[1], now=now)).state == holds.RELEASED
    with pytest.raises(Conflict):
        await holds.capture(conn, ids[2], target=target, amount_fen=1, now=later)
    assert await holds.expire_due(conn, now=now) == []
    assert await holds.expire_due(conn, now=later) == [ids[2]]
    assert await balance(conn, client_money(bidder_id, VENUE)) == 900
    assert await balance(conn, target) == 100


async def test_two_people_are_two(conn: asyncpg.Connection, now: datetime) -> None:
    """Who applied can't review, who reviewed can't review again, and one contract is enrolled once."""
    case = await make_claim(conn, loan=Loan(amount_fen=100, principal_fen=100), now=now)

    async def review(reviewer_id: UUID) -> cases.Case:
        return await compensation.review_claim(
            conn,
            case.id,
            reviewer_id=reviewer_id,
            approved=True,
            reason="agreed",
            reviewed_hash=compensation.claim_hash(case),
            now=now,
        )

    with pytest.raises(SamePerson):
        await review(MAKER)
    assert (await review(CHECKER)).state == cases.COMP_APPLIED
    assert (await review(CHECKER)).state == cases.COMP_APPLIED
    with pytest.raises(IllegalStep):
        await compensation.pay_advance(conn, case.id, paid_by=CHECKER, now=now)
    assert (await review(SECOND_CHECKER)).state == cases.COMP_REVIEWED
    with pytest.raises(AlreadyEnrolled):
        await cases.enrol_loan(
            conn,
            case.scheme_id,
            case.scheme_version,
            lender_id=BANK,
            borrower_id=BANK,
            loan_number="another number",
            contract_hash=case.contract_hash,
            parties=case.parties,
            now=now,
        )


async def test_recoveries_are_counted_once(conn: asyncpg.Connection, now: datetime) -> None:
    """An event id with other content is refused, and nothing is recorded after the final clearing."""
    case = await make_claim(conn, loan=Loan(amount_fen=100, principal_fen=100), now=now)
    await review_and_advance(conn, case, now=now)
    await recoveries.record_recovery(conn, case.id, RecoveryEvent(id="e", gross_fen=10), now=now)
    with pytest.raises(IdempotencyIdReused):
        await recoveries.record_recovery(
            conn, case.id, RecoveryEvent(id="e", gross_fen=11), now=now
        )
    await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now)
    with pytest.raises(IllegalStep):
        await recoveries.record_recovery(conn, case.id, RecoveryEvent(id="f", gross_fen=1), now=now)
    steps = [step.step for step in await cases.steps(conn, case.id)]
    assert steps == [
        "enrol_loan",
        "default_confirmed",
        "apply_claim",
        "review_approve",
        "review_approve",
        "pay_advance",
        "record_recovery",
        "final_clearing",
    ]
