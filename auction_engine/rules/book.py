"""What every format shares: the book of one auction, and what a format must be able to answer.

A new format is one file with a subclass of `Format`, one entry in `formats.py`, its terms in `terms.py`, and its twin
in `auction_engine/lua/`; the core in `model.py` stays as it is.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import msgspec

from auction_engine.rules.commands import BidOpening, Command, Sealing, Share
from auction_engine.rules.profile import Profile
from auction_engine.rules.timeline import Timeline

#: Stands for "no priority" in the Order: behind every rank that can be given.
NO_RANK = 10**14


class Paddle(msgspec.Struct):
    """A bidder's number in this auction. `limit_fen` None: no limit."""

    limit_fen: int | None = None
    barred: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """Why a command does not count, and the least amount that would, where that is the reason."""

    reason: str
    minimum_fen: int = 0


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """What a format makes of an auction that has ended; `reason` is None where it is sold."""

    reason: str | None = None
    winner: int | None = None
    winners: tuple[Share, ...] | None = None
    price_fen: int | None = None
    underbidder: int | None = None


class Book(msgspec.Struct):
    """The state of an auction that does not depend on its format."""

    profile: Profile
    paddles: dict[int, Paddle]
    timeline: Timeline
    ranks: dict[int, int]
    seq: int = 0
    #: Accepted bids of every kind, those since voided or withdrawn included.
    bids: int = 0
    extensions: int = 0
    #: Real time of a bid that closed the auction there and then (accept, exercise, last round).
    closed_at: int | None = None
    #: How bids are sealed; None where a seal is a plain amount, as in rehearsals.
    sealing: Sealing | None = None
    #: Whether the envelopes have been opened.
    is_opened: bool = False

    def rank(self, paddle: int) -> int:
        """The rank of a paddle in the Order; the smaller the better."""
        return self.ranks.get(paddle, NO_RANK)


class Format(ABC):
    """The rules of one format on one book. Times named `moment` are the auction's own (`timeline.py`)."""

    #: What bidders and experts may do in this format.
    actions: ClassVar[frozenset[str]]

    def __init__(self, book: Book) -> None:
        self.book = book
        #: Why envelopes that stood did not become offers, by paddle.
        self.unopened: dict[int, str] = {}

    def is_wrong(self, do: str) -> bool:
        """Whether the format, as it stands, has no such action."""
        return do not in self.actions

    def is_between(self, do: str, moment: int) -> bool:
        """Whether `do` comes in a pause of the format, when nothing may be bid."""
        return False

    @abstractmethod
    def ends(self) -> int:
        """The moment at which it would close if nothing followed."""

    def ends_for(self, do: str) -> int:
        """The moment from which `do` comes too late."""
        return self.ends()

    def bars(self, paddle: int, moment: int) -> bool:
        """Whether the format itself shuts a paddle out at this moment."""
        return False

    def amount(self, command: Command) -> int:
        """What the command would commit its paddle to, for its limit."""
        return command.value

    @abstractmethod
    def check(self, command: Command, moment: int) -> Refusal | None:
        """The first refusal of the format's own rules, or None."""

    @abstractmethod
    def apply(self, command: Command, moment: int, *, at: int) -> None:
        """Enter an accepted command; `book.seq` is its number already."""

    @abstractmethod
    def void(self, paddle: int) -> None:
        """Take out everything that a disqualified paddle has bid."""

    def settle(self, moment: int) -> None:  # noqa: B027 - most formats have nothing to settle
        """Fix what a change of the paddles at this moment may no longer change."""

    def envelopes(self) -> list[tuple[int, int]]:
        """The envelopes that wait to be opened, as paddle and `seq`, in the order they came."""
        return []

    def open(self, openings: tuple[BidOpening, ...]) -> None:
        """Put in what the envelopes held; the openings are those of `envelopes()`, one for each."""
        assert not openings, "only sealed formats have envelopes"

    @abstractmethod
    def standing(self) -> tuple[int | None, int | None]:
        """The standing price and leader; both None before the first bid."""

    def shows_price(self, do: str) -> bool:
        """Whether the answer to `do` tells price and leader."""
        return True

    @abstractmethod
    def bidders(self) -> int:
        """How many paddles have a bid that stands."""

    @abstractmethod
    def minimum(self, moment: int) -> int | None:
        """The least amount that would do at this moment, as everyone may know it."""

    @abstractmethod
    def award(self) -> Award:
        """Who gets the lot at what price, once the auction has ended."""

    def shortfall(self, highest_fen: int | None) -> str | None:
        """The first reason why a highest bid does not sell the lot (contracts 1, `result`)."""
        profile = self.book.profile
        if highest_fen is None:
            return "no_bids"
        if profile.reserve_price_fen is not None and highest_fen < profile.reserve_price_fen:
            return "reserve_not_met"
        if self.bidders() < profile.min_bidders:
            return "too_few_bidders"
        return None
