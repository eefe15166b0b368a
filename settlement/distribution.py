"""The distribution plan (分配方案) of a sale: drafted, open to objections, approved by another person, paid once.

The plan is a document with every line's computation; approval binds its exact bytes. Its payment is one transfer from
the lot's price to what is payable to each payee, each of which then leaves by a payout. Source: domain 6.1, 6.6.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import InvalidInput, NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement import costs, payments, sales
from settlement.documents import canonical, read
from settlement.errors import IllegalStep, PlanChanged, SamePerson
from settlement.ledger import (
    AccountKey,
    Entry,
    Transfer,
    client_interest,
    client_price,
    post_one,
)
from settlement.rules.several import Applied, OneDebt, apply_to_debts
from settlement.rules.waterfall import (
    COSTS,
    CREDITOR,
    PLEDGOR,
    TAXES,
    Line,
    NamedAmount,
    Secured,
    distribute_sale,
)

_SQL = load_statements("settlement", "sql/distribution.sql")
DRAFT, APPROVED, PAID, WITHDRAWN = "DRAFT", "APPROVED", "PAID", "WITHDRAWN"
BUYER_PREMIUM = "buyer_premium"

_before_pay = register("settlement.distribution.before_pay")
_after_pay = register("settlement.distribution.after_pay")


class Payee(msgspec.Struct, frozen=True, kw_only=True):
    """Who is paid, by id and by name."""

    id: UUID
    name: str


class PledgeeClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A pledgee and what is owed to it; `secured.party` must be the payee's name.

    Where several hold the pledge together, `holders` are they, by the names that `secured.holders` has.
    """

    payee: Payee
    secured: Secured
    holders: tuple[Payee, ...] = ()


class CreditorClaim(msgspec.Struct, frozen=True, kw_only=True):
    """Another creditor in a court's distribution (参与分配), with an enforceable title."""

    payee: Payee
    owed_fen: int


class PlanLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the plan: what is owed, what is paid of it and why so much, to whom, over which account."""

    rank: int
    to: str
    party: str
    payee_id: UUID
    payee_name: str
    account: str
    owed_fen: int | None
    amount_fen: int
    left_fen: int
    computation: str


class PlanContent(msgspec.Struct, frozen=True, kw_only=True):
    """The document that is approved. Rank 0 is the buyer's premium, which is beside the price.

    `interest_fen` is what the buyer paid for the time of its instalments: proceeds like the price.
    `debts` says how the consignor's part goes to several debts, where the lot stands for more than one.
    """

    lot_id: UUID
    case_id: UUID | None
    hammer_price_fen: int
    buyer_premium_fen: int
    interest_fen: int = 0
    lines: tuple[PlanLine, ...]
    debts: tuple[Applied, ...] = ()

    @property
    def costs_fen(self) -> int:
        """Costs and taxes as they are due, whether or not the price covers them."""
        return sum(line.owed_fen or 0 for line in self.lines if line.to in (COSTS, TAXES))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and where it stands."""

    id: UUID
    lot_id: UUID
    content: PlanContent
    content_hash: bytes
    state: str
    drafted_by: UUID
    drafted_at: datetime
    objection_until: datetime
    approved_by: UUID | None
    approved_at: datetime | None
    paid_at: datetime | None


async def draft_plan(
    conn: Connection,
    lot_id: UUID,
    *,
    pledgees: Sequence[PledgeeClaim],
    pledgor: Payee,
    venue_name: str,
    drafted_by: UUID,
    now: datetime,
    creditors: Sequence[CreditorClaim] | None = None,
    debts: Sequence[OneDebt] = (),
    designated: Sequence[str] = (),
) -> Plan:
    """Draft the plan of a sale whose costs are locked; the time for objections begins.

    `creditors` take part in a court's distribution alone. `debts` are those of the first pledgee that the lot stands
    for, where they are several. Raises `IllegalStep` unless the costs are locked and no plan stands.
    """
    sale = await sales.lock(conn, lot_id)
    if sale.state != sales.COSTS_LOCKED:
        raise IllegalStep(f"sale of lot {lot_id}", state=sale.state, step="distribution plan")
    sheet = (await costs.of_lot(conn, lot_id)).content
    lines = _lines(
        sale, sheet, pledgees=pledgees, pledgor=pledgor, venue_name=venue_name, creditors=creditors
    )
    applied: list[Applied] = []
    if debts:
        own_fen = sum(line.amount_fen for line in lines if line.payee_id == pledgees[0].payee.id)
        applied, _ = apply_to_debts(
            own_fen, debts, on=now.astimezone(CHINA).date(), designated=designated
        )
    content = PlanContent(
        lot_id=lot_id,
        case_id=sale.case_id,
        hammer_price_fen=sale.hammer_price_fen,
        buyer_premium_fen=sale.buyer_premium_fen,
        interest_fen=sale.interest_paid_fen,
        lines=lines,
        debts=tuple(applied),
    )
    plan_id = uuid7(now)
    until = now + timedelta(days=sale.objection_days)
    await conn.execute(
        _SQL["insert_plan"], plan_id, lot_id, canonical(content), drafted_by, now, until
    )
    await sales.set_state(conn, sale, sales.PLAN_DRAFTED)
    return await lock(conn, plan_id)


