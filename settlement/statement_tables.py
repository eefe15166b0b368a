"""A statement as tables: what both renderers print, so that paper and spreadsheet can't differ."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from kit.clock import CHINA
from settlement.statement_bodies import (
    ClearingBody,
    DistributionBody,
    RecoveryLine,
    SettlementBody,
)
from settlement.statement_words import (
    ACCOUNTS,
    CASES,
    DUES,
    MATCHES,
    RANKS,
    STATES,
    party,
    recovery,
    word,
)
from settlement.statements import Document


class Fen(msgspec.Struct, frozen=True):
    """An amount of money in a cell."""

    amount: int


Cell: TypeAlias = Fen | int | str

TOTAL = "Total 合计"
"""What the row of sums is called."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table with its heading and its columns, each in English and Chinese."""

    title: str
    title_zh: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


def with_total(table: Table, *columns: str) -> Table:
    """The table with the sums of these columns of money below it, where it has several rows."""
    if len(table.rows) < 2:
        return table
    sums: list[Cell] = [TOTAL]
    for (name, _), *cells in list(zip(table.columns, *table.rows, strict=True))[1:]:
        amounts = [cell.amount for cell in cells if isinstance(cell, Fen)]
        sums.append(Fen(sum(amounts)) if name in columns else "")
    return msgspec.structs.replace(table, rows=(*table.rows, tuple(sums)))


def _ended_by(table: Table, *row: Cell) -> Table:
    return msgspec.structs.replace(table, rows=(*table.rows, row))


def tables(document: Document) -> list[Table]:
    """The tables of a statement, in the order printed; the first one says why this version was issued."""
    first, *rest = _tables(document)
    if not document.reason:
        return [first, *rest]
    reason = f"{document.version}: {document.reason} {document.reason_zh}"
    row: tuple[Cell, ...] = ("Version and reason 版本与更新事由", reason)
    return [msgspec.structs.replace(first, rows=(*first.rows, row)), *rest]


def _tables(document: Document) -> list[Table]:
    match document.body:
        case SettlementBody() as body:
            return _settlement(body)
        case DistributionBody() as body:
            return _distribution(body)
        case ClearingBody() as body:
            return _clearing(body)
        case _:
            assert_never(document.body)


def local(moment: datetime | None) -> str:
    """An instant in Chinese time, as people read it."""
    return "" if moment is None else f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M} (UTC+8)"


def _fen(amount_fen: int | None) -> Cell:
    return "" if amount_fen is None else Fen(amount_fen)


def _facts(title: str, title_zh: str, rows: Sequence[tuple[str, Cell]]) -> Table:
    columns = (("Item", "项目"), ("Value", "内容"))
    return Table(title=title, title_zh=title_zh, columns=columns, rows=tuple(rows))


def _settlement(body: SettlementBody) -> list[Table]:
    return [
        _sale(body),
        with_total(_payments(body), "Amount", "To the price"),
        _ended_by(
            with_total(_costs(body), "Amount"), "Net proceeds 净额", "", "", Fen(body.net_fen)
        ),
        _ended_by(
            with_total(_payees(body), "Amount"),
            *("Still in escrow 在管余额", "", Fen(body.in_escrow_fen), "", ""),
        ),
    ]


def _sale(body: SettlementBody) -> Table:
    return _facts(
        "Sale",
        "成交",
        [
            ("Lot 标的", body.lot_title or str(body.lot_id)),
            ("Buyer 买受人", body.buyer),
            ("Consignor 委托人", body.consignor),
            ("Sold at 成交时间", local(body.sold_at)),
            ("Hammer price 成交价", Fen(body.hammer_price_fen)),
            ("Buyer's premium 买受人佣金", Fen(body.buyer_premium_fen)),
            ("Due 应付合计", Fen(body.due_fen)),
            ("Deposit applied 保证金抵价", Fen(body.deposit_fen)),
            ("Paid 已付", Fen(body.paid_fen)),
            *_interest(body),
            *_claim_on_buyer(body),
        ],
    )


def _interest(body: SettlementBody) -> list[tuple[str, Fen]]:
    """The interest of instalments, where the price bears any."""
    if not body.interest_due_fen:
        return []
    return [
        ("Interest on instalments 分期付款利息", Fen(body.interest_due_fen)),
        ("Interest paid 已付利息", Fen(body.interest_paid_fen)),
    ]


