"""The states of a recorded route. Source: domain 3.9 (EQUITY_CONVERSION, INVEST_LOAN, SECURITISE: record only)."""

from collections.abc import Mapping
from types import MappingProxyType

from kit.states import require_step
from marketplace.recorded_routes.schemas import RouteState

_S = RouteState

STEPS: Mapping[RouteState, frozenset[RouteState]] = MappingProxyType(
    {
        _S.PROPOSED: frozenset({_S.APPROVED, _S.REFUSED}),
        _S.APPROVED: frozenset({_S.ENDED}),
        _S.REFUSED: frozenset(),
        _S.ENDED: frozenset(),
    }
)


def require_route_step(current: RouteState, wanted: RouteState, *, number: str) -> None:
    """Raise `IllegalStep` unless route `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"route {number}")
