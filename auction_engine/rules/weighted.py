"""`weighted`: 权重报价, price and expert scores together. Source: contracts 1; domain 2.8."""

from auction_engine.rules.book import Book, Refusal
from auction_engine.rules.commands import Command
from auction_engine.rules.sealed import SealedFormat
from auction_engine.rules.terms import Weighted
from kit.money import BP_ONE


class WeightedFormat(SealedFormat):
    """The highest total wins and pays its bid; totals are compared exactly, unrounded."""

    actions = frozenset({"seal", "withdraw", "score"})

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        terms = book.profile.terms
        assert isinstance(terms, Weighted)
        self.weights = terms
        #: The sum of weight times score of each paddle that was scored; its last scores count.
        self.scores: dict[int, int] = {}

    def check(self, command: Command, moment: int) -> Refusal | None:
        return None if command.do == "score" else super().check(command, moment)

    def apply(self, command: Command, moment: int, *, at: int) -> None:
        if command.do != "score":
            super().apply(command, moment, at=at)
            return
        given = command.scores or {}
        self.scores[command.paddle] = sum(
            term.weight_bp * given.get(term.name, 0) for term in self.weights.terms
        )

    def order(self) -> list[int]:
        """The paddles by total, then price, then sequence."""
        offers = self.offers
        best = max((offer.amount_fen for offer in offers.values()), default=1)

        def key(paddle: int) -> tuple[int, int, int]:
            offer = offers[paddle]
            # The contract's total times the best bid, so that nothing is divided.
            total = self.weights.price_bp * BP_ONE * offer.amount_fen + best * self.scores.get(
                paddle, 0
            )
            return (-total, -offer.amount_fen, offer.seq)

        return sorted(offers, key=key)
