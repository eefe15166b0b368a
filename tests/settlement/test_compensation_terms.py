"""What completes risk compensation: enrolment, breakers, limits, deadlines, margin accounts, returns of every kind."""

from datetime import date, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import msgspec
import pytest

from kit.errors import InvalidInput
from settlement import (
    breakers,
    cases,
    clawbacks,
    compensation,
    competing,
    enrolments,
    funds,
    ledger,
    payments,
    recoveries,
    reopening,
    returning,
)
from settlement.checks import check_ledger
from settlement.competing import Application
from settlement.enrolments import NewEnrolment
from settlement.errors import (
    AlreadyEnrolled,
    BreakerTripped,
    DuplicateBankReference,
    IllegalStep,
    NotEnrolled,
    SamePerson,
)
from settlement.ledger import AccountKey, balance
from settlement.margins import margin_account
from settlement.rules.caps import allot
from settlement.rules.case import Loan, RecoveryEvent
from settlement.rules.scheme import Caps
from settlement.schemes import Breaker, OperatingTerms, SchemeFile, parse_scheme_file
from tests.settlement.make_money import (
    BANK,
    BORROWER,
    CHECKER,
    FUND,
    MAKER,
    SECOND_CHECKER,
    confirm_payouts,
    make_claim,
    review_and_advance,
    scheme_with_advance,
)

LOAN = Loan(amount_fen=1_000_000, principal_fen=1_000_000)


def scheme_file(**terms: object) -> SchemeFile:
    """60:40 with half advanced, run under these terms."""
    operating = msgspec.convert(terms, OperatingTerms)
    return msgspec.structs.replace(scheme_with_advance(), terms=operating)


async def proven(conn: asyncpg.Connection) -> None:
    """The books hold."""
    result = await check_ledger(conn)
    assert result.ok, [check for check in result.checks if check.broken]


def recovery(event_id: str, gross_fen: int) -> RecoveryEvent:
    """Money that came in."""
    return RecoveryEvent(id=event_id, gross_fen=gross_fen)


def test_terms_that_are_not_stated_are_not_stored() -> None:
    """A scheme file without terms has the bytes that it always had, and runs by the defaults."""
    file = scheme_with_advance()
    assert b'"terms"' not in msgspec.json.encode(file)
    assert file.operating == OperatingTerms()
    stated = scheme_file(remit_workdays=5)
    assert parse_scheme_file(msgspec.json.encode(stated)) == stated


