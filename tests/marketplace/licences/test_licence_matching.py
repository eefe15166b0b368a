"""Licence fees by bank statement over HTTP: the reference is shown to who owes, what names it is booked once."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from marketplace.organisations.schemas import Caller, Role
from settlement.bank_statements import BankEntry
from tests.make_claims import Office, advanced, make_loan
from tests.make_people import key_of, make_caller
from tests.marketplace.licences.test_licence_income import terms
from tests.settlement.make_bank import OUR_ACCOUNT, camt_of, some_entry, some_statement

YEAR = {
    "period_from": "2026-01-01", "period_to": "2026-12-31", "sales_fen": 432_198_765, "due_on": "2027-01-31",
}  # fmt: skip
YEAR_FEN = 12_965_963


async def with_account(office: Office) -> Caller:
    """The venue's own account is registered by its operator and its checker, who is at work now: that one."""
    operator = office.cast.venue_operator
    checker = await make_caller(
        office.pool, Role.VENUE_CHECKER, now=office.now, organisation_id=operator.organisation_id
    )
    office.admit(checker, await key_of(office.pool, checker, now=office.now))
    await register(office, operator, checker)
    return checker


async def register(office: Office, operator: Caller, checker: Caller) -> None:
    """A holder's own account, by two of its people."""
    given = {
        "payee_id": str(operator.organisation_id), "account_name": "许可费专户", "account_number": OUR_ACCOUNT,
        "bank_code": "102100099996", "bank_name": "示例银行", "reason": "own account",
    }  # fmt: skip
    account = await office.do(operator, "/v1/banking/accounts", given)
    await office.do(
        checker,
        f"/v1/banking/accounts/{account['id']}/approve",
        {"account_hash": account["account_hash"]},
    )


async def licensed(
    office: Office, case_id: UUID, licensee_id: UUID, **changed: Any
) -> dict[str, Any]:
    """A licence with the invoices of its entry fee and of a year."""
    cast = office.cast
    given = terms(office, case_id, licensee_id=str(licensee_id)) | changed
    made = await office.do(cast.bank_maker, "/v1/licences", given)
    path = f"/v1/licences/{made['id']}"
    seen = {"content_sha256": made["content_sha256"]}
    await office.do(cast.bank_checker, f"{path}/approve", seen)
    await office.do(cast.bank_maker, f"{path}/entry-fee", {"due_on": "2026-12-01"})
    return await office.do(cast.bank_maker, f"{path}/periods", YEAR)


async def statement(
    office: Office, *entries: BankEntry, of: Caller | None = None
) -> list[dict[str, Any]]:
    """The bank of a holder, of the venue unless said otherwise, reports entries: what became of them."""
    headers = office.headers_of(of or office.cast.venue_operator) | {
        "Idempotency-Key": str(uuid4()),
        "Content-Type": "application/xml",
    }
    content = camt_of(some_statement(*entries))
    answer = await office.client.post("/v1/banking/statements", headers=headers, content=content)
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "IMPORTED", answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


async def credit(
    office: Office, licence: dict[str, Any], n: int, reference: str, amount_fen: int, **changed: Any
) -> BankEntry:
    """What the licensee transfers for its `n`-th invoice, just now."""
    payer = await office.pool.fetchval(
        "SELECT name FROM market.organisations WHERE id = $1",
        UUID(licence["content"]["licensee_id"]),
    )
    values = {
        "remittance": f"许可费 {licence['invoices'][n - 1]['reference']}",
        "counterparty_name": payer or "无名公司",
        "booked_at": office.now - timedelta(minutes=1),
    }
    return some_entry(reference, amount_fen, **values | changed)


