"""Who is who: the roles, the kinds of organisation, and the caller on whose behalf a service acts."""

from enum import StrEnum
from uuid import UUID

import msgspec


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
