"""What goes in and out about recorded routes."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from marketplace.edge.fields import BankReference, Fen, Name, PositiveFen, Reason

RouteKind: TypeAlias = Literal["equity_conversion", "invest_loan", "securitise"]


class RouteState(StrEnum):
    """How far a recorded route is."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    ENDED = "ended"


class RecordedRouteIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was agreed outside the platform: with whom, on what terms, for how much; `document_sha256` proves it."""

    consignment_id: UUID
    kind: RouteKind
    counterparty: Name
    terms: Reason
    amount_fen: PositiveFen
    document_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class RouteDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no to what was recorded, named by its document."""

    document_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    approved: bool = True


class FlowIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money that came in on a route, once a reference; what collecting it cost."""

    reference: BankReference
    gross_fen: PositiveFen
    costs_fen: Fen = 0
    received_on: date


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A cash flow; `shared_at` once the loan's compensation case took it, or needed not to."""

    id: UUID
    reference: str
    gross_fen: int
    costs_fen: int
    received_on: date
    recorded_by: UUID
    recorded_at: datetime
    shared_at: datetime | None


class RecordedRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded route with its cash flows. Amounts in fen."""

    id: UUID
    number: str
    consignment_id: UUID
    case_id: UUID
    organisation_id: UUID
    venue_id: UUID
    kind: RouteKind
    counterparty: str
    terms: str
    amount_fen: int
    document_sha256: str
    state: RouteState
    proposed_by: UUID
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str | None
    created_at: datetime
    updated_at: datetime
    flows: list[Flow] = []
