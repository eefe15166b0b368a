"""What becomes of the price: costs locked, the plan of distribution drafted, approved by another, paid, shared.

Each step is settlement's; here is who may take it, what it knows of the parties, and what the lot becomes.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import NotFound
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind as ApprovalKind
from marketplace.audit import service as audit
from marketplace.cases import service as cases
from marketplace.cases.schemas import Case
from marketplace.claims import recovering
from marketplace.consignments.dossier import facts_of
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller, OrganisationKind
from marketplace.outbox import service as outbox
from marketplace.pledges.schemas import Pledge
from marketplace.sales import received, standing
from marketplace.sales.rules import party_id
from marketplace.sales.schemas import (
    Approval,
    CostSheet,
    CostsIn,
    DistributionPlan,
    ProceedsDistributed,
    TitleIn,
)
from settlement import costs, distribution, forfeitures, plan_claims
from settlement import sales as accounts
from settlement.rules.case import Cost, RecoveryEvent
from settlement.rules.deposits import as_recovery
from settlement.rules.several import OneDebt
from settlement.rules.waterfall import Holder, Secured

_SQL = load_statements("marketplace.sales", "queries.sql")


async def draft_costs(
    conn: Connection, caller: Caller, lot_id: UUID, given: CostsIn, *, now: datetime
) -> CostSheet:
    """Draw up the costs and taxes that the proceeds bear; a second person locks them."""
    await lots.owned_for_update(conn, caller, lot_id)
    lines = [
        costs.CostLine(
            kind=line.kind,
            name=line.name,
            amount_fen=line.amount_fen,
            payee_id=party_id(line.payee_code),
            payee_name=line.payee_name,
            evidence=line.evidence,
        )
        for line in given.lines
    ]
    sheet = await costs.draft_costs(conn, lot_id, lines=lines, drafted_by=caller.user_id, now=now)
    return await _audited_costs(conn, caller, lot_id, sheet, action="costs_drafted", now=now)


async def lock_costs(
    conn: Connection, caller: Caller, lot_id: UUID, given: Approval, *, now: datetime
) -> CostSheet:
    """Lock the costs as shown; by another person than who drew them up."""
    await lots.owned_for_update(conn, caller, lot_id)
    sheet = await costs.lock_costs(
        conn,
        lot_id,
        content_hash=bytes.fromhex(given.content_hash),
        locked_by=caller.user_id,
        now=now,
    )
    return await _audited_costs(conn, caller, lot_id, sheet, action="costs_locked", now=now)


async def costs_of(conn: Connection, caller: Caller, lot_id: UUID) -> CostSheet:
    """The standing cost sheet, for the lot's venue and consignor."""
    await lots.owned(conn, caller, lot_id)
    return _sheet(lot_id, await costs.of_lot(conn, lot_id))


async def draft_plan(
    conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime
) -> DistributionPlan:
    """Draft the plan of distribution (分配方案) from what the books know; the time for objections begins."""
    lot = await parties_lot(conn, caller, lot_id)
    claims = await _claims(conn, lot, now=now)
    venue = await organisations.organisation_by_id(conn, lot.venue_id)
    plan = await distribution.draft_plan(
        conn,
        lot_id,
        pledgees=claims.pledgees,
        pledgor=claims.pledgor,
        creditors=claims.creditors,
        debts=claims.debts,
        designated=claims.designated,
        venue_name=venue.name,
        drafted_by=caller.user_id,
        now=now,
    )
    for organisation_id in (lot.venue_id, lot.consignor_id):  # the checkers of either may agree
        paper = _paper(plan, plan.content_hash.hex(), organisation_id)
        await approvals.file(conn, caller, paper, reason=_DRAFTED, now=now)
    return await _audited_plan(conn, caller, plan, action="distribution_drafted", now=now)


async def approve_plan(
    conn: Connection, caller: Caller, lot_id: UUID, given: Approval, *, now: datetime
) -> DistributionPlan:
    """Approve the plan as shown, by another person than its drafter, once the time for objections is over."""
    await parties_lot(conn, caller, lot_id)
    standing = await distribution.of_lot(conn, lot_id)
    if standing.state == distribution.DRAFT and not await _is_signed(
        conn, caller, standing, given, now=now
    ):
        return _plan(standing)
    plan = await distribution.approve_plan(
        conn,
        standing.id,
        content_hash=bytes.fromhex(given.content_hash),
        approved_by=caller.user_id,
        now=now,
    )
    return await _audited_plan(conn, caller, plan, action="distribution_approved", now=now)


