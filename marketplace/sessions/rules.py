"""When the lots of a session close, what has to be sold together, and what may follow what.

Source: domain 2.2 (art. 14: selling stops once debt and costs are covered; art. 15: what must not be split), 2.8.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from kit.errors import InvalidInput
from kit.states import require_step
from marketplace.sessions.schemas import SessionState, Together

_S = SessionState

STEPS: Mapping[SessionState, frozenset[SessionState]] = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.PUBLISHED, _S.WITHDRAWN}),
        _S.PUBLISHED: frozenset({_S.CLOSED}),
        _S.CLOSED: frozenset(),
        _S.WITHDRAWN: frozenset(),
    }
)


def require_session_step(current: SessionState, wanted: SessionState, *, number: str) -> None:
    """Raise `IllegalStep` unless session `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"session {number}")


def closes(first_closes_at: datetime, *, stagger_seconds: int, count: int) -> list[datetime]:
    """When each lot closes: the first at its time, every other one step later."""
    step = timedelta(seconds=stagger_seconds)
    return [first_closes_at + step * position for position in range(count)]


def require_together(groups: Sequence[Together], lots: Sequence[Set[UUID]]) -> None:
    """Raise `InvalidInput` for a group that is not whole in one of the lots (art. 15)."""
    for index, group in enumerate(groups):
        wanted = set(group.asset_ids)
        if any(wanted <= lot for lot in lots):
            continue
        raise InvalidInput(
            f"together.{index}",
            "these rights must be sold in one lot (2020 auction rules, art. 15), and no lot here has them all",
            "该组权利应合并拍卖（拍卖变卖规定第十五条），专场内无标的包含全部权利",
        )
