"""The rooms of daily work beside the navigation, and whose they are; my desk leads to them."""

from typing import Final

import msgspec

from marketplace.organisations.authorities import Area, oversees
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.vocabulary import Words

_BANK: Final = frozenset({Role.BANK_MAKER, Role.BANK_CHECKER})
_VENUE: Final = frozenset({Role.VENUE_OPERATOR, Role.VENUE_CHECKER})
_FUND: Final = frozenset({Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER})
_BEARERS: Final = frozenset({Role.RISK_BEARER, Role.RISK_CHECKER})
_WATCH: Final = frozenset({Role.REGULATOR, Role.AUDITOR})
_KEEPERS: Final = frozenset(
    {Role.BANK_MAKER, Role.VENUE_OPERATOR, Role.AGENCY_BIDDER, Role.FUND_ADMINISTRATOR}
)


class Room(msgspec.Struct, frozen=True):
    """Where it is, what it is called, what is done there, and who works there."""

    path: str
    name: Words
    about: Words
    roles: frozenset[Role]
    #: Of regulators, those who oversee one of these.
    areas: tuple[Area, ...] = ()


ROOMS_OF_WORK: Final = (
    Room(
        "/approvals",
        Words("复核", "Approvals"),
        Words(
            "查看待我复核的事项，同意或不同意；撤回本人申请。",
            "What waits for my agreement: agree, or refuse with a reason; take my requests back.",
        ),
        _BANK | _VENUE | _FUND | _BEARERS | _WATCH | {Role.PLATFORM_ADMINISTRATOR},
        (Area.DECISIONS,),
    ),
    Room(
        "/audit",
        Words("审计日志", "Audit trail"),
        Words(
            "查看谁在何时对何事作了何操作及其理由，核对哈希链。",
            "Who did what to what, when and why, with the hashes that chain it.",
        ),
        _WATCH | {Role.PLATFORM_ADMINISTRATOR},
        (Area.DECISIONS,),
    ),
    Room(
        "/imports",
        Words("导入与导出", "Import and export"),
        Words(
            "提交资产包文件，查看进度与问题，导出数据。",
            "Hand in portfolio files, see how far they are, take data out.",
        ),
        _BANK | _WATCH,
        (Area.LOANS,),
    ),
    Room(
        "/consignments",
        Words("委托与合规审查", "Consignments and due diligence"),
        Words(
            "查看委托进度与审查结果，复核人放行。",
            "How far consignments are, what the rules found, what a checker passes over.",
        ),
        _BANK | _VENUE | _WATCH,
        (Area.DISPOSAL,),
    ),
    Room(
        "/alerts",
        Words("监测预警", "Alerts"),
        Words(
            "处理预警：受理、冻结、确认或排除。",
            "Take alerts under review, freeze, confirm or dismiss.",
        ),
        _BANK | _VENUE | _FUND | _WATCH,
        (Area.ALERTS,),
    ),
    Room(
        "/anomalies",
        Words("异常竞价", "Anomalies"),
        Words(
            "成交复核发现的异常，暂缓确认的结果及其解除。",
            "What reviews of results found; which results are on hold, and their release.",
        ),
        _VENUE | _WATCH,
        (Area.SALES,),
    ),
    Room(
        "/white-lists",
        Words("白名单", "White lists"),
        Words(
            "起草、发布、推送名单，回执与反馈。",
            "Draft, publish and push lists; receipts and answers.",
        ),
        _BANK | _VENUE | _WATCH,
        (Area.WHITE_LISTS,),
    ),
    Room(
        "/licences",
        Words("许可与许可费", "Licences and their fees"),
        Words(
            "查看许可费结算单：应付、到账与分配，打印或下载。",
            "Licence fee statements: what is due, what came in and where it went; print or take out.",
        ),
        _BANK | _VENUE | _WATCH | {Role.AGENCY_BIDDER},
        (Area.DISPOSAL,),
    ),
    Room(
        "/mandates",
        Words("委托运营", "Mandates to operate"),
        Words(
            "拟订、复核、答复运营委托；按期报告，登记到账，收回。",
            "Propose, approve and answer mandates; report, book what came in, take back.",
        ),
        _BANK | _VENUE | _WATCH | {Role.AGENCY_BIDDER},
        (Area.DISPOSAL,),
    ),
    Room(
        "/set-offs",
        Words("以物抵债", "Set-offs"),
        Words(
            "流拍或协议后由银行接收权利抵债，限期处置。",
            "The bank takes unsold rights in payment, and is rid of them in time.",
        ),
        _BANK | _VENUE | _WATCH,
        (Area.LOANS,),
    ),
    Room(
        "/recorded-routes",
        Words("其他处置登记", "Other routes, recorded"),
        Words(
            "登记质权转股权、投贷联动、证券化及其回款。",
            "Equity conversion, investment and loan, securitisation: what was agreed, what came in.",
        ),
        _BANK | _VENUE | _WATCH,
        (Area.LOANS,),
    ),
    Room(
        "/valuation-orders",
        Words("委托评估", "Valuations ordered"),
        Words(
            "委托评估机构，提交评估报告。",
            "What banks ask valuers for: hand in the report, or decline.",
        ),
        _BANK | {Role.VALUER},
    ),
    Room(
        "/panels",
        Words("评审任务", "My panels"),
        Words("声明利害关系，查看评审项目。", "Declare conflicts, see what there is to judge."),
        frozenset({Role.EXPERT}),
    ),
    Room(
        "/pledgor",
        Words("我的质物与债务", "My rights and debts"),
        Words(
            "签收通知，查看处置进展与剩余价款，提出异议。",
            "Acknowledge notices, follow the sale and what is left, object.",
        ),
        frozenset({Role.PLEDGOR}),
    ),
    Room(
        "/claims",
        Words("风险补偿申请", "Claims for compensation"),
        Words(
            "查看本机构申请、审核或分担的损失、追偿与清算。",
            "Losses that my organisation claims, reviews or shares; recoveries and clearings.",
        ),
        _BANK | _FUND | _BEARERS | _WATCH,
        (Area.FUNDS,),
    ),
    Room(
        "/liabilities",
        Words("分险责任与代偿", "Liabilities and payouts"),
        Words(
            "确认责任及分出或提出异议，登记代偿，查看追偿分配。",
            "Confirm or dispute what is owed and passed on, report payouts, see the share of recoveries.",
        ),
        _BANK | _FUND | _BEARERS | _WATCH,
        (Area.FUNDS,),
    ),
    Room(
        "/webhooks",
        Words("回调通知", "Webhooks"),
        Words(
            "登记回调地址，测试，重发，查看投递记录。",
            "Register addresses, test them, send again, read the delivery log.",
        ),
        _KEEPERS,
    ),
    Room(
        "/subscriptions",
        Words("检索订阅", "Kept searches"),
        Words(
            "订阅检索词，新公告的标的自动命中。",
            "Keep searches: what is published later is found for you.",
        ),
        frozenset(Role),
        (Area.ENTRUSTED,),
    ),
)


def rooms_of(caller: Caller) -> list[Room]:
    """The rooms in which the caller works; a regulator, those that their authority oversees."""
    return [
        room for room in ROOMS_OF_WORK if caller.has(*room.roles) and oversees(caller, *room.areas)
    ]
