"""The words of the rooms of money, Chinese and English: bank entries, payment files, claims, returns."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.pages.vocabulary import Words

#: Why an entry of a statement waits for a person. Source: settlement.matching.
VERDICTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "EXACT": Words("金额相符", "Exact"),
        "PARTIAL": Words("部分付款", "Partial"),
        "OVER": Words("多付", "Over"),
        "BOOKED_BEFORE": Words("已入账", "Booked before"),
        "REVERSAL": Words("冲正", "A reversal"),
        "RETURNED_PAYOUT": Words("付款被退回", "A payout came back"),
        "NO_REFERENCE": Words("无付款编号", "No reference"),
        "SEVERAL_REFERENCES": Words("多个付款编号", "Several references"),
        "UNKNOWN_REFERENCE": Words("编号不存在", "Unknown reference"),
        "WRONG_PAYER": Words("付款人不符", "Wrong payer"),
        "REFERENCE_IN_USE": Words("流水号已被使用", "Bank reference in use"),
        "DUPLICATE": Words("重复付款", "Duplicate payment"),
        "REFUSED": Words("不能入账", "Cannot be booked"),
    }
)

#: States of entries, files, lines, accounts, payouts and returns.
MONEY_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "OPEN": Words("待处理", "Open"),
        "HELD": Words("暂挂", "Held"),
        "MATCHED": Words("已匹配", "Matched"),
        "ASSIGNED": Words("已认领", "Assigned"),
        "RETURNED": Words("已退回", "Sent back"),
        "BOOKED": Words("已入账", "Booked"),
        "NOTED": Words("已备注", "Noted"),
        "IMPORTED": Words("已导入", "Imported"),
        "QUARANTINED": Words("已隔离", "Kept aside"),
        "DRAFT": Words("待复核", "Draft"),
        "APPROVED": Words("已复核", "Approved"),
        "EXPORTED": Words("已导出", "Exported"),
        "WITHDRAWN": Words("已撤回", "Withdrawn"),
        "VOID": Words("已作废", "Void"),
        "PENDING": Words("待银行答复", "Pending"),
        "ACCEPTED": Words("银行已受理", "Accepted"),
        "PAID": Words("已付", "Paid"),
        "REJECTED": Words("银行退回", "Rejected"),
        "DROPPED": Words("未发送", "Dropped"),
        "PROPOSED": Words("待复核", "Proposed"),
        "ACTIVE": Words("在用", "Active"),
        "REPLACED": Words("已更换", "Replaced"),
        "REFUSED": Words("已拒绝", "Refused"),
        "DONE": Words("已办理", "Done"),
        "QUEUED": Words("待付", "Queued"),
        "drafted": Words("待复核", "Drafted"),
        "submitted": Words("已报送", "Submitted"),
        "locked": Words("已锁定", "Locked"),
        "reopened": Words("已退回重报", "Reopened"),
    }
)

#: What a payout is for.
#: What a recovery of a loan came from.
RECOVERIES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "lot": Words("标的成交", "Sale of a lot"),
        "deposit": Words("没收的保证金", "Deposit kept"),
        "set_off": Words("以物抵债", "Set-off"),
        "mandate": Words("委托运营收入", "Income of rights operated"),
        "flow": Words("其他处置方式的收入", "Flow of a recorded route"),
        "licence": Words("许可费收入", "Licence fees"),
        "forfeited_deposit": Words("没收的保证金", "Deposit kept"),
        "insurance": Words("保险赔款", "Insurance"),
        "voluntary": Words("债务人自愿清偿", "Paid by the debtor"),
        "other": Words("其他回收", "Other recovery"),
        "buyer_claim": Words("违约买受人的赔偿", "Paid by a defaulting buyer"),
    }
)
#: What a person did with a bank entry that nothing matched.
ENTRY_ACTIONS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "ASSIGN": Words("归入款项", "Assigned to a due"),
        "RETURN": Words("退回付款人", "Sent back"),
        "HOLD": Words("暂挂", "Held"),
        "NOTE": Words("备注", "Noted"),
    }
)
PURPOSES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "pledgee_payable_paid": Words("质权人受偿", "To the pledgee"),
        "cost_payable_paid": Words("费用", "Costs"),
        "tax_payable_paid": Words("税款", "Taxes"),
        "surplus_payable_paid": Words("余款退出质人", "Surplus to the pledgor"),
        "venue_fee_paid": Words("买受人佣金", "Buyer's premium"),
        "refund_paid": Words("退款", "Refund"),
        "compensation_advance_paid": Words("先行拨付", "Advance"),
        "compensation_top_up_paid": Words("补拨", "Top-up"),
        "margin_released_paid": Words("保证金专户释放", "Margin released"),
    }
)

#: Why a payout can't go into a file yet.
NOT_READY: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "no_account": Words("收款账户未登记", "No account on register"),
        "account_waits": Words("收款账户变更冷静期", "Changed account waits a day"),
        "in_file": Words("已在付款文件中", "In a file already"),
    }
)

#: How far a claim has come. Source: domain 5.2.
CLAIMS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "drafted": Words("待银行复核", "Waits for the bank's checker"),
        "returned": Words("银行退回", "Returned by the bank"),
        "applied": Words("已申请，待审核", "Applied, waits for review"),
        "reviewed": Words("审核通过，待拨付", "Reviewed, waits for the advance"),
        "rejected": Words("审核不通过", "Rejected"),
        "advanced": Words("已先行拨付", "Advance paid"),
        "recovering": Words("追偿中", "Recovering"),
        "cleared": Words("已清算，待结清", "Cleared, to be settled"),
        "closed": Words("已办结", "Closed"),
        "suspended": Words("熔断暂停", "Suspended by a breaker"),
    }
)

#: Those who bear a loss together, as a scheme names them. Source: domain 5.1.
PARTIES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "bank": Words("银行", "Bank"),
        "fund": Words("补偿资金", "Fund"),
        "government": Words("政府", "Government"),
        "province": Words("省级资金", "Province"),
        "city": Words("市级资金", "City"),
        "guarantor": Words("担保机构", "Guarantor"),
        "reguarantor": Words("再担保机构", "Re-guarantor"),
        "insurer": Words("保险机构", "Insurer"),
        "valuer": Words("评估机构", "Valuer"),
    }
)

#: What a bearer of losses has said of its liability, what it says, and why one party owes another.
LIABILITIES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "notified": Words("待确认", "To be confirmed"),
        "confirmed": Words("已确认", "Confirmed"),
        "disputed": Words("有异议", "Disputed"),
    }
)
ANSWERS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "confirm": Words("确认责任", "Confirms the liability"),
        "dispute": Words("提出异议", "Disputes the liability"),
    }
)
BEARER_ROLES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "GUARANTOR": Words("担保机构", "Guarantor"),
        "INSURER": Words("保险机构", "Insurer"),
        "REGUARANTOR": Words("再担保机构", "Re-guarantor"),
    }
)
OWED: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "borne": Words("承担损失", "Its part of the loss"),
        "ceded": Words("分入责任", "A part passed on to it"),
    }
)

#: How late money is that should have come back to a fund.
BUCKETS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "not_due": Words("未到期", "Not due"),
        "1-30": Words("1–30 天", "1–30 days"),
        "31-60": Words("31–60 天", "31–60 days"),
        "61-90": Words("61–90 天", "61–90 days"),
        "over_90": Words("90 天以上", "Over 90 days"),
    }
)

#: Steps of a compensation case, as its history names them.
STEPS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "enrol_loan": Words("贷款备案", "Loan enrolled"),
        "overdue": Words("逾期", "Overdue"),
        "default_confirmed": Words("确认违约", "Default confirmed"),
        "apply_claim": Words("提出申请", "Claim applied for"),
        "review_approve": Words("审核同意", "Review agreed"),
        "review_reject": Words("审核不同意", "Review refused"),
        "suspended_by_breaker": Words("熔断暂停", "Suspended by a breaker"),
        "breakers_passed": Words("熔断检查通过", "Breakers passed"),
        "pay_advance": Words("先行拨付", "Advance paid"),
        "record_recovery": Words("登记追偿", "Recovery shared"),
        "late_recovery": Words("清算后追偿", "Late recovery"),
        "final_clearing": Words("最终清算", "Final clearing"),
        "record_return": Words("登记退回", "Return booked"),
        "pay_liability": Words("登记代偿", "Liability paid"),
        "claw_back": Words("追回", "Taken back"),
    }
)

#: How far a licence has come. Source: settlement.licences.
LICENCES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "DRAFT": Words("待复核", "Waits for a second person"),
        "ACTIVE": Words("履行中", "Running"),
        "ENDED": Words("已终止", "Ended"),
    }
)

#: States of an enrolment. Source: settlement.enrolments.
ENROLMENTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "FILED": Words("待复核", "For a checker"),
        "ACCEPTED": Words("已备案", "Enrolled"),
        "REFUSED": Words("未予备案", "Refused"),
    }
)
#: States of an objection to a plan of distribution. Source: settlement.plan_claims.
OBJECTIONS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "OPEN": Words("待答复", "Waits for an answer"),
        "DISMISSED": Words("异议不成立", "Dismissed"),
        "UPHELD": Words("异议成立，方案退回", "Upheld: the draft was taken back"),
    }
)

#: Whom a line of a plan of distribution pays. Source: domain 6.1.
PLAN_LINES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "buyer_premium": Words("买受人佣金", "Buyer's premium"),
        "costs": Words("处置费用", "Costs of realisation"),
        "taxes": Words("卖方税费", "Seller's taxes"),
        "pledgee_joint": Words("共同质权人", "Joint pledgee"),
        "pledgee_costs": Words("质权人费用", "Pledgee's costs"),
        "pledgee_interest": Words("利息", "Interest"),
        "pledgee_principal": Words("本金", "Principal"),
        "pledgee_penalty": Words("罚息违约金", "Penalty"),
        "pledgee_damages": Words("损害赔偿", "Damages"),
        "junior": Words("后顺位质权人", "Later pledgee"),
        "creditor": Words("其他债权人", "Other creditor"),
        "pledgor": Words("返还出质人", "Surplus to the pledgor"),
    }
)
