"""What stands beside a plan: claims on the proceeds, objections to the draft, and what other lots of the loan brought.

Claims are entered before the plan is drafted and shown in it, line by line. Whoever disagrees objects in time; while an
objection is not answered by another person the plan is not approved. Source: domain 6.1, 6.6 (民诉解释 506-510).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement import distribution, sales
from settlement.costs import CostSheetContent
from settlement.distribution import PlanContent
from settlement.documents import canonical, read
from settlement.errors import IllegalStep, SamePerson
from settlement.rules.several import Coverage, LotResult, SharedLot, coverage
from settlement.rules.waterfall import PLEDGEE_JOINT

_SQL = load_statements("settlement", "sql/distribution.sql")
OPEN, DISMISSED, UPHELD = "OPEN", "DISMISSED", "UPHELD"


class Claimant(msgspec.Struct, frozen=True, kw_only=True):
    """Someone else who claims of the proceeds: a joint or later pledgee, or another creditor before a court."""

    name: str
    code: str
    amount_fen: int = 0
    share_bp: int | None = None
    registered_on: date | None = None
    maximum_fen: int | None = None
    evidence: str = ""


class SaleClaims(msgspec.Struct, frozen=True, kw_only=True):
    """The document. `joint` are all who hold the consignor's pledge, it among them, by agreed shares.

    `creditors` null: no court distributes. `other_loans` are the consignor's further loans that the lot stands for, and
    `designated` those that the debtor wants paid first (Civil Code 560).
    """

    joint: tuple[Claimant, ...] = ()
    later: tuple[Claimant, ...] = ()
    creditors: tuple[Claimant, ...] | None = None
    other_loans: tuple[UUID, ...] = ()
    designated: tuple[UUID, ...] = ()
    costs_fen: int = 0
    damages_fen: int = 0


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said against a plan, and what it was answered."""

    id: UUID
    plan_id: UUID
    objector: str
    grounds: str
    state: str
    entered_by: UUID
    entered_at: datetime
    answer: str | None
    answered_by: UUID | None
    answered_at: datetime | None


async def enter_claims(
    conn: Connection, lot_id: UUID, claims: SaleClaims, *, entered_by: UUID, now: datetime
) -> None:
    """Enter who claims of a lot's proceeds, in place of what was entered before; until a plan is drafted."""
    sale = await sales.lock(conn, lot_id)
    if sale.state not in (sales.PRICE_DUE, sales.PRICE_PAID, sales.COSTS_LOCKED):
        raise IllegalStep(f"sale of lot {lot_id}", state=sale.state, step="claims")
    before = await entered_claims(conn, lot_id)  # that nobody claims is an entry, too
    if before is not None and canonical(before) == canonical(claims):
        return
    await conn.execute(_SQL["insert_sale_claims"], lot_id, canonical(claims), entered_by, now)


async def entered_claims(conn: Connection, lot_id: UUID) -> SaleClaims | None:
    """Who claims of a lot's proceeds beside its consignor, as entered last; None where nothing was."""
    content = await conn.fetchval(_SQL["sale_claims"], lot_id)
    return None if content is None else read(content, SaleClaims)


async def object_to(
    conn: Connection, lot_id: UUID, *, objector: str, grounds: str, entered_by: UUID, now: datetime
) -> Objection:
    """Enter an objection to the standing draft; raises `IllegalStep` when it is no draft or the time is over."""
    plan = await distribution.of_lot(conn, lot_id)
    plan = await distribution.lock(conn, plan.id)
    if plan.state != distribution.DRAFT or now > plan.objection_until:
        raise IllegalStep(f"plan {plan.id}", state=plan.state, step="objection")
    objection_id = uuid7(now)
    await conn.execute(
        _SQL["insert_objection"], objection_id, plan.id, objector, grounds, entered_by, now
    )
    return await _lock(conn, objection_id)


async def answer(
    conn: Connection,
    objection_id: UUID,
    *,
    is_upheld: bool,
    text: str,
    answered_by: UUID,
    now: datetime,
) -> Objection:
    """Answer an objection, by another person than who entered it; one that is upheld takes the draft back."""
    objection = await _lock(conn, objection_id)
    state = UPHELD if is_upheld else DISMISSED
    if objection.state != OPEN:
        if (objection.state, objection.answer, objection.answered_by) == (state, text, answered_by):
            return objection
        raise IllegalStep(f"objection {objection_id}", state=objection.state, step=state)
    if objection.entered_by == answered_by:
        raise SamePerson
    await conn.execute(_SQL["answer_objection"], objection_id, state, text, answered_by, now)
    if is_upheld:
        await distribution.withdraw_plan(conn, objection.plan_id)
    return await _lock(conn, objection_id)


