"""Pages of a lot's viewings (看样) and of its questions (咨询与答复): who offers a time, who asks, who answers."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.edge.dependencies import Conn, Me, Now, Visitor
from marketplace.edge.policies import POLICY, allow, public
from marketplace.inquiries import service
from marketplace.inquiries.schemas import AnswerIn, QuestionIn, SlotIn
from marketplace.lots import service as lots
from marketplace.lots.schemas import Lot, PublicLot
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given, in_china
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of

#: Who answers for a lot's sellers. Source: domain 7.
_ANSWERERS: Final = (Role.VENUE_OPERATOR, Role.BANK_MAKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/lots/{lot_id:uuid}/viewings", opt={POLICY: public()}, **PAGE)
async def viewings_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    visitor: Visitor,
    now: Now,
    lot_id: FromPath[UUID],
) -> Response[str]:
    """When a lot can be viewed, with the places left: of a published lot for everybody, before that for its venue."""
    return await _shown(request, reader, visitor, lot_id, Form(), now=now)


@post(
    "/lots/{lot_id:uuid}/viewings/{slot_id:uuid}",
    opt={POLICY: allow(Role.AGENCY_BIDDER)},
    **_STEPS,
)
async def book_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    slot_id: FromPath[UUID],
) -> Response[Any]:
    """Take a place at a viewing."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            await service.book(conn, caller, lot_id, slot_id, now=now)
    except REFUSALS as error:
        form = Form(which="booking", values=fields, error=error)
        return await _shown(request, conn, caller, lot_id, form, now=now)
    return Redirect(f"/lots/{lot_id}/viewings", status_code=303)


@post("/lots/{lot_id:uuid}/viewings", opt={POLICY: allow(Role.VENUE_OPERATOR)}, **_STEPS)
async def offer_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Offer a time, before the sale opens."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            slot = given(in_china(fields, "starts_at", "ends_at"), SlotIn)
            await service.offer_slot(conn, caller, lot_id, slot, now=now)
    except REFUSALS as error:
        form = Form(values=fields, error=error)
        return await _shown(request, conn, caller, lot_id, form, now=now)
    return Redirect(f"/lots/{lot_id}/viewings", status_code=303)


@get("/lots/{lot_id:uuid}/questions", opt={POLICY: public()}, **PAGE)
async def questions_page(
    request: Request[Any, Any, Any], reader: Conn, visitor: Visitor, lot_id: FromPath[UUID]
) -> Response[str]:
    """What was asked about a lot and answered; open ones for who asked, and for the sellers with a form to answer."""
    return await _questions(request, reader, visitor, lot_id, Form())


@post("/lots/{lot_id:uuid}/questions", opt={POLICY: allow(Role.AGENCY_BIDDER)}, **_STEPS)
async def ask_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Ask about a lot."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            await service.ask(conn, caller, lot_id, given(fields, QuestionIn), now=now)
    except REFUSALS as error:
        form = Form(which="ask", values=fields, error=error)
        return await _questions(request, conn, caller, lot_id, form)
    return Redirect(f"/lots/{lot_id}/questions", status_code=303)


@post(
    "/lots/{lot_id:uuid}/questions/{question_id:uuid}/answer",
    opt={POLICY: allow(*_ANSWERERS)},
    **_STEPS,
)
async def answer_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    question_id: FromPath[UUID],
) -> Response[Any]:
    """Answer it, once, for everybody to read."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            said = given(fields, AnswerIn)
            await service.answer(conn, caller, lot_id, question_id, said, now=now)
    except REFUSALS as error:
        form = Form(which=f"answer {question_id}", values=fields, error=error)
        return await _questions(request, conn, caller, lot_id, form)
    return Redirect(f"/lots/{lot_id}/questions", status_code=303)


async def _questions(
    request: Request[Any, Any, Any],
    conn: Connection,
    visitor: Caller | None,
    lot_id: UUID,
    form: Form,
) -> Response[str]:
    lot = await lots.public(conn, lot_id)
    return page(
        "questions.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        lot=lot,
        questions=await service.questions(conn, lot_id),
        may_ask=visitor is not None
        and visitor.has(Role.AGENCY_BIDDER)
        and service.takes_questions(lot.status),
        may_answer=await _sells(conn, visitor, lot_id),
        form=form,
    )


async def _sells(conn: Connection, visitor: Caller | None, lot_id: UUID) -> bool:
    if visitor is None or not visitor.has(*_ANSWERERS):
        return False
    try:
        await lots.owned(conn, visitor, lot_id)
    except NotFound:
        return False
    return True


async def _shown(
    request: Request[Any, Any, Any],
    conn: Connection,
    visitor: Caller | None,
    lot_id: UUID,
    form: Form,
    *,
    now: datetime,
) -> Response[str]:
    is_venue = visitor is not None and visitor.has(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
    lot = await _lot(conn, visitor if is_venue else None, lot_id)
    bids = visitor is not None and visitor.has(Role.AGENCY_BIDDER)
    is_own = is_venue and visitor is not None and await _is_of(conn, visitor, lot_id)
    return page(
        "viewings.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        now=now,
        lot=lot,
        slots=await service.slots(conn, lot_id),
        booked=await service.booked(conn, visitor, lot_id) if visitor is not None and bids else (),
        may_book=bids and now < lot.opens_at,
        may_offer=is_own
        and visitor is not None
        and visitor.has(Role.VENUE_OPERATOR)
        and now < lot.opens_at,
        form=form,
    )


async def _lot(conn: Connection, seller: Caller | None, lot_id: UUID) -> Lot | PublicLot:
    """The lot as its venue knows it from the draft on; for others, once it is published. Raises `NotFound`."""
    if seller is not None and await _is_of(conn, seller, lot_id):
        return await lots.owned(conn, seller, lot_id)
    return await lots.public(conn, lot_id)


async def _is_of(conn: Connection, seller: Caller, lot_id: UUID) -> bool:
    try:
        await lots.owned(conn, seller, lot_id)
    except NotFound:
        return False
    return True


routes: list[HTTPRouteHandler] = [
    viewings_page,
    offer_by_form,
    book_by_form,
    questions_page,
    ask_by_form,
    answer_by_form,
]
