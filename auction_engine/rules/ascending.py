"""What the ascending formats share: the Order, the standing price, what a bid must reach.

Source: contracts 1 "Common fields and values";
domain 2.1 (arts. 20, 21) and 2.6. `lua/ascending.lua` is the twin, which
keeps the two highest maxima instead of sorting all of them.
"""

from bisect import bisect_left, insort

import msgspec

from auction_engine.rules.book import Award, Book, Format, Refusal
from auction_engine.rules.commands import Command
from auction_engine.rules.profile import Append


class Holding(msgspec.Struct):
    """What one paddle has bid: its maximum, the number of the command that set it, its last manual bid."""

    max_fen: int
    max_seq: int
    manual_fen: int


class Ascending(Format):
    """Open ascending bidding; a plain bid is its own maximum, a proxy a hidden one."""

    actions = frozenset({"bid"})

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.holdings: dict[int, Holding] = {}
        #: The holdings by the Order, kept sorted, so that a bid costs no sorting of all of them.
        self._ordered: list[tuple[int, int, int, int]] = []
        self.end = book.profile.closes_at
        self.appended = 0

    def ends(self) -> int:
        return self.end

    def rank(self, paddle: int) -> int:
        """The rank of a paddle while bidding."""
        return self.book.rank(paddle)

    def order(self) -> list[int]:
        """The paddles by the Order: maximum, then rank, then sequence."""
        return [paddle for *_, paddle in self._ordered]

    def _place_of(self, paddle: int) -> tuple[int, int, int, int]:
        """What sorts a paddle into the Order."""
        held = self.holdings[paddle]
        return (-held.max_fen, self.rank(paddle), held.max_seq, paddle)

    def _take_out(self, paddle: int) -> None:
        if paddle in self.holdings:
            del self._ordered[bisect_left(self._ordered, self._place_of(paddle))]

    def step_at(self, price_fen: int) -> int:
        """The step of a price."""
        step = self.book.profile.step
        assert step is not None, "an ascending format has a step"
        return step.at(price_fen)

    def standing(self) -> tuple[int | None, int | None]:
        if not self._ordered:
            return None, None
        leader = self._ordered[0][-1]
        profile, leading = self.book.profile, self.holdings[leader]
        price = profile.start_price_fen
        if len(self._ordered) > 1:
            second = -self._ordered[1][0]
            price = max(price, min(leading.max_fen, second + self.step_at(second)))
        price = max(price, leading.manual_fen)
        reserve = profile.reserve_price_fen
        if reserve is not None and leading.max_fen >= reserve:
            price = max(price, reserve)
        return price, leader

    def first_minimum(self) -> int:
        """The least first bid."""
        return self.book.profile.start_price_fen

    def minimum(self, moment: int) -> int:
        price, _ = self.standing()
        return self.first_minimum() if price is None else price + self.step_at(price)

    def may_match(self, command: Command) -> bool:
        """Whether this is a priority holder's bid of exactly the standing amount (domain 2.1, art. 21)."""
        price, leader = self.standing()
        return (
            command.do == "bid"
            and leader is not None
            and command.value == price
            and self.rank(command.paddle) < self.rank(leader)
        )

    def check(self, command: Command, moment: int) -> Refusal | None:
        price, leader = self.standing()
        minimum = self.minimum(moment)
        if command.value < self.book.profile.start_price_fen:
            return Refusal("below_start", minimum)
        if self.may_match(command):
            return None
        leads = leader == command.paddle
        # The leader's hidden maximum may be lowered to the standing price, and no further.
        least = price if leads and command.do == "proxy" and price is not None else minimum
        if command.value < least:
            return Refusal("below_minimum", minimum)
        return self._check_raise(command, price, leads=leads)

    def _check_raise(self, command: Command, price: int | None, *, leads: bool) -> Refusal | None:
        profile = self.book.profile
        base = profile.start_price_fen if price is None else price
        step, rise = self.step_at(base), command.value - base
        gridded = {"none": 0, "multiple": rise, "absolute": command.value}[profile.grid]
        if gridded % step != 0:
            return Refusal("off_grid")
        if command.do != "bid":
            return None
        if profile.max_steps_per_bid is not None and rise > profile.max_steps_per_bid * step:
            return Refusal("above_step_cap")
        if leads and not profile.leader_may_raise:
            return Refusal("already_leading")
        return None

    def apply(self, command: Command, moment: int, *, at: int) -> None:
        _, leader = self.standing()
        self._hold(command)
        # A leader's own change of a hidden maximum never extends, even where it moves the price.
        if command.do == "bid" or leader != command.paddle:
            self._set_end(self.end_after(moment, at=at))

    def _hold(self, command: Command) -> None:
        self._take_out(command.paddle)
        held = self.holdings.setdefault(command.paddle, Holding(0, 0, 0))
        is_bid = command.do == "bid"
        if is_bid:
            held.manual_fen = command.value
        if command.value > held.max_fen or (not is_bid and command.value != held.max_fen):
            held.max_fen, held.max_seq = command.value, self.book.seq
        insort(self._ordered, self._place_of(command.paddle))

    def _set_end(self, end: int) -> None:
        if end != self.end:
            self.end = end
            self.book.extensions += 1

    def end_after(self, moment: int, *, at: int) -> int:
        """The end after a bid that entered at `moment`; by the `extension` rule unless the format has its own."""
        extension = self.book.profile.extension
        if extension is None or self.end - moment >= extension.window_ms:
            return self.end
        if isinstance(extension, Append):
            if self.appended >= extension.max:
                return self.end
            self.appended += 1
        end = extension.end_after(self.end, moment)
        if extension.hard_end is not None:
            end = min(end, extension.hard_end)
        return max(end, self.end)

    def void(self, paddle: int) -> None:
        self._take_out(paddle)
        self.holdings.pop(paddle, None)

    def bidders(self) -> int:
        return len(self.holdings)

    def award(self) -> Award:
        order = self.order()
        price, leader = self.standing()
        reason = self.shortfall(price)
        if reason is not None:
            return Award(reason=reason)
        return Award(
            winner=leader, price_fen=price, underbidder=order[1] if len(order) > 1 else None
        )
