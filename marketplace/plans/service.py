"""Plans of disposal: drafted by a bank's maker, approved by its checker, started by the venue, changed by two."""

from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit.steps import moved
from marketplace.consignments import service as consignments
from marketplace.consignments.rules import require_another_person
from marketplace.consignments.schemas import ConsignmentState
from marketplace.notices.rules import canonical_text, digest
from marketplace.organisations.schemas import SYSTEM_USER_ID, Caller, OrganisationKind
from marketplace.plans import reading, signing
from marketplace.plans.reading import steps_of
from marketplace.plans.rules import contradictions, require_plan_step
from marketplace.plans.schemas import (
    Decision,
    Plan,
    PlanChange,
    PlanChangeIn,
    PlanContent,
    PlanIn,
    PlanState,
    Step,
    StepState,
    StepTerms,
)
from marketplace.plans.states import content_of, drop_papers, lock, plan_from, set_state
from marketplace.plans.stepping import begin_next

_SQL = load_statements("marketplace.plans", "queries.sql")
_change_moved = partial(moved, subject="plan_change")
_WATCH = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})
_PLANNABLE = frozenset({ConsignmentState.ACCEPTED, ConsignmentState.UNSOLD})
_CHANGEABLE = frozenset({PlanState.APPROVED, PlanState.RUNNING})


class PlanExists(Conflict):
    """The consignment has a plan that is not over. / 该委托已有未结束的处置计划。"""

    code = "plan_exists"


class ContentDiffers(Conflict):
    """What you decided on is not what stands there now: read it again. / 所审内容已变化，请重新查看。"""

    code = "content_differs"


class NotPlannable(Conflict):
    """A plan is made for a consignment that the venue has accepted. / 仅已受理的委托可制定处置计划。"""

    code = "not_plannable"


class ChangeNotPossible(Conflict):
    """There is nothing to change, or a change is being decided already. / 无可变更内容，或已有待审变更。"""

    code = "change_not_possible"


async def draft(conn: Connection, caller: Caller, given: PlanIn, *, now: datetime) -> Plan:
    """A plan for an accepted consignment of the caller's bank."""
    consignment = await consignments.get(conn, caller, given.consignment_id)
    if consignment.organisation_id != caller.organisation_id:
        raise NotFound
    if consignment.state not in _PLANNABLE:
        raise NotPlannable(
            f"consignment {consignment.number} is {consignment.state}; it must be accepted or unsold",
            f"委托 {consignment.number} 状态为 {consignment.state}，须已受理或未成交",
        )
    for wrong in contradictions(consignment.regime, given.steps):
        raise wrong
    plan_id = uuid7(now)
    text = _text(PlanContent(lot=given.lot, steps=given.steps))
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert"],
                plan_id,
                consignment.id,
                consignment.organisation_id,
                consignment.venue_id,
                text,
                digest(text),
                caller.user_id,
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise PlanExists from error
    await _put_steps(conn, plan_id, given.steps, after=0)
    await moved(
        conn,
        caller,
        subject="plan",
        subject_id=plan_id,
        before="",
        after=PlanState.DRAFT,
        now=now,
        facts={"sha256": digest(text), "steps": len(given.steps)},
    )
    drafted = await get(conn, caller, plan_id)
    await signing.file_plan(conn, caller, drafted, now=now)
    return drafted


async def approve(
    conn: Connection, caller: Caller, plan_id: UUID, given: Decision, *, now: datetime
) -> Plan:
    """Another person of the bank agrees to the plan as shown, from the bank's limit on two do; a no stops it."""
    plan = await _locked_own(conn, caller, plan_id)
    require_another_person(plan.drafted_by, caller.user_id)
    if plan.sha256 != given.sha256:
        raise ContentDiffers
    wanted = PlanState.APPROVED if given.approved else PlanState.STOPPED
    require_plan_step(plan.state, wanted, number=plan.number)
    if given.approved and not await signing.is_plan_signed(conn, caller, plan, now=now):
        return await get(conn, caller, plan_id)
    await set_state(conn, caller, plan, wanted, now=now)
    return await get(conn, caller, plan_id)


async def start(conn: Connection, caller: Caller, plan_id: UUID, *, now: datetime) -> Plan:
    """The venue takes the plan on: in this person's name its lots will be published; the first step begins."""
    plan = await lock(conn, plan_id)
    if plan.venue_id != caller.organisation_id:
        raise NotFound
    plan = await set_state(conn, caller, plan, PlanState.RUNNING, now=now)
    await begin_next(conn, plan, now=now)
    return await get(conn, caller, plan_id)


async def stop(
    conn: Connection, caller: Caller, plan_id: UUID, *, reason: str, now: datetime
) -> Plan:
    """The bank's checker ends the plan: what has not begun is passed over, what runs comes to its own end."""
    plan = await _locked_own(conn, caller, plan_id)
    plan = await set_state(conn, caller, plan, PlanState.STOPPED, now=now, reason=reason)
    await reading.skip_planned(conn, plan.id, reason=reason, now=now)
    return await get(conn, caller, plan_id)


async def propose_change(
    conn: Connection, caller: Caller, plan_id: UUID, given: PlanChangeIn, *, now: datetime
) -> Plan:
    """The bank's maker proposes other steps in the place of those that have not begun."""
    plan = await _locked_own(conn, caller, plan_id)
    await _require_possible(conn, plan, given.steps)
    text = canonical_text({"after": await _begun(conn, plan), "steps": _plain(given.steps)})
    change_id = uuid7(now)
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert_change"],
                change_id,
                plan_id,
                text,
                digest(text),
                given.reason,
                caller.user_id,
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise ChangeNotPossible from error
    await _change_moved(conn, caller, change_id, "", "proposed", reason=given.reason, now=now)
    shown = await get(conn, caller, plan_id)
    change = next(one for one in shown.changes if one.id == change_id)
    before, after = await _with_and_without(conn, plan_id, given.steps)
    await signing.file_change(conn, caller, plan, change, before=before, after=after, now=now)
    return shown


