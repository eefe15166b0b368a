"""A valuation as it is stored, handed in and shown."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from kit.money import FEN_MAX
from marketplace.valuations.calculators import Computation
from marketplace.valuations.kinds import ValuationKind, ValuationMethod
from marketplace.valuations.scoring import NewScores, Scored

__all__ = [
    "Clearing",
    "Name",
    "NewValuation",
    "Recognition",
    "RegistryEntry",
    "Valuation",
    "ValuationKind",
    "ValuationMethod",
]

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NewValuation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value, in fen, for one right or for several together.

    `computation`: the inputs of the method, which must give `value_fen`. `scores`: what the indicators said.
    `is_filed`: filed with the body that supervises state assets (备案), as the sale of state-owned rights needs.
    """

    report_number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    asset_ids: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=200)]
    kind: ValuationKind
    method: ValuationMethod
    valuer_name: Name
    base_on: date
    value_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]
    valid_to: date
    valuer_licence: Annotated[str, msgspec.Meta(max_length=100)] = ""
    is_filed: bool = False
    computation: Computation | None = None
    scores: NewScores | None = None


class Valuation(NewValuation, frozen=True, kw_only=True):
    """A valuation as it is on record; `scores` with what they come to."""

    scores: Scored | None = None

    id: UUID
    organisation_id: UUID
    import_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """A bank that takes the report as its own (评估报告互认), or did so until an event cleared it."""

    organisation_id: UUID
    organisation_name: str
    recognised_at: datetime
    cleared_at: datetime | None
    cleared_reason: str | None


class RegistryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A report in the register of mutual recognition: the value is open to all banks, the report is not."""

    valuation_id: UUID
    organisation_id: UUID
    report_number: str
    numbers: tuple[str, ...]
    kind: ValuationKind
    method: ValuationMethod
    valuer_name: str
    valuer_licence: str
    base_on: date
    valid_to: date
    value_fen: int
    recognised_by: tuple[Recognition, ...]


class Clearing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why my bank takes the report as its own no more."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
