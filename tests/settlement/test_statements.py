"""The three statements: figures from the ledger, stored for good, printed and exported safely."""

import hashlib
import json
from datetime import datetime, timedelta
from io import BytesIO

import asyncpg
import msgspec
import pytest
from openpyxl import load_workbook

from kit.money import yuan
from settlement import ledger, recoveries, statements
from settlement.ledger import balance
from settlement.rendering import html, xlsx
from settlement.rules.case import Cost, Loan, RecoveryEvent
from settlement.rules.waterfall import Secured
from settlement.statement_bodies import ClearingBody, DistributionBody, SettlementBody
from settlement.statement_tables import TOTAL, Fen, tables
from settlement.statement_words import recovery
from tests.settlement.make_money import (
    BANK,
    BORROWER,
    FUND,
    confirm_payouts,
    distribute,
    example_costs,
    make_claim,
    make_sale,
    pay_price,
    review_and_advance,
)

FORMULAS = [f"{first}1+1" for first in "=+-@\t\r＝＋－＠"] + [
    '=HYPERLINK("x")',
    "\x00=1",
    "<script>alert(1)</script>",
]


async def play(conn: asyncpg.Connection, now: datetime) -> tuple[statements.Statement, ...]:
    """Example 1 of domain 5.6 up to its statements."""
    loan = Loan(amount_fen=487_654_321, principal_fen=487_654_321, interest_fen=13_246_809)
    case = await review_and_advance(conn, await make_claim(conn, loan=loan, now=now), now=now)
    sale = await make_sale(
        conn, hammer_price_fen=238_000_000, buyer_premium_fen=1_000_000, case_id=case.id, now=now
    )
    await pay_price(conn, sale, now=now)
    lines = example_costs(commission_fen=4_760_000, stamp_fen=71_400)
    secured = Secured(
        party="bank",
        registered_at=now.date(),
        principal_fen=loan.principal_fen,
        interest_fen=loan.interest_fen,
    )
    await distribute(conn, sale, lines=lines, secured=secured, now=now)
    await confirm_payouts(conn, sale.lot_id, now=now)
    costs = tuple(Cost(name=line.name, amount_fen=line.amount_fen) for line in lines)
    event = RecoveryEvent(id="sale", gross_fen=sale.hammer_price_fen, costs=costs)
    await recoveries.record_recovery(conn, case.id, event, now=now)
    await recoveries.final_clearing(conn, case.id, cleared_by=BANK, now=now)
    await confirm_payouts(conn, case.id, now=now)
    names = {BANK: "滨海银行", FUND: "=1+1", BORROWER: "<b>borrower</b>"}
    return (
        await statements.issue_settlement(
            conn, sale.lot_id, lot_title="=cmd|' /C calc'!A0", names=names, now=now
        ),
        await statements.issue_distribution(
            conn, sale.lot_id, lot_title="lot", names=names, now=now
        ),
        await statements.issue_clearing(conn, case.id, names=names, now=now),
    )


async def test_figures_equal_the_ledger(conn: asyncpg.Connection, now: datetime) -> None:
    """What the statements say was paid, shared and left is what the accounts say."""
    settlement, distribution, clearing = (
        statement.document.body for statement in await play(conn, now)
    )
    assert isinstance(settlement, SettlementBody)
    assert settlement.net_fen == 229_606_463
    assert settlement.in_escrow_fen == 0
    assert sum(payee.amount_fen for payee in settlement.payees) == settlement.due_fen
    assert settlement.paid_fen == sum(line.applied_fen for line in settlement.payments)
    assert isinstance(distribution, DistributionBody)
    assert sum(line.amount_fen for line in distribution.lines) == 239_000_000
    assert isinstance(clearing, ClearingBody)
    bank, fund = clearing.parties
    assert (bank.closing_fen, fund.closing_fen) == (154_828_715, 103_219_143)
    assert (fund.advance_fen, fund.delta_fen) == (97_530_864, 5_688_279)
    assert bank.cash_fen == 332_825_606
    paid_in = 1_000_000_000
    assert fund.cash_fen == await balance(conn, ledger.fund_account(FUND)) - paid_in == -103_219_143
    assert fund.cash_fen == -fund.closing_fen, "the fund paid what it bears"
    assert [(due.what, due.amount_fen, due.state) for due in clearing.dues] == [
        ("advance", 97_530_864, "PAID"),
        ("top_up", 5_688_279, "PAID"),
    ]
    assert clearing.state == "CLOSED"
    for party in clearing.parties:
        assert party.closing_fen == party.position_in_ledger_fen
    (recovery,) = clearing.recoveries
    assert recovery.movements == {"bank": 137_763_878, "fund": 91_842_585}
    assert bank.closing_fen + fund.closing_fen == -await balance(
        conn, ledger.AccountKey("loss", clearing.case_id)
    )


