"""Statements over HTTP: what they say is what the database says, as JSON, as bytes, as workbook and on paper."""

import hashlib
from io import BytesIO
from typing import Any
from uuid import UUID

import msgspec
import openpyxl
import pytest

from settlement import ledger
from tests.make_claims import (
    ADVANCE_FEN,
    INTEREST_FEN,
    PRINCIPAL_FEN,
    Office,
    advanced,
    make_loan,
    pay_out,
    sell,
)

SALE = {"price_fen": 238_000_000, "commission_fen": 4_760_000, "stamp_fen": 71_400}
COSTS_FEN = 4_760_000 + 3_000_000 + 562_137 + 71_400


async def _cleared(office: Office) -> tuple[dict[str, Any], UUID]:
    """A claim through to its end, and the lot whose sale it shared."""
    cast, loan = office.cast, await make_loan(office)
    claim = await advanced(office, loan)
    lot_id = await sell(office, loan, **SALE)
    path = f"/v1/claims/{claim['id']}"
    await office.do(cast.bank_maker, f"{path}/recoveries", {"kind": "sale", "lot_id": str(lot_id)})
    claim = await office.do(cast.fund_administrator, f"{path}/final")
    given = {"approved": True, "reason": "ok", "final_sha256": claim["final"]["final_sha256"]}
    return await office.do(cast.fund_checker, f"{path}/final/approve", given), lot_id


async def _issued(office: Office, kind: str, subject_id: UUID | str) -> dict[str, Any]:
    issuer = office.cast.fund_checker if kind == "clearing" else office.cast.venue_operator
    return await office.do(issuer, "/v1/statements", {"kind": kind, "subject_id": str(subject_id)})


async def test_the_clearing_statement_says_what_the_books_say(office: Office) -> None:
    """Opening, advance, recovery, closing, delta and each party's cash are the database's, with names."""
    claim, _ = await _cleared(office)
    statement = await office.read(office.cast.bank_maker, f"/v1/claims/{claim['id']}/statement")
    body = statement["document"]["body"]
    assert statement["document"]["title_zh"] == "清算单"
    assert body["borrower"] == "海河精密仪器有限公司"
    assert body["loss_fen"] == PRINCIPAL_FEN
    lines = {line["party"]: line for line in body["parties"]}
    for party, line in lines.items():
        assert line["opening_fen"] == claim["figures"]["positions"][party]
        assert line["closing_fen"] == claim["positions"][party]
        assert line["position_in_ledger_fen"] == line["closing_fen"]
        assert line["recovered_fen"] == claim["recoveries"][0]["recovered"]["movements"][party]
    assert lines["fund"]["advance_fen"] == ADVANCE_FEN
    assert lines["fund"]["delta_fen"] == 5_688_279
    assert lines["bank"]["organisation"] == await office.pool.fetchval(
        "SELECT name FROM market.organisations WHERE id = $1", office.cast.bank_id
    )
    async with office.pool.acquire() as conn:
        cash_fen = await ledger.balance(
            conn, ledger.outside(office.cast.bank_id, f"case:{claim['case_id']}")
        )
    assert lines["bank"]["cash_fen"] == cash_fen
    assert body["debt"]["principal_fen"] == PRINCIPAL_FEN + INTEREST_FEN - 229_606_463


async def test_the_statements_of_a_sale_say_what_was_sold_and_paid(office: Office) -> None:
    """Price, costs, net and payees of the 结算单, and the ranks of the 分配方案, are the sale's."""
    _, lot_id = await _cleared(office)
    settled = (await _issued(office, "settlement", lot_id))["document"]["body"]
    assert settled["hammer_price_fen"] == settled["paid_fen"] == SALE["price_fen"]
    assert settled["net_fen"] == SALE["price_fen"] - COSTS_FEN
    assert settled["in_escrow_fen"] == 0
    paid_fen = await office.count(
        "SELECT sum(amount_fen)::bigint FROM settlement.payouts WHERE state = 'PAID' AND purpose NOT LIKE 'comp%'"
    )
    assert sum(payee["amount_fen"] for payee in settled["payees"]) == paid_fen == SALE["price_fen"]
    plan = (await _issued(office, "distribution", lot_id))["document"]["body"]
    assert sum(line["amount_fen"] for line in plan["lines"]) == SALE["price_fen"]
    assert plan["drafted_by"] == office.cast.venue_operator.display_name
    stored = await office.pool.fetchval(
        "SELECT encode(content_hash, 'hex') FROM settlement.plans WHERE lot_id = $1", lot_id
    )
    assert plan["content_sha256"] == stored


@pytest.mark.parametrize("kind", ["settlement", "distribution", "clearing"])
async def test_every_form_of_a_statement_says_the_same(kind: str, office: Office) -> None:
    """The hashed bytes are what was hashed, the workbook opens with its figures as numbers, the page prints them."""
    claim, lot_id = await _cleared(office)
    subject = claim["case_id"] if kind == "clearing" else lot_id
    statement = await _issued(office, kind, subject)
    reader, path = office.cast.auditor, f"/v1/statements/{statement['id']}"
    raw = await office.get(reader, f"{path}.json")
    assert hashlib.sha256(raw.content).hexdigest() == statement["sha256"]
    assert msgspec.json.decode(raw.content) == statement["document"]
    sheet = await office.get(reader, f"{path}.xlsx")
    assert sheet.headers["content-disposition"].endswith(f'{statement["number"]}-1.xlsx"')
    book = openpyxl.load_workbook(BytesIO(sheet.content))
    values = [cell for page in book for row in page.iter_rows(values_only=True) for cell in row]
    assert statement["sha256"] in values
    wanted_fen = 103_219_143 if kind == "clearing" else SALE["price_fen"]
    amounts = {round(value * 100) for value in values if isinstance(value, int | float)}
    assert wanted_fen in amounts
    page = await office.get(reader, f"{path}.html")
    assert f"{wanted_fen // 100:,}.{wanted_fen % 100:02d}" in page.text
    assert statement["number"] in page.text


