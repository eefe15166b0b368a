"""What is told of valuations."""

from uuid import UUID

import msgspec


class ValuationRecorded(msgspec.Struct, frozen=True, kw_only=True, tag="valuation_recorded"):
    """A bank entered a valuation."""

    valuation_id: UUID
    organisation_id: UUID
