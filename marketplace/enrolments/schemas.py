"""What is said of an enrolment (备案): the filing, the decision, and how it stands."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Name, PositiveFen, Reason


class EnrolmentIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sound loan of the caller's bank, under a version of a scheme."""

    scheme_id: Name
    scheme_version: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    contract_number: Name
    borrower_code: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-HJ-NP-RTUW-Y]{18}\Z")]
    contract_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    principal_fen: PositiveFen
    granted_on: date
    due_on: date


class EnrolmentDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no to an enrolment."""

    accepted: bool
    reason: Reason


class EnrolmentOut(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolment as it stands."""

    id: UUID
    scheme_id: str
    scheme_version: int
    lender_id: UUID
    contract_number: str
    contract_sha256: str
    principal_fen: int
    granted_on: date
    due_on: date
    enrolled_on: date
    enrolled_by: UUID
    accepted_by: UUID | None
    state: str
    reason: str | None
