"""What a defaulting buyer owes beyond its deposit (差额追偿): claimed when the deposit is used, paid from bank lines.

A claim is for the uses that the deposit did not cover, where the terms say that they are owed: never in a court's
network sale, where that is disputed. What comes in pays them in the terms' order and leaves to whoever bore the loss.
Source: domain 6.5 (2020 拍卖变卖规定 art. 22; 拍卖法 39).
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import payments, sales
from settlement.deposits import Deposit
from settlement.distribution import Payee
from settlement.documents import canonical, read
from settlement.errors import DuplicateBankReference
from settlement.ledger import AccountKey, Entry, Transfer, client_money, post_one
from settlement.rules.case import Cost, RecoveryEvent
from settlement.rules.deposits import ForfeitTerms, Forfeiture, Loss

_SQL = load_statements("settlement", "sql/buyer_claims.sql")
OWED = "owed"
LENDERS = "shortfall"

_before_receive = register("buyer_claims.before_receive")
_after_receive = register("buyer_claims.after_receive")


class ClaimLine(msgspec.Struct, frozen=True, kw_only=True):
    """A use that the deposit did not cover, whom it is owed to, and how its amount was reached."""

    to: str
    payee: Payee
    amount_fen: int
    computation: str


class ClaimContent(msgspec.Struct, frozen=True, kw_only=True):
    """The document: the claim, line by line, in the order in which it is paid."""

    lot_id: UUID
    lines: tuple[ClaimLine, ...]


class BuyerClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim on the buyer of a lot, and what came in of it."""

    lot_id: UUID
    deposit_id: UUID
    debtor_id: UUID
    holder_id: UUID
    content: ClaimContent
    amount_fen: int
    paid_fen: int
    claimed_at: datetime

    @property
    def open_fen(self) -> int:
        """What is still owed."""
        return self.amount_fen - self.paid_fen


class ClaimReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A credit for a claim; `costs_fen` of what was applied made good costs and commissions, the rest the lender's."""

    id: UUID
    lot_id: UUID
    bank_reference: str
    amount_fen: int
    applied_fen: int
    costs_fen: int
    received_at: datetime
    recorded_at: datetime


def lines_of(
    used: Forfeiture, terms: ForfeitTerms, loss: Loss, *, costs_to: Payee, lender: Payee
) -> tuple[ClaimLine, ...]:
    """What a deposit did not cover of the loss, where the terms say that it is owed; nothing otherwise."""
    if terms.excess != OWED:
        return ()
    caused = {
        "costs": loss.costs_fen,
        "shortfall": loss.shortfall_fen,
        "commission": loss.commission_fen,
    }
    return tuple(
        ClaimLine(
            to=use,
            payee=lender if use == LENDERS else costs_to,
            amount_fen=caused[use] - used.amount(use),
            computation=f"{yuan(caused[use])} lost 损失 - {yuan(used.amount(use))} out of the deposit 保证金已抵",
        )
        for use in terms.uses
        if caused[use] > used.amount(use)
    )


async def enter(
    conn: Connection, deposit: Deposit, *, lines: tuple[ClaimLine, ...], now: datetime
) -> None:
    """Enter what the deposit did not cover as a claim on the buyer.

    Nothing where there is nothing, or where the deposit is another bidder's: that one never owed the price.
    """
    sale = await sales.get(conn, deposit.lot_id)
    if not lines or deposit.bidder_id != sale.buyer_id:
        return
    content = ClaimContent(lot_id=sale.lot_id, lines=lines)
    amount_fen = sum(line.amount_fen for line in lines)
    await conn.execute(
        _SQL["insert_claim"],
        *(sale.lot_id, deposit.id, sale.buyer_id, sale.venue_id, canonical(content), amount_fen),
        now,
    )


