"""Licences: drafted and run by a bank's maker, approved by its checker; receipts are booked by who holds the money.

Source: domain 6.6 (royalty stream), 7.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import NotFound
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.cases import service as loans
from marketplace.cases.schemas import Case
from marketplace.licences.schemas import (
    AuditIn,
    DueIn,
    LicenceIn,
    LicenceMoved,
    LicenceOut,
    LicenceSummary,
    PeriodIn,
    ReceiptIn,
)
from marketplace.organisations.schemas import SYSTEM_USER_ID, Caller, OrganisationKind
from marketplace.outbox import service as outbox
from settlement import (
    licences,
    paper_sources,
    papers,
    payee_accounts,
    refunds,
    royalties,
    royalty_receipts,
)
from settlement.documents import read
from settlement.ledger import client_money
from settlement.licences import LicenceContent
from settlement.paper_bodies import RoyaltyBody
from settlement.papers import Paper
from settlement.payee_accounts import PayeeAccount
from settlement.royalty_receipts import Receipt
from settlement.rules.royalties import RoyaltyTerms

_SQL = load_statements("marketplace.licences", "queries.sql")
_WATCH = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})


async def draft(conn: Connection, caller: Caller, given: LicenceIn, *, now: datetime) -> LicenceOut:
    """Draft a licence for a loan of the caller's bank; raises `NotFound` for another's loan, `InvalidInput`."""
    loan = await loans.get(conn, caller, given.case_id)
    has_case = await conn.fetchval(_SQL["has_case"], loan.id)
    content = LicenceContent(
        id=uuid7(now),
        title=given.title,
        case_id=loan.id if has_case else None,
        loan_id=loan.id,
        holder_id=given.holder_id or caller.organisation_id,
        lender_id=caller.organisation_id,
        pledgor_id=given.pledgor_id,
        licensee_id=given.licensee_id,
        agency_id=given.agency_id,
        later_pledgees=given.later_pledgees,
        starts_on=given.starts_on,
        ends_on=given.ends_on,
        terms=msgspec.convert(msgspec.to_builtins(given.terms), RoyaltyTerms),
    )
    await licences.draft(conn, content, drafted_by=caller.user_id, now=now)
    return await _noted(conn, caller, content.id, "licence_drafted", now=now)


async def approve(
    conn: Connection, caller: Caller, licence_id: UUID, sha256: str, *, now: datetime
) -> LicenceOut:
    """Another person of the bank agrees to the licence as shown."""

    async def step() -> object:
        return await licences.approve(
            conn,
            licence_id,
            content_hash=bytes.fromhex(sha256),
            approved_by=caller.user_id,
            now=now,
        )

    return await _step(conn, caller, licence_id, "licence_approved", step, now=now)


async def end(conn: Connection, caller: Caller, licence_id: UUID, *, now: datetime) -> LicenceOut:
    """No further period is invoiced."""

    async def step() -> object:
        return await licences.end(conn, licence_id)

    return await _step(conn, caller, licence_id, "licence_ended", step, now=now)


async def invoice_entry_fee(
    conn: Connection, caller: Caller, licence_id: UUID, given: DueIn, *, now: datetime
) -> LicenceOut:
    """Invoice the entry fee, once."""

    async def step() -> object:
        return await royalties.invoice_entry_fee(
            conn, licence_id, due_on=given.due_on, issued_by=caller.user_id, now=now
        )

    return await _step(conn, caller, licence_id, "entry_fee_invoiced", step, now=now)


async def invoice_charges(
    conn: Connection, caller: Caller, licence_id: UUID, given: DueIn, *, now: datetime
) -> LicenceOut:
    """Invoice what waits although no period follows."""

    async def step() -> object:
        return await royalties.invoice_charges(
            conn, licence_id, due_on=given.due_on, issued_by=caller.user_id, now=now
        )

    return await _step(conn, caller, licence_id, "charges_invoiced", step, now=now)


async def invoice_period(
    conn: Connection, caller: Caller, licence_id: UUID, given: PeriodIn, *, now: datetime
) -> LicenceOut:
    """Invoice a period by the licensee's statement."""

    async def step() -> object:
        return await royalties.invoice_period(
            conn,
            licence_id,
            period_from=given.period_from,
            period_to=given.period_to,
            sales_fen=given.sales_fen,
            deductions_fen=given.deductions_fen,
            due_on=given.due_on,
            issued_by=caller.user_id,
            now=now,
        )

    return await _step(conn, caller, licence_id, "period_invoiced", step, now=now)