_DRAFTED = "drafted from the books 依账目起草"
_AGREED = "lines and payees looked through 明细与收款人已复核"


async def _is_signed(
    conn: Connection, caller: Caller, plan: distribution.Plan, given: Approval, *, now: datetime
) -> bool:
    """Whether enough checkers of the caller's organisation have agreed to these bytes, the caller among them."""
    paper = _paper(plan, given.content_hash, caller.organisation_id)
    if not (await approvals.sign(conn, caller, paper, reason=_AGREED, now=now)).is_complete:
        return False
    await drop_paper(conn, caller, plan.id, reason="approved at the other organisation", now=now)
    return True


async def drop_paper(
    conn: Connection, caller: Caller, plan_id: UUID, *, reason: str, now: datetime
) -> None:
    """Nobody is asked about a plan any more: it was taken back, or the other organisation's people agreed."""
    await approvals.drop(conn, caller, ApprovalKind.DISTRIBUTION, plan_id, reason=reason, now=now)


def _paper(plan: distribution.Plan, content_hash: str, organisation_id: UUID) -> approvals.Paper:
    return approvals.Paper(
        kind=ApprovalKind.DISTRIBUTION,
        organisation_id=organisation_id,
        subject_id=plan.id,
        asked_by=plan.drafted_by,
        content={"content_hash": content_hash},
        amount_fen=sum(line.amount_fen for line in plan.content.lines),
    )


async def pay_plan(
    conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime
) -> DistributionPlan:
    """Pay by the approved plan, once; the consignment is recovered, and the fund's share of it becomes a duty."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    standing = await distribution.of_lot(conn, lot_id)
    plan = await distribution.pay_plan(conn, standing.id, now=now)
    shown = await _audited_plan(conn, caller, plan, action="distribution_paid", now=now)
    if standing.state == distribution.PAID:
        return shown
    if lot.status is LotStatus.PAID:
        lot = await lots.set_status(conn, caller, lot, LotStatus.TRANSFERRING, now=now)
    sale = await accounts.get(conn, lot_id)
    if sale.title_recorded_at is not None:
        await lots.set_status(conn, caller, lot, LotStatus.DONE, now=now)
    await lots.end_disposal(conn, lot, is_sold=True, now=now)
    await duties.add(conn, Kind.SHARE_RECOVERY, subject_id=lot_id, due_at=now, now=now)
    await outbox.add(conn, ProceedsDistributed(lot_id=lot_id, plan_id=plan.id), now=now)
    return shown


async def plan_of(conn: Connection, caller: Caller, lot_id: UUID) -> DistributionPlan:
    """The standing plan, for the lot's venue and consignor."""
    await lots.owned(conn, caller, lot_id)
    return _plan(await distribution.of_lot(conn, lot_id))


async def record_title(
    conn: Connection, caller: Caller, lot_id: UUID, given: TitleIn, *, now: datetime
) -> Lot:
    """The registry recorded the transfer: escrow may end, and a lot whose money is paid out is done."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    sale = await accounts.record_title(conn, lot_id, recorded_at=given.recorded_at)
    await audit.record(
        conn,
        caller,
        now=now,
        action="title_recorded",
        subject="lot",
        subject_id=lot_id,
        after={"recorded_at": sale.title_recorded_at},
    )
    if lot.status is LotStatus.PAID:
        lot = await lots.set_status(conn, caller, lot, LotStatus.TRANSFERRING, now=now)
    if sale.state == accounts.DISTRIBUTED and lot.status is LotStatus.TRANSFERRING:
        lot = await lots.set_status(conn, caller, lot, LotStatus.DONE, now=now)
    return lot


async def share_recovery(conn: Connection, lot_id: UUID, *, now: datetime) -> bool:
    """Hand the recovery to the compensation case behind the loan, once; False while that case is not ready for it.

    Gross is the price with the interest of its instalments; costs are those locked before the distribution (domain 6.1,
    ranks 1 and 2). Of a lot that stands for several debts each case gets what its own was paid; a defaulted sale's
    recovery is what was kept of its deposit. A loan in no scheme, and a case that needs no sharing any more, have
    nothing to be handed.
    """
    sale = await accounts.get(conn, lot_id)
    if sale.case_id is None:
        return True
    shared = [
        await recovering.record_other_recovery(
            conn, SYSTEM_CALLER, case_id=case_id, event=event, now=now
        )
        for case_id, event in await _events_of(conn, sale)
    ]
    return all(shared)


async def _events_of(conn: Connection, sale: accounts.Sale) -> list[tuple[UUID, RecoveryEvent]]:
    """What a sale brought to each loan, as recoveries."""
    assert sale.case_id is not None
    if sale.state == accounts.DEFAULTED:
        used = await forfeitures.of_sale(conn, sale.lot_id)
        return [
            (sale.case_id, as_recovery(one, f"deposit:{deposit_id}")) for deposit_id, one in used
        ]
    sheet = await costs.of_lot(conn, sale.lot_id)
    lines = tuple(
        Cost(name=line.name, amount_fen=line.amount_fen)
        for line in sheet.content.lines
        if line.amount_fen
    )
    event_id = f"lot:{sale.lot_id}"
    plan = await distribution.of_lot(conn, sale.lot_id)
    if not plan.content.debts:
        whole = RecoveryEvent(
            id=event_id, gross_fen=sale.hammer_price_fen + sale.interest_paid_fen, costs=lines
        )
        return [(sale.case_id, whole)]
    return [
        (UUID(one.debt), RecoveryEvent(id=event_id, gross_fen=one.amount_fen))
        for one in plan.content.debts
        if one.amount_fen or one.debt == str(sale.case_id)
    ]


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    """Who claims of a lot's proceeds, as the plan takes it."""

    pledgees: list[distribution.PledgeeClaim]
    pledgor: distribution.Payee
    creditors: list[distribution.CreditorClaim] | None
    debts: list[OneDebt]
    designated: list[str]


async def _claims(conn: Connection, lot: Lot, *, now: datetime) -> _Claims:
    """What the consigning pledgee is still owed by its first pledge, who else claims, and who gets a surplus."""
    consignment = await intake.of(conn, lot.consignment_id)
    facts = await facts_of(conn, consignment, today=now.date())
    pledges = [pledge for right in facts.rights for pledge in right.pledges]
    assert pledges, "what is sold was pledged (ELG-03)"
    first = min(pledges, key=lambda pledge: pledge.registered_on)
    bank = await organisations.organisation_by_id(conn, lot.consignor_id)
    entered = await standing.claims_of(conn, lot.id)
    loans = [
        facts.case,
        *[await cases.get(conn, SYSTEM_CALLER, one) for one in entered.other_loans],
    ]
    debts = [await _debt_left(conn, loan, lot, entered=entered) for loan in loans]
    limited = [pledge for pledge in pledges if pledge.is_maximum]
    own = _own_claim(bank.id, bank.name, debts, entered)
    secured = msgspec.structs.replace(
        own.secured,
        registered_at=first.registered_on,
        maximum_fen=await _left_of_maximum(conn, limited, loans, lot) if limited else None,
    )
    creditors = entered.creditors
    return _Claims(
        pledgees=[
            msgspec.structs.replace(own, secured=secured),
            *(_later_claim(one) for one in entered.later),
        ],
        pledgor=distribution.Payee(id=party_id(first.pledgor_code), name=first.pledgor_name),
        creditors=None
        if creditors is None
        else [
            distribution.CreditorClaim(payee=_payee(one), owed_fen=one.amount_fen)
            for one in creditors
        ],
        debts=debts if len(debts) > 1 else [],
        designated=[str(one) for one in entered.designated],
    )


async def _left_of_maximum(
    conn: Connection, limited: Sequence[Pledge], loans: Sequence[Case], lot: Lot
) -> int:
    """The most that is left of a registered maximum, after what the other lots under it give to the loans.

    A registered maximum is one for all that it is registered over, and no other's (domain 6.1).
    """
    async with everything(conn):
        rows = await conn.fetch(_SQL["lots_of_pledges"], [pledge.id for pledge in limited])
    under = {(row["pledge_id"], row["id"]) for row in rows}
    given = [await plan_claims.given_to_loan(conn, loan.id, but_for=lot.id) for loan in loans]
    left = [
        pledge.secured_amount_fen
        - sum(fen for lots in given for lot_id, fen in lots.items() if (pledge.id, lot_id) in under)
        for pledge in limited
    ]
    return max(*left, 0)


