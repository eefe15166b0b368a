"""Waiting for what workers do in the background, not longer than a story may take."""

import time
from collections.abc import Callable

from marketplace.demo.actors import StoryBroken

_POLL_SECONDS = 0.1
_WAIT_SECONDS_MAX = 90


def until(holds: Callable[[], bool], what: str) -> None:
    """Return as soon as `holds`; raise StoryBroken naming `what` when it takes too long."""
    deadline = time.monotonic() + _WAIT_SECONDS_MAX
    while not holds():
        if time.monotonic() > deadline:
            raise StoryBroken(
                f"waited {_WAIT_SECONDS_MAX} s for {what}; see the logs of worker and projector"
            )
        time.sleep(_POLL_SECONDS)
