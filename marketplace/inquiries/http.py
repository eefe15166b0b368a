"""Routes of questions (咨询), viewings (看样) and acknowledgements of the notice (风险确认)."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow, public
from marketplace.inquiries import service
from marketplace.inquiries.schemas import (
    Acknowledgement,
    AcknowledgementIn,
    AnswerIn,
    QuestionIn,
    QuestionList,
    SlotIn,
    SlotList,
)
from marketplace.organisations.schemas import Role

_AGENCY, _VENUE = allow(Role.AGENCY_BIDDER), allow(Role.VENUE_OPERATOR)
_SELLERS = allow(Role.VENUE_OPERATOR, Role.BANK_MAKER)


def _at(path: str, policy: Any, *, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/lots/{{lot_id:uuid}}/{path}",
        "opt": {"policy": policy},
        "summary": summary,
    }


@get(**_at("questions", public(), summary="Questions 咨询与答复"))
async def list_questions(reader: Conn, lot_id: FromPath[UUID]) -> QuestionList:
    """What was asked about a lot and answered; my own open questions too."""
    return QuestionList(items=await service.questions(reader, lot_id))


@post(**_at("questions", _AGENCY, summary="Ask 咨询"), status_code=200)
async def ask_question(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[QuestionIn]
) -> QuestionList:
    """Ask about a lot; the answer is read by everybody, who asked by nobody."""
    return QuestionList(items=await service.ask(conn, caller, lot_id, data, now=now))


@post(
    **_at("questions/{question_id:uuid}/answer", _SELLERS, summary="Answer 答复"), status_code=200
)
async def answer_question(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    question_id: FromPath[UUID],
    data: JSONBody[AnswerIn],
) -> QuestionList:
    """Answer a question, once, for everybody to read."""
    items = await service.answer(conn, caller, lot_id, question_id, data, now=now)
    return QuestionList(items=items)


@get(**_at("viewings", public(), summary="Viewings 看样安排"))
async def list_viewings(reader: Conn, lot_id: FromPath[UUID]) -> SlotList:
    """When and where a lot can be viewed, and how many places are left."""
    return SlotList(items=await service.slots(reader, lot_id))


@post(**_at("viewings", _VENUE, summary="Offer a viewing 安排看样"), status_code=200)
async def offer_viewing(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[SlotIn]
) -> SlotList:
    """Offer a time for viewing, before the sale opens."""
    return SlotList(items=await service.offer_slot(conn, caller, lot_id, data, now=now))


@post(**_at("viewings/{slot_id:uuid}/bookings", _AGENCY, summary="Book 预约看样"), status_code=200)
async def book_viewing(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], slot_id: FromPath[UUID]
) -> SlotList:
    """Take a place at a viewing."""
    return SlotList(items=await service.book(conn, caller, lot_id, slot_id, now=now))


@post(**_at("acknowledgements", _AGENCY, summary="Acknowledge 风险确认"), status_code=200)
async def acknowledge_notice(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[AcknowledgementIn]
) -> Acknowledgement:
    """Accept every warning of the notice in force, named by its hash."""
    return await service.acknowledge(conn, caller, lot_id, data, now=now)


routes: list[HTTPRouteHandler] = [
    list_questions,
    ask_question,
    answer_question,
    list_viewings,
    offer_viewing,
    book_viewing,
    acknowledge_notice,
]
