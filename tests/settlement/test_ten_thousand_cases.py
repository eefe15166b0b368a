"""The properties of domain 5.7 and 6, each in at least ten thousand random cases, counted as they run.

The seeds are fixed, so a run in CI is the run here. A property that does not apply to a case does not count for it.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby
from random import Random

import msgspec
import pytest

from settlement.rules.caps import allot
from settlement.rules.case import read_case
from settlement.rules.clearing import clear
from settlement.rules.commission import commercial_cap, judicial_cap
from settlement.rules.deposits import JUDICIAL_TERMS, ForfeitTerms, Loss, exempt_part, forfeit
from settlement.rules.instalments import apply_payment, with_interest
from settlement.rules.royalties import RoyaltyTerms, audit_adjustment, late_interest, receive
from settlement.rules.several import OneDebt, apply_to_debts
from settlement.rules.waterfall import NamedAmount, Secured, distribute_sale
from tests.make_cases import Json
from tests.make_random_cases import random_case
from tests.settlement import test_clear_against_oracle as oracle
from tests.settlement.clearing_oracle import hand_out

#: Random cases by the thousand go through the same lines again and again (tests/tracing.py).
pytestmark = pytest.mark.untraced

CASES_MIN = 10_000
SHARDS = 4
"""The cases of domain 5.7 are cleared four times each: workers share them."""

AGREED = ForfeitTerms(uses=("commission", "shortfall", "costs"), leftover="returned", excess="owed")
TODAY = date(2026, 6, 1)


def once_each(events: list[Json]) -> list[Json]:
    """The events without their repeats."""
    return list({event["id"]: event for event in events}.values())


def bank_gets_no_more_than_its_claim(case: Json, result: Json) -> None:
    """What relieves the bank and what it recovers is together no more than all it is owed."""
    scheme, loan = case["scheme"], case["loan"]
    bank = next(p["party"] for p in scheme["parties"] if p["role"] == "BANK")
    relieved_fen = result["loss_fen"] - result["opening"][bank]
    kept_fen = sum(done["movements"][bank] for done in result["events"])
    own = ("interest", "uncovered", "penalty")
    kept_fen += sum(
        row["amount_fen"]
        for done in result["events"]
        for row in done["waterfall"]
        if row["to"] in own
    )
    claim_fen = loan["principal_fen"] + loan["interest_fen"] + loan["penalty_fen"]
    assert relieved_fen + kept_fen <= claim_fen - loan.get("received_fen", 0)


def debtor_pays_by_article_561(case: Json, result: Json) -> None:
    """The debtor's book: interest, then principal, then penalty, whichever way the loss is shared (domain 6.2)."""
    loan = case["loan"]
    paid_fen = loan.get("received_fen", 0)
    for done in result["events"]:
        to_lender = ("shared", "interest", "uncovered", "penalty")
        paid_fen += sum(row["amount_fen"] for row in done["waterfall"] if row["to"] in to_lender)
        left_fen = paid_fen
        for field in ("interest_fen", "principal_fen", "penalty_fen"):
            part_fen = min(loan.get(field, 0), left_fen)
            left_fen -= part_fen
            assert done["debt"][field] == loan.get(field, 0) - part_fen
        assert left_fen == 0


