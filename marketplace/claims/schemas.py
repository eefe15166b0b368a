"""What goes in and out about claims on a compensation fund (风险补偿申请)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from marketplace.edge.fields import BankReference, Bp, Fen, Name, PositiveFen, Reason, Text
from settlement.recoveries import RecordedRecovery
from settlement.schemes import SchemeFile

Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
PartyName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Version: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class ClaimStatus(StrEnum):
    """How far a claim has come. Source: domain 5.2."""

    DRAFTED = "drafted"  # 待银行复核
    RETURNED = "returned"  # 银行退回
    APPLIED = "applied"  # 已申请，待基金审核
    REVIEWED = "reviewed"  # 审核通过，待拨付
    REJECTED = "rejected"  # 审核不通过
    ADVANCED = "advanced"  # 已先行拨付
    RECOVERING = "recovering"  # 追偿中
    CLEARED = "cleared"  # 已清算，待退回
    CLOSED = "closed"  # 已办结
    SUSPENDED = "suspended"  # 熔断暂停


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class EvidenceIn(_In, frozen=True, kw_only=True):
    """A document that proves the default (违约证据), by name and SHA-256."""

    name: Name
    sha256: Sha256


class JuniorIn(_In, frozen=True, kw_only=True):
    """A later pledgee, what it is owed, and the day of its registration."""

    party: Name
    claim_fen: Fen
    registered_at: date


class ClaimIn(_In, frozen=True, kw_only=True):
    """An application (补偿申请): the loan, the scheme, and who stands behind each of the scheme's parties.

    `parties` names an organisation for each party but the bank, which is the caller's. `contract_sha256` is that of
    the loan contract: one contract is compensated once, whatever number it is presented under. `received_fen` is what
    came in, net, before the claim; it counts for schemes on the net loss only.
    """

    case_id: UUID
    scheme_id: Name
    scheme_version: Version
    parties: Annotated[dict[PartyName, UUID], msgspec.Meta(max_length=20)]
    contract_sha256: Sha256
    received_fen: Fen = 0
    flags: Annotated[list[PartyName], msgspec.Meta(max_length=20)] = []
    junior_claims: Annotated[list[JuniorIn], msgspec.Meta(max_length=50)] = []
    evidence: Annotated[list[EvidenceIn], msgspec.Meta(max_length=50)] = []


class Decision(_In, frozen=True, kw_only=True):
    """Yes or no to a claim as shown: `claim_sha256` is that of the claim which was read."""

    approved: bool
    reason: Reason
    claim_sha256: Sha256


class FinalDecision(_In, frozen=True, kw_only=True):
    """Yes or no to a final clearing as proposed."""

    approved: bool
    reason: Reason
    final_sha256: Sha256


class PaidOut(_In, frozen=True, kw_only=True):
    """What the special account's bank says of a payment that was made by hand, and what paper says so."""

    bank_reference: BankReference
    evidence: Text = ""


class ReturnIn(_In, frozen=True, kw_only=True):
    """Money that a party returned to a fund after the final clearing (退回)."""

    fund_party: PartyName
    party: PartyName
    amount_fen: PositiveFen
    bank_reference: BankReference


class CostIn(_In, frozen=True, kw_only=True):
    """A cost of a recovery, by name."""

    name: Name
    amount_fen: Fen


class SaleRecovery(_In, frozen=True, kw_only=True, tag_field="kind", tag="sale"):
    """A recovery by a sale: gross and costs are those of the lot's paid distribution plan."""

    lot_id: UUID


class ReceiptRecovery(_In, frozen=True, kw_only=True, tag_field="kind", tag="receipt"):
    """A recovery of another kind (domain 5.4), once a reference."""

    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    origin: Literal["licence", "set_off", "forfeited_deposit", "insurance", "voluntary", "other"]
    gross_fen: PositiveFen
    costs: Annotated[list[CostIn], msgspec.Meta(max_length=50)] = []


RecoveryIn: TypeAlias = SaleRecovery | ReceiptRecovery


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with how it was reached; `party` is empty where it is nobody's."""

    name: str
    name_zh: str
    party: str
    amount_fen: int
    computation: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was computed from an application, by party (domain 5.3, steps 1 to 6)."""

    loss_fen: int
    borne: dict[str, int]
    compensation: dict[str, int]
    promised: dict[str, int]
    positions: dict[str, int]
    advance: dict[str, int]
    advance_fen: int
    lines: list[Line]


class FinalFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The final clearing (清算): `delta` above 0 is what a fund tops up (补拨), below 0 what it gets back (退回)."""

    closing: dict[str, int]
    true_up: dict[str, int]
    delta: dict[str, int]
    delta_fen: int
    lines: list[Line]


class FinalProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A final clearing as proposed; done once `approved_by` is set."""

    figures: FinalFigures
    final_sha256: str
    proposed_by: UUID
    proposed_at: datetime
    approved_by: UUID | None


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One person's review at a fund (审核意见)."""

    reviewer_id: UUID
    fund_id: UUID
    role: str
    approved: bool
    reason: str
    reviewed_at: datetime


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Compensation on its way out of a special account (拨付).

    `reported_reference`: one person reported it paid by hand; another must read the same from the bank's paper.
    """

    id: UUID
    payee_id: UUID
    party: str
    amount_fen: int
    purpose: str
    state: str
    bank_reference: str | None
    reported_reference: str | None
    queued_at: datetime
    paid_at: datetime | None


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What the final clearing moved to a party (above 0) or asks back from it (below 0)."""

    fund_party: str
    party: str
    amount_fen: int
    settled_at: datetime | None
    bank_reference: str | None


class HistoryStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the case with its figures, as recorded."""

    n: int
    step: str
    lines: list[Line]
    by_user: UUID | None
    at: datetime


class ClaimSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A claim in a list."""

    id: UUID
    case_id: UUID
    organisation_id: UUID
    scheme_id: str
    scheme_version: int
    status: ClaimStatus
    loss_fen: int
    promised_fen: int
    advance_fen: int
    drafted_at: datetime


class Claim(ClaimSummary, frozen=True, kw_only=True):
    """A claim, whole. `positions` are the present ones, as the loss-sharing book has them."""

    application: ClaimIn
    claim_sha256: str
    figures: Figures
    drafted_by: UUID
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str | None
    reviews: list[Review]
    positions: dict[str, int]
    payments: list[Payment]
    recoveries: list[RecordedRecovery]
    final: FinalProposal | None
    dues: list[Due]
    steps: list[HistoryStep]


class AdvanceRate(_In, frozen=True, kw_only=True):
    """A new version of a scheme that differs in the rate of its advance (先行拨付比例)."""

    from_version: Version
    advance_bp: Bp
    reason: Reason


class SchemeList(msgspec.Struct, frozen=True, kw_only=True):
    """Schemes by id and version; a few dozen in all, so they come at once."""

    items: list[SchemeFile]
