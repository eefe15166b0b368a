"""Deposits (保证金): one a bidder and lot, held out of the bidder's money, ended in exactly one way.

CREATED -> FROZEN -> RELEASED | APPLIED_TO_PRICE | FORFEITED | PARTLY_FORFEITED. A step asked for again answers as
the first time; another end of an ended deposit is refused. Source: domain 6.5.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput, NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import holds, payments, sales
from settlement.errors import DepositExists, IllegalStep, translated
from settlement.ledger import client_deposits, client_money, client_price, forfeited

_SQL = load_statements("settlement", "sql/deposits.sql")
CREATED, FROZEN, RELEASED = "CREATED", "FROZEN", "RELEASED"
APPLIED_TO_PRICE, FORFEITED, PARTLY_FORFEITED = "APPLIED_TO_PRICE", "FORFEITED", "PARTLY_FORFEITED"

_before_hold = register("settlement.deposits.before_hold")
_after_hold = register("settlement.deposits.after_hold")
_before_release = register("settlement.deposits.before_release")
_after_release = register("settlement.deposits.after_release")
_before_apply = register("settlement.deposits.before_apply")
_after_apply = register("settlement.deposits.after_apply")
_before_forfeit = register("settlement.deposits.before_forfeit")
_after_forfeit = register("settlement.deposits.after_forfeit")


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit; `kept_fen` is what of it went to the price or was forfeited."""

    id: UUID
    lot_id: UUID
    bidder_id: UUID
    amount_fen: int
    kept_fen: int
    state: str
    hold_id: UUID | None
    created_at: datetime
    closed_at: datetime | None


async def receive(
    conn: Connection,
    bidder_id: UUID,
    *,
    holder_id: UUID,
    bank_reference: str,
    amount_fen: int,
    received_at: datetime,
    now: datetime,
) -> payments.PaymentIn:
    """Record money that a bidder paid into a holder's custody; it is free until a deposit is held out of it."""
    return await payments.receive(
        conn,
        bidder_id,
        holder_id=holder_id,
        bank_reference=bank_reference,
        amount_fen=amount_fen,
        received_at=received_at,
        now=now,
    )


async def hold(
    conn: Connection,
    lot_id: UUID,
    bidder_id: UUID,
    *,
    holder_id: UUID,
    amount_fen: int,
    now: datetime,
) -> Deposit:
    """Hold a bidder's deposit for a lot out of the bidder's free money at the lot's holder.

    Raises `InsufficientFunds` when that is less, `DepositExists` when there is one of another amount.
    """
    if amount_fen <= 0:
        raise InvalidInput("amount_fen", f"must be above 0, not {amount_fen}", "须大于 0")
    with translated():
        await conn.execute(_SQL["insert_deposit"], uuid7(now), lot_id, bidder_id, amount_fen, now)
    row = await conn.fetchrow(_SQL["lock_by_lot_and_bidder"], lot_id, bidder_id)
    deposit = msgspec.convert(dict(row or {}), Deposit)
    if deposit.amount_fen != amount_fen or deposit.state not in (CREATED, FROZEN):
        raise DepositExists
    if deposit.state == FROZEN:
        return deposit
    hold_id = uuid7(now)
    _before_hold()
    await holds.hold(
        conn,
        hold_id,
        source=client_money(bidder_id, holder_id),
        held=client_deposits(bidder_id, lot_id),
        amount_fen=amount_fen,
        ref=f"lot:{lot_id}",
        now=now,
    )
    await conn.execute(_SQL["freeze_deposit"], deposit.id, hold_id)
    _after_hold()
    return msgspec.structs.replace(deposit, state=FROZEN, hold_id=hold_id)


async def release(conn: Connection, deposit_id: UUID, *, now: datetime) -> Deposit:
    """Give a deposit back into the bidder's free money."""
    deposit = await lock(conn, deposit_id)
    if deposit.state == RELEASED:
        return deposit
    hold_id = _frozen(deposit, RELEASED)
    _before_release()
    await holds.release(conn, hold_id, now=now)
    closed = await _close(conn, deposit, RELEASED, kept_fen=0, now=now)
    _after_release()
    return closed