async def record_audit(
    conn: Connection,
    caller: Caller,
    licence_id: UUID,
    invoice_id: UUID,
    given: AuditIn,
    *,
    now: datetime,
) -> LicenceOut:
    """What an audit found of a period; its difference is owed in the period now running."""

    async def step() -> object:
        await _require_invoice(conn, licence_id, invoice_id)
        return await royalties.record_audit(
            conn,
            invoice_id,
            reference=given.reference,
            found_sales_fen=given.found_sales_fen,
            found_deductions_fen=given.found_deductions_fen,
            recorded_by=caller.user_id,
            now=now,
        )

    return await _step(conn, caller, licence_id, "audit_recorded", step, now=now)


async def receive(
    conn: Connection,
    caller: Caller,
    licence_id: UUID,
    invoice_id: UUID,
    given: ReceiptIn,
    *,
    now: datetime,
    sender: tuple[UUID, str] | None = None,
) -> LicenceOut:
    """A credit for an invoice reached the caller, who holds the licence's money; `NotFound` for anybody else.

    What is above the invoice stays the licensee's free money in a venue's custody; a bank keeps none, so it is queued
    to go back to the `sender` (id and name), the licensee unless said otherwise.
    """
    if (await licences.get(conn, licence_id)).content.holder_id != caller.organisation_id:
        raise NotFound
    before = await royalty_receipts.of_licence(conn, licence_id)
    is_known = any(one.bank_reference == given.bank_reference for one in before)

    async def step() -> object:
        await _require_invoice(conn, licence_id, invoice_id)
        receipt = await royalty_receipts.receive(
            conn,
            invoice_id,
            bank_reference=given.bank_reference,
            amount_fen=given.amount_fen,
            received_at=given.received_at,
            recorded_by=caller.user_id,
            now=now,
        )
        if caller.organisation_kind is OrganisationKind.BANK and not is_known:
            await _give_back(conn, caller, receipt, sender, now=now)
        return receipt

    return await _step(conn, caller, licence_id, "royalty_received", step, now=now, is_holder=True)


async def receive_matched(
    conn: Connection,
    caller: Caller,
    invoice_id: UUID,
    given: ReceiptIn,
    *,
    sender: tuple[UUID, str],
    now: datetime,
) -> LicenceOut:
    """Book a credit for an invoice that a statement of the caller, the licence's holder, shows, and who sent it."""
    licence_id = (await royalties.get_invoice(conn, invoice_id)).licence_id
    return await receive(conn, caller, licence_id, invoice_id, given, sender=sender, now=now)


async def _give_back(
    conn: Connection,
    caller: Caller,
    receipt: Receipt,
    sender: tuple[UUID, str] | None,
    *,
    now: datetime,
) -> None:
    """Queue what of a receipt is above its invoice to go back, once."""
    over_fen = receipt.amount_fen - receipt.applied_fen
    if over_fen == 0:
        return
    licensee_id = (await licences.get(conn, receipt.licence_id)).content.licensee_id
    if sender is None:
        names = await conn.fetch(_SQL["names"], [licensee_id])
        sender = (licensee_id, names[0]["name"] if names else "licensee 被许可人")
    payee_id, payee_name = sender
    await refunds.send_back(
        conn,
        client_money(licensee_id, caller.organisation_id),
        holder_id=caller.organisation_id,
        payee_id=payee_id,
        payee_name=payee_name,
        subject=f"over:{receipt.id}",
        amount_fen=over_fen,
        now=now,
    )


async def distribute(
    conn: Connection, caller: Caller, licence_id: UUID, *, now: datetime
) -> LicenceOut:
    """Pass on what waited in escrow and need not wait any more."""

    async def step() -> object:
        return await royalty_receipts.distribute_escrowed(conn, licence_id=licence_id, now=now)

    return await _step(conn, caller, licence_id, "royalties_distributed", step, now=now)


