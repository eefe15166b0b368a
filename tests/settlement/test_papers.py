"""Papers of licences, claims and quarters: from the books, stored for good, printed and exported safely."""

from datetime import date, datetime
from io import BytesIO

import asyncpg
import msgspec
import pytest
from openpyxl import load_workbook

from kit.errors import InvalidInput
from kit.money import yuan
from settlement import paper_sources, paper_tables, papers, recoveries, royalties
from settlement.paper_bodies import BulletinBody, BulletinRow, QuarterFigures, QuarterlyBody
from settlement.papers import Paper
from settlement.rendering import html, xlsx
from settlement.rules import quarters
from settlement.rules.ageing import Overdue, age
from settlement.rules.case import JuniorClaim, Loan, RecoveryEvent
from settlement.rules.quarters import Branch
from settlement.statement_tables import TOTAL, Fen
from tests.settlement.make_licences import invoice_year, make_licence
from tests.settlement.make_money import BANK, CHECKER, FUND, MAKER, make_claim, review_and_advance
from tests.settlement.test_royalties import pay

NAMES = {BANK: "=1+1", FUND: "<b>基金</b>"}
FIGURES = QuarterFigures(
    disposals={"english": 2},
    disposed_fen=100,
    recovered_net_fen=50,
    loss_fen=200,
    advanced_fen=30,
    cleared_cases=1,
    ledger_npl_fen=60,
    alerts=0,
)


def branch(**changes: object) -> Branch:
    """A branch at exactly three points more than its ratio for all loans."""
    figures = {
        "branch": "滨海支行",
        "ip_opening_fen": 900,
        "ip_new_fen": 200,
        "ip_repaid_fen": 100,
        "ip_balance_fen": 1000,
        "ip_overdue_fen": 60,
        "ip_substandard_fen": 20,
        "ip_doubtful_fen": 20,
        "ip_loss_fen": 10,
        "all_balance_fen": 10_000,
        "all_npl_fen": 200,
    }
    return Branch(**(figures | changes))  # type: ignore[arg-type]


async def play(conn: asyncpg.Connection, now: datetime) -> list[Paper]:
    """A claim with a licence, and every paper about them."""
    loan = Loan(amount_fen=500_000_000, principal_fen=500_000_000)
    junior = JuniorClaim(party="second", claim_fen=3, registered_at=date(2025, 1, 1))
    case = await make_claim(conn, loan=loan, now=now, junior_claims=(junior,))
    case = await review_and_advance(conn, case, now=now)
    licence = await make_licence(conn, case_id=case.id, now=now, later_pledgees={"second": FUND})
    invoice = await invoice_year(conn, licence, 2026, sales_fen=432_198_765, now=now)
    await royalties.invoice_entry_fee(conn, licence.id, due_on=now.date(), issued_by=MAKER, now=now)
    await pay(conn, invoice, reference="r", now=now)
    await recoveries.record_recovery(
        conn, case.id, RecoveryEvent(id="e", gross_fen=400_000_000), now=now
    )
    await recoveries.final_clearing(conn, case.id, cleared_by=CHECKER, now=now)
    quarterly = QuarterlyBody(
        return_id=BANK, bank="滨海银行", quarter="2026Q3", due_on=date(2026, 10, 10),
        submitted_at=now, is_late=True, receipt="R", recipients=("a", "b"), branches=(branch(),),
        tolerance=(quarters.tolerance(branch()),), figures=FIGURES,
    )  # fmt: skip
    row = BulletinRow(
        bank="滨海银行", is_late=True, ip_opening_fen=1, ip_new_fen=2, ip_balance_fen=3, ip_npl_fen=1,
        not_tolerated=0, figures=FIGURES,
    )  # fmt: skip
    bodies = {
        papers.ROYALTY: (
            licence.id,
            await paper_sources.royalty_body(conn, licence.id, names=NAMES),
        ),
        papers.APPLICATION: (
            case.id,
            await paper_sources.application_body(conn, case.id, names=NAMES),
        ),
        papers.REVIEW: (case.id, await paper_sources.review_body(conn, case.id, names=NAMES)),
        papers.PROGRESS: (
            FUND,
            await paper_sources.progress_body(conn, FUND, "2026Q4", names=NAMES),
        ),
        papers.QUARTERLY: (BANK, quarterly),
        papers.BULLETIN: (BANK, BulletinBody(quarter="2026Q3", rows=(row,), missing=("=x",))),
    }
    return [
        await papers.issue(conn, kind, subject, body, now=now, issued_by=MAKER)
        for kind, (subject, body) in bodies.items()
    ]


