"""What a buyer owes for a lot and how far it is settled: one row a lot.

PRICE_DUE -> PRICE_PAID -> COSTS_LOCKED -> PLAN_DRAFTED -> PLAN_APPROVED -> DISTRIBUTED -> CLOSED, or DEFAULTED; or
RESCINDED before the distribution. Source: domain 6.6.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.failpoints import register
from kit.money import FEN_MAX
from kit.sql import Connection, load_statements
from settlement.errors import IllegalStep
from settlement.rules.instalments import Part, apply_payment

_SQL = load_statements("settlement", "sql/sales.sql")
_ORDERS = load_statements("settlement", "sql/orders.sql")
PRICE_DUE, PRICE_PAID, COSTS_LOCKED = "PRICE_DUE", "PRICE_PAID", "COSTS_LOCKED"
PLAN_DRAFTED, PLAN_APPROVED = "PLAN_DRAFTED", "PLAN_APPROVED"
DISTRIBUTED, CLOSED, DEFAULTED = "DISTRIBUTED", "CLOSED", "DEFAULTED"
RESCINDED = "RESCINDED"
ReleaseOn = Literal["PRICE_PAID", "TITLE_RECORDED"]

_before_record = register("settlement.sales.before_record")
_after_record = register("settlement.sales.after_record")


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """A lot sold. `due_fen` is hammer price and buyer's premium, `paid_fen` with the deposit in it. Beside it
    stands the interest of instalments, where they bear any.

    `release_on` says when the proceeds may leave escrow: once the price is paid, or once the title is
    recorded at the registry (default outside court sales; domain 6.6). `returned_fen` is what of the price went back
    to the buyer: nothing or all that was paid of it.
    """

    lot_id: UUID
    buyer_id: UUID
    consignor_id: UUID
    venue_id: UUID
    case_id: UUID | None
    hammer_price_fen: int
    buyer_premium_fen: int
    due_fen: int
    deposit_fen: int
    paid_fen: int
    returned_fen: int
    interest_due_fen: int
    interest_paid_fen: int
    state: str
    release_on: ReleaseOn
    objection_days: int
    sold_at: datetime
    deadline_at: datetime
    price_paid_at: datetime | None
    title_recorded_at: datetime | None


class Instalment(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the price with the interest that it bears, and until when both must be there."""

    number: int
    amount_fen: int
    interest_fen: int = 0
    due_at: datetime


async def record_sale(
    conn: Connection,
    lot_id: UUID,
    *,
    buyer_id: UUID,
    consignor_id: UUID,
    venue_id: UUID,
    hammer_price_fen: int,
    deadline_at: datetime,
    sold_at: datetime,
    case_id: UUID | None = None,
    buyer_premium_fen: int = 0,
    release_on: ReleaseOn = "TITLE_RECORDED",
    objection_days: int = 15,
) -> Sale:
    """Record that a lot was sold and what is due for it; the same sale again is answered as the first time."""
    for name, amount_fen, least in (
        ("hammer_price_fen", hammer_price_fen, 1),
        ("buyer_premium_fen", buyer_premium_fen, 0),
    ):
        if not least <= amount_fen <= FEN_MAX:
            raise InvalidInput(
                name, f"must be from {least} to {FEN_MAX}", f"须为 {least} 至 {FEN_MAX}"
            )
    _before_record()
    await conn.execute(
        _SQL["insert_sale"],
        *(lot_id, buyer_id, consignor_id, venue_id, case_id, hammer_price_fen),
        *(buyer_premium_fen, release_on, objection_days, sold_at, deadline_at),
    )
    _after_record()
    sale = await get(conn, lot_id)
    if (sale.buyer_id, sale.hammer_price_fen, sale.buyer_premium_fen, sale.case_id) != (
        buyer_id,
        hammer_price_fen,
        buyer_premium_fen,
        case_id,
    ):
        raise Conflict(
            f"lot {lot_id} is sold already, to another buyer or at another price",
            f"标的 {lot_id} 已成交，买受人或价格不同",
        )
    return sale


async def get(conn: Connection, lot_id: UUID) -> Sale:
    """The sale of a lot; raises `NotFound`."""
    return _sale(await conn.fetchrow(_SQL["sale"], lot_id))


async def lock(conn: Connection, lot_id: UUID) -> Sale:
    """The sale of a lot, locked until the transaction ends; raises `NotFound`."""
    return _sale(await conn.fetchrow(_SQL["lock_sale"], lot_id))


async def overdue(conn: Connection, *, now: datetime) -> list[Sale]:
    """Sales whose price is still due after the deadline, oldest first."""
    return [_sale(row) for row in await conn.fetch(_SQL["overdue"], now)]


