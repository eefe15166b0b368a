"""Which authority (主管部门) oversees what (domain 1.4 十二, 7): the routes say the area, row-level security the rows.

An authority reads, of the organisations in its region, what its area covers; whoever has no region oversees the whole
country. The database keeps the same table (`market.oversees`), and a test compares the two.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from marketplace.organisations.schemas import Authority, Caller, Role


class Area(StrEnum):
    """A field of supervision 监管领域."""

    LOANS = "loans"  # 案件、台账、导入、抵债、其他处置
    RETURNS = "returns"  # 季度统计
    COLLATERAL = "collateral"  # 质物、质押、评估
    DISPOSAL = "disposal"  # 委托、审查、处置方案、许可、委托运营
    SALES = "sales"  # 标的、竞价、成交、专家
    FUNDS = "funds"  # 风险补偿
    ALERTS = "alerts"  # 监测预警
    WHITE_LISTS = "white_lists"  # 白名单
    DECISIONS = "decisions"  # 复核记录、审计日志
    #: The second key of sealed bids, which a lot's venue gives to whomever it agrees with: any authority.
    ENTRUSTED = "entrusted"  # 受托开启密封报价


_ALL = frozenset(Authority)
_MONEY = frozenset({Authority.FINANCIAL, Authority.LOCAL_FINANCIAL, Authority.JOINT})
#: A court sees what is sold by the judicial way, a copyright office the copyrights: row by row, beneath these.
COVERED_BY: Mapping[Area, frozenset[Authority]] = MappingProxyType(
    {
        Area.LOANS: _MONEY | {Authority.CENTRAL_BANK},
        Area.RETURNS: _ALL - {Authority.COURT},
        Area.COLLATERAL: _MONEY | {Authority.IP_OFFICE, Authority.COPYRIGHT},
        Area.DISPOSAL: _MONEY | {Authority.IP_OFFICE, Authority.COURT},
        Area.SALES: frozenset(
            {
                Authority.IP_OFFICE,
                Authority.LOCAL_FINANCIAL,
                Authority.COURT,
                Authority.JOINT,
            }
        ),
        Area.FUNDS: _MONEY | {Authority.FISCAL},
        Area.ALERTS: _MONEY | {Authority.IP_OFFICE, Authority.FISCAL, Authority.CENTRAL_BANK},
        Area.WHITE_LISTS: _ALL - {Authority.COURT},
        Area.DECISIONS: _MONEY | {Authority.FISCAL},
        Area.ENTRUSTED: _ALL,
    }
)


def covers(authority: Authority | None, *areas: Area) -> bool:
    """Whether an authority oversees one of these areas; nobody's authority covers nothing."""
    return authority is not None and any(authority in COVERED_BY[area] for area in areas)


def oversees(caller: Caller, *areas: Area) -> bool:
    """Whether the caller, if a regulator, is of an authority that one of these areas is for; others are not asked."""
    return not caller.has(Role.REGULATOR) or covers(caller.authority, *areas)
