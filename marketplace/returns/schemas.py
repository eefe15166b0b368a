"""What goes in and out about quarterly returns."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from marketplace.edge.fields import Reason
from settlement.paper_bodies import QuarterFigures
from settlement.rules.quarters import Branch, Tolerance


class ReturnState(StrEnum):
    """A return: drafted, submitted, locked by an alert (MON-02), or reopened for a next version."""

    DRAFTED = "drafted"  # 待复核
    SUBMITTED = "submitted"  # 已报送
    LOCKED = "locked"  # 已锁定
    REOPENED = "reopened"  # 已退回重报


class ReturnIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's figures of a quarter by branch, and its two recipients (two authorities)."""

    quarter: str
    branches: Annotated[list[Branch], msgspec.Meta(min_length=1, max_length=500)]
    recipients: Annotated[list[UUID], msgspec.Meta(min_length=2, max_length=2)]


class Reopening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a recipient lets a locked or submitted return be made anew."""

    reason: Reason


class QuarterIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which quarter."""

    quarter: str


class BulletinIn(QuarterIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which quarter's notification, and as what file: for print, a workbook, or the bytes that are hashed."""

    form: Literal["html", "xlsx", "json"] = "html"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Why a return is locked: its code, and what disagrees, in both languages."""

    code: str
    detail: str
    detail_zh: str
    at: datetime


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a return and hashed: the figures by branch, each branch's test, and what the books said."""

    branches: list[Branch]
    tolerance: list[Tolerance]
    figures: QuarterFigures


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient's acknowledgement."""

    recipient_id: UUID
    received_at: datetime


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """A return, whole; `receipt` is its number from the submission on."""

    id: UUID
    organisation_id: UUID
    quarter: str
    version: int
    content: Content
    sha256: str
    recipients: list[UUID]
    due_on: date
    state: ReturnState
    drafted_by: UUID
    drafted_at: datetime
    submitted_by: UUID | None
    submitted_at: datetime | None
    is_late: bool | None
    receipt: str | None
    alerts: list[Alert]
    receipts: list[Receipt]


class ReturnMoved(msgspec.Struct, frozen=True, kw_only=True, tag="return_moved"):
    """A quarterly return came to another state."""

    return_id: UUID
    organisation_id: UUID
    quarter: str
    state: ReturnState
