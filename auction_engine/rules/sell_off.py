"""`sell_off`: 变卖, a period to find a first bid, then a countdown as in `english`. Source: contracts 1; domain 2.3."""

from auction_engine.rules.book import Book
from auction_engine.rules.english import English
from auction_engine.rules.terms import SellOff


class SellOffFormat(English):
    """The first bid ever accepted sets the end, also past the period; from then on `english`."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.started = False

    def end_after(self, moment: int, *, at: int) -> int:
        if self.started:
            return super().end_after(moment, at=at)
        self.started = True
        terms = self.book.profile.terms
        assert isinstance(terms, SellOff)
        return moment + terms.countdown_ms
