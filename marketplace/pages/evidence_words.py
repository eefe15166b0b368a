"""What rules and signals rest on (证据), in words of both languages: amounts in yuan, kinds by their names."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from marketplace.pages import content_words, formats, intake_words, ledger_words, vocabulary
from marketplace.pages.vocabulary import Words

NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "alert": Words("预警", "Alert"),
        "as_of": Words("查询日", "Read on"),
        "at_best": Words("至多应为", "At best"),
        "attested": Words("证明文件", "Attested by"),
        "author": Words("作者", "Author"),
        "authority": Words("处置依据", "Title to dispose"),
        "closing_on": Words("计划完成日", "Planned to be done by"),
        "co_owner": Words("共有人", "Co-owner"),
        "component": Words("组成部分", "Component"),
        "consignor": Words("委托人", "Consignor"),
        "contract_number": Words("合同编号", "Contract number"),
        "days": Words("逾期天数", "Days overdue"),
        "defaulted_on": Words("违约日", "Defaulted on"),
        "defaults": Words("违约次数", "Defaults"),
        "deposit_fen": Words("保证金", "Deposit"),
        "earliest": Words("最早日期", "Earliest"),
        "enrolled_fen": Words("入库本金", "Principal enrolled"),
        "expected_fen": Words("预计价款", "Expected proceeds"),
        "expires_on": Words("届满日", "Expires on"),
        "export_class": Words("出口管制类别", "Export control class"),
        "fee_paid_to": Words("年费缴至", "Fees paid to"),
        "filed": Words("备案情况", "Filed"),
        "flag": Words("标志", "Mark"),
        "fund": Words("补偿资金", "Fund"),
        "grade": Words("五级分类", "Grade"),
        "holder": Words("权利人", "Holder"),
        "ip_type": Words("类型", "Type"),
        "joint_pledgee": Words("共同质权人", "Joint pledgee"),
        "kind": Words("种类", "Kind"),
        "ledger_fen": Words("台账数", "In the ledger"),
        "left_out": Words("未纳入", "Left out"),
        "legal_status": Words("法律状态", "Legal status"),
        "licence": Words("许可", "Licence"),
        "limitation_ends_on": Words("诉讼时效届满日", "Limitation ends on"),
        "loan": Words("另一笔贷款", "The other loan"),
        "loss_fen": Words("损失", "Losses"),
        "owner": Words("权利人", "Owner"),
        "paddle": Words("号牌", "Paddle"),
        "paddles": Words("号牌", "Paddles"),
        "paid_to": Words("缴至", "Paid to"),
        "party": Words("当事人", "Party"),
        "pledgee": Words("质权人", "Pledgee"),
        "pledgor": Words("出质人", "Pledgor"),
        "reference": Words("比照", "Compared with"),
        "reference_fen": Words("比照值", "Its value"),
        "regime": Words("适用制度", "Regime"),
        "register": Words("登记簿", "Register"),
        "report": Words("报告", "Report"),
        "reported_fen": Words("报告数", "As reported"),
        "safe_until": Words("应不早于", "Should run to"),
        "same": Words("相同之处", "What is the same"),
        "senior_fen": Words("在先债权", "Senior claims"),
        "stage": Words("阶段（日）", "Stage (days)"),
        "start_price_fen": Words("起始价", "Start price"),
        "state": Words("状态", "State"),
        "threshold_bp": Words("熔断线", "Threshold of the breaker"),
        "valid_to": Words("有效期至", "Valid to"),
        "valuation_fen": Words("评估值", "Valuation"),
        "value_fen": Words("评估值", "Value"),
    }
)
_VALUES: Final[Mapping[str, Mapping[str, Words]]] = MappingProxyType(
    {
        "at_best": vocabulary.GRADES,
        "authority": content_words.AUTHORITIES,
        "flag": MappingProxyType({**vocabulary.BURDENS, **intake_words.CASE_FLAGS}),
        "grade": vocabulary.GRADES,
        "ip_type": intake_words.IP_TYPES,
        "kind": ledger_words.BURDEN_KINDS,
        "legal_status": vocabulary.LEGAL_STATES,
        "regime": vocabulary.REGIMES,
        "loan": MappingProxyType({"elsewhere": Words("他行贷款", "At another bank")}),
    }
)
_TRUTHS: Final[Mapping[str, Words]] = MappingProxyType(
    {"True": Words("是", "Yes"), "False": Words("否", "No"), "None": Words("无", "None")}
)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One fact: its name in the rule, what that is called, and what it says."""

    name: str
    label: Words
    said: Words


def in_words(evidence: Mapping[str, str]) -> list[Shown]:
    """The facts in their order; what has no words stands as it is."""
    return [
        Shown(name=name, label=NAMES.get(name) or Words(name, name), said=_said(name, value))
        for name, value in evidence.items()
    ]


def _said(name: str, value: str) -> Words:
    known = _VALUES.get(name, {}).get(value) or _TRUTHS.get(value)
    if known is not None:
        return known
    is_number = value.removeprefix("-").isdigit()
    if is_number and name.endswith("_fen"):
        value = formats.money(int(value))
    elif is_number and name.endswith("_bp"):
        value = formats.percent(int(value))
    return Words(value, "")
