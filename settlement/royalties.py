"""Licence income over the years: terms, period statements, invoices, audits, interest for lateness.

What an audit finds and what is late is owed in the period in which it is found, so no invoice is ever changed.
What came in is the business of `royalty_receipts`. Source: domain 6.6 (royalty stream), 5.6 example 5.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import licences
from settlement.documents import canonical, read
from settlement.errors import IdempotencyIdReused
from settlement.licences import ACTIVE, ENDED, Licence, require
from settlement.rules.references import reference_of, shown
from settlement.rules.royalties import Royalty, audit_adjustment, royalty

_SQL = load_statements("settlement", "sql/royalties.sql")
InvoiceKind = Literal["ENTRY_FEE", "PERIOD", "CHARGES"]
ChargeKind = Literal["AUDIT", "LATE_INTEREST", "CREDIT"]


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an invoice with how it was reached; below 0 it is a credit."""

    name: str
    name_zh: str
    amount_fen: int
    computation: str


class InvoiceContent(msgspec.Struct, frozen=True, kw_only=True):
    """What an invoice says. `sales_fen` and `deductions_fen` are as the licensee stated them for the period."""

    sales_fen: int | None
    deductions_fen: int | None
    royalty: Royalty | None
    lines: tuple[InvoiceLine, ...]


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice; `paid_fen` of `due_fen` has come in. Its payer writes `reference` (缴款编号) on the transfer."""

    id: UUID
    licence_id: UUID
    reference: str
    n: int
    kind: InvoiceKind
    period_from: date | None
    period_to: date | None
    content: InvoiceContent
    due_fen: int
    paid_fen: int
    due_on: date
    issued_by: UUID
    issued_at: datetime

    @property
    def open_fen(self) -> int:
        """What is still to come in."""
        return self.due_fen - self.paid_fen


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found of an invoiced period."""

    invoice_id: UUID
    found_sales_fen: int
    found_deductions_fen: int


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for, or is in, an invoice beside the period's royalty."""

    id: UUID
    kind: ChargeKind
    reference: str
    amount_fen: int
    computation: str
    invoice_id: UUID | None
    recorded_at: datetime


CHARGE_NAMES: dict[str, tuple[str, str]] = {
    "AUDIT": ("audit adjustment", "审计调整"),
    "LATE_INTEREST": ("late interest", "逾期利息"),
    "CREDIT": ("credit carried forward", "结转抵扣"),
}


async def invoice_entry_fee(
    conn: Connection, licence_id: UUID, *, due_on: date, issued_by: UUID, now: datetime
) -> Invoice:
    """Invoice the entry fee (入门费), once."""
    licence = await licences.lock(conn, licence_id)
    known = next((one for one in await invoices(conn, licence_id) if one.kind == "ENTRY_FEE"), None)
    if known is not None:
        return known
    require(licence, ACTIVE, step="invoice")
    fee_fen = licence.content.terms.entry_fee_fen
    if fee_fen == 0:
        raise InvalidInput("licence", "has no entry fee", "许可合同未约定入门费")
    lines = [
        InvoiceLine(
            name="entry fee",
            name_zh="入门费",
            amount_fen=fee_fen,
            computation="as agreed 依合同约定",
        )
    ]
    return await _issue(
        conn, licence, "ENTRY_FEE", lines=lines, due_on=due_on, issued_by=issued_by, now=now
    )


