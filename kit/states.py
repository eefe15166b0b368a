"""State machines as tables: which step may follow which. Any other step is refused, naming both states."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from kit.errors import Conflict

State = TypeVar("State", bound=StrEnum)


class IllegalStep(Conflict):
    """That step does not follow from the present state. / 当前状态不能进入该状态。"""

    code = "illegal_state"


def require_step(
    steps: Mapping[State, frozenset[State]], current: State, *, wanted: State, subject: str
) -> None:
    """Let `wanted` follow `current` if the table `steps` allows it; otherwise raise `IllegalStep`.

    `subject` names what has the state ("lot LC-2026-000001"); the message says what could follow instead.
    """
    allowed = steps[current]
    if wanted in allowed:
        return
    choices = ", ".join(sorted(allowed)) or "nothing"
    raise IllegalStep(
        f"{subject} is {current} and cannot become {wanted}; from {current} it can become {choices}",
        f"{subject} 当前状态为 {current}，不能变为 {wanted}；可变为：{choices}",
        current=str(current),
        wanted=str(wanted),
    )
