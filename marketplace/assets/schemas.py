"""A right as it is stored, handed in and shown."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.assets.details import Details
from marketplace.assets.export_control import ExportClass
from marketplace.assets.types import IpType

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class LegalStatus(StrEnum):
    """What the register says of a right (法律状态)."""

    IN_FORCE = "in_force"
    PENDING = "pending"
    LAPSED = "lapsed"
    INVALIDATED = "invalidated"
    REVOKED = "revoked"
    EXPIRED = "expired"


class AssetFlag(StrEnum):
    """What is to be known of a right before anyone buys it; domain 3.10 says what follows from each."""

    PRESERVATION = "preservation"  # 被他案保全（查封）
    OWNERSHIP_SUSPENDED = "ownership_suspended"  # 权属纠纷中止
    DEFENCE_PATENT = "defence_patent"  # 国防专利
    SECRET_PATENT = "secret_patent"  # noqa: S105 - 保密专利, a kind of patent
    INVALIDATION_PENDING = "invalidation_pending"  # 无效宣告审查中
    NON_USE_REQUEST = "non_use_request"  # 撤三申请
    LITIGATION = "litigation"  # 涉诉
    EXCLUSIVE_LICENCE = "exclusive_licence"  # 已有独占或排他许可
    OPEN_LICENCE = "open_licence"  # 开放许可中
    SAME_DAY_PAIR = "same_day_pair"  # 同日申请发明和实用新型
    GOVERNMENT_FUNDED = "government_funded"  # 财政资金项目
    STANDARD_ESSENTIAL = "standard_essential"  # 标准必要承诺
    STATE_OWNED = "state_owned"  # 国有权利人


class CoOwner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Someone else to whom the right belongs, and whether they agreed to its disposal."""

    name: Name
    has_consented: bool


class AssetGrade(StrEnum):
    """How a right stands in the graded catalogue (分级分类管理目录), best first. Source: domain 1.2 四(二)."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"


#: A region by its six digits (GB/T 2260), an industry by letter and digits (GB/T 4754).
Region = Annotated[str, msgspec.Meta(pattern=r"^[1-9]\d{5}\Z")]
Industry = Annotated[str, msgspec.Meta(pattern=r"^[A-T]\d{0,4}\Z")]


class NewAsset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A right as a bank states it, with when and where its legal status was read."""

    ip_type: IpType
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    nice_class: Annotated[int, msgspec.Meta(ge=1, le=45)] | None = None
    title: Name
    owner_name: Name
    owner_code: str | None = None
    co_owners: tuple[CoOwner, ...] = ()
    filed_on: date | None = None
    granted_on: date | None = None
    expires_on: date | None = None
    legal_status: LegalStatus
    status_as_of: date
    status_source: Name
    fee_paid_to: date | None = None
    has_evaluation_report: bool = False
    flags: frozenset[AssetFlag] = frozenset()
    details: Details | None = None
    export_class: ExportClass | None = None
    grade: AssetGrade | None = None
    region: Region | None = None
    industry: Industry | None = None


class Asset(NewAsset, frozen=True, kw_only=True):
    """A right as it is on record."""

    id: UUID
    organisation_id: UUID
    import_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


class AssetStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A newer reading of the register: what may change in a right after it was entered."""

    legal_status: LegalStatus
    status_as_of: date
    status_source: Name
    fee_paid_to: date | None = None
    has_evaluation_report: bool = False
    flags: frozenset[AssetFlag] = frozenset()
    co_owners: tuple[CoOwner, ...] = ()


class AssetParticulars(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people find out about a right besides the register's reading; all of it is replaced at once."""

    details: Details | None = None
    export_class: ExportClass | None = None
    grade: AssetGrade | None = None
    region: Region | None = None
    industry: Industry | None = None
