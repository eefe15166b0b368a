"""Money is an integer number of fen; a ratio is an integer number of basis points; nothing is a float.

The two roundings of the whole product are here, and there are no others but plain floors.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Name = TypeVar("Name")

FEN_MAX = 10**13
"""The largest amount that one field may hold: CNY 100 billion. Sums inside a computation may pass it."""

BP_ONE = 10_000
"""One, in basis points."""


def split(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Parts of `total_fen` in proportion to `weights`, by largest remainder; they add up to it exactly.

    Each part is the exact share rounded down; the fen left over go one each to the largest remainders, and
    among equal remainders to the earlier weight. A split of 0 is all zeros, whatever the weights. Raises
    ValueError for a negative number, and for a total above 0 that has no weight to go to.
    Source: domain 5.5.
    """
    if total_fen < 0 or any(weight < 0 for weight in weights):
        raise ValueError("split takes no negative total and no negative weight")
    if total_fen == 0:
        return [0] * len(weights)
    whole = sum(weights)
    if whole == 0:
        raise ValueError("split of a total above 0 needs a weight above 0")
    parts, remainders = [], []
    for weight in weights:
        part, remainder = divmod(total_fen * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    left = total_fen - sum(parts)
    # sorted() is stable, so equal remainders keep the order of the weights.
    for index in sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)[:left]:
        parts[index] += 1
    return parts


def split_among(total_fen: int, weights: Mapping[Name, int]) -> dict[Name, int]:
    """`split` by name: the same parts, under the names of the weights and in their order."""
    return dict(zip(weights, split(total_fen, list(weights.values())), strict=True))


def half_up(amount_fen: int, bp: int) -> int:
    """`amount_fen` times `bp` basis points, a half fen rounded up: floor((x * bp + 5000) / 10000).

    Source: contracts 2, "Rounding" (`half`).
    """
    return (amount_fen * bp + BP_ONE // 2) // BP_ONE


def floor_bp(amount_fen: int, bp: int) -> int:
    """`amount_fen` times `bp` basis points, rounded down: for money paid out ahead, never a fen too much."""
    return amount_fen * bp // BP_ONE


def yuan(amount_fen: int) -> str:
    """An amount as people write it: 123456 fen is "1,234.56"; a minus sign comes first."""
    sign = "-" if amount_fen < 0 else ""
    whole, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{whole:,}.{fen:02d}"
