"""Places where a test may make the process die, fail or wait, to show that nothing is lost or done twice.

`LUOCHUI_FAILPOINTS="settle.after_ledger=exit,projector.before_trim=raise"` arms points by name; without the variable a
point does nothing. Actions: `exit` (the process ends at once, code 137, as a kill -9 would), `raise`, `sleep:MS`.
`name=ACTION@N` arms only the N-th time (counted from 1) the point is reached.
"""

import os
import time
from collections.abc import Callable

#: Where `os.environ` keeps what it holds, and under what: asked by its name, it makes an exception of an absent one,
#: which costs a bid that comes alone 7 us.
_pairs: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]  # its stub does not show it
_ARMED = os.fsencode("LUOCHUI_FAILPOINTS")

_registered: set[str] = set()
_reached: dict[str, int] = {}


class FailpointReached(Exception):
    """Raised by an armed failpoint; only tests arm one."""


def register(name: str) -> Callable[[], None]:
    """The point named `name`, as a function to call at that place. Names are unique in the program."""
    assert name not in _registered, f"failpoint {name} registered twice"
    _registered.add(name)

    def reach() -> None:
        armed = _pairs.get(_ARMED)
        if armed:
            _act(name, os.fsdecode(armed))

    return reach


def names() -> frozenset[str]:
    """Every point registered by the modules imported so far."""
    return frozenset(_registered)


def _act(name: str, armed: str) -> None:
    actions = dict(item.split("=", 1) for item in armed.split(",") if "=" in item)
    action = actions.get(name)
    if action is None:
        return
    _reached[name] = _reached.get(name, 0) + 1
    action, _, nth = action.partition("@")
    if nth and _reached[name] != int(nth):
        return
    match action.split(":"):
        case ["exit"]:
            os._exit(137)
        case ["raise"]:
            raise FailpointReached(name)
        case ["sleep", ms]:
            time.sleep(int(ms) / 1000)
        case _:
            raise ValueError(f"LUOCHUI_FAILPOINTS: {name} has the unknown action {action!r}")