async def apply_to_price(conn: Connection, deposit_id: UUID, *, now: datetime) -> Deposit:
    """Make the winner's deposit part of the price of the lot; what is not due goes back.

    Raises `NotFound` when the lot has no sale, `IllegalStep` when the depositor is not its buyer or the
    price is no longer due.
    """
    deposit = await lock(conn, deposit_id)
    if deposit.state == APPLIED_TO_PRICE:
        return deposit
    hold_id = _frozen(deposit, APPLIED_TO_PRICE)
    sale = await sales.lock(conn, deposit.lot_id)
    if sale.buyer_id != deposit.bidder_id:
        raise IllegalStep(f"deposit {deposit_id}", state="another bidder's", step=APPLIED_TO_PRICE)
    taken_fen = min(deposit.amount_fen, sale.due_fen - sale.paid_fen)
    if sale.state != sales.PRICE_DUE or taken_fen == 0:
        raise IllegalStep(f"sale of lot {sale.lot_id}", state=sale.state, step=APPLIED_TO_PRICE)
    _before_apply()
    await holds.capture(
        conn, hold_id, target=client_price(sale.lot_id), amount_fen=taken_fen, now=now
    )
    await sales.add_payment(conn, sale, amount_fen=taken_fen, of_deposit=True, now=now)
    closed = await _close(conn, deposit, APPLIED_TO_PRICE, kept_fen=taken_fen, now=now)
    _after_apply()
    return closed


async def forfeit(
    conn: Connection, deposit_id: UUID, *, now: datetime, kept_fen: int | None = None
) -> Deposit:
    """Keep a deposit, or `kept_fen` of it, until the re-auction's result is known; the rest goes back."""
    deposit = await lock(conn, deposit_id)
    keep_fen = deposit.amount_fen if kept_fen is None else kept_fen
    if not 1 <= keep_fen <= deposit.amount_fen:
        raise InvalidInput(
            "kept_fen",
            f"must be from CNY 0.01 to {yuan(deposit.amount_fen)}, not {yuan(keep_fen)}",
            f"须为 0.01 至 {yuan(deposit.amount_fen)} 元，不能是 {yuan(keep_fen)} 元",
        )
    state = FORFEITED if keep_fen == deposit.amount_fen else PARTLY_FORFEITED
    if (deposit.state, deposit.kept_fen) == (state, keep_fen):
        return deposit
    hold_id = _frozen(deposit, state)
    _before_forfeit()
    await holds.capture(
        conn, hold_id, target=forfeited(deposit.lot_id), amount_fen=keep_fen, now=now
    )
    closed = await _close(conn, deposit, state, kept_fen=keep_fen, now=now)
    _after_forfeit()
    return closed


async def of_lot(conn: Connection, lot_id: UUID) -> list[Deposit]:
    """The deposits for a lot, in the order made."""
    rows = await conn.fetch(_SQL["deposits_of_lot"], lot_id)
    return [msgspec.convert(dict(row), Deposit) for row in rows]


async def lock(conn: Connection, deposit_id: UUID) -> Deposit:
    """The deposit, locked until the transaction ends; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["lock_deposit"], deposit_id)
    if row is None:
        raise NotFound
    return msgspec.convert(dict(row), Deposit)


def _frozen(deposit: Deposit, step: str) -> UUID:
    if deposit.state != FROZEN or deposit.hold_id is None:
        raise IllegalStep(f"deposit {deposit.id}", state=deposit.state, step=step)
    return deposit.hold_id


async def _close(
    conn: Connection, deposit: Deposit, state: str, *, kept_fen: int, now: datetime
) -> Deposit:
    await conn.execute(_SQL["close_deposit"], deposit.id, state, kept_fen, now)
    return msgspec.structs.replace(deposit, state=state, kept_fen=kept_fen, closed_at=now)
