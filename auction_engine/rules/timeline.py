"""The auction's own clock, which stands still while the auction is suspended.

Source: contracts 1 (`suspend` stops the clock: every later moment moves by the length of the suspension, no more and
no less). The rules reckon in *moments*: real milliseconds less what was suspended before. So the end, the hard end, a
price change or a round needs no moving, and a bid that entered before a suspension but is decided after it is
judged as if there had been none.
"""

import msgspec


class Timeline(msgspec.Struct):
    """The suspensions of one auction, in order, none overlapping; `suspended_at` is that of the one that lasts."""

    suspensions: list[tuple[int, int]] = msgspec.field(default_factory=list)
    suspended_at: int | None = None

    def moment(self, at: int) -> int:
        """The auction's own time at the real time `at`."""
        stood_still = 0
        for start, end in self.suspensions:
            if at < start:
                return at - stood_still
            stood_still += min(at, end) - start
        if self.suspended_at is not None:
            at = min(at, self.suspended_at)
        return at - stood_still

    def real(self, moment: int) -> int:
        """The real time at which the auction's own clock shows `moment`, if nothing suspends it again."""
        stood_still = 0
        for start, end in self.suspensions:
            if moment >= start - stood_still:
                stood_still += end - start
        return moment + stood_still

    def stood_still_at(self, at: int) -> bool:
        """Whether a suspension that is over covers the real time `at`."""
        return any(start <= at < end for start, end in self.suspensions)

    def suspend(self, at: int) -> None:
        """Stop the clock at `at`, at the earliest when it last went on."""
        self.suspended_at = max(at, self.suspensions[-1][1] if self.suspensions else at)

    def resume(self, at: int) -> None:
        """Let the clock go on from `at`."""
        assert self.suspended_at is not None, "only a suspended auction can be resumed"
        self.suspensions.append((self.suspended_at, max(at, self.suspended_at)))
        self.suspended_at = None
