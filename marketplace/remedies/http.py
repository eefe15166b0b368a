"""Routes of remedies (救济): instalments, rescission, forfeited deposits, claims, objections, coverage."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Role
from marketplace.remedies import buyer_debts, claims, service
from marketplace.remedies.schemas import (
    AnswerIn,
    BuyerDebt,
    ClaimsIn,
    ClaimsView,
    ForfeitureIn,
    InstalmentsIn,
    ObjectionIn,
    ObjectionList,
    ObjectionView,
    OrderList,
    OrderRefusal,
    OrderView,
    RescissionIn,
)
from marketplace.sales import coverage
from marketplace.sales.schemas import Approval, ConsentIn, CoverageView

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "An order moves money among buyer, venue, bank and the other creditors."
_PROPOSERS = allow(Role.VENUE_OPERATOR)
_APPROVERS = allow(Role.VENUE_CHECKER)
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_ENTER = allow(Role.VENUE_OPERATOR, Role.BANK_MAKER)
_ANSWER = allow(Role.VENUE_CHECKER, Role.BANK_CHECKER)
_PARTIES = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)


def _step(name: str, policy: Any, *, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/lots/{{lot_id:uuid}}/{name}",
        "opt": {"policy": policy, REACH: _WHY},
        "summary": summary,
    }


@post(**_step("instalments", _PROPOSERS, summary="Propose instalments 提出分期付款"))
async def propose_instalments(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[InstalmentsIn]
) -> OrderView:
    """Propose that the price be paid in instalments; another person agrees."""
    return await service.propose_instalments(conn, caller, lot_id, data, now=now)


@post(**_step("instalments/approve", _APPROVERS, summary="Agree to instalments 分期付款复核"))
async def agree_to_instalments(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Approval]
) -> OrderView:
    """Agree to the instalments as shown; one that is missed is the price missed (悔拍)."""
    return await service.agree_to_instalments(conn, caller, lot_id, data, now=now)


@post(**_step("rescission", _PROPOSERS, summary="Propose rescission 提出撤销成交"))
async def propose_rescission(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[RescissionIn]
) -> OrderView:
    """The registry refused the transfer: propose that the sale be undone and the price given back."""
    return await service.propose_rescission(conn, caller, lot_id, data, now=now)


@post(**_step("rescission/approve", _APPROVERS, summary="Rescind 撤销成交复核"))
async def rescind(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Approval]
) -> OrderView:
    """Undo the sale as shown: the whole price is the buyer's free money again."""
    return await service.rescind(conn, caller, lot_id, data, now=now)


@post(**_step("forfeiture", _PROPOSERS, summary="Propose use of a deposit 提出没收保证金用途"))
async def propose_forfeiture(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[ForfeitureIn]
) -> OrderView:
    """What a forfeited deposit is used for by its regime, computed once the re-auction's price is paid."""
    return await service.propose_forfeiture(conn, caller, lot_id, data, now=now)


@post(**_step("forfeiture/approve", _APPROVERS, summary="Use a deposit 没收保证金复核"))
async def use_forfeited(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Approval]
) -> OrderView:
    """Use the deposit as shown; what goes to the debt is a recovery of its loan."""
    return await service.use_forfeited(conn, caller, lot_id, data, now=now)


@get(**_step("buyer-debt", _PARTIES, summary="Owed beyond the deposit 差额追偿"))
async def get_buyer_debt(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> BuyerDebt:
    """What the defaulting buyer owes beyond its deposit, line by line, and what came in of it."""
    return await buyer_debts.of_lot(reader, caller, lot_id)


@post(**_step("orders/{order_id:uuid}/refuse", _VENUE, summary="Refuse an order 退回指令"))
async def refuse_order(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    order_id: FromPath[UUID],
    data: JSONBody[OrderRefusal],
) -> OrderView:
    """Refuse an order that was proposed, or take one's own back."""
    return await service.refuse(conn, caller, lot_id, order_id, data.reason, now=now)


@get(**_step("orders", _PARTIES, summary="Orders 双人指令"))
async def list_orders(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> OrderList:
    """Every order of two people about a lot: what it says, who gave it, what became of it."""
    return await service.of_lot(reader, caller, lot_id)


@post(**_step("claims", _ENTER, summary="Claims on the proceeds 申报受偿权利"))
async def enter_claims(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[ClaimsIn]
) -> ClaimsView:
    """Who claims of the proceeds beside the consignor: joint and later pledgees, other creditors, further loans."""
    return await claims.enter(conn, caller, lot_id, data, now=now)


@get(**_step("claims", _PARTIES, summary="Claims on the proceeds 受偿权利"))
async def get_claims(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> ClaimsView:
    """Who claims of the proceeds, as the plan will take it."""
    return await claims.entered(reader, caller, lot_id)


@post(**_step("distribution/objections", _ENTER, summary="Object 提出异议"))
async def object_to_plan(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[ObjectionIn]
) -> ObjectionView:
    """Enter an objection to the draft plan, in time."""
    return await claims.object_to_plan(conn, caller, lot_id, data, now=now)


@get(**_step("distribution/objections", _PARTIES, summary="Objections 异议列表"))
async def list_objections(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> ObjectionList:
    """What was said against the standing plan, and what it was answered."""
    return await claims.objections(reader, caller, lot_id)


@post(
    **_step(
        "distribution/objections/{objection_id:uuid}/answer", _ANSWER, summary="Answer 答复异议"
    )
)
async def answer_objection(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    objection_id: FromPath[UUID],
    data: JSONBody[AnswerIn],
) -> ObjectionView:
    """Dismiss an objection, or uphold it, which takes the draft back."""
    return await claims.answer(conn, caller, lot_id, objection_id, data, now=now)


@get(**_step("coverage", _PARTIES, summary="Coverage 清偿情况"))
async def get_coverage(reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]) -> CoverageView:
    """Whether the lots sold cover the debt: then the rest is not sold."""
    return await coverage.shown(reader, caller, lot_id, now=now)


@post(**_step("debtor-consent", _PROPOSERS, summary="Debtor's consent 债务人同意继续处置"))
async def record_debtor_consent(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[ConsentIn]
) -> CoverageView:
    """Record that the debtor agrees to the sale of this lot although others were sold and cover the debt."""
    return await coverage.record_consent(conn, caller, lot_id, data, now=now)


routes: list[HTTPRouteHandler] = [
    propose_instalments,
    agree_to_instalments,
    propose_rescission,
    rescind,
    propose_forfeiture,
    use_forfeited,
    get_buyer_debt,
    refuse_order,
    list_orders,
    enter_claims,
    get_claims,
    object_to_plan,
    list_objections,
    answer_objection,
    get_coverage,
    record_debtor_consent,
]