def several_recoveries(random: Random) -> Json:
    """A case of two recoveries or more, so that every property below is about it."""
    case = random_case(random, fen_max=random.choice((9, 1000, 10**13)))
    recovered = once_each(oracle.recoveries(case))
    for n in range(len(recovered), 2):
        more = {"id": f"more{n}", "kind": "recovery", "gross_fen": amount(random)}
        case["events"].insert(0, more)
    return case


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_invariant_of_a_clearing_in_ten_thousand_cases(shard: int) -> None:
    """Domain 5.7, invariant by invariant: sums, caps, claims, the bank's, repeats, any order of a day, both books."""
    random, ran = Random(f"5.7/{shard}"), Counter[str]()
    for _ in range(CASES_MIN // SHARDS):
        case = several_recoveries(random)
        result: Json = msgspec.to_builtins(clear(read_case(case)))
        for check in (
            oracle.check_sums,
            oracle.check_caps,
            oracle.check_claims,
            bank_gets_no_more_than_its_claim,
            debtor_pays_by_article_561,
            repeats_change_nothing,
        ):
            check(case, result)
            ran[check.__name__] += 1
        ran["order"] += any_order_of_a_day_ends_alike(random, case)
    assert set(ran.values()) == {CASES_MIN // SHARDS}
    assert len(ran) == 7


def repeats_change_nothing(case: Json, result: Json) -> None:
    """Every event twice at once, and all of them again at the end, clear like every event once."""
    events = once_each(case["events"])
    doubled = [event for event in events for _ in range(2)] + events
    assert msgspec.to_builtins(clear(read_case(case | {"events": doubled}))) == result


def any_order_of_a_day_ends_alike(random: Random, case: Json) -> bool:
    """The same recoveries in another order end in the same closing; whether there were two to change."""
    case = oracle.shared_only_of(case)
    events, end = list(case["events"]), {"id": "end", "kind": "final"}
    want = clear(read_case(case | {"events": [*events, end]})).final
    random.shuffle(events)
    got = clear(read_case(case | {"events": [*events, end]})).final
    assert want is not None
    assert got is not None
    assert (got.closing, got.delta) == (want.closing, want.delta)
    return len(events) > 1


def caps_hold_over_concurrent_claims(random: Random) -> bool:
    """Claims of one day never get more of a limit than it is, nor more than they claim."""
    claims = {f"c{n}": amount(random) for n in range(random.randint(2, 6))}
    limits = [
        (amount(random), random.sample(sorted(claims), random.randint(1, len(claims))))
        for _ in range(random.randint(1, 4))
    ]
    got = allot(claims, limits)
    assert all(0 <= got[name] <= fen for name, fen in claims.items())
    for limit_fen, names in limits:
        assert sum(got[name] for name in names) <= limit_fen
    if all(limit_fen >= sum(claims[name] for name in names) for limit_fen, names in limits):
        assert got == claims
    return True


def amount(random: Random) -> int:
    """Of any magnitude, small ones as likely as large ones: that is where ties are."""
    return random.randint(0, 10 ** random.randint(0, 12))


def named(random: Random, letter: str) -> list[NamedAmount]:
    """A few costs, taxes or creditors."""
    return [
        NamedAmount(name=f"{letter}{n}", amount_fen=amount(random))
        for n in range(random.randint(0, 3))
    ]


def pledgee(random: Random, n: int) -> Secured:
    """A pledgee, of one of three days or not registered, some with a maximum."""
    return Secured(
        party=f"p{n}",
        registered_at=random.choice((None, *(TODAY + timedelta(days=day) for day in range(3)))),
        principal_fen=amount(random),
        costs_fen=amount(random),
        interest_fen=amount(random),
        penalty_fen=amount(random),
        maximum_fen=random.choice((None, amount(random))),
    )


def ranks_by_hand(
    costs: list[NamedAmount],
    taxes: list[NamedAmount],
    pledgees: list[Secured],
    creditors: list[NamedAmount] | None,
) -> list[list[int]]:
    """What is owed at each rank of domain 6.1, rank after rank, worked out from its table."""
    ranks = [[one.amount_fen for one in costs], [one.amount_fen for one in taxes]]
    by_day: dict[date, list[Secured]] = {}
    for one in pledgees:
        if one.registered_at is not None:
            by_day.setdefault(one.registered_at, []).append(one)
    rests = []
    for place, day in enumerate(sorted(by_day)):
        secured = []
        for one in by_day[day]:
            parts = [one.costs_fen, one.interest_fen, one.principal_fen, one.penalty_fen]
            open_fen = sum(parts) if one.maximum_fen is None else one.maximum_fen
            cut = []
            for part in parts:
                cut.append(min(part, open_fen))
                open_fen -= cut[-1]
            secured.append(cut)
        if (
            place == 0 and len(secured) == 1
        ):  # the one first pledgee: costs, interest, principal, penalty
            ranks += [[part] for part in secured[0]]
        else:
            ranks.append([sum(cut) for cut in secured])
    for one in pledgees:
        whole_fen = one.costs_fen + one.interest_fen + one.principal_fen + one.penalty_fen
        most_fen = whole_fen if one.maximum_fen is None else min(whole_fen, one.maximum_fen)
        rest_fen = whole_fen - (most_fen if one.registered_at else 0)
        rests += [rest_fen] if rest_fen else []
    if creditors is not None:
        ranks.append([one.amount_fen for one in creditors] + rests)
    return [rank for rank in ranks if rank]


def a_sale_is_distributed_by_rank(random: Random) -> bool:
    """Domain 6.1 against a count by hand in fractions: rank after rank in full, within a rank by largest remainder."""
    left_fen = amount(random)
    costs, taxes = named(random, "c"), named(random, "t")
    pledgees = [pledgee(random, n) for n in range(random.randint(0, 4))]
    creditors = named(random, "o") if random.random() < 0.5 else None
    *lines, surplus = distribute_sale(
        left_fen, costs=costs, taxes=taxes, pledgees=pledgees, pledgor="firm", creditors=creditors
    )
    got = [list(level) for _, level in groupby(lines, key=lambda line: line.rank)]
    wanted = ranks_by_hand(costs, taxes, pledgees, creditors)
    for level, owed in zip(got, wanted, strict=True):
        assert [line.owed_fen for line in level] == owed
        there_fen = min(left_fen, sum(owed))
        want = hand_out(there_fen, {str(n): fen for n, fen in enumerate(owed)})
        assert [line.amount_fen for line in level] == list(want.values())
        left_fen -= there_fen
        assert all(line.left_fen == left_fen for line in level)
    assert (surplus.to, surplus.amount_fen) == ("pledgor", left_fen)
    return True


def debts_of_one_debtor_are_paid_by_article_560(random: Random) -> bool:
    """Each fen goes to one debt or is left over; no debt has more than is owed, none before a senior one is full."""
    debts = [
        OneDebt(
            debt=f"d{n}",
            due_on=TODAY + timedelta(days=random.randint(-2, 2)),
            principal_fen=amount(random),
            interest_fen=amount(random),
            security_fen=random.choice((0, 5)),
            burden_bp=random.choice((0, 5)),
        )
        for n in range(random.randint(1, 5))
    ]
    given_fen = amount(random)
    applied, left_fen = apply_to_debts(given_fen, debts, on=TODAY, designated=("d0",))
    assert sum(one.amount_fen for one in applied) + left_fen == given_fen
    owed = {debt.debt: debt for debt in debts}
    for one in applied:
        interest_fen = min(one.amount_fen, owed[one.debt].interest_fen)
        assert (one.interest_fen, one.principal_fen) == (
            interest_fen,
            one.amount_fen - interest_fen,
        )
        assert one.amount_fen <= owed[one.debt].owed_fen
        if one.amount_fen < owed[one.debt].owed_fen:
            assert left_fen == 0
    first = next(one for one in applied if one.debt == "d0")
    assert first.amount_fen == min(given_fen, owed["d0"].owed_fen)
    return True


def a_deposit_is_used_up_in_the_order_of_its_terms(random: Random) -> bool:
    """Domain 6.5: use after use in full while it lasts, then the debt or back; the loss beyond it is the excess."""
    terms = random.choice((*JUDICIAL_TERMS.values(), AGREED))
    deposit_fen = amount(random)
    loss = Loss(
        costs_fen=amount(random), shortfall_fen=amount(random), commission_fen=amount(random)
    )
    done = forfeit(deposit_fen, terms, loss)
    caused = {
        "costs": loss.costs_fen,
        "shortfall": loss.shortfall_fen,
        "commission": loss.commission_fen,
    }
    left_fen = deposit_fen
    for use in terms.uses:
        assert done.amount(use) == min(caused[use], left_fen)
        left_fen -= done.amount(use)
    assert (done.lines[-1].to, done.amount(terms.leftover)) == (terms.leftover, left_fen)
    assert done.excess_fen == max(sum(caused[use] for use in terms.uses) - deposit_fen, 0)
    claim_fen = amount(random)
    assert (
        0
        <= deposit_fen - exempt_part(deposit_fen, claim_fen=claim_fen)
        == max(deposit_fen - claim_fen, 0)
    )
    return True


def licence_income_adds_up(random: Random) -> bool:
    """Domain 6.6: the agency's share and the rest make the receipt; an audit there and back is nothing."""
    terms = RoyaltyTerms(
        rate_bp=random.randint(0, 10_000),
        minimum_fen=amount(random),
        agency_bp=random.randint(0, 10_000),
        late_bp_year=random.randint(0, 3_600),
        year_days=random.choice((360, 365)),
    )
    gross_fen, days = amount(random), random.randint(0, 800)
    income = receive(terms, gross_fen)
    assert income.agency_fen + income.net_fen == gross_fen
    assert abs(income.agency_fen - Fraction(gross_fen * terms.agency_bp, 10_000)) <= Fraction(1, 2)
    one_fen, two_fen = amount(random), amount(random)
    more = audit_adjustment(terms, stated_base_fen=one_fen, found_base_fen=two_fen)
    assert more == -audit_adjustment(terms, stated_base_fen=two_fen, found_base_fen=one_fen)
    assert more >= 0 or two_fen < one_fen
    exact = Fraction(gross_fen * terms.late_bp_year * days, 10_000 * terms.year_days)
    charged_fen = late_interest(terms, overdue_fen=gross_fen, days=days)
    assert -Fraction(1, 2) <= charged_fen - exact <= Fraction(1, 2)
    assert late_interest(terms, overdue_fen=gross_fen, days=-days) == 0
    return True


def instalments_take_every_fen_once(random: Random) -> bool:
    """A price in parts with interest: whatever the payments, no fen is lost, no interest overpaid, none left out."""
    prices = [random.randint(1, 10**9) for _ in range(random.randint(1, 5))]
    days = sorted(random.sample(range(400), len(prices)))
    dated = [(fen, TODAY + timedelta(days=day)) for fen, day in zip(prices, days, strict=True)]
    deposit_fen = random.randint(0, sum(prices) - 1)
    parts = with_interest(dated, deposit_fen=deposit_fen, bp_year=random.randint(0, 1_000))
    due_fen = sum(prices) + sum(part.interest_fen for part in parts)
    paid_fen, interest_fen = deposit_fen, 0
    while paid_fen + interest_fen < due_fen:
        payment_fen = min(random.randint(1, sum(prices)), due_fen - paid_fen - interest_fen)
        price, interest = apply_payment(
            parts, payment_fen, paid_fen=paid_fen, interest_paid_fen=interest_fen
        )
        assert price + interest == payment_fen
        assert min(price, interest) >= 0
        paid_fen, interest_fen = paid_fen + price, interest_fen + interest
    assert (paid_fen, interest_fen) == (sum(prices), due_fen - sum(prices))
    return True


def commission_stays_under_its_cap(random: Random) -> bool:
    """Domain 6.3: a dearer sale never has a lower cap, and no cap passes 5 % of the price."""
    low_fen, high_fen = sorted((amount(random) * 10, amount(random) * 10))
    for cap in (judicial_cap, commercial_cap):
        assert 0 <= cap(low_fen) <= cap(high_fen) <= high_fen * 500 // 10_000
    return True


PROPERTIES: dict[str, Callable[[Random], bool]] = {
    "5.7 caps": caps_hold_over_concurrent_claims,
    "6.1 ranks": a_sale_is_distributed_by_rank,
    "6.1 article 560": debts_of_one_debtor_are_paid_by_article_560,
    "6.3 commission": commission_stays_under_its_cap,
    "6.5 deposits": a_deposit_is_used_up_in_the_order_of_its_terms,
    "6.6 licences": licence_income_adds_up,
    "6.6 instalments": instalments_take_every_fen_once,
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_holds_in_ten_thousand_cases(name: str) -> None:
    """Each is tried until so many cases were ones that it is about."""
    random = Random(name)
    ran = sum(PROPERTIES[name](random) for _ in range(CASES_MIN))
    assert ran >= CASES_MIN


def test_no_count_falls_below_what_was_asked() -> None:
    """Ten thousand cases for the oracle and for every property, whoever changes the figures above."""
    assert CASES_MIN >= 10_000
    assert oracle.SEEDS * oracle.CASES_A_SEED >= 10_000
    assert CASES_MIN // SHARDS * SHARDS >= 10_000
