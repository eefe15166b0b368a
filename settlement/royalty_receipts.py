"""Licence money as it comes in: booked once, kept in escrow (提存) until its case can take it, then distributed.

Each receipt is a recovery of the case: the agency's share is its cost, the rest makes good the positions and, once they
are zero, goes down the waterfall to later pledgees and the pledgor. Source: domain 5.4, 6.6; contracts 2, step 8.
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import InvalidInput, NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import cases, licences, recoveries, reopening, royalties
from settlement.documents import canonical, read
from settlement.errors import DuplicateBankReference, IllegalStep, translated
from settlement.ledger import (
    AccountKey,
    Entry,
    Transfer,
    client_money,
    move,
    outside,
    post,
    post_one,
)
from settlement.licences import Licence
from settlement.payments import queue_payout
from settlement.royalties import Invoice
from settlement.rules.recovery import Recovered
from settlement.rules.royalties import as_recovery, late_interest
from settlement.rules.royalties import receive as share_with_agency

_SQL = load_statements("settlement", "sql/royalties.sql")
ESCROWED, DISTRIBUTED = "ESCROWED", "DISTRIBUTED"
_OPEN = (cases.ADVANCE_PAID, cases.DISPOSAL)
_CLEARED = (cases.FINAL_CLEARING, cases.CLOSED)
_WITHOUT_FUND = (cases.REJECTED, "CLAWED_BACK", "WRITTEN_OFF")

_before_receive = register("royalties.before_receive")
_after_receive = register("royalties.after_receive")
_before_distribute = register("royalties.before_distribute")
_after_distribute = register("royalties.after_distribute")


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What of a receipt went to whom, and why."""

    to: str
    payee_id: UUID
    account: str
    amount_fen: int


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Where a receipt went; `recovered` is what it did in the case, null where there is none."""

    shares: tuple[Share, ...]
    recovered: Recovered | None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A credit: `applied_fen` of it paid the invoice, the rest is the licensee's free money."""

    id: UUID
    licence_id: UUID
    invoice_id: UUID
    bank_reference: str
    amount_fen: int
    applied_fen: int
    agency_fen: int
    received_at: datetime
    recorded_by: UUID | None
    recorded_at: datetime
    state: str
    distributed_at: datetime | None
    rows: Shares | None


def escrow(licence_id: UUID) -> AccountKey:
    """Licence money that waits for its distribution."""
    return AccountKey("royalty_escrow", licence_id)


async def receive(
    conn: Connection,
    invoice_id: UUID,
    *,
    bank_reference: str,
    amount_fen: int,
    received_at: datetime,
    now: datetime,
    recorded_by: UUID | None = None,
) -> Receipt:
    """Book a credit for an invoice, once a bank reference, and distribute it where its case can take it.

    Raises `DuplicateBankReference` for the reference with other content or of a credit booked as something else,
    `IllegalStep` when the invoice is paid. What came late is charged interest in the next invoice.
    """
    _require_credit(amount_fen, received_at, now=now)
    invoice = await royalties.get_invoice(conn, invoice_id)
    licence = await licences.lock(conn, invoice.licence_id)
    known = await _by_reference(conn, bank_reference)
    if known is not None:
        return _same(known, invoice_id, amount_fen)
    invoice = await royalties.get_invoice(conn, invoice_id)  # as it is under the lock
    if invoice.open_fen == 0:
        raise IllegalStep(f"invoice {invoice.n} of {licence.id}", state="PAID", step="receipt")
    applied_fen = min(amount_fen, invoice.open_fen)
    income = share_with_agency(licence.content.terms, applied_fen)
    _before_receive()
    with translated():
        made = await conn.fetchval(
            _SQL["insert_receipt"],
            *(uuid7(now), licence.id, invoice_id, bank_reference, amount_fen, applied_fen),
            *(income.agency_fen, received_at, recorded_by, now),
        )
    if made is None:
        known = await _by_reference(conn, bank_reference)
        if known is None:
            raise DuplicateBankReference
        return _same(known, invoice_id, amount_fen)
    await conn.execute(_SQL["pay_invoice"], invoice_id, applied_fen)
    await _book(
        conn,
        licence,
        bank_reference=bank_reference,
        amount_fen=amount_fen,
        applied_fen=applied_fen,
        received_at=received_at,
        now=now,
    )
    await _charge_lateness(
        conn,
        licence,
        invoice,
        late_fen=applied_fen,
        reference=bank_reference,
        received_at=received_at,
        now=now,
    )
    _after_receive()
    return await distribute(conn, made, now=now)


