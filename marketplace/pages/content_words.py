"""The words for what people agree to (申请内容): each field of consignments, lots, plans, claims, in both languages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.pages import route_words, vocabulary, work_words
from marketplace.pages.vocabulary import Words

#: The parts of what is to be approved, by the name that each has in the content.
PARTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        # whose, and what about
        "organisation_id": Words("机构", "Organisation"),
        "subject_id": Words("对象", "About"),
        "id": Words("标的", "Lot"),
        "number": Words("编号", "Number"),
        "venue_id": Words("交易场所", "Venue"),
        "consignor_id": Words("委托人", "Consignor"),
        "consignment_id": Words("委托", "Consignment"),
        "case_id": Words("贷款案件", "Loan"),
        "asset_ids": Words("知识产权", "Rights"),
        "pledgor_codes": Words("出质人信用代码", "Pledgors' credit codes"),
        "drafted_by": Words("起草人", "Drafted by"),
        "checked_by": Words("审查人", "Checked by"),
        "published_by": Words("发布人", "Published by"),
        "version": Words("版本", "Version"),
        "status": Words("状态", "State"),
        "created_at": Words("起草时间", "Drafted at"),
        "updated_at": Words("更新时间", "Changed at"),
        "published_at": Words("公告时间", "Announced at"),
        "profile_hash": Words("竞价规则摘要", "Hash of the rules"),
        "notice_sha256": Words("公告摘要", "Hash of the notice"),
        "origin": Words("来源", "Follows by"),
        "origin_lot_id": Words("前一标的", "Follows lot"),
        # terms of a consignment
        "title": Words("名称（英文或通用）", "Title"),
        "title_zh": Words("中文名称", "Chinese title"),
        "regime": Words("适用制度", "Regime"),
        "route": Words("处置方式", "Route"),
        "authority": Words("处置依据", "Title to dispose"),
        "authority_document": Words("依据文件", "Its document"),
        "commission_bp": Words("佣金比例", "Commission"),
        "costs_borne_by": Words("费用承担", "Costs borne by"),
        "closing_on": Words("计划完成日", "Planned to be done by"),
        "has_bundle_statement": Words("商标一并转让声明", "Statement that all like marks are in"),
        "buyer_conditions": Words("受让人条件", "Who may buy"),
        "foreign_bidders": Words("允许境外竞买人", "Foreign bidders let in"),
        "state_approval": Words("国有资产批准文件", "Approval for state-owned rights"),
        "consignor_may_bid": Words("委托人或关联方拟竞买", "Consignor or related party may bid"),
        "has_reserve": Words("设有保留价", "Has a reserve"),
        "reserve_price_fen": Words("保留价", "Reserve"),
        # figures
        "start_price_fen": Words("起始价", "Start price"),
        "previous_start_price_fen": Words("上一轮起始价", "Start price of the round before"),
        "valuation_fen": Words("评估值", "Valuation"),
        "deposit_fen": Words("保证金", "Deposit"),
        "price_fen": Words("价格", "Price"),
        "advance_fen": Words("先行拨付", "Advance"),
        "two_checkers_from_fen": Words("双复核起点", "Two agree from"),
        # a lot
        "format": Words("竞价方式", "Form of bidding"),
        "round_number": Words("第几轮", "Round"),
        "bidding": Words("竞价规则", "Rules of bidding"),
        "conditions": Words("公告条件", "Conditions of the notice"),
        "bidder_conditions": Words("竞买人条件", "What bidders must fulfil"),
        "known_defects": Words("已知瑕疵", "Known defects"),
        "viewing": Words("看样", "Viewing"),
        "delivery": Words("交付", "Delivery"),
        "taxes_and_bearer": Words("税费及承担", "Taxes and who bears them"),
        "deposit_account": Words("保证金账户", "Account for deposits"),
        "contact": Words("联系方式", "Whom to ask"),
        "complaints": Words("投诉监督", "Where to complain"),
        "priority_holders": Words("优先购买权人", "Priority holders"),
        "court": Words("执行法院", "Court"),
        "rights_and_duties": Words("权利义务", "Rights and duties"),
        "liability": Words("法律责任", "Liability"),
        "procedure": Words("办理手续", "Procedure"),
        "deposit_rules": Words("保证金处置方式", "What becomes of the deposit"),
        "listing_extension": Words("延牌", "Listing goes on where too few came"),
        "min_bidders": Words("最少竞买人数", "Least number of bidders"),
        "working_days": Words("每次延长（工作日）", "Working days each time"),
        "cycles_max": Words("最多延长次数", "Times at most"),
        "registration_opens_at": Words("报名开始", "Registration opens"),
        "priority_closes_at": Words("优先购买权登记截止", "Priority holders until"),
        "opens_at": Words("竞价开始", "Bidding opens"),
        "closes_at": Words("竞价结束", "Bidding closes"),
        "payment_hours": Words("付款期限（小时）", "Hours to pay"),
        "release_on": Words("价款放款时点", "Proceeds leave escrow"),
        "objection_days": Words("分配异议期（日）", "Days for objections"),
        "refund_working_days": Words("保证金退还（工作日）", "Working days to refund"),
        "shortened_times": Words("演练（缩短期限）", "Rehearsal, times shortened"),
        # plans
        "plan": Words("处置计划", "Plan"),
        "change": Words("变更", "Change"),
        "after": Words("已开始的步骤数", "Steps that have begun"),
        "lot": Words("各标的共同条款", "What every lot says"),
        "steps": Words("步骤", "Steps"),
        "kind": Words("种类", "Kind"),
        "price_bp": Words("占前一价格比例", "Part of the price before"),
        "keeps_reserve": Words("保留保留价", "Keeps the reserve"),
        "opens_after_seconds": Words("公告后多久开始", "Opens after its notice"),
        "lasts_seconds": Words("持续时间", "Lasts"),
        "mandate": Words("委托运营", "Mandate"),
        "report_every_months": Words("报告间隔（月）", "Months between reports"),
        "report_within_days": Words("期后几日内报告", "Days to report after each period"),
        "pay_within_days": Words(
            "报告期限届满后几日内付款", "Days to pay after the report's last day"
        ),
        "powers": Words("授权范围", "Powers"),
        "reversion": Words("终止后返还", "What goes back in the end"),
        # licences
        "offer": Words("许可条件", "Licence offered"),
        "way": Words("许可方式", "How it is offered"),
        "territories": Words("地域", "Territories"),
        "fields": Words("使用领域", "Fields of use"),
        "starts_in_days": Words("几日后起算", "Starts in days"),
        "term_months": Words("期限（月）", "Months"),
        "terms": Words("许可费条款", "Terms of the fee"),
        "rate_bp": Words("许可费率", "Royalty rate"),
        "entry_fee_fen": Words("入门费", "Entry fee"),
        "minimum_fen": Words("最低许可费", "Minimum fee"),
        "agency_bp": Words("运营机构分成", "Agency's share"),
        "late_bp_year": Words("逾期年利率", "Late interest a year"),
        "year_days": Words("计息年天数", "Days of an interest year"),
        "power": Words("许可权依据", "Power to license"),
        "power_document_sha256": Words("依据文件摘要", "Hash of its document"),
        "licensee_id": Words("被许可人", "Licensee"),
        "agency_id": Words("运营机构", "Agency"),
        "holder_id": Words("权利人", "Holder"),
        "later_pledgees": Words("后顺位质权人", "Later pledgees"),
        "carve_outs": Words("保留的在先许可", "Earlier licences kept"),
        "may_sublicense": Words("可分许可", "May sublicense"),
        "clauses": Words("其他条款", "Other clauses"),
        "report_months": Words("销售报告间隔（月）", "Months between reports of sales"),
        "audit": Words("查账", "Audit"),
        "improvements": Words("后续改进", "Improvements"),
        "termination": Words("解除", "Termination"),
        "recordal": Words("备案", "Recordal"),
        "places": Words("许可份数", "How many licences"),
        "floor_fen": Words("最低金额", "Least amount"),
        "price_weight_bp": Words("价格权重", "Weight of the price"),
        "open_seconds": Words("受理时间", "Open for"),
        "opening_seconds": Words("开启时间", "Opening lasts"),
        "option": Words("转让选择权", "Option to buy"),
        "until": Words("有效至", "Until"),
        "credited_bp": Words("已付许可费抵价比例", "Part of the fees counted towards the price"),
        "offer_seconds": Words("行权报价时间", "Time to offer"),
        # people
        "roles": Words("角色", "Roles"),
        "step": Words("步骤", "Step"),
        "reason": Words("理由", "Reason"),
        # hashes
        "content_hash": Words("分配方案摘要", "Hash of the distribution"),
        "claim_sha256": Words("申请摘要", "Hash of the claim"),
        "sha256": Words("方案摘要", "Hash of the plan"),
        "content": Words("内容", "Content"),
    }
)
#: The fields of forms besides those, by the name that a refusal gives.
FIELDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        **PARTS,
        "grounds": Words("异议理由", "Grounds"),
        "objector": Words("异议人", "Objector"),
        "answer": Words("答复", "Answer"),
        "answer_hours": Words("答复时限（小时）", "Hours to answer"),
        "amount": Words("金额（元）", "Amount in yuan"),
        "amount_fen": Words("金额", "Amount"),
        "bank_reference": Words("银行流水号", "Bank reference"),
        "received_at": Words("到账时间", "Received at"),
        "document_sha256": Words("文件摘要 SHA-256", "SHA-256 of the document"),
        "evidence": Words("凭证", "Evidence"),
        "name": Words("名称", "Name"),
        "query": Words("检索词", "Words to search"),
        "url": Words("地址", "Address"),
        "username": Words("用户名", "User name"),
        "password": Words("密码", "Password"),
        "code": Words("代码", "Code"),
        "days": Words("天数", "Days"),
        "role": Words("角色", "Role"),
        "file": Words("文件", "File"),
        "payee_id": Words("收款人编号", "Payee's id"),
        "account_name": Words("户名", "Name of the account"),
        "account_number": Words("账号", "Account number"),
        "bank_code": Words("联行号", "Bank code"),
        "bank_name": Words("开户行", "Bank"),
        "envelope": Words("密封信封", "Sealed envelope"),
    }
)
AUTHORITIES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "pledge_contract_self_sale": Words(
            "质押合同约定自行变卖", "Self-sale agreed in the pledge"
        ),
        "post_default_agreement": Words("违约后折价或变卖协议", "Agreement after the default"),
        "court_order_realisation": Words("实现担保物权裁定", "Court order to realise"),
        "enforcement_case": Words("强制执行案件", "Enforcement case"),
        "notarised_enforceable_debt": Words("赋强公证债权文书", "Notarised enforceable debt"),
        "administrator_consent": Words("破产管理人同意", "Consent of the administrator"),
        "pledgor_voluntary_transfer_with_consent": Words(
            "出质人经同意自愿转让", "Pledgor's transfer with consent"
        ),
    }
)
ROUTES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "collection": Words("收储", "Collection"),
        "auction_concentrated": Words("集中拍卖", "Concentrated auction"),
        "auction_timed": Words("限时拍卖", "Timed auction"),
        "second_licence": Words("二次许可", "Second licence"),
        "reverse_licence": Words("反向许可", "Reverse licence"),
        "operation_mandate": Words("委托运营", "Mandate to operate"),
        "licence_then_transfer": Words("先许可后转让", "Licence, then transfer"),
        "equity_conversion": Words("作价入股", "Equity conversion"),
        "invest_loan": Words("投贷联动", "Investment and loan"),
        "trade_licence": Words("交叉许可", "Trade licence"),
        "securitise": Words("证券化", "Securitisation"),
        "set_off": Words("以物抵债", "Set-off"),
    }
)
POWERS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "pledgor_agreement": Words("出质人与质权人协议", "Agreement with the pledgor"),
        "title_acquired": Words("已取得权利", "Title acquired"),
        "court_management": Words("法院交付管理", "Given by a court to manage"),
    }
)
BEARERS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "proceeds": Words("处置价款", "Proceeds"),
        "consignor": Words("委托人", "Consignor"),
        "buyer": Words("买受人", "Buyer"),
    }
)
RELEASES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "PRICE_PAID": Words("价款付清后", "Once the price is paid"),
        "TITLE_RECORDED": Words("权利变更登记后", "Once the transfer is recorded"),
    }
)
ORIGINS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "reauction": Words("买受人违约后重新拍卖", "Re-auction after a default"),
        "underbidder": Words("顺位递补", "Award to the underbidder"),
        "unit": Words("多份中的一份", "One of several units"),
    }
)
#: Which table says a field's values.
VALUES: Final[Mapping[str, Mapping[str, Words]]] = MappingProxyType(
    {
        "authority": AUTHORITIES,
        "route": ROUTES,
        "regime": vocabulary.REGIMES,
        "format": vocabulary.FORMATS,
        "costs_borne_by": BEARERS,
        "release_on": RELEASES,
        "origin": ORIGINS,
        "power": POWERS,
        "way": route_words.WAYS,
        "kind": MappingProxyType({**route_words.STEP_KINDS, **route_words.LICENCE_KINDS}),
        "step": work_words.ACCESS_STEPS,
        "status": vocabulary.LOT_STATES,
    }
)