async def invoice_period(
    conn: Connection,
    licence_id: UUID,
    *,
    period_from: date,
    period_to: date,
    sales_fen: int,
    deductions_fen: int,
    due_on: date,
    issued_by: UUID,
    now: datetime,
) -> Invoice:
    """Invoice a period by the licensee's statement of its sales, with all charges that wait.

    The same period with the same figures is answered as the first time; raises `IdempotencyIdReused` with others (an
    audit corrects them), `InvalidInput` for a period outside the licence or one that overlaps another.
    """
    licence = await licences.lock(conn, licence_id)
    issued = await invoices(conn, licence_id)
    for known in issued:
        if known.kind == "PERIOD" and known.period_from == period_from:
            stated = (known.period_to, known.content.sales_fen, known.content.deductions_fen)
            if stated != (period_to, sales_fen, deductions_fen):
                raise IdempotencyIdReused
            return known
    require(licence, ACTIVE, step="invoice")
    _check_period(licence, issued, period_from, period_to)
    owed = royalty(licence.content.terms, sales_fen=sales_fen, deductions_fen=deductions_fen)
    lines = [
        InvoiceLine(
            name="royalty",
            name_zh="许可使用费",
            amount_fen=owed.due_fen,
            computation=owed.computation,
        )
    ]
    return await _issue(
        conn,
        licence,
        "PERIOD",
        lines=lines,
        stated=(sales_fen, deductions_fen, owed),
        period=(period_from, period_to),
        due_on=due_on,
        issued_by=issued_by,
        now=now,
    )


async def invoice_charges(
    conn: Connection, licence_id: UUID, *, due_on: date, issued_by: UUID, now: datetime
) -> Invoice:
    """Invoice what waits although no period follows. Raises `InvalidInput` when nothing above 0 waits."""
    licence = await licences.lock(conn, licence_id)
    require(licence, ACTIVE, ENDED, step="invoice")
    if sum(charge.amount_fen for charge in await waiting(conn, licence_id)) <= 0:
        raise InvalidInput("licence", "has no charge that waits", "没有待开票的费用")
    return await _issue(
        conn, licence, "CHARGES", lines=[], due_on=due_on, issued_by=issued_by, now=now
    )


async def record_audit(
    conn: Connection,
    invoice_id: UUID,
    *,
    reference: str,
    found_sales_fen: int,
    found_deductions_fen: int,
    recorded_by: UUID,
    now: datetime,
) -> Charge | None:
    """Note what an audit found of an invoiced period; the difference is owed in the period now running.

    None where it changes nothing, as below the minimum guarantee. The same reference with the same finding is
    answered as the first time. A second audit of a period counts from what the first found.
    """
    invoice = await get_invoice(conn, invoice_id)
    licence = await licences.lock(conn, invoice.licence_id)
    if invoice.content.royalty is None:
        raise InvalidInput("invoice_id", "is not a period's invoice", "不是期间结算的账单")
    found = Audit(
        invoice_id=invoice_id,
        found_sales_fen=found_sales_fen,
        found_deductions_fen=found_deductions_fen,
    )
    known = await conn.fetchrow(_SQL["charge_by_reference"], licence.id, "AUDIT", reference)
    if known is not None:
        if known["content"] != canonical(found):
            raise IdempotencyIdReused
        return _charge(known)
    terms = licence.content.terms
    now_owed = royalty(terms, sales_fen=found_sales_fen, deductions_fen=found_deductions_fen)
    before = await _found_before(conn, licence, invoice)
    difference_fen = audit_adjustment(
        terms, stated_base_fen=before.base_fen, found_base_fen=now_owed.base_fen
    )
    if difference_fen == 0:
        return None
    how = f"found 审计认定 {yuan(now_owed.due_fen)} - stated 原申报 {yuan(before.due_fen)} (invoice 账单 {invoice.n})"
    return await add_charge(
        conn,
        licence.id,
        "AUDIT",
        reference=reference,
        amount_fen=difference_fen,
        computation=how,
        content=canonical(found),
        recorded_by=recorded_by,
        now=now,
    )


async def add_charge(
    conn: Connection,
    licence_id: UUID,
    kind: ChargeKind,
    *,
    reference: str,
    amount_fen: int,
    computation: str,
    content: bytes,
    recorded_by: UUID | None,
    now: datetime,
) -> Charge:
    """Note what the next invoice charges, once a reference."""
    await conn.execute(
        _SQL["insert_charge"],
        *(uuid7(now), licence_id, kind, reference, amount_fen, computation, content),
        *(recorded_by, now),
    )
    row = await conn.fetchrow(_SQL["charge_by_reference"], licence_id, kind, reference)
    assert row is not None, "a charge just inserted is there"
    return _charge(row)


async def waiting(conn: Connection, licence_id: UUID) -> list[Charge]:
    """The charges that no invoice has yet."""
    return [_charge(row) for row in await conn.fetch(_SQL["waiting_charges"], licence_id)]


