"""Routes of plans of disposal (处置计划): drafted, approved, started, changed by two people, stopped."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.plans import service, stepping
from marketplace.plans.schemas import Decision, Plan, PlanChangeIn, PlanIn, Why

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "A plan moves the bank's consignment and the venue's lots."
_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)


def _step(path: str, *roles: Role, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/plans/{{plan_id:uuid}}/{path}",
        "opt": {"policy": allow(*roles), REACH: _WHY},
        "summary": summary,
        "status_code": 200,
    }


@post(
    "/v1/plans",
    opt={"policy": allow(Role.BANK_MAKER), REACH: _WHY},
    summary="Draft a plan 起草处置计划",
)
async def draft_plan(conn: Conn, caller: Me, now: Now, data: JSONBody[PlanIn]) -> Response[Plan]:
    """State what is tried after what, and on what terms, for an accepted consignment of my bank."""
    plan = await service.draft(conn, caller, data, now=now)
    return Response(plan, headers={"Location": f"/v1/plans/{plan.id}"})


@get("/v1/plans", opt={"policy": _READERS}, summary="Plans 处置计划列表")
async def list_plans(reader: Conn, caller: Me, position: At) -> Page[Plan]:
    """Plans of my bank, for my venue, or all for supervisors; newest first, without their steps."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda plan: plan.id)


@get("/v1/plans/{plan_id:uuid}", opt={"policy": _READERS}, summary="A plan 处置计划")
async def get_plan(reader: Conn, caller: Me, plan_id: FromPath[UUID]) -> Plan:
    """A plan with its steps, what each began and became, its changes, and what is still owed."""
    return await service.get(reader, caller, plan_id)


@post(**_step("approve", Role.BANK_CHECKER, summary="Approve a plan 复核处置计划"))
async def approve_plan(
    conn: Conn, caller: Me, now: Now, plan_id: FromPath[UUID], data: JSONBody[Decision]
) -> Plan:
    """Agree to the plan as shown, or not; by another person than its drafter."""
    return await service.approve(conn, caller, plan_id, data, now=now)


@post(**_step("start", Role.VENUE_CHECKER, summary="Start a plan 启动处置计划"))
async def start_plan(conn: Conn, caller: Me, now: Now, plan_id: FromPath[UUID]) -> Plan:
    """Take the plan on: its lots are published in my name, and its first step begins."""
    return await service.start(conn, caller, plan_id, now=now)


@post(**_step("stop", Role.BANK_CHECKER, summary="Stop a plan 终止处置计划"))
async def stop_plan(
    conn: Conn, caller: Me, now: Now, plan_id: FromPath[UUID], data: JSONBody[Why]
) -> Plan:
    """End the plan; what has not begun is passed over."""
    return await service.stop(conn, caller, plan_id, reason=data.reason, now=now)


@post(**_step("changes", Role.BANK_MAKER, summary="Propose a change 提出计划变更"))
async def propose_plan_change(
    conn: Conn, caller: Me, now: Now, plan_id: FromPath[UUID], data: JSONBody[PlanChangeIn]
) -> Plan:
    """Propose other steps in the place of those that have not begun."""
    return await service.propose_change(conn, caller, plan_id, data, now=now)


@post(
    **_step(
        "changes/{change_id:uuid}/decide",
        Role.BANK_CHECKER,
        summary="Decide on a change 复核计划变更",
    )
)
async def decide_plan_change(
    conn: Conn,
    caller: Me,
    now: Now,
    plan_id: FromPath[UUID],
    change_id: FromPath[UUID],
    data: JSONBody[Decision],
) -> Plan:
    """Decide on a change as shown; by another person than its proposer."""
    return await service.decide_change(conn, caller, plan_id, change_id, data, now=now)


@post(**_step("steps/{n:int}/retry", Role.VENUE_CHECKER, summary="Retry a step 重试步骤"))
async def retry_plan_step(
    conn: Conn, caller: Me, now: Now, plan_id: FromPath[UUID], n: FromPath[int]
) -> Plan:
    """Begin a held step anew, once what held it is settled."""
    await stepping.retry(conn, caller, plan_id, n, now=now)
    return await service.get(conn, caller, plan_id)


@post(**_step("steps/{n:int}/skip", Role.BANK_CHECKER, summary="Pass over a step 跳过步骤"))
async def skip_plan_step(
    conn: Conn,
    caller: Me,
    now: Now,
    plan_id: FromPath[UUID],
    n: FromPath[int],
    data: JSONBody[Why],
) -> Plan:
    """Pass over a held step: the plan goes on with the next."""
    await stepping.skip(conn, caller, plan_id, n, reason=data.reason, now=now)
    return await service.get(conn, caller, plan_id)


routes: list[HTTPRouteHandler] = [
    draft_plan,
    list_plans,
    get_plan,
    approve_plan,
    start_plan,
    stop_plan,
    propose_plan_change,
    decide_plan_change,
    retry_plan_step,
    skip_plan_step,
]
