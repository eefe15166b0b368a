"""A price paid in instalments (分期付款): agreed by two people, at least three tenths first, the rest within a year.

The deposit counts as paid and stays a deposit until the last part. The rest bears interest at the rate that notice or
contract state, each part's due with it. One instalment missed, its interest included, is the price missed (悔拍).
Source: domain 2.5 (price payment), 6.5.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import InvalidInput
from kit.failpoints import register
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import orders, sales
from settlement.calendars import china
from settlement.errors import IllegalStep
from settlement.rules.instalments import with_interest
from settlement.sales import Instalment

_SQL = load_statements("settlement", "sql/orders.sql")
FIRST_PART_BP, FIRST_WORKING_DAYS, LONGEST = 3_000, 5, timedelta(days=365)

_before_agree = register("settlement.instalments.before_agree")
_after_agree = register("settlement.instalments.after_agree")


class InstalmentPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The document: what is due when, what interest it bears by which computation, and what secures the rest."""

    lot_id: UUID
    due_fen: int
    interest_bp_year: int = 0
    interest_fen: int = 0
    instalments: tuple[Instalment, ...]
    computations: tuple[str, ...] = ()
    security: str
    reason: str


async def propose(
    conn: Connection,
    lot_id: UUID,
    *,
    parts: Sequence[tuple[int, datetime]],
    interest_bp_year: int,
    security: str,
    reason: str,
    proposed_by: UUID,
    now: datetime,
) -> orders.Order:
    """Propose instalments of a price that is due; `parts` are amounts with their days, in order.

    `interest_bp_year` is the bank rate a year that notice or contract state, in basis points; 0 where they state none.
    """
    sale = await sales.lock(conn, lot_id)
    _must_be_due(sale)
    check_parts(sale, parts)
    document = await _plan(
        conn, sale, parts, interest_bp_year=interest_bp_year, security=security, reason=reason
    )
    return await orders.propose(
        conn, orders.INSTALMENTS, lot_id, document, proposed_by=proposed_by, now=now
    )


async def agree(
    conn: Connection, lot_id: UUID, *, content_hash: bytes, agreed_by: UUID, now: datetime
) -> sales.Sale:
    """Agree to the instalments as proposed, by another person: the deadline is the last one's day."""
    sale = await sales.lock(conn, lot_id)
    order, was_done = await orders.approve(
        conn,
        orders.INSTALMENTS,
        lot_id,
        content_hash=content_hash,
        approved_by=agreed_by,
        now=now,
    )
    if was_done:
        return sale
    _must_be_due(sale)
    plan = orders.document_of(order, InstalmentPlan)
    _before_agree()
    for part in plan.instalments:
        await conn.execute(
            _SQL["insert_instalment"],
            *(lot_id, part.number, part.amount_fen, part.interest_fen, part.due_at, order.id),
        )
    deadline_at = plan.instalments[-1].due_at
    await conn.execute(_SQL["set_deadline"], lot_id, deadline_at, plan.interest_fen)
    _after_agree()
    return await sales.get(conn, lot_id)


async def of_notice(
    conn: Connection,
    lot_id: UUID,
    *,
    parts: Sequence[tuple[int, datetime]],
    interest_bp_year: int,
    reason: str,
    proposed_by: UUID,
    agreed_by: UUID,
    now: datetime,
) -> sales.Sale:
    """Put the instalments that a notice stated for every buyer, when its two people accept one of the offers.

    From here they are like any that were agreed afterwards: the same interest, the same default.
    """
    sale = await sales.lock(conn, lot_id)
    document = await _plan(
        conn,
        sale,
        parts,
        interest_bp_year=interest_bp_year,
        security="as the notice says 以公告为准",
        reason=reason,
    )
    order = await orders.propose(
        conn, orders.INSTALMENTS, lot_id, document, proposed_by=proposed_by, now=now
    )
    return await agree(conn, lot_id, content_hash=order.content_hash, agreed_by=agreed_by, now=now)


async def _plan(
    conn: Connection,
    sale: sales.Sale,
    parts: Sequence[tuple[int, datetime]],
    *,
    interest_bp_year: int,
    security: str,
    reason: str,
) -> InstalmentPlan:
    bearing = with_interest(
        [(amount_fen, due_at.astimezone(CHINA).date()) for amount_fen, due_at in parts],
        deposit_fen=await sales.frozen_deposit_fen(conn, sale.lot_id),
        bp_year=interest_bp_year,
    )
    return InstalmentPlan(
        lot_id=sale.lot_id,
        due_fen=sale.due_fen,
        interest_bp_year=interest_bp_year,
        interest_fen=sum(part.interest_fen for part in bearing),
        instalments=tuple(
            Instalment(
                number=number,
                amount_fen=part.amount_fen,
                interest_fen=part.interest_fen,
                due_at=due_at,
            )
            for number, (part, (_, due_at)) in enumerate(zip(bearing, parts, strict=True), start=1)
        ),
        computations=tuple(part.computation for part in bearing),
        security=security,
        reason=reason,
    )


def check_parts(sale: sales.Sale, parts: Sequence[tuple[int, datetime]]) -> None:
    """Refuse parts that do not make up the price, are out of order, start too small or late, or last too long."""
    if len(parts) < 2 or sum(amount_fen for amount_fen, _ in parts) != sale.due_fen:
        _refuse(
            f"must be at least two parts that add up to CNY {yuan(sale.due_fen)}",
            f"须至少两期，合计等于 {yuan(sale.due_fen)} 元",
        )
    days = [due_at for _, due_at in parts]
    if any(later <= earlier for earlier, later in pairwise(days)):
        _refuse("must each be due after the one before", "各期到期时间须依次递增")
    if parts[0][0] * 10_000 < sale.due_fen * FIRST_PART_BP:
        _refuse("must begin with at least 30% of the price", "首期不得低于总价款的 30%")
    sold_on = sale.sold_at.astimezone(CHINA).date()
    first_until = china().add_workdays(sold_on, FIRST_WORKING_DAYS)
    if days[0].astimezone(CHINA).date() > first_until:
        _refuse(
            f"must begin within {FIRST_WORKING_DAYS} working days, by {first_until}",
            f"首期须在 {FIRST_WORKING_DAYS} 个工作日内（{first_until} 前）支付",
        )
    if days[-1] > sale.sold_at + LONGEST:
        _refuse("must end within a year of the sale", "付款期限不得超过一年")


def _refuse(message: str, message_zh: str) -> None:
    raise InvalidInput("instalments", message, message_zh)


def _must_be_due(sale: sales.Sale) -> None:
    if sale.state != sales.PRICE_DUE:
        raise IllegalStep(f"sale of lot {sale.lot_id}", state=sale.state, step="instalments")