async def _debt_left(
    conn: Connection, loan: Case, lot: Lot, *, entered: plan_claims.SaleClaims
) -> OneDebt:
    """What is left of a loan after what other lots' plans give to it and what else came in, in Civil Code 561's order.

    The costs of the pledgee that were entered with the lot are its own loan's.
    """
    is_own = loan.id == (await intake.of(conn, lot.consignment_id)).case_id
    lots = await plan_claims.given_to_loan(conn, loan.id, but_for=lot.id)
    paid_fen = sum(lots.values())
    paid_fen += await received.of_loan(conn, loan.id, priced=[str(one) for one in lots])
    owed = (loan.interest_fen, loan.principal_fen, loan.penalty_fen)
    interest_fen, principal_fen, penalty_fen = plan_claims.left_of(owed, paid_fen)
    return OneDebt(
        debt=str(loan.id),
        due_on=loan.due_on,
        costs_fen=entered.costs_fen if is_own else 0,
        interest_fen=interest_fen,
        principal_fen=principal_fen,
        penalty_fen=penalty_fen,
    )


def _own_claim(
    bank_id: UUID, bank_name: str, debts: Sequence[OneDebt], entered: plan_claims.SaleClaims
) -> distribution.PledgeeClaim:
    """The consignor's claim, for itself or for all who hold its pledge with it."""
    holders = tuple(
        distribution.Payee(id=bank_id, name=bank_name) if one.name == bank_name else _payee(one)
        for one in entered.joint
    )
    name = f"{bank_name} (joint 共同质权)" if holders else bank_name
    return distribution.PledgeeClaim(
        payee=distribution.Payee(id=bank_id, name=name),
        holders=holders,
        secured=Secured(
            party=name,
            registered_at=None,
            costs_fen=sum(debt.costs_fen for debt in debts),
            interest_fen=sum(debt.interest_fen for debt in debts),
            principal_fen=sum(debt.principal_fen for debt in debts),
            penalty_fen=sum(debt.penalty_fen for debt in debts),
            damages_fen=entered.damages_fen,
            holders=tuple(
                Holder(party=one.name, share_bp=one.share_bp or 0) for one in entered.joint
            ),
        ),
    )


def _later_claim(one: plan_claims.Claimant) -> distribution.PledgeeClaim:
    return distribution.PledgeeClaim(
        payee=_payee(one),
        secured=Secured(
            party=one.name,
            registered_at=one.registered_on,
            principal_fen=one.amount_fen,
            maximum_fen=one.maximum_fen,
        ),
    )


def _payee(one: plan_claims.Claimant) -> distribution.Payee:
    return distribution.Payee(id=party_id(one.code), name=one.name)


async def parties_lot(conn: Connection, caller: Caller, lot_id: UUID) -> Lot:
    """The lot, locked, for its venue's people and its consigning bank's."""
    lot = await lots.for_update(conn, lot_id)
    is_bank = caller.organisation_kind is OrganisationKind.BANK
    allowed = lot.consignor_id if is_bank else lot.venue_id
    if caller.organisation_id != allowed:
        raise NotFound(f"no lot {lot_id}", f"没有标的 {lot_id}")
    return lot


async def _audited_costs(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    sheet: costs.CostSheet,
    *,
    action: str,
    now: datetime,
) -> CostSheet:
    shown = _sheet(lot_id, sheet)
    await audit.record(
        conn, caller, now=now, action=action, subject="lot", subject_id=lot_id, after=shown
    )
    return shown


async def _audited_plan(
    conn: Connection, caller: Caller, plan: distribution.Plan, *, action: str, now: datetime
) -> DistributionPlan:
    shown = _plan(plan)
    await audit.record(
        conn,
        caller,
        now=now,
        action=action,
        subject="lot",
        subject_id=plan.lot_id,
        after={"plan_id": shown.id, "content_hash": shown.content_hash, "state": shown.state},
    )
    return shown


def _sheet(lot_id: UUID, sheet: costs.CostSheet) -> CostSheet:
    return CostSheet(
        lot_id=lot_id,
        state=sheet.state,
        lines=msgspec.to_builtins(sheet.content.lines),
        content_hash=sheet.content_hash.hex(),
        drafted_by=sheet.drafted_by,
        locked_by=sheet.locked_by,
    )


def _plan(plan: distribution.Plan) -> DistributionPlan:
    return DistributionPlan(
        id=plan.id,
        lot_id=plan.lot_id,
        state=plan.state,
        content=msgspec.to_builtins(plan.content),
        content_hash=plan.content_hash.hex(),
        drafted_by=plan.drafted_by,
        drafted_at=plan.drafted_at,
        objection_until=plan.objection_until,
        approved_by=plan.approved_by,
        approved_at=plan.approved_at,
        paid_at=plan.paid_at,
    )
