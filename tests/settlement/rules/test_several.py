"""Several lots for one debt, one lot for several debts, joint pledgees, other creditors. Source: domain 6.1."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from settlement.rules.several import (
    LotResult,
    OneDebt,
    SharedLot,
    apply_to_debts,
    coverage,
    coverage_of_each,
)
from settlement.rules.waterfall import Holder, NamedAmount, Secured, distribute_sale

JANUARY, MARCH, TODAY = date(2024, 1, 1), date(2024, 3, 1), date(2025, 1, 1)


def lot(name: str, price_fen: int, costs_fen: int = 0) -> LotResult:
    """A lot that was sold."""
    return LotResult(lot=name, price_fen=price_fen, costs_fen=costs_fen)


def test_selling_stops_when_the_debt_is_covered() -> None:
    """The lots needed come first; what was sold beyond them is named; costs come out of each price."""
    short = coverage(100, [lot("a", 60, 5), lot("b", 40, 0)])
    assert (short.is_covered, short.net_fen, short.short_fen, short.beyond) == (False, 95, 5, ())
    assert short.computation == "(0.60 - 0.05) + (0.40 - 0.00) = 0.95 < 1.00 owed 应受偿"
    enough = coverage(100, [lot("a", 60, 5), lot("b", 50, 5), lot("c", 1)])
    assert (enough.is_covered, enough.short_fen) == (True, 0)
    assert (enough.needed, enough.beyond) == (("a", "b"), ("c",))
    assert coverage(1, [lot("a", 5, 9)]).net_fen == 0
    assert coverage(7, []).computation == "0.00 = 0.00 < 0.07 owed 应受偿"


def debt(name: str, principal_fen: int, **more: int | date) -> OneDebt:
    """A debt that is due."""
    values = {"due_on": MARCH, **more}
    return OneDebt(debt=name, principal_fen=principal_fen, **values)  # type: ignore[arg-type]  # typed by the struct


def test_several_debts_are_paid_in_the_order_of_article_560() -> None:
    """Due first, then least secured, then most burdensome, then earliest due, then pro rata; 561 within each."""
    debts = [
        debt("not due", 100, due_on=date(2026, 1, 1)),
        debt("secured", 100, security_fen=50),
        debt("cheap", 100, burden_bp=100),
        debt("dear late", 100, burden_bp=900),
        debt("dear early", 100, burden_bp=900, due_on=JANUARY, interest_fen=20, costs_fen=3),
    ]
    applied, left = apply_to_debts(10_000, debts, on=TODAY)
    assert [one.debt for one in applied] == [
        "dear early",
        "dear late",
        "cheap",
        "secured",
        "not due",
    ]
    assert left == 10_000 - 523
    first = apply_to_debts(50, debts, on=TODAY)[0][0]
    assert (first.costs_fen, first.interest_fen, first.principal_fen, first.penalty_fen) == (
        3,
        20,
        27,
        0,
    )
    assert first.computation == "min(1.23 owed 应受偿, 0.50 left 余额) = 0.50"
    named, _ = apply_to_debts(150, debts, on=TODAY, designated=["not due", "secured"])
    assert [(one.debt, one.amount_fen) for one in named][:3] == [
        ("not due", 100),
        ("secured", 50),
        ("dear early", 0),
    ]
    assert (named[0].reason_zh, named[0].computation) == (
        "债务人指定",
        "owed 应受偿 1.00, in full 足额 = 1.00",
    )
    assert "到期" in named[2].reason_zh


def shared(name: str, price_fen: int, *debts: str, costs_fen: int = 0) -> SharedLot:
    """A lot that was sold and stands for these debts."""
    return SharedLot(lot=name, price_fen=price_fen, costs_fen=costs_fen, debts=debts)


def test_a_lot_for_several_debts_counts_for_each_as_it_is_distributed() -> None:
    """The first due is paid first: of 100 net the second gets the 30 that are left, and is not covered by 100."""
    debts = [debt("second", 80, interest_fen=10), debt("first", 60, penalty_fen=10, due_on=JANUARY)]
    sold = [shared("a", 105, "second", "first", costs_fen=5)]
    found = coverage_of_each(debts, sold, received_fen={}, on=TODAY)
    assert (found["first"].net_fen, found["first"].is_covered) == (70, True)
    assert (found["second"].net_fen, found["second"].short_fen) == (30, 60)
    assert found["second"].computation == "(0.30 - 0.00) = 0.30 < 0.90 owed 应受偿"
    more = [*sold, shared("b", 90, "second", costs_fen=5), shared("c", 9, "first")]
    found = coverage_of_each(debts, more, received_fen={"first": 1}, on=TODAY)
    assert (found["second"].net_fen, found["second"].is_covered) == (31 + 85, True)
    assert (found["first"].needed, found["first"].beyond) == (("a",), ("c",))
    assert found["first"].computation.startswith(
        "0.01 received 已回收 + (0.69 - 0.00) + (0.09 - 0.00)"
    )
    named = SharedLot(lot="a", price_fen=100, debts=("second", "first"), designated=("second",))
    found = coverage_of_each(debts, [named], received_fen={"second": 500}, on=TODAY)
    assert (found["second"].net_fen, found["first"].net_fen) == (500, 70)


@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.integers(0, 800), st.integers(0, 50), st.sets(st.integers(0, 3), min_size=1)),
        max_size=6,
    ),
)
def test_no_lot_counts_twice(owed: list[int], lots: list[tuple[int, int, set[int]]]) -> None:
    """What debts are said to have got of a lot that stands for several is no more than it brought, or than is owed."""
    debts = [debt(str(n), fen) for n, fen in enumerate(owed)]
    sold = [
        shared(str(n), price, *sorted({str(one % len(owed)) for one in whose}), costs_fen=costs)
        for n, (price, costs, whose) in enumerate(lots)
    ]
    found = coverage_of_each(debts, sold, received_fen={}, on=TODAY)
    net = sum(max(one.price_fen - one.costs_fen, 0) for one in sold)
    assert sum(one.net_fen for one in found.values()) <= net
    for one in debts:
        alone = [lot for lot in sold if lot.debts == (one.debt,)]
        most = sum(max(lot.price_fen - lot.costs_fen, 0) for lot in alone)
        assert found[one.debt].net_fen <= most + one.owed_fen


def test_equal_debts_share_pro_rata() -> None:
    """What nothing tells apart shares by largest remainder, and the computation says so."""
    applied, left = apply_to_debts(100, [debt("a", 100), debt("b", 200, penalty_fen=0)], on=TODAY)
    assert ([one.amount_fen for one in applied], left) == ([33, 67], 0)
    assert (
        applied[0].computation
        == "1.00 left 余额 × 1.00 / 3.00 owed 应受偿, largest remainder 最大余数法 = 0.33"
    )


@given(
    st.integers(0, 2000), st.lists(st.tuples(*[st.integers(0, 200)] * 4, st.booleans()), max_size=5)
)
def test_debts_get_what_there_is_and_no_more_than_is_owed(
    amount: int, rows: list[tuple[int, int, int, int, bool]]
) -> None:
    """The parts and the rest add up to the amount; no debt gets more than is owed on it, class by class."""
    debts = [
        debt(f"d{n}", p, interest_fen=i, penalty_fen=x, security_fen=s, due_on=TODAY if now else date(2030, 1, 1))
        for n, (p, i, x, s, now) in enumerate(rows)
    ]  # fmt: skip
    applied, left = apply_to_debts(amount, debts, on=TODAY)
    assert sum(one.amount_fen for one in applied) + left == amount
    owed = {one.debt: one for one in debts}
    for one in applied:
        parts = (one.costs_fen, one.interest_fen, one.principal_fen, one.penalty_fen)
        mine = owed[one.debt]
        most = (mine.costs_fen, mine.interest_fen, mine.principal_fen, mine.penalty_fen)
        assert sum(parts) == one.amount_fen
        assert all(part <= limit for part, limit in zip(parts, most, strict=True))
    assert left == 0 or all(one.amount_fen == owed[one.debt].owed_fen for one in applied)


def secured(party: str, principal_fen: int, **more: object) -> Secured:
    """A pledgee's claim."""
    values = {"registered_at": JANUARY, **more}
    return Secured(party=party, principal_fen=principal_fen, **values)  # type: ignore[arg-type]  # typed by the struct


