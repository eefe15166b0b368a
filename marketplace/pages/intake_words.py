"""The words of what banks and venues enter by forms: marks of loans, kinds of rights, methods, ways of bidding."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.assets.types import FACTS
from marketplace.pages.vocabulary import Words

CASE_FLAGS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "pledgor_bankrupt": Words("出质人破产或重整", "Pledgor in bankruptcy"),
        "combined_collateral": Words("组合担保", "Combined collateral"),
        "fund_enrolled": Words("已纳入风险补偿", "Enrolled with a fund"),
        "science_branch": Words("科技支行发放", "By a science branch"),
        "pledgor_dishonest": Words(
            "出质人为失信被执行人", "Pledgor on the list of dishonest debtors"
        ),
        "pledgor_abnormal": Words("出质人经营异常", "Pledgor on the list of abnormal operation"),
        "pledgor_revoked": Words("出质人被吊销营业执照", "Pledgor's business licence revoked"),
        "counterparty_missing": Words("交易对手不存在或已注销", "Counterparty missing"),
    }
)
IP_TYPES: Final[Mapping[str, Words]] = MappingProxyType(
    {kind.value: Words(facts.title_zh, facts.title_en) for kind, facts in FACTS.items()}
)
VALUATION_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "external": Words("外部评估", "By a valuer from outside"),
        "negotiated": Words("协商作价", "Agreed by bank and borrower"),
        "internal": Words("银行内部评估", "By the bank itself"),
    }
)
GRIDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "multiple": Words("加价须为幅度的整数倍", "Raises are multiples of the step"),
        "none": Words("加价不低于幅度即可", "Any raise of the step or more"),
        "absolute": Words("出价须为幅度的整数倍", "Bids are multiples of the step"),
    }
)
PARTY_ROLES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "pledgor": Words("出质人", "Pledgor"),
        "debtor": Words("债务人", "Debtor"),
        "co_owner": Words("共有人", "Co-owner"),
        "priority_holder": Words("优先购买权人", "Priority holder"),
        "other": Words("其他", "Other"),
    }
)
#: What becomes of a word that was sent to a party.
TOLD: Final = ("received", "unreachable", "waived")
