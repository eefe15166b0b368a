"""The words of the ledger's pages: loans, burdens, due diligence, documents."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.pages.vocabulary import Words

CASE_STATES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "registered": Words("已登记", "Entered"),
        "submitted": Words("已提交", "Submitted"),
        "approved": Words("已复核", "Approved"),
        "route_set": Words("已定处置方式", "Route set"),
        "in_disposal": Words("处置中", "In disposal"),
        "partly_recovered": Words("部分回收", "Partly recovered"),
        "satisfied": Words("已清偿", "Satisfied"),
        "exhausted": Words("处置终结", "Exhausted"),
        "closed": Words("已结案", "Closed"),
        "frozen": Words("已冻结", "Frozen"),
        "released": Words("已解除", "Released"),
    }
)
BURDEN_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "ordinary_licence": Words("普通许可", "Ordinary licence"),
        "sole_licence": Words("排他许可", "Sole licence"),
        "exclusive_licence": Words("独占许可", "Exclusive licence"),
        "open_licence": Words("开放许可", "Open licence"),
        "preservation": Words("保全", "Preservation"),
        "ownership_suspension": Words("权属纠纷中止", "Ownership dispute"),
        "invalidation": Words("无效宣告", "Invalidation"),
        "non_use_request": Words("撤三申请", "Non-use request"),
        "litigation": Words("诉讼", "Litigation"),
        "standards_commitment": Words("标准必要承诺", "Standards commitment"),
        "government_funding": Words("财政资金", "Government funding"),
        "inventor_remuneration": Words("职务发明报酬", "Inventor remuneration"),
    }
)
OUTCOMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "clear": Words("无问题", "Clear"),
        "warned": Words("需披露", "To be disclosed"),
        "held": Words("暂缓", "Held"),
        "blocked": Words("阻止", "Blocked"),
    }
)
SEVERITIES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "block": Words("阻止", "Blocks"),
        "hold": Words("暂缓", "Holds"),
        "warn": Words("披露", "Disclosed"),
    }
)
CAUSES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "asked": Words("人工发起", "Asked for"),
        "changed": Words("资料变更", "Something changed"),
        "accepted": Words("受理委托", "Acceptance"),
        "lot_checked": Words("核对标的", "Check of the lot"),
        "published": Words("发布公告", "Publication"),
        "decided": Words("处置决定", "Decision on a route"),
        "overridden": Words("人工放行", "Passed over"),
    }
)
VISIBILITIES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "public": Words("公开", "Everybody"),
        "registered": Words("已报名竞买人", "Registered bidders"),
        "nda": Words("接受保密条款者", "Those bound to secrecy"),
        "internal": Words("内部", "Inside only"),
    }
)
TIMELINE: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "case_registered": Words("案件登记", "Loan entered"),
        "case_updated": Words("案件更新", "Loan updated"),
        "case_moved": Words("案件状态变更", "Loan came to another state"),
        "asset_registered": Words("知识产权登记", "Right entered"),
        "asset_status_read": Words("登记状态更新", "Register read again"),
        "asset_particulars_recorded": Words("补充信息", "Particulars recorded"),
        "pledge_registered": Words("质押登记", "Pledge entered"),
        "pledge_changed": Words("质押变更", "Pledge changed"),
        "pledge_moved": Words("质押状态变更", "Pledge came to another state"),
        "burden_registered": Words("权利负担登记", "Burden entered"),
        "burden_ended": Words("权利负担解除", "Burden ended"),
        "valuation_recorded": Words("评估登记", "Valuation entered"),
        "alert_raised": Words("预警", "Alert raised"),
        "alert_moved": Words("预警处理", "Alert reviewed"),
        "consignment_drafted": Words("起草委托", "Consignment drafted"),
        "consignment_changed": Words("修改委托", "Consignment changed"),
        "consignment_submitted": Words("提交委托", "Consignment submitted"),
        "consignment_under_review": Words("委托复核通过", "Consignment approved at the bank"),
        "consignment_accepted": Words("委托受理", "Consignment accepted"),
        "consignment_returned": Words("委托退回", "Consignment returned"),
        "consignment_disposing": Words("处置中", "In disposal"),
        "consignment_recovered": Words("处置成功", "Recovered"),
        "consignment_unsold": Words("未成交", "Unsold"),
        "consignment_withdrawn": Words("委托撤回", "Consignment withdrawn"),
        "consignment_cleared": Words("委托办结", "Consignment cleared"),
        "finding_overridden": Words("人工放行", "Finding passed over"),
        "fund_told": Words("告知补偿资金", "Fund told"),
    }
)