async def test_the_sums_of_statements_agree(conn: asyncpg.Connection, now: datetime) -> None:
    """Costs, payees, lines and parties add up to the figures that the ledger has; recoveries have names, not ids."""
    sums = {}
    for statement in await play(conn, now):
        for table in tables(statement.document):
            total = next((row for row in table.rows if row[0] == TOTAL), None)
            if total is not None:
                sums[table.title] = [cell.amount for cell in total if isinstance(cell, Fen)]
            assert not any(str(row[0]).startswith("lot:") for row in table.rows)
    assert sums == {
        "Costs and taxes": [8_393_537],
        "Payees": [239_000_000],
        "Lines": [239_000_000],
        "Parties": [
            *(487_654_321, 0, 195_061_728, 195_061_728, 97_530_864, 487_654_321),
            *(229_606_463, 0, 258_047_858, 5_688_279),
        ],
    }


@pytest.mark.parametrize(
    ("event_id", "words"),
    [
        ("lot:01a199c5-3280-74a3-97d3-7fe43183d63f", "sale of a lot 标的成交"),
        ("mandate:01a199c5-3280-74a3-97d3-7fe43183d63f", "operating mandate 委托运营回款"),
        ("insurance:P-7", "insurance 保险赔款 P-7"),
        ("sale", "sale"),
    ],
)
def test_a_recovery_has_a_name(event_id: str, words: str) -> None:
    """Where it came from, with its reference unless that is an id of ours."""
    assert recovery(event_id) == words


async def test_a_statement_is_its_bytes(conn: asyncpg.Connection, now: datetime) -> None:
    """The hash is that of the stored bytes; the same again is the same statement, a change the next version."""
    settlement, _, clearing = await play(conn, now)
    for statement in (settlement, clearing):
        assert hashlib.sha256(statement.content).digest() == statement.sha256
        assert json.loads(statement.content)["number"] == statement.number
        assert await statements.get(conn, statement.id) == statement
    names = {BANK: "滨海银行", FUND: "=1+1", BORROWER: "<b>borrower</b>"}
    later = now + timedelta(days=1)
    again = await statements.issue_clearing(conn, clearing.subject_id, names=names, now=later)
    assert again == clearing
    corrected = await statements.issue_clearing(conn, clearing.subject_id, now=later)
    assert (corrected.version, corrected.number != clearing.number) == (2, True)
    assert clearing.document.reason == "first issue"
    assert corrected.document.reason == "names or figures restated"
    reason = tables(corrected.document)[0].rows[-1]
    assert reason == (
        "Version and reason 版本与更新事由",
        "2: names or figures restated 名称或金额更正",
    )
    assert [one.number[-6:] for one in (settlement, clearing)] == ["000001", "000001"]
    assert len(await statements.of_subject(conn, clearing.subject_id)) == 2


async def test_the_page_shows_every_amount_and_loads_nothing(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Every amount of the tables stands on the page in yuan; markup is text; no address is fetched."""
    for statement in await play(conn, now):
        page = html(statement)
        assert statement.document.title_zh in page
        assert statement.document.title in page
        assert statement.sha256.hex() in page
        assert "<b>borrower" not in page
        assert "://" not in page
        assert "<script" not in page
        for table in tables(statement.document):
            for row in table.rows:
                for cell in row:
                    if isinstance(cell, Fen):
                        assert yuan(cell.amount) in page


async def test_the_workbook_has_numbers_and_no_formulas(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Re-opened, each sheet holds its table: amounts as numbers to the fen, text as text."""
    for statement in await play(conn, now):
        book = load_workbook(BytesIO(xlsx(statement)))
        printed = tables(statement.document)
        assert book.sheetnames[1:] == [table.title_zh for table in printed]
        for table in printed:
            sheet = book[table.title_zh]
            for row, cells in enumerate(table.rows, start=2):
                for column, cell in enumerate(cells, start=1):
                    found = sheet.cell(row=row, column=column)
                    assert found.data_type != "f"
                    if isinstance(cell, Fen):
                        assert found.data_type == "n"
                        assert round(found.value * 100) == cell.amount
                    else:
                        assert ("" if found.value is None else found.value) == cell
        for sheet in book:
            assert all(cell.data_type in ("s", "n") for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize("text", FORMULAS)
async def test_no_text_becomes_a_formula(
    text: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """Whatever a name begins with, the re-opened workbook has text there and the page has it escaped."""
    sale = await make_sale(conn, hammer_price_fen=100, now=now)
    statement = await statements.issue_settlement(conn, sale.lot_id, now=now)
    body = msgspec.structs.replace(statement.document.body, lot_title=text, buyer=text)
    forged = msgspec.structs.replace(
        statement, document=msgspec.structs.replace(statement.document, body=body)
    )
    book = load_workbook(BytesIO(xlsx(forged)))
    assert all(
        cell.data_type in ("s", "n") for sheet in book for row in sheet.iter_rows() for cell in row
    )
    assert "<script>alert" not in html(forged)
