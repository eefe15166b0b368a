"""The bodies of papers as the books have them: licences, claims, the progress of recoveries."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.sql import Connection, load_statements
from settlement import cases, compensation, licences, recoveries, returning, royalties
from settlement import royalty_receipts as receipts
from settlement.cases import Case
from settlement.claim_lines import claim_lines
from settlement.ledger import balance
from settlement.paper_bodies import (
    ApplicationBody,
    ClaimFacts,
    InvoiceRow,
    PartyRow,
    ProgressBody,
    ProgressRow,
    ReceiptRow,
    ReviewBody,
    ReviewRow,
    RoyaltyBody,
)
from settlement.rules.ageing import Overdue, age, days_late
from settlement.rules.quarters import span
from settlement.rules.recovery import start_book
from settlement.statement_words import SHARES, word

_SQL = load_statements("settlement", "sql/papers.sql")
_CASES = load_statements("settlement", "sql/cases.sql")
Names = Mapping[UUID, str]


async def royalty_body(conn: Connection, licence_id: UUID, *, names: Names) -> RoyaltyBody:
    """The 许可费结算单 of a licence as it stands."""
    content = (await licences.get(conn, licence_id)).content
    invoices = await royalties.invoices(conn, licence_id)
    number_of = {invoice.id: invoice.n for invoice in invoices}
    booked = await receipts.of_licence(conn, licence_id)
    applied_fen = sum(receipt.applied_fen for receipt in booked)
    agency_fen = sum(receipt.agency_fen for receipt in booked)
    return RoyaltyBody(
        licence=content,
        licensee=_name(names, content.licensee_id),
        lender=_name(names, content.lender_id),
        agency="" if content.agency_id is None else _name(names, content.agency_id),
        invoices=tuple(
            InvoiceRow(
                invoice=invoice.n,
                kind=invoice.kind,
                period_from=invoice.period_from,
                period_to=invoice.period_to,
                name=line.name,
                name_zh=line.name_zh,
                amount_fen=line.amount_fen,
                computation=line.computation,
                due_on=invoice.due_on,
                reference=invoice.reference if invoice.due_fen else "",
            )
            for invoice in invoices
            for line in invoice.content.lines
        ),
        due_fen=sum(invoice.due_fen for invoice in invoices),
        paid_fen=applied_fen,
        receipts=tuple(row for one in booked for row in _receipt_rows(one, number_of, names)),
        agency_fen=agency_fen,
        net_fen=applied_fen - agency_fen,
        in_escrow_fen=await balance(conn, receipts.escrow(licence_id)),
    )


def _receipt_rows(
    receipt: receipts.Receipt, number_of: Mapping[UUID, int], names: Names
) -> list[ReceiptRow]:
    shares = () if receipt.rows is None else receipt.rows.shares
    parts = [
        (f"{word(SHARES, share.to)} {_name(names, share.payee_id)}", share.amount_fen)
        for share in shares
    ]
    return [
        ReceiptRow(
            bank_reference=receipt.bank_reference,
            received_at=receipt.received_at,
            invoice=number_of[receipt.invoice_id],
            to=to,
            amount_fen=fen,
        )
        for to, fen in parts or [("", receipt.applied_fen)]
    ]


async def application_body(conn: Connection, case_id: UUID, *, names: Names) -> ApplicationBody:
    """The 补偿申请书 of a claim."""
    case = await cases.get(conn, case_id)
    claim, _, _ = case.claimed()
    assert case.applied_by is not None, "a claim has an applicant"
    applied = next(step for step in await cases.steps(conn, case_id) if step.step == "apply_claim")
    return ApplicationBody(
        facts=await _facts(conn, case, names=names),
        evidence=claim.evidence,
        junior_claims=claim.junior_claims,
        applied_by=_name(names, case.applied_by),
        applied_at=applied.at,
    )


async def review_body(conn: Connection, case_id: UUID, *, names: Names) -> ReviewBody:
    """The 审核表 of a claim: every review of it so far, and what the breakers read."""
    case = await cases.get(conn, case_id)
    steps = await cases.steps(conn, case_id)
    read = [
        step
        for step in steps
        if step.step in ("breakers_passed", "suspended_by_breaker", "rejected")
    ]
    return ReviewBody(
        facts=await _facts(conn, case, names=names),
        reviews=tuple(
            ReviewRow(
                reviewer=_name(names, row["reviewer_id"]),
                approved=row["approved"],
                reason=row["reason"],
                reviewed_sha256=row["reviewed_hash"].hex(),
                reviewed_at=row["reviewed_at"],
            )
            for row in await conn.fetch(_CASES["reviews"], case_id)
        ),
        breakers=tuple(line for step in read for line in step.lines),
    )


async def progress_body(
    conn: Connection, organisation_id: UUID, quarter: str, *, names: Names
) -> ProgressBody:
    """The 追偿进展表 of an organisation: its claims as they stand, with what came in during a quarter."""
    first, last = span(quarter)
    rows, owed = [], []
    for found in await conn.fetch(_SQL["cases_of"], organisation_id):
        case = await cases.get(conn, found["id"])
        waiting = await _unreturned(conn, case)
        owed += waiting
        rows.append(await _progress(conn, case, first=first, last=last, waiting=waiting))
    return ProgressBody(
        organisation=_name(names, organisation_id),
        quarter=quarter,
        rows=tuple(rows),
        ageing=age(owed, last),
    )


async def _progress(
    conn: Connection, case: Case, *, first: date, last: date, waiting: list[Overdue]
) -> ProgressRow:
    claim, opening, book = case.claimed()
    recorded = await recoveries.recoveries(conn, case.id)
    in_quarter = [
        row for row in recorded if first <= row.recorded_at.astimezone(CHINA).date() <= last
    ]
    return ProgressRow(
        case_id=case.id,
        loan_number=case.loan_number,
        state=case.state,
        loss_fen=opening.bearing.loss_fen,
        advance_fen=sum(opening.advance.values()),
        recovered_in_quarter_fen=sum(row.recovered.net_fen for row in in_quarter),
        recovered_fen=sum(row.recovered.net_fen for row in recorded),
        left_fen=sum(book.positions.values()),
        fund_position_fen=sum(book.positions[fund] for fund in claim.scheme.funds),
        unreturned_fen=sum(item.amount_fen for item in waiting),
        days_late=max((days_late(item.due_on, last) for item in waiting), default=0),
    )


async def _unreturned(conn: Connection, case: Case) -> list[Overdue]:
    """What a case should bring back to its funds and has not."""
    owed = [
        Overdue(amount_fen=-row.amount_fen, due_on=row.due_on)
        for row in await returning.settlements(conn, case.id)
        if row.amount_fen < 0 and row.settled_at is None
    ]
    charged = [
        Overdue(amount_fen=row.amount_fen, due_on=row.due_on)
        for row in await returning.charges(conn, case.id)
        if row.settled_at is None
    ]
    return owed + charged


async def _facts(conn: Connection, case: Case, *, names: Names) -> ClaimFacts:
    claim, opening, _ = case.claimed()
    file = await cases.scheme(conn, case.scheme_id, case.scheme_version)
    return ClaimFacts(
        case_id=case.id,
        loan_number=case.loan_number,
        borrower=_name(names, case.borrower_id),
        scheme_id=case.scheme_id,
        scheme_version=case.scheme_version,
        scheme_name=file.name,
        scheme_name_zh=file.name_zh,
        state=case.state,
        claim_sha256=_claim_hash(case),
        loan=claim.loan,
        scheme=claim.scheme,
        loss_fen=opening.bearing.loss_fen,
        parties=tuple(
            PartyRow(
                party=party.party,
                role=party.role,
                organisation=_name(names, case.parties[party.party]),
                bear_bp=party.bear_bp,
                borne_fen=opening.bearing.borne[party.party],
                ceded_fen=opening.bearing.ceded[party.party],
                compensation_fen=opening.compensation.get(party.party),
                promised_fen=opening.promised.get(party.party),
                advance_fen=opening.advance.get(party.party),
                position_fen=opening.positions[party.party],
            )
            for party in claim.scheme.parties
        ),
        lines=tuple(claim_lines(claim.scheme, claim.loan, opening)),
    )


def _claim_hash(case: Case) -> str:
    """The hash that reviewers saw: of the claim with the book as it was at its opening."""
    claim, opening, _ = case.claimed()
    book = start_book(claim.scheme, claim.loan, opening, junior_claims=claim.junior_claims)
    return compensation.claim_hash(msgspec.structs.replace(case, book=book)).hex()


def _name(names: Names, identity: UUID) -> str:
    return names.get(identity, str(identity))
