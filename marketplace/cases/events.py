"""What is told of defaulted loans."""

from uuid import UUID

import msgspec


class CaseRegistered(msgspec.Struct, frozen=True, kw_only=True, tag="case_registered"):
    """A bank entered a defaulted loan."""

    case_id: UUID
    organisation_id: UUID


class CaseMoved(msgspec.Struct, frozen=True, kw_only=True, tag="case_moved"):
    """The recovery of a loan came to another state."""

    case_id: UUID
    organisation_id: UUID
    state: str