async def get(conn: Connection, caller: Caller, licence_id: UUID) -> LicenceOut:
    """A licence that the caller may see; raises `NotFound`."""
    found = await conn.fetchval(
        _SQL["visible"], licence_id, _sees_all(caller), caller.organisation_id
    )
    if found is None:
        raise NotFound
    licence = await licences.get(conn, licence_id)
    return LicenceOut(
        id=licence_id,
        content=licence.content,
        content_sha256=licence.content_hash.hex(),
        state=licence.state,
        drafted_by=licence.drafted_by,
        drafted_at=licence.drafted_at,
        approved_by=licence.approved_by,
        invoices=await royalties.invoices(conn, licence_id),
        waiting=await royalties.waiting(conn, licence_id),
        receipts=await royalty_receipts.of_licence(conn, licence_id),
    )


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[LicenceSummary]:
    """Up to `limit` licences that the caller may see, with ids after `after`."""
    rows = await conn.fetch(_SQL["page"], after, _sees_all(caller), caller.organisation_id, limit)
    return [_summary(row) for row in rows]


async def statement(conn: Connection, caller: Caller, licence_id: UUID) -> RoyaltyBody:
    """What the 许可费结算单 of a licence says as the books stand now; raises `NotFound` for who may not see it."""
    content = (await get(conn, caller, licence_id)).content
    ids = [content.licensee_id, content.lender_id, content.pledgor_id, content.holder_id]
    ids += [*content.later_pledgees.values(), *([content.agency_id] if content.agency_id else [])]
    # The escrow account is the holder's alone, and agencies are hidden from each other; the statement names both.
    async with everything(conn):
        names = {row["id"]: row["name"] for row in await conn.fetch(_SQL["names"], ids)}
        return await paper_sources.royalty_body(conn, licence_id, names=names)


async def account_of(conn: Connection, licence: LicenceOut) -> PayeeAccount | None:
    """The bank account of who holds the licence's money, into which its invoices are paid; None until it has one."""
    holder_id = licence.content.holder_id
    return (await payee_accounts.active(conn, holder_id, [holder_id])).get(holder_id)


async def loan_of(conn: Connection, caller: Caller, licence: LicenceOut) -> Case | None:
    """The loan whose rights are licensed, for its bank; None for anybody else, and where the licence names none."""
    content = licence.content
    loan_id = content.loan_id or content.case_id
    if loan_id is None or content.lender_id != caller.organisation_id:
        return None
    return await loans.get(conn, caller, loan_id)


async def paper(conn: Connection, caller: Caller, licence_id: UUID, *, now: datetime) -> Paper:
    """The 许可费结算单 of a licence that the caller may see."""
    body = await statement(conn, caller, licence_id)
    return await papers.issue(
        conn, papers.ROYALTY, licence_id, body, now=now, issued_by=caller.user_id
    )


def _sees_all(caller: Caller) -> bool:
    return caller.organisation_kind in _WATCH or caller.user_id == SYSTEM_USER_ID


def _summary(row: asyncpg.Record) -> LicenceSummary:
    content = read(row["content"], LicenceContent)
    return LicenceSummary(
        id=row["id"],
        title=content.title,
        state=row["state"],
        starts_on=content.starts_on,
        ends_on=content.ends_on,
        due_fen=row["due_fen"],
        paid_fen=row["paid_fen"],
    )


async def _step(
    conn: Connection,
    caller: Caller,
    licence_id: UUID,
    action: str,
    step: Callable[[], Awaitable[object]],
    *,
    now: datetime,
    is_holder: bool = False,
) -> LicenceOut:
    """Do a step of a licence of the caller's bank, or of its holder; what changes nothing is not noted."""
    before = await get(conn, caller, licence_id)
    if not is_holder and before.content.lender_id != caller.organisation_id:
        raise NotFound
    await step()
    if await get(conn, caller, licence_id) == before:
        return before
    return await _noted(conn, caller, licence_id, action, now=now)


async def _require_invoice(conn: Connection, licence_id: UUID, invoice_id: UUID) -> None:
    if (await royalties.get_invoice(conn, invoice_id)).licence_id != licence_id:
        raise NotFound


async def _noted(
    conn: Connection, caller: Caller, licence_id: UUID, action: str, *, now: datetime
) -> LicenceOut:
    after = await get(conn, caller, licence_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action=action,
        subject="licence",
        subject_id=licence_id,
        after={
            "state": after.state,
            "sha256": after.content_sha256,
            "invoices": len(after.invoices),
            "received_fen": sum(receipt.applied_fen for receipt in after.receipts),
        },
    )
    await outbox.add(conn, LicenceMoved(licence_id=licence_id, what=action), now=now)
    return after
