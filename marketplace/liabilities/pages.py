"""The pages of liabilities (分险责任): the list, and one with what is to be confirmed, paid, and what came back."""

from typing import Any, Literal
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from marketplace.approvals import service as approvals
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY
from marketplace.edge.printed import printed
from marketplace.edge.reach import REACH
from marketplace.liabilities import rows, service
from marketplace.liabilities.http import BEARERS, CHECKER, MAKER, PRINTERS, READERS, WHY
from marketplace.liabilities.schemas import AnswerIn, DecisionIn, PayoutIn
from marketplace.organisations.schemas import Role
from marketplace.pages.forms import given, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import LONG_FORM_BYTES, PAGE, form_of, visitor_of

_STEPS = {"request_max_body_size": LONG_FORM_BYTES, **PAGE}


@get("/liabilities", opt={POLICY: READERS}, **PAGE)
async def liabilities_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    position: At,
    claim_id: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The liabilities that I may see, of one claim or of all."""
    found = await rows.page(
        reader, caller, after=position.after, limit=position.rows, claim_id=claim_id
    )
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "liabilities.html",
        visitor=visitor_of(request),
        here="/liabilities",
        liabilities=listed.items,
        next_cursor=listed.next_cursor,
        claim_id=claim_id,
    )


@get("/liabilities/{liability_id:uuid}", opt={POLICY: READERS}, **PAGE)
async def liability_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, liability_id: FromPath[UUID]
) -> Response[str]:
    """One liability: what is stated, the answer, the payouts, the share of recoveries, and the step that comes next."""
    one = await rows.get(reader, caller, liability_id)
    is_own = caller.organisation_id == one.organisation_id
    asked = one.proposal
    people = {id for id in (one.decided_by, None if asked is None else asked.asked_by) if id}
    return page(
        "liability.html",
        visitor=visitor_of(request),
        here="/liabilities",
        one=one,
        names=await approvals.names(reader, people),
        paid={payout.to: payout for payout in one.payouts},
        may_propose=is_own and caller.has(Role.RISK_BEARER),
        may_decide=is_own
        and caller.has(Role.RISK_CHECKER)
        and asked is not None
        and asked.asked_by != caller.user_id,
        may_print=PRINTERS.permits(caller) and (is_own or not caller.has(*BEARERS)),
    )


@post("/liabilities/{liability_id:uuid}/answer", opt={POLICY: MAKER}, **_STEPS)
async def answer_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, liability_id: FromPath[UUID]
) -> Redirect:
    """Propose to confirm or to dispute."""
    wanted = given(await form_of(request), AnswerIn)
    await service.answer(conn, caller, liability_id, wanted, now=now)
    return _back(liability_id)


@post("/liabilities/{liability_id:uuid}/payouts", opt={POLICY: MAKER}, **_STEPS)
async def payout_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, liability_id: FromPath[UUID]
) -> Redirect:
    """Report a payout; its amount is written in yuan."""
    wanted = given(in_fen(await form_of(request), "amount"), PayoutIn)
    await service.report_payout(conn, caller, liability_id, wanted, now=now)
    return _back(liability_id)


@post("/liabilities/{liability_id:uuid}/decision", opt={POLICY: CHECKER, REACH: WHY}, **_STEPS)
async def decide_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, liability_id: FromPath[UUID]
) -> Redirect:
    """The second person agrees to what is proposed, or refuses it."""
    wanted = given(await form_of(request), DecisionIn)
    await service.decide(conn, caller, liability_id, wanted, now=now)
    return _back(liability_id)


@post(
    "/liabilities/{liability_id:uuid}/papers/{kind:str}/{form:str}",
    opt={POLICY: PRINTERS, REACH: WHY},
    status_code=200,
    **_STEPS,
)
async def paper(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    liability_id: FromPath[UUID],
    kind: FromPath[Literal["payout_notice", "recovery_advice"]],
    form: FromPath[Literal["json", "xlsx", "html"]],
) -> Response[bytes]:
    """The 代偿通知 or the 追偿分配通知 as a file."""
    await form_of(request)
    return printed(await service.paper_of(conn, caller, liability_id, kind, now=now), form)


def _back(liability_id: UUID) -> Redirect:
    return Redirect(f"/liabilities/{liability_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    liabilities_page,
    liability_page,
    answer_by_form,
    payout_by_form,
    decide_by_form,
    paper,
]
