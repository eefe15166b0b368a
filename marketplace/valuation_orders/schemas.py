"""What goes in and out about orders for a valuation."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from kit.money import FEN_MAX
from marketplace.assets.types import IpType
from marketplace.edge.fields import Reason
from marketplace.valuations.calculators import Computation
from marketplace.valuations.kinds import ValuationMethod
from marketplace.valuations.scoring import NewScores


class OrderState(StrEnum):
    """How far an order has come."""

    ORDERED = "ordered"  # 已委托
    DELIVERED = "delivered"  # 已提交报告
    DECLINED = "declined"  # 已谢绝
    WITHDRAWN = "withdrawn"  # 已撤回


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class OrderIn(_In, frozen=True, kw_only=True):
    """Which valuer is asked, about which rights of my bank, what for and by when."""

    valuer_id: UUID
    asset_ids: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=200)]
    purpose: Reason
    due_on: date


class ReportIn(_In, frozen=True, kw_only=True):
    """The valuer's report: one value in fen for the rights of the order, by a method, as of a day, until a day."""

    report_number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    method: ValuationMethod
    base_on: date
    value_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]
    valid_to: date
    valuer_licence: Annotated[str, msgspec.Meta(max_length=100)] = ""
    computation: Computation | None = None
    scores: NewScores | None = None


class RefusalIn(_In, frozen=True, kw_only=True):
    """Why the order is declined, or withdrawn."""

    reason: Reason


class OrderedRight(msgspec.Struct, frozen=True, kw_only=True):
    """A right to be valued, as far as a valuer needs to know it."""

    id: UUID
    ip_type: IpType
    number: str
    title: str
    owner_name: str
    legal_status: str
    expires_on: date | None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its rights; `valuation_id` is what the report became in the bank's books."""

    id: UUID
    organisation_id: UUID
    bank: str
    valuer_id: UUID
    valuer: str
    rights: tuple[OrderedRight, ...]
    purpose: str
    due_on: date
    state: OrderState
    ordered_by: UUID
    ordered_at: datetime
    reason: str | None
    valuation_id: UUID | None
    ended_at: datetime | None
