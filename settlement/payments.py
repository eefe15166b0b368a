"""Money that comes in from a bank and is matched to what is due, and money that is to leave.

A bank's reference names one credit: read twice, it is booked once. What is to leave waits on a payable account with
a row in `payouts` until the bank says that it left. Source: domain 6.6; reliability T33.
"""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import InvalidInput, NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement import sales
from settlement.errors import DuplicateBankReference, IllegalStep, translated
from settlement.ledger import (
    AccountKey,
    Transfer,
    client_interest,
    client_money,
    client_price,
    move,
    open_accounts,
    outside,
    post,
    post_one,
)

_SQL = load_statements("settlement", "sql/payments.sql")
FREE: Final = "FREE"
EXACT: Final = "EXACT"
PARTIAL: Final = "PARTIAL"
OVER: Final = "OVER"
Match = Literal["FREE", "EXACT", "PARTIAL", "OVER"]
QUEUED, PAID = "QUEUED", "PAID"

_before_receive = register("settlement.payments.before_receive")
_after_receive = register("settlement.payments.after_receive")
_before_payout = register("settlement.payments.before_payout")
_after_payout = register("settlement.payments.after_payout")


class PaymentIn(msgspec.Struct, frozen=True, kw_only=True):
    """A credit in a holder's custody. `match` compares it with what was due for the lot; FREE has no lot.

    `holder_id` is null for what was booked before holders were told apart.

    `applied_fen` went to the price, `interest_fen` to its instalments' interest; the rest is the payer's free money.
    """

    id: UUID
    bank_reference: str
    payer_id: UUID
    holder_id: UUID | None
    lot_id: UUID | None
    amount_fen: int
    applied_fen: int
    interest_fen: int
    match: Match
    received_at: datetime
    recorded_at: datetime


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """Money that is to leave, from the payable account on which it waits."""

    id: UUID
    payee_id: UUID
    payee_name: str
    amount_fen: int
    purpose: str
    ref: str
    state: str
    bank_reference: str | None
    queued_at: datetime
    paid_at: datetime | None
    source: AccountKey


async def receive(
    conn: Connection,
    payer_id: UUID,
    *,
    bank_reference: str,
    amount_fen: int,
    received_at: datetime,
    now: datetime,
    lot_id: UUID | None = None,
    holder_id: UUID | None = None,
) -> PaymentIn:
    """Book a credit, and match it to the price of `lot_id` where one is named: its venue holds it then.

    Free money names who holds it (`holder_id`), and covers what is held or paid there alone.

    What is due is paid first (EXACT, PARTIAL, OVER); what is more is the payer's free money, and so is what comes
    after the price is paid, because the bank has it already. The same reference with the same content is answered
    as the first time; with other content, or booked as something else, it is refused (`DuplicateBankReference`). Raises
    `IllegalStep` when the payer is not the lot's buyer or the buyer defaulted.
    """
    if amount_fen <= 0:
        raise InvalidInput("amount_fen", f"must be above 0, not {amount_fen}", "须大于 0")
    if received_at > now:
        raise InvalidInput("received_at", "must not be in the future", "不能晚于当前时间")
    sale = None if lot_id is None else await sales.lock(conn, lot_id)
    held_by = holder_id if sale is None else sale.venue_id
    assert held_by is not None, "free money has a holder"
    known = await _by_reference(conn, bank_reference)
    if known is not None:
        return _same(known, held_by, payer_id=payer_id, lot_id=lot_id, amount_fen=amount_fen)
    applied_fen, interest_fen, match = await _taken(conn, sale, payer_id, amount_fen)
    _before_receive()
    with translated():
        made = await conn.fetchval(
            _SQL["insert_payment"],
            *(uuid7(now), bank_reference, payer_id, lot_id, amount_fen, applied_fen, interest_fen),
            *(match, received_at, now, held_by),
        )
    booked = await _by_reference(conn, bank_reference)
    if booked is None:  # another's, who booked it at this moment
        raise DuplicateBankReference
    if made is None:
        return _same(booked, held_by, payer_id=payer_id, lot_id=lot_id, amount_fen=amount_fen)
    await post(conn, _transfers(booked, held_by), now=now)
    if sale is not None and applied_fen + interest_fen:
        await sales.add_bank_payment(conn, sale, applied_fen, interest_fen, now=now)
    _after_receive()
    return booked


async def is_booked(conn: Connection, bank_reference: str) -> bool:
    """Whether a credit was booked under this reference of the bank."""
    return await _by_reference(conn, bank_reference) is not None


async def of_lot(conn: Connection, lot_id: UUID) -> list[PaymentIn]:
    """The credits for a lot, in the order booked."""
    rows = await conn.fetch(_SQL["payments_of_lot"], lot_id)
    return [msgspec.convert(dict(row), PaymentIn) for row in rows]


async def queue_payout(
    conn: Connection,
    source: AccountKey,
    *,
    payee_id: UUID,
    payee_name: str,
    amount_fen: int,
    purpose: str,
    ref: str,
    now: datetime,
) -> UUID:
    """Note that money on a payable account is to leave; the account has it already. Returns the payout's id."""
    payout_id = uuid7(now)
    ids = await open_accounts(conn, [source], now=now)
    await conn.execute(
        _SQL["insert_payout"],
        *(payout_id, ids[source], payee_id, payee_name, amount_fen, purpose, ref, now),
    )
    return payout_id


