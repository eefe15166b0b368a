"""`dutch`: 减价拍卖, a falling clock and a first acceptance. Source: contracts 1; domain 2.8."""

from auction_engine.rules.book import Award, Book, Format, Refusal
from auction_engine.rules.commands import Command
from auction_engine.rules.terms import Clock, schedule


class DutchFormat(Format):
    """The first to accept the price on the clock wins, and closes the auction."""

    actions = frozenset({"accept"})

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        terms = book.profile.terms
        assert isinstance(terms, Clock)
        self.clock = terms
        self.schedule = schedule(book.profile.start_price_fen, terms)
        self.accepted: Command | None = None

    def ends(self) -> int:
        return self.book.profile.closes_at

    def price_at(self, moment: int) -> int:
        """The price on the clock."""
        index = (moment - self.book.profile.opens_at) // self.clock.drop_every_ms
        return self.schedule.at(min(max(index, 0), self.schedule.prices - 1))

    def minimum(self, moment: int) -> int | None:
        return self.price_at(moment)

    def check(self, command: Command, moment: int) -> Refusal | None:
        return None if command.value == self.price_at(moment) else Refusal("wrong_price")

    def apply(self, command: Command, moment: int, *, at: int) -> None:
        self.accepted = command
        self.book.closed_at = at

    def void(self, paddle: int) -> None:
        """There is nothing to void: an accept closes the auction, and so the time of disqualifying."""

    def standing(self) -> tuple[int | None, int | None]:
        if self.accepted is None:
            return None, None
        return self.accepted.value, self.accepted.paddle

    def bidders(self) -> int:
        return 0 if self.accepted is None else 1

    def award(self) -> Award:
        if self.accepted is None:
            return Award(reason="no_bids")
        return Award(winner=self.accepted.paddle, price_fen=self.accepted.value)
