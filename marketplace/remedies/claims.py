"""Who else claims of a lot's proceeds, and what is said against the plan of their distribution.

Source: domain 6.1 (ranks 3 to 5, joint shares, several debts), 6.6 (objections).
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput, NotFound
from kit.money import BP_ONE
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.regimes import Regime
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import Caller
from marketplace.remedies.schemas import (
    AnswerIn,
    ClaimsIn,
    ClaimsView,
    ObjectionIn,
    ObjectionList,
    ObjectionView,
)
from marketplace.sales import proceeds, standing
from settlement import distribution, plan_claims
from settlement.plan_claims import Claimant, SaleClaims


async def enter(
    conn: Connection, caller: Caller, lot_id: UUID, given: ClaimsIn, *, now: datetime
) -> ClaimsView:
    """Enter who claims of the proceeds, in place of what was entered before; the plan shows every one of them."""
    lot = await proceeds.parties_lot(conn, caller, lot_id)
    _check_shares(given)
    if given.creditors is not None and lot.regime is not Regime.JUDICIAL_NETWORK:
        raise InvalidInput(
            "creditors",
            "must be null unless a court distributes",
            "非司法处置不适用参与分配，须为空",
        )
    await _check_loans(conn, lot, given)
    claims = SaleClaims(
        joint=tuple(Claimant(name=h.name, code=h.code, share_bp=h.share_bp) for h in given.joint),
        later=tuple(
            Claimant(
                name=one.name,
                code=one.code,
                amount_fen=one.owed_fen,
                registered_on=one.registered_on,
                maximum_fen=one.maximum_fen,
                evidence=one.evidence,
            )
            for one in given.later
        ),
        creditors=None
        if given.creditors is None
        else tuple(
            Claimant(name=c.name, code=c.code, amount_fen=c.owed_fen, evidence=c.evidence)
            for c in given.creditors
        ),
        other_loans=tuple(given.other_loans),
        designated=tuple(given.designated),
        costs_fen=given.costs_fen,
        damages_fen=given.damages_fen,
    )
    await plan_claims.enter_claims(conn, lot_id, claims, entered_by=caller.user_id, now=now)
    shown = ClaimsView(lot_id=lot_id, claims=msgspec.to_builtins(claims))
    await audit.record(
        conn,
        caller,
        now=now,
        action="sale_claims_entered",
        subject="lot",
        subject_id=lot_id,
        after=shown,
    )
    return shown


async def entered(conn: Connection, caller: Caller, lot_id: UUID) -> ClaimsView:
    """Who claims of the proceeds, for the lot's venue and consignor."""
    await lots.owned(conn, caller, lot_id)
    claims = await standing.claims_of(conn, lot_id)
    return ClaimsView(lot_id=lot_id, claims=msgspec.to_builtins(claims))


async def object_to_plan(
    conn: Connection, caller: Caller, lot_id: UUID, given: ObjectionIn, *, now: datetime
) -> ObjectionView:
    """Enter an objection to the standing draft; the plan is not approved until it is answered."""
    await proceeds.parties_lot(conn, caller, lot_id)
    made = await plan_claims.object_to(
        conn,
        lot_id,
        objector=given.objector,
        grounds=given.grounds,
        entered_by=caller.user_id,
        now=now,
    )
    return await _noted(conn, caller, lot_id, made, action="objection_entered", now=now)


async def answer(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    objection_id: UUID,
    given: AnswerIn,
    *,
    now: datetime,
) -> ObjectionView:
    """Answer an objection, by another person than who entered it; one that is upheld takes the draft back."""
    await proceeds.parties_lot(conn, caller, lot_id)
    plan = await distribution.of_lot(conn, lot_id)
    if all(one.id != objection_id for one in await plan_claims.objections(conn, plan.id)):
        raise NotFound(f"no objection {objection_id}", f"没有异议 {objection_id}")
    answered = await plan_claims.answer(
        conn,
        objection_id,
        is_upheld=given.is_upheld,
        text=given.answer,
        answered_by=caller.user_id,
        now=now,
    )
    if given.is_upheld:
        await proceeds.drop_paper(conn, caller, plan.id, reason="an objection was upheld", now=now)
    return await _noted(conn, caller, lot_id, answered, action="objection_answered", now=now)


async def objections(conn: Connection, caller: Caller, lot_id: UUID) -> ObjectionList:
    """The objections to the standing plan, for the lot's venue and consignor."""
    await lots.owned(conn, caller, lot_id)
    plan = await distribution.of_lot(conn, lot_id)
    found = await plan_claims.objections(conn, plan.id)
    return ObjectionList(items=[_view(one) for one in found])


def _check_shares(given: ClaimsIn) -> None:
    if given.joint and sum(holder.share_bp for holder in given.joint) != BP_ONE:
        raise InvalidInput(
            "joint", f"must have shares that add up to {BP_ONE}", f"份额合计须为 {BP_ONE}"
        )
    creditors = given.creditors or []
    names = [holder.name for holder in given.joint]
    names += [pledgee.name for pledgee in given.later]
    names += [creditor.name for creditor in creditors]
    if len(set(names)) < len(names):
        raise InvalidInput("joint", "must name each claimant once", "每个权利人只能列一次")
    if given.joint and given.other_loans:
        raise InvalidInput(
            "other_loans", "must be empty where the pledge is joint", "共同质押时须为空"
        )


async def _check_loans(conn: Connection, lot: Lot, given: ClaimsIn) -> None:
    """Further loans are the consignor's own, of the same borrower."""
    own = (await intake.of(conn, lot.consignment_id)).case_id
    await standing.require_further(
        conn, own, given.other_loans, field=lambda index: f"other_loans[{index}]"
    )
    known = {own, *given.other_loans}
    for index, loan_id in enumerate(given.designated):
        if loan_id not in known:
            raise InvalidInput(f"designated[{index}]", "is none of the loans", "不在所列贷款之中")


async def _noted(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    objection: plan_claims.Objection,
    *,
    action: str,
    now: datetime,
) -> ObjectionView:
    shown = _view(objection)
    at = objection.entered_at if action == "objection_entered" else objection.answered_at
    if at == now:
        await audit.record(
            conn, caller, now=now, action=action, subject="lot", subject_id=lot_id, after=shown
        )
    return shown


def _view(objection: plan_claims.Objection) -> ObjectionView:
    return msgspec.convert(objection, ObjectionView, from_attributes=True)