def _require_credit(amount_fen: int, received_at: datetime, *, now: datetime) -> None:
    if amount_fen <= 0:
        raise InvalidInput("amount_fen", f"must be above 0, not {amount_fen}", "须大于 0")
    if received_at > now:
        raise InvalidInput("received_at", "must not be in the future", "不能晚于当前时间")


async def distribute(conn: Connection, receipt_id: UUID, *, now: datetime) -> Receipt:
    """Pass a receipt on, once; it stays in escrow while its case is between default and advance."""
    licence = await licences.lock(conn, (await get(conn, receipt_id)).licence_id)
    receipt = await get(conn, receipt_id)
    if receipt.state == DISTRIBUTED:
        return receipt
    case_id = licence.content.case_id
    case = None if case_id is None else await cases.get(conn, case_id)
    recovered: Recovered | None = None
    if case is not None and case.state not in _WITHOUT_FUND:
        if case.state not in _OPEN + _CLEARED or not _all_named(licence, case):
            return receipt
        income = share_with_agency(licence.content.terms, receipt.applied_fen)
        event = as_recovery(income, f"licence:{receipt.id}")
        if case.state in _OPEN:
            recovered = await recoveries.record_recovery(conn, case.id, event, now=now)
        else:
            recovered = await reopening.record_late_recovery(conn, case.id, event, now=now)
    shares = _shares(licence, receipt, recovered)
    _before_distribute()
    await _pay(conn, licence, receipt, shares, now=now)
    content = canonical(Shares(shares=shares, recovered=recovered))
    await conn.execute(_SQL["distribute_receipt"], receipt_id, now, content)
    _after_distribute()
    return await get(conn, receipt_id)


async def distribute_escrowed(
    conn: Connection, *, now: datetime, licence_id: UUID | None = None
) -> list[Receipt]:
    """Pass on whatever has waited and need not wait any more, oldest first."""
    waiting = [row["id"] for row in await conn.fetch(_SQL["escrowed_receipts"], licence_id)]
    done = [await distribute(conn, receipt_id, now=now) for receipt_id in waiting]
    return [receipt for receipt in done if receipt.state == DISTRIBUTED]


