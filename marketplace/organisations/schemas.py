"""Who is who: the roles, the kinds of organisation, and the caller on whose behalf a service acts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec

_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_ShortName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Password: TypeAlias = Annotated[str, msgspec.Meta(max_length=1000)]


class Role(StrEnum):
    """What a person may do inside the organisation that employs them; one person may hold several."""

    BANK_MAKER = "bank_maker"  # 银行经办
    BANK_CHECKER = "bank_checker"  # 银行复核
    VENUE_OPERATOR = "venue_operator"  # 交易场所经办
    VENUE_CHECKER = "venue_checker"  # 交易场所复核
    AGENCY_BIDDER = "agency_bidder"  # 运营机构竞买人
    FUND_ADMINISTRATOR = "fund_administrator"  # 风险补偿资金管理经办
    FUND_CHECKER = "fund_checker"  # 风险补偿资金管理复核
    REGULATOR = "regulator"  # 主管部门（只读）
    AUDITOR = "auditor"  # 审计（只读）
    PLATFORM_ADMINISTRATOR = "platform_administrator"  # 平台管理员


class OrganisationKind(StrEnum):
    """What an organisation is in the business of disposing of pledged intellectual property."""

    BANK = "bank"  # 银行（质权人）
    VENUE = "venue"  # 交易场所
    AGENCY = "agency"  # 运营机构
    GUARANTOR = "guarantor"  # 融资担保机构
    INSURER = "insurer"  # 保险机构
    REGUARANTOR = "reguarantor"  # 再担保机构
    FUND = "fund"  # 风险补偿资金管理机构
    REGULATOR = "regulator"  # 主管部门
    AUDITOR = "auditor"  # 审计机构
    VALUER = "valuer"  # 资产评估机构
    PLATFORM = "platform"  # 平台运营方


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The person (or job) on whose behalf something is done, and for which organisation."""

    user_id: UUID
    organisation_id: UUID
    organisation_kind: OrganisationKind
    roles: frozenset[Role]
    display_name: str

    def has(self, *roles: Role) -> bool:
        """Whether the caller holds any of `roles`."""
        return not self.roles.isdisjoint(roles)


#: The platform's own organisation: jobs act for it. The migration writes the row.
PLATFORM_ORGANISATION_ID = UUID("00000000-0000-7000-8000-000000000001")
SYSTEM_USER_ID = UUID("00000000-0000-7000-8000-000000000002")

#: The caller of jobs: it holds no role, because a service that a job calls asks for none.
SYSTEM_CALLER = Caller(
    user_id=SYSTEM_USER_ID,
    organisation_id=PLATFORM_ORGANISATION_ID,
    organisation_kind=OrganisationKind.PLATFORM,
    roles=frozenset(),
    display_name="Luochui 落槌",
)


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation 机构."""

    id: UUID
    kind: OrganisationKind
    name: str
    credit_code: str | None
    is_active: bool
    created_at: datetime
    version: int


class OrganisationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new organisation. `credit_code` is the unified social credit code 统一社会信用代码."""

    kind: OrganisationKind
    name: _Name
    credit_code: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{18}\Z")] | None = None


class OrganisationChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes; what is left out stays."""

    name: _Name | msgspec.UnsetType = msgspec.UNSET
    is_active: bool | msgspec.UnsetType = msgspec.UNSET


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person 用户 inside an organisation."""

    id: UUID
    organisation_id: UUID
    username: str
    display_name: str
    roles: list[Role]
    is_active: bool
    created_at: datetime
    version: int


class UserIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new user. The password is a first one, to be changed by its owner."""

    organisation_id: UUID
    username: _Name
    display_name: _ShortName
    roles: Annotated[list[Role], msgspec.Meta(max_length=16)]
    password: _Password


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes; what is left out stays. A change of roles or activity ends the user's sessions."""

    display_name: _ShortName | msgspec.UnsetType = msgspec.UNSET
    roles: Annotated[list[Role], msgspec.Meta(max_length=16)] | msgspec.UnsetType = msgspec.UNSET
    is_active: bool | msgspec.UnsetType = msgspec.UNSET


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Who I am."""

    user: User
    organisation: Organisation
    acting_roles: list[Role]


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user name and a password."""

    username: Annotated[str, msgspec.Meta(max_length=200)]
    password: _Password


class PasswordChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The present password and the new one."""

    old_password: _Password
    new_password: _Password


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session 会话: somewhere somebody has signed in as me."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    user_agent: str
    is_current: bool


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key 接口密钥, without its secret. It acts as its owner, with `roles` at most."""

    id: UUID
    public_id: str
    name: str
    roles: list[Role]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeyIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new key: some of my roles, for so many days."""

    name: _ShortName
    roles: Annotated[list[Role], msgspec.Meta(min_length=1, max_length=16)]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made. `key` is shown this once; a repeated request shows null in its place."""

    api_key: ApiKey
    key: str | None