def _claim_on_buyer(body: SettlementBody) -> list[tuple[str, Fen]]:
    """What a defaulting buyer owes beyond its deposit, and what came in of it."""
    if not body.claim_on_buyer_fen:
        return []
    return [
        ("Owed beyond the deposit 差额追偿", Fen(body.claim_on_buyer_fen)),
        ("Recovered of it 已追偿", Fen(body.claim_paid_fen)),
        ("Still owed 尚欠", Fen(body.claim_on_buyer_fen - body.claim_paid_fen)),
    ]


def _payments(body: SettlementBody) -> Table:
    return Table(
        title="Payments",
        title_zh="到账",
        columns=(
            ("Bank reference", "流水号"),
            ("Received", "到账时间"),
            ("Amount", "金额"),
            ("To the price", "抵价"),
            ("Match", "匹配"),
        ),
        rows=tuple(
            (
                line.bank_reference,
                local(line.received_at),
                Fen(line.amount_fen),
                Fen(line.applied_fen),
                word(MATCHES, line.match),
            )
            for line in body.payments
        ),
    )


def _costs(body: SettlementBody) -> Table:
    lines = [("cost 费用", line) for line in body.costs]
    lines += [("tax 税费", line) for line in body.taxes]
    return Table(
        title="Costs and taxes",
        title_zh="费用与税费",
        columns=(("Kind", "类别"), ("Item", "项目"), ("Payee", "收款人"), ("Amount", "金额")),
        rows=tuple((kind, line.name, line.payee, Fen(line.amount_fen)) for kind, line in lines),
    )


def _payees(body: SettlementBody) -> Table:
    return Table(
        title="Payees",
        title_zh="分配去向",
        columns=(
            ("Payee", "收款人"),
            ("For", "用途"),
            ("Amount", "金额"),
            ("State", "状态"),
            ("Bank reference", "流水号"),
        ),
        rows=tuple(
            (
                line.payee,
                word(ACCOUNTS, line.account),
                Fen(line.amount_fen),
                word(STATES, line.state),
                line.bank_reference or "",
            )
            for line in body.payees
        ),
    )


def _distribution(body: DistributionBody) -> list[Table]:
    return [
        _facts(
            "Plan",
            "方案",
            [
                ("Lot 标的", body.lot_title or str(body.lot_id)),
                ("State 状态", word(STATES, body.state)),
                ("Hammer price 成交价", Fen(body.hammer_price_fen)),
                ("Drafted by 拟制人", f"{body.drafted_by}, {local(body.drafted_at)}"),
                ("Objections until 异议截止", local(body.objection_until)),
                (
                    "Approved by 复核人",
                    f"{body.approved_by or ''} {local(body.approved_at)}".strip(),
                ),
                ("Paid at 支付时间", local(body.paid_at)),
                ("SHA-256 of what was approved 审批内容摘要", body.content_sha256),
            ],
        ),
        with_total(
            Table(
                title="Lines",
                title_zh="分配明细",
                columns=(
                    ("Rank", "顺位"),
                    ("Claim", "项目"),
                    ("For", "名称"),
                    ("Payee", "收款人"),
                    ("Owed", "应受偿"),
                    ("Paid", "实受偿"),
                    ("Left", "剩余"),
                    ("Computation", "计算"),
                ),
                rows=tuple(
                    (
                        line.rank,
                        word(RANKS, line.to),
                        line.party,
                        line.payee_name,
                        _fen(line.owed_fen),
                        Fen(line.amount_fen),
                        Fen(line.left_fen),
                        line.computation,
                    )
                    for line in body.lines
                ),
            ),
            "Paid",
        ),
    ]


def _clearing(body: ClearingBody) -> list[Table]:
    return [
        _case_facts(body),
        with_total(_parties(body), *_SUMMED),
        _dues(body),
        with_total(_recoveries(body), "Gross", "Costs", "Net", "Shared"),
        _movements(body),
        _debt(body),
    ]


#: What adds up over the parties. Cash does not: the bank's also came from outside.
_SUMMED = (
    *("Borne", "Ceded", "Compensation", "Promised", "Advance", "Opening", "Recovered"),
    *("True-up", "Closing", "Top-up or return"),
)