async def test_money_asked_back_has_a_last_day_and_bears_interest_after_it(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Ten working days; five days later 8 % a year on the amount is charged, and keeps the case open until paid."""
    file = scheme_file(late_interest_bp_year=800, late_year_days=360)
    case = await review_and_advance(
        conn, await make_claim(conn, loan=LOAN, now=now, file=file), now=now
    )
    await recoveries.record_recovery(conn, case.id, recovery("e", 900_000), now=now)
    await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now)
    (due,) = await recoveries.settlements(conn, case.id)
    assert (due.amount_fen, due.due_on) == (-160_000, date(2026, 11, 16))
    late = datetime(2026, 11, 21, 1, 0, tzinfo=now.tzinfo)
    for reference in ("R-1", "R-1"):
        await recoveries.record_return(
            conn, case.id, fund_party="fund", party="bank", amount_fen=160_000,
            bank_reference=reference, now=late,
        )  # fmt: skip
    with pytest.raises(DuplicateBankReference):
        await recoveries.record_return(
            conn, case.id, fund_party="fund", party="bank", amount_fen=160_000,
            bank_reference="R-2", now=late,
        )  # fmt: skip
    (charge,) = await returning.charges(conn, case.id)
    assert charge.amount_fen == 178  # 1,600.00 x 5 / 360 x 8 % = 1.777...
    assert (await cases.get(conn, case.id)).state == cases.FINAL_CLEARING
    with pytest.raises(InvalidInput):
        await returning.record_charge_paid(
            conn, case.id, charge.id, amount_fen=1, bank_reference="C-1", now=late
        )
    for _ in range(2):
        await returning.record_charge_paid(
            conn, case.id, charge.id, amount_fen=178, bank_reference="C-1", now=late
        )
    assert (await cases.get(conn, case.id)).state == cases.CLOSED
    # 400,000 was promised; 60 % of the 100,000 left is the bank's, so the fund lost 40,000 and earned 178.
    assert await balance(conn, ledger.fund_account(FUND)) == 1_000_000_000 - 40_000 + 178
    await proven(conn)


async def test_one_credit_of_a_fund_is_one_money(conn: asyncpg.Connection, now: datetime) -> None:
    """Its budget, a return, a charge: one reference is one of them; a case's return and charge may be one transfer."""
    file = scheme_file(late_interest_bp_year=800)
    late = now + timedelta(days=40)
    case, other = [
        await review_and_advance(
            conn, await make_claim(conn, loan=LOAN, now=now, file=file, number=number), now=now
        )
        for number in ("L-1", "L-2")
    ]
    for one in (case, other):
        await recoveries.record_recovery(conn, one.id, recovery("e", 900_000), now=now)
        await recoveries.final_clearing(conn, one.id, cleared_by=CHECKER, now=now)

    async def give_back(one: cases.Case, reference: str) -> None:
        async with conn.transaction():
            await recoveries.record_return(
                conn, one.id, fund_party="fund", party="bank", amount_fen=160_000,
                bank_reference=reference, now=late,
            )  # fmt: skip

    async def appropriate(reference: str) -> None:
        async with conn.transaction():
            await funds.receive(
                conn, FUND, source_id=BANK, amount_fen=160_000, bank_reference=reference, now=now
            )

    await appropriate("budget")
    with pytest.raises(DuplicateBankReference):
        await give_back(case, "budget")
    await give_back(case, "R-1")
    (charge,) = await returning.charges(conn, case.id)
    await returning.record_charge_paid(
        conn, case.id, charge.id, amount_fen=charge.amount_fen, bank_reference="R-1", now=late
    )
    for refused in (give_back(other, "R-1"), appropriate("R-1")):
        with pytest.raises(DuplicateBankReference):
            await refused
    await give_back(other, "R-2")
    (charge,) = await returning.charges(conn, other.id)
    for reference in ("R-1", "budget"):
        with pytest.raises(DuplicateBankReference):
            async with conn.transaction():
                await returning.record_charge_paid(
                    conn, other.id, charge.id, amount_fen=charge.amount_fen,
                    bank_reference=reference, now=late,
                )  # fmt: skip
    await proven(conn)


async def test_what_comes_in_time_bears_nothing(conn: asyncpg.Connection, now: datetime) -> None:
    """On its last day a return is in time."""
    file = scheme_file(late_interest_bp_year=800)
    case = await review_and_advance(
        conn, await make_claim(conn, loan=LOAN, now=now, file=file), now=now
    )
    await recoveries.record_recovery(conn, case.id, recovery("e", 900_000), now=now)
    await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now)
    await recoveries.record_return(
        conn, case.id, fund_party="fund", party="bank", amount_fen=160_000, bank_reference="R",
        now=now + timedelta(days=14),
    )  # fmt: skip
    assert await returning.charges(conn, case.id) == []
    assert (await cases.get(conn, case.id)).state == cases.CLOSED


@pytest.mark.parametrize(("recovered_fen", "back_fen"), [(0, 0), (500_000, 0), (900_000, 160_000)])
async def test_a_margin_is_set_aside_and_ends_with_the_clearing(
    recovered_fen: int, back_fen: int, conn: asyncpg.Connection, now: datetime
) -> None:
    """On a margin account the advance is nobody's yet; at the end it is paid out, or goes back without being asked."""
    file = scheme_file(payout_form="MARGIN_ACCOUNT")
    case = await review_and_advance(
        conn, await make_claim(conn, loan=LOAN, now=now, file=file), now=now
    )
    assert await balance(conn, margin_account(case.id, BANK)) == 200_000
    assert await payments.payouts_of(conn, case.id) == []
    await proven(conn)
    if recovered_fen:
        await recoveries.record_recovery(conn, case.id, recovery("e", recovered_fen), now=now)
    final = await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now)
    await confirm_payouts(conn, case.id, now=now)
    assert await balance(conn, margin_account(case.id, BANK)) == 0
    assert await balance(conn, ledger.outside(BANK, case.ref)) == final.closing["fund"]
    assert max(-final.delta_fen, 0) == back_fen
    assert (await cases.get(conn, case.id)).state == cases.CLOSED
    await proven(conn)


