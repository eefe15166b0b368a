"""Act 5: price, deposits, waterfall, recovery, final clearing, and the two statements."""

from pathlib import Path
from typing import Any

import msgspec

from kit.money import half_up
from marketplace.demo.cast import Cast
from marketplace.demo.explaining import explain, explain_cash
from marketplace.demo.run import Run
from marketplace.demo.selling import BIDDERS, DEPOSIT_FEN, Lot
from marketplace.demo.telling import act, money, said, say, table
from marketplace.demo.waiting import until
from marketplace.imports.sample import BANK_NAME
from marketplace.pages import vocabulary
from settlement.statement_tables import Cell, Fen, tables
from settlement.statement_words import RANKS, STATES, word
from settlement.statements import Document

#: The costs of domain 5.6, example 1: commission 2 %, valuation, enforcement, stamp duty 0.03 %.
_COMMISSION_BP, _STAMP_BP = 200, 3
_COLUMNS_MAX = 7
_VALUATION_FEN, _ENFORCEMENT_FEN = 3_000_000, 562_137


def pay_price(cast: Cast, run: Run, lot: Lot, sale: dict[str, Any]) -> None:
    """The confirmation with the winner's name, the balance of the price, the losers' deposits back."""
    act(5, "Settlement and clearing", "结算与清算")
    venue = cast.person("venue-operator")
    confirmation = venue.post(f"/v1/lots/{lot.id}/confirmation", step="confirmation")
    balance = sale["price_fen"] - DEPOSIT_FEN
    payment = venue.post(
        f"/v1/lots/{lot.id}/payments",
        {
            "bank_reference": f"demo-{run.number}-balance",
            "amount_fen": balance,
            "received_at": run.moments["closes_at"],
        },
        step="balance",
    )
    say(
        f"Confirmation 成交确认书 {confirmation['number']} issued; balance 余款 {money(balance)} received."
    )
    say(
        f"  deposit applied to the price 保证金抵作价款;"
        f" lot 标的状态: {said(vocabulary.LOT_STATES, payment['lot_status'])}"
    )
    losers = [
        name for name in BIDDERS if _bidder(cast, lot, name)["paddle"] != sale["winner_paddle"]
    ]
    until(
        lambda: all(_bidder(cast, lot, name)["status"] == "lost" for name in losers),
        "the losers' deposits",
    )
    say(
        f"Deposits released, free to withdraw 保证金已解冻，可提取: {', '.join(losers)} ({money(DEPOSIT_FEN)} each)."
    )


def distribute(cast: Cast, run: Run, lot: Lot, sale: dict[str, Any]) -> dict[str, Any]:
    """Costs locked by a second person, the plan drafted, approved, paid: costs first."""
    venue, checker = cast.person("venue-operator"), cast.person("venue-checker")
    price = sale["price_fen"]
    lines = [
        (
            "COST",
            "委托方佣金 seller commission 2%",
            half_up(price, _COMMISSION_BP),
            "交易中心 venue",
            "demo-venue",
        ),
        ("COST", "评估费 valuation", _VALUATION_FEN, "示例资产评估有限公司", "demo-valuer"),
        (
            "COST",
            "代垫实现质权费用返还 reimbursement of enforcement costs",
            _ENFORCEMENT_FEN,
            BANK_NAME,
            "demo-enforcement",
        ),
        (
            "TAX",
            "印花税 stamp duty 0.03%",
            half_up(price, _STAMP_BP),
            "税务机关 tax office",
            "demo-tax",
        ),
    ]
    fields = ("kind", "name", "amount_fen", "payee_name", "payee_code")
    drawn = {"lines": [dict(zip(fields, line, strict=True)) for line in lines]}
    sheet = venue.post(f"/v1/lots/{lot.id}/costs", drawn, step="costs")
    checker.post(
        f"/v1/lots/{lot.id}/costs/lock", {"content_hash": sheet["content_hash"]}, step="costs-lock"
    )
    plan = cast.person("bank-maker").post(f"/v1/lots/{lot.id}/distribution", step="plan")
    approval = {"content_hash": plan["content_hash"]}
    cast.person("bank-checker").post(
        f"/v1/lots/{lot.id}/distribution/approve", approval, step="plan-approve"
    )
    paid = venue.post(f"/v1/lots/{lot.id}/distribution/pay", step="plan-pay")
    payouts = venue.get(f"/v1/lots/{lot.id}/payouts")["items"]
    for place, payout in enumerate(payouts, start=1):
        reference = {"bank_reference": f"demo-{run.number}-payout-{place}"}
        step = f"payout-{payout['id']}"
        path = f"/v1/lots/{lot.id}/payouts/{payout['id']}"
        venue.post(path, reference, step=step)
        checker.post(path, reference, step=f"{step}-second")
    say(
        f"Waterfall 分配: plan {word(STATES, paid['state'])}, drafted and approved by"
        " two people 两人办理, costs first 费用优先"
    )
    table([_plan_row(line) for line in paid["content"]["lines"]])
    return dict(paid)


