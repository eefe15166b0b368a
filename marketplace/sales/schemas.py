"""What goes in and out about sales (成交). Amounts in fen."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from marketplace.edge.fields import BankReference, Fen, Moment, Name, PositiveFen, Reason, Text
from marketplace.lots.rules import LotStatus

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class PaymentReceipt(_In, frozen=True, kw_only=True):
    """Money for the price that the venue's bank reports as received."""

    bank_reference: BankReference
    amount_fen: PositiveFen
    received_at: Moment


class CostIn(_In, frozen=True, kw_only=True):
    """A cost of realisation, or a tax that the seller bears; without `payee_id` the payee is outside the platform."""

    kind: Literal["COST", "TAX"]
    name: Name
    amount_fen: Fen
    payee_name: Name
    payee_code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    evidence: Text = ""


class CostsIn(_In, frozen=True, kw_only=True):
    """The costs of a sale as one person draws them up."""

    lines: Annotated[list[CostIn], msgspec.Meta(max_length=100)]


class Approval(_In, frozen=True, kw_only=True):
    """What is approved, by the SHA-256 of what was shown: other content is refused."""

    content_hash: Sha256


class ConsentIn(_In, frozen=True, kw_only=True):
    """The document by which the debtor agrees that a lot is sold although its debt is covered."""

    document_sha256: Sha256


class TitleIn(_In, frozen=True, kw_only=True):
    """When the registry recorded the transfer (过户登记)."""

    recorded_at: Moment


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """How the auction of a lot ended."""

    lot_id: UUID
    outcome: str
    reason: str | None
    winner_id: UUID | None
    winner_paddle: int | None
    price_fen: int | None
    underbidder_paddle: int | None
    extensions: int
    closed_at: datetime
    recorded_at: datetime


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """The confirmation of a sale (成交确认书). `content` is JSON, byte for byte what `sha256` was computed over."""

    lot_id: UUID
    number: str
    content: str
    sha256: str
    payment_due_at: datetime
    issued_by: UUID
    issued_at: datetime


class PaymentDone(msgspec.Struct, frozen=True, kw_only=True):
    """A booked payment, and what is still due for the price after it."""

    bank_reference: str
    amount_fen: int
    applied_fen: int
    match: str
    still_due_fen: int
    lot_status: LotStatus


class CostSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The costs of a sale: `DRAFT`, then `LOCKED` by another person."""

    lot_id: UUID
    state: str
    lines: list[dict[str, Any]]
    content_hash: str
    drafted_by: UUID
    locked_by: UUID | None


class DistributionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of distribution (分配方案): each line with its computation, and where the plan stands."""

    id: UUID
    lot_id: UUID
    state: str
    content: dict[str, Any]
    content_hash: str
    drafted_by: UUID
    drafted_at: datetime
    objection_until: datetime
    approved_by: UUID | None
    approved_at: datetime | None
    paid_at: datetime | None


class PaidOut(_In, frozen=True, kw_only=True):
    """What the venue's bank says of a payment that was made by hand, and what paper says so."""

    bank_reference: BankReference
    evidence: Text = ""


class PayoutCorrection(_In, frozen=True, kw_only=True):
    """The reference under which a payment by hand really left, and how it came to be misread."""

    bank_reference: BankReference
    evidence: Text = ""
    reason: Reason


class CorrectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A correction of a payout's reference (更正流水号), as two people give it; `content_hash` is what is approved."""

    payout_id: UUID
    wrong_reference: str
    bank_reference: str
    evidence: str
    reason: str
    content_hash: str
    state: str
    proposed_by: UUID
    decided_by: UUID | None


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way to a payee of the sale: `QUEUED`, then `PAID` under the bank's reference.

    `reported_reference`: one person reported it paid by hand; another must read the same from the bank's paper.
    """

    id: UUID
    payee_name: str
    amount_fen: int
    purpose: str
    state: str
    bank_reference: str | None
    reported_reference: str | None
    queued_at: datetime
    paid_at: datetime | None


class CoverageView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the lots sold cover the debt (停止处置): `beyond` are lots sold although earlier ones covered it.

    `consent_sha256` is the document by which the debtor agreed that this lot is sold all the same.
    """

    lot_id: UUID
    owed_fen: int
    net_fen: int
    short_fen: int
    is_covered: bool
    needed: list[UUID]
    beyond: list[UUID]
    computation: str
    consent_sha256: str | None


class PayoutList(msgspec.Struct, frozen=True, kw_only=True):
    """The payouts of a lot, in the order queued."""

    items: list[Payout]


class LotSold(msgspec.Struct, frozen=True, kw_only=True, tag="lot_sold"):
    """The auction of a lot ended with a sale."""

    lot_id: UUID
    price_fen: int
    #: Null where several units were sold to the paddles in `unit_winners`.
    winner_paddle: int | None
    unit_winners: list[int] = []


class LotPassed(msgspec.Struct, frozen=True, kw_only=True, tag="lot_passed"):
    """The auction of a lot ended without a sale."""

    lot_id: UUID
    outcome: str
    reason: str | None


class SaleConfirmed(msgspec.Struct, frozen=True, kw_only=True, tag="sale_confirmed"):
    """The confirmation of a sale was issued."""

    lot_id: UUID
    number: str
    sha256: str


class PricePaid(msgspec.Struct, frozen=True, kw_only=True, tag="price_paid"):
    """The whole price of a lot is paid."""

    lot_id: UUID
    price_fen: int


class BuyerDefaulted(msgspec.Struct, frozen=True, kw_only=True, tag="buyer_defaulted"):
    """The winner did not pay in time (悔拍); the deposit is forfeited."""

    lot_id: UUID


class ProceedsDistributed(msgspec.Struct, frozen=True, kw_only=True, tag="proceeds_distributed"):
    """The proceeds of a lot were distributed by the approved plan."""

    lot_id: UUID
    plan_id: UUID