async def test_late_money_clears_anew(conn: asyncpg.Connection, now: datetime) -> None:
    """Two late recoveries make versions 2 and 3; each asks back its part; what is over goes to nobody's position."""
    case = await review_and_advance(conn, await make_claim(conn, loan=LOAN, now=now), now=now)
    await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now)
    await confirm_payouts(conn, case.id, now=now)
    assert (await cases.get(conn, case.id)).state == cases.CLOSED
    for event_id, gross_fen in (("late-1", 100_001), ("late-2", 2_000_000)):
        event = recovery(event_id, gross_fen)
        first = await reopening.record_late_recovery(conn, case.id, event, now=now)
        assert await reopening.record_late_recovery(conn, case.id, event, now=now) == first
        assert (await cases.get(conn, case.id)).state == cases.FINAL_CLEARING
        await proven(conn)
    versions = await recoveries.clearings(conn, case.id)
    assert [one.event_id for one in versions] == [None, "late-1", "late-2"]
    assert versions[-1].final.closing == {"bank": 0, "fund": 0}
    asked = [row for row in await recoveries.settlements(conn, case.id) if row.amount_fen < 0]
    assert [row.amount_fen for row in asked] == [-40_000, -360_000]
    for n, row in enumerate(asked):
        await recoveries.record_return(
            conn, case.id, fund_party="fund", party="bank", amount_fen=-row.amount_fen,
            bank_reference=f"back-{n}", now=now,
        )  # fmt: skip
    assert (await cases.get(conn, case.id)).state == cases.CLOSED
    assert await balance(conn, ledger.fund_account(FUND)) == 1_000_000_000
    await proven(conn)


@pytest.mark.parametrize("form", ["CASH", "MARGIN_ACCOUNT"])
@pytest.mark.parametrize("cleared", [False, True])
async def test_fraud_gives_everything_back(
    form: str, cleared: bool, conn: asyncpg.Connection, now: datetime
) -> None:
    """Two people take a claim back: the bank bears its loss alone, and owes the fund all that it got."""
    file = scheme_file(payout_form=form)
    case = await review_and_advance(
        conn, await make_claim(conn, loan=LOAN, now=now, file=file), now=now
    )
    await recoveries.record_recovery(conn, case.id, recovery("e", 100_000), now=now)
    if cleared:
        await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now)
        await confirm_payouts(conn, case.id, now=now)
    await clawbacks.propose(
        conn,
        case.id,
        reason="the contract was made up",
        evidence="ab" * 32,
        proposed_by=MAKER,
        now=now,
    )
    with pytest.raises(SamePerson):
        await clawbacks.decide(conn, case.id, decided_by=MAKER, now=now)
    for _ in range(2):
        done = await clawbacks.decide(conn, case.id, decided_by=CHECKER, now=now)
    assert done.state == "CLAWED_BACK"
    assert done.book is not None
    assert done.book.positions == {"bank": 900_000, "fund": 0}
    asked = await returning.charges(conn, case.id)
    expected = {
        ("CASH", False): 200_000,
        ("CASH", True): 360_000,
        ("MARGIN_ACCOUNT", True): 360_000,
    }
    assert sum(charge.amount_fen for charge in asked) == expected.get((form, cleared), 0)
    for charge in asked:
        await returning.record_charge_paid(
            conn, case.id, charge.id, amount_fen=charge.amount_fen, bank_reference="back", now=now
        )
    assert await balance(conn, ledger.fund_account(FUND)) == 1_000_000_000
    assert await balance(conn, ledger.outside(BANK, case.ref)) == 0
    await proven(conn)
    with pytest.raises(IllegalStep):
        await recoveries.record_recovery(conn, case.id, recovery("x", 1), now=now)


