"""Routes of liabilities (分险责任): listed, confirmed or disputed, paid, and their papers."""

from typing import Any, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import Policy, allow
from marketplace.edge.printed import Form, printed
from marketplace.edge.reach import REACH
from marketplace.liabilities import rows, service
from marketplace.liabilities.schemas import (
    AnswerIn,
    DecisionIn,
    LiabilitySummary,
    LiabilityView,
    PayoutIn,
)
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

#: Why what is decided or printed here reaches over organisations (`edge.reach`).
WHY = "A payout moves money in the books of two parties, and a paper names all who have a part in the case."
_BANK = (Role.BANK_MAKER, Role.BANK_CHECKER)
_FUND = (Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER)
BEARERS = (Role.RISK_BEARER, Role.RISK_CHECKER)
_WATCH = (Role.REGULATOR, Role.AUDITOR)
MAKER, CHECKER = allow(Role.RISK_BEARER), allow(Role.RISK_CHECKER)
READERS = allow(*_BANK, *_FUND, *BEARERS, *_WATCH, areas=(Area.FUNDS,))
PRINTERS = allow(*_BANK, *BEARERS, *_WATCH, areas=(Area.FUNDS,))


@get("/v1/liabilities", opt={"policy": READERS}, summary="Liabilities 分险责任列表")
async def list_liabilities(
    reader: Conn, caller: Me, position: At, claim_id: FromQuery[UUID | None] = None
) -> Page[LiabilitySummary]:
    """What my organisation owes of losses, and what is owed in claims in which it has a part; oldest first."""
    found = await rows.page(
        reader, caller, after=position.after, limit=position.rows, claim_id=claim_id
    )
    return page_of(found, position, key=lambda one: one.id)


@get("/v1/liabilities/{liability_id:uuid}", opt={"policy": READERS}, summary="A liability 分险责任")
async def get_liability(reader: Conn, caller: Me, liability_id: FromPath[UUID]) -> LiabilityView:
    """What a party is to confirm and its hash, its answer, its payouts, its position, its share of recoveries."""
    return await rows.get(reader, caller, liability_id)


def _step(path: str, policy: Policy, summary: str, **more: str) -> dict[str, Any]:
    return {
        "path": f"/v1/liabilities/{{liability_id:uuid}}/{path}",
        "opt": {"policy": policy, **more},
        "summary": summary,
        "status_code": 200,
    }


@post(**_step("answer", MAKER, "Confirm or dispute 确认或异议"))
async def answer_liability(
    conn: Conn, caller: Me, now: Now, liability_id: FromPath[UUID], data: JSONBody[AnswerIn]
) -> LiabilityView:
    """Propose that my organisation confirms what it owes and ceded, or disputes it; a colleague decides."""
    return await service.answer(conn, caller, liability_id, data, now=now)


@post(**_step("payouts", MAKER, "Report a payout 登记代偿"))
async def report_payout(
    conn: Conn, caller: Me, now: Now, liability_id: FromPath[UUID], data: JSONBody[PayoutIn]
) -> LiabilityView:
    """Report what my organisation paid: whole, to whom it owes it, once; a colleague reads the same."""
    return await service.report_payout(conn, caller, liability_id, data, now=now)


@post(**_step("decision", CHECKER, "Second person 复核", **{REACH: WHY}))
async def decide_liability(
    conn: Conn, caller: Me, now: Now, liability_id: FromPath[UUID], data: JSONBody[DecisionIn]
) -> LiabilityView:
    """Agree to the answer, or the payout, that a colleague proposed, exactly as shown; or refuse it."""
    return await service.decide(conn, caller, liability_id, data, now=now)


@post(
    **_step("papers/{kind:str}", PRINTERS, "Notice, advice 代偿通知、追偿分配通知", **{REACH: WHY})
)
async def print_liability(
    conn: Conn,
    caller: Me,
    now: Now,
    liability_id: FromPath[UUID],
    kind: FromPath[Literal["payout_notice", "recovery_advice"]],
    form: FromQuery[Form] = "json",
) -> Response[bytes]:
    """The 代偿通知 or the 追偿分配通知 of a liability, as JSON, workbook or printable page."""
    return printed(await service.paper_of(conn, caller, liability_id, kind, now=now), form)


routes: list[HTTPRouteHandler] = [
    list_liabilities,
    get_liability,
    answer_liability,
    report_payout,
    decide_liability,
    print_liability,
]
