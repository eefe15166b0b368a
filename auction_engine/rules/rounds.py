"""`rounds`: each accepted bid ends a round, a silent round ends the auction. Source: contracts 1."""

from auction_engine.rules.ascending import Ascending
from auction_engine.rules.book import Book
from auction_engine.rules.commands import Command
from auction_engine.rules.terms import Rounds


class RoundsFormat(Ascending):
    """One accepted bid a round; between rounds a pause; a deadline clips the last."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        terms = book.profile.terms
        assert isinstance(terms, Rounds)
        self.terms = terms
        self.round_opens = book.profile.opens_at

    def first_minimum(self) -> int:
        start = self.book.profile.start_price_fen
        return start if self.terms.first == "start" else start + self.step_at(start)

    def is_between(self, do: str, moment: int) -> bool:
        return do == "bid" and moment < self.round_opens

    def apply(self, command: Command, moment: int, *, at: int) -> None:
        self._hold(command)
        opens, deadline = moment + self.terms.pause_ms, self.terms.deadline_at
        if deadline is not None and opens >= deadline:
            self.book.closed_at = at
            return
        self.round_opens = opens
        end = opens + self.terms.round_ms
        self._set_end(end if deadline is None else min(end, deadline))
