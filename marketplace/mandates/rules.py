"""The states of a mandate to operate, and its periods. Source: domain 3.9 (OPERATION_MANDATE), 9."""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

import msgspec

from kit.money import half_up
from kit.states import require_step
from marketplace.assets.terms import add_months
from marketplace.mandates.schemas import MandateState, MandateTerms

_S = MandateState

STEPS: Mapping[MandateState, frozenset[MandateState]] = MappingProxyType(
    {
        _S.PROPOSED: frozenset({_S.AGREED, _S.DECLINED}),
        _S.AGREED: frozenset({_S.RUNNING, _S.REVERTED}),
        _S.RUNNING: frozenset({_S.REPORT_DUE, _S.ENDED, _S.REVERTED}),
        _S.REPORT_DUE: frozenset({_S.RUNNING, _S.ENDED, _S.REVERTED}),
        _S.ENDED: frozenset(),
        _S.REVERTED: frozenset(),
        _S.DECLINED: frozenset(),
    }
)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A period, the last day of its report, and that of the payment of what is owed by it."""

    first: date
    last: date
    due_on: date
    pay_by: date


def require_mandate_step(current: MandateState, wanted: MandateState, *, number: str) -> None:
    """Raise `IllegalStep` unless mandate `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"mandate {number}")


def last_day(starts_on: date, terms: MandateTerms) -> date:
    """The mandate's last day."""
    return add_months(starts_on, terms.term_months) - timedelta(days=1)


def periods(starts_on: date, terms: MandateTerms) -> list[Period]:
    """The periods from the first day to the last, without a gap; the last may be shorter."""
    end, found, months = last_day(starts_on, terms), list[Period](), 0
    while (first := add_months(starts_on, months)) <= end:
        months += terms.report_every_months
        last = min(add_months(starts_on, months) - timedelta(days=1), end)
        due_on = last + timedelta(days=terms.report_within_days)
        pay_by = due_on + timedelta(days=terms.pay_within_days)
        found.append(Period(first=first, last=last, due_on=due_on, pay_by=pay_by))
    return found


class PeriodMoney(msgspec.Struct, frozen=True):
    """Of a period's income: the agency's share, and what it owes the bank."""

    agency_fen: int
    due_fen: int


def money_of(income_fen: int, costs_fen: int, *, agency_bp: int, floor_fen: int) -> PeriodMoney:
    """The agency keeps its share of the income and what the period cost; the rest is the bank's, the floor at least.

    Source: domain 3.9; rounding half up (domain 0.2).
    """
    agency_fen = half_up(income_fen, agency_bp)
    return PeriodMoney(agency_fen, max(income_fen - costs_fen - agency_fen, floor_fen, 0))
