"""What goes in and out about anomalies (异常竞价)."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from marketplace.edge.fields import Reason


class ReleaseIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a result may be confirmed although something was found."""

    reason: Reason


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """Something that looks wrong: a ground of the registers, a score, a ring, a repeated default."""

    id: UUID
    lot_id: UUID
    bidder_id: UUID | None
    kind: str
    score_bp: int | None
    detail: dict[str, Any]
    found_at: datetime


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What people call the lot and the bidder of an anomaly `id`, and how far the result's review is."""

    id: UUID
    number: str
    title: str
    title_zh: str
    venue: str
    state: Literal["clear", "held", "release_proposed", "released"]
    reason: str | None
    released_at: datetime | None
    paddle: int | None
    bidder: str | None


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """The review of a result: clear, or held until two people release it."""

    lot_id: UUID
    state: Literal["clear", "held", "release_proposed", "released"]
    reviewed_at: datetime
    lots_seen: int
    proposed_by: UUID | None
    reason: str | None
    released_by: UUID | None
    released_at: datetime | None
    anomalies: list[Anomaly]


class ResultHeldBack(msgspec.Struct, frozen=True, kw_only=True, tag="result_held"):
    """A result was put on hold for review."""

    lot_id: UUID
    venue_id: UUID
    findings: int
