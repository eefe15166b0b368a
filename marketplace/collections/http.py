"""Routes of collection (收储): the backstop, offers, their opening, the bank's answer, the option to buy back."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.collections import deciding, service
from marketplace.collections.schemas import (
    AnswerDecision,
    AnswerIn,
    BackstopIn,
    Call,
    Evidence,
    OfferIn,
    OpeningIn,
)
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Role
from marketplace.plans.schemas import Why

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "A collection moves the bank's consignment, the venue's lot and its bidders."
_AGENCY = Role.AGENCY_BIDDER
_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.AGENCY_BIDDER,
)


def _step(path: str, *roles: Role, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/lots/{{lot_id:uuid}}/{path}",
        "opt": {"policy": allow(*roles), REACH: _WHY},
        "summary": summary,
        "status_code": 200,
    }


@get("/v1/lots/{lot_id:uuid}/call", opt={"policy": _READERS}, summary="The call 收储情况")
async def get_call(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> Call:
    """The call for offers of a lot: its rounds, the offers by paddle, the answer; for its sides and its bidders."""
    return await service.get(reader, caller, lot_id)


@post(**_step("backstop", _AGENCY, summary="Backstop 兜底收储承诺"))
async def give_backstop(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[BackstopIn]
) -> Call:
    """Commit, before the call opens, to take the rights at this price if nobody offers more."""
    return await service.give_backstop(conn, caller, lot_id, data, now=now)


@post(**_step("offers", _AGENCY, summary="Offer 收储报价"))
async def make_offer(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[OfferIn]
) -> Call:
    """Offer in the round that is open: an amount, or in a sealed call the commitment to one."""
    return await service.offer(conn, caller, lot_id, data, now=now)


@post(**_step("offers/{offer_id:uuid}/open", _AGENCY, summary="Open an offer 开封报价"))
async def open_offer(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    offer_id: FromPath[UUID],
    data: JSONBody[OpeningIn],
) -> Call:
    """Open my sealed offer after the close; what is not opened in time does not count."""
    return await service.open_offer(conn, caller, lot_id, offer_id, data, now=now)


@post(**_step("answer", Role.BANK_MAKER, summary="Propose an answer 拟定答复"))
async def propose_answer(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[AnswerIn]
) -> Call:
    """Propose to accept an offer for my consignment, or to decline them all."""
    return await service.propose_answer(conn, caller, lot_id, data, now=now)


@post(**_step("answer/decide", Role.BANK_CHECKER, summary="Decide 复核答复"))
async def decide_answer(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[AnswerDecision]
) -> Call:
    """Agree to the answer proposed, or not; by another person. Accepted, the lot is sold."""
    return await deciding.decide(conn, caller, lot_id, data, now=now)


@post(
    **_step("call/withdraw", Role.VENUE_OPERATOR, Role.VENUE_CHECKER, summary="Withdraw 撤回收储")
)
async def withdraw_call(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Why]
) -> Call:
    """Take an open call back, before it is decided; deposits go back."""
    return await deciding.withdraw(conn, caller, lot_id, reason=data.reason, now=now)


@post(**_step("repurchase", Role.VENUE_OPERATOR, summary="Repurchase 出质人回购"))
async def exercise_repurchase(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Evidence]
) -> Call:
    """Record that the pledgor exercised its option to buy back, in time, and on what evidence."""
    return await deciding.exercise(conn, caller, lot_id, evidence=data.evidence, now=now)


@post(**_step("repurchase/complete", _AGENCY, summary="Bought back 回购完成"))
async def complete_repurchase(conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]) -> Call:
    """Confirm, as the buyer, that I was paid and gave the rights back."""
    return await deciding.complete(conn, caller, lot_id, now=now)


routes: list[HTTPRouteHandler] = [
    get_call,
    give_backstop,
    make_offer,
    open_offer,
    propose_answer,
    decide_answer,
    withdraw_call,
    exercise_repurchase,
    complete_repurchase,
]
