"""The states of a bidder at a lot (竞买人), who is barred, and how a paddle (号牌) is drawn. Source: domain 9."""

import secrets
from collections.abc import Mapping, Set
from enum import StrEnum
from types import MappingProxyType

import msgspec

from kit.errors import Conflict, Forbidden
from kit.states import require_step


class BidderStatus(StrEnum):
    """How far a bidder has come at one lot."""

    APPLIED = "applied"
    QUALIFIED = "qualified"
    DEPOSITED = "deposited"
    ACTIVE = "active"
    WON = "won"
    LOST = "lost"
    BARRED = "barred"


_B = BidderStatus

STEPS: Mapping[BidderStatus, frozenset[BidderStatus]] = MappingProxyType(
    {
        # Lost without ever bidding: the sale ended, or was withdrawn, before the deposit arrived.
        _B.APPLIED: frozenset({_B.QUALIFIED, _B.BARRED, _B.LOST}),
        _B.QUALIFIED: frozenset({_B.DEPOSITED, _B.BARRED, _B.LOST}),
        _B.DEPOSITED: frozenset({_B.ACTIVE, _B.BARRED, _B.LOST}),
        _B.ACTIVE: frozenset({_B.WON, _B.LOST, _B.BARRED}),
        # A winner who does not pay (悔拍) or won as it must not; or one whose sale was set aside, not by its fault.
        _B.WON: frozenset({_B.BARRED, _B.LOST}),
        _B.LOST: frozenset(),
        _B.BARRED: frozenset(),
    }
)

#: Paddles are drawn from here: three digits are easy to say, and there are more than any auction has bidders.
PADDLE_MIN, PADDLE_MAX = 101, 999


class BidderBarred(Forbidden):
    """This organisation may not bid for this lot. / 该机构不得参与本标的竞买。"""

    code = "bidder_barred"


class PaddlesExhausted(Conflict):
    """Every paddle number of this lot is taken. / 本标的号牌已发完。"""

    code = "paddles_exhausted"


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands on the selling side of a lot: organisation ids and unified social credit codes."""

    consignor_id: str
    venue_id: str
    pledgor_codes: frozenset[str]


def require_bidder_step(current: BidderStatus, wanted: BidderStatus, *, name: str) -> None:
    """Raise `IllegalStep` unless the bidder called `name` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"bidder {name}")


def require_independent(
    seller: Seller, *, organisation_id: str, credit_code: str, may_consignor_bid: bool = False
) -> None:
    """Refuse the consignor, the venue and the pledgor as bidders; in a judicial sale the applicant bank may bid.

    Source: Auction Law (拍卖法) art. 30 for the consignor and 22 for the venue; domain 2.4 applies the same to
    exchanges by default. The pledgor would be buying its own debt off at the price of its own collateral.
    """
    if organisation_id == seller.consignor_id and not may_consignor_bid:
        raise BidderBarred(
            "the consignor may not bid, nor have others bid for it (Auction Law art. 30)",
            "委托人不得参与竞买，也不得委托他人代为竞买（拍卖法第三十条）",
        )
    if organisation_id == seller.venue_id:
        raise BidderBarred(
            "the venue may not bid for what it sells (Auction Law art. 22)",
            "交易场所不得参与其组织的竞买（拍卖法第二十二条）",
        )
    if credit_code in seller.pledgor_codes:
        raise BidderBarred(
            "the pledgor may not bid for its own collateral", "出质人不得竞买自己的质物"
        )


def draw_paddle(taken: Set[int]) -> int:
    """A paddle that is not `taken`, drawn at random: neither the order of registration nor a name leads to it."""
    free = [paddle for paddle in range(PADDLE_MIN, PADDLE_MAX + 1) if paddle not in taken]
    if not free:
        raise PaddlesExhausted
    return secrets.choice(free)
