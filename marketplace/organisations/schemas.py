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
    RISK_BEARER = "risk_bearer"  # 担保、保险、再担保机构经办
    RISK_CHECKER = "risk_checker"  # 担保、保险、再担保机构复核
    VALUER = "valuer"  # 评估机构经办
    EXPERT = "expert"  # 评审专家
    PLEDGOR = "pledgor"  # 出质人


#: Who is employed to decide about other people's money and rights: a second factor may be demanded of them.
STAFF = frozenset(Role) - {Role.AGENCY_BIDDER, Role.EXPERT, Role.PLEDGOR}


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
    EXPERT = "expert"  # 专家（知识产权金融专家库）
    PLEDGOR = "pledgor"  # 出质人
    PARK = "park"  # 园区
    INVESTOR = "investor"  # 投资机构
    IP_SERVICE = "ip_service"  # 知识产权服务机构


class Authority(StrEnum):
    """Which authority a regulator is (domain 1.4, 7)."""

    IP_OFFICE = "ip_office"  # 知识产权局
    COPYRIGHT = "copyright"  # 版权
    FINANCIAL = "financial"  # 金融监管
    LOCAL_FINANCIAL = "local_financial"  # 地方金融
    FISCAL = "fiscal"  # 财政
    CENTRAL_BANK = "central_bank"  # 人民银行
    SME = "sme"  # 中小企业
    COURT = "court"  # 法院
    JOINT = "joint"  # 联席会议


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The person (or job) on whose behalf something is done, and for which organisation."""

    user_id: UUID
    organisation_id: UUID
    organisation_kind: OrganisationKind
    roles: frozenset[Role]
    display_name: str
    #: Of a regulator: which authority it is.
    authority: Authority | None = None

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
    """An organisation 机构; of a bank, `parent_id` says whose branch it is; of a regulator, which authority."""

    id: UUID
    kind: OrganisationKind
    name: str
    credit_code: str | None
    is_active: bool
    created_at: datetime
    version: int
    parent_id: UUID | None = None
    is_science_branch: bool = False
    authority: Authority | None = None
    region: str | None = None


class OrganisationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new organisation. `credit_code` is the unified social credit code 统一社会信用代码; `region` its code.

    `parent_id` and `is_science_branch` (科技支行) are for banks' branches, `authority` for regulators.
    """

    kind: OrganisationKind
    name: _Name
    credit_code: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{18}\Z")] | None = None
    parent_id: UUID | None = None
    is_science_branch: bool = False
    authority: Authority | None = None
    region: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}\Z")] | None = None


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
    """A new user. The password is a first one, to be changed by its owner.

    `identity_number` (证件号码) tells whether this is a person who has an account already: nobody approves their own
    requests from another one. Only a slow digest of it is kept.
    """

    organisation_id: UUID
    username: _Name
    display_name: _ShortName
    roles: Annotated[list[Role], msgspec.Meta(max_length=16)]
    password: _Password
    identity_number: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{6,18}\Z")] | None = None


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
    """A user name and a password; where a second factor is on, `code` too: the authenticator's, or a recovery code."""

    username: Annotated[str, msgspec.Meta(max_length=200)]
    password: _Password
    code: Annotated[str, msgspec.Meta(max_length=20)] | None = None


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


class SecondFactor(msgspec.Struct, frozen=True, kw_only=True):
    """Whether my second factor 双因素验证 is on, and how many recovery codes are left."""

    is_on: bool
    recovery_codes_left: int


class SecondFactorBegun(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticator app takes: as a link, or typed. Shown this once."""

    otpauth_uri: str | None
    secret: str | None


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Each lets me in once without the authenticator 恢复码. Shown this once."""

    codes: list[str] | None


class PasswordProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """My password once more; `code` too, to take a second factor away."""

    password: _Password
    code: Annotated[str, msgspec.Meta(max_length=20)] | None = None


class CodeProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the authenticator shows now."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}\Z")]


class InvitationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to let in, with which roles, and for how many hours the link stands.

    `identity_number` (证件号码) as for a user: it tells whether this is a person who has an account already.
    """

    organisation_id: UUID
    username: _Name
    display_name: _ShortName
    roles: Annotated[list[Role], msgspec.Meta(max_length=16)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 72
    identity_number: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{6,18}\Z")] | None = None


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation 邀请, or with `is_reset` a link to a new password, without its token."""

    id: UUID
    organisation_id: UUID
    user_id: UUID | None
    username: str
    display_name: str
    roles: list[Role]
    is_reset: bool
    invited_by: UUID
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation just made. `token` is shown this once: the person opens /invitations/{token}."""

    invitation: Invitation
    token: str | None


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of the link, and the password that its owner chose."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    password: _Password


class AccessStep(StrEnum):
    """What takes somebody's access away, or gives it back, and so needs two people."""

    SWITCH_OFF = "switch_off"  # 停用用户
    SWITCH_ON = "switch_on"  # 启用用户
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a word, not a password; 重置密码
    SECOND_FACTOR_REMOVAL = "second_factor_removal"  # 解除双因素验证
    ORGANISATION_OFF = "organisation_off"  # 停用机构
    ORGANISATION_ON = "organisation_on"  # 启用机构


class AccessStepIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step about a user, or (`organisation_off`, `organisation_on`) about an organisation, and why."""

    subject_id: UUID
    step: AccessStep
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class RightsIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The roles that a user is to have, and why."""

    roles: Annotated[list[Role], msgspec.Meta(max_length=16)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
