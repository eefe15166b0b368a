"""The words that statements print for what the database keeps as codes, English and Chinese in one text."""

from collections.abc import Mapping
from fractions import Fraction
from uuid import UUID

from kit.money import BP_ONE

ACCOUNTS: Mapping[str, str] = {
    "venue_fee": "venue fee 交易服务费",
    "cost_payable": "cost 处置费用",
    "tax_payable": "tax 税费",
    "pledgee_payable": "pledgee 质权人",
    "surplus_payable": "surplus 余款",
    "compensation_payable": "compensation 风险补偿",
}
RANKS: Mapping[str, str] = {
    "buyer_premium": "buyer's premium 买受人佣金",
    "costs": "costs of realisation 处置费用",
    "taxes": "seller's taxes 卖方税费",
    "pledgee_costs": "pledgee's costs 质权人费用",
    "pledgee_interest": "interest 利息",
    "pledgee_principal": "principal 本金",
    "pledgee_penalty": "penalty 罚息违约金",
    "pledgee_damages": "damages 损害赔偿",
    "pledgee_joint": "joint pledgee 共同质权人",
    "creditor": "other creditor 其他债权人",
    "junior": "later pledgee 后顺位质权人",
    "pledgor": "surplus to the pledgor 返还出质人",
}
#: Payments, payouts, plans, dues.
STATES: Mapping[str, str] = {
    "QUEUED": "to be paid 待支付",
    "SENT": "sent to the bank 已送银行",
    "FAILED": "failed, to be sent anew 支付失败待重发",
    "DUE": "due 待支付",
    "PAID": "paid 已支付",
    "DRAFT": "draft 草稿",
    "APPROVED": "approved 已复核",
    "WITHDRAWN": "withdrawn 已撤回",
}
MATCHES: Mapping[str, str] = {
    "EXACT": "exact 金额一致",
    "PARTIAL": "part of the price 部分价款",
    "OVER": "over 超额",
    "FREE": "not for a lot 未指定标的",
}
#: States of a case. Source: domain 5.2.
CASES: Mapping[str, str] = {
    "LOAN_ENROLLED": "enrolled 已备案",
    "OVERDUE": "overdue 已逾期",
    "DEFAULT_CONFIRMED": "default confirmed 已确认违约",
    "COMP_APPLIED": "applied for 已申请补偿",
    "COMP_REVIEWED": "reviewed 审核通过",
    "REJECTED": "rejected 审核不通过",
    "ADVANCE_PAID": "advance paid 已先行拨付",
    "DISPOSAL": "disposal and recovery 处置追偿中",
    "FINAL_CLEARING": "cleared, payment due 已清算，待收付",
    "CLOSED": "closed, all paid 已办结，款项付清",
    "SUSPENDED_BY_BREAKER": "suspended by the circuit breaker 熔断暂停",
    "CLAWED_BACK": "taken back in full 已全额追回",
    "WRITTEN_OFF": "written off 已核销",
}
ROLES: Mapping[str, str] = {
    "BANK": "bank 银行",
    "FUND": "fund 风险补偿资金",
    "GUARANTOR": "guarantor 担保机构",
    "INSURER": "insurer 保险公司",
    "VALUER": "valuer 评估机构",
    "REGUARANTOR": "re-guarantor 再担保机构",
}
#: What the scheme files call their parties, where that says more than the role.
_PARTIES: Mapping[str, str] = {
    "bank": "bank 银行",
    "fund": "fund 风险补偿资金",
    "guarantor": "guarantor 担保机构",
    "insurer": "insurer 保险公司",
    "valuer": "valuer 评估机构",
    "reguarantor": "re-guarantor 再担保机构",
    "government": "government fund 政府风险资金",
    "province": "provincial fund 省级资金",
    "city": "city fund 市级资金",
}
#: What a bearer of losses has said of its liability.
LIABILITIES: Mapping[str, str] = {
    "notified": "to be confirmed 待确认",
    "confirmed": "confirmed 已确认",
    "disputed": "disputed 有异议",
}
#: Why one party owes another.
OWED: Mapping[str, str] = {
    "borne": "its part of the loss 承担损失",
    "ceded": "part passed on to it 分入责任",
}
DUES: Mapping[str, str] = {
    "advance": "advance 先行拨付",
    "top_up": "top-up 补拨",
    "return": "return 退回",
}
BASES: Mapping[str, str] = {
    "PRINCIPAL": "principal 本金",
    "PRINCIPAL_INTEREST": "principal and interest 本金及利息",
    "NET_LOSS": "net loss 净损失",
}
#: What is billed of a licence, where it is not a period.
INVOICES: Mapping[str, str] = {
    "ENTRY_FEE": "entry fee 入门费",
    "PERIOD": "period 结算期",
    "CHARGES": "charges 逾期费用",
}
COMP_MODES: Mapping[str, str] = {
    "DIRECT_SHARE": "the fund bears its share itself 资金按比例直接分担",
    "COMPENSATE_RETAINED": "a rate of what the party retains 按自留损失比例补偿",
    "LAYERED": "layer by layer 分层补偿",
}
#: Where a recovery came from, by what its id begins with.
RECOVERIES: Mapping[str, str] = {
    "lot": "sale of a lot 标的成交",
    "licence": "licence fee 许可费",
    "mandate": "operating mandate 委托运营回款",
    "flow": "income of another route 其他处置回款",
    "set_off": "set-off 折价抵债",
    "deposit": "forfeited deposit 不予退还的保证金",
    "forfeited_deposit": "forfeited deposit 不予退还的保证金",
    "buyer_claim": "claim on a buyer 差额追偿",
    "insurance": "insurance 保险赔款",
    "voluntary": "voluntary repayment 自愿还款",
    "other": "other recovery 其他回收",
}
#: Whom a licence fee goes to; a later pledgee goes by its own name.
SHARES: Mapping[str, str] = {
    "agency": "agency 运营机构",
    "lender": "lender 贷款银行",
    "pledgor": "pledgor 出质人",
}
#: How late money is, in days, in the order printed.
AGES: Mapping[str, str] = {
    "not_due": "not due 未到期",
    "1-30": "1-30 days 天",
    "31-60": "31-60 days 天",
    "61-90": "61-90 days 天",
    "over_90": "over 90 days 超过90天",
}
#: How lots are sold.
FORMATS: Mapping[str, str] = {
    "english": "English auction 增价竞价",
    "dynamic": "dynamic bidding 动态报价",
    "rounds": "bidding in rounds 分轮竞价",
    "dutch": "Dutch auction 减价竞价",
    "dutch_hybrid": "Dutch, then sealed 减价密封结合",
    "one_shot": "sealed first price 一次报价",
    "vickrey": "sealed second price 次高价",
    "uniform_price": "uniform price 统一价",
    "weighted": "weighted tender 权重报价",
    "sell_off": "sell-off 变卖",
    "collection": "collection 收储",
}
LARGEST_REMAINDER = "largest remainder 最大余数法"
NO_CAP = "no cap 无上限"


