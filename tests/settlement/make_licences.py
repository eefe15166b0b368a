"""Factories for licences: terms, an approved licence, invoices."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from kit.ids import uuid7
from kit.sql import Connection
from settlement import licences, royalties
from settlement.licences import Licence, LicenceContent
from settlement.royalties import Invoice
from settlement.rules.royalties import RoyaltyTerms
from tests.settlement.make_money import BANK, BORROWER, CHECKER, MAKER, VENUE

AGENCY, LICENSEE, SECOND_PLEDGEE = UUID(int=31), UUID(int=32), UUID(int=33)
TERMS = RoyaltyTerms(
    rate_bp=300, entry_fee_fen=10_000_000, minimum_fen=0, agency_bp=1500, late_bp_year=1000
)
"""Domain 5.6, example 5: entry fee CNY 100,000, 3 % of net sales, the agency keeps 15 %."""


async def make_licence(
    conn: Connection, *, case_id: UUID | None, now: datetime, **changes: Any
) -> Licence:
    """A licence that two people agreed to."""
    content = LicenceContent(
        **{
            "id": uuid7(now),
            "title": "激光测距专利普通许可",
            "case_id": case_id,
            "holder_id": VENUE,
            "lender_id": BANK,
            "pledgor_id": BORROWER,
            "licensee_id": LICENSEE,
            "agency_id": AGENCY,
            "starts_on": date(2026, 1, 1),
            "ends_on": date(2028, 12, 31),
            "terms": TERMS,
        }
        | changes
    )
    licence = await licences.draft(conn, content, drafted_by=MAKER, now=now)
    return await licences.approve(
        conn, licence.id, content_hash=licence.content_hash, approved_by=CHECKER, now=now
    )


async def invoice_year(
    conn: Connection, licence: Licence, year: int, *, sales_fen: int, now: datetime
) -> Invoice:
    """A year's statement, due at the end of January."""
    return await royalties.invoice_period(
        conn,
        licence.id,
        period_from=date(year, 1, 1),
        period_to=date(year, 12, 31),
        sales_fen=sales_fen,
        deductions_fen=0,
        due_on=date(year + 1, 1, 31),
        issued_by=MAKER,
        now=now,
    )
