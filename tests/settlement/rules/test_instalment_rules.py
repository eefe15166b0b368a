"""Interest on instalments, and what a payment goes to: interest before its part, nothing twice, nothing lost."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from settlement.rules.instalments import Part, apply_payment, with_interest

DAY = date(2026, 3, 2)
FEN = st.integers(0, 10**6)
PARTS = st.lists(
    st.builds(Part, amount_fen=st.integers(1, 10**6), interest_fen=FEN), min_size=1, max_size=6
)


def test_only_what_is_deferred_bears_interest() -> None:
    """Nothing until the first part's day; then what is unpaid, but for a held deposit, over a bank's year of 360."""
    parts = [(300_000, DAY), (300_000, DAY + timedelta(90)), (400_000, DAY + timedelta(180))]
    found = with_interest(parts, deposit_fen=100_000, bp_year=345)
    assert [part.interest_fen for part in found] == [0, 6_038, 3_450]  # 6,037.5, a half up
    covered = with_interest(parts, deposit_fen=700_000, bp_year=345)
    assert [part.interest_fen for part in covered] == [0, 2_588, 2_588]  # 2,587.5 twice
    assert {part.interest_fen for part in with_interest(parts, deposit_fen=0, bp_year=0)} == {0}
    assert found[1].computation == "7,000.00 × 90 days 天 × 345 bp 基点 / 360 = 60.38"


def test_a_part_is_paid_after_its_interest() -> None:
    """An instalment's interest first, then the instalment; the deposit counts for the first parts."""
    parts = [Part(amount_fen=30, interest_fen=0), Part(amount_fen=70, interest_fen=5)]
    assert apply_payment(parts, 20, paid_fen=10, interest_paid_fen=0) == (20, 0)
    assert apply_payment(parts, 23, paid_fen=10, interest_paid_fen=0) == (20, 3)
    assert apply_payment(parts, 4, paid_fen=30, interest_paid_fen=3) == (2, 2)
    assert apply_payment(parts, 200, paid_fen=30, interest_paid_fen=5) == (200, 0)


@given(PARTS, st.lists(st.integers(1, 10**6), max_size=12), FEN)
def test_whatever_the_payments_interest_is_there_before_the_price_is(
    parts: list[Part], payments: list[int], deposit_fen: int
) -> None:
    """Paid in any pieces, each fen goes somewhere once, no interest is overpaid, and a whole price has its interest."""
    due_fen, interest_due_fen = (
        sum(part.amount_fen for part in parts),
        sum(part.interest_fen for part in parts),
    )
    deposit_fen = min(deposit_fen, due_fen - 1)
    paid_fen = interest_fen = 0
    for payment_fen in payments:
        taken_fen = min(
            payment_fen, due_fen - deposit_fen - paid_fen + interest_due_fen - interest_fen
        )
        to_price, to_interest = apply_payment(
            parts, taken_fen, paid_fen=paid_fen + deposit_fen, interest_paid_fen=interest_fen
        )
        assert (to_price + to_interest, min(to_price, to_interest) >= 0) == (taken_fen, True)
        paid_fen, interest_fen = paid_fen + to_price, interest_fen + to_interest
        assert interest_fen <= interest_due_fen
        if paid_fen + deposit_fen >= due_fen:
            assert interest_fen == interest_due_fen


@given(PARTS, st.integers(1, 10**6), st.integers(0, 10**6))
def test_in_two_pieces_or_one_is_the_same(parts: list[Part], one_fen: int, two_fen: int) -> None:
    """Nobody gains by cutting a payment up."""
    whole = apply_payment(parts, one_fen + two_fen, paid_fen=0, interest_paid_fen=0)
    price, interest = apply_payment(parts, one_fen, paid_fen=0, interest_paid_fen=0)
    rest = apply_payment(parts, two_fen, paid_fen=price, interest_paid_fen=interest)
    assert whole == (price + rest[0], interest + rest[1])