async def decide_change(
    conn: Connection,
    caller: Caller,
    plan_id: UUID,
    change_id: UUID,
    given: Decision,
    *,
    now: datetime,
) -> Plan:
    """Another person of the bank decides on a change as shown; from the bank's limit on, two agree to it.

    Steps that began meanwhile stay as they are.
    """
    plan = await _locked_own(conn, caller, plan_id)
    change = next((one for one in await changes_of(conn, plan_id) if one.id == change_id), None)
    if change is None:
        raise NotFound
    require_another_person(change.proposed_by, caller.user_id)
    if change.state != "proposed" or change.sha256 != given.sha256:
        raise ContentDiffers
    state = "approved" if given.approved else "refused"
    if given.approved:
        steps = msgspec.json.decode(change.content, type=_Changed).steps
        await _require_possible(conn, plan, steps)
        before, after = await _with_and_without(conn, plan_id, steps)
        if not await signing.is_change_signed(
            conn, caller, plan, change, before=before, after=after, now=now
        ):
            return await get(conn, caller, plan_id)
        await conn.execute(_SQL["delete_planned"], plan_id)
        await _put_steps(conn, plan_id, steps, after=await _begun(conn, plan))
        lot = content_of(plan).lot
        kept = [step.terms for step in await steps_of(conn, plan_id)]
        text = _text(PlanContent(lot=lot, steps=kept))
        await conn.execute(_SQL["set_content"], plan_id, text, digest(text), now)
    await conn.execute(_SQL["decide_change"], change_id, state, caller.user_id, now)
    await drop_papers(conn, caller, change_id, now=now)
    await _change_moved(conn, caller, change_id, "proposed", state, now=now)
    return await get(conn, caller, plan_id)


async def get(conn: Connection, caller: Caller, plan_id: UUID) -> Plan:
    """A plan that the caller may see, with its steps and changes; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["by_id"], plan_id, caller.organisation_id, _sees_all(caller))
    plan = plan_from(row)
    return msgspec.structs.replace(
        plan,
        steps=await reading.priced_steps(conn, plan),
        changes=await changes_of(conn, plan_id),
        outstanding_fen=await reading.outstanding_fen(conn, plan),
    )


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Plan]:
    """Plans that the caller may see, newest first, without their steps."""
    rows = await conn.fetch(_SQL["page"], after, caller.organisation_id, _sees_all(caller), limit)
    return [plan_from(row) for row in rows]


async def changes_of(conn: Connection, plan_id: UUID) -> list[PlanChange]:
    """The changes that were proposed, oldest first."""
    rows = await conn.fetch(_SQL["changes"], plan_id)
    return [msgspec.convert(dict(row), PlanChange) for row in rows]


class _Changed(msgspec.Struct, frozen=True):
    after: int
    steps: list[StepTerms]


async def _require_possible(conn: Connection, plan: Plan, steps: list[StepTerms]) -> None:
    """A change must leave the whole ladder lawful: what began counts as the rounds before it."""
    if plan.state not in _CHANGEABLE:
        raise ChangeNotPossible(
            f"plan {plan.number} is {plan.state}; it changes while approved or running",
            f"处置计划 {plan.number} 状态为 {plan.state}，仅在已批准或执行中可变更",
        )
    consignment = await consignments.get(
        conn, reading.caller_of(plan.organisation_id), plan.consignment_id
    )
    begun = [step.terms for step in await steps_of(conn, plan.id) if _has_begun(step)]
    for wrong in contradictions(consignment.regime, [*begun, *steps]):
        raise wrong


async def _with_and_without(
    conn: Connection, plan_id: UUID, steps: list[StepTerms]
) -> tuple[list[StepTerms], list[StepTerms]]:
    """All steps as they stand, and as they would stand with `steps` in the place of those that have not begun."""
    old = await steps_of(conn, plan_id)
    begun = [step.terms for step in old if _has_begun(step)]
    return [step.terms for step in old], [*begun, *steps]


async def _begun(conn: Connection, plan: Plan) -> int:
    return sum(1 for step in await steps_of(conn, plan.id) if _has_begun(step))


def _has_begun(step: Step) -> bool:
    return step.state is not StepState.PLANNED


async def _put_steps(
    conn: Connection, plan_id: UUID, steps: list[StepTerms], *, after: int
) -> None:
    rows = [
        (plan_id, n, kind_of(step), msgspec.json.encode(step).decode())
        for n, step in enumerate(steps, start=after + 1)
    ]
    await conn.executemany(_SQL["insert_step"], rows)


def kind_of(step: StepTerms) -> str:
    """The tag of a step's terms."""
    tag = step.__struct_config__.tag
    assert isinstance(tag, str), "every kind of step has a tag"
    return tag


async def _locked_own(conn: Connection, caller: Caller, plan_id: UUID) -> Plan:
    plan = await lock(conn, plan_id)
    if plan.organisation_id != caller.organisation_id:
        raise NotFound
    return plan


def _sees_all(caller: Caller) -> bool:
    return caller.organisation_kind in _WATCH or caller.user_id == SYSTEM_USER_ID


def _plain(steps: list[StepTerms]) -> object:
    return msgspec.to_builtins(steps)


def _text(content: PlanContent) -> str:
    return canonical_text(msgspec.to_builtins(content))