async def withdraw_plan(conn: Connection, plan_id: UUID) -> None:
    """Take a draft back, after an objection for instance; another may be drafted."""
    plan = await lock(conn, plan_id)
    if plan.state == WITHDRAWN:
        return
    if plan.state != DRAFT:
        raise IllegalStep(f"plan {plan_id}", state=plan.state, step=WITHDRAWN)
    sale = await sales.lock(conn, plan.lot_id)
    await conn.execute(_SQL["withdraw_plan"], plan_id)
    await sales.set_state(conn, sale, sales.COSTS_LOCKED)


async def approve_plan(
    conn: Connection, plan_id: UUID, *, content_hash: bytes, approved_by: UUID, now: datetime
) -> Plan:
    """Approve the plan as shown. The approver is another person, and the time for objections is over.

    Raises `PlanChanged` when `content_hash` is not the plan's, `SamePerson`, `IllegalStep`.
    """
    plan = await lock(conn, plan_id)
    if plan.content_hash != content_hash:
        raise PlanChanged
    if plan.state == APPROVED and plan.approved_by == approved_by:
        return plan
    if plan.state != DRAFT:
        raise IllegalStep(f"plan {plan_id}", state=plan.state, step=APPROVED)
    if plan.drafted_by == approved_by:
        raise SamePerson
    if now < plan.objection_until:
        raise IllegalStep(f"plan {plan_id}", state="open to objections", step=APPROVED)
    if await conn.fetchval(_SQL["open_objections"], plan_id):
        raise IllegalStep(f"plan {plan_id}", state="objected to and not answered", step=APPROVED)
    sale = await sales.lock(conn, plan.lot_id)
    await conn.execute(_SQL["approve_plan"], plan_id, approved_by, now, content_hash)
    await sales.set_state(conn, sale, sales.PLAN_APPROVED)
    return await lock(conn, plan_id)


async def pay_plan(conn: Connection, plan_id: UUID, *, now: datetime) -> Plan:
    """Distribute the price by the approved plan, once, and queue what is to leave.

    Raises `IllegalStep` before approval, and while the proceeds must stay in escrow until the title is
    recorded.
    """
    plan = await lock(conn, plan_id)
    if plan.state == PAID:
        return plan
    sale = await sales.lock(conn, plan.lot_id)
    if plan.state != APPROVED:
        raise IllegalStep(f"plan {plan_id}", state=plan.state, step=PAID)
    if sale.release_on == "TITLE_RECORDED" and sale.title_recorded_at is None:
        raise IllegalStep(f"plan {plan_id}", state="waiting for the title's recordal", step=PAID)
    _before_pay()
    due = _by_account(plan.content)
    interest = [Entry(client_interest(plan.lot_id), -sale.interest_paid_fen)]
    posted = await post_one(
        conn,
        Transfer(
            idempotency_id=f"plan:{plan_id}:pay",
            kind="distribution",
            ref=f"lot:{plan.lot_id}",
            entries=(
                Entry(client_price(plan.lot_id), -sale.due_fen),
                *(interest if sale.interest_paid_fen else ()),
                *(Entry(account, amount_fen) for account, (_, amount_fen) in due.items()),
            ),
        ),
        now=now,
    )
    for account, (line, amount_fen) in due.items():
        await payments.queue_payout(
            conn,
            account,
            payee_id=line.payee_id,
            payee_name=line.payee_name,
            amount_fen=amount_fen,
            purpose=f"{account.kind}_paid",
            ref=_payout_ref(plan.content, account),
            now=now,
        )
    await conn.execute(_SQL["mark_paid"], plan_id, now, posted.transfer_id)
    await sales.set_state(conn, sale, sales.DISTRIBUTED)
    _after_pay()
    return await lock(conn, plan_id)


async def lock(conn: Connection, plan_id: UUID) -> Plan:
    """The plan, locked until the transaction ends; raises `NotFound`."""
    return _plan(await conn.fetchrow(_SQL["lock_plan"], plan_id))


async def of_lot(conn: Connection, lot_id: UUID) -> Plan:
    """The standing plan of a lot; raises `NotFound`."""
    return _plan(await conn.fetchrow(_SQL["plan_of_lot"], lot_id))


