"""What goes in and out about the ends of claims."""

from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import BankReference, PositiveFen, Reason
from settlement.clawbacks import Clawback
from settlement.recoveries import Clearing
from settlement.returning import Charge, Settlement


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class ClawbackIn(_In, frozen=True, kw_only=True):
    """Why everything is to be taken back, and the SHA-256 of what proves it."""

    reason: Reason
    evidence_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class ChargePaid(_In, frozen=True, kw_only=True):
    """A charge reached the special account, whole."""

    amount_fen: PositiveFen
    bank_reference: BankReference


class ClaimEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Every clearing of a claim by version, what is asked back by when, what was charged, and a clawback if any."""

    claim_id: UUID
    case_id: UUID
    state: str
    clearings: list[Clearing]
    settlements: list[Settlement]
    charges: list[Charge]
    clawback: Clawback | None


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """Money that should come back to a fund: what, by when, how late."""

    case_id: UUID
    loan_number: str
    party: str
    kind: str
    amount_fen: int
    due_on: str | None
    days_late: int


class Ageing(msgspec.Struct, frozen=True, kw_only=True):
    """Unreturned money of a fund, one by one and by how late it is (账龄)."""

    items: list[Overdue]
    buckets: dict[str, int]


class ClaimEndMoved(msgspec.Struct, frozen=True, kw_only=True, tag="claim_end_moved"):
    """Something followed a claim: it was resumed, taken back, or a charge of it was paid."""

    claim_id: UUID
    what: str
