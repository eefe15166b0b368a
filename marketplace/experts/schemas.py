"""An expert and a draw as they are stored, handed in and shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Name, Reason, Text

#: Experts of a weighted tender: three or more, and odd (domain 2.8).
PANEL_MIN, PANEL_MAX = 3, 99


class ExpertField(StrEnum):
    """What an expert judges."""

    TECHNOLOGY = "technology"  # 技术
    LAW = "law"  # 法律
    VALUATION = "valuation"  # 评估
    FINANCE = "finance"  # 金融
    INDUSTRY = "industry"  # 产业


class ExpertState(StrEnum):
    """Whether an expert can be drawn."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class Purpose(StrEnum):
    """What a panel is for. Source: domain 1.4 九."""

    WEIGHTED_TENDER = "weighted_tender"  # 权重报价评分
    VALUATION_REVIEW = "valuation_review"  # 评估复核
    ELIGIBILITY_REVIEW = "eligibility_review"  # 合规审查


class SeatState(StrEnum):
    """Whether an expert who was drawn has declared to be free of conflicts."""

    DRAWN = "drawn"
    CONFIRMED = "confirmed"
    RECUSED = "recused"


class Party(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who has a stake in the matter: by unified social credit code where known, and by name."""

    name: Name
    code: str | None = None


class Interest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A standing interest of an expert: in whom, and how (employment, shares, kinship, advice)."""

    name: Name
    code: str | None = None
    nature: Name


class NewExpert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An expert as the venue enters them. `user_id`: the account with which they declare conflicts themselves."""

    name: Name
    employer_name: Name
    employer_code: str | None = None
    fields: Annotated[frozenset[ExpertField], msgspec.Meta(min_length=1, max_length=5)]
    credentials: Text = ""
    interests: Annotated[tuple[Interest, ...], msgspec.Meta(max_length=200)] = ()
    user_id: UUID | None = None


class ExpertChange(NewExpert, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an expert's entry says from now on, and whether they can be drawn."""

    state: ExpertState


class Expert(NewExpert, frozen=True, kw_only=True):
    """An expert as they are on record."""

    id: UUID
    organisation_id: UUID
    state: ExpertState
    version: int
    created_at: datetime
    updated_at: datetime


class Quota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many experts of one field."""

    field: ExpertField
    count: Annotated[int, msgspec.Meta(ge=1, le=PANEL_MAX)]


class NewDraw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a panel is wanted for: the subject (a lot, say), how many of each field, who must have no tie to it."""

    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    subject_id: UUID
    purpose: Purpose
    quotas: Annotated[tuple[Quota, ...], msgspec.Meta(min_length=1, max_length=5)]
    parties: Annotated[tuple[Party, ...], msgspec.Meta(min_length=1, max_length=500)]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who took part in a draw: id, fields, and the ticket by which the candidates are ranked."""

    expert_id: UUID
    fields: frozenset[ExpertField]
    ticket: str


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who did not take part, and why."""

    expert_id: UUID
    reason: str
    reason_zh: str


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A seat on a panel."""

    expert_id: UUID
    position: int
    field: ExpertField
    state: SeatState
    statement: str | None = None
    declared_by: UUID | None = None
    declared_at: datetime | None = None


class Draw(NewDraw, frozen=True, kw_only=True):
    """A draw with all that is needed to repeat it: `seed` (hex), candidates by rank, those excluded, and the seats."""

    id: UUID
    organisation_id: UUID
    seed: str
    candidates: tuple[Candidate, ...]
    excluded: tuple[Exclusion, ...]
    seats: tuple[Seat, ...]
    drawn_by: UUID
    created_at: datetime
    set_aside_by: UUID | None = None
    reason: str | None = None


class Declaration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An expert's word on conflicts in this matter; one who is not free is replaced by the next by lot."""

    is_free: bool
    statement: Reason


class SetAside(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a draw does not count."""

    reason: Reason
