"""Routes of mandates to operate (委托运营): proposed, approved, agreed, reported on, reverted."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.mandates import money, service
from marketplace.mandates.schemas import (
    Mandate,
    MandateDecision,
    MandateIn,
    MandateReceiptIn,
    ReportIn,
)
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.plans.schemas import Why

READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.AGENCY_BIDDER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)
#: Why what changes here reaches over organisations (`edge.reach`).
WHY = "A mandate moves the bank's consignment and the agency's reports."


def _step(path: str, role: Role, *, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/mandates/{{mandate_id:uuid}}/{path}",
        "opt": {"policy": allow(role), REACH: WHY},
        "summary": summary,
        "status_code": 200,
    }


@post(
    "/v1/mandates",
    opt={"policy": allow(Role.BANK_MAKER), REACH: WHY},
    summary="Propose 拟订运营委托",
)
async def propose_mandate(
    conn: Conn, caller: Me, now: Now, data: JSONBody[MandateIn]
) -> Response[Mandate]:
    """Draft a mandate: an agency shall operate my consignment's rights for a time."""
    made = await service.propose(conn, caller, data, now=now)
    return Response(made, headers={"Location": f"/v1/mandates/{made.id}"})


@get("/v1/mandates", opt={"policy": READERS}, summary="Mandates 运营委托列表")
async def list_mandates(reader: Conn, caller: Me, position: At) -> Page[Mandate]:
    """Mandates of my organisation, newest first, without their reports."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda each: each.id)


@get("/v1/mandates/{mandate_id:uuid}", opt={"policy": READERS}, summary="A mandate 运营委托")
async def get_mandate(reader: Conn, caller: Me, mandate_id: FromPath[UUID]) -> Mandate:
    """A mandate with its periods and their reports."""
    return await service.get(reader, caller, mandate_id)


@post(**_step("approve", Role.BANK_CHECKER, summary="Approve 复核运营委托"))
async def approve_mandate(
    conn: Conn, caller: Me, now: Now, mandate_id: FromPath[UUID], data: JSONBody[MandateDecision]
) -> Mandate:
    """Approve the mandate as shown, by another person than its drafter: the agency sees it from here."""
    return await service.approve(conn, caller, mandate_id, data, now=now)


@post(**_step("answer", Role.AGENCY_BIDDER, summary="Answer 答复运营委托"))
async def answer_mandate(
    conn: Conn, caller: Me, now: Now, mandate_id: FromPath[UUID], data: JSONBody[MandateDecision]
) -> Mandate:
    """Agree, as the agency, to the mandate as shown, or decline."""
    return await service.answer(conn, caller, mandate_id, data, now=now)


@post(**_step("reports/{n:int}", Role.AGENCY_BIDDER, summary="Report 提交运营报告"))
async def submit_mandate_report(
    conn: Conn,
    caller: Me,
    now: Now,
    mandate_id: FromPath[UUID],
    n: FromPath[int],
    data: JSONBody[ReportIn],
) -> Mandate:
    """Report on a period that is over."""
    return await service.submit(conn, caller, mandate_id, n, data, now=now)


@post(**_step("reports/{n:int}/receipts", Role.BANK_MAKER, summary="Receipt 登记运营回款"))
async def book_mandate_receipt(
    conn: Conn,
    caller: Me,
    now: Now,
    mandate_id: FromPath[UUID],
    n: FromPath[int],
    data: JSONBody[MandateReceiptIn],
) -> Mandate:
    """Book what the agency paid my bank of a period that it reported on: a recovery of the loan."""
    return await money.receive(conn, caller, mandate_id, n, data, now=now)


@post(**_step("revert", Role.BANK_CHECKER, summary="Revert 收回委托"))
async def revert_mandate(
    conn: Conn, caller: Me, now: Now, mandate_id: FromPath[UUID], data: JSONBody[Why]
) -> Mandate:
    """Take the rights back before the time is over."""
    return await service.revert(conn, caller, mandate_id, reason=data.reason, now=now)


routes: list[HTTPRouteHandler] = [
    propose_mandate,
    list_mandates,
    get_mandate,
    approve_mandate,
    answer_mandate,
    submit_mandate_report,
    book_mandate_receipt,
    revert_mandate,
]
