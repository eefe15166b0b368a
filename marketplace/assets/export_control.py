"""Whether a foreigner may buy or license a technology. Source: domain 3.7 (技术进出口管理条例 29-39; 专利法 10(2)).

Pure: the room that qualifies bidders calls `foreign_bidder`.
"""

from enum import StrEnum
from typing import Final

import msgspec

from marketplace.assets.types import IpType


class ExportClass(StrEnum):
    """What the catalogues of prohibited and restricted technology say of a right."""

    FREE = "free"  # 自由出口：合同登记，3个工作日
    RESTRICTED = "restricted"  # 限制出口：须许可证，实质谈判前取得意向书
    PROHIBITED = "prohibited"  # 禁止出口
    NO_TECHNOLOGY = "no_technology"  # 不含技术（如一般商标）


#: Types that pass technology on, and so must be classed before a foreigner is let in.
HOLDS_TECHNOLOGY: Final = frozenset(
    {
        IpType.PATENT_INVENTION,
        IpType.PATENT_UTILITY,
        IpType.PATENT_DESIGN,
        IpType.PATENT_APPLICATION,
        IpType.SOFTWARE_COPYRIGHT,
        IpType.IC_LAYOUT,
        IpType.PLANT_VARIETY,
        IpType.DATA_IP,
        IpType.TRADE_SECRET,
    }
)
#: 国办发〔2018〕19号: transfers of these to foreigners also undergo a security review.
SECURITY_REVIEWED: Final = frozenset(
    {
        IpType.PATENT_INVENTION,
        IpType.PATENT_UTILITY,
        IpType.PATENT_DESIGN,
        IpType.PATENT_APPLICATION,
        IpType.SOFTWARE_COPYRIGHT,
        IpType.IC_LAYOUT,
        IpType.PLANT_VARIETY,
    }
)


class ForeignVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a foreign bidder may register for a right, why, and what must be done before the transfer is recorded."""

    is_admitted: bool
    reason: str
    reason_zh: str
    duties: tuple[str, ...] = ()
    duties_zh: tuple[str, ...] = ()


def foreign_bidder(
    ip_type: IpType,
    export_class: ExportClass | None,
    *,
    is_defence_or_secret: bool = False,
    has_letter_of_intent: bool = False,
) -> ForeignVerdict:
    """What applies to a foreigner who means to bid for this right.

    `has_letter_of_intent`: they hold the export licence's letter of intent (技术出口许可意向书), which restricted
    technology needs before substantive negotiation, and so before a bid.
    """
    if is_defence_or_secret:
        return ForeignVerdict(
            is_admitted=False,
            reason="a defence or secret patent never goes to a foreigner",
            reason_zh="国防专利、保密专利不得转让给境外主体",
        )
    if ip_type not in HOLDS_TECHNOLOGY or export_class is ExportClass.NO_TECHNOLOGY:
        return ForeignVerdict(
            is_admitted=True, reason="it passes no technology on", reason_zh="不涉及技术出口"
        )
    if export_class is None:
        return ForeignVerdict(
            is_admitted=False,
            reason="nobody has looked it up in the catalogues of prohibited and restricted technology",
            reason_zh="尚未核对禁止、限制出口技术目录",
        )
    if export_class is ExportClass.PROHIBITED:
        return ForeignVerdict(
            is_admitted=False,
            reason="the export of this technology is prohibited",
            reason_zh="属禁止出口技术",
        )
    if export_class is ExportClass.RESTRICTED and not has_letter_of_intent:
        return ForeignVerdict(
            is_admitted=False,
            reason="restricted technology: the bidder needs the licence's letter of intent before bidding",
            reason_zh="属限制出口技术，竞买前须取得技术出口许可意向书",
        )
    return _with_duties(ip_type, export_class)


def _with_duties(ip_type: IpType, export_class: ExportClass) -> ForeignVerdict:
    if export_class is ExportClass.RESTRICTED:
        duties = ["export licence; the contract takes effect with it (30 working days)"]
        duties_zh = ["取得技术出口许可证，合同自许可之日起生效（30个工作日）"]
    else:
        duties = ["registration of the export contract (3 working days)"]
        duties_zh = ["技术出口合同登记（3个工作日）"]
    if ip_type in SECURITY_REVIEWED:
        duties.append("security review of the transfer to a foreigner (国办发〔2018〕19号)")
        duties_zh.append("知识产权对外转让安全审查（国办发〔2018〕19号）")
    return ForeignVerdict(
        is_admitted=True,
        reason=f"technology of class {export_class}",
        reason_zh="技术出口类别已核定",
        duties=tuple(duties),
        duties_zh=tuple(duties_zh),
    )