def _case_facts(body: ClearingBody) -> Table:
    scheme = f"{body.scheme_name} {body.scheme_name_zh} ({body.scheme_id} v{body.scheme_version})"
    return _facts(
        "Case",
        "案件",
        [
            ("Scheme 方案", scheme),
            ("Loan 贷款合同", body.loan_number),
            ("Borrower 借款人", body.borrower),
            ("State 状态", word(CASES, body.state)),
            ("Principal at default 违约本金", Fen(body.loan.principal_fen)),
            ("Interest 利息", Fen(body.loan.interest_fen)),
            ("Penalty 罚息违约金", Fen(body.loan.penalty_fen)),
            ("Loss to be shared 待分担损失", Fen(body.loss_fen)),
        ],
    )


def _parties(body: ClearingBody) -> Table:
    return Table(
        title="Parties",
        title_zh="分担各方",
        columns=(
            ("Party", "主体"),
            ("Organisation", "机构"),
            ("Borne", "承担"),
            ("Ceded", "分出分入"),
            ("Compensation", "补偿"),
            ("Promised", "承诺"),
            ("Advance", "先行拨付"),
            ("Opening", "期初头寸"),
            ("Recovered", "回收分配"),
            ("True-up", "尾差调整"),
            ("Closing", "期末头寸"),
            ("Top-up or return", "补拨（+）或退回（-）"),
            ("Cash received less paid", "现金净收"),
        ),
        rows=tuple(
            (
                party(line.party, line.role),
                line.organisation,
                Fen(line.borne_fen),
                Fen(line.ceded_fen),
                _fen(line.compensation_fen),
                _fen(line.promised_fen),
                _fen(line.advance_fen),
                Fen(line.opening_fen),
                Fen(line.recovered_fen),
                _fen(line.true_up_fen),
                Fen(line.closing_fen),
                _fen(line.delta_fen),
                Fen(line.cash_fen),
            )
            for line in body.parties
        ),
    )


def _dues(body: ClearingBody) -> Table:
    roles = {line.party: line.role for line in body.parties}
    return Table(
        title="Compensation due and paid",
        title_zh="补偿款项收付",
        columns=(
            ("For", "款项"),
            ("From", "付款方"),
            ("To", "收款方"),
            ("Amount", "金额"),
            ("State", "状态"),
            ("Paid at", "支付时间"),
            ("Bank reference", "流水号"),
        ),
        rows=tuple(
            (
                word(DUES, due.what),
                party(due.payer, roles.get(due.payer, "")),
                party(due.payee, roles.get(due.payee, "")),
                Fen(due.amount_fen),
                word(STATES, due.state),
                local(due.paid_at),
                due.bank_reference or "",
            )
            for due in body.dues
        ),
    )


def _event(n: int, line: RecoveryLine) -> str:
    """A recovery by its place in the order of recording: a case may have several of a kind."""
    named = line.source if line.source != line.id else ""
    return f"{n}. {recovery(line.id)} {named}".rstrip()


def _recoveries(body: ClearingBody) -> Table:
    return Table(
        title="Recoveries",
        title_zh="回收",
        columns=(
            ("Event", "事件"),
            ("Recorded", "登记时间"),
            ("Gross", "毛额"),
            ("Costs", "费用"),
            ("Net", "净额"),
            ("Shared", "参与分担"),
        ),
        rows=tuple(
            (
                _event(n, line),
                local(line.recorded_at),
                Fen(line.gross_fen),
                Fen(line.gross_fen - line.net_fen),
                Fen(line.net_fen),
                Fen(line.shared_fen),
            )
            for n, line in enumerate(body.recoveries, start=1)
        ),
    )


def _movements(body: ClearingBody) -> Table:
    return Table(
        title="Movements",
        title_zh="头寸变动",
        columns=(
            ("Event", "事件"),
            ("Party", "主体"),
            ("Movement", "变动"),
            ("Position", "变动后头寸"),
        ),
        rows=tuple(
            (_event(n, line), party(name), Fen(fen), Fen(line.positions[name]))
            for n, line in enumerate(body.recoveries, start=1)
            for name, fen in line.movements.items()
        ),
    )


def _debt(body: ClearingBody) -> Table:
    return _facts(
        "The debtor's book (compensation never reduces it)",
        "债务人账（补偿不抵减债务）",
        [
            ("Costs owed 费用", Fen(body.debt.costs_fen)),
            ("Interest owed 利息", Fen(body.debt.interest_fen)),
            ("Principal owed 本金", Fen(body.debt.principal_fen)),
            ("Penalty owed 罚息违约金", Fen(body.debt.penalty_fen)),
        ],
    )
