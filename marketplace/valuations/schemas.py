"""A valuation as it is stored, handed in and shown."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from kit.money import FEN_MAX

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ValuationKind(StrEnum):
    """Who valued: the bank itself, bank and borrower together, or a valuer from outside. Source: domain 4.3."""

    INTERNAL = "internal"
    NEGOTIATED = "negotiated"
    EXTERNAL = "external"


class ValuationMethod(StrEnum):
    """How it was valued. Source: domain 4.2; `comprehensive` is the indicator score of GB/T 42748."""

    INCOME = "income"
    MARKET = "market"
    COST = "cost"
    COMPREHENSIVE = "comprehensive"


class NewValuation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value, in fen, for one right or for several together."""

    report_number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    asset_ids: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=200)]
    kind: ValuationKind
    method: ValuationMethod
    valuer_name: Name
    base_on: date
    value_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]
    valid_to: date


class Valuation(NewValuation, frozen=True, kw_only=True):
    """A valuation as it is on record."""

    id: UUID
    organisation_id: UUID
    import_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime
