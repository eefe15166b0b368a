"""Pages of what follows a default: the offer to the underbidder (顺位递补), step by step, and the re-auction."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.bidders.schemas import DepositReceipt
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY
from marketplace.edge.reach import REACH
from marketplace.lots import service as lots
from marketplace.lots.regimes import Regime
from marketplace.lots.rules import LotStatus
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.forms import given, in_china, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.resales import service
from marketplace.resales.http import BANK, OPERATOR, READERS, SELLERS, UNDERBIDDER, WHY
from marketplace.resales.rules import LEFT_BY_A_BUYER
from marketplace.resales.schemas import (
    AnswerIn,
    Consent,
    ReauctionIn,
    UnderbidderIn,
    UnderbidderOffer,
    UnderbidState,
)

#: The underbidder will not have it.
_OVER: Final = frozenset({UnderbidState.DECLINED, UnderbidState.LAPSED, UnderbidState.REFUSED})
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/lots/{lot_id:uuid}/underbidder-offer", opt={POLICY: READERS}, **PAGE)
async def underbidder_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """How far the offer is, and my step in it; for the lot's venue and bank, and for the underbidder once asked."""
    lot = await lots.get(reader, lot_id)
    is_venue, is_bank = (caller.organisation_id == one for one in (lot.venue_id, lot.consignor_id))
    offer = await _offer(reader, caller, lot_id, is_seller=is_venue or is_bank)
    state = None if offer is None else offer.state
    in_time = offer is not None and (offer.answer_by is None or now < offer.answer_by)
    may_propose = is_venue and caller.has(Role.VENUE_OPERATOR) and lot.status in LEFT_BY_A_BUYER
    may_consent = is_bank and caller.has(Role.BANK_CHECKER)
    return page(
        "underbidder_offer.html",
        visitor=visitor_of(request),
        here="",
        lot=await lots.public(reader, lot_id),
        offer=offer,
        is_courts=lot.regime is Regime.JUDICIAL_NETWORK,
        may_propose=may_propose and offer is None and lot.regime is not Regime.JUDICIAL_NETWORK,
        may_take_deposit=is_venue
        and caller.has(Role.VENUE_OPERATOR)
        and state is UnderbidState.OFFERED,
        may_consent=may_consent and state is UnderbidState.PROPOSED,
        may_answer=not is_venue and not is_bank and state is UnderbidState.OFFERED and in_time,
    )


@post("/lots/{lot_id:uuid}/underbidder-offer", opt={POLICY: OPERATOR, REACH: WHY}, **_STEPS)
async def propose_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Propose to ask the underbidder."""
    wanted = given(await form_of(request), UnderbidderIn)
    await service.propose(conn, caller, lot_id, wanted, now=now)
    return _to(lot_id)


@post("/lots/{lot_id:uuid}/underbidder-offer/consent", opt={POLICY: BANK, REACH: WHY}, **_STEPS)
async def consent_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """The bank agrees to the price that the page showed, or does not."""
    wanted = given(await form_of(request), Consent)
    await service.consent(conn, caller, lot_id, wanted, now=now)
    return _to(lot_id)


@post(
    "/lots/{lot_id:uuid}/underbidder-offer/answer", opt={POLICY: UNDERBIDDER, REACH: WHY}, **_STEPS
)
async def answer_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """The underbidder takes the rights, or does not."""
    wanted = given(await form_of(request), AnswerIn)
    await service.answer(conn, caller, lot_id, accepted=wanted.accepted, now=now)
    return _to(lot_id)


@post("/lots/{lot_id:uuid}/underbidder-offer/deposit", opt={POLICY: OPERATOR, REACH: WHY}, **_STEPS)
async def deposit_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """The venue books the deposit that the underbidder paid in again."""
    fields = in_china(in_fen(await form_of(request), "amount"), "received_at")
    await service.receive_deposit(conn, caller, lot_id, given(fields, DepositReceipt), now=now)
    return _to(lot_id)


@get("/lots/{lot_id:uuid}/reauction", opt={POLICY: SELLERS}, **PAGE)
async def reauction_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, lot_id: FromPath[UUID]
) -> Response[str]:
    """The terms on which the rights are auctioned again, and the venue's form to begin it."""
    lot = await lots.owned(reader, caller, lot_id)
    offer = await _offer(reader, caller, lot_id, is_seller=True)
    is_over = offer is None or offer.state in _OVER
    is_venue = caller.organisation_id == lot.venue_id and caller.has(Role.VENUE_OPERATOR)
    return page(
        "reauction.html",
        visitor=visitor_of(request),
        here="",
        lot=lot,
        is_asked=not is_over,
        may_reauction=is_venue and is_over and lot.status is LotStatus.DEFAULTED,
    )


@post("/lots/{lot_id:uuid}/reauction", opt={POLICY: OPERATOR, REACH: WHY}, **_STEPS)
async def reauction_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """The venue drafts the re-auction on the old terms; it is checked and published like any other lot."""
    fields = in_china(await form_of(request), *ReauctionIn.__struct_fields__)
    await service.reauction(conn, caller, lot_id, given(fields, ReauctionIn), now=now)
    return Redirect("/me", status_code=303)


async def _offer(
    reader: Connection, caller: Caller, lot_id: UUID, *, is_seller: bool
) -> UnderbidderOffer | None:
    """The offer; None for a seller who has made none. Raises NotFound to others who were not asked."""
    try:
        return await service.of_lot(reader, caller, lot_id)
    except NotFound:
        if is_seller:
            return None
        raise


def _to(lot_id: UUID) -> Redirect:
    return Redirect(f"/lots/{lot_id}/underbidder-offer", status_code=303)


routes: list[HTTPRouteHandler] = [
    underbidder_page,
    propose_by_form,
    consent_by_form,
    answer_by_form,
    deposit_by_form,
    reauction_page,
    reauction_by_form,
]
