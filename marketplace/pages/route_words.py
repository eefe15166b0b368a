"""The names of the routes of disposal (处置路径) and their states, in Chinese and English, for pages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.pages.vocabulary import Words

PLAN_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "draft": Words("草稿", "Draft"),
        "approved": Words("已复核", "Approved"),
        "running": Words("执行中", "Running"),
        "covered": Words("债权已受偿", "Debt covered"),
        "completed": Words("已完成", "Completed"),
        "exhausted": Words("步骤已用尽", "Nothing left to try"),
        "stopped": Words("已终止", "Stopped"),
    }
)
STEP_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "planned": Words("待开始", "Planned"),
        "running": Words("进行中", "Running"),
        "held": Words("待人工处理", "Waits for people"),
        "succeeded": Words("成功", "Succeeded"),
        "failed": Words("未成功", "Failed"),
        "skipped": Words("已跳过", "Passed over"),
    }
)
STEP_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "lot": Words("标的处置", "Lot"),
        "licence": Words("二次许可", "Licences"),
        "mandate": Words("委托运营", "Mandate to operate"),
        "set_off": Words("以物抵债", "Set-off"),
    }
)
CALL_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "announced": Words("已公告", "Announced"),
        "offers": Words("报价中", "Offers"),
        "opening": Words("开封中", "Offers are opened"),
        "final": Words("最终报价", "Best and final"),
        "final_opening": Words("最终报价开封", "Final offers are opened"),
        "deciding": Words("待银行答复", "Bank decides"),
        "accepted": Words("已接受", "Accepted"),
        "declined": Words("已谢绝", "Declined"),
        "failed": Words("未成交", "Failed"),
        "withdrawn": Words("已撤回", "Withdrawn"),
    }
)
#: How far a granted licence is.
GRANT_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "offered": Words("待签署", "To be signed"),
        "signed": Words("已签署", "Signed"),
        "effective": Words("已生效", "Effective"),
        "recorded": Words("已备案", "Recorded"),
        "active": Words("履行中", "Active"),
        "ended": Words("已终止", "Ended"),
    }
)
OFFER_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "draft": Words("草稿", "Draft"),
        "open": Words("接受申请", "Open"),
        "scoring": Words("专家评分", "Experts score"),
        "opening": Words("开启报价", "Prices are opened"),
        "awarded": Words("待签署", "To be signed"),
        "filled": Words("已授予", "Granted"),
        "failed": Words("无人受让", "Nobody took it"),
        "withdrawn": Words("已撤回", "Withdrawn"),
    }
)
WAYS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "negotiated": Words("协商许可", "Negotiated"),
        "reverse": Words("反向许可", "Back to the pledgor"),
        "posted": Words("公布固定条件", "Posted price"),
        "uniform_price": Words("统一价", "Uniform price"),
        "tender": Words("权重招标", "Weighted tender"),
    }
)
LICENCE_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "ordinary": Words("普通许可", "Ordinary"),
        "sole": Words("排他许可", "Sole"),
        "exclusive": Words("独占许可", "Exclusive"),
        "open": Words("开放许可", "Open"),
    }
)
SESSION_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "draft": Words("编排中", "Draft"),
        "published": Words("已发布", "Published"),
        "closed": Words("已结束", "Closed"),
        "withdrawn": Words("已撤销", "Given up"),
    }
)
ROUNDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "0": Words("兜底承诺", "Backstop"),
        "1": Words("首轮报价", "First round"),
        "2": Words("最终报价", "Best and final"),
    }
)
#: How far a mandate to operate is, and its periods' reports.
MANDATE_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "proposed": Words("拟订", "Proposed"),
        "agreed": Words("已约定", "Agreed"),
        "running": Words("运营中", "Running"),
        "report_due": Words("待报告", "Report due"),
        "ended": Words("已期满", "Ended"),
        "reverted": Words("已收回", "Taken back"),
        "declined": Words("未达成", "Declined"),
    }
)
MANDATE_REPORTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "expected": Words("未到期", "Not yet due"),
        "due": Words("待报告", "Due"),
        "late": Words("逾期未报告", "Late"),
        "submitted": Words("已报告", "Submitted"),
    }
)
SET_OFF_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "proposed": Words("待复核", "Waits for a checker"),
        "approved": Words("已抵债，待处置", "Taken, to be disposed of"),
        "refused": Words("未同意", "Refused"),
        "disposed": Words("已处置", "Disposed of"),
    }
)
SET_OFF_GROUNDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "unsold_round": Words("流拍后以保留价以上抵债", "A round that did not sell, at its price"),
        "agreement": Words("违约后双方折价协议", "Agreement after the default"),
    }
)
RECORDED_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "equity_conversion": Words("质权转股权", "Equity conversion"),
        "invest_loan": Words("投贷联动", "Investment and loan"),
        "securitise": Words("证券化", "Securitisation"),
    }
)
RECORDED_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "proposed": Words("待复核", "Waits for a checker"),
        "approved": Words("执行中", "In force"),
        "refused": Words("未同意", "Refused"),
        "ended": Words("已结束", "Ended"),
    }
)
