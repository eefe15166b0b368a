"""What a defaulted loan must satisfy to be one, and how its state moves. Source: domain 9, 3.10."""

from collections.abc import Mapping
from types import MappingProxyType

from kit.errors import InvalidInput
from kit.states import require_step
from marketplace.cases.schemas import CaseState, NewCase

_S = CaseState

#: On its way a loan follows its consignments; a consignment that comes back takes it back. A frozen loan goes on
#: where it stood: the service keeps where that was.
STEPS: Mapping[CaseState, frozenset[CaseState]] = MappingProxyType(
    {
        _S.REGISTERED: frozenset({_S.SUBMITTED, _S.FROZEN, _S.RELEASED}),
        _S.SUBMITTED: frozenset({_S.APPROVED, _S.REGISTERED, _S.FROZEN, _S.RELEASED}),
        _S.APPROVED: frozenset({_S.ROUTE_SET, _S.REGISTERED, _S.FROZEN, _S.RELEASED}),
        _S.ROUTE_SET: frozenset({_S.IN_DISPOSAL, _S.REGISTERED, _S.FROZEN, _S.RELEASED}),
        _S.IN_DISPOSAL: frozenset(
            {_S.REGISTERED, _S.PARTLY_RECOVERED, _S.SATISFIED, _S.EXHAUSTED, _S.FROZEN, _S.RELEASED}
        ),
        _S.PARTLY_RECOVERED: frozenset(
            {_S.IN_DISPOSAL, _S.SATISFIED, _S.EXHAUSTED, _S.FROZEN, _S.RELEASED}
        ),
        _S.SATISFIED: frozenset({_S.CLOSED}),
        _S.EXHAUSTED: frozenset({_S.CLOSED}),
        _S.FROZEN: frozenset(
            {
                _S.REGISTERED,
                _S.SUBMITTED,
                _S.APPROVED,
                _S.ROUTE_SET,
                _S.IN_DISPOSAL,
                _S.PARTLY_RECOVERED,
                _S.RELEASED,
            }
        ),
        _S.RELEASED: frozenset({_S.CLOSED}),
        _S.CLOSED: frozenset(),
    }
)


#: The way of a loan that has one consignment and no trouble.
WAY = (_S.REGISTERED, _S.SUBMITTED, _S.APPROVED, _S.ROUTE_SET, _S.IN_DISPOSAL)


def steps_to(current: CaseState, wanted: CaseState) -> tuple[CaseState, ...]:
    """The steps on the way from `current` up to `wanted`; none for a loan that is past it or off the way."""
    if current not in WAY or wanted not in WAY:
        return ()
    return WAY[WAY.index(current) + 1 : WAY.index(wanted) + 1]


def require_case_step(current: CaseState, wanted: CaseState, *, number: str) -> None:
    """Raise `IllegalStep` unless the case of contract `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"case {number}")


def contradictions(case: NewCase) -> list[InvalidInput]:
    """What in the loan's own figures cannot be: each names its field and what would be right."""
    found = []
    if case.principal_fen > case.loan_amount_fen:
        found.append(
            InvalidInput(
                "principal_fen",
                "the principal left is more than was lent; at most the loan amount",
                "未偿本金大于贷款金额；不得超过贷款金额",
            )
        )
    for field, day in (("due_on", case.due_on), ("defaulted_on", case.defaulted_on)):
        if day <= case.granted_on:
            found.append(
                InvalidInput(
                    field,
                    f"{day} is not after the day of granting, {case.granted_on}",
                    f"{day} 应晚于发放日 {case.granted_on}",
                )
            )
    if case.demanded_on is not None and case.demanded_on < case.granted_on:
        found.append(
            InvalidInput(
                "demanded_on",
                f"{case.demanded_on} is before the day of granting, {case.granted_on}",
                f"{case.demanded_on} 早于发放日 {case.granted_on}",
            )
        )
    if case.limitation_ends_on is not None and case.limitation_ends_on <= case.granted_on:
        found.append(
            InvalidInput(
                "limitation_ends_on",
                f"{case.limitation_ends_on} is not after the day of granting, {case.granted_on}",
                f"{case.limitation_ends_on} 应晚于发放日 {case.granted_on}",
            )
        )
    return found
