"""The words of the rooms of daily work: imports, alerts, white lists, webhooks, consignments, approvals."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.pages.vocabulary import Words

#: How far an import is.
JOB_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "waiting": Words("排队中", "Waiting"),
        "reading": Words("读取中", "Being read"),
        "checking": Words("核对中", "Being checked"),
        "entering": Words("登记中", "Being entered"),
        "completed": Words("已全部导入", "Entered whole"),
        "refused": Words("已整份退回", "Refused whole"),
        "unreadable": Words("无法读取", "Unreadable"),
    }
)
#: The sheets of a portfolio.
SHEETS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "loans": Words("贷款", "Loans"),
        "pledges": Words("质押", "Pledges"),
        "assets": Words("知识产权", "Rights"),
        "rights": Words("知识产权", "Rights"),
        "valuations": Words("评估", "Valuations"),
    }
)
LEVELS: Final[Mapping[str, Words]] = MappingProxyType(
    {"high": Words("高", "High"), "medium": Words("中", "Medium"), "low": Words("低", "Low")}
)
ALERT_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "open": Words("待处理", "Open"),
        "under_review": Words("复核中", "Under review"),
        "frozen": Words("已冻结", "Frozen"),
        "confirmed": Words("已确认", "Confirmed"),
        "dismissed": Words("已排除", "Dismissed"),
    }
)
#: What a person does to bring an alert there.
ALERT_STEPS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "under_review": Words("受理", "Take under review"),
        "frozen": Words("冻结贷款", "Freeze the loan"),
        "confirmed": Words("确认并关闭", "Confirm and close"),
        "dismissed": Words("排除并关闭", "Dismiss and close"),
    }
)
LIST_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "draft": Words("草稿", "Draft"),
        "published": Words("已发布", "Published"),
        "pushed": Words("已推送", "Pushed"),
        "superseded": Words("已被取代", "Superseded"),
    }
)
LIST_OUTCOMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "contacted": Words("已对接", "Contacted"),
        "credit_granted": Words("已授信", "Credit granted"),
        "declined": Words("未通过", "Declined"),
        "not_interested": Words("企业无意向", "Not interested"),
    }
)
ENDPOINT_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {"enabled": Words("启用", "On"), "disabled": Words("停用", "Off")}
)
DELIVERY_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "waiting": Words("等待发送", "Waiting"),
        "running": Words("发送中", "Being sent"),
        "delivered": Words("已送达", "Delivered"),
        "failed": Words("发送失败", "Failed"),
    }
)
VALUATION_ORDERS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "ordered": Words("待提交报告", "Report awaited"),
        "delivered": Words("已提交报告", "Delivered"),
        "declined": Words("已谢绝", "Declined"),
        "withdrawn": Words("已撤回", "Withdrawn"),
    }
)
VALUATION_METHODS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "income": Words("收益法", "Income"),
        "market": Words("市场法", "Market"),
        "cost": Words("成本法", "Cost"),
        "comprehensive": Words("综合评价", "Indicator score"),
    }
)
PARTY_NOTICES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "sent": Words("待签收", "Sent"),
        "received": Words("已签收", "Received"),
        "unreachable": Words("公告送达", "Published"),
        "waived": Words("已放弃", "Waived"),
    }
)
OBJECTIONS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "OPEN": Words("待答复", "Waits for an answer"),
        "DISMISSED": Words("不成立", "Dismissed"),
        "UPHELD": Words("成立", "Upheld"),
    }
)
PANEL_PURPOSES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "weighted_tender": Words("权重报价评分", "Scores of a weighted tender"),
        "valuation_review": Words("评估复核", "Review of a valuation"),
        "eligibility_review": Words("合规审查", "Review of eligibility"),
    }
)
SEAT_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "drawn": Words("待声明", "Waits for my declaration"),
        "confirmed": Words("已确认", "Confirmed"),
        "recused": Words("已回避", "Stepped back"),
    }
)
CONSIGNMENT_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "draft": Words("草稿", "Draft"),
        "submitted": Words("待银行复核", "Waits for the bank's checker"),
        "under_review": Words("待交易场所受理", "Waits for the venue"),
        "accepted": Words("已受理", "Accepted"),
        "returned": Words("已退回", "Returned"),
        "disposing": Words("处置中", "In disposal"),
        "recovered": Words("处置成功", "Recovered"),
        "unsold": Words("未成交", "Unsold"),
        "withdrawn": Words("已撤回", "Withdrawn"),
        "cleared": Words("已办结", "Cleared"),
    }
)
APPROVAL_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "listing": Words("上市挂牌", "Listing"),
        "price_cut": Words("降价", "Price cut"),
        "route_change": Words("处置方案与变更", "Plan, or change of route"),
        "set_off": Words("以物抵债", "Set-off"),
        "distribution": Words("分配方案", "Distribution"),
        "liability": Words("确认分险责任", "Liability"),
        "liability_payout": Words("代偿", "Payout of a liability"),
        "compensation": Words("风险补偿", "Compensation"),
        "user_rights": Words("用户权限", "Rights of a user"),
        "approval_limit": Words("双复核起点金额", "Amount from which two agree"),
    }
)
APPROVAL_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "pending": Words("待复核", "Waits"),
        "approved": Words("已同意，待办理", "Agreed, to be carried out"),
        "refused": Words("未通过", "Refused"),
        "withdrawn": Words("已撤回", "Withdrawn"),
        "used": Words("已办理", "Carried out"),
    }
)
ACCESS_STEPS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "switch_off": Words("停用用户", "Switch a user off"),
        "switch_on": Words("启用用户", "Switch a user on"),
        "password_reset": Words("重置密码", "Reset a password"),
        "second_factor_removal": Words("解除双因素验证", "Remove a second factor"),
        "organisation_off": Words("停用机构", "Switch an organisation off"),
        "organisation_on": Words("启用机构", "Switch an organisation on"),
    }
)
#: Why a result is set aside (法释〔2016〕18号 art. 31).
REVOCATION_GROUNDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "untrue_description": Words("说明与实物严重不符", "The description was untrue"),
        "system_fault": Words("系统故障致结果错误", "A fault of the system"),
        "collusion": Words("恶意串通", "Collusion"),
        "unqualified_winner": Words("买受人不具备资格", "The winner was not qualified"),
        "unlawful_exclusion": Words("违法限制竞买或区别对待", "Bidders were excluded unlawfully"),
        "other_breach": Words("其他严重违反程序", "Another grave breach of procedure"),
    }
)
ORDER_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "PROPOSED": Words("待复核", "Waits for another person"),
        "DONE": Words("已办理", "Done"),
        "REFUSED": Words("已退回", "Refused"),
    }
)
UNDERBIDDER_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "proposed": Words("待委托人同意", "Waits for the bank"),
        "offered": Words("待次高出价人答复", "Waits for the underbidder"),
        "accepted": Words("已接受", "Accepted"),
        "declined": Words("已放弃", "Declined"),
        "lapsed": Words("逾期未答复", "Lapsed"),
        "refused": Words("委托人不同意", "The bank did not agree"),
    }
)
#: What a result waits for whose review found something.
REVIEW_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "clear": Words("未发现异常", "Clear"),
        "held": Words("暂缓确认", "Held"),
        "release_proposed": Words("待复核解除", "Release proposed"),
        "released": Words("已解除", "Released"),
    }
)
#: What a review finds: the registers' grounds, and how people bid.
ANOMALIES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "register": Words("买受人或其控制人在禁入名单中", "In the register of barred parties"),
        "seller_group": Words("与委托人、交易场所或出质人关联", "Of the seller's group"),
        "defaulted_before": Words("曾就同一权利悔拍", "Defaulted on this right before"),
        "same_controller": Words("与其他竞买人受同一控制", "One controller with another bidder"),
        "same_account": Words("与其他竞买人使用同一账户", "One account with another bidder"),
        "same_device": Words("与其他竞买人使用同一设备", "One device with another bidder"),
        "same_origin": Words("与其他竞买人来自同一网段", "One network with another bidder"),
        "foreign": Words(
            "境外受让人不符合出口管制条件", "A foreign buyer whom export control bars"
        ),
        "in_common": Words("竞买人之间存在共同特征", "Bidders have something in common"),
        "repeated_default": Words("多次违约", "Defaulted repeatedly"),
        "shill_score": Words("疑似陪标", "Bids like a shill"),
        "ring_of_low_raises": Words("以最低加价轮流抬价", "A ring of low raises"),
    }
)
