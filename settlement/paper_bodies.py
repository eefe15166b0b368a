"""What the papers of claims, licences and quarters say: one struct a kind. Source: domain 7 (documents)."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from settlement.cases import Evidence, StepLine
from settlement.licences import LicenceContent
from settlement.rules.case import JuniorClaim, Loan
from settlement.rules.quarters import Branch, Tolerance
from settlement.rules.scheme import Scheme


class InvoiceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an invoice of a licence, with the invoice it stands in and its payment reference.

    The reference is empty where the invoice asks for nothing, and in papers issued before there was one.
    """

    invoice: int
    kind: str
    period_from: date | None
    period_to: date | None
    name: str
    name_zh: str
    amount_fen: int
    computation: str
    due_on: date
    reference: str = ""


class ReceiptRow(msgspec.Struct, frozen=True, kw_only=True):
    """What of a credit went to whom; `to` is empty where it waits."""

    bank_reference: str
    received_at: datetime
    invoice: int
    to: str
    amount_fen: int


class RoyaltyBody(msgspec.Struct, frozen=True, kw_only=True, tag="royalty", tag_field="kind"):
    """许可费结算单: terms, what each period owed and why, what came in and where it went."""

    licence: LicenceContent
    licensee: str
    lender: str
    agency: str
    invoices: tuple[InvoiceRow, ...]
    due_fen: int
    paid_fen: int
    receipts: tuple[ReceiptRow, ...]
    agency_fen: int
    net_fen: int
    in_escrow_fen: int


class PartyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A party of a claim: its share, what it ceded, what relieves it or what it promises, its position."""

    party: str
    role: str
    organisation: str
    bear_bp: int
    borne_fen: int
    ceded_fen: int
    compensation_fen: int | None
    promised_fen: int | None
    advance_fen: int | None
    position_fen: int


class ClaimFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim is about: shared by its application and its review."""

    case_id: UUID
    loan_number: str
    borrower: str
    scheme_id: str
    scheme_version: int
    scheme_name: str
    scheme_name_zh: str
    state: str
    claim_sha256: str
    loan: Loan
    scheme: Scheme
    loss_fen: int
    parties: tuple[PartyRow, ...]
    lines: tuple[StepLine, ...]


class ApplicationBody(
    msgspec.Struct, frozen=True, kw_only=True, tag="application", tag_field="kind"
):
    """补偿申请书: the loan, what proves the default, base, shares, cessions declared, the computation."""

    facts: ClaimFacts
    evidence: tuple[Evidence, ...]
    junior_claims: tuple[JuniorClaim, ...]
    applied_by: str
    applied_at: datetime


class ReviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person's review of a claim as shown."""

    reviewer: str
    approved: bool
    reason: str
    reviewed_sha256: str
    reviewed_at: datetime


class ReviewBody(msgspec.Struct, frozen=True, kw_only=True, tag="review", tag_field="kind"):
    """审核表: who reviewed which figures, with what verdict, and what the breakers read."""

    facts: ClaimFacts
    reviews: tuple[ReviewRow, ...]
    breakers: tuple[StepLine, ...]


class ProgressRow(msgspec.Struct, frozen=True, kw_only=True):
    """How far the recovery of one claim has come."""

    case_id: UUID
    loan_number: str
    state: str
    loss_fen: int
    advance_fen: int
    recovered_in_quarter_fen: int
    recovered_fen: int
    left_fen: int
    fund_position_fen: int
    unreturned_fen: int
    days_late: int


class ProgressBody(msgspec.Struct, frozen=True, kw_only=True, tag="progress", tag_field="kind"):
    """追偿进展表: every claim of an organisation at the end of a quarter, with the ageing of unreturned money."""

    organisation: str
    quarter: str
    rows: tuple[ProgressRow, ...]
    ageing: dict[str, int]


class QuarterFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the books know of a bank's quarter: disposals by route, recoveries, compensation, open alerts."""

    disposals: dict[str, int]
    disposed_fen: int
    recovered_net_fen: int
    loss_fen: int
    advanced_fen: int
    cleared_cases: int
    ledger_npl_fen: int
    alerts: int

    @property
    def recovery_rate_bp(self) -> int:
        """Recovered of all that was lost, in basis points, rounded down; 0 where nothing was."""
        return self.recovered_net_fen * 10_000 // self.loss_fen if self.loss_fen else 0


class QuarterlyBody(msgspec.Struct, frozen=True, kw_only=True, tag="quarterly", tag_field="kind"):
    """季度统计表: what a bank reports of a quarter by branch, the tolerance test, and what the books say."""

    return_id: UUID
    bank: str
    quarter: str
    due_on: date
    submitted_at: datetime
    is_late: bool
    receipt: str
    recipients: tuple[str, ...]
    branches: tuple[Branch, ...]
    tolerance: tuple[Tolerance, ...]
    figures: QuarterFigures


class BulletinRow(msgspec.Struct, frozen=True, kw_only=True):
    """A bank in the notification."""

    bank: str
    is_late: bool
    ip_opening_fen: int
    ip_new_fen: int
    ip_balance_fen: int
    ip_npl_fen: int
    not_tolerated: int
    figures: QuarterFigures


class BulletinBody(msgspec.Struct, frozen=True, kw_only=True, tag="bulletin", tag_field="kind"):
    """季度通报: the banks of a quarter side by side, and those that did not report."""

    quarter: str
    rows: tuple[BulletinRow, ...]
    missing: tuple[str, ...]


class BearerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of which claim a bearer of its loss is told: shared by the payout notice and the recovery advice."""

    case_id: UUID
    loan_number: str
    borrower: str
    bank: str
    scheme_id: str
    scheme_version: int
    claim_sha256: str
    organisation: str
    party: str
    role: str


class OwedRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a bearer owes to one other party, and its payout; without one, reference and day are empty."""

    to: str
    organisation: str
    why: Literal["borne", "ceded"]
    amount_fen: int
    bank_reference: str
    paid_on: date | None


class CededRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a bearer passed on, to whom, and when that one paid its part."""

    to: str
    organisation: str
    amount_fen: int
    bank_reference: str
    paid_on: date | None


class PayoutNoticeBody(
    msgspec.Struct, frozen=True, kw_only=True, tag="payout_notice", tag_field="kind"
):
    """代偿通知: what a bearer owes of a loss, to whom, what it passed on, what it said to that, what is paid.

    `answer_sha256` is of what two of its people confirmed or disputed; empty before.
    """

    facts: BearerFacts
    state: str
    agreement: str
    reason: str
    answer_sha256: str
    answered_at: datetime | None
    loss_fen: int
    borne_fen: int
    compensation_fen: int
    position_fen: int
    owed: tuple[OwedRow, ...]
    ceded: tuple[CededRow, ...]
    paid_fen: int
    unpaid_fen: int


class AdviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A recovery and a bearer's share of it, with its position before and after; the bank passes it on by `due_on`."""

    event_id: str
    recorded_at: datetime
    gross_fen: int
    net_fen: int
    shared_fen: int
    before_fen: int
    share_fen: int
    after_fen: int
    due_on: date


class RecoveryAdviceBody(
    msgspec.Struct, frozen=True, kw_only=True, tag="recovery_advice", tag_field="kind"
):
    """追偿分配通知: a bearer's part of each recovery since its position was opened, and what it still carries."""

    facts: BearerFacts
    answer_sha256: str
    paid_fen: int
    opening_fen: int
    rows: tuple[AdviceRow, ...]
    share_fen: int
    true_up_fen: int
    left_fen: int
    state: str


PaperBody = (
    RoyaltyBody
    | ApplicationBody
    | ReviewBody
    | ProgressBody
    | QuarterlyBody
    | BulletinBody
    | PayoutNoticeBody
    | RecoveryAdviceBody
)
