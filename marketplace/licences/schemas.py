"""What goes in and out about licences and their income."""

from datetime import date, datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec

from marketplace.edge.fields import BankReference, Bp, Fen, Moment, Name, PositiveFen
from settlement.licences import LicenceContent
from settlement.royalties import Charge, Invoice
from settlement.royalty_receipts import Receipt

Reference: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=140)]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class TermsIn(_In, frozen=True, kw_only=True):
    """What a licence pays: entry fee, a rate of net sales, at least a guarantee a period; interest when late."""

    rate_bp: Bp
    entry_fee_fen: Fen = 0
    minimum_fen: Fen = 0
    agency_bp: Bp = 0
    late_bp_year: Bp = 0
    year_days: Annotated[int, msgspec.Meta(ge=360, le=365)] = 365


class LicenceIn(_In, frozen=True, kw_only=True):
    """A licence of a loan's collateral. `holder_id` holds the money: the caller's bank by default, or a venue."""

    case_id: UUID
    title: Name
    licensee_id: UUID
    pledgor_id: UUID
    agency_id: UUID | None = None
    holder_id: UUID | None = None
    later_pledgees: Annotated[dict[str, UUID], msgspec.Meta(max_length=50)] = {}
    starts_on: date
    ends_on: date
    terms: TermsIn


class LicenceApproval(_In, frozen=True, kw_only=True):
    """Yes to a licence as shown."""

    content_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class PeriodIn(_In, frozen=True, kw_only=True):
    """The licensee's statement of a period's sales."""

    period_from: date
    period_to: date
    sales_fen: Fen
    deductions_fen: Fen = 0
    due_on: date


class DueIn(_In, frozen=True, kw_only=True):
    """By when an invoice is due."""

    due_on: date


class AuditIn(_In, frozen=True, kw_only=True):
    """What an audit found of an invoiced period, once a reference."""

    reference: Reference
    found_sales_fen: Fen
    found_deductions_fen: Fen = 0


class ReceiptIn(_In, frozen=True, kw_only=True):
    """A credit at the holder's bank for an invoice."""

    bank_reference: BankReference
    amount_fen: PositiveFen
    received_at: Moment


class LicenceOut(msgspec.Struct, frozen=True, kw_only=True):
    """A licence with its invoices, what waits for the next, and what came in."""

    id: UUID
    content: LicenceContent
    content_sha256: str
    state: str
    drafted_by: UUID
    drafted_at: datetime
    approved_by: UUID | None
    invoices: list[Invoice]
    waiting: list[Charge]
    receipts: list[Receipt]


class LicenceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A licence in a list: what was invoiced over all its periods, and what was paid of it, in fen."""

    id: UUID
    title: str
    state: str
    starts_on: date
    ends_on: date
    due_fen: int
    paid_fen: int


class LicenceMoved(msgspec.Struct, frozen=True, kw_only=True, tag="licence_moved"):
    """Something happened to a licence."""

    licence_id: UUID
    what: str