async def get_invoice(conn: Connection, invoice_id: UUID) -> Invoice:
    """An invoice; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["invoice"], invoice_id)
    if row is None:
        raise NotFound
    return _invoice(row)


async def invoices(conn: Connection, licence_id: UUID) -> list[Invoice]:
    """The invoices of a licence, in order."""
    return [_invoice(row) for row in await conn.fetch(_SQL["invoices"], licence_id)]


async def _issue(
    conn: Connection,
    licence: Licence,
    kind: InvoiceKind,
    *,
    lines: Sequence[InvoiceLine],
    due_on: date,
    issued_by: UUID,
    now: datetime,
    stated: tuple[int, int, Royalty] | None = None,
    period: tuple[date, date] | None = None,
) -> Invoice:
    """Store an invoice of these lines and all charges that wait; a sum below 0 is carried to the next."""
    charges = await waiting(conn, licence.id)
    whole = [*lines, *(_line(charge) for charge in charges)]
    sum_fen = sum(line.amount_fen for line in whole)
    sales_fen, deductions_fen, owed = stated or (None, None, None)
    content = InvoiceContent(
        sales_fen=sales_fen, deductions_fen=deductions_fen, royalty=owed, lines=tuple(whole)
    )
    invoice_id = uuid7(now)
    period_from, period_to = period or (None, None)
    await conn.execute(
        _SQL["insert_invoice"],
        *(invoice_id, licence.id, kind, period_from, period_to, canonical(content)),
        *(max(sum_fen, 0), due_on, issued_by, now),
    )
    await conn.execute(_SQL["invoice_charges"], licence.id, invoice_id)
    invoice = await get_invoice(conn, invoice_id)
    if sum_fen < 0:
        await add_charge(
            conn,
            licence.id,
            "CREDIT",
            reference=f"invoice {invoice.n}",
            amount_fen=sum_fen,
            computation=f"invoice 账单 {invoice.n} came to 合计 {yuan(sum_fen)}",
            content=canonical(content),
            recorded_by=issued_by,
            now=now,
        )
    return invoice


async def _found_before(conn: Connection, licence: Licence, invoice: Invoice) -> Royalty:
    """What a period owed by the last audit of it, or by its statement."""
    assert invoice.content.royalty is not None, "checked by the caller"
    owed = invoice.content.royalty
    for row in await conn.fetch(_SQL["audits"], licence.id):
        found = read(row["content"], Audit)
        if found.invoice_id == invoice.id:
            owed = royalty(
                licence.content.terms,
                sales_fen=found.found_sales_fen,
                deductions_fen=found.found_deductions_fen,
            )
    return owed


def _check_period(
    licence: Licence, issued: Sequence[Invoice], period_from: date, period_to: date
) -> None:
    content = licence.content
    if not content.starts_on <= period_from <= period_to <= content.ends_on:
        raise InvalidInput(
            "period_from",
            f"the period must be within {content.starts_on} to {content.ends_on}",
            f"结算期须在 {content.starts_on} 至 {content.ends_on} 之内",
        )
    for one in issued:
        if one.period_from is None or one.period_to is None:
            continue
        if period_from <= one.period_to and one.period_from <= period_to:
            raise InvalidInput(
                "period_from",
                f"overlaps invoice {one.n}, {one.period_from} to {one.period_to}",
                f"与第 {one.n} 期账单重叠",
            )


def _line(charge: Charge) -> InvoiceLine:
    name, name_zh = CHARGE_NAMES[charge.kind]
    return InvoiceLine(
        name=name, name_zh=name_zh, amount_fen=charge.amount_fen, computation=charge.computation
    )


def _invoice(row: asyncpg.Record) -> Invoice:
    fields = dict(row)
    reference = shown(reference_of("ROYALTY", row["id"], fields.pop("licensee_id")))
    content = read(row["content"], InvoiceContent)
    return Invoice(**(fields | {"content": content, "reference": reference}))


def _charge(row: asyncpg.Record) -> Charge:
    fields = dict(row)
    del fields["content"]
    return Charge(**fields)
