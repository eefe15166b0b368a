"""What the audit trail is about, on pages. What was done is said by the verb that the entry's action ends with."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.pages import ledger_words, vocabulary
from marketplace.pages.vocabulary import Words

SUBJECTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "alert": Words("预警", "Alert"),
        "api_key": Words("接口密钥", "API key"),
        "approval": Words("复核", "Approval"),
        "asset": Words("知识产权", "Right"),
        "auction": Words("竞价", "Auction"),
        "bank_entry": Words("银行流水", "Bank entry"),
        "bank_file": Words("银行文件", "Bank file"),
        "barred_party": Words("禁入主体", "Barred party"),
        "bidder": Words("竞买人", "Bidder"),
        "burden": Words("权利负担", "Burden"),
        "buyer_claim": Words("差额追偿", "Claim on a buyer"),
        "case": Words("案件", "Loan"),
        "claim": Words("补偿申请", "Claim"),
        "collection": Words("收储报价", "Call for offers"),
        "consignment": Words("委托", "Consignment"),
        "disclosure_change": Words("公告变更", "Change of a notice"),
        "document": Words("文件", "Document"),
        "duty": Words("后台作业", "Duty"),
        "enrolment": Words("备案", "Enrolment"),
        "expert": Words("专家", "Expert"),
        "expert_draw": Words("专家抽取", "Draw of experts"),
        "fund": Words("补偿资金", "Fund"),
        "group_member": Words("关联方", "Group member"),
        "import": Words("导入", "Import"),
        "import_job": Words("导入任务", "Import job"),
        "instalment": Words("分期", "Instalment"),
        "invitation": Words("邀请", "Invitation"),
        "liability": Words("分险责任", "Liability"),
        "licence": Words("许可", "Licence"),
        "licence_grant": Words("许可授予", "Grant of a licence"),
        "licence_offer": Words("许可发布", "Offer of licences"),
        "lot": Words("标的", "Lot"),
        "mandate": Words("委托运营", "Mandate"),
        "organisation": Words("机构", "Organisation"),
        "package": Words("资产包", "Package"),
        "party_notice": Words("当事人通知", "Word to a party"),
        "payee_account": Words("收款账户", "Account"),
        "payment_file": Words("付款文件", "Payment file"),
        "plan": Words("处置计划", "Plan"),
        "plan_change": Words("计划变更", "Change of a plan"),
        "plan_step": Words("计划步骤", "Step of a plan"),
        "pledge": Words("质押", "Pledge"),
        "recorded_route": Words("其他处置", "Recorded route"),
        "registry_extract": Words("登记簿副本", "Register extract"),
        "repurchase": Words("回购", "Repurchase"),
        "return": Words("季度统计表", "Return"),
        "scheme": Words("补偿方案", "Scheme"),
        "search_subscription": Words("检索订阅", "Kept search"),
        "session": Words("专场", "Session"),
        "session_lot": Words("专场标的", "Lot of a session"),
        "set_off": Words("以物抵债", "Set-off"),
        "signing_key": Words("签名密钥", "Signing key"),
        "statement": Words("单据", "Statement"),
        "underbidder_offer": Words("顺位递补", "Offer to the underbidder"),
        "user": Words("用户", "User"),
        "valuation": Words("评估", "Valuation"),
        "valuation_order": Words("委托评估", "Order for a valuation"),
        "webhook_endpoint": Words("回调地址", "Webhook"),
        "white_list": Words("白名单", "White list"),
    }
)
#: By the last part of an action: "consignment_submitted" is the consignment's "submitted".
VERBS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "accepted": Words("受理或接受", "accepted"),
        "acknowledged": Words("确认", "acknowledged"),
        "active": Words("入场", "admitted"),
        "added": Words("新增", "added"),
        "advanced": Words("先行拨付", "advanced"),
        "applied": Words("申请", "applied"),
        "approved": Words("同意", "approved"),
        "asked": Words("提请", "asked for"),
        "barred": Words("取消资格", "barred"),
        "changed": Words("修改", "changed"),
        "checked": Words("审查", "checked"),
        "cleared": Words("办结或清算", "cleared"),
        "closed": Words("关闭", "closed"),
        "confirmed": Words("确认", "confirmed"),
        "created": Words("新建", "created"),
        "decided": Words("决定", "decided"),
        "declined": Words("谢绝", "declined"),
        "delivered": Words("提交报告", "delivered"),
        "deposited": Words("保证金到账", "deposit held"),
        "disposing": Words("进入处置", "in disposal"),
        "done": Words("办结", "done"),
        "drafted": Words("起草", "drafted"),
        "ended": Words("终止", "ended"),
        "entered": Words("登记", "entered"),
        "exported": Words("导出", "exported"),
        "filed": Words("递交", "filed"),
        "issued": Words("出具", "issued"),
        "lifted": Words("解除", "lifted"),
        "locked": Words("锁定", "locked"),
        "lost": Words("未竞得", "not won"),
        "made": Words("作出", "made"),
        "moved": Words("状态变更", "came to another state"),
        "notified": Words("通知当事人", "parties told"),
        "opened": Words("开启", "opened"),
        "ordered": Words("下达", "ordered"),
        "overridden": Words("放行", "passed over"),
        "paid": Words("付款", "paid"),
        "proposed": Words("拟订", "proposed"),
        "published": Words("发布", "published"),
        "qualified": Words("资格审查通过", "qualified"),
        "raised": Words("发出", "raised"),
        "received": Words("收到", "received"),
        "recognised": Words("互认", "recognised"),
        "recorded": Words("登记", "recorded"),
        "recovered": Words("处置成功", "recovered"),
        "refused": Words("不同意", "refused"),
        "registered": Words("登记", "registered"),
        "rejected": Words("驳回", "rejected"),
        "released": Words("解除", "released"),
        "returned": Words("退回", "returned"),
        "reviewed": Words("审核", "reviewed"),
        "revised": Words("修订", "revised"),
        "revoked": Words("撤销", "revoked"),
        "rotated": Words("轮换", "rotated"),
        "sent": Words("送出", "sent"),
        "signed": Words("签署", "signed"),
        "sold": Words("成交", "sold"),
        "submitted": Words("提交", "submitted"),
        "unsold": Words("未成交", "unsold"),
        "updated": Words("更新", "updated"),
        "used": Words("已办理", "carried out"),
        "waived": Words("放弃", "waived"),
        "withdrawn": Words("撤回", "withdrawn"),
        "agreed": Words("同意", "agreed"),
        "booked": Words("入账", "booked"),
        "completed": Words("完成", "completed"),
        "reported": Words("报告", "reported"),
        "shared": Words("分担", "shared"),
        "told": Words("告知", "told"),
        "drawn": Words("抽取", "drawn"),
        "held": Words("暂缓", "held"),
        "extended": Words("延期", "extended"),
        "rescheduled": Words("改期", "rescheduled"),
        "exempted": Words("免交", "exempted"),
        "read": Words("查阅", "read"),
        "disabled": Words("停用", "disabled"),
        "revived": Words("重试", "revived"),
        "queued": Words("排队", "queued"),
        "invited": Words("邀请", "invited"),
        "reset": Words("重置", "reset"),
        "won": Words("竞得", "won"),
    }
)


#: Where the last part alone would mislead.
_WHOLE: Final[Mapping[str, Words]] = MappingProxyType(
    {
        **ledger_words.TIMELINE,
        "signed_in": Words("登录", "signed in"),
        "compensation_paid_out": Words("补偿已支付", "compensation paid out"),
        "fund_received": Words("资金到账", "money came in"),
    }
)


def said_of(action: str, subject: str) -> Words:
    """What an action is called: by itself, by the state that was reached, by its verb; or its own words."""
    state = action.removeprefix(f"{subject}_")
    verb = action.rpartition("_")[2]
    for table, key in ((_WHOLE, action), (vocabulary.LOT_STATES, state), (VERBS, verb)):
        if key in table:
            return table[key]
    plain = state.replace("_", " ")
    return Words(f"其他（{plain}）", plain)
