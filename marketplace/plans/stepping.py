"""Begins the steps of a plan one after the other, and sees what became of each. Nothing is typed twice.

A step that cannot begin by itself is `held` with the reason, for people; everything else goes on by duties.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kit.errors import Conflict, LuochuiError, NotFound
from kit.money import BP_ONE
from kit.sql import Connection, load_statements
from marketplace.consignments import service as consignments
from marketplace.licence_offers import awarding
from marketplace.licence_offers import service as licence_offers
from marketplace.licence_offers.schemas import OfferIn, OfferState
from marketplace.lots import intake, publication
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import LotDraft
from marketplace.mandates import service as mandates
from marketplace.mandates.schemas import MandateDecision, MandateIn, MandateState
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller, OrganisationKind
from marketplace.plans.reading import (
    caller_of,
    outstanding_fen,
    priced_steps,
    skip_planned,
)
from marketplace.plans.rules import deposit_at, round_of
from marketplace.plans.schemas import (
    LicenceStep,
    LotStep,
    MandateStep,
    Plan,
    PlanState,
    SetOffStep,
    Step,
    StepState,
    StepTerms,
)
from marketplace.plans.states import content_of, lock, set_state, set_step
from marketplace.sales import service as sales
from marketplace.set_offs import service as set_offs
from marketplace.set_offs.schemas import SetOffIn, SetOffState

_SQL = load_statements("marketplace.plans", "queries.sql")
_COVERED = "the debt is covered 债权已受偿"
_SUCCEEDED = "an earlier step succeeded 此前步骤已成功"


class StepNotHeld(Conflict):
    """Only a held step can be retried or passed over. / 仅暂停待处理的步骤可重试或跳过。"""

    code = "step_not_held"


class Outcome(msgspec.Struct, frozen=True):
    """What became of what a step began: `state` is what the step becomes."""

    state: StepState
    reason: str | None = None


_SET_OFF_OUTCOMES = {
    SetOffState.APPROVED: Outcome(StepState.SUCCEEDED),
    SetOffState.DISPOSED: Outcome(StepState.SUCCEEDED),
    SetOffState.REFUSED: Outcome(StepState.FAILED, "the bank declined the set-off 银行不同意抵债"),
}

_OFFER_OUTCOMES = {
    OfferState.FILLED: Outcome(StepState.SUCCEEDED),
    OfferState.FAILED: Outcome(StepState.FAILED, "nobody took a licence 无人受让许可"),
    OfferState.WITHDRAWN: Outcome(StepState.HELD, "the offer was withdrawn 许可发布已撤回"),
}
#: Why a call for offers (收储) failed, by the reason of its outcome.
_CALL_FAILED = {
    "no_backstop": "nobody gave a backstop 无人作出兜底承诺",
    "no_offers": "nobody offered 无人报价",
    "declined": "the bank declined the offers 银行未接受报价",
    "not_decided": "the bank did not decide in time 银行逾期未决定",
}
_MANDATE_OUTCOMES = {
    MandateState.ENDED: Outcome(StepState.SUCCEEDED),
    MandateState.DECLINED: Outcome(StepState.FAILED, "the agency declined 运营机构未接受"),
    MandateState.REVERTED: Outcome(StepState.FAILED, "the rights reverted 委托收回"),
}


async def follow(conn: Connection, subject_id: UUID, *, now: datetime) -> None:
    """Something ended: where a plan began it, the plan goes on. A second time it changes nothing."""
    plan_id = await conn.fetchval(_SQL["plan_of_subject"], subject_id)
    if plan_id is None:
        return
    plan = await lock(conn, plan_id)
    steps = await priced_steps(conn, plan)
    step = next(one for one in steps if one.subject_id == subject_id)
    if step.state not in (StepState.RUNNING, StepState.HELD):
        return
    outcome = await _outcome(conn, step.terms, subject_id)
    if outcome is None or outcome.state is step.state:
        return
    await set_step(conn, plan, step, outcome.state, now=now, reason=outcome.reason)
    if plan.state is not PlanState.RUNNING:
        return
    if outcome.state is StepState.SUCCEEDED:
        await _finish(conn, plan, now=now)
    elif outcome.state is StepState.FAILED:
        await begin_next(conn, plan, now=now)


async def go_on_with(
    conn: Connection, subject_id: UUID, follows_id: UUID, *, reason: str, now: datetime
) -> None:
    """What a held step began is followed by something else: the step runs on with that. No plan, nothing changes."""
    plan_id = await conn.fetchval(_SQL["plan_of_subject"], subject_id)
    if plan_id is None:
        return
    plan = await lock(conn, plan_id)
    step = next(s for s in await priced_steps(conn, plan) if s.subject_id == subject_id)
    if step.state is StepState.HELD:
        await set_step(
            conn, plan, step, StepState.RUNNING, now=now, subject_id=follows_id, reason=reason
        )


async def begin_next(conn: Connection, plan: Plan, *, now: datetime) -> None:
    """Begin the next step of a running plan; the plan is over when the debt is covered, or nothing is left to try."""
    if await outstanding_fen(conn, plan) == 0:
        await skip_planned(conn, plan.id, reason=_COVERED, now=now)
        await set_state(conn, SYSTEM_CALLER, plan, PlanState.COVERED, now=now, reason=_COVERED)
        return
    steps = await priced_steps(conn, plan)
    step = next((one for one in steps if one.state is StepState.PLANNED), None)
    if step is None:
        await set_state(conn, SYSTEM_CALLER, plan, PlanState.EXHAUSTED, now=now)
        return
    await begin(conn, plan, step, steps, now=now)


async def begin(
    conn: Connection, plan: Plan, step: Step, steps: list[Step], *, now: datetime
) -> None:
    """Begin a step: what it needs is created from its terms. What refuses holds the step, with the reason."""
    try:
        async with conn.transaction():
            subject_id, reason = await _begin(conn, plan, step, steps, now=now)
    except LuochuiError as error:
        subject_id, reason = None, f"{error.message} / {error.message_zh}"
    wanted = StepState.RUNNING if reason is None else StepState.HELD
    await set_step(conn, plan, step, wanted, now=now, subject_id=subject_id, reason=reason)


async def retry(conn: Connection, caller: Caller, plan_id: UUID, n: int, *, now: datetime) -> None:
    """The venue settled what held a step: it begins anew, or goes on with the lot that people published."""
    plan = await lock(conn, plan_id)
    if plan.venue_id != caller.organisation_id:
        raise NotFound
    steps = await priced_steps(conn, plan)
    step = _held(steps, n)
    await _leave(conn, plan, step, now=now)
    await begin(conn, plan, step, steps, now=now)


async def skip(
    conn: Connection, caller: Caller, plan_id: UUID, n: int, *, reason: str, now: datetime
) -> None:
    """The bank's checker passes over a step that is held: the plan goes on with the next."""
    plan = await lock(conn, plan_id)
    if plan.organisation_id != caller.organisation_id:
        raise NotFound
    step = _held(await priced_steps(conn, plan), n)
    await _leave(conn, plan, step, now=now)
    await set_step(conn, plan, step, StepState.SKIPPED, now=now, caller=caller, reason=reason)
    if plan.state is PlanState.RUNNING:
        await begin_next(conn, plan, now=now)


