"""The methods of valuation as a valuer works them: income (two ways), market, cost. Source: domain 4.2.

Everything is exact: whole fen, basis points and fractions; the one rounding is at the end, half up, to the unit that
the report states.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Final, TypeAlias

import msgspec

from kit.errors import InvalidInput
from kit.money import BP_ONE, FEN_MAX, yuan
from marketplace.edge.fields import Bp, Fen, Name, PositiveFen
from marketplace.valuations.kinds import ValuationMethod

_Years: TypeAlias = Annotated[tuple[Fen, ...], msgspec.Meta(min_length=1, max_length=50)]
_Discount: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
_Factor: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
COMPARABLES_MIN: Final = 3


class _Method(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Inputs of one method; `round_to_fen`: the unit to which the report rounds (10,000 yuan is 1,000,000)."""

    round_to_fen: PositiveFen = 1


class RoyaltyRelief(_Method, frozen=True, kw_only=True, tag="royalty_relief"):
    """收益法（许可费节省）: V = sum of S_t * rho * (1 - tau) / (1 + r)^t over the remaining economic life."""

    sales_fen: _Years
    royalty_bp: Bp
    tax_bp: Bp
    discount_bp: _Discount


class ProfitSplit(_Method, frozen=True, kw_only=True, tag="profit_split"):
    """收益法（利润分成）: V = sum of P_t * k / (1 + r)^t."""

    profits_fen: _Years
    split_bp: Bp
    discount_bp: _Discount


class Comparable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sale or licence of something alike; each factor corrects it for a difference (10,000 leaves it as it is)."""

    name: Name
    price_fen: PositiveFen
    factors_bp: Annotated[tuple[_Factor, ...], msgspec.Meta(max_length=20)] = ()


class Market(_Method, frozen=True, kw_only=True, tag="market"):
    """市场法: the median of comparables after their corrections."""

    comparables: Annotated[
        tuple[Comparable, ...], msgspec.Meta(min_length=COMPARABLES_MIN, max_length=100)
    ]


class Cost(_Method, frozen=True, kw_only=True, tag="cost"):
    """成本法: what it would cost to make it again, less obsolescence. Weak evidence of a price."""

    replacement_fen: PositiveFen
    obsolescence_bp: Bp


Computation: TypeAlias = RoyaltyRelief | ProfitSplit | Market | Cost


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a computation: which year or comparable, before and after; amounts in fen, rounded for show."""

    name: str
    amount_fen: int
    counted_fen: int


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """What a computation gives: the value, and every line behind it."""

    method: ValuationMethod
    value_fen: int
    lines: tuple[Line, ...]


def method_of(computation: Computation) -> ValuationMethod:
    """The method that a computation belongs to."""
    match computation:
        case RoyaltyRelief() | ProfitSplit():
            return ValuationMethod.INCOME
        case Market():
            return ValuationMethod.MARKET
        case Cost():
            return ValuationMethod.COST


def compute(computation: Computation) -> Computed:
    """The value by one method. Raises `InvalidInput` where it comes to nothing, or to more than a field holds."""
    value, lines = _worked(computation)
    unit = computation.round_to_fen
    value_fen = _half_up(value / unit) * unit
    if not 1 <= value_fen <= FEN_MAX:
        raise InvalidInput(
            "computation",
            f"comes to CNY {yuan(value_fen)}; a value is from CNY 0.01 to {yuan(FEN_MAX)}",
            f"计算结果为 {yuan(value_fen)} 元；估值应为 0.01 至 {yuan(FEN_MAX)} 元",
        )
    return Computed(method=method_of(computation), value_fen=value_fen, lines=tuple(lines))


def _worked(computation: Computation) -> tuple[Fraction, list[Line]]:
    match computation:
        case RoyaltyRelief():
            net = Fraction(computation.royalty_bp, BP_ONE) * Fraction(
                BP_ONE - computation.tax_bp, BP_ONE
            )
            return _income(computation.sales_fen, net, computation.discount_bp)
        case ProfitSplit():
            share = Fraction(computation.split_bp, BP_ONE)
            return _income(computation.profits_fen, share, computation.discount_bp)
        case Market():
            return _market(computation.comparables)
        case Cost():
            value = Fraction(computation.replacement_fen) * Fraction(
                BP_ONE - computation.obsolescence_bp, BP_ONE
            )
            line = Line(
                name="replacement cost 重置成本",
                amount_fen=computation.replacement_fen,
                counted_fen=_half_up(value),
            )
            return value, [line]


def _income(
    amounts: Sequence[int], part: Fraction, discount_bp: int
) -> tuple[Fraction, list[Line]]:
    factor = Fraction(BP_ONE, BP_ONE + discount_bp)
    value, weight = Fraction(0), Fraction(1)
    lines = []
    for year, amount in enumerate(amounts, 1):
        weight *= factor
        counted = amount * part * weight
        value += counted
        lines.append(
            Line(name=f"year {year} 第{year}年", amount_fen=amount, counted_fen=_half_up(counted))
        )
    return value, lines


def _market(comparables: Sequence[Comparable]) -> tuple[Fraction, list[Line]]:
    corrected = []
    lines = []
    for each in comparables:
        price = Fraction(each.price_fen)
        for factor_bp in each.factors_bp:
            price *= Fraction(factor_bp, BP_ONE)
        corrected.append(price)
        lines.append(Line(name=each.name, amount_fen=each.price_fen, counted_fen=_half_up(price)))
    ordered = sorted(corrected)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle], lines
    return (ordered[middle - 1] + ordered[middle]) / 2, lines


def _half_up(value: Fraction) -> int:
    """To the nearest whole number, a half upwards."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
