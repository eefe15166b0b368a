"""Non-performing loan ratios: the tolerance for IP-pledged loans, and the breakers of a scheme.

Ratios are compared exactly, by cross-multiplication, and never divided.
"""

from fractions import Fraction

from kit.money import BP_ONE

TOLERANCE_BP = 300
"""Three percentage points, inclusive. Source: domain 1.4, Shanxi measures, three."""


def is_tolerated(
    *,
    ip_npl_fen: int,
    ip_balance_fen: int,
    all_npl_fen: int,
    all_balance_fen: int,
    tolerance_bp: int = TOLERANCE_BP,
) -> bool:
    """Whether a branch's ratio for IP-pledged loans exceeds its ratio for all loans by no more than allowed.

    A branch without IP-pledged loans, or without loans, has nothing to be marked down for. Raises ValueError
    where bad loans exceed the balance that they are part of.
    """
    _check_part(ip_npl_fen, ip_balance_fen)
    _check_part(all_npl_fen, all_balance_fen)
    gap = ip_npl_fen * all_balance_fen - all_npl_fen * ip_balance_fen
    return gap * BP_ONE <= tolerance_bp * ip_balance_fen * all_balance_fen


def gap_bp(
    *, ip_npl_fen: int, ip_balance_fen: int, all_npl_fen: int, all_balance_fen: int
) -> Fraction:
    """By how many basis points the IP ratio exceeds the ratio of all loans, exactly; a ratio of nothing is 0."""
    return BP_ONE * (_ratio(ip_npl_fen, ip_balance_fen) - _ratio(all_npl_fen, all_balance_fen))


def trips(loss_fen: int, enrolled_fen: int, *, threshold_bp: int) -> bool:
    """Whether a breaker trips: the loss is strictly more than the threshold's part of what was enrolled.

    Source: domain 5.3, 9 ("超过" excludes the number itself).
    """
    return loss_fen * BP_ONE > threshold_bp * enrolled_fen


def _check_part(part_fen: int, whole_fen: int) -> None:
    if not 0 <= part_fen <= whole_fen:
        raise ValueError("bad loans must be from 0 to the balance that they are part of")


def _ratio(part_fen: int, whole_fen: int) -> Fraction:
    _check_part(part_fen, whole_fen)
    return Fraction(part_fen, whole_fen) if whole_fen else Fraction(0)
