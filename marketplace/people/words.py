"""What organisations and authorities are called on pages. Source: domain 1.1, 1.4."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.pages.vocabulary import Words

KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "bank": Words("银行", "Bank"),
        "venue": Words("交易场所", "Venue"),
        "agency": Words("知识产权运营机构", "Operating agency"),
        "guarantor": Words("融资担保机构", "Guarantor"),
        "insurer": Words("保险机构", "Insurer"),
        "reguarantor": Words("再担保机构", "Re-guarantor"),
        "fund": Words("风险补偿资金管理机构", "Fund administrator"),
        "regulator": Words("主管部门", "Regulator"),
        "auditor": Words("审计机构", "Auditor"),
        "valuer": Words("资产评估机构", "Valuer"),
        "platform": Words("平台运营方", "Platform"),
        "expert": Words("专家", "Expert"),
        "pledgor": Words("出质人", "Pledgor"),
        "park": Words("园区", "Park"),
        "investor": Words("投资机构", "Investor"),
        "ip_service": Words("知识产权服务机构", "IP service"),
    }
)
AUTHORITIES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "ip_office": Words("知识产权局", "IP office"),
        "copyright": Words("版权局", "Copyright office"),
        "financial": Words("金融监管局", "Financial regulator"),
        "local_financial": Words("地方金融管理局", "Local financial regulator"),
        "fiscal": Words("财政部门", "Finance department"),
        "central_bank": Words("中国人民银行", "Central bank"),
        "sme": Words("中小企业主管部门", "SME bureau"),
        "court": Words("人民法院", "Court"),
        "joint": Words("联席会议", "Joint conference"),
    }
)
