"""What goes in and out about plans of disposal (处置计划)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec

from marketplace.edge.fields import Reason
from marketplace.licence_offers.schemas import OfferTerms
from marketplace.lots.regimes import Regime
from marketplace.lots.schemas import Bidding, LotTerms
from marketplace.mandates.schemas import MandateTerms

_YEAR_SECONDS = 31_622_400
Seconds = Annotated[int, msgspec.Meta(ge=0, le=_YEAR_SECONDS, description="seconds 秒")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class PlanState(StrEnum):
    """How far a plan is."""

    DRAFT = "draft"
    APPROVED = "approved"
    RUNNING = "running"
    COVERED = "covered"
    COMPLETED = "completed"
    EXHAUSTED = "exhausted"
    STOPPED = "stopped"


class StepState(StrEnum):
    """How far a step is. `held`: it waits for people, who see why in its reason."""

    PLANNED = "planned"
    RUNNING = "running"
    HELD = "held"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class LotStep(_In, frozen=True, kw_only=True, tag_field="kind", tag="lot"):
    """A lot of the whole consignment: an auction, a sell-off (变卖) or a call for collection (收储), by its format.

    `price_bp`: the start price as a part of the one before; the first step's is the consignment's own.
    `opens_after_seconds` counts from the moment the step begins, which is when its notice is published.
    """

    bidding: Bidding
    price_bp: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10_000
    keeps_reserve: bool = True
    regime: Regime | None = None
    opens_after_seconds: Seconds
    lasts_seconds: Annotated[int, msgspec.Meta(ge=1, le=_YEAR_SECONDS)]


class SetOffStep(_In, frozen=True, kw_only=True, tag_field="kind", tag="set_off"):
    """The bank takes the rights itself (以物抵债) at this part of the last round's price; its checker decides then."""

    price_bp: Annotated[int, msgspec.Meta(ge=10_000, le=20_000)] = 10_000


class LicenceStep(_In, frozen=True, kw_only=True, tag_field="kind", tag="licence"):
    """Licences of the rights are offered (二次许可), on these terms."""

    offer: OfferTerms


class MandateStep(_In, frozen=True, kw_only=True, tag_field="kind", tag="mandate"):
    """An agency is asked to operate the rights (委托运营), on these terms."""

    mandate: MandateTerms


StepTerms: TypeAlias = LotStep | SetOffStep | LicenceStep | MandateStep


class PlanContent(_In, frozen=True, kw_only=True):
    """What two people agree to: the steps in their order, and what all lots say."""

    lot: LotTerms
    steps: Annotated[list[StepTerms], msgspec.Meta(min_length=1, max_length=12)]


class PlanIn(PlanContent, frozen=True, kw_only=True):
    """A plan for a consignment of mine."""

    consignment_id: UUID


class PlanChangeIn(_In, frozen=True, kw_only=True):
    """What shall follow instead of the steps that have not begun."""

    steps: Annotated[list[StepTerms], msgspec.Meta(min_length=1, max_length=12)]
    reason: Reason


class Decision(_In, frozen=True, kw_only=True):
    """Yes or no to content as shown."""

    sha256: Sha256
    approved: bool = True


class Why(_In, frozen=True, kw_only=True):
    """Why a step is taken."""

    reason: Reason


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it stands. `start_price_fen` is what the plan's steps come to; None where no price is asked."""

    n: int
    kind: str
    terms: StepTerms
    state: StepState
    subject_id: UUID | None
    reason: str | None
    begun_at: datetime | None
    ended_at: datetime | None
    start_price_fen: int | None = None


class PlanChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change as proposed, and what became of it."""

    id: UUID
    plan_id: UUID
    content: str
    sha256: str
    reason: str
    state: str
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with its steps. `content` is JSON, byte for byte what `sha256` was computed over; amounts in fen."""

    id: UUID
    number: str
    consignment_id: UUID
    organisation_id: UUID
    venue_id: UUID
    state: PlanState
    content: str
    sha256: str
    drafted_by: UUID
    approved_by: UUID | None
    started_by: UUID | None
    reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    outstanding_fen: int = 0
    steps: list[Step] = []
    changes: list[PlanChange] = []