def _plan(row: asyncpg.Record | None) -> Plan:
    if row is None:
        raise NotFound
    fields = {name: row[name] for name in Plan.__struct_fields__}
    return msgspec.convert({**fields, "content": read(fields["content"], PlanContent)}, Plan)


def _lines(
    sale: sales.Sale,
    sheet: costs.CostSheetContent,
    *,
    pledgees: Sequence[PledgeeClaim],
    pledgor: Payee,
    venue_name: str,
    creditors: Sequence[CreditorClaim] | None,
) -> tuple[PlanLine, ...]:
    """The waterfall's lines, each with its payee and the account that it goes through."""
    named = {COSTS: "COST", TAXES: "TAX"}
    by_name: dict[tuple[str, str], Payee] = {
        (line.kind, line.name): Payee(id=line.payee_id, name=line.payee_name)
        for line in sheet.lines
    }
    pledgees_by_name = _pledgees_by_name(pledgees)
    creditors_by_name = {claim.payee.name: claim.payee for claim in creditors or ()}
    lines = distribute_sale(
        sale.hammer_price_fen + sale.interest_paid_fen,
        costs=[_amount(line) for line in sheet.lines if line.kind == "COST"],
        taxes=[_amount(line) for line in sheet.lines if line.kind == "TAX"],
        pledgees=[claim.secured for claim in pledgees],
        pledgor=pledgor.name,
        creditors=None
        if creditors is None
        else [NamedAmount(name=claim.payee.name, amount_fen=claim.owed_fen) for claim in creditors],
    )
    planned = []
    if sale.buyer_premium_fen:
        planned.append(_premium(sale, venue_name))
    for line in lines:
        if line.to in named:
            payee = by_name[named[line.to], line.party or ""]
        elif line.to == PLEDGOR:
            payee = pledgor
        elif line.to == CREDITOR and line.party in creditors_by_name:
            payee = creditors_by_name[line.party]
        else:
            payee = pledgees_by_name[line.party or ""]
        planned.append(_planned(line, payee))
    return tuple(planned)


def _pledgees_by_name(pledgees: Sequence[PledgeeClaim]) -> dict[str, Payee]:
    found: dict[str, Payee] = {}
    for index, claim in enumerate(pledgees):
        if claim.secured.party != claim.payee.name or claim.payee.name in found:
            raise InvalidInput(
                f"pledgees[{index}].secured.party",
                "must be the payee's name, and each payee stands once",
                "须与收款人名称一致，且每个收款人只列一次",
            )
        found[claim.payee.name] = claim.payee
    holders = {holder.name: holder for claim in pledgees for holder in claim.holders}
    return holders | found


def _amount(line: costs.CostLine) -> NamedAmount:
    return NamedAmount(name=line.name, amount_fen=line.amount_fen)


def _premium(sale: sales.Sale, venue_name: str) -> PlanLine:
    return PlanLine(
        rank=0,
        to=BUYER_PREMIUM,
        party=venue_name,
        payee_id=sale.venue_id,
        payee_name=venue_name,
        account="venue_fee",
        owed_fen=sale.buyer_premium_fen,
        amount_fen=sale.buyer_premium_fen,
        left_fen=sale.hammer_price_fen + sale.interest_paid_fen,
        computation="paid by the buyer beside the price 买受人于价外支付",
    )


def _planned(line: Line, payee: Payee) -> PlanLine:
    account = {COSTS: "cost_payable", TAXES: "tax_payable", PLEDGOR: "surplus_payable"}
    return PlanLine(
        rank=line.rank,
        to=line.to,
        party=line.party or payee.name,
        payee_id=payee.id,
        payee_name=payee.name,
        account=account.get(line.to, "pledgee_payable"),
        owed_fen=line.owed_fen,
        amount_fen=line.amount_fen,
        left_fen=line.left_fen,
        computation=line.computation,
    )


def _by_account(content: PlanContent) -> dict[AccountKey, tuple[PlanLine, int]]:
    """What goes to each payable account: a pledgee's interest and principal are one payment."""
    due: dict[AccountKey, tuple[PlanLine, int]] = {}
    for line in content.lines:
        if line.amount_fen:
            key = AccountKey(line.account, line.payee_id, str(content.lot_id))
            first, amount_fen = due.get(key, (line, 0))
            due[key] = (first, amount_fen + line.amount_fen)
    return due


def _payout_ref(content: PlanContent, account: AccountKey) -> str:
    """A pledgee's money counts to the case, so that what a lender got for a case is one balance."""
    if content.case_id is not None and account.kind == "pledgee_payable":
        return f"case:{content.case_id}"
    return f"lot:{content.lot_id}"