async def test_a_statement_is_issued_anew_only_when_the_books_moved(office: Office) -> None:
    """Asked for again it is the same one; once the top-up has left the bank it is the next version."""
    claim, _ = await _cleared(office)
    first = await _issued(office, "clearing", claim["case_id"])
    assert await _issued(office, "clearing", claim["case_id"]) == first
    await pay_out(office, claim)
    second = await _issued(office, "clearing", claim["case_id"])
    assert (first["version"], second["version"]) == (1, 2)
    assert second["number"] != first["number"]
    assert first["document"]["reason"] == "first issue"
    assert first["document"]["body"]["state"] == "FINAL_CLEARING"
    assert [due["state"] for due in first["document"]["body"]["dues"]] == ["PAID", "DUE"]
    assert second["document"]["reason"] == "top-up of 56,882.79 paid"
    assert second["document"]["reason_zh"] == "补拨 56,882.79 已支付"
    assert second["document"]["body"]["state"] == "CLOSED"
    top_up = second["document"]["body"]["dues"][1]
    assert (top_up["what"], top_up["amount_fen"], top_up["state"]) == ("top_up", 5_688_279, "PAID")
    assert top_up["paid_at"]
    assert top_up["bank_reference"]
    for statement, paid_fen in ((first, ADVANCE_FEN), (second, ADVANCE_FEN + 5_688_279)):
        (fund,) = (p for p in statement["document"]["body"]["parties"] if p["party"] == "fund")
        assert fund["cash_fen"] == -paid_fen
    listed = await office.read(
        office.cast.fund_checker, f"/v1/statements?subject={claim['case_id']}"
    )
    assert [item["id"] for item in listed["items"]] == [second["id"], first["id"]]
    assert listed["items"][0]["subject"] == second["document"]["body"]["loan_number"]
    audited = await office.count(
        "SELECT count(*) FROM market.audit_entries WHERE action = 'statement_issued'"
    )
    assert audited == 2, "the second was issued by the payment itself"


async def test_each_sees_the_statements_of_their_own_money(office: Office) -> None:
    """The bank sees all three, the fund the clearing, the venue the sale's; others none; a bidder may not ask."""
    cast = office.cast
    claim, lot_id = await _cleared(office)
    clearing = await _issued(office, "clearing", claim["case_id"])
    settled = await _issued(office, "settlement", lot_id)
    plan = await _issued(office, "distribution", lot_id)
    everything = {clearing["id"], settled["id"], plan["id"]}
    sale = {settled["id"], plan["id"]}
    wanted: dict[str, set[str]] = {
        "bank_maker": everything,
        "fund_administrator": {clearing["id"]},
        "venue_operator": sale,
        "other_venue_operator": set(),
        "other_bank_maker": set(),
        "other_fund_administrator": set(),
        "regulator": everything,
        "auditor": everything,
    }
    for name, ids in wanted.items():
        caller = getattr(cast, name)
        listed = await office.read(caller, "/v1/statements")
        assert {item["id"] for item in listed["items"]} == ids, name
        for statement_id in everything:
            for suffix in ("", ".xlsx", ".json", ".html"):
                answer = await office.get(caller, f"/v1/statements/{statement_id}{suffix}")
                assert answer.status_code == (200 if statement_id in ids else 404), name
    assert (await office.get(cast.agency, "/v1/statements")).status_code == 403
    assert (await office.get(cast.agency, f"/v1/statements/{plan['id']}")).status_code == 403


async def test_only_who_runs_a_sale_or_a_fund_issues_its_statements(office: Office) -> None:
    """Another venue and another fund find nothing to issue for; banks and bidders do not issue."""
    cast = office.cast
    claim, lot_id = await _cleared(office)
    for caller, kind, subject, status in (
        (cast.other_venue_operator, "settlement", lot_id, 404),
        (cast.other_fund_administrator, "clearing", claim["case_id"], 404),
        (cast.venue_operator, "clearing", claim["case_id"], 404),
        (cast.fund_checker, "distribution", lot_id, 404),
        (cast.bank_maker, "settlement", lot_id, 403),
        (cast.agency, "settlement", lot_id, 403),
        (cast.auditor, "clearing", claim["case_id"], 403),
    ):
        answer = await office.post(
            caller, "/v1/statements", {"kind": kind, "subject_id": str(subject)}
        )
        assert answer.status_code == status, (caller, kind)


@pytest.mark.parametrize("name", ["nonsense", "nonsense.xlsx", "{id}.pdf", "{id}.xlsx.exe"])
async def test_what_is_no_statement_is_not_found(name: str, office: Office) -> None:
    """A name that is no id, or a form that there is none of, is 404."""
    claim, _ = await _cleared(office)
    statement = await office.read(office.cast.auditor, f"/v1/claims/{claim['id']}/statement")
    path = "/v1/statements/" + name.format(id=statement["id"])
    assert (await office.get(office.cast.auditor, path)).status_code == 404