async def mark_defaulted(conn: Connection, lot_id: UUID, *, now: datetime) -> Sale:
    """The buyer did not pay in time (悔拍). Raises `IllegalStep` when paid, or when neither the deadline nor an
    instalment's day is over.
    """
    sale = await lock(conn, lot_id)
    if sale.state == DEFAULTED:
        return sale
    is_late = now > sale.deadline_at or await missed_instalment(conn, sale, now=now) is not None
    if sale.state != PRICE_DUE or not is_late:
        raise IllegalStep(f"sale of lot {lot_id}", state=sale.state, step=DEFAULTED)
    return await set_state(conn, sale, DEFAULTED)


async def instalments(conn: Connection, lot_id: UUID) -> list[Instalment]:
    """What of the price is due when, where instalments were agreed; none otherwise."""
    rows = await conn.fetch(_ORDERS["instalments"], lot_id)
    return [msgspec.convert(dict(row), Instalment) for row in rows]


async def missed_instalment(conn: Connection, sale: Sale, *, now: datetime) -> Instalment | None:
    """The first instalment that was due before `now` and is not there; the held deposit counts as paid."""
    unmet = await unmet_instalment(conn, sale)
    return unmet if unmet is not None and now > unmet.due_at else None


async def unmet_instalment(conn: Connection, sale: Sale) -> Instalment | None:
    """The first instalment of a price that is due of which something is not there, whether or not its day is over."""
    if sale.state != PRICE_DUE:
        return None
    there_fen = sale.paid_fen + await frozen_deposit_fen(conn, sale.lot_id)
    interest_fen = sale.interest_paid_fen
    for instalment in await instalments(conn, sale.lot_id):
        there_fen -= instalment.amount_fen
        interest_fen -= instalment.interest_fen
        if there_fen < 0 or interest_fen < 0:
            return instalment
    return None


async def frozen_deposit_fen(conn: Connection, lot_id: UUID) -> int:
    """What the buyer's deposit, while it is held, covers of the price."""
    return int(await conn.fetchval(_ORDERS["frozen_deposit"], lot_id))


async def divide_payment(conn: Connection, sale: Sale, amount_fen: int) -> tuple[int, int]:
    """What of a payment goes to the price and what to interest; all of it to the price where none is owed."""
    if sale.interest_paid_fen == sale.interest_due_fen:
        return amount_fen, 0
    parts = [
        Part(amount_fen=one.amount_fen, interest_fen=one.interest_fen)
        for one in await instalments(conn, sale.lot_id)
    ]
    return apply_payment(
        parts,
        amount_fen,
        paid_fen=sale.paid_fen + await frozen_deposit_fen(conn, sale.lot_id),
        interest_paid_fen=sale.interest_paid_fen,
    )


async def record_title(conn: Connection, lot_id: UUID, *, recorded_at: datetime) -> Sale:
    """The registry recorded the transfer (过户登记完成); the first date stays. Raises IllegalStep, NotFound."""
    row = await conn.fetchrow(_SQL["set_title_recorded"], lot_id, recorded_at)
    if row is None:
        sale = _sale(await conn.fetchrow(_SQL["sale"], lot_id))
        raise IllegalStep(f"the sale of lot {lot_id}", state=sale.state, step="title_recorded")
    return _sale(row)


async def add_payment(
    conn: Connection, sale: Sale, *, amount_fen: int, of_deposit: bool, now: datetime
) -> Sale:
    """Count money that was posted to the lot's price account; the last fen makes it PRICE_PAID."""
    deposit_fen = amount_fen if of_deposit else 0
    return _sale(
        await conn.fetchrow(_SQL["add_payment"], sale.lot_id, amount_fen, deposit_fen, now, 0)
    )


async def add_bank_payment(
    conn: Connection, sale: Sale, amount_fen: int, interest_fen: int, *, now: datetime
) -> Sale:
    """Count a credit that was posted to the lot's price and interest accounts; the last fen makes it PRICE_PAID."""
    return _sale(
        await conn.fetchrow(_SQL["add_payment"], sale.lot_id, amount_fen, 0, now, interest_fen)
    )


async def set_state(conn: Connection, sale: Sale, state: str) -> Sale:
    """Move a locked sale on; the database refuses a step that does not exist."""
    return _sale(await conn.fetchrow(_SQL["set_state"], sale.lot_id, state))


def _sale(row: asyncpg.Record | None) -> Sale:
    if row is None:
        raise NotFound("there is no sale of this lot", "该标的尚未成交")
    return msgspec.convert(dict(row), Sale)