def _held(steps: list[Step], n: int) -> Step:
    step = next((one for one in steps if one.n == n), None)
    if step is None:
        raise NotFound(f"the plan has no step {n}", f"处置计划没有第 {n} 步")
    if step.state is not StepState.HELD:
        raise StepNotHeld(
            f"step {n} is {step.state}; only a held step can be retried or passed over",
            f"第 {n} 步状态为 {step.state}，仅暂停待处理的步骤可重试或跳过",
        )
    return step


async def _leave(conn: Connection, plan: Plan, step: Step, *, now: datetime) -> None:
    """A lot that a held step drafted and nobody published is taken back, so that its rights are free."""
    if step.subject_id is None or not isinstance(step.terms, LotStep):
        return
    lot = await lots.for_update(conn, step.subject_id)
    if lot.status in (LotStatus.DRAFT, LotStatus.CHECKED, LotStatus.NOTIFIED):
        venue = caller_of(plan.venue_id)
        await lots.withdraw(conn, venue, lot.id, reason="the plan went on 处置计划继续", now=now)


async def _begin(
    conn: Connection, plan: Plan, step: Step, steps: list[Step], *, now: datetime
) -> tuple[UUID, str | None]:
    """Create what the step is about; its id, and why people must look at it, or None."""
    match step.terms:
        case LotStep() as terms:
            return await _begin_lot(conn, plan, step, terms, steps, now=now)
        case SetOffStep() as terms:
            return await _propose_set_off(conn, plan, step, terms, steps, now=now)
        case LicenceStep() as terms:
            return await _offer_licences(conn, plan, terms, now=now)
        case MandateStep() as terms:
            return await _propose_mandate(conn, plan, terms, now=now)


