"""What the sealed formats share: offers that nobody sees, replaced or withdrawn only where the rules say so.

Source: contracts 1; domain 2.8.
"""

from collections.abc import Callable

import msgspec

from auction_engine.rules.book import Award, Book, Format, Refusal
from auction_engine.rules.commands import BidOpening, Command
from auction_engine.rules.terms import Sealed


class Offer(msgspec.Struct, frozen=True):
    """A sealed bid and the number of the command that placed it. While it is in its envelope the amount is 0."""

    amount_fen: int
    seq: int


class SealedFormat(Format):
    """Offers are made blind and opened together after the end."""

    actions = frozenset({"seal", "withdraw"})

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.offers: dict[int, Offer] = {}

    @property
    def terms(self) -> Sealed:
        terms = self.book.profile.terms
        assert isinstance(terms, Sealed)
        return terms

    def ends(self) -> int:
        return self.book.profile.closes_at

    def shows_price(self, do: str) -> bool:
        return False

    def standing(self) -> tuple[int | None, int | None]:
        return None, None

    def bidders(self) -> int:
        return len(self.offers)

    def minimum(self, moment: int) -> int:
        return self.book.profile.start_price_fen + (self.terms.floor_rule == "strictly_above")

    def check(self, command: Command, moment: int) -> Refusal | None:
        if command.do == "seal" and self.book.sealing is None:
            minimum = self.minimum(moment)
            reason = self.shortfall_of(command.value)
            if reason is not None:
                return Refusal(reason, minimum)
        return refuse_amendment(command, self.offers, self.terms.amend)

    def apply(self, command: Command, moment: int, *, at: int) -> None:
        enter_offer(command, self.offers, self.book.seq)

    def shortfall_of(self, amount_fen: int) -> str | None:
        """Which floor an amount does not reach."""
        start = self.book.profile.start_price_fen
        if amount_fen < start:
            return "below_start"
        is_strict = self.terms.floor_rule == "strictly_above"
        return "below_minimum" if is_strict and amount_fen == start else None

    def envelopes(self) -> list[tuple[int, int]]:
        return waiting_envelopes(self.book, self.offers)

    def open(self, openings: tuple[BidOpening, ...]) -> None:
        self.unopened = open_offers(self.book, self.offers, openings, self.shortfall_of)

    def void(self, paddle: int) -> None:
        self.offers.pop(paddle, None)

    def order(self) -> list[int]:
        """The paddles by the Order: amount, then rank, then sequence."""
        offers, rank = self.offers, self.book.rank
        return sorted(
            offers,
            key=lambda paddle: (-offers[paddle].amount_fen, rank(paddle), offers[paddle].seq),
        )

    def price(self, order: list[int]) -> int:
        """What the winner pays: the own bid unless the format says otherwise."""
        return self.offers[order[0]].amount_fen

    def award(self) -> Award:
        order = self.order()
        reason = self.shortfall(self.offers[order[0]].amount_fen if order else None)
        if reason is not None:
            return Award(reason=reason)
        return Award(
            winner=order[0],
            price_fen=self.price(order),
            underbidder=order[1] if len(order) > 1 else None,
        )


def refuse_amendment(command: Command, offers: dict[int, Offer], amend: str) -> Refusal | None:
    """Whether an offer may be replaced or withdrawn; what is not there can't be withdrawn either."""
    amends = command.paddle in offers or command.do == "withdraw"
    allowed = amend == "latest_counts" and command.paddle in offers
    return Refusal("not_amendable") if amends and not allowed else None


def enter_offer(command: Command, offers: dict[int, Offer], seq: int) -> None:
    """Place, replace or withdraw an offer; a replacement counts from its own moment."""
    offers.pop(command.paddle, None)
    if command.do == "seal":
        offers[command.paddle] = Offer(command.value, seq)


def waiting_envelopes(book: Book, offers: dict[int, Offer]) -> list[tuple[int, int]]:
    """Paddle and number of every envelope that stands and is not opened, in the order they came."""
    if book.sealing is None or book.is_opened:
        return []
    found = [(paddle, offer.seq) for paddle, offer in offers.items()]
    return sorted(found, key=lambda pair: pair[1])


def open_offers(
    book: Book,
    offers: dict[int, Offer],
    openings: tuple[BidOpening, ...],
    shortfall_of: Callable[[int], str | None],
) -> dict[int, str]:
    """Put amounts in the envelopes' places; those that do not count are taken out, and told with the reason.

    An amount is judged as it would have been when it was sealed: the paddle's limit, then the floor (contracts 1,
    order of refusals).
    """
    unopened: dict[int, str] = {}
    for opening in openings:
        reason = opening.reason or _refusal_of(book, opening, shortfall_of)
        if reason is None:
            offers[opening.paddle] = Offer(opening.amount_fen, opening.seq)
        else:
            del offers[opening.paddle]
            unopened[opening.paddle] = reason
    return unopened


def _refusal_of(
    book: Book, opening: BidOpening, shortfall_of: Callable[[int], str | None]
) -> str | None:
    limit = book.paddles[opening.paddle].limit_fen
    if limit is not None and opening.amount_fen > limit:
        return "over_limit"
    return shortfall_of(opening.amount_fen)


class OneShot(SealedFormat):
    """`one_shot`: 一次报价, the highest wins and pays its bid."""


class Vickrey(SealedFormat):
    """`vickrey`: 次高价, the highest wins and pays the larger of the second bid and the floor."""

    def price(self, order: list[int]) -> int:
        floor = self.book.profile.start_price_fen
        return max([floor] + [self.offers[paddle].amount_fen for paddle in order[1:2]])
