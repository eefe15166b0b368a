"""The other pages about a published lot that a visitor may open, as doors of its notice (相关文件)."""

from datetime import datetime

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.bidders import service as bidders
from marketplace.collections import service as collections
from marketplace.disclosures.rules import BEFORE
from marketplace.lots import service
from marketplace.lots.rules import TAKES_BIDDERS, LotStatus, Origin
from marketplace.lots.schemas import PublicLot
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.vocabulary import Words
from marketplace.resales import service as resales
from marketplace.resales.rules import LEFT_BY_A_BUYER
from marketplace.revocations.service import REVOCABLE
from marketplace.transfers import service as transfers

#: An auction whose result is recorded, so that there is a record to print.
_OVER = frozenset(
    {
        LotStatus.SOLD,
        LotStatus.UNSOLD,
        LotStatus.AWAITING_PAYMENT,
        LotStatus.PAID,
        LotStatus.TRANSFERRING,
        LotStatus.DONE,
        LotStatus.DEFAULTED,
    }
)
_SELLERS = (Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)
_MOVED = frozenset({LotStatus.TRANSFERRING, LotStatus.DONE})


#: Whether it is needed at all is asked before anybody bids.
_BEFORE_BIDS = frozenset({LotStatus.PUBLISHED, LotStatus.REGISTRATION})
#: The price is there, so that its distribution is planned, objected to, approved.
_PAID_FOR = frozenset({LotStatus.PAID, *_MOVED})
#: What its venue's people review before it is confirmed.
_SOLD = _OVER - {LotStatus.UNSOLD}
#: When which page is there for the lot's venue and its bank.
_SELLERS_DOORS = (
    (BEFORE, "/lots/{id}/redisclosure", Words("延牌与重新披露", "Changes of the notice")),
    (frozenset({LotStatus.UNSOLD}), "/lots/{id}/unsold-report", Words("流拍报告", "Unsold report")),
    (
        REVOCABLE | {LotStatus.REVOKED},
        "/lots/{id}/revocation",
        Words("撤销成交", "Setting the result aside"),
    ),
    (
        LEFT_BY_A_BUYER,
        "/lots/{id}/underbidder-offer",
        Words("顺位递补", "Offer to the underbidder"),
    ),
    (frozenset({LotStatus.DEFAULTED}), "/lots/{id}/reauction", Words("重新拍卖", "Auction again")),
    (_BEFORE_BIDS, "/lots/{id}/coverage", Words("清偿情况与债务人同意", "Coverage and consent")),
    (_PAID_FOR, "/lots/{id}/costs", Words("变现费用", "Costs")),
    (_PAID_FOR, "/lots/{id}/distribution", Words("分配方案与异议", "Distribution and objections")),
)


async def doors_of(
    conn: Connection, visitor: Caller | None, lot: PublicLot, *, now: datetime
) -> list[tuple[str, Words]]:
    """Paths and names, in the order in which people need them; none leads to a refusal."""
    at = f"/lots/{lot.id}"
    found = [
        (f"{at}/data-room", Words("资料室", "Data room")),
        (f"{at}/questions", Words("咨询与答复", "Questions and answers")),
        (f"{at}/viewings", Words("看样", "Viewings")),
    ]
    is_auctioned_anew = lot.origin in (None, Origin.REAUCTION)
    is_auctioned = lot.format != "collection" and is_auctioned_anew
    if lot.status in _OVER and is_auctioned:
        found.append((f"{at}/bid-record", Words("竞价记录", "Record of bids")))
    if visitor is None:
        return found
    if visitor.has(Role.AGENCY_BIDDER) and await _registers(conn, visitor, lot):
        found.append((f"{at}/registration", Words("竞买登记", "Registration to bid")))
    if await _sells(conn, visitor, lot):
        found += [
            (path.format(id=lot.id), name)
            for when, path, name in _SELLERS_DOORS
            if lot.status in when
        ]
        if is_auctioned_anew and visitor.has(Role.VENUE_OPERATOR, Role.VENUE_CHECKER):
            found.append((f"{at}/bidders", Words("竞买人", "Bidders")))
        if lot.status in _SOLD and visitor.has(Role.VENUE_OPERATOR, Role.VENUE_CHECKER):
            found.append((f"{at}/review", Words("成交复核", "Review of the result")))
    elif lot.status in LEFT_BY_A_BUYER and await _is_asked(conn, visitor, lot):
        found.append((f"{at}/underbidder-offer", Words("顺位递补", "Offer to the underbidder")))
    if lot.status in _PAID_FOR and await _moves(conn, visitor, lot, now=now):
        found.append((f"{at}/transfer", Words("交割清单", "Transfer checklist")))
    return found


async def may_see_call(conn: Connection, visitor: Caller | None, lot: PublicLot) -> bool:
    """Whether a call for offers has a page for this visitor: its sides, and who is registered to offer."""
    if visitor is None or lot.format != "collection":
        return False
    if not visitor.has(*_SELLERS, Role.AGENCY_BIDDER):
        return False
    try:
        await collections.get(conn, visitor, lot.id)
    except NotFound:
        return False
    return True


async def _sells(conn: Connection, visitor: Caller, lot: PublicLot) -> bool:
    """Whether the lot is the visitor's bank's or venue's."""
    if not visitor.has(*_SELLERS):
        return False
    try:
        await service.owned(conn, visitor, lot.id)
    except NotFound:
        return False
    return True


async def _registers(conn: Connection, visitor: Caller, lot: PublicLot) -> bool:
    """Whether the lot takes the visitor's registration, or has it."""
    if lot.status in TAKES_BIDDERS:
        return True
    try:
        await bidders.own(conn, visitor, lot.id)
    except NotFound:
        return False
    return True


async def _moves(conn: Connection, visitor: Caller, lot: PublicLot, *, now: datetime) -> bool:
    """Whether the visitor's organisation has a part in the lot's transfer, and it was begun or is theirs to begin."""
    if not visitor.has(*_SELLERS, Role.AGENCY_BIDDER):
        return False
    try:
        await transfers.of_lot(conn, visitor, lot.id, now=now)
    except NotFound:
        return await transfers.may_open(conn, visitor, lot.id)
    return True


async def _is_asked(conn: Connection, visitor: Caller, lot: PublicLot) -> bool:
    """Whether the visitor was asked to take what a buyer left."""
    if not visitor.has(Role.AGENCY_BIDDER):
        return False
    try:
        await resales.of_lot(conn, visitor, lot.id)
    except NotFound:
        return False
    return True