def word(table: Mapping[str, str], code: str) -> str:
    """The words for a code; a code that has none is shown as it is."""
    return table.get(code, code)


def recovery(event_id: str) -> str:
    """What people call a recovery: where it came from, with its reference unless that is an id of ours."""
    kind, _, reference = event_id.partition(":")
    if kind not in RECOVERIES:
        return event_id
    try:
        UUID(reference)
    except ValueError:
        return f"{RECOVERIES[kind]} {reference}".rstrip()
    return RECOVERIES[kind]


def percent(ratio_bp: int) -> str:
    """250 basis points are "2.5%"."""
    whole, rest = divmod(ratio_bp, BP_ONE // 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"


def gap_in_words(gap_bp: str) -> str:
    """An exact number of basis points ("287654321/1000000") as percentage points, with the exact one beside it.

    The rounded figure is for reading; what decides is the exact one.
    """
    rounded = round(Fraction(gap_bp) * (BP_ONE // 100))  # ten-thousandths of a point
    whole, rest = divmod(abs(rounded), BP_ONE)
    sign = "-" if rounded < 0 else ""
    return f"{sign}{whole}.{rest:04d} points 个百分点 ({gap_bp} bp)"


def party(name: str, role: str = "") -> str:
    """A party of a scheme: by its own name where that is known, else by its role with the scheme's name for it."""
    if name in _PARTIES:
        return _PARTIES[name]
    return f"{ROLES[role]} ({name})" if role in ROLES else name


def delta(amount_fen: int) -> str:
    """What a difference at the final clearing means, by its sign."""
    if amount_fen > 0:
        return "top-up 补拨"
    return "return 退回" if amount_fen < 0 else "none 无"