JOINT = (
    Holder(party="bank", share_bp=5400),
    Holder(party="second bank", share_bp=2600),
    Holder(party="guarantor", share_bp=2000),
)


def test_joint_pledgees_share_their_rank_as_agreed() -> None:
    """Who hold a pledge together split what it gets by their agreed shares, by largest remainder."""
    pledge = secured("joint pledge", 1001, interest_fen=9, penalty_fen=5, holders=JOINT)
    lines = distribute_sale(
        500, costs=[], taxes=[], pledgees=[pledge, secured("late", 10, registered_at=MARCH)], pledgor="firm"
    )  # fmt: skip
    assert [(line.rank, line.to, line.party, line.owed_fen, line.amount_fen) for line in lines] == [
        (3, "pledgee_joint", "bank", 548, 270),
        (3, "pledgee_joint", "second bank", 264, 130),
        (3, "pledgee_joint", "guarantor", 203, 100),
        (4, "junior", "late", 10, 0),
        (5, "pledgor", "firm", None, 0),
    ]
    lines = distribute_sale(
        60, costs=[], taxes=[], pledgor="firm",
        pledgees=[secured("first", 10), secured("joint", 100, registered_at=MARCH, holders=JOINT)],
    )  # fmt: skip
    assert [(line.party, line.amount_fen) for line in lines if line.to == "junior"] == [
        ("bank", 27),
        ("second bank", 13),
        ("guarantor", 10),
    ]


def test_a_court_pays_other_creditors_after_the_pledgees() -> None:
    """Ordinary creditors, what is above a registered maximum, and an unregistered pledge share one rank pro rata."""
    pledgees = [
        secured("bank", 100, maximum_fen=60, damages_fen=20),
        secured("unregistered", 40, registered_at=None),
    ]
    creditors = [NamedAmount(name="supplier", amount_fen=20)]
    lines = distribute_sale(
        120, costs=[], taxes=[], pledgees=pledgees, pledgor="firm", creditors=creditors
    )
    assert [
        (line.to, line.party, line.owed_fen, line.amount_fen) for line in lines if line.rank > 4
    ] == [
        ("pledgee_principal", "bank", 60, 60),
        ("pledgee_penalty", "bank", 0, 0),
        ("pledgee_damages", "bank", 0, 0),
        ("creditor", "supplier", 20, 10),
        ("creditor", "bank", 60, 30),
        ("creditor", "unregistered", 40, 20),
        ("pledgor", "firm", None, 0),
    ]
    outside_court = distribute_sale(120, costs=[], taxes=[], pledgees=pledgees, pledgor="firm")
    assert [line.amount_fen for line in outside_court if line.amount_fen] == [60, 60]
    assert outside_court[-1].party == "firm"
