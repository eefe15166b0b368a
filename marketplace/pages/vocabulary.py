"""The words that people read, Chinese and English: states, actions, refusals, routes and regimes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from marketplace.assets.types import FACTS


class Words(NamedTuple):
    """One thing said in both languages."""

    zh: str
    en: str


#: States of a lot. Source: domain 9.
LOT_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "draft": Words("草稿", "Draft"),
        "checked": Words("已复核", "Checked"),
        "notified": Words("已通知当事人", "Parties told"),
        "published": Words("已公告", "Announced"),
        "registration": Words("报名中", "Registration open"),
        "open": Words("竞价中", "Bidding"),
        "paused": Words("已暂停", "Paused"),
        "sold": Words("已成交", "Sold"),
        "unsold": Words("未成交", "Unsold"),
        "withdrawn": Words("已撤回", "Withdrawn"),
        "awaiting_payment": Words("待付款", "Awaiting payment"),
        "paid": Words("已付款", "Paid"),
        "transferring": Words("交割中", "Being transferred"),
        "done": Words("已办结", "Completed"),
        "defaulted": Words("买受人违约", "Buyer defaulted"),
        "revoked": Words("成交已撤销", "Result set aside"),
        "re_auction": Words("违约后重新处置", "On sale again after a default"),
    }
)

#: States of an auction in the bid engine.
AUCTION_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "scheduled": Words("未开始", "Not yet open"),
        "open": Words("竞价中", "Bidding"),
        "suspended": Words("已暂停", "Suspended"),
        "closed": Words("已结束", "Closed"),
        "cancelled": Words("已撤销", "Cancelled"),
    }
)

#: What is done after a sale, and how far it is (domain 3.11).
TRANSFER_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "recordal": Words("权利变更登记", "Recordal of the transfer"),
        "pledge_cancellation": Words("质押注销", "Cancellation of the pledge"),
        "handover": Words("资料交付", "Handover"),
        "tell_fund": Words("告知资金管理人", "The fund is told"),
    }
)
TRANSFER_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "pending": Words("待办理", "To be done"),
        "filed": Words("已提交", "Filed"),
        "done": Words("已办结", "Done"),
        "refused": Words("不予办理", "Refused"),
    }
)

#: How an auction ended (contracts 1).
OUTCOMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "sold": Words("成交", "Sold"),
        "unsold": Words("流拍", "Not sold"),
        "cancelled": Words("已撤销", "Cancelled"),
        "open": Words("进行中", "Open"),
        "no_bids": Words("无人出价", "No bids"),
        "reserve_not_met": Words("未达保留价", "The reserve was not met"),
        "too_few_bidders": Words("竞买人数不足", "Too few bidders"),
    }
)

#: What stands in the public record (contracts 1, `do`).
ACTIONS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "create": Words("设立", "Set up"),
        "bid": Words("出价", "Bid"),
        "proxy": Words("委托出价", "Hidden maximum"),
        "accept": Words("应价", "Accept"),
        "seal": Words("密封报价", "Sealed bid"),
        "withdraw": Words("撤回报价", "Bid withdrawn"),
        "score": Words("评分", "Scores"),
        "exercise": Words("行使优先权", "Priority exercised"),
        "suspend": Words("暂停", "Suspended"),
        "resume": Words("恢复", "Resumed"),
        "cancel": Words("撤销", "Cancelled"),
        "disqualify": Words("取消资格", "Disqualified"),
        "admit": Words("准入或调整上限", "Admitted, or limit changed"),
        "tick": Words("报时", "Clock"),
    }
)

#: Every refusal of the bid engine, in its order, each with what would be right.
REFUSALS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "invalid_amount": Words(
            "金额无效：须为大于零、不超过一千亿元的金额，精确到分。",
            "The amount is not valid: give more than zero, at most CNY 100 billion, to the fen.",
        ),
        "wrong_action": Words(
            "本场竞价方式不接受该操作。", "This form of auction does not take that action now."
        ),
        "not_open": Words(
            "竞价尚未开始，请在开始时间后出价。",
            "Bidding has not opened yet; bid after the opening time.",
        ),
        "closed": Words(
            "竞价已经结束，出价在截止之后到达。",
            "Bidding has ended; this bid arrived after the close.",
        ),
        "cancelled": Words(
            "本场竞价已撤销，不再接受出价。", "The auction was cancelled; no bid counts."
        ),
        "suspended": Words(
            "竞价暂停中，恢复后方可出价，剩余时间不变。",
            "Bidding is suspended; bid after it resumes, with the time left unchanged.",
        ),
        "unknown_paddle": Words(
            "该号牌未获准参加本场竞价，请先报名并缴纳保证金。",
            "This paddle is not admitted; register and pay the deposit first.",
        ),
        "barred": Words(
            "该号牌已被取消竞买资格。", "This paddle has been barred from the auction."
        ),
        "id_reused": Words(
            "该编号已用于另一笔出价，请重新提交。",
            "This id was used for another bid; submit again.",
        ),
        "over_limit": Words(
            "超过本机构设定的出价上限，请降低金额，或在竞买登记页调整上限。",
            "The amount is over the limit that your agency set: bid less, or change it where you registered.",
        ),
        "below_start": Words(
            "低于起始价：任何出价均不得低于起始价。",
            "Below the start price, which every bid must reach.",
        ),
        "below_minimum": Words(
            "低于最低有效出价：须不低于当前价加一个加价幅度。",
            "Below the least valid bid: the standing price plus one step.",
        ),
        "off_grid": Words(
            "不在加价阶梯上：加价须为加价幅度的整数倍。",
            "Off the ladder: raise by a whole number of steps.",
        ),
        "above_step_cap": Words(
            "单次加价超过允许的最多档数，请降低金额。",
            "The raise is more steps than one bid may take; bid less.",
        ),
        "already_leading": Words(
            "您已领先，无需再次出价；可调整委托最高价。",
            "You already lead; no bid is needed. You may change your hidden maximum.",
        ),
        "match_not_allowed": Words(
            "您没有以相同价格行使优先权的资格。", "You hold no right to match the standing price."
        ),
        "not_amendable": Words(
            "该报价不可修改或撤回。", "This bid can be neither changed nor withdrawn."
        ),
        "wrong_price": Words(
            "金额与当前应价不符，请按显示价格应价。",
            "The amount is not the price on the clock; accept the price shown.",
        ),
        "not_due": Words("尚未到行使时间。", "It is not the time for that yet."),
    }
)

#: Answers that are no decision: nothing was decided, or nobody knows yet.
ANSWERS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "engine_busy": Words(
            "未裁决：排队已满，正在以同一编号重试。",
            "Not decided: the queue is full; trying again with the same id.",
        ),
        "too_fast": Words(
            "未裁决：出价过于频繁，请稍候再试。",
            "Not decided: too many bids at once; wait a moment.",
        ),
        "unavailable": Words(
            "未裁决：服务暂不可用，请稍候再试。",
            "Not decided: the service is not available; try again in a moment.",
        ),
        "outcome_unknown": Words(
            "结果未知：出价可能已被接受。请用“查询结果”按钮以同一编号查询，不要另行出价。",
            "Outcome unknown: the bid may count. Use “Ask again”, which asks with the same id; do not bid anew.",
        ),
        "unauthenticated": Words("请先登录。", "Please sign in first."),
        "forbidden": Words("您的角色无权执行此操作。", "Your role does not allow this."),
        "amount_unreadable": Words(
            "请输入金额，例如 1,234,567.89。", "Give an amount, for example 1,234,567.89."
        ),
        "envelope_unreadable": Words(
            "这不是密封信封，未发送任何内容。请填写 luochui sealing seal 的输出，切勿填写金额。",
            "That is no sealed envelope; nothing was sent. Give what `luochui sealing seal` printed, never an amount.",
        ),
        "reason_missing": Words("请填写原因。", "Give a reason."),
        "failed": Words("请求未能完成。", "The request could not be completed."),
    }
)

#: Under which law a sale is held. Source: domain 0.3.
REGIMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "judicial_network": Words("网络司法拍卖", "Judicial network auction"),
        "commercial_auction": Words("商业拍卖", "Commercial auction"),
        "exchange": Words("交易场所竞价", "Exchange bidding"),
        "agreement": Words("协议折价", "Agreement"),
    }
)

#: The forms of auction (contracts 1).
FORMATS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "english": Words("增价竞价", "English auction"),
        "dynamic": Words("动态报价", "Dynamic bidding"),
        "rounds": Words("分轮竞价", "Bidding in rounds"),
        "dutch": Words("减价竞价", "Dutch auction"),
        "dutch_hybrid": Words("减价密封结合", "Dutch, then sealed"),
        "one_shot": Words("一次报价", "Sealed first price"),
        "vickrey": Words("次高价", "Sealed second price"),
        "uniform_price": Words("统一价", "Uniform price"),
        "weighted": Words("权重报价", "Weighted tender"),
        "sell_off": Words("变卖", "Sell-off"),
        "collection": Words("收储", "Collection"),
    }
)

#: Kinds of intellectual property. Source: domain 3.1.
RIGHTS: Final[Mapping[str, Words]] = MappingProxyType(
    {str(kind): Words(facts.title_zh, facts.title_en) for kind, facts in FACTS.items()}
)

#: What the register says of a right, and what there is to know of it.
LEGAL_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "in_force": Words("有效", "In force"),
        "pending": Words("审查中", "Pending"),
        "lapsed": Words("终止", "Lapsed"),
        "invalidated": Words("宣告无效", "Invalidated"),
        "revoked": Words("撤销", "Revoked"),
        "expired": Words("届满", "Expired"),
    }
)

BURDENS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "preservation": Words("被保全", "Preserved by a court"),
        "ownership_suspended": Words("权属纠纷中止", "Suspended in an ownership dispute"),
        "defence_patent": Words("国防专利", "Defence patent"),
        "secret_patent": Words("保密专利", "Secret patent"),
        "invalidation_pending": Words("无效宣告审查中", "Invalidation pending"),
        "non_use_request": Words("撤销三年不使用申请中", "Non-use revocation requested"),
        "litigation": Words("涉诉", "In litigation"),
        "exclusive_licence": Words("已有独占或排他许可", "Exclusive or sole licence in force"),
        "open_licence": Words("开放许可中", "Open licence in force"),
        "same_day_pair": Words("同日申请发明和实用新型", "Same-day invention and utility model"),
        "government_funded": Words("财政资金项目", "Government funded"),
        "standard_essential": Words("标准必要承诺", "Standards commitment"),
        "state_owned": Words("国有权利人", "State-owned owner"),
    }
)

#: What a notice changes after the sale was announced.
NOTICE_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "suspension": Words("暂停公告", "Suspended"),
        "resumption": Words("恢复公告", "Resumed"),
        "withdrawal": Words("撤回公告", "Withdrawn"),
        "revocation": Words("撤销成交公告", "Result set aside"),
        "extension": Words("延牌公告", "Listing extended"),
        "redisclosure": Words("重新披露公告", "Disclosed anew"),
    }
)

#: What statements tell of.
STATEMENTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "settlement": Words("结算单", "Settlement statement"),
        "distribution": Words("分配方案", "Distribution plan"),
        "clearing": Words("清算单", "Clearing statement"),
    }
)

#: A bidder's way at one lot.
BIDDER_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "applied": Words("已报名", "Applied"),
        "qualified": Words("资格已确认", "Qualified"),
        "deposited": Words("保证金已到账", "Deposit held"),
        "active": Words("可出价", "May bid"),
        "won": Words("竞得", "Won"),
        "lost": Words("未竞得", "Not won"),
        "barred": Words("取消资格", "Barred"),
    }
)

#: What people may be.
ROLES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "bank_maker": Words("银行经办", "Bank maker"),
        "bank_checker": Words("银行复核", "Bank checker"),
        "venue_operator": Words("交易场所经办", "Venue operator"),
        "venue_checker": Words("交易场所复核", "Venue checker"),
        "agency_bidder": Words("运营机构竞买人", "Agency bidder"),
        "fund_administrator": Words("风险补偿资金经办", "Fund administrator"),
        "fund_checker": Words("风险补偿资金复核", "Fund checker"),
        "regulator": Words("主管部门", "Regulator"),
        "auditor": Words("审计", "Auditor"),
        "platform_administrator": Words("平台管理员", "Platform administrator"),
        "risk_bearer": Words("分险机构经办", "Risk bearer"),
        "risk_checker": Words("分险机构复核", "Risk bearer's checker"),
        "valuer": Words("评估机构经办", "Valuer"),
        "expert": Words("评审专家", "Expert"),
        "pledgor": Words("出质人", "Pledgor"),
    }
)

#: What each role may do now, in a sentence.
DUTIES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "bank_maker": Words(
            "登记违约案件，草拟并提交委托处置。",
            "Register defaulted cases; draft and submit consignments.",
        ),
        "bank_checker": Words(
            "复核本行他人提交的委托处置。", "Check consignments that a colleague submitted."
        ),
        "venue_operator": Words(
            "审核委托，发布公告，确认保证金，暂停与恢复竞价。",
            "Review consignments, publish notices, confirm deposits, suspend and resume bidding.",
        ),
        "venue_checker": Words(
            "复核标的与公告。", "Check lots and notices before they are published."
        ),
        "agency_bidder": Words(
            "报名竞买，缴纳保证金，凭号牌出价，查看出价凭证。",
            "Register for lots, pay deposits, bid with a paddle, keep receipts.",
        ),
        "fund_administrator": Words(
            "拨付先行补偿，登记清算。", "Pay front-loaded advances; prepare clearings."
        ),
        "fund_checker": Words("复核拨付与清算。", "Check advances and clearings."),
        "risk_bearer": Words(
            "确认本机构的分险责任或提出异议，登记代偿，查看追偿与清算单。",
            "Confirm or dispute what your organisation owes of losses, report payouts, follow recoveries.",
        ),
        "risk_checker": Words(
            "复核责任确认与代偿。", "Check what a colleague confirms, disputes or paid."
        ),
        "valuer": Words(
            "查看银行委托的评估，提交报告或谢绝。",
            "See the valuations that banks ask for; hand in the report, or decline.",
        ),
        "expert": Words(
            "查看评审任务，声明利害关系，评分。",
            "See the panels you were drawn for, declare conflicts, give scores.",
        ),
        "pledgor": Words(
            "查看本人质物、债务与处置进展，签收通知，提出异议。",
            "See your rights, debts and their disposal; acknowledge notices; object.",
        ),
        "regulator": Words(
            "查看全部公开与监管信息（只读）。", "See public and supervisory records; read only."
        ),
        "auditor": Words(
            "查看审计记录与存证（只读）。", "See the audit trail and evidence; read only."
        ),
        "platform_administrator": Words(
            "登记机构，开设、变更和停用用户，查看审计记录与系统指标；均通过接口或命令行办理。",
            "Enter organisations; enter, change and switch off users; read the audit trail and the metrics."
            " All of it by the API or the command line.",
        ),
    }
)

#: Five-class grades of a loan. Source: domain 5.7.
GRADES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "normal": Words("正常", "pass"),
        "special_mention": Words("关注", "special mention"),
        "substandard": Words("次级", "substandard"),
        "doubtful": Words("可疑", "doubtful"),
        "loss": Words("损失", "loss"),
    }
)

#: How far a claim or a consignment has come, and what became of an import.
PROGRESS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "advanced": Words("已先行拨付", "advance paid"),
        "recovering": Words("追偿中", "recovering"),
        "cleared": Words("已清算", "cleared"),
        "closed": Words("已办结", "closed"),
        "accepted": Words("已受理", "accepted"),
        "disposing": Words("处置中", "in disposal"),
        "recovered": Words("已回收", "recovered"),
        "completed": Words("已全部导入", "entered whole"),
        "refused": Words("已退回", "refused"),
    }
)


def of(table: Mapping[str, Words], key: str) -> Words:
    """The words for `key`; a key that has none yet is shown as it is, in both languages."""
    return table.get(str(key), Words(str(key), str(key)))
