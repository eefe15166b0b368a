"""The states of a licence, when it must be recorded, and how it burdens the rights. Source: domain 3.4, 9."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from kit.clock import CHINA
from kit.states import require_step
from marketplace.assets.terms import add_months
from marketplace.burdens.schemas import BurdenKind, LicenceKind
from marketplace.grants.schemas import GrantState, OptionState

_S, _O = GrantState, OptionState

#: Who is offered a licence and does not sign it lets it go; so does the bank before it takes effect.
STEPS: Mapping[GrantState, frozenset[GrantState]] = MappingProxyType(
    {
        _S.OFFERED: frozenset({_S.SIGNED, _S.ENDED}),
        _S.SIGNED: frozenset({_S.EFFECTIVE, _S.ENDED}),
        _S.EFFECTIVE: frozenset({_S.RECORDED, _S.ENDED}),
        _S.RECORDED: frozenset({_S.ACTIVE, _S.ENDED}),
        _S.ACTIVE: frozenset({_S.ENDED}),
        _S.ENDED: frozenset(),
    }
)

#: Open with the licence. A sale that fails through nobody's default opens the option again until its day.
OPTION_STEPS: Mapping[OptionState, frozenset[OptionState]] = MappingProxyType(
    {
        _O.NONE: frozenset({_O.OPEN}),
        _O.OPEN: frozenset({_O.EXERCISED, _O.LAPSED}),
        _O.EXERCISED: frozenset({_O.COMPLETED, _O.OPEN, _O.LAPSED}),
        _O.COMPLETED: frozenset(),
        _O.LAPSED: frozenset(),
    }
)

#: Within three months of taking effect. Source: 专利法实施细则 15.
_RECORDAL_MONTHS = 3
_LEFT_AT_LEAST = timedelta(days=3)

BURDEN_OF: Final[Mapping[LicenceKind, BurdenKind]] = MappingProxyType(
    {
        LicenceKind.ORDINARY: BurdenKind.ORDINARY_LICENCE,
        LicenceKind.SOLE: BurdenKind.SOLE_LICENCE,
        LicenceKind.EXCLUSIVE: BurdenKind.EXCLUSIVE_LICENCE,
        # Who takes an open licence has an ordinary one (专利法 51).
        LicenceKind.OPEN: BurdenKind.ORDINARY_LICENCE,
    }
)


def require_grant_step(current: GrantState, wanted: GrantState, *, name: str) -> None:
    """Raise `IllegalStep` unless the licence of `name` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"licence of {name}")


def require_option_step(current: OptionState, wanted: OptionState, *, name: str) -> None:
    """Raise `IllegalStep` unless the option of `name` may go from `current` to `wanted`."""
    require_step(OPTION_STEPS, current, wanted=wanted, subject=f"option of {name}")


def sign_by_after(sign_by: datetime, *, held_since: datetime, now: datetime) -> datetime:
    """Until when a licence is signed whose rights something held from `held_since` to `now`.

    The time stood still: what was left of it is left after the hold, to the end of that day in China (domain 0.2), and
    three days at the least [D], since who waited may have been refused on the last of them.
    """
    over_at = (now + max(sign_by - held_since, _LEFT_AT_LEAST)).astimezone(CHINA)
    midnight = datetime.combine(over_at.date(), time(), CHINA)
    return midnight if midnight == over_at else midnight + timedelta(days=1)


def recordal_due_on(effective_on: date) -> date:
    """The last day on which the licence is recorded in time."""
    return add_months(effective_on, _RECORDAL_MONTHS)
