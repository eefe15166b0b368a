"""A bank's checkers sign a plan, and each change of it: one, or two from the bank's limit on (domain 7).

What changes the routes is a change of route, and what would sell for less than before is a price cut besides: both are
signed, for exactly the bytes that were shown, at the start price of what is sold.
"""

from collections.abc import Sequence
from datetime import datetime

from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind
from marketplace.consignments import service as consignments
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.plans.rules import start_prices
from marketplace.plans.schemas import Plan, PlanChange, StepTerms

_DRAFTED = "plan drafted 已起草处置计划"
_AGREED = "steps and prices looked through 步骤与价格已复核"


async def file_plan(conn: Connection, caller: Caller, plan: Plan, *, now: datetime) -> None:
    """A plan was drafted: it waits for the bank's checkers among the approvals."""
    await approvals.file(conn, caller, await _plan_paper(conn, plan), reason=_DRAFTED, now=now)


async def is_plan_signed(conn: Connection, caller: Caller, plan: Plan, *, now: datetime) -> bool:
    """Whether enough have agreed to the plan as it stands, the caller among them."""
    paper = await _plan_paper(conn, plan)
    return (await approvals.sign(conn, caller, paper, reason=_AGREED, now=now)).is_complete


async def file_change(
    conn: Connection,
    caller: Caller,
    plan: Plan,
    change: PlanChange,
    *,
    before: Sequence[StepTerms],
    after: Sequence[StepTerms],
    now: datetime,
) -> None:
    """A change was proposed: each kind of it waits for the bank's checkers among the approvals."""
    for kind in _kinds(before, after):
        paper = await _change_paper(conn, plan, change, kind)
        await approvals.file(conn, caller, paper, reason=change.reason, now=now)


async def is_change_signed(
    conn: Connection,
    caller: Caller,
    plan: Plan,
    change: PlanChange,
    *,
    before: Sequence[StepTerms],
    after: Sequence[StepTerms],
    now: datetime,
) -> bool:
    """Whether enough have agreed to a change; `before` and `after` are all the steps without and with it."""
    signed = []
    for kind in _kinds(before, after):
        paper = await _change_paper(conn, plan, change, kind)
        signed.append(await approvals.sign(conn, caller, paper, reason=_AGREED, now=now))
    return all(one.is_complete for one in signed)


def _kinds(before: Sequence[StepTerms], after: Sequence[StepTerms]) -> list[Kind]:
    cuts = _lowest(after) < _lowest(before)
    return [Kind.ROUTE_CHANGE, Kind.PRICE_CUT] if cuts else [Kind.ROUTE_CHANGE]


def _lowest(steps: Sequence[StepTerms]) -> int:
    """The lowest part of the first price that any step starts at, in ten-thousandths of a basis point."""
    whole = 10**8
    return min((price for price in start_prices(whole, steps) if price is not None), default=whole)


async def _plan_paper(conn: Connection, plan: Plan) -> approvals.Paper:
    return approvals.Paper(
        kind=Kind.ROUTE_CHANGE,
        organisation_id=plan.organisation_id,
        subject_id=plan.id,
        asked_by=plan.drafted_by,
        content={"plan": plan.content, "sha256": plan.sha256},
        amount_fen=await _start_price_fen(conn, plan),
    )


async def _change_paper(
    conn: Connection, plan: Plan, change: PlanChange, kind: Kind
) -> approvals.Paper:
    return approvals.Paper(
        kind=kind,
        organisation_id=plan.organisation_id,
        subject_id=change.id,
        asked_by=change.proposed_by,
        content={"change": change.content, "sha256": change.sha256},
        amount_fen=await _start_price_fen(conn, plan),
    )


async def _start_price_fen(conn: Connection, plan: Plan) -> int:
    consignment = await consignments.get(conn, SYSTEM_CALLER, plan.consignment_id)
    return consignment.start_price_fen