async def objections(conn: Connection, plan_id: UUID) -> list[Objection]:
    """The objections to a plan, in the order entered."""
    return [_objection(row) for row in await conn.fetch(_SQL["objections"], plan_id)]


async def given_to_loan(conn: Connection, case_id: UUID, *, but_for: UUID) -> dict[UUID, int]:
    """What the standing plans of other lots give to a loan, lot by lot, in fen."""
    return await _given(conn, case_id, but_for, is_paid=False)


async def paid_to_loan(conn: Connection, case_id: UUID) -> dict[UUID, int]:
    """What lots' plans that were paid gave to a loan, lot by lot, in fen."""
    return await _given(conn, case_id, None, is_paid=True)


async def _given(
    conn: Connection, case_id: UUID, but_for: UUID | None, *, is_paid: bool
) -> dict[UUID, int]:
    paid: dict[UUID, int] = {}
    for row in await conn.fetch(_SQL["plans_of_case"], case_id, but_for, is_paid):
        content = read(row["content"], PlanContent)
        if content.debts:
            own = [one.amount_fen for one in content.debts if one.debt == str(case_id)]
        else:
            own = [
                line.amount_fen
                for line in content.lines
                if line.to == PLEDGEE_JOINT
                or (line.account == "pledgee_payable" and line.payee_id == row["consignor_id"])
            ]
        paid[row["lot_id"]] = sum(own)
    return paid


async def covered(
    conn: Connection, case_id: UUID, *, owed_fen: int, received_fen: int = 0
) -> Coverage:
    """Whether the lots of a loan that were sold cover what is owed, with what was received beside them.

    The known costs of each come out first.
    """
    return coverage(owed_fen, await sold_lots(conn, case_id), received_fen=received_fen)


async def sold_lots(conn: Connection, case_id: UUID) -> list[LotResult]:
    """The lots of a loan that were sold and stand, in the order sold, with their known costs."""
    return [_result(row) for row in await conn.fetch(_SQL["sold_of_case"], case_id)]


async def sold_for(
    conn: Connection, case_ids: Collection[UUID], *, stated: Mapping[UUID, Sequence[UUID]]
) -> list[SharedLot]:
    """The lots sold that stand for any of these loans, as their own, by claims entered or `stated`; in the order sold.

    `stated`: the further loans of lots as they were arranged, which count where no claims were entered.
    """
    wanted = {str(one) for one in case_ids}
    rows = await conn.fetch(_SQL["sold_for_cases"], list(case_ids), sorted(wanted), list(stated))
    found = [_shared(row, stated.get(row["lot_id"], ())) for row in rows]
    return [one for one in found if wanted & set(one.debts)]


def _shared(row: asyncpg.Record, stated: Sequence[UUID]) -> SharedLot:
    one = _result(row)
    claims = SaleClaims(other_loans=tuple(stated))
    if row["claims"] is not None:
        claims = read(row["claims"], SaleClaims)
    return SharedLot(
        lot=one.lot,
        price_fen=one.price_fen,
        costs_fen=one.costs_fen,
        debts=tuple(map(str, (row["case_id"], *claims.other_loans))),
        designated=tuple(map(str, claims.designated)),
    )


def left_of(debt: Sequence[int], paid_fen: int) -> list[int]:
    """What is left of a debt's parts, in the order in which they are paid, after `paid_fen`."""
    left = []
    for part_fen in debt:
        taken_fen = min(part_fen, paid_fen)
        paid_fen -= taken_fen
        left.append(part_fen - taken_fen)
    return left


def _result(row: asyncpg.Record) -> LotResult:
    sheet = None if row["content"] is None else read(row["content"], CostSheetContent)
    costs_fen = 0 if sheet is None else sum(line.amount_fen for line in sheet.lines)
    return LotResult(lot=str(row["lot_id"]), price_fen=row["hammer_price_fen"], costs_fen=costs_fen)


async def _lock(conn: Connection, objection_id: UUID) -> Objection:
    row = await conn.fetchrow(_SQL["lock_objection"], objection_id)
    if row is None:
        raise NotFound(f"no objection {objection_id}", f"没有异议 {objection_id}")
    return _objection(row)


def _objection(row: asyncpg.Record) -> Objection:
    return msgspec.convert(dict(row), Objection)
