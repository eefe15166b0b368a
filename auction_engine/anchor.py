"""The gateway's second opinion on the time: read once from the wall clock, then carried by the monotonic clock.

The engine compares it with its server's clock and refuses a batch where the two differ by more than 500 ms, so that
neither a stepped server clock nor one host with a wrong time can close an auction early (reliability 0.4.5).
"""

from kit.clock import Clock, epoch_ms, monotonic_us, system_clock

#: How often the anchor follows the wall clock, and the largest difference it follows without a restart.
_FOLLOW_US = 60_000_000
_FOLLOW_MS_MAX = 250


class AnchoredClock:
    """Milliseconds since 1970 that never step."""

    def __init__(self, wall: Clock = system_clock) -> None:
        self._wall = wall
        self._followed_us = monotonic_us()
        self._offset_ms = epoch_ms(wall()) - self._followed_us // 1000

    def now_ms(self) -> int:
        """The present moment."""
        now_us = monotonic_us()
        if now_us - self._followed_us > _FOLLOW_US:
            self._follow(now_us)
        return now_us // 1000 + self._offset_ms

    def _follow(self, now_us: int) -> None:
        """Take over the small corrections that the host's time service makes; a step stays out."""
        self._followed_us = now_us
        offset = epoch_ms(self._wall()) - now_us // 1000
        if abs(offset - self._offset_ms) <= _FOLLOW_MS_MAX:
            self._offset_ms = offset