async def receive(
    conn: Connection,
    lot_id: UUID,
    *,
    bank_reference: str,
    amount_fen: int,
    received_at: datetime,
    now: datetime,
) -> ClaimReceipt | None:
    """Book a credit for a claim, once a bank reference; what is more than is owed is the payer's free money.

    None where nothing was owed any more. Raises `NotFound` without a claim, `DuplicateBankReference` for the reference
    of another credit, or of one that was booked as something else.
    """
    claim = _claim(await conn.fetchrow(_SQL["lock_claim"], lot_id))
    for known in await receipts(conn, lot_id):
        if known.bank_reference == bank_reference:
            if known.amount_fen != amount_fen:
                raise DuplicateBankReference
            return known
    if claim.open_fen and await payments.is_booked(conn, bank_reference):
        raise DuplicateBankReference  # it was free money, or paid another lot: not this claim as well
    _before_receive()
    await payments.receive(
        conn,
        claim.debtor_id,
        holder_id=claim.holder_id,
        bank_reference=bank_reference,
        amount_fen=amount_fen,
        received_at=received_at,
        now=now,
    )
    applied_fen = min(amount_fen, claim.open_fen)
    if not applied_fen:
        return None
    paid = _divide(claim, applied_fen)
    receipt_id = uuid7(now)
    costs_fen = sum(fen for line, fen in paid if line.to != LENDERS)
    await conn.execute(
        _SQL["insert_receipt"],
        *(receipt_id, lot_id, bank_reference, amount_fen, applied_fen, costs_fen, received_at, now),
    )
    await conn.execute(_SQL["add_paid"], lot_id, applied_fen)
    await _pass_on(conn, claim, receipt_id, paid, now=now)
    _after_receive()
    return await receipt(conn, receipt_id)


async def find(conn: Connection, lot_id: UUID) -> BuyerClaim | None:
    """The claim on the buyer of a lot; None where there is none."""
    row = await conn.fetchrow(_SQL["claim"], lot_id)
    return None if row is None else _claim(row)


async def receipts(conn: Connection, lot_id: UUID) -> list[ClaimReceipt]:
    """What came in for a claim, in the order booked."""
    return [
        msgspec.convert(dict(row), ClaimReceipt)
        for row in await conn.fetch(_SQL["receipts"], lot_id)
    ]


async def receipt(conn: Connection, receipt_id: UUID) -> ClaimReceipt:
    """One credit for a claim; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["receipt"], receipt_id)
    if row is None:
        raise NotFound
    return msgspec.convert(dict(row), ClaimReceipt)


def as_recovery(one: ClaimReceipt) -> RecoveryEvent:
    """A credit for a claim as a recovery of the loan: what made good costs is their cost, as with the deposit."""
    costs = (
        (Cost(name="failed auction 流拍费用", amount_fen=one.costs_fen),) if one.costs_fen else ()
    )
    return RecoveryEvent(id=f"buyer_claim:{one.id}", gross_fen=one.applied_fen, costs=costs)


def _divide(claim: BuyerClaim, amount_fen: int) -> list[tuple[ClaimLine, int]]:
    """What of a payment goes to which line, in their order, after what was paid before."""
    before_fen, left_fen, found = claim.paid_fen, amount_fen, []
    for line in claim.content.lines:
        open_fen = max(line.amount_fen - before_fen, 0)
        before_fen = max(before_fen - line.amount_fen, 0)
        taken_fen = min(open_fen, left_fen)
        left_fen -= taken_fen
        if taken_fen:
            found.append((line, taken_fen))
    return found


async def _pass_on(
    conn: Connection,
    claim: BuyerClaim,
    receipt_id: UUID,
    paid: list[tuple[ClaimLine, int]],
    *,
    now: datetime,
) -> None:
    """Move what was paid to what is payable to those who bore the loss, and queue it; a lender's counts to its case."""
    ref = str(claim.lot_id)
    due: dict[AccountKey, tuple[Payee, int]] = {}
    for line, fen in paid:
        kind = "pledgee_payable" if line.to == LENDERS else "cost_payable"
        key = AccountKey(kind, line.payee.id, ref)
        due[key] = (line.payee, due.get(key, (line.payee, 0))[1] + fen)
    whole_fen = sum(fen for _, fen in paid)
    await post_one(
        conn,
        Transfer(
            idempotency_id=f"buyer_claim:{receipt_id}",
            kind="buyer_claim_paid",
            ref=f"lot:{ref}",
            entries=(
                Entry(client_money(claim.debtor_id, claim.holder_id), -whole_fen),
                *(Entry(key, fen) for key, (_, fen) in due.items()),
            ),
        ),
        now=now,
    )
    case_id = (await sales.get(conn, claim.lot_id)).case_id
    for key, (payee, fen) in due.items():
        of_case = key.kind == "pledgee_payable" and case_id is not None
        await payments.queue_payout(
            conn,
            key,
            payee_id=payee.id,
            payee_name=payee.name,
            amount_fen=fen,
            purpose=f"{key.kind}_paid",
            ref=f"case:{case_id}" if of_case else f"lot:{ref}",
            now=now,
        )


def _claim(row: asyncpg.Record | None) -> BuyerClaim:
    if row is None:
        raise NotFound("there is no claim on the buyer of this lot", "该标的没有对买受人的追偿")
    fields = dict(row)
    content = read(fields.pop("content"), ClaimContent)
    return msgspec.convert({**fields, "content": content}, BuyerClaim)