async def confirm_payout(
    conn: Connection, payout_id: UUID, *, bank_reference: str, now: datetime
) -> Payout:
    """The bank paid it out: the payable is gone, once. A second confirmation must name the same debit."""
    payout = _payout(await conn.fetchrow(_SQL["lock_payout"], payout_id))
    if payout.state == PAID:
        if payout.bank_reference == bank_reference:
            return payout
        raise IllegalStep(f"payout {payout_id}", state=PAID, step=PAID)
    if await conn.fetchval(_SQL["payout_by_reference"], bank_reference) is not None:
        raise DuplicateBankReference
    _before_payout()
    await post_one(
        conn,
        move(
            f"payout:{payout_id}",
            kind=payout.purpose,
            ref=payout.ref,
            source=payout.source,
            target=outside(payout.payee_id, payout.ref),
            amount_fen=payout.amount_fen,
        ),
        now=now,
    )
    await conn.execute(_SQL["pay_payout"], payout_id, bank_reference, now)
    _after_payout()
    return msgspec.structs.replace(payout, state=PAID, bank_reference=bank_reference, paid_at=now)


async def correct_reference(conn: Connection, payout_id: UUID, *, bank_reference: str) -> Payout:
    """Put another reference of the bank's in the place of a paid payout's; no money moves.

    Raises `DuplicateBankReference` where another payout left under it.
    """
    if await is_reference_used(conn, bank_reference, but_for=payout_id):
        raise DuplicateBankReference
    await conn.execute(_SQL["correct_payout"], payout_id, bank_reference)
    return await get(conn, payout_id)


async def get(conn: Connection, payout_id: UUID) -> Payout:
    """A payout, locked until the transaction ends; raises `NotFound`."""
    return _payout(await conn.fetchrow(_SQL["lock_payout"], payout_id))


async def is_reference_used(conn: Connection, bank_reference: str, *, but_for: UUID) -> bool:
    """Whether another payout than `but_for` left under this reference of the bank."""
    found = await conn.fetchval(_SQL["payout_by_reference"], bank_reference)
    return found is not None and found != but_for


async def payouts_of(conn: Connection, subject_id: UUID) -> list[Payout]:
    """The payouts of a lot's plan, or of a case's compensation, in the order queued."""
    return [_payout(row) for row in await conn.fetch(_SQL["payouts_of"], str(subject_id))]


async def _by_reference(conn: Connection, bank_reference: str) -> PaymentIn | None:
    row = await conn.fetchrow(_SQL["payment_by_reference"], bank_reference)
    return None if row is None else msgspec.convert(dict(row), PaymentIn)


def _same(
    known: PaymentIn, holder_id: UUID, *, payer_id: UUID, lot_id: UUID | None, amount_fen: int
) -> PaymentIn:
    given = (holder_id, payer_id, lot_id, amount_fen)
    if (known.holder_id or holder_id, known.payer_id, known.lot_id, known.amount_fen) != given:
        raise DuplicateBankReference
    return known


def _transfers(one: PaymentIn, holder_id: UUID) -> list[Transfer]:
    """What a credit moves: into the payer's free money, and from there what is due to the price and its interest."""
    ref = f"bidder:{one.payer_id}" if one.lot_id is None else f"lot:{one.lot_id}"
    free = client_money(one.payer_id, holder_id)
    transfers = [
        move(
            f"payment:{one.bank_reference}:in",
            kind="payment_in",
            ref=ref,
            source=outside(one.payer_id),
            target=free,
            amount_fen=one.amount_fen,
            effective_at=one.received_at,
        )
    ]
    if one.lot_id is None:
        return transfers
    parts = (
        ("price", "price_paid", client_price(one.lot_id), one.applied_fen),
        ("interest", "instalment_interest_paid", client_interest(one.lot_id), one.interest_fen),
    )
    transfers += [
        move(
            f"payment:{one.bank_reference}:{name}",
            kind=kind,
            ref=ref,
            source=free,
            target=target,
            amount_fen=fen,
            effective_at=one.received_at,
        )
        for name, kind, target, fen in parts
        if fen
    ]
    return transfers


async def _taken(
    conn: Connection, sale: sales.Sale | None, payer_id: UUID, amount_fen: int
) -> tuple[int, int, Match]:
    """What of a credit goes to the price of a sale and what to its interest, and how it compares with what was due."""
    if sale is None:
        return 0, 0, FREE
    taken_fen, match = _match(sale, payer_id, amount_fen)
    return *await sales.divide_payment(conn, sale, taken_fen), match


def _match(sale: sales.Sale, payer_id: UUID, amount_fen: int) -> tuple[int, Match]:
    due_fen = sale.due_fen - sale.paid_fen + sale.interest_due_fen - sale.interest_paid_fen
    if sale.buyer_id != payer_id:
        raise IllegalStep(f"sale of lot {sale.lot_id}", state="another buyer's", step="payment")
    if sale.state == sales.DEFAULTED:
        raise IllegalStep(f"sale of lot {sale.lot_id}", state=sale.state, step="payment")
    if sale.state != sales.PRICE_DUE:
        return 0, OVER
    if amount_fen == due_fen:
        return due_fen, EXACT
    return (amount_fen, PARTIAL) if amount_fen < due_fen else (due_fen, OVER)


def _payout(row: asyncpg.Record | None) -> Payout:
    if row is None:
        raise NotFound
    fields = dict(row)
    source = AccountKey(
        fields.pop("source_kind"), fields.pop("source_owner"), fields.pop("source_ref")
    )
    return msgspec.convert({**fields, "source": source}, Payout)
