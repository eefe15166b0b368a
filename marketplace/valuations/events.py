"""What is told of valuations."""

from uuid import UUID

import msgspec


class RecognitionMoved(msgspec.Struct, frozen=True, kw_only=True, tag="recognition_moved"):
    """A bank took a report as its own, or does so no more."""

    valuation_id: UUID
    organisation_id: UUID
    is_recognised: bool


class ValuationRecorded(msgspec.Struct, frozen=True, kw_only=True, tag="valuation_recorded"):
    """A bank entered a valuation."""

    valuation_id: UUID
    organisation_id: UUID