async def test_a_fee_paid_under_its_reference_reaches_the_fund(office: Office) -> None:
    """Shown to the licensee and on paper; paid in parts and too much; shared as a receipt by hand is; by hand known."""
    cast = office.cast
    await with_account(office)
    loan = await make_loan(office)
    claim = await advanced(office, loan)
    licence = await licensed(office, loan.id, cast.agency.organisation_id)
    path = f"/v1/licences/{licence['id']}"
    fee, year = licence["invoices"]
    assert fee["reference"].startswith("LCR-")
    assert fee["reference"] != year["reference"]
    assert (await office.read(cast.agency, path))["invoices"] == [fee, year]
    page = (await office.get(cast.agency, f"/licences/{licence['id']}")).text
    paper = (await office.post(cast.agency, f"{path}/paper?form=html")).text
    for text in (page, paper):
        assert "缴款编号" in text
        assert fee["reference"] in text
        assert year["reference"] in text
    first = await credit(office, licence, 2, "X-1", 5_000_000)
    rest = await credit(office, licence, 2, "X-2", YEAR_FEN - 5_000_000 + 7)
    again = await credit(office, licence, 2, "X-3", 9)
    entries = await statement(office, first, rest, again)
    assert [(one["verdict"], one["reference"]) for one in entries] == [
        ("PARTIAL", year["reference"]),
        ("OVER", year["reference"]),
        ("DUPLICATE", None),
    ]
    after = await office.read(cast.agency, path)
    assert [one["applied_fen"] for one in after["receipts"]] == [5_000_000, YEAR_FEN - 5_000_000]
    assert {one["recorded_by"] for one in after["receipts"]} == {str(cast.venue_operator.user_id)}
    by_hand = {"bank_reference": "X-1", "amount_fen": 5_000_000, "received_at": first.booked_at}
    known = await office.do(cast.venue_operator, f"{path}/invoices/{year['id']}/receipts", by_hand)
    assert known["receipts"] == after["receipts"]
    moved = [
        one["recovered"]["movements"]
        for one in (await office.read(cast.bank_maker, f"/v1/claims/{claim['id']}"))["recoveries"]
    ]
    net_fen = YEAR_FEN - sum(one["agency_fen"] for one in after["receipts"])
    assert sum(sum(one.values()) for one in moved) == net_fen
    noted = await office.count(
        "SELECT count(*) FROM market.audit_entries WHERE action = 'royalty_received' AND subject_id = $1",
        licence["id"],
    )
    assert noted == 2


async def test_a_fee_booked_by_hand_is_known_to_the_statement(office: Office) -> None:
    """The invoice is paid before any statement came; its line is the same money."""
    cast = office.cast
    await with_account(office)
    licence = await licensed(office, (await make_loan(office)).id, cast.agency.organisation_id)
    line = await credit(office, licence, 1, "H-1", 10_000_000)
    path = f"/v1/licences/{licence['id']}/invoices/{licence['invoices'][0]['id']}/receipts"
    given = {"bank_reference": "H-1", "amount_fen": 10_000_000, "received_at": line.booked_at}
    await office.do(cast.venue_operator, path, given)
    (entry,) = await statement(office, line)
    assert (entry["state"], entry["verdict"]) == ("BOOKED", "BOOKED_BEFORE")
    shown = await office.read(cast.venue_operator, f"/v1/licences/{licence['id']}")
    assert [one["bank_reference"] for one in shown["receipts"]] == ["H-1"]


async def test_an_unregistered_licensees_fee_is_assigned_by_two_people(office: Office) -> None:
    """Nobody knows the payer's name: the credit waits, and above the limit a second person agrees to its assignment."""
    cast = office.cast
    checker = await with_account(office)
    licence = await licensed(office, (await make_loan(office)).id, uuid4())
    (fee, _) = licence["invoices"]
    (entry,) = await statement(office, await credit(office, licence, 1, "U-1", 10_000_000))
    assert (entry["state"], entry["verdict"]) == ("OPEN", "WRONG_PAYER")
    given = {"action": "assign", "reason": "合同约定由其付款", "reference": fee["reference"]}
    entry_path = f"/v1/banking/entries/{entry['id']}/decisions"
    stranger = await office.post(cast.other_venue_operator, entry_path, given)
    assert stranger.status_code == 404
    decision = await office.do(cast.venue_operator, entry_path, given)
    assert decision["state"] == "PROPOSED"
    path = f"/v1/licences/{licence['id']}"
    assert (await office.read(cast.venue_operator, path))["receipts"] == []
    second = f"/v1/banking/decisions/{decision['id']}/second"
    for _ in range(2):
        await office.do(checker, second, {"agreed": True, "reason": "已核对"})
    (receipt,) = (await office.read(cast.venue_operator, path))["receipts"]
    assert (receipt["applied_fen"], receipt["state"]) == (10_000_000, "DISTRIBUTED")