def enrolment(
    number: str, *, principal_fen: int = 1_000_000, scheme_version: int = 2
) -> NewEnrolment:
    """What the bank files of a sound loan."""
    return NewEnrolment(
        scheme_id="tianjin-binhai-2022",
        scheme_version=scheme_version,
        lender_id=BANK,
        borrower_id=BORROWER,
        loan_number=number,
        contract_hash=number.encode().ljust(32, b"."),
        principal_fen=principal_fen,
        granted_on=date(2026, 1, 5),
        due_on=date(2027, 1, 5),
    )


async def enrol(conn: asyncpg.Connection, given: NewEnrolment, *, now: datetime) -> None:
    """A loan filed and accepted."""
    filed = await enrolments.file(conn, given, enrolled_by=MAKER, now=now)
    await enrolments.decide(
        conn, filed.id, accepted=True, reason="complete", decided_by=CHECKER, now=now
    )


async def test_a_loan_is_enrolled_before_its_default(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Where the scheme asks for it, only what two people enrolled in time, under this contract, can be claimed for."""
    file = scheme_file(enrolment_required=True)
    await cases.add_scheme(conn, file, now=now)
    given = enrolment("L-1")
    filed = await enrolments.file(conn, given, enrolled_by=MAKER, now=now)
    assert await enrolments.file(conn, given, enrolled_by=MAKER, now=now) == filed
    with pytest.raises(AlreadyEnrolled):
        await enrolments.file(
            conn, msgspec.structs.replace(given, principal_fen=5), enrolled_by=MAKER, now=now
        )
    with pytest.raises(AlreadyEnrolled):
        await enrolments.file(
            conn, msgspec.structs.replace(given, loan_number="L-2"), enrolled_by=MAKER, now=now
        )

    async def require(contract_hash: bytes = given.contract_hash, days: int = 1) -> None:
        await enrolments.require(
            conn, file, lender_id=BANK, loan_number="L-1", contract_hash=contract_hash,
            defaulted_on=now.date() + timedelta(days=days),
        )  # fmt: skip

    with pytest.raises(NotEnrolled):
        await require()  # not accepted yet
    with pytest.raises(SamePerson):
        await enrolments.decide(
            conn, filed.id, accepted=True, reason="mine", decided_by=MAKER, now=now
        )
    await enrolments.decide(
        conn, filed.id, accepted=True, reason="complete", decided_by=CHECKER, now=now
    )
    await require()
    with pytest.raises(NotEnrolled):
        await require(days=0)  # on the day of the default it is too late
    with pytest.raises(NotEnrolled):
        await require(b"x" * 32)
    with pytest.raises(InvalidInput):
        await enrolments.file(
            conn, msgspec.structs.replace(given, loan_number="L-3", due_on=now.date()),
            enrolled_by=MAKER, now=now,
        )  # fmt: skip


def with_breaker(action: str, threshold_bp: int = 300) -> SchemeFile:
    """A scheme that stops above 3 %."""
    breaker = Breaker(
        metric="ANNUAL_LOSS_TO_ENROLLED",
        threshold_bp=threshold_bp,
        action=action,  # type: ignore[arg-type]
    )
    return msgspec.structs.replace(scheme_with_advance(), breakers=(breaker,))


async def approve(conn: asyncpg.Connection, case: cases.Case, *, now: datetime) -> cases.Case:
    """Two people approve a claim."""
    for reviewer_id in (CHECKER, SECOND_CHECKER):
        case = await compensation.review_claim(
            conn, case.id, reviewer_id=reviewer_id, approved=True, reason="agreed",
            reviewed_hash=compensation.claim_hash(case), now=now,
        )  # fmt: skip
    return case


@pytest.mark.parametrize(
    ("enrolled_fen", "action", "state"),
    [
        (33_333_334, "DEFER", cases.COMP_REVIEWED),  # 1,000,000 is not over 3 % of it
        (33_333_333, "DEFER", compensation.SUSPENDED),
        (33_333_333, "SUSPEND_NEW", cases.COMP_REVIEWED),  # stops new business, not this claim
        (33_333_333, "TERMINATE", cases.REJECTED),
    ],
)
async def test_a_breaker_trips_strictly_above_its_threshold(
    enrolled_fen: int, action: str, state: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """Figures are those of the year at the last quarter's end; what trips is kept with what it read."""
    file = with_breaker(action)
    before = datetime(2026, 9, 1, 1, 0, tzinfo=now.tzinfo)
    await cases.add_scheme(conn, file, now=before)
    await enrol(conn, enrolment("E-1", principal_fen=enrolled_fen), now=before)
    case = await make_claim(conn, loan=LOAN, now=before, file=file)
    case = await approve(conn, case, now=now)
    assert case.state == state
    trips = await conn.fetch("SELECT action, loss_fen FROM settlement.breaker_trips")
    stopped = state in (compensation.SUSPENDED, cases.REJECTED)
    assert [tuple(row) for row in trips] == ([(action, 1_000_000)] if stopped else [])
    is_over = enrolled_fen == 33_333_333
    if action in ("SUSPEND_NEW", "TERMINATE"):
        # A rejected claim is no loss any more, but a terminated scheme stays terminated.
        with pytest.raises(BreakerTripped):
            await enrolments.file(conn, enrolment("E-2"), enrolled_by=MAKER, now=now)
    elif is_over:
        await enrolments.file(conn, enrolment("E-2"), enrolled_by=MAKER, now=now)
    await proven(conn)


async def test_a_deferred_claim_goes_on_when_the_figures_allow_it(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Suspended in November; in January the year's figures include what was enrolled since, and it goes on."""
    file = with_breaker("DEFER")
    before = datetime(2026, 9, 1, 1, 0, tzinfo=now.tzinfo)
    case = await make_claim(conn, loan=LOAN, now=before, file=file)
    case = await approve(conn, case, now=now)
    assert case.state == compensation.SUSPENDED
    with pytest.raises(IllegalStep):
        await compensation.pay_advance(conn, case.id, paid_by=CHECKER, now=now)
    assert (await compensation.resume(conn, case.id, now=now)).state == compensation.SUSPENDED
    await enrol(conn, enrolment("E-1", principal_fen=50_000_000), now=now)
    january = datetime(2027, 1, 11, 1, 0, tzinfo=now.tzinfo)
    assert (await compensation.resume(conn, case.id, now=january)).state == cases.COMP_REVIEWED
    await compensation.pay_advance(conn, case.id, paid_by=CHECKER, now=january)
    await proven(conn)


def test_the_period_before_a_day_ends_with_the_last_quarter() -> None:
    """In January the figures are those of the whole year before."""
    assert breakers.period_before(date(2026, 11, 2)) == (date(2026, 1, 1), date(2026, 9, 30))
    assert breakers.period_before(date(2027, 1, 1)) == (date(2026, 1, 1), date(2026, 12, 31))
    assert breakers.period_before(date(2026, 4, 1)) == (date(2026, 1, 1), date(2026, 3, 31))


async def prepare(
    conn: asyncpg.Connection, file: SchemeFile, number: str, *, lender_id: UUID, now: datetime
) -> cases.Case:
    """A loan in default that nobody has claimed for."""
    await cases.add_scheme(conn, file, now=now)
    case = await cases.enrol_loan(
        conn, file.id, file.version, lender_id=lender_id, borrower_id=uuid5(NAMESPACE_URL, number),
        loan_number=number, contract_hash=number.encode().ljust(32, b"."),
        parties={"bank": lender_id, "fund": FUND}, now=now,
    )  # fmt: skip
    return await cases.confirm_default(conn, case.id, now=now)


async def test_claims_of_one_day_share_one_limit(conn: asyncpg.Connection, now: datetime) -> None:
    """What is left of the fund is split by largest remainder over what each claim would be promised alone."""
    plain = scheme_with_advance()
    assert plain.scheme is not None
    limited = msgspec.structs.replace(plain.scheme, caps={"fund": Caps(fund_balance_fen=10**9)})
    file = msgspec.structs.replace(plain, scheme=limited)
    await funds.receive(
        conn, FUND, source_id=BANK, amount_fen=100_001, bank_reference="in", now=now
    )
    made = [
        await prepare(conn, file, f"N-{n}", lender_id=UUID(int=100 + n), now=now) for n in range(3)
    ]
    applied = await competing.apply_together(
        conn,
        [
            Application(
                case_id=case.id,
                loan=Loan(amount_fen=fen, principal_fen=fen),
                applied_by=MAKER,
            )
            for case, fen in zip(made, (100_000, 200_000, 300_000), strict=True)
        ],
        now=now,
    )
    promised = [case.opening.promised["fund"] for case in applied if case.opening]
    assert sum(promised) == 100_001
    assert promised == [16_667, 33_334, 50_000]
    assert (await funds.exposure(conn, FUND)).free_fen == 0


async def test_a_lender_has_its_own_limit_a_year(conn: asyncpg.Connection, now: datetime) -> None:
    """What a fund promised to one lender this year lowers what the next of its claims gets, and no other lender's."""
    file = scheme_file(party_year_cap_fen={"fund": 500_000})
    await funds.receive(conn, FUND, source_id=BANK, amount_fen=10**9, bank_reference="in", now=now)
    promised = []
    for n, lender_id in enumerate((BANK, BANK, UUID(int=77))):
        case = await prepare(conn, file, f"Y-{n}", lender_id=lender_id, now=now)
        done = await compensation.apply_claim(conn, case.id, loan=LOAN, applied_by=MAKER, now=now)
        assert done.opening is not None
        promised.append(done.opening.promised["fund"])
    assert promised == [400_000, 100_000, 400_000]
    two = [await prepare(conn, file, f"Z-{n}", lender_id=UUID(int=78), now=now) for n in range(2)]
    together = await competing.apply_together(
        conn, [Application(case_id=case.id, loan=LOAN, applied_by=MAKER) for case in two], now=now
    )
    assert [case.opening.promised["fund"] for case in together if case.opening] == [
        250_000,
        250_000,
    ]


async def test_what_a_borrowers_limit_cuts_is_left_for_others(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """The borrower's limit is taken before the fund's: nothing of the fund lies idle while another claim is cut."""
    plain = scheme_with_advance()
    assert plain.scheme is not None
    caps = {"fund": Caps(per_borrower_fen=20_000, fund_balance_fen=10**9)}
    file = msgspec.structs.replace(plain, scheme=msgspec.structs.replace(plain.scheme, caps=caps))
    await funds.receive(conn, FUND, source_id=BANK, amount_fen=36_000, bank_reference="i", now=now)
    made = [await prepare(conn, file, f"B-{n}", lender_id=BANK, now=now) for n in range(2)]
    applied = await competing.apply_together(
        conn,
        [
            Application(
                case_id=case.id,
                loan=Loan(amount_fen=fen, principal_fen=fen),
                applied_by=MAKER,
            )
            for case, fen in zip(made, (100_000, 40_000), strict=True)
        ],
        now=now,
    )
    # Alone 40,000 and 16,000; the borrower's limit leaves 20,000 and 16,000, which is all that the fund has.
    promised = [case.opening.promised["fund"] for case in applied if case.opening]
    assert promised == [20_000, 16_000]


def test_no_limit_is_passed_by_what_is_allotted() -> None:
    """One limit after the other; the sum under a limit never passes it, and what one cuts is there for the next."""
    claims = {"a": 10, "b": 20, "c": 30}
    assert allot(claims, []) == claims
    assert allot(claims, [(60, "abc")]) == claims
    assert allot(claims, [(30, "abc"), (5, "c")]) == {"a": 5, "b": 10, "c": 5}
    assert sum(allot(claims, [(7, "abc")]).values()) == 7
    assert allot({"a": 100, "b": 80}, [(20, "a"), (80, "ab")]) == {"a": 16, "b": 64}


async def test_a_payable_margin_names_its_party(conn: asyncpg.Connection, now: datetime) -> None:
    """What a margin account releases is payable to the one for whom it was set aside."""
    file = scheme_file(payout_form="MARGIN_ACCOUNT")
    case = await review_and_advance(
        conn, await make_claim(conn, loan=LOAN, now=now, file=file), now=now
    )
    await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now)
    payable = AccountKey("compensation_payable", BANK, str(case.id))
    assert await balance(conn, payable) == 400_000
    purposes = {payout.purpose for payout in await payments.payouts_of(conn, case.id)}
    assert purposes == {"compensation_top_up_paid", "margin_released_paid"}
