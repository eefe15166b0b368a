"""The types of intellectual property that a loan may be secured with, and what the law says of each.

Source: domain 3.1.
"""

from enum import StrEnum

import msgspec


class IpType(StrEnum):
    """What kind of right it is (知识产权类型)."""

    PATENT_INVENTION = "patent_invention"
    PATENT_UTILITY = "patent_utility"
    PATENT_DESIGN = "patent_design"
    PATENT_APPLICATION = "patent_application"
    TRADEMARK = "trademark"
    TM_COLLECTIVE = "tm_collective"
    TM_CERTIFICATION = "tm_certification"
    GI_PRODUCT = "gi_product"
    COPYRIGHT = "copyright"
    SOFTWARE_COPYRIGHT = "software_copyright"
    IC_LAYOUT = "ic_layout"
    PLANT_VARIETY = "plant_variety"
    ANIMAL_VARIETY = "animal_variety"
    DATA_IP = "data_ip"
    TRADE_SECRET = "trade_secret"  # noqa: S105 - a kind of right, not a password
    LICENCE_RECEIVABLE = "licence_receivable"


class TypeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every right of one type."""

    title_zh: str
    title_en: str
    is_pledge_registrable: bool = True
    is_sellable: bool = True
    has_upkeep: bool = False
    has_nice_class: bool = False
    needs_qualified_buyer: bool = False


FACTS: dict[IpType, TypeFacts] = {
    IpType.PATENT_INVENTION: TypeFacts(
        title_zh="发明专利", title_en="invention patent", has_upkeep=True
    ),
    IpType.PATENT_UTILITY: TypeFacts(
        title_zh="实用新型专利", title_en="utility model", has_upkeep=True
    ),
    IpType.PATENT_DESIGN: TypeFacts(
        title_zh="外观设计专利", title_en="design patent", has_upkeep=True
    ),
    IpType.PATENT_APPLICATION: TypeFacts(
        title_zh="专利申请权", title_en="patent application", is_pledge_registrable=False
    ),
    IpType.TRADEMARK: TypeFacts(title_zh="商标", title_en="trademark", has_nice_class=True),
    IpType.TM_COLLECTIVE: TypeFacts(
        title_zh="集体商标",
        title_en="collective mark",
        has_nice_class=True,
        needs_qualified_buyer=True,
    ),
    IpType.TM_CERTIFICATION: TypeFacts(
        title_zh="证明商标",
        title_en="certification mark",
        has_nice_class=True,
        needs_qualified_buyer=True,
    ),
    IpType.GI_PRODUCT: TypeFacts(
        title_zh="地理标志产品",
        title_en="geographical indication",
        is_pledge_registrable=False,
        is_sellable=False,
    ),
    IpType.COPYRIGHT: TypeFacts(title_zh="著作权", title_en="copyright"),
    IpType.SOFTWARE_COPYRIGHT: TypeFacts(title_zh="软件著作权", title_en="software copyright"),
    IpType.IC_LAYOUT: TypeFacts(title_zh="集成电路布图设计", title_en="IC layout design"),
    IpType.PLANT_VARIETY: TypeFacts(
        title_zh="植物新品种权", title_en="plant variety", has_upkeep=True
    ),
    IpType.ANIMAL_VARIETY: TypeFacts(
        title_zh="动物新品种",
        title_en="animal variety",
        is_pledge_registrable=False,
        is_sellable=False,
    ),
    IpType.DATA_IP: TypeFacts(title_zh="数据知识产权", title_en="data right"),
    IpType.TRADE_SECRET: TypeFacts(title_zh="商业秘密", title_en="trade secret"),
    IpType.LICENCE_RECEIVABLE: TypeFacts(title_zh="许可费应收账款", title_en="licence receivable"),
}
