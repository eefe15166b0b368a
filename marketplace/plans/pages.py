"""The pages of plans of disposal (处置计划): what is tried after what, and how far it has come."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import route_words
from marketplace.pages.rendering import page
from marketplace.pages.rules_in_words import rules_in_words
from marketplace.pages.serving import PAGE, visitor_of
from marketplace.plans import drafting, service
from marketplace.plans.schemas import LotStep, Plan, PlanState
from marketplace.plans.states import content_of

_READERS: Final = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)


@get("/plans", opt={POLICY: _READERS}, **PAGE)
async def plans_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The plans that I may see, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda plan: plan.id)
    return page(
        "plans.html",
        visitor=visitor_of(request),
        here="/plans",
        names=route_words,
        rows=[(plan, content_of(plan)) for plan in listed.items],
        next_cursor=listed.next_cursor,
        may_draft=caller.has(Role.BANK_MAKER),
    )


@get("/plans/{plan_id:uuid}", opt={POLICY: _READERS}, **PAGE)
async def plan_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, plan_id: FromPath[UUID]
) -> Response[str]:
    """One plan with its steps, each with what it began and why it ended."""
    plan = await service.get(reader, caller, plan_id)
    return page(
        "plan.html",
        visitor=visitor_of(request),
        here="",
        names=route_words,
        plan=plan,
        content=content_of(plan),
        rules={
            step.n: rules_in_words(step.terms.bidding)
            for step in plan.steps
            if isinstance(step.terms, LotStep)
        },
        **_steps(caller, plan),
        links={
            "lot": "/lots/",
            "licence": "/licence-offers/",
            "mandate": "/mandates/",
            "set_off": "/set-offs/",
        },
    )


def _steps(caller: Caller, plan: Plan) -> dict[str, bool]:
    """Which steps the page offers; the services decide again when one is taken."""
    is_bank = caller.organisation_id == plan.organisation_id
    is_venue = caller.organisation_id == plan.venue_id
    goes_on = plan.state in (PlanState.APPROVED, PlanState.RUNNING)
    checks = is_bank and caller.has(Role.BANK_CHECKER)
    return {
        "may_start": is_venue
        and caller.has(Role.VENUE_CHECKER)
        and plan.state is PlanState.APPROVED,
        "may_change": is_bank and caller.has(Role.BANK_MAKER) and goes_on,
        "may_stop": checks and goes_on,
        "may_skip": checks and plan.state is PlanState.RUNNING,
        "may_retry": is_venue
        and caller.has(Role.VENUE_CHECKER)
        and plan.state is PlanState.RUNNING,
    }


routes: list[HTTPRouteHandler] = [plans_page, *drafting.routes, plan_page]
