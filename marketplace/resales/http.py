"""Routes of resales (再次处置) after a default: re-auction, offer to the underbidder."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.bidders.schemas import DepositReceipt
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import Role
from marketplace.resales import service
from marketplace.resales.schemas import (
    AnswerIn,
    Consent,
    ReauctionIn,
    UnderbidderIn,
    UnderbidderOffer,
)

#: Why what changes here reaches over organisations (`edge.reach`).
WHY = "A resale moves the bank's consignment and plan, and the underbidder's deposit."
OPERATOR = allow(Role.VENUE_OPERATOR)
BANK = allow(Role.BANK_CHECKER)
UNDERBIDDER = allow(Role.AGENCY_BIDDER)
SELLERS = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)
READERS = allow(
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.AGENCY_BIDDER,
)


@post(
    "/v1/lots/{lot_id:uuid}/reauction",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Re-auction 悔拍后重新拍卖",
)
async def draft_reauction(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[ReauctionIn]
) -> Lot:
    """Draft the re-auction of a lot whose buyer defaulted, on the same terms; the defaulter may not bid."""
    return await service.reauction(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/underbidder-offer",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Ask the underbidder 提出顺位递补",
)
async def propose_underbidder(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[UnderbidderIn]
) -> UnderbidderOffer:
    """Propose to ask the underbidder at its own highest bid; not in a court's sale."""
    return await service.propose(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/underbidder-offer/consent",
    opt={"policy": BANK, REACH: WHY},
    summary="Consent 委托人同意递补",
)
async def consent_to_underbidder(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Consent]
) -> UnderbidderOffer:
    """The bank agrees to the underbidder's price, or declines; from here the underbidder may answer."""
    return await service.consent(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/underbidder-offer/deposit",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Deposit 递补保证金到账",
)
async def receive_underbidder_deposit(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[DepositReceipt]
) -> UnderbidderOffer:
    """Book the deposit that the underbidder paid in again, where it had been given back."""
    return await service.receive_deposit(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/underbidder-offer/answer",
    opt={"policy": UNDERBIDDER, REACH: WHY},
    summary="Answer 递补答复",
)
async def answer_underbidder_offer(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[AnswerIn]
) -> UnderbidderOffer:
    """Take the rights at my own highest bid, or not; accepted, the sale has a lot of its own."""
    return await service.answer(conn, caller, lot_id, accepted=data.accepted, now=now)


@get(
    "/v1/lots/{lot_id:uuid}/underbidder-offer",
    opt={"policy": READERS},
    summary="Underbidder's offer 顺位递补",
)
async def get_underbidder_offer(
    reader: Conn, caller: Me, lot_id: FromPath[UUID]
) -> UnderbidderOffer:
    """How far the offer is, and by when it is to be answered."""
    return await service.of_lot(reader, caller, lot_id)


routes: list[HTTPRouteHandler] = [
    draft_reauction,
    propose_underbidder,
    consent_to_underbidder,
    receive_underbidder_deposit,
    answer_underbidder_offer,
    get_underbidder_offer,
]