def _plan_row(line: dict[str, Any]) -> list[str]:
    return [
        word(RANKS, line["to"]),
        line["party"],
        money(line["amount_fen"]),
        line["computation"],
    ]


def clear(cast: Cast, run: Run, claim: dict[str, Any]) -> dict[str, Any]:
    """The recovery moves the positions; the final clearing tops up or takes back; money follows."""
    administrator, checker = cast.person("fund-administrator"), cast.person("fund-checker")
    path = f"/v1/claims/{claim['id']}"
    until(lambda: bool(administrator.get(path)["recoveries"]), "the recovery to be shared")
    proposed = administrator.post(f"{path}/final", step="final")
    decision = {
        "approved": True,
        "reason": "复核同意",
        "final_sha256": proposed["final"]["final_sha256"],
    }
    checker.post(f"{path}/final/approve", decision, step="final-approve")
    cleared = administrator.get(path)
    for place, payment in enumerate(cleared["payments"], start=1):
        if payment["paid_at"] is None:
            reference = {"bank_reference": f"demo-{run.number}-final-{place}"}
            step = f"final-paid-{payment['id']}"
            administrator.post(f"{path}/payments/{payment['id']}", reference, step=step)
            checker.post(f"{path}/payments/{payment['id']}", reference, step=f"{step}-second")
    for due in cleared["dues"]:
        if due["amount_fen"] < 0 and due["settled_at"] is None:
            back = {
                "fund_party": due["fund_party"],
                "party": due["party"],
                "amount_fen": -due["amount_fen"],
                "bank_reference": f"demo-{run.number}-return-{due['party']}",
            }
            administrator.post(f"{path}/returns", back, step=f"final-return-{due['party']}")
    ended = dict(administrator.get(path))
    explain(ended)
    return ended


def issue_statements(cast: Cast, run: Run, lot: Lot, claim: dict[str, Any], folder: Path) -> None:
    """Issue, print and keep the settlement statement (结算单) and the clearing statement (清算单)."""
    folder.mkdir(parents=True, exist_ok=True)
    bodies: dict[str, dict[str, Any]] = {}
    for kind, subject, who in (
        ("settlement", lot.id, "venue-operator"),
        ("clearing", claim["case_id"], "fund-administrator"),
    ):
        person = cast.person(who)
        statement = person.post(
            "/v1/statements", {"kind": kind, "subject_id": subject}, step=f"statement-{kind}"
        )
        show(person.get_bytes(f"/v1/statements/{statement['id']}.json"))
        bodies[kind] = statement["document"]["body"]
        for suffix in ("json", "html", "xlsx"):
            name = f"run-{run.number}-{kind}.{suffix}"
            (folder / name).write_bytes(
                person.get_bytes(f"/v1/statements/{statement['id']}.{suffix}")
            )
        say(
            f"  kept 已保存: {folder}/run-{run.number}-{kind}.json, .html, .xlsx  SHA-256 {statement['sha256'][:16]}…"
        )
    explain_cash(bodies["settlement"], bodies["clearing"])


def show(content: bytes) -> None:
    """A statement as it would be printed: the same tables that paper and spreadsheet show."""
    document = msgspec.json.decode(content, type=Document)
    say(f"{document.title_zh} {document.title} {document.number}, version {document.version}")
    for sheet in tables(document):
        say(f"  {sheet.title_zh} {sheet.title}")
        head = [f"{zh} {en}".strip() for en, zh in sheet.columns]
        rows = [head, *([_cell(cell) for cell in row] for row in sheet.rows)]
        # What is too wide for a terminal is turned: a line a column.
        table(rows if len(head) <= _COLUMNS_MAX else list(zip(*rows, strict=True)))


def _cell(cell: Cell) -> str:
    return money(cell.amount) if isinstance(cell, Fen) else str(cell)


def _bidder(cast: Cast, lot: Lot, name: str) -> dict[str, Any]:
    return dict(cast.person(name).get(f"/v1/lots/{lot.id}/bidders/me"))
