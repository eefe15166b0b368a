"""The page of an expert's panels (评审任务): what waits, with the declaration of conflicts."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.experts import service
from marketplace.experts.schemas import Declaration
from marketplace.organisations.schemas import Role
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of

#: Experts of other houses declare over the API (`POST /v1/expert-draws/.../declaration`).
_EXPERT = allow(Role.EXPERT)
_STEPS = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/panels", opt={POLICY: _EXPERT}, **PAGE)
async def panels_page(request: Request[Any, Any, Any], reader: Conn, caller: Me) -> Response[str]:
    """The panels on which I sit, newest first, each with my own seat."""
    draws = await service.tasks_of(reader, caller)
    seats = [
        (draw, seat)
        for draw in draws
        for seat in draw.seats
        if await service.is_expert(reader, caller, seat.expert_id)
    ]
    return page("panels.html", visitor=visitor_of(request), here="/panels", seats=seats)


@post(
    "/panels/{draw_id:uuid}/experts/{expert_id:uuid}/declaration",
    opt={POLICY: _EXPERT, REACH: "an expert of another house answers the keeper of the base"},
    **_STEPS,
)
async def declare_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    draw_id: FromPath[UUID],
    expert_id: FromPath[UUID],
) -> Redirect:
    """Declare to be free of conflicts, or step back."""
    word = given(await form_of(request), Declaration)
    await service.declare(conn, caller, draw_id, expert_id, word, now=now)
    return Redirect("/panels", status_code=303)


routes: list[HTTPRouteHandler] = [panels_page, declare_by_form]
