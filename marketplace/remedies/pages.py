"""Pages of a plan of distribution (分配方案): objected to, approved, paid; and of coverage (清偿情况) with consents."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.remedies import claims
from marketplace.remedies.schemas import AnswerIn, ObjectionIn, ObjectionView
from marketplace.sales import coverage, proceeds
from marketplace.sales.schemas import Approval, ConsentIn, DistributionPlan
from settlement import distribution, plan_claims

#: Why what is done here reaches over organisations (`edge.reach`).
_WHY = "A plan of distribution moves money among venue, bank and the other creditors."
_MAKERS: Final = (Role.VENUE_OPERATOR, Role.BANK_MAKER)
_CHECKERS: Final = (Role.VENUE_CHECKER, Role.BANK_CHECKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """Which steps the page offers; the services decide again when one is taken."""

    draft: bool = False
    object: bool = False
    approve: bool = False
    pay: bool = False
    answer: frozenset[UUID] = frozenset()


@get("/lots/{lot_id:uuid}/distribution", opt={POLICY: allow(*_MAKERS, *_CHECKERS)}, **PAGE)
async def distribution_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """The standing plan line by line, what was said against it, and the step that comes next."""
    lot = await lots.owned(reader, caller, lot_id)
    plan = await _standing(reader, caller, lot_id)
    objections = [] if plan is None else (await claims.objections(reader, caller, lot_id)).items
    return page(
        "distribution.html",
        visitor=visitor_of(request),
        here="",
        lot=lot,
        plan=plan,
        objections=objections,
        steps=steps_for(caller, plan, objections, now=now),
    )


@post("/lots/{lot_id:uuid}/distribution", opt={POLICY: allow(*_MAKERS), REACH: _WHY}, **_STEPS)
async def draft(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Draft the plan, anew where an objection took the last one back."""
    await form_of(request)
    await proceeds.draft_plan(conn, caller, lot_id, now=now)
    return _back(lot_id)


@post(
    "/lots/{lot_id:uuid}/distribution/objections",
    opt={POLICY: allow(*_MAKERS), REACH: _WHY},
    **_STEPS,
)
async def object_to(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Enter somebody's objection to the draft, in time."""
    fields = await form_of(request)
    await claims.object_to_plan(conn, caller, lot_id, given(fields, ObjectionIn), now=now)
    return _back(lot_id)


@post(
    "/lots/{lot_id:uuid}/distribution/objections/{objection_id:uuid}",
    opt={POLICY: allow(*_CHECKERS), REACH: _WHY},
    **_STEPS,
)
async def answer(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    objection_id: FromPath[UUID],
) -> Redirect:
    """Another person dismisses the objection, or upholds it, which takes the draft back."""
    fields = await form_of(request)
    await claims.answer(conn, caller, lot_id, objection_id, given(fields, AnswerIn), now=now)
    return _back(lot_id)


@post(
    "/lots/{lot_id:uuid}/distribution/approve",
    opt={POLICY: allow(*_CHECKERS), REACH: _WHY},
    **_STEPS,
)
async def approve(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Another person approves the plan as shown, once the time is over and every objection is answered."""
    fields = await form_of(request)
    await proceeds.approve_plan(conn, caller, lot_id, given(fields, Approval), now=now)
    return _back(lot_id)


@post(
    "/lots/{lot_id:uuid}/distribution/pay",
    opt={POLICY: allow(Role.VENUE_OPERATOR), REACH: _WHY},
    **_STEPS,
)
async def pay(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """The venue pays by the approved plan, once: from here on its payments wait for a payment file."""
    await form_of(request)
    await proceeds.pay_plan(conn, caller, lot_id, now=now)
    return _back(lot_id)


def steps_for(
    caller: Caller, plan: DistributionPlan | None, objections: list[ObjectionView], *, now: datetime
) -> Steps:
    """The steps that this person may take now: who entered or drafted something does not decide it."""
    is_maker, is_checker = caller.has(*_MAKERS), caller.has(*_CHECKERS)
    if plan is None:
        return Steps(draft=is_maker)
    if plan.state != distribution.DRAFT:
        pays = caller.has(Role.VENUE_OPERATOR)
        return Steps(pay=pays and plan.state == distribution.APPROVED)
    unanswered = [one for one in objections if one.state == plan_claims.OPEN]
    is_time_over = now >= plan.objection_until
    is_other = plan.drafted_by != caller.user_id
    return Steps(
        object=is_maker and now <= plan.objection_until,
        approve=is_checker and is_other and is_time_over and not unanswered,
        answer=frozenset(
            one.id for one in unanswered if is_checker and one.entered_by != caller.user_id
        ),
    )


@get("/lots/{lot_id:uuid}/coverage", opt={POLICY: allow(*_MAKERS, *_CHECKERS)}, **PAGE)
async def coverage_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """Whether the lots sold cover the debt, and the debtor's consent to sell this one all the same."""
    lot = await lots.owned(reader, caller, lot_id)
    shown = await coverage.shown(reader, caller, lot_id, now=now)
    is_venue = caller.organisation_id == lot.venue_id and caller.has(Role.VENUE_OPERATOR)
    return page(
        "coverage.html",
        visitor=visitor_of(request),
        here="",
        lot=lot,
        coverage=shown,
        names=await coverage.lot_names(reader, [*shown.needed, *shown.beyond]),
        may_record=is_venue and shown.consent_sha256 is None,
    )


@post(
    "/lots/{lot_id:uuid}/coverage/consent",
    opt={POLICY: allow(Role.VENUE_OPERATOR), REACH: _WHY},
    **_STEPS,
)
async def consent_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Record the document by which the debtor agrees to the sale of this lot."""
    wanted = given(await form_of(request), ConsentIn)
    await coverage.record_consent(conn, caller, lot_id, wanted, now=now)
    return Redirect(f"/lots/{lot_id}/coverage", status_code=303)


async def _standing(conn: Connection, caller: Caller, lot_id: UUID) -> DistributionPlan | None:
    """The plan that stands; None before one is drafted, and after an objection took it back."""
    try:
        return await proceeds.plan_of(conn, caller, lot_id)
    except NotFound:
        return None


def _back(lot_id: UUID) -> Redirect:
    return Redirect(f"/lots/{lot_id}/distribution", status_code=303)


routes: list[HTTPRouteHandler] = [
    distribution_page,
    draft,
    object_to,
    answer,
    approve,
    pay,
    coverage_page,
    consent_by_form,
]
