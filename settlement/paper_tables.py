"""A paper as tables: what its page and its workbook print, so that they can't differ."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import assert_never

from settlement.cases import StepLine
from settlement.paper_bodies import (
    ApplicationBody,
    BearerFacts,
    BulletinBody,
    ClaimFacts,
    PaperBody,
    PayoutNoticeBody,
    ProgressBody,
    QuarterFigures,
    QuarterlyBody,
    RecoveryAdviceBody,
    ReviewBody,
    RoyaltyBody,
)
from settlement.statement_tables import Cell, Fen, Table, local, with_total
from settlement.statement_words import (
    AGES,
    BASES,
    CASES,
    FORMATS,
    INVOICES,
    LIABILITIES,
    OWED,
    ROLES,
    gap_in_words,
    party,
    percent,
    recovery,
    word,
)

ITEMS = (("Item", "项目"), ("Value", "内容"))


def tables(body: PaperBody) -> list[Table]:
    """The tables of a paper, in the order printed."""
    match body:
        case RoyaltyBody():
            return _royalty(body)
        case ApplicationBody():
            return _application(body)
        case ReviewBody():
            return _review(body)
        case ProgressBody():
            return _progress(body)
        case QuarterlyBody():
            return _quarterly(body)
        case BulletinBody():
            return _bulletin(body)
        case PayoutNoticeBody():
            return _payout_notice(body)
        case RecoveryAdviceBody():
            return _recovery_advice(body)
        case _:
            assert_never(body)


def _table(
    title: str,
    title_zh: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[tuple[Cell, ...]],
) -> Table:
    return Table(title=title, title_zh=title_zh, columns=tuple(columns), rows=tuple(rows))


def _fen(amount_fen: int | None) -> Cell:
    return "" if amount_fen is None else Fen(amount_fen)


def _royalty(body: RoyaltyBody) -> list[Table]:
    terms = body.licence.terms
    facts: list[tuple[Cell, ...]] = [
        ("Licence 许可", body.licence.title),
        ("Licensee 被许可人", body.licensee),
        ("Lender 贷款银行", body.lender),
        ("Agency 运营机构", body.agency),
        ("Term 期限", f"{body.licence.starts_on} – {body.licence.ends_on}"),
        ("Entry fee 入门费", Fen(terms.entry_fee_fen)),
        ("Rate of net sales 提成率", percent(terms.rate_bp)),
        ("Minimum a period 每期保底", Fen(terms.minimum_fen)),
        ("Agency's share 运营机构分成", percent(terms.agency_bp)),
        (
            "Late interest a year 逾期年利率",
            f"{percent(terms.late_bp_year)} / {terms.year_days} days 天",
        ),
        ("Due in all 应付合计", Fen(body.due_fen)),
        ("Paid 已付", Fen(body.paid_fen)),
        ("To the agency 运营机构所得", Fen(body.agency_fen)),
        ("Net 净额", Fen(body.net_fen)),
        ("In escrow 提存余额", Fen(body.in_escrow_fen)),
    ]
    return [_table("Licence", "许可", ITEMS, facts), _owed(body), _came(body)]


def _owed(body: RoyaltyBody) -> Table:
    columns = (
        *(("Invoice", "期次"), ("Period", "结算期"), ("Item", "项目")),
        *(("Amount", "金额"), ("Computation", "计算"), ("Due on", "到期日")),
        ("Payment reference", "缴款编号"),
    )
    rows = [
        (
            row.invoice,
            f"{row.period_from} – {row.period_to}" if row.period_from else word(INVOICES, row.kind),
            f"{row.name} {row.name_zh}",
            Fen(row.amount_fen),
            row.computation,
            str(row.due_on),
            row.reference,
        )
        for row in body.invoices
    ]
    return with_total(_table("Due", "应付明细", columns, rows), "Amount")


def _came(body: RoyaltyBody) -> Table:
    columns = (
        *(("Bank reference", "流水号"), ("Received", "到账时间"), ("Invoice", "期次")),
        *(("To", "去向"), ("Amount", "金额")),
    )
    rows = [
        (
            *(row.bank_reference, local(row.received_at), row.invoice),
            *(row.to or "in escrow 提存待分配", Fen(row.amount_fen)),
        )
        for row in body.receipts
    ]
    return with_total(_table("Receipts", "到账与分配", columns, rows), "Amount")


def _claim(facts: ClaimFacts) -> list[Table]:
    loan = facts.loan
    items: list[tuple[Cell, ...]] = [
        ("Loan 贷款合同", facts.loan_number),
        ("Borrower 借款人", facts.borrower),
        ("Scheme 方案", f"{facts.scheme_name} {facts.scheme_name_zh} ({facts.scheme_id} v{facts.scheme_version})"),
        ("State 状态", word(CASES, facts.state)),
        ("Base 补偿基数口径", word(BASES, facts.scheme.base)),
        ("Granted 贷款金额", Fen(loan.amount_fen)),
        ("Principal 未还本金", Fen(loan.principal_fen)),
        ("Interest 利息", Fen(loan.interest_fen)),
        ("Penalty 罚息违约金", Fen(loan.penalty_fen)),
        ("Received before 申请前已收回", Fen(loan.received_fen)),
        ("IP part 知识产权部分", percent(loan.ip_part_bp)),
        ("Loss to be shared 待分担损失", Fen(facts.loss_fen)),
        ("SHA-256 of the claim 申请内容摘要", facts.claim_sha256),
    ]  # fmt: skip
    parties = [
        (
            party(row.party, row.role),
            f"{word(ROLES, row.role)} {row.organisation}",
            percent(row.bear_bp),
            Fen(row.borne_fen),
            Fen(row.ceded_fen),
            _fen(row.compensation_fen),
            _fen(row.promised_fen),
            _fen(row.advance_fen),
            Fen(row.position_fen),
        )
        for row in facts.parties
    ]
    return [
        _table("Claim", "申请事项", ITEMS, items),
        with_total(
            _table(
                "Parties and cessions",
                "分担与分出申报",
                (
                    *(("Party", "主体"), ("Organisation", "机构"), ("Share", "比例")),
                    *(("Borne", "承担"), ("Ceded", "分出分入"), ("Compensation", "补偿")),
                    *(("Promised", "承诺"), ("Advance", "先行拨付"), ("Position", "期初头寸")),
                ),
                parties,
            ),
            *("Borne", "Ceded", "Compensation", "Promised", "Advance", "Position"),
        ),
        _lines("Computation", "计算过程", facts.lines),
    ]


def _lines(title: str, title_zh: str, lines: Iterable[StepLine]) -> Table:
    columns = (("Figure", "项目"), ("Party", "主体"), ("Amount", "金额"), ("Computation", "计算"))
    rows = [
        (f"{line.name} {line.name_zh}", party(line.party), Fen(line.amount_fen), line.computation)
        for line in lines
    ]
    return _table(title, title_zh, columns, rows)


def _application(body: ApplicationBody) -> list[Table]:
    by = (("Applied by 申请人", body.applied_by), ("Applied at 申请时间", local(body.applied_at)))
    evidence = [(item.name, item.sha256) for item in body.evidence]
    juniors = [
        (party(one.party), Fen(one.claim_fen), str(one.registered_at)) for one in body.junior_claims
    ]
    return [
        *_claim(body.facts),
        _table("Evidence of the default", "违约证据", (("Document", "文件"), ("SHA-256", "摘要")), evidence),
        _table(
            "Later pledgees",
            "后顺位质权人",
            (("Party", "主体"), ("Claim", "债权"), ("Registered", "登记日")),
            juniors,
        ),
        _table("Application", "申请", ITEMS, by),
    ]  # fmt: skip


def _review(body: ReviewBody) -> list[Table]:
    reviews = [
        (
            row.reviewer,
            "approved 同意" if row.approved else "refused 不同意",
            row.reason,
            local(row.reviewed_at),
            row.reviewed_sha256,
        )
        for row in body.reviews
    ]
    columns = (
        *(("Reviewer", "审核人"), ("Verdict", "意见"), ("Reason", "理由"), ("At", "时间")),
        ("SHA-256 reviewed", "所审内容摘要"),
    )
    return [
        *_claim(body.facts),
        _table("Reviews", "审核意见", columns, reviews),
        _lines("Breakers", "熔断指标", body.breakers),
    ]


def _progress(body: ProgressBody) -> list[Table]:
    columns = (
        *(("Loan", "贷款合同"), ("State", "状态"), ("Loss", "损失"), ("Advance", "先行拨付")),
        *(("In the quarter", "本季回收"), ("Recovered", "累计回收"), ("Left", "剩余损失")),
        *(("Fund's position", "基金头寸"), ("Unreturned", "待退回"), ("Days late", "逾期天数")),
    )
    rows = [
        (
            *(row.loan_number, word(CASES, row.state), Fen(row.loss_fen), Fen(row.advance_fen)),
            *(Fen(row.recovered_in_quarter_fen), Fen(row.recovered_fen), Fen(row.left_fen)),
            *(Fen(row.fund_position_fen), Fen(row.unreturned_fen), row.days_late),
        )
        for row in body.rows
    ]
    ageing = [(words, Fen(body.ageing[age])) for age, words in AGES.items() if age in body.ageing]
    facts = (("Organisation 机构", body.organisation), ("Quarter 季度", body.quarter))
    return [
        _table("Scope", "范围", ITEMS, facts),
        with_total(
            _table("Claims", "逐笔进展", columns, rows),
            *("Loss", "Advance", "In the quarter", "Recovered", "Left", "Fund's position", "Unreturned"),
        ),
        with_total(
            _table(
                *("Ageing of unreturned money", "待退回资金账龄"),
                (("Days late", "逾期天数"), ("Amount", "金额")),
                ageing,
            ),
            "Amount",
        ),
    ]  # fmt: skip


def _quarterly(body: QuarterlyBody) -> list[Table]:
    facts: list[tuple[Cell, ...]] = [
        ("Bank 银行", body.bank),
        ("Quarter 季度", body.quarter),
        ("Due on 报送期限", str(body.due_on)),
        ("Submitted 报送时间", local(body.submitted_at)),
        ("Late 是否逾期", "late 逾期" if body.is_late else "in time 按时"),
        ("Receipt 回执", body.receipt),
        ("Recipients 报送对象", ", ".join(body.recipients)),
    ]
    columns = (
        *(("Branch", "机构"), ("Opening", "期初余额"), ("New", "新增"), ("Repaid", "收回")),
        *(("Balance", "期末余额"), ("Overdue", "逾期"), ("Substandard", "次级")),
        *(
            ("Doubtful", "可疑"),
            ("Loss", "损失"),
            ("All loans", "全部贷款"),
            ("All bad", "全部不良"),
        ),
    )
    rows = [
        (
            f"{row.branch}{' (science branch 科技支行)' if row.is_science_branch else ''}",
            *(Fen(row.ip_opening_fen), Fen(row.ip_new_fen), Fen(row.ip_repaid_fen)),
            *(Fen(row.ip_balance_fen), Fen(row.ip_overdue_fen), Fen(row.ip_substandard_fen)),
            *(Fen(row.ip_doubtful_fen), Fen(row.ip_loss_fen)),
            *(Fen(row.all_balance_fen), Fen(row.all_npl_fen)),
        )
        for row in body.branches
    ]
    verdicts = [
        (
            row.branch,
            gap_in_words(row.gap_bp),
            percent(row.limit_bp),
            "tolerated 容忍" if row.is_tolerated else "exceeded 超出",
        )
        for row in body.tolerance
    ]
    test = (
        ("Branch", "机构"),
        ("Gap", "差距"),
        ("Limit", "容忍度"),
        ("Verdict", "结论"),
    )
    return [
        _table("Return", "报送", ITEMS, facts),
        with_total(_table("Branches", "分机构", columns, rows), *(name for name, _ in columns[1:])),
        _table("Tolerance of bad loans", "不良容忍度", test, verdicts),
        _books(body.figures),
    ]


def _books(figures: QuarterFigures) -> Table:
    rows: list[tuple[Cell, ...]] = [
        *(
            (f"Disposals 处置笔数: {word(FORMATS, route)}", count)
            for route, count in figures.disposals.items()
        ),
        ("Disposed of 处置金额", Fen(figures.disposed_fen)),
        ("Recovered, net 回收净额", Fen(figures.recovered_net_fen)),
        ("Recovery rate 回收率", percent(figures.recovery_rate_bp)),
        ("Compensation advanced 先行拨付", Fen(figures.advanced_fen)),
        ("Claims cleared 清算笔数", figures.cleared_cases),
        ("Bad loans in the books 台账不良", Fen(figures.ledger_npl_fen)),
        ("Alerts 预警", figures.alerts),
    ]
    return _table("From the books", "台账数据", ITEMS, rows)


def _bulletin(body: BulletinBody) -> list[Table]:
    columns = (
        *(("Bank", "银行"), ("Reported", "报送"), ("Opening", "期初余额"), ("New", "新增")),
        *(("Balance", "期末余额"), ("Bad", "不良"), ("Beyond tolerance", "超容忍机构数")),
        *(
            ("Disposed of", "处置金额"),
            ("Recovered", "回收净额"),
            ("Advanced", "先行拨付"),
            ("Cleared", "清算笔数"),
        ),
        ("Alerts", "预警"),
    )
    rows = [
        (
            *(row.bank, "late 逾期" if row.is_late else "in time 按时"),
            *(Fen(row.ip_opening_fen), Fen(row.ip_new_fen), Fen(row.ip_balance_fen)),
            *(Fen(row.ip_npl_fen), row.not_tolerated, Fen(row.figures.disposed_fen)),
            *(Fen(row.figures.recovered_net_fen), Fen(row.figures.advanced_fen)),
            *(row.figures.cleared_cases, row.figures.alerts),
        )
        for row in body.rows
    ]
    missing = [(name,) for name in body.missing]
    return [
        _table("Scope", "范围", ITEMS, (("Quarter 季度", body.quarter),)),
        with_total(
            _table("Banks", "各银行", columns, rows),
            *("Opening", "New", "Balance", "Bad", "Disposed of", "Recovered", "Advanced"),
        ),
        _table("Not reported", "未报送", (("Bank", "银行"),), missing),
    ]


def _bearer(facts: BearerFacts) -> list[tuple[Cell, ...]]:
    return [
        ("To 致", f"{facts.organisation} · {party(facts.party, facts.role)}"),
        ("Loan 贷款合同", facts.loan_number),
        ("Borrower 借款人", facts.borrower),
        ("Bank 贷款银行", facts.bank),
        ("Scheme 方案", f"{facts.scheme_id} v{facts.scheme_version}"),
        ("SHA-256 of the claim 申请内容摘要", facts.claim_sha256),
    ]


def _payout_notice(body: PayoutNoticeBody) -> list[Table]:
    items: list[tuple[Cell, ...]] = [
        *_bearer(body.facts),
        ("Loss to be shared 待分担损失", Fen(body.loss_fen)),
        ("Borne 承担", Fen(body.borne_fen)),
        ("Compensation by funds 资金补偿", Fen(body.compensation_fen)),
        ("Opening position 期初头寸", Fen(body.position_fen)),
        ("Liability 责任确认", word(LIABILITIES, body.state)),
        ("Contract or policy 合同或保单", body.agreement),
        ("Reason 理由", body.reason),
        ("Answered 答复时间", local(body.answered_at)),
        ("SHA-256 of the answer 答复内容摘要", body.answer_sha256),
        ("Paid 已代偿", Fen(body.paid_fen)),
        ("To be paid 待代偿", Fen(body.unpaid_fen)),
    ]
    columns = (
        *(("To", "收款方"), ("Organisation", "机构"), ("Why", "事由"), ("Amount", "金额")),
        *(("Bank reference", "银行流水号"), ("Paid on", "付款日")),
    )
    owed: list[tuple[Cell, ...]] = [
        (
            *(party(row.to), row.organisation, word(OWED, row.why), Fen(row.amount_fen)),
            *_payment(row.bank_reference, row.paid_on),
        )
        for row in body.owed
    ]
    ceded: list[tuple[Cell, ...]] = [
        (
            *(party(row.to), row.organisation, Fen(row.amount_fen)),
            *_payment(row.bank_reference, row.paid_on),
        )
        for row in body.ceded
    ]
    passed = (("To", "分入方"), *columns[1:2], *columns[3:])
    return [
        _table("Liability", "分险责任", ITEMS, items),
        with_total(_table("Owed", "应代偿", columns, owed), "Amount"),
        with_total(_table("Passed on", "分出", passed, ceded), "Amount"),
    ]


def _payment(reference: str, paid_on: date | None) -> tuple[str, str]:
    return reference or "not yet 尚未", "" if paid_on is None else str(paid_on)


def _recovery_advice(body: RecoveryAdviceBody) -> list[Table]:
    items: list[tuple[Cell, ...]] = [
        *_bearer(body.facts),
        ("SHA-256 of the confirmation 责任确认摘要", body.answer_sha256),
        ("State of the case 案件状态", word(CASES, body.state)),
        ("Paid out 已代偿", Fen(body.paid_fen)),
        ("Opening position 期初头寸", Fen(body.opening_fen)),
        ("Share of recoveries 追偿分得", Fen(body.share_fen)),
        ("True-up and restorations 尾差与恢复", Fen(body.true_up_fen)),
        ("Position left 剩余头寸", Fen(body.left_fen)),
    ]
    columns = (
        *(("Recovery", "追偿事项"), ("Recorded", "登记时间"), ("Gross", "总额"), ("Net", "净额")),
        *(("Shared", "参与分配"), ("Position before", "分配前头寸"), ("Your share", "本方分得")),
        *(("Position after", "分配后头寸"), ("Passed on by", "应转付日")),
    )
    rows = [
        (
            *(recovery(row.event_id), local(row.recorded_at), Fen(row.gross_fen)),
            *(Fen(row.net_fen), Fen(row.shared_fen), Fen(row.before_fen), Fen(row.share_fen)),
            *(Fen(row.after_fen), str(row.due_on)),
        )
        for row in body.rows
    ]
    return [
        _table("Position", "头寸", ITEMS, items),
        with_total(
            _table("Recoveries", "追偿分配", columns, rows), "Gross", "Net", "Shared", "Your share"
        ),
    ]
