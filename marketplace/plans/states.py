"""The one way in which a plan of disposal, and a step of one, changes its state."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import NotFound
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind
from marketplace.audit.steps import moved
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.plans.rules import require_plan_step, require_step_step
from marketplace.plans.schemas import Plan, PlanContent, PlanState, Step, StepState

_SQL = load_statements("marketplace.plans", "queries.sql")
#: States in which nothing of a plan is decided any more.
_OVER = frozenset({PlanState.COVERED, PlanState.COMPLETED, PlanState.EXHAUSTED, PlanState.STOPPED})


async def lock(conn: Connection, plan_id: UUID) -> Plan:
    """A plan, locked until the transaction ends, for services."""
    return plan_from(await conn.fetchrow(_SQL["lock"], plan_id))


async def set_state(
    conn: Connection,
    caller: Caller,
    plan: Plan,
    wanted: PlanState,
    *,
    now: datetime,
    reason: str | None = None,
) -> Plan:
    """The one way in which a plan's state changes."""
    require_plan_step(plan.state, wanted, number=plan.number)
    approver = caller.user_id if wanted is PlanState.APPROVED else None
    starter = caller.user_id if wanted is PlanState.RUNNING else None
    await conn.execute(_SQL["set_state"], plan.id, wanted, approver, starter, reason, now)
    if wanted in _OVER:  # nobody is asked about it, or about changes of it, any more
        await drop_papers(conn, caller, plan.id, now=now)
        for row in await conn.fetch(_SQL["changes"], plan.id):
            await drop_papers(conn, caller, row["id"], now=now)
    await moved(
        conn,
        caller,
        subject="plan",
        subject_id=plan.id,
        before=plan.state,
        after=wanted,
        now=now,
        reason=reason,
    )
    return await lock(conn, plan.id)


async def drop_papers(conn: Connection, caller: Caller, subject_id: UUID, *, now: datetime) -> None:
    """What waits for checkers about a plan or a change that was refused, stopped or decided is taken back."""
    for kind in (Kind.ROUTE_CHANGE, Kind.PRICE_CUT):
        await approvals.drop(conn, caller, kind, subject_id, reason="decided or stopped", now=now)


def content_of(plan: Plan) -> PlanContent:
    """What was agreed to."""
    return msgspec.json.decode(plan.content, type=PlanContent)


async def set_step(
    conn: Connection,
    plan: Plan,
    step: Step,
    wanted: StepState,
    *,
    now: datetime,
    caller: Caller = SYSTEM_CALLER,
    subject_id: UUID | None = None,
    reason: str | None = None,
) -> None:
    """The one way in which a step's state changes."""
    require_step_step(step.state, wanted, name=f"{step.n} of plan {plan.number}")
    await conn.execute(_SQL["set_step"], plan.id, step.n, wanted, subject_id, reason, now)
    await moved(
        conn,
        caller,
        subject="plan_step",
        subject_id=plan.id,
        before=step.state,
        after=wanted,
        now=now,
        reason=reason,
        facts={"n": step.n, "kind": step.kind, "subject_id": subject_id or step.subject_id},
    )


def plan_from(row: asyncpg.Record | None) -> Plan:
    """A row as a plan; raises `NotFound` for none."""
    if row is None:
        raise NotFound("no such plan", "没有该处置计划")
    return msgspec.convert(dict(row), Plan)
