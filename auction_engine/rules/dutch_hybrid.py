"""`dutch_hybrid`: a falling clock, then sealed offers above its price, then a last look. Source: contracts 1."""

from auction_engine.rules.book import Award, Book, Refusal
from auction_engine.rules.commands import BidOpening, Command
from auction_engine.rules.dutch import DutchFormat
from auction_engine.rules.sealed import (
    Offer,
    enter_offer,
    open_offers,
    refuse_amendment,
    waiting_envelopes,
)
from auction_engine.rules.terms import Hybrid


class DutchHybrid(DutchFormat):
    """The Dutch winner may be outbid under seal, and then alone may seal once more."""

    actions = frozenset({"accept", "seal", "withdraw"})

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        terms = book.profile.terms
        assert isinstance(terms, Hybrid)
        self.terms = terms
        self.offers: dict[int, Offer] = {}
        self.dutch_seq = 0
        #: The four turns of the sealed part: sealing from, to, last look from, to.
        self.seal_from = self.seal_to = self.look_from = self.look_to = 0
        self.look_fixed = False

    def is_wrong(self, do: str) -> bool:
        return super().is_wrong(do) or (do == "accept" and self.accepted is not None)

    def is_between(self, do: str, moment: int) -> bool:
        if do == "accept":
            return False
        if self.accepted is None or moment < self.seal_from:
            return True
        return self.seal_to <= moment < self.look_from

    def ends(self) -> int:
        if self.accepted is None:
            return super().ends()
        return self.look_to if self.offers or self.look_fixed else self.seal_to

    def minimum(self, moment: int) -> int | None:
        return super().minimum(moment) if self.accepted is None else self.accepted.value + 1

    def check(self, command: Command, moment: int) -> Refusal | None:
        if self.accepted is None:
            return super().check(command, moment)
        if command.do == "seal":
            if self.book.sealing is None and self.shortfall_of(command.value):
                return Refusal("below_minimum", self.accepted.value + 1)
            is_winner, is_look = command.paddle == self.accepted.paddle, moment >= self.look_from
            if is_winner and not is_look:
                return Refusal("already_leading")
            if is_look and not is_winner:
                return Refusal("match_not_allowed")
        elif command.paddle != self.accepted.paddle and moment >= self.look_from:
            return Refusal("match_not_allowed")
        return refuse_amendment(command, self.offers, self.terms.amend)

    def apply(self, command: Command, moment: int, *, at: int) -> None:
        if command.do != "accept":
            enter_offer(command, self.offers, self.book.seq)
            # Once sealing is over, an offer stood; what is withdrawn in the last look is the winner's own.
            self.look_fixed = self.look_fixed or moment >= self.look_from
            return
        self.accepted, self.dutch_seq = command, self.book.seq
        self.seal_from = moment + self.terms.pause_ms
        self.seal_to = self.seal_from + self.terms.sealed_ms
        self.look_from = self.seal_to + self.terms.pause_ms
        self.look_to = self.look_from + self.terms.last_look_ms

    def settle(self, moment: int) -> None:
        # Disqualifying never moves the end: a last look that is due stays due.
        self.look_fixed = self.look_fixed or (self.accepted is not None and moment >= self.seal_to)

    def shortfall_of(self, amount_fen: int) -> str | None:
        """Whether a sealed offer does not outbid the accepted price."""
        assert self.accepted is not None, "nothing is sealed before the accept"
        return "below_minimum" if amount_fen <= self.accepted.value else None

    def envelopes(self) -> list[tuple[int, int]]:
        return waiting_envelopes(self.book, self.offers)

    def open(self, openings: tuple[BidOpening, ...]) -> None:
        # The end was that of the last look, whatever the envelopes turn out to hold.
        self.look_fixed = True
        self.unopened = open_offers(self.book, self.offers, openings, self.shortfall_of)

    def void(self, paddle: int) -> None:
        self.offers.pop(paddle, None)

    def standing(self) -> tuple[int | None, int | None]:
        if self.accepted is None or self.book.paddles[self.accepted.paddle].barred:
            return None, None
        return super().standing()

    def shows_price(self, do: str) -> bool:
        return self.accepted is None or do == "accept"

    def bidders(self) -> int:
        _, leader = self.standing()
        return len(self.offers.keys() | ({leader} if leader is not None else set()))

    def award(self) -> Award:
        offers = dict(self.offers)
        price, winner = self.standing()
        if winner is not None and price is not None:
            offers.setdefault(winner, Offer(price, self.dutch_seq))
        order = sorted(offers, key=lambda paddle: (-offers[paddle].amount_fen, offers[paddle].seq))
        if not order:
            return Award(reason="no_bids")
        return Award(
            winner=order[0],
            price_fen=offers[order[0]].amount_fen,
            underbidder=order[1] if len(order) > 1 else None,
        )