async def _offer_licences(
    conn: Connection, plan: Plan, terms: LicenceStep, *, now: datetime
) -> tuple[UUID, None]:
    """Drafted and opened in the names of the two people who agreed to the plan."""
    given = OfferIn(consignment_id=plan.consignment_id, offer=terms.offer)
    offer = await licence_offers.draft(conn, _bank(plan, plan.drafted_by), given, now=now)
    checker = _bank(plan, plan.approved_by)
    await awarding.open_(conn, checker, offer.id, sha256=offer.sha256, approved=True, now=now)
    return offer.id, None


async def _propose_mandate(
    conn: Connection, plan: Plan, terms: MandateStep, *, now: datetime
) -> tuple[UUID, None]:
    given = MandateIn(consignment_id=plan.consignment_id, mandate=terms.mandate)
    made = await mandates.propose(conn, _bank(plan, plan.drafted_by), given, now=now)
    agreed = MandateDecision(sha256=made.sha256)
    await mandates.approve(conn, _bank(plan, plan.approved_by), made.id, agreed, now=now)
    return made.id, None


def _bank(plan: Plan, user_id: UUID | None) -> Caller:
    return caller_of(plan.organisation_id, user_id=user_id, kind=OrganisationKind.BANK)


async def _propose_set_off(
    conn: Connection,
    plan: Plan,
    step: Step,
    terms: SetOffStep,
    steps: list[Step],
    *,
    now: datetime,
) -> tuple[UUID, None]:
    """Proposed in the name of who drafted the plan, at the last round's price; the bank's checker decides."""
    consignment = await consignments.get(conn, SYSTEM_CALLER, plan.consignment_id)
    earlier = [one.start_price_fen for one in steps[: step.n - 1] if one.start_price_fen]
    last_fen = earlier[-1] if earlier else consignment.start_price_fen
    given = SetOffIn(
        consignment_id=plan.consignment_id,
        price_fen=-(-last_fen * terms.price_bp // BP_ONE),
        reason=f"step {step.n} of plan {plan.number} 处置计划 {plan.number} 第 {step.n} 步",
    )
    bank = _bank(plan, plan.drafted_by)
    return (await set_offs.propose(conn, bank, given, now=now)).id, None


async def _begin_lot(
    conn: Connection,
    plan: Plan,
    step: Step,
    terms: LotStep,
    steps: list[Step],
    *,
    now: datetime,
) -> tuple[UUID, str | None]:
    given = _lot_draft(plan, step, terms, steps, now=now)
    priced = await _priced(conn, plan, step, terms, steps)
    # Drafted by the system from what the bank's two people agreed to, published in the name of who started the plan.
    lot = await lots.draft(conn, caller_of(plan.venue_id), given, now=now, priced=priced)
    publisher = caller_of(plan.venue_id, user_id=plan.started_by)
    checked = await publication.check(conn, publisher, lot.id, now=now)
    standing = [finding for finding in checked.findings if finding.holds]
    if standing:
        return lot.id, "; ".join(f"{f.code} {f.message} / {f.message_zh}" for f in standing[:5])
    await publication.publish(conn, publisher, lot.id, now=now)
    return lot.id, None


def _lot_draft(
    plan: Plan, step: Step, terms: LotStep, steps: list[Step], *, now: datetime
) -> LotDraft:
    common = content_of(plan).lot
    opens_at = now + timedelta(seconds=terms.opens_after_seconds)
    return LotDraft(
        consignment_id=plan.consignment_id,
        title=common.title,
        title_zh=common.title_zh,
        bidding=terms.bidding,
        conditions=common.conditions,
        opens_at=opens_at,
        closes_at=opens_at + timedelta(seconds=terms.lasts_seconds),
        payment_hours=common.payment_hours,
        release_on=common.release_on,
        objection_days=common.objection_days,
        refund_working_days=common.refund_working_days,
        round_number=round_of([one.terms for one in steps], step.n),
        shortened_times=common.shortened_times,
    )


async def _priced(
    conn: Connection, plan: Plan, step: Step, terms: LotStep, steps: list[Step]
) -> intake.Priced:
    consignment = await consignments.get(conn, SYSTEM_CALLER, plan.consignment_id)
    assert step.start_price_fen is not None, "a lot has a start price"
    earlier = [one.start_price_fen for one in steps[: step.n - 1] if one.start_price_fen]
    return intake.Priced(
        start_price_fen=step.start_price_fen,
        reserve_price_fen=consignment.reserve_price_fen if terms.keeps_reserve else None,
        deposit_fen=deposit_at(
            step.start_price_fen,
            first_price_fen=consignment.start_price_fen,
            first_deposit_fen=consignment.deposit_fen,
        ),
        previous_start_price_fen=earlier[-1] if earlier else None,
        regime=terms.regime,
    )


async def _outcome(conn: Connection, terms: StepTerms, subject_id: UUID) -> Outcome | None:
    """What the step becomes by what it began; None while that is not over."""
    match terms:
        case LotStep():
            status = (await lots.get(conn, subject_id)).status
            if status is LotStatus.UNSOLD:
                return Outcome(StepState.FAILED, await _why_unsold(conn, subject_id))
            return _lot_outcome(status)
        case SetOffStep():
            taken = await set_offs.get(conn, SYSTEM_CALLER, subject_id)
            return _SET_OFF_OUTCOMES.get(taken.state)
        case LicenceStep():
            return _OFFER_OUTCOMES.get((await licence_offers.lock(conn, subject_id)).state)
        case MandateStep():
            return _MANDATE_OUTCOMES.get((await mandates.lock(conn, subject_id)).state)


async def _why_unsold(conn: Connection, lot_id: UUID) -> str:
    sale = await sales.of_lot_or_none(conn, lot_id)
    return _CALL_FAILED.get(sale.reason or "" if sale else "", "not sold 流拍")


def _lot_outcome(status: LotStatus) -> Outcome | None:
    match status:
        case LotStatus.DONE:
            return Outcome(StepState.SUCCEEDED)
        case LotStatus.DEFAULTED | LotStatus.RE_AUCTION:
            return Outcome(StepState.HELD, "the buyer defaulted 买受人悔拍")
        case LotStatus.REVOKED:
            return Outcome(StepState.HELD, "the result was set aside 成交已撤销")
        case LotStatus.WITHDRAWN:
            return Outcome(StepState.HELD, "the lot was withdrawn 标的已撤回")
        case _:
            return None


async def _finish(conn: Connection, plan: Plan, *, now: datetime) -> None:
    """A step succeeded: the plan is over, with the debt covered or not."""
    is_covered = await outstanding_fen(conn, plan) == 0
    reason = _COVERED if is_covered else _SUCCEEDED
    await skip_planned(conn, plan.id, reason=reason, now=now)
    wanted = PlanState.COVERED if is_covered else PlanState.COMPLETED
    await set_state(conn, SYSTEM_CALLER, plan, wanted, now=now, reason=reason)
