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
from marketplace.organisations.schemas import Role
from marketplace.pages import route_words
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of
from marketplace.plans import service
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
        links={
            "lot": "/lots/",
            "licence": "/licence-offers/",
            "mandate": "/mandates/",
            "set_off": "/set-offs/",
        },
    )


routes: list[HTTPRouteHandler] = [plans_page, plan_page]