async def test_a_bank_that_takes_the_fees_itself_reads_its_own_statements(office: Office) -> None:
    """Exact, over, again, by another: shared like the rest, what is too much goes back, and nobody else looks in."""
    cast = office.cast
    await register(office, cast.bank_maker, cast.bank_checker)
    loan = await make_loan(office)
    claim = await advanced(office, loan)
    licence = await licensed(office, loan.id, cast.agency.organisation_id, holder_id=None)
    lines = [
        await credit(office, licence, 1, "N-1", 10_000_000),
        await credit(office, licence, 2, "N-2", YEAR_FEN + 7),
        await credit(office, licence, 2, "N-3", 9),
        await credit(office, licence, 2, "N-4", 10, counterparty_name="别家公司"),
    ]
    entries = await statement(office, *lines, of=cast.bank_maker)
    assert [one["verdict"] for one in entries] == ["EXACT", "OVER", "DUPLICATE", "WRONG_PAYER"]
    after = await office.read(cast.bank_maker, f"/v1/licences/{licence['id']}")
    assert [one["applied_fen"] for one in after["receipts"]] == [10_000_000, YEAR_FEN]
    recoveries = (await office.read(cast.bank_maker, f"/v1/claims/{claim['id']}"))["recoveries"]
    shared = sum(sum(one["recovered"]["movements"].values()) for one in recoveries)
    assert shared == sum(one["applied_fen"] - one["agency_fen"] for one in after["receipts"])
    payouts = (await office.read(cast.bank_maker, "/v1/banking/payouts"))["items"]
    licensee = str(cast.agency.organisation_id)
    assert [
        one["amount_fen"] for one in payouts if (one["payee_id"], one["purpose"]) == (licensee, "refund_paid")
    ] == [7]  # fmt: skip
    decided = f"/v1/banking/entries/{entries[2]['id']}/decisions"
    given = {"action": "return", "reason": "重复付款，原路退回"}
    assert (await office.do(cast.bank_maker, decided, given))["state"] == "DONE"
    files = (await office.read(cast.bank_checker, "/v1/banking/statements"))["items"]
    for outsider in (cast.other_bank_maker, cast.venue_operator, cast.fund_administrator):
        for path in ("statements", "queue", "payouts", "accounts"):
            assert (await office.read(outsider, f"/v1/banking/{path}"))["items"] == []
        seen = await office.get(outsider, f"/v1/banking/statements/{files[0]['id']}")
        assert seen.status_code == 404
        assert (await office.post(outsider, decided, given)).status_code == 404
    page = await office.get(cast.bank_maker, "/banking")
    assert (page.status_code, "付款人不符" in page.text, "别家公司" in page.text) == (
        200,
        True,
        True,
    )


async def test_a_bank_sends_back_what_a_fee_booked_by_hand_is_above_its_invoice(
    office: Office,
) -> None:
    """By hand as by statement: the rest goes back to the licensee once, however often it is entered or shown."""
    cast = office.cast
    await register(office, cast.bank_maker, cast.bank_checker)
    loan = await make_loan(office)
    licence = await licensed(office, loan.id, cast.agency.organisation_id, holder_id=None)
    line = await credit(office, licence, 1, "O-1", 10_000_007)
    path = f"/v1/licences/{licence['id']}/invoices/{licence['invoices'][0]['id']}/receipts"
    given = {"bank_reference": "O-1", "amount_fen": 10_000_007, "received_at": line.booked_at}
    for _ in range(2):
        await office.do(cast.bank_maker, path, given)
    (entry,) = await statement(office, line, of=cast.bank_maker)
    assert (entry["state"], entry["verdict"]) == ("BOOKED", "BOOKED_BEFORE")
    await office.do(cast.bank_maker, path, given)
    payouts = (await office.read(cast.bank_maker, "/v1/banking/payouts"))["items"]
    back = [one for one in payouts if one["purpose"] == "refund_paid"]
    licensee = str(cast.agency.organisation_id)
    assert [(one["payee_id"], one["amount_fen"]) for one in back] == [(licensee, 7)]
    free_fen = await office.count(
        "SELECT coalesce(sum(balance_fen), 0)::bigint FROM settlement.accounts WHERE kind = 'client_money'"
    )
    assert free_fen == 0
