"""`dynamic`: 动态报价, a free period, then cycles that each bid restarts. Source: contracts 1; domain 2.6."""

from auction_engine.rules.ascending import Ascending
from auction_engine.rules.book import NO_RANK, Award, Book, Refusal
from auction_engine.rules.commands import Command
from auction_engine.rules.terms import Dynamic


class DynamicFormat(Ascending):
    """Free period to `closes_at`, then the limited period; priority is used while bidding or exercised after."""

    actions = frozenset({"bid", "exercise"})

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        terms = book.profile.terms
        assert isinstance(terms, Dynamic)
        self.terms = terms
        self.end = book.profile.closes_at + terms.cycle_ms
        #: Who had an accepted bid in the free period.
        self.free: set[int] = set()
        self.taker: int | None = None
        #: The holders whose turns are fixed because paddles changed after the bidding.
        self.fixed_turns: list[int] | None = None

    def is_wrong(self, do: str) -> bool:
        return super().is_wrong(do) or (do == "exercise" and self.terms.exercise != "after")

    def rank(self, paddle: int) -> int:
        # Who exercises after the end bids as an ordinary bidder before it.
        return super().rank(paddle) if self.terms.exercise == "on_floor" else NO_RANK

    def turns(self) -> list[int]:
        """Who may exercise after the bidding, in turn: each holder but the leader, by rank, then paddle."""
        if self.fixed_turns is not None:
            return self.fixed_turns
        _, leader = self.standing()
        if leader is None or self.terms.exercise != "after":
            return []
        book = self.book
        holders = [
            paddle
            for paddle in book.ranks
            if paddle != leader
            and paddle in book.paddles
            and not book.paddles[paddle].barred
            and (paddle in self.free or not self.terms.require_free_bid)
        ]
        return sorted(holders, key=lambda paddle: (book.rank(paddle), paddle))

    def ends(self) -> int:
        return self.end + len(self.turns()) * (self.terms.exercise_window_ms or 0)

    def ends_for(self, do: str) -> int:
        return self.end if do == "bid" else self.ends()

    def bars(self, paddle: int, moment: int) -> bool:
        return (
            self.terms.require_free_bid
            and moment >= self.book.profile.closes_at
            and paddle not in self.free
        )

    def amount(self, command: Command) -> int:
        if command.do == "bid":
            return command.value
        price, _ = self.standing()
        return price or 0

    def check(self, command: Command, moment: int) -> Refusal | None:
        if command.do == "bid":
            return super().check(command, moment)
        _, leader = self.standing()
        if command.paddle == leader:
            return Refusal("already_leading")
        if command.paddle not in self.book.ranks:
            return Refusal("match_not_allowed")
        turns = self.turns()
        turn = (moment - self.end) // (self.terms.exercise_window_ms or 1)
        if turn < 0 or turns[turn] != command.paddle:
            return Refusal("not_due")
        return None

    def apply(self, command: Command, moment: int, *, at: int) -> None:
        if command.do == "exercise":
            self.taker = command.paddle
            self.book.closed_at = at
            return
        super().apply(command, moment, at=at)
        if moment < self.book.profile.closes_at:
            self.free.add(command.paddle)

    def end_after(self, moment: int, *, at: int) -> int:
        if moment < self.book.profile.closes_at:
            return self.end
        # A bid that entered before one already decided restarts nothing: the end never moves back.
        return max(self.end, moment + self.terms.cycle_ms)

    def settle(self, moment: int) -> None:
        if moment >= self.end:
            self.fixed_turns = self.turns()

    def standing(self) -> tuple[int | None, int | None]:
        price, leader = super().standing()
        return price, leader if self.taker is None else self.taker

    def award(self) -> Award:
        award = super().award()
        if award.reason is not None or self.taker is None:
            return award
        others = [paddle for paddle in self.order() if paddle != self.taker]
        return Award(
            winner=self.taker, price_fen=award.price_fen, underbidder=others[0] if others else None
        )