async def test_every_paper_prints_what_the_books_say(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Page and workbook hold the same tables; amounts are numbers, text never a formula or markup."""
    for paper in await play(conn, now):
        printed = paper_tables.tables(paper.document.body)
        page = html(paper)
        assert paper.document.title_zh in page
        assert "<b>" not in page
        assert "://" not in page
        book = load_workbook(BytesIO(xlsx(paper)))
        assert book.sheetnames[1:] == [table.title_zh for table in printed]
        for table in printed:
            assert {len(row) for row in table.rows} <= {len(table.columns)}
            for row, cells in enumerate(table.rows, start=2):
                for column, cell in enumerate(cells, start=1):
                    found = book[table.title_zh].cell(row=row, column=column)
                    assert found.data_type in ("s", "n")
                    if isinstance(cell, Fen):
                        assert round(found.value * 100) == cell.amount
                        assert yuan(cell.amount) in page
        assert await papers.newest(conn, paper.kind, paper.subject_id) == paper
        again = await papers.issue(conn, paper.kind, paper.subject_id, paper.document.body, now=now)
        assert again == paper


async def test_sums_stand_below_what_they_add_up(conn: asyncpg.Connection, now: datetime) -> None:
    """Every row of sums is the sum of its columns; ages are said in words, from the youngest on, and add up as well."""
    summed = []
    for paper in await play(conn, now):
        for table in paper_tables.tables(paper.document.body):
            if len(table.rows) < 2 or table.rows[-1][0] != TOTAL:
                continue
            summed.append(table.title)
            *above, total = table.rows
            for column, cell in enumerate(total):
                if isinstance(cell, Fen):
                    cells = [row[column] for row in above]
                    assert cell.amount == sum(c.amount for c in cells if isinstance(c, Fen))
            if table.title.startswith("Ageing"):
                assert [str(row[0])[:3] for row in above] == ["not", "1-3", "31-", "61-", "ove"]
    assert summed == [
        *("Due", "Receipts", "Parties and cessions", "Parties and cessions"),
        "Ageing of unreturned money",
    ]


async def test_what_is_too_wide_for_a_sheet_is_turned(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A few rows of many columns stand upright, many lie on a sheet of their own; both show every amount."""
    (paper,) = [one for one in await play(conn, now) if one.kind == papers.QUARTERLY]
    body = paper.document.body
    assert isinstance(body, QuarterlyBody)
    for count, turned in ((1, 1), (7, 0)):
        branches = tuple(branch(branch=f"支行{n}", ip_new_fen=200 + n) for n in range(count))
        many = msgspec.structs.replace(body, branches=branches)
        page = html(
            msgspec.structs.replace(
                paper, document=msgspec.structs.replace(paper.document, body=many)
            )
        )
        assert page.count('<th scope="row">期初余额') == turned
        assert page.count('<section class="wide">') == 1 - turned
        assert all(f">{yuan(one.ip_new_fen)}<" in page for one in branches)
        assert "English auction 增价竞价" in page


async def test_the_review_shows_the_hash_that_was_reviewed(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Long after its recoveries a claim's papers carry the hash that both reviewers saw."""
    body = next(p.document.body for p in await play(conn, now) if p.kind == papers.REVIEW)
    assert {row.reviewed_sha256 for row in body.reviews} == {body.facts.claim_sha256}


@pytest.mark.parametrize(
    ("ip_loss_fen", "tolerated"),
    [(10, True), (11, False), (9, True)],
)
def test_three_points_are_tolerated_and_a_fen_more_is_not(
    ip_loss_fen: int, tolerated: bool
) -> None:
    """5 % against 2 % is within three points, inclusive (domain 1.4)."""
    verdict = quarters.tolerance(branch(ip_loss_fen=ip_loss_fen))
    assert verdict.is_tolerated is tolerated
    assert verdict.gap_bp == {10: "300", 11: "310", 9: "290"}[ip_loss_fen]


@pytest.mark.parametrize(
    ("quarter", "first", "due"),
    [
        ("2026Q1", "2026-01-01", "2026-04-10"),
        ("2026Q3", "2026-07-01", "2026-10-10"),
        ("2026Q4", "2026-10-01", "2027-01-10"),
    ],
)
def test_a_return_is_due_ten_days_after_its_quarter(quarter: str, first: str, due: str) -> None:
    """Calendar days, whatever falls on them."""
    assert quarters.span(quarter)[0] == date.fromisoformat(first)
    assert quarters.due_on(quarter) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("today", "quarter"),
    [
        ("2026-01-01", "2025Q4"),
        ("2026-03-31", "2025Q4"),
        ("2026-04-01", "2026Q1"),
        ("2026-12-31", "2026Q3"),
    ],
)
def test_the_last_quarter_that_is_over(today: str, quarter: str) -> None:
    """Its last day is before today, and the next quarter's is not."""
    day = date.fromisoformat(today)
    assert quarters.before(day) == quarter
    assert quarters.span(quarter)[1] < day


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ip_balance_fen": 999}, "ip_balance_fen"),
        ({"ip_new_fen": -1}, "ip_new_fen"),
        ({"ip_loss_fen": 1000}, "ip_substandard_fen"),
        ({"all_npl_fen": 10_001}, "all_npl_fen"),
    ],
)
def test_figures_that_cannot_be_are_refused(changes: dict[str, int], field: str) -> None:
    """What does not add up names its field."""
    with pytest.raises(InvalidInput, match=field):
        quarters.check(branch(**changes), "branches[0]")
    with pytest.raises(InvalidInput):
        quarters.span("2026-3")


def test_figures_that_add_up_are_taken() -> None:
    """Also when all of a branch's loans are on patents, and all of them are overdue."""
    quarters.check(branch(), "branches[0]")
    quarters.check(branch(all_balance_fen=1000, ip_overdue_fen=1000), "branches[0]")


def test_ageing_counts_days_after_the_last_day() -> None:
    """On its last day nothing is late; the thirtieth day after it is still in the first bucket."""
    today = date(2026, 11, 30)
    due = [date(2026, 11, 30), date(2026, 10, 31), date(2026, 10, 30), date(2026, 1, 1), None]
    found = age([Overdue(amount_fen=10**n, due_on=day) for n, day in enumerate(due)], today)
    assert found == {"not_due": 10_001, "1-30": 10, "31-60": 100, "61-90": 0, "over_90": 1000}


def test_disagreement_is_more_than_its_tolerance() -> None:
    """Within the tolerance, inclusive, return and books agree (MON-02)."""
    assert not quarters.disagrees(10_050, 10_000, tolerance_bp=50)
    assert quarters.disagrees(10_051, 10_000, tolerance_bp=50)
    assert quarters.disagrees(1, 0, tolerance_bp=50)
