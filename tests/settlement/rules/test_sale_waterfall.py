"""The distribution of a sale's proceeds (domain 6.1)."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from settlement.rules.waterfall import NamedAmount, Secured, distribute_sale

JANUARY, MARCH = date(2024, 1, 1), date(2024, 3, 1)


def secured(party: str, principal_fen: int, registered_at: date = JANUARY, **given: int) -> Secured:
    """A pledgee."""
    return Secured(party=party, principal_fen=principal_fen, registered_at=registered_at, **given)


def test_domain_example_6_line_by_line() -> None:
    """Costs, taxes, the first pledgee's interest and principal, the second pledgee, the pledgor."""
    lines = distribute_sale(
        235_000_000,
        costs=[
            NamedAmount(name="commission", amount_fen=4_500_000),
            NamedAmount(name="valuation", amount_fen=1_800_000),
        ],
        taxes=[NamedAmount(name="stamp", amount_fen=430_500)],
        pledgees=[
            secured("second", 50_000_000, MARCH),
            secured("bank", 120_000_000, interest_fen=8_640_000, penalty_fen=1_234_560),
        ],
        pledgor="firm",
    )
    assert [(line.rank, line.to, line.party, line.amount_fen, line.left_fen) for line in lines] == [
        (1, "costs", "commission", 4_500_000, 228_700_000),
        (1, "costs", "valuation", 1_800_000, 228_700_000),
        (2, "taxes", "stamp", 430_500, 228_269_500),
        (3, "pledgee_costs", "bank", 0, 228_269_500),
        (4, "pledgee_interest", "bank", 8_640_000, 219_629_500),
        (5, "pledgee_principal", "bank", 120_000_000, 99_629_500),
        (6, "pledgee_penalty", "bank", 1_234_560, 98_394_940),
        (7, "junior", "second", 50_000_000, 48_394_940),
        (8, "pledgor", "firm", 48_394_940, 0),
    ]
    assert lines[0].computation == "owed 应受偿 45,000.00, in full 足额 = 45,000.00"
    assert lines[-1].computation == "what is left 余款 = 483,949.40"
    assert (lines[-1].owed_fen, lines[-2].owed_fen) == (None, 50_000_000)


def test_short_money_shows_how_it_was_shared() -> None:
    """A claim alone in its rank takes what is left; rivals of one rank share it by what they are owed."""
    alone = distribute_sale(70, costs=[], taxes=[], pledgees=[secured("bank", 100)], pledgor="firm")
    assert [line.amount_fen for line in alone] == [0, 0, 70, 0, 0]
    assert alone[2].computation == "min(1.00 owed 应受偿, 0.70 left 余额) = 0.70"
    costs = [NamedAmount(name="a", amount_fen=100), NamedAmount(name="b", amount_fen=50)]
    shared = distribute_sale(100, costs=costs, taxes=[], pledgees=[], pledgor="firm")
    assert [line.amount_fen for line in shared] == [67, 33, 0]
    assert (
        shared[0].computation
        == "1.00 left 余额 × 1.00 / 1.50 owed 应受偿, largest remainder 最大余数法 = 0.67"
    )


def test_pledgees_of_the_same_first_day_share_the_rank() -> None:
    """Registered on one day, nobody is first: they share pro rata, before a later one."""
    pledgees = [secured("a", 60), secured("b", 30), secured("c", 9, MARCH)]
    lines = distribute_sale(45, costs=[], taxes=[], pledgees=pledgees, pledgor="firm")
    assert [(line.rank, line.to, line.amount_fen) for line in lines] == [
        (3, "junior", 30),
        (3, "junior", 15),
        (4, "junior", 0),
        (5, "pledgor", 0),
    ]


def test_a_maximum_pledge_stops_at_its_maximum() -> None:
    """What is owed above the registered maximum has no rank: it is cut from the end of the order."""
    pledgee = secured("bank", 100, costs_fen=5, interest_fen=20, penalty_fen=7, maximum_fen=110)
    lines = distribute_sale(1000, costs=[], taxes=[], pledgees=[pledgee], pledgor="firm")
    assert [line.amount_fen for line in lines] == [5, 20, 85, 0, 890]
    assert secured("x", 9, maximum_fen=10).secured_fen == 9


def test_without_claims_all_goes_to_the_pledgor() -> None:
    """No cost, no tax and no pledgee leave one line."""
    (line,) = distribute_sale(5, costs=[], taxes=[], pledgees=[], pledgor="firm")
    assert (line.rank, line.amount_fen, line.party) == (1, 5, "firm")


fen = st.integers(0, 500)
days = st.sampled_from((JANUARY, MARCH))


@given(
    fen,
    st.lists(fen, max_size=3),
    st.lists(fen, max_size=2),
    st.lists(st.tuples(fen, fen, days), max_size=4),
)
def test_no_claim_is_paid_before_a_senior_one_is_full(
    proceeds: int, costs: list[int], taxes: list[int], owed: list[tuple[int, int, date]]
) -> None:
    """The lines add up to the proceeds; money reaches a rank only when all before it are paid."""
    lines = distribute_sale(
        proceeds,
        costs=[NamedAmount(name="c", amount_fen=amount) for amount in costs],
        taxes=[NamedAmount(name="t", amount_fen=amount) for amount in taxes],
        pledgees=[secured(f"p{n}", p, day, interest_fen=i) for n, (p, i, day) in enumerate(owed)],
        pledgor="firm",
    )
    assert sum(line.amount_fen for line in lines) == proceeds
    short = {
        line.rank for line in lines if line.owed_fen is not None and line.amount_fen < line.owed_fen
    }
    assert all(line.amount_fen == 0 for line in lines if short and line.rank > min(short))
    assert all(line.owed_fen is None or line.amount_fen <= line.owed_fen for line in lines)