async def get(conn: Connection, receipt_id: UUID) -> Receipt:
    """A receipt; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["receipt"], receipt_id)
    if row is None:
        raise NotFound
    return _receipt(row)


async def of_licence(conn: Connection, licence_id: UUID) -> list[Receipt]:
    """The receipts of a licence, in the order booked."""
    return [_receipt(row) for row in await conn.fetch(_SQL["receipts"], licence_id)]


async def _book(
    conn: Connection,
    licence: Licence,
    *,
    bank_reference: str,
    amount_fen: int,
    applied_fen: int,
    received_at: datetime,
    now: datetime,
) -> None:
    licensee_id = licence.content.licensee_id
    transfers = [
        move(
            f"royalty:{bank_reference}:in",
            kind="royalty_in",
            ref=licence.ref,
            source=outside(licensee_id, licence.ref),
            target=escrow(licence.id),
            amount_fen=applied_fen,
            effective_at=received_at,
        )
    ]
    if amount_fen > applied_fen:
        over = move(
            f"royalty:{bank_reference}:over",
            kind="payment_in",
            ref=licence.ref,
            source=outside(licensee_id),
            target=client_money(licensee_id, licence.content.holder_id),
            amount_fen=amount_fen - applied_fen,
            effective_at=received_at,
        )
        transfers.append(over)
    await post(conn, transfers, now=now)


async def _charge_lateness(
    conn: Connection,
    licence: Licence,
    invoice: Invoice,
    *,
    late_fen: int,
    reference: str,
    received_at: datetime,
    now: datetime,
) -> None:
    """Interest from the day after the due day to the day of receipt, in Chinese days."""
    days = (received_at.astimezone(CHINA).date() - invoice.due_on).days
    terms = licence.content.terms
    interest_fen = late_interest(terms, overdue_fen=late_fen, days=days)
    if interest_fen:
        await royalties.add_charge(
            conn,
            licence.id,
            "LATE_INTEREST",
            reference=reference,
            amount_fen=interest_fen,
            computation=f"{yuan(late_fen)} × {days} days 天 × {terms.late_bp_year} bp 基点 / {terms.year_days}"
            f" (invoice 账单 {invoice.n}, due 期限 {invoice.due_on})",
            content=canonical(terms),
            recorded_by=None,
            now=now,
        )


def _shares(licence: Licence, receipt: Receipt, recovered: Recovered | None) -> tuple[Share, ...]:
    """Whom a receipt goes to: the agency first, then as the case's waterfall has it.

    Carried costs were advanced by the lender, so what pays them is the lender's.
    """
    content = licence.content
    parts: list[tuple[str, UUID, str, int]] = []
    if receipt.agency_fen:
        assert content.agency_id is not None, "a licence with an agency's share names the agency"
        parts.append(("agency", content.agency_id, "cost_payable", receipt.agency_fen))
    if recovered is None:
        rest_fen = receipt.applied_fen - receipt.agency_fen
        parts.append(("lender", content.lender_id, "pledgee_payable", rest_fen))
    else:
        costs_fen = recovered.waterfall[0].amount_fen - receipt.agency_fen
        lender_fen = costs_fen + sum(row.amount_fen for row in recovered.waterfall[1:5])
        parts.append(("lender", content.lender_id, "pledgee_payable", lender_fen))
        for row in recovered.waterfall[5:-1]:
            if row.amount_fen == 0:
                continue
            assert isinstance(row.party, str), "the row of a later pledgee names it"
            payee_id = content.later_pledgees[row.party]
            parts.append((row.party, payee_id, "creditor_payable", row.amount_fen))
        surplus_fen = recovered.waterfall[-1].amount_fen
        parts.append(("pledgor", content.pledgor_id, "surplus_payable", surplus_fen))
    return tuple(
        Share(to=to, payee_id=payee_id, account=account, amount_fen=fen)
        for to, payee_id, account, fen in parts
        if fen
    )


def _all_named(licence: Licence, case: cases.Case) -> bool:
    """Whether somebody stands behind each later pledgee: a claim may name more than the licence knew of."""
    claim, _, _ = case.claimed()
    return {junior.party for junior in claim.junior_claims} <= set(licence.content.later_pledgees)


async def _pay(
    conn: Connection,
    licence: Licence,
    receipt: Receipt,
    shares: tuple[Share, ...],
    *,
    now: datetime,
) -> None:
    """From escrow to what is payable to each; several shares of one payee on one account are one entry."""
    owed: dict[AccountKey, int] = {}
    for share in shares:
        key = AccountKey(share.account, share.payee_id, str(licence.id))
        owed[key] = owed.get(key, 0) + share.amount_fen
    await post_one(
        conn,
        Transfer(
            idempotency_id=f"royalty:{receipt.id}:out",
            kind="royalty_distributed",
            ref=licence.ref,
            entries=(
                Entry(escrow(licence.id), -receipt.applied_fen),
                *(Entry(key, fen) for key, fen in owed.items()),
            ),
        ),
        now=now,
    )
    for share in shares:
        await queue_payout(
            conn,
            AccountKey(share.account, share.payee_id, str(licence.id)),
            payee_id=share.payee_id,
            payee_name=share.to,
            amount_fen=share.amount_fen,
            purpose="royalty_paid",
            ref=licence.ref,
            now=now,
        )


async def _by_reference(conn: Connection, bank_reference: str) -> Receipt | None:
    row = await conn.fetchrow(_SQL["receipt_by_reference"], bank_reference)
    return None if row is None else _receipt(row)


def _same(known: Receipt, invoice_id: UUID, amount_fen: int) -> Receipt:
    if (known.invoice_id, known.amount_fen) != (invoice_id, amount_fen):
        raise DuplicateBankReference
    return known


def _receipt(row: asyncpg.Record) -> Receipt:
    rows = None if row["rows"] is None else read(row["rows"], Shares)
    return Receipt(**(dict(row) | {"rows": rows}))
