"""What goes in and out about mandates to operate (委托运营)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import BankReference, Bp, Fen, PositiveFen, Reason

_Months = Annotated[int, msgspec.Meta(ge=1, le=120)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class MandateState(StrEnum):
    """How far a mandate is. Source: domain 9; `declined`: the agency did not agree."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    RUNNING = "running"
    REPORT_DUE = "report_due"
    ENDED = "ended"
    REVERTED = "reverted"
    DECLINED = "declined"


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class MandateTerms(_In, frozen=True, kw_only=True):
    """What the agency is asked to do.

    `agency_bp`: its share of the income; `floor_fen`: what it returns at least a period; `report_within_days`: by when
    after each period it reports; `pay_within_days`: by when after the report's last day it pays.
    """

    agency_id: UUID
    starts_in_days: Annotated[int, msgspec.Meta(ge=0, le=3_650)] = 0
    term_months: _Months
    report_every_months: _Months = 3
    report_within_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 15
    pay_within_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 15
    agency_bp: Bp
    floor_fen: Fen = 0
    powers: Reason
    reversion: Reason


class MandateIn(_In, frozen=True, kw_only=True):
    """A mandate over a consignment of mine."""

    consignment_id: UUID
    mandate: MandateTerms


class MandateDecision(_In, frozen=True, kw_only=True):
    """Yes or no to a mandate as shown."""

    sha256: Sha256
    approved: bool = True


class ReportIn(_In, frozen=True, kw_only=True):
    """What came in in a period, what it cost, and what was done."""

    income_fen: Fen
    costs_fen: Fen = 0
    activities: Reason


class MandateReceiptIn(_In, frozen=True, kw_only=True):
    """Money that the agency paid the bank of a period, once a reference."""

    bank_reference: BankReference
    amount_fen: PositiveFen
    received_on: date


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A period's report, expected or submitted.

    `agency_fen` is the agency's share of the income, `due_fen` what it owes the bank of the period, both once it was
    submitted; `received_fen` what of it came in. `reference` (缴款编号) is what the agency writes on its transfers.
    `pay_by` is the last day for it; None in older mandates.
    """

    id: UUID
    n: int
    period_from: date
    period_to: date
    due_on: date
    state: str
    income_fen: int | None
    costs_fen: int | None
    activities: str | None
    submitted_by: UUID | None
    submitted_at: datetime | None
    was_late: bool
    agency_fen: int | None = None
    due_fen: int | None = None
    reference: str | None = None
    received_fen: int = 0
    pay_by: date | None = None
    payment_was_late: bool = False


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate as it stands. `content` is JSON, byte for byte what `sha256` was computed over."""

    id: UUID
    number: str
    consignment_id: UUID
    organisation_id: UUID
    venue_id: UUID
    agency_id: UUID
    content: str
    sha256: str
    state: MandateState
    drafted_by: UUID
    approved_by: UUID | None
    agreed_by: UUID | None
    starts_on: date
    ends_on: date
    reason: str | None
    created_at: datetime
    updated_at: datetime
    reports: list[Report] = []

    @property
    def terms(self) -> MandateTerms:
        """What was agreed to."""
        return msgspec.json.decode(self.content, type=MandateTerms)


class AgencyPaymentDue(msgspec.Struct, frozen=True, kw_only=True, tag="agency_payment_due"):
    """To the agency (`organisation_id`): what it owes of a period is due soon, or late.

    `owed_fen` is None where it has not reported on the period.
    """

    organisation_id: UUID
    mandate_id: UUID
    n: int
    pay_by: date
    owed_fen: int | None
    is_late: bool
