"""What goes in and out about liabilities (分险责任) and their payouts (代偿)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from marketplace.edge.fields import BankReference, PositiveFen, Reason
from settlement.liabilities import Liability, RecordedPayout

Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
PartyName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Note: TypeAlias = Annotated[str, msgspec.Meta(max_length=1_000)]
Agreement: TypeAlias = Annotated[str, msgspec.Meta(max_length=140)]


class LiabilityState(StrEnum):
    """What a party has said of its liability."""

    NOTIFIED = "notified"  # 待确认
    CONFIRMED = "confirmed"  # 已确认
    DISPUTED = "disputed"  # 有异议


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class AnswerIn(_In, frozen=True, kw_only=True):
    """My organisation confirms what is stated, or disputes it; `stated_sha256` is that of what was read.

    `agreement` is the guarantee, policy or cession contract by its number, which a confirmation needs (domain 6.1); a
    dispute needs its `reason`.
    """

    answer: Literal["confirm", "dispute"]
    agreement: Agreement = ""
    reason: Note = ""
    stated_sha256: Sha256


class PayoutIn(_In, frozen=True, kw_only=True):
    """A payout as my bank's paper tells it: to which party of the scheme, how much, under which reference, when."""

    to: PartyName
    amount_fen: PositiveFen
    bank_reference: BankReference
    paid_on: date


class DecisionIn(_In, frozen=True, kw_only=True):
    """Yes or no to what a colleague proposed, as shown: `sha256` is that of the proposal."""

    approved: bool
    reason: Reason
    sha256: Sha256


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """What a party confirms or disputes: its liability in this claim. Its SHA-256 is over exactly this."""

    claim_id: UUID
    case_id: UUID
    claim_sha256: str
    organisation_id: UUID
    share: Liability


class Answer(Liability, frozen=True, kw_only=True):
    """What the second person of a party agrees to: the answer, the figures, and the hash of all that was stated."""

    answer: Literal["confirm", "dispute"]
    agreement: str
    reason: str
    claim_sha256: str
    stated_sha256: str


class PayoutPaper(msgspec.Struct, frozen=True, kw_only=True):
    """What the second person agrees to of a payout: the payout, and the confirmed answer under which it is owed."""

    party: str
    to: str
    amount_fen: int
    bank_reference: str
    paid_on: date
    answer_sha256: str


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the party's second person; only its own people, and overseers, are told."""

    kind: Literal["liability", "liability_payout"]
    answer: Answer | None
    payout: PayoutPaper | None
    sha256: str
    asked_by: UUID
    asked_at: datetime


class LiabilitySummary(msgspec.Struct, frozen=True, kw_only=True):
    """A liability in a list. `position_fen` is what the party carries now."""

    id: UUID
    claim_id: UUID
    case_id: UUID
    loan_number: str
    party: str
    role: str
    organisation_id: UUID
    organisation: str
    state: LiabilityState
    owed_fen: int
    paid_fen: int
    position_fen: int
    notified_at: datetime


class LiabilityView(LiabilitySummary, frozen=True, kw_only=True):
    """A liability, whole: what is stated, what was answered, what is paid, what came back."""

    stated: Stated
    stated_sha256: str
    answer: Answer | None
    answer_sha256: str | None
    decided_by: UUID | None
    decided_at: datetime | None
    proposal: Proposal | None
    payouts: list[RecordedPayout]
    recovered_fen: int
