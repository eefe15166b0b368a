"""When a published notice may still be changed, and what a change must keep to. Source: domain 2.5."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from msgspec.structs import replace

from kit.errors import Conflict, InvalidInput
from kit.states import require_step
from marketplace.disclosures.schemas import ChangeState, RedisclosureIn
from marketplace.lots.offered import OFFERED
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot

_S = ChangeState

STEPS: Mapping[ChangeState, frozenset[ChangeState]] = MappingProxyType(
    {
        _S.PROPOSED: frozenset({_S.PUBLISHED, _S.REFUSED}),
        _S.PUBLISHED: frozenset(),
        _S.REFUSED: frozenset(),
    }
)
#: A notice stands and nobody can bid yet.
BEFORE = frozenset({LotStatus.PUBLISHED, LotStatus.REGISTRATION})


class TooLateToChange(Conflict):
    """A notice is changed before its auction is set up; later it is withdrawn. / 竞价设立后不得变更公告，应予撤回。"""

    code = "too_late_to_change"


def require_change_step(current: ChangeState, wanted: ChangeState) -> None:
    """Raise `IllegalStep` unless a change of a notice may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject="change of a notice")


def changes_until(lot: Lot) -> datetime:
    """Until when the notice of a lot can change: the priority holders are in the engine's auction from then on."""
    return lot.opens_at if lot.format in OFFERED else lot.priority_closes_at


def require_changeable(lot: Lot, *, now: datetime) -> None:
    """Raise `TooLateToChange` unless the lot's notice stands and its auction is not set up."""
    if lot.status not in BEFORE or now >= changes_until(lot):
        raise TooLateToChange(
            f"lot {lot.number} is {lot.status}; its notice could change until {changes_until(lot)}",
            f"标的 {lot.number} 状态为 {lot.status}，公告仅可于 {changes_until(lot)} 前变更",
        )


def changed(lot: Lot, given: RedisclosureIn) -> Lot:
    """The lot as the changed notice would have it. Raises `InvalidInput` if nothing changes or a time comes sooner."""
    after = replace(
        lot,
        conditions=given.conditions,
        priority_closes_at=given.priority_closes_at or given.opens_at,
        opens_at=given.opens_at,
        closes_at=given.closes_at,
    )
    if after == lot:
        raise InvalidInput("conditions", "nothing changes", "内容没有变化")
    for field in ("priority_closes_at", "opens_at", "closes_at"):
        if getattr(after, field) < getattr(lot, field):
            raise InvalidInput(
                field,
                f"is before {getattr(lot, field)}: a changed notice shortens nothing",
                f"早于原定 {getattr(lot, field)}，重新披露不得提前",
            )
    if not after.priority_closes_at <= after.opens_at < after.closes_at:
        raise InvalidInput(
            "closes_at",
            "must follow the opening, which follows the end of registration",
            "登记截止、竞价开始、竞价结束须依次排列",
        )
    return after
