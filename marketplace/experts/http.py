"""Routes of the expert base (专家库) and of draws (抽取)."""

from uuid import UUID

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now
from marketplace.edge.policies import allow, signed_in
from marketplace.edge.reach import REACH
from marketplace.edge.versions import etag
from marketplace.experts import service
from marketplace.experts.schemas import (
    Declaration,
    Draw,
    Expert,
    ExpertChange,
    NewDraw,
    NewExpert,
    SetAside,
)
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

_KEEPERS = allow(Role.VENUE_OPERATOR)
_CHECKERS = allow(Role.VENUE_CHECKER)
_READERS = allow(
    Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.REGULATOR, Role.AUDITOR, areas=(Area.SALES,)
)


def _tagged(expert: Expert, *, status: int = 200) -> Response[Expert]:
    headers = {"ETag": etag(expert.version), "Location": f"/v1/experts/{expert.id}"}
    return Response(expert, status_code=status, headers=headers)


@post("/v1/experts", opt={"policy": _KEEPERS}, summary="Enter an expert 登记专家")
async def register_expert(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewExpert]
) -> Response[Expert]:
    """Enter an expert, with their standing interests, in my venue's base."""
    return _tagged(await service.register(conn, caller, data, now=now), status=201)


@get("/v1/experts", opt={"policy": _READERS}, summary="Experts 专家列表")
async def list_experts(reader: Conn, caller: Me, position: At) -> Page[Expert]:
    """The base of my venue; supervisors see every base."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get("/v1/experts/{expert_id:uuid}", opt={"policy": _READERS}, summary="One expert 专家详情")
async def get_expert(reader: Conn, caller: Me, expert_id: FromPath[UUID]) -> Response[Expert]:
    """One expert of my venue's base."""
    return _tagged(await service.get(reader, caller, expert_id))


@put("/v1/experts/{expert_id:uuid}", opt={"policy": _KEEPERS}, summary="Change an expert 变更专家")
async def change_expert(
    conn: Conn,
    caller: Me,
    now: Now,
    expert_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[ExpertChange],
) -> Response[Expert]:
    """What the entry says from now on: fields, interests, and whether they can be drawn."""
    return _tagged(await service.change(conn, caller, expert_id, data, version=if_match, now=now))


@post("/v1/expert-draws", opt={"policy": _KEEPERS}, summary="Draw a panel 抽取专家")
async def draw_experts(conn: Conn, caller: Me, now: Now, data: JSONBody[NewDraw]) -> Response[Draw]:
    """Draw by lot out of my venue's base, leaving out who is tied to a party; the answer lets anybody repeat it."""
    made = await service.draw(conn, caller, data, now=now)
    return Response(made, status_code=201, headers={"Location": f"/v1/expert-draws/{made.id}"})


@get("/v1/expert-draws", opt={"policy": _READERS}, summary="Draws 抽取记录")
async def list_draws(reader: Conn, caller: Me, position: At) -> Page[Draw]:
    """The draws of my venue, oldest first."""
    rows = await service.draws_page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get("/v1/expert-draws/{draw_id:uuid}", opt={"policy": _READERS}, summary="One draw 抽取详情")
async def get_draw(reader: Conn, caller: Me, draw_id: FromPath[UUID]) -> Draw:
    """Seed, candidates by rank, exclusions with reasons, seats with declarations."""
    return await service.get_draw(reader, caller, draw_id)


@post(
    "/v1/expert-draws/{draw_id:uuid}/experts/{expert_id:uuid}/declaration",
    opt={"policy": signed_in(), REACH: "an expert of another house answers the keeper of the base"},
    summary="Declare conflicts 利害关系声明",
    status_code=200,
)
async def declare_conflicts(
    conn: Conn,
    caller: Me,
    now: Now,
    draw_id: FromPath[UUID],
    expert_id: FromPath[UUID],
    data: JSONBody[Declaration],
) -> Draw:
    """The expert, or the base's operator with their written word; who is not free is replaced by the next by lot."""
    return await service.declare(conn, caller, draw_id, expert_id, data, now=now)


@post(
    "/v1/expert-draws/{draw_id:uuid}/set-aside",
    opt={"policy": _CHECKERS},
    summary="Set a draw aside 作废抽取",
    status_code=200,
)
async def set_draw_aside(
    conn: Conn, caller: Me, now: Now, draw_id: FromPath[UUID], data: JSONBody[SetAside]
) -> Draw:
    """The draw counts no more, with a reason; by another person than the one who drew."""
    return await service.set_aside(conn, caller, draw_id, reason=data.reason, now=now)


@get("/v1/me/expert-tasks", opt={"policy": signed_in()}, summary="My panels 我的评审任务")
async def list_tasks(reader: Conn, caller: Me) -> list[Draw]:
    """The panels on which I sit, newest first."""
    return await service.tasks_of(reader, caller)


routes: list[HTTPRouteHandler] = [
    register_expert,
    list_experts,
    get_expert,
    change_expert,
    draw_experts,
    list_draws,
    get_draw,
    declare_conflicts,
    set_draw_aside,
    list_tasks,
]
