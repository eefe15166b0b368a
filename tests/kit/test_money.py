"""Splitting, rounding and writing money."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import floor_bp, half_up, split, split_among, yuan

weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any)


@given(st.integers(0, 10**14), weights)
def test_a_split_loses_nothing_and_is_within_a_fen_of_exact(total: int, parts: list[int]) -> None:
    """The parts add up, each is less than a fen from the exact share, and no weight means no part."""
    given_out = split(total, parts)
    assert sum(given_out) == total
    for part, weight in zip(given_out, parts, strict=True):
        assert abs(part - Fraction(total * weight, sum(parts))) < 1
        assert weight or not part


@pytest.mark.parametrize(
    ("total", "parts", "want"),
    [
        (1, [1, 1], [1, 0]),
        (5, [1, 1, 1], [2, 2, 1]),
        (7, [0, 0, 3], [0, 0, 7]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
        (100, [1, 2], [33, 67]),
        (309753333, [6000, 2000, 2000], [185852000, 61950667, 61950666]),
        (10**13, [1, 10**13], [1, 10**13 - 1]),
    ],
)
def test_fen_left_over_go_to_the_largest_remainder(
    total: int, parts: list[int], want: list[int]
) -> None:
    """Ties go to the earlier weight; a split of 0 is all zeros."""
    assert split(total, parts) == want


@pytest.mark.parametrize(("total", "parts"), [(1, []), (1, [0, 0]), (-1, [1]), (1, [2, -1])])
def test_a_split_that_cannot_be_is_refused(total: int, parts: list[int]) -> None:
    """Nothing negative, and no total without a weight."""
    with pytest.raises(ValueError, match="split"):
        split(total, parts)


def test_a_split_among_names_keeps_names_and_order() -> None:
    """The earlier name wins the tie, whatever its spelling."""
    assert list(split_among(3, {"z": 1, "a": 1}).items()) == [("z", 2), ("a", 1)]


@pytest.mark.parametrize(
    ("amount", "bp", "half", "floor"),
    [(1, 5000, 1, 0), (1, 4999, 0, 0), (3, 5000, 2, 1), (10**13, 9999, 9999 * 10**9, 9999 * 10**9)],
)
def test_halves_round_up_and_advances_round_down(
    amount: int, bp: int, half: int, floor: int
) -> None:
    """The two roundings of one amount."""
    assert (half_up(amount, bp), floor_bp(amount, bp)) == (half, floor)


@pytest.mark.parametrize(
    ("fen", "shown"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123456, "1,234.56"), (-123456789, "-1,234,567.89")],
)
def test_amounts_are_written_in_yuan(fen: int, shown: str) -> None:
    """Thousands are grouped, fen always shown."""
    assert yuan(fen) == shown
