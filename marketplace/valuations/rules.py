"""Which valuation is allowed for which loan, and for how long it holds. Source: domain 4.3."""

from collections.abc import Iterable
from datetime import date

import msgspec

from kit.errors import InvalidInput
from kit.money import yuan
from marketplace.assets.terms import add_years
from marketplace.valuations.calculators import Computation, compute
from marketplace.valuations.schemas import NewValuation, ValuationKind, ValuationMethod
from settlement.schemes import INTERNAL_VALUATION_MAX_FEN

#: A single loan up to this amount, inclusive, may rest on an internal or negotiated valuation: CNY 10 million
#: (鄂知发〔2025〕17号 clause 2, "1000万元以下"; the word includes the number, Civil Code 1259), unless the loan's
#: scheme widened it (`valuations.limits`).
INTERNAL_LOAN_MAX_FEN = INTERNAL_VALUATION_MAX_FEN


class LoanSize(msgspec.Struct, frozen=True):
    """How large a loan is, and up to how large it may be valued from inside, in fen."""

    amount_fen: int = 0
    limit_fen: int = INTERNAL_LOAN_MAX_FEN

    @property
    def over_fen(self) -> int:
        """By how much it is above its limit; below 0 where it is under."""
        return self.amount_fen - self.limit_fen


def farthest(sizes: Iterable[LoanSize]) -> LoanSize:
    """Of several loans the one that decides: farthest above its own limit; an empty one where there is none."""
    return max(sizes, key=lambda size: size.over_fen, default=LoanSize())


def is_kind_allowed(kind: ValuationKind, *, loan: LoanSize) -> bool:
    """Whether a loan of this size may rest on a valuation of this kind."""
    return kind is ValuationKind.EXTERNAL or loan.over_fen <= 0


def is_valid_on(day: date, *, base_on: date, valid_to: date) -> bool:
    """Whether a valuation holds on `day`: from its base day through its last day, and no longer than a year."""
    return base_on <= day <= min(valid_to, add_years(base_on, 1))


def require_validity(base_on: date, valid_to: date) -> None:
    """Raise `InvalidInput` unless a valuation's last day is after its base day and within a year of it."""
    latest = add_years(base_on, 1)
    if not base_on < valid_to <= latest:
        raise InvalidInput(
            "valid_to",
            f"{valid_to} is not within a year after the base date {base_on}; at the latest {latest}",
            f"有效期至 {valid_to} 不在评估基准日 {base_on} 后一年内；最晚为 {latest}",
        )


def require_computation(new: NewValuation) -> None:
    """Raise `InvalidInput` unless the computation that a valuation states is of its method and gives its value."""
    if new.computation is not None:
        computed_as(new.computation, method=new.method, value_fen=new.value_fen)


def computed_as(computation: Computation, *, method: ValuationMethod, value_fen: int) -> None:
    """Raise `InvalidInput` unless a computation is by this method and gives this value."""
    computed = compute(computation)
    if computed.method is not method:
        raise InvalidInput(
            "method",
            f"the computation is by {computed.method}, the report says {method}",
            f"计算方法为 {computed.method}，报告填写为 {method}",
        )
    if computed.value_fen != value_fen:
        raise InvalidInput(
            "value_fen",
            f"is CNY {yuan(value_fen)}; the computation gives CNY {yuan(computed.value_fen)}"
            " (mind the unit to which it is rounded)",
            f"为 {yuan(value_fen)} 元，按计算应为 {yuan(computed.value_fen)} 元（注意取整单位）",
        )
