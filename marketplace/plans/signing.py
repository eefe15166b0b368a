"""A bank's checkers sign a plan, and each change of it: one, or two from the bank's limit on (domain 7).

What changes the routes is a change of route, and what would sell for less than before is a price cut besides: both are
signed, for exactly the bytes that were shown, at the start price of what is sold.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind
from marketplace.consignments import service as consignments
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.plans.rules import start_prices
from marketplace.plans.schemas import Plan, PlanChange, StepTerms

_AGREED = "steps and prices looked through 步骤与价格已复核"


async def is_plan_signed(conn: Connection, caller: Caller, plan: Plan, *, now: datetime) -> bool:
    """Whether enough have agreed to the plan as it stands, the caller among them."""
    return await _is_signed(
        conn,
        caller,
        plan,
        Kind.ROUTE_CHANGE,
        subject_id=plan.id,
        asked_by=plan.drafted_by,
        content={"plan": plan.content, "sha256": plan.sha256},
        now=now,
    )


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
    kinds = [Kind.ROUTE_CHANGE]
    if _lowest(after) < _lowest(before):
        kinds.append(Kind.PRICE_CUT)
    signed = [
        await _is_signed(
            conn,
            caller,
            plan,
            kind,
            subject_id=change.id,
            asked_by=change.proposed_by,
            content={"change": change.content, "sha256": change.sha256},
            now=now,
        )
        for kind in kinds
    ]
    return all(signed)


def _lowest(steps: Sequence[StepTerms]) -> int:
    """The lowest part of the first price that any step starts at, in ten-thousandths of a basis point."""
    whole = 10**8
    return min((price for price in start_prices(whole, steps) if price is not None), default=whole)


async def _is_signed(
    conn: Connection,
    caller: Caller,
    plan: Plan,
    kind: Kind,
    *,
    subject_id: UUID,
    asked_by: UUID,
    content: object,
    now: datetime,
) -> bool:
    consignment = await consignments.get(conn, SYSTEM_CALLER, plan.consignment_id)
    paper = approvals.Paper(
        kind=kind,
        organisation_id=plan.organisation_id,
        subject_id=subject_id,
        asked_by=asked_by,
        content=content,
        amount_fen=consignment.start_price_fen,
    )
    return (await approvals.sign(conn, caller, paper, reason=_AGREED, now=now)).is_complete
