"""Credits of bank statements: entered once, matched where there is no doubt, resolved by people where there is."""

import re
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from kit.errors import NotFound
from settlement import deposits, dues, ledger, matching, payments, refunds, sales, statement_files
from settlement.checks import check_ledger
from settlement.errors import IllegalStep, SamePerson
from settlement.ledger import balance
from settlement.matching import DecisionWaits
from settlement.rules.references import reference_of
from tests.settlement.make_bank import (
    BUYER_NAME,
    book,
    camt_of,
    csv_of,
    make_account,
    make_owed,
    own_account,
    some_entry,
    some_statement,
    take_in,
    written,
)
from tests.settlement.make_money import BANK, CHECKER, MAKER, SECOND_CHECKER, VENUE


async def proven(conn: asyncpg.Connection) -> None:
    result = await check_ledger(conn)
    assert result.ok, [check for check in result.checks if check.broken]


async def custody_fen(conn: asyncpg.Connection) -> int:
    return (await check_ledger(conn)).in_custody_fen


@pytest.mark.parametrize(
    ("kind", "amounts", "verdicts"),
    [
        ("deposit", [1000], ["EXACT"]),
        ("deposit", [400], ["PARTIAL"]),
        ("deposit", [400, 600], ["PARTIAL", "EXACT"]),
        ("deposit", [400, 700], ["PARTIAL", "OVER"]),
        ("deposit", [1000, 1000], ["EXACT", "DUPLICATE"]),
        ("deposit", [1100], ["OVER"]),
        ("price", [5000], ["EXACT"]),
        ("price", [4999], ["PARTIAL"]),
        ("price", [5001], ["OVER"]),
        ("price", [2000, 3000, 1], ["PARTIAL", "EXACT", "DUPLICATE"]),
    ],
)
async def test_what_is_due_is_matched(
    kind: str, amounts: list[int], verdicts: list[str], conn: asyncpg.Connection, now: datetime
) -> None:
    """Exact, partial and over-payments are booked at once; a due paid already makes the next a duplicate to look at."""
    await own_account(conn, now=now)
    owed = await make_owed(conn, now=now)
    due = owed.deposit if kind == "deposit" else owed.price
    credits = [some_entry(f"B-{n}", fen, remittance=written(due)) for n, fen in enumerate(amounts)]
    _, entries = await take_in(conn, *credits, now=now)
    assert [entry.verdict for entry in entries] == verdicts
    waiting_fen = sum(entry.amount_fen for entry in entries if entry.state == statement_files.OPEN)
    assert await balance(conn, statement_files.unmatched(VENUE)) == waiting_fen
    assert await custody_fen(conn) == sum(amounts)
    if kind == "price":
        paid_fen = (await sales.get(conn, owed.sale.lot_id)).paid_fen
        assert paid_fen == min(sum(amounts), 5000)
    else:
        held = [d.amount_fen for d in await deposits.of_lot(conn, owed.sale.lot_id)]
        frozen = [
            d for d in await deposits.of_lot(conn, owed.sale.lot_id) if d.state == deposits.FROZEN
        ]
        assert len(frozen) == (1 if sum(amounts) >= 1000 else 0), held
    await proven(conn)


async def test_a_deposit_and_then_the_balance(conn: asyncpg.Connection, now: datetime) -> None:
    """A buyer that paid its deposit owes the rest: that rest is exact, and the price is paid in full."""
    await own_account(conn, now=now)
    owed = await make_owed(conn, now=now)
    await take_in(conn, some_entry("B-1", 1000, remittance=written(owed.deposit)), now=now)
    assert await dues.open_fen(conn, owed.price) == 4000
    content = csv_of(some_statement(some_entry("B-2", 4000, remittance=written(owed.price))))
    _, (entry,) = await take_in(conn, now=now, content=content)
    assert entry.verdict == "EXACT"
    assert (await sales.get(conn, owed.sale.lot_id)).state == sales.PRICE_PAID
    await proven(conn)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"counterparty_name": "另一公司"}, "WRONG_PAYER"),
        ({"counterparty_name": ""}, "WRONG_PAYER"),
        ({"remittance": "保证金"}, "NO_REFERENCE"),
        ({"remittance": reference_of("DEPOSIT", BANK, BANK)}, "UNKNOWN_REFERENCE"),
        ({"remittance": "both"}, "SEVERAL_REFERENCES"),
        ({"is_reversal": True}, "REVERSAL"),
        ({"direction": "DEBIT"}, "UNKNOWN_DEBIT"),
    ],
)
async def test_what_is_in_doubt_waits(
    changed: dict[str, object], verdict: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """A wrong payer, a missing, unknown or ambiguous reference, a reversal: nothing is booked, a person must look."""
    await own_account(conn, now=now)
    owed = await make_owed(conn, now=now)
    values: dict[str, object] = {"remittance": written(owed.deposit)} | changed
    if values["remittance"] == "both":
        values["remittance"] = written(owed.deposit) + written(owed.price)
    _, (entry,) = await take_in(conn, some_entry("B-1", 1000, **values), now=now)
    assert (entry.state, entry.verdict) == ("OPEN", verdict)
    assert await payments.of_lot(conn, owed.sale.lot_id) == []
    expected_fen = 0 if entry.direction == "DEBIT" else 1000
    assert await balance(conn, statement_files.unmatched(VENUE)) == expected_fen
    await proven(conn)


async def test_another_venues_reference_is_unknown(conn: asyncpg.Connection, now: datetime) -> None:
    """A due of one holder is not paid by a credit on another's account."""
    await own_account(conn, now=now, holder_id=BANK)
    owed = await make_owed(conn, now=now)
    content = camt_of(some_statement(some_entry("B-1", 1000, remittance=written(owed.deposit))))
    await statement_files.receive_statements(conn, BANK, content, received_by=MAKER, now=now)
    (entry,) = await matching.match_received(conn, BANK, book=book, now=now)
    assert entry.verdict == "UNKNOWN_REFERENCE"
    with pytest.raises(NotFound):
        await dues.get(conn, BANK, owed.deposit.reference)


async def test_a_file_twice_changes_nothing(conn: asyncpg.Connection, now: datetime) -> None:
    """The same file again, its entries in another order, another format, or an overlap: booked once."""
    await own_account(conn, now=now)
    owed = await make_owed(conn, now=now)
    one = some_entry("B-1", 400, remittance=written(owed.deposit))
    two = some_entry("B-2", 7, remittance="?")
    contents = (
        camt_of(some_statement(one, two)),
        camt_of(some_statement(one, two)),
        camt_of(some_statement(two, one)),
        csv_of(some_statement(one, two)),
        csv_of(some_statement(two), some_statement(one)),
    )
    repeats = []
    for content in contents:
        file, _ = await take_in(conn, now=now, content=content)
        assert file.state == statement_files.IMPORTED
        repeats.append(file.is_repeat)
    assert repeats == [False, True, False, False, False]
    assert len(await statement_files.entries(conn, VENUE)) == 2
    assert await custody_fen(conn) == 407
    await proven(conn)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (camt_of(some_statement(some_entry("B-1", 401))), "entry_differs"),
        (csv_of(some_statement(some_entry("B-1", 400, direction="DEBIT"))), "entry_differs"),
        (csv_of(some_statement(some_entry("B-9", 5), closing_fen=6)), "balance"),
        (camt_of(some_statement(some_entry("B-9", 5)))[:-50], "not_xml"),
        (camt_of(some_statement(some_entry("B-9", 5)), currency="USD"), "currency"),
        (camt_of(some_statement(some_entry("B-9", 5), account_number="62220200")), "not_our_account"),
        (
            csv_of(some_statement(some_entry("B-9", 5, booked_at=datetime.fromisoformat("2027-01-01T00:00:00Z")))),
            "future",
        ),
    ],
)  # fmt: skip
async def test_a_file_that_does_not_hold_is_kept_aside(
    content: bytes, reason: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """An amount off by one fen, a cut, another currency or account: the whole file is quarantined with its reason."""
    await own_account(conn, now=now)
    await take_in(conn, some_entry("B-1", 400), now=now)
    before = await custody_fen(conn)
    for _ in range(2):
        file, entries = await take_in(conn, now=now, content=content)
        assert (file.state, file.reason_code, entries) == ("QUARANTINED", reason, [])
        assert file.reason
        assert file.reason_zh
        # People who enter a file read yuan.
        assert not re.search(r"\d fen|\d 分", f"{file.reason} {file.reason_zh}")
    assert await custody_fen(conn) == before
    assert len(await statement_files.files(conn, VENUE, kind="STATEMENT", after=None, limit=9)) == 2
    await proven(conn)


async def test_a_quarantined_file_may_be_entered_later(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A statement of an account that was not registered yet is entered when it is sent again."""
    entry = some_entry("B-1", 5)
    file, _ = await take_in(conn, entry, now=now)
    assert file.reason_code == "not_our_account"
    await own_account(conn, now=now)
    again, (entered,) = await take_in(conn, entry, now=now)
    assert (again.id, again.state, again.reason) == (file.id, "IMPORTED", None)
    assert entered.verdict == "NO_REFERENCE"
    await proven(conn)


async def test_money_booked_by_hand_is_the_same_money(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A credit that a person booked under its reference is not booked again; another amount under it waits."""
    await own_account(conn, now=now)
    owed = await make_owed(conn, now=now)
    for reference, fen in (("B-1", 400), ("B-2", 5)):
        await deposits.receive(
            conn,
            owed.sale.buyer_id,
            holder_id=VENUE,
            bank_reference=reference,
            amount_fen=fen,
            received_at=now,
            now=now,
        )
    credits = [
        some_entry("B-1", 400, remittance=written(owed.deposit)),
        some_entry("B-2", 600, remittance=written(owed.deposit)),
    ]
    _, entries = await take_in(conn, *credits, now=now)
    assert [(e.state, e.verdict) for e in entries] == [
        ("BOOKED", "BOOKED_BEFORE"),
        ("OPEN", "REFERENCE_IN_USE"),
    ]
    assert await custody_fen(conn) == 400 + 5 + 600
    await matching.decide(
        conn,
        VENUE,
        entries[1].id,
        matching.ASSIGN,
        due_reference=owed.deposit.reference,
        reason="two banks, one reference",
        decided_by=MAKER,
        book=book,
        now=now,
    )
    assert await custody_fen(conn) == 400 + 5 + 600
    (deposit,) = await deposits.of_lot(conn, owed.sale.lot_id)
    assert deposit.state == deposits.FROZEN
    await proven(conn)


async def test_a_booking_that_is_refused_leaves_the_credit_waiting(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """When the room refuses to book (the lot takes no more deposits), the money waits with that verdict."""
    await own_account(conn, now=now)
    owed = await make_owed(conn, now=now)

    async def refuse(*_: object) -> None:
        raise IllegalStep("lot", state="closed", step="deposit")

    content = camt_of(some_statement(some_entry("B-1", 1000, remittance=written(owed.deposit))))
    await statement_files.receive_statements(conn, VENUE, content, received_by=MAKER, now=now)
    (entry,) = await matching.match_received(conn, VENUE, book=refuse, now=now)
    assert (entry.state, entry.verdict) == ("OPEN", "REFUSED_ILLEGAL_STEP")
    assert await balance(conn, statement_files.unmatched(VENUE)) == 1000
    await proven(conn)


async def decide(
    conn: asyncpg.Connection,
    entry_id: UUID,
    action: matching.Action,
    *,
    now: datetime,
    due_reference: str | None = None,
    decided_by: UUID = MAKER,
) -> matching.Decision:
    return await matching.decide(
        conn,
        VENUE,
        entry_id,
        action,
        due_reference=due_reference,
        reason="the branch pays for its head office",
        decided_by=decided_by,
        book=book,
        now=now,
        two_people_above_fen=1000,
    )


async def test_a_person_assigns(conn: asyncpg.Connection, now: datetime) -> None:
    """A credit of a wrong payer is assigned to a due with a reason, once; then it is no longer in the queue."""
    await own_account(conn, now=now)
    owed = await make_owed(conn, now=now)
    _, (entry,) = await take_in(
        conn,
        some_entry("B-1", 1000, counterparty_name=f"{BUYER_NAME}分公司", remittance=written(owed.deposit)),
        now=now,
    )  # fmt: skip
    for _ in range(2):
        decision = await decide(
            conn, entry.id, matching.ASSIGN, due_reference=owed.deposit.reference, now=now
        )
        assert (decision.state, decision.needs_second) == (matching.DONE, False)
    assert (await statement_files.entry(conn, VENUE, entry.id)).state == "ASSIGNED"
    with pytest.raises(IllegalStep):
        await decide(conn, entry.id, matching.RETURN, now=now)
    with pytest.raises(NotFound):
        await decide(conn, entry.id, matching.ASSIGN, due_reference="LCD00000000000", now=now)
    assert await custody_fen(conn) == 1000
    await proven(conn)


async def test_a_person_sends_back(conn: asyncpg.Connection, now: datetime) -> None:
    """Money of nobody goes back to the account that it came from, once, through the queue of payouts."""
    await own_account(conn, now=now)
    sender = {"counterparty_name": "路人", "counterparty_account": "622299"}
    _, (entry,) = await take_in(conn, some_entry("B-1", 900, **sender), now=now)
    for _ in range(2):
        await decide(conn, entry.id, matching.RETURN, now=now)
    returned = await statement_files.entry(conn, VENUE, entry.id)
    assert returned.payout_id is not None
    payee_id = refunds.sender_id("路人", "622299")
    (queued,) = await ledger_payouts(conn, payee_id)
    assert (queued["id"], queued["amount_fen"]) == (returned.payout_id, 900)
    assert await balance(conn, statement_files.unmatched(VENUE)) == 0
    await payments.confirm_payout(conn, queued["id"], bank_reference="D-1", now=now)
    assert await balance(conn, ledger.outside(payee_id, f"credit:{entry.id}")) == 900
    assert await custody_fen(conn) == 0
    await proven(conn)


async def ledger_payouts(conn: asyncpg.Connection, payee_id: UUID) -> list[asyncpg.Record]:
    return await conn.fetch("SELECT * FROM settlement.payouts WHERE payee_id = $1", payee_id)


async def test_above_an_amount_two_people_decide(conn: asyncpg.Connection, now: datetime) -> None:
    """Above the limit nothing moves until another person agrees; a refusal leaves the money in the queue."""
    await own_account(conn, now=now)
    owed = await make_owed(conn, now=now)
    _, (entry,) = await take_in(conn, some_entry("B-1", 1001), now=now)
    proposed = await decide(conn, entry.id, matching.RETURN, now=now)
    assert (proposed.state, proposed.needs_second) == (matching.PROPOSED, True)
    with pytest.raises(DecisionWaits):
        await decide(conn, entry.id, matching.ASSIGN, due_reference=owed.price.reference, now=now)

    async def second(decision: matching.Decision, by: UUID, *, agreed: bool) -> matching.Decision:
        return await matching.second(
            conn,
            VENUE,
            decision.id,
            agreed=agreed,
            reason="looked at the statement",
            second_by=by,
            book=book,
            now=now,
        )

    with pytest.raises(SamePerson):
        await second(proposed, MAKER, agreed=True)
    assert (await second(proposed, CHECKER, agreed=False)).state == matching.REFUSED
    assert (await statement_files.entry(conn, VENUE, entry.id)).state == "OPEN"
    assigned = await decide(
        conn, entry.id, matching.ASSIGN, due_reference=owed.price.reference, now=now
    )
    for _ in range(2):
        assert (await second(assigned, CHECKER, agreed=True)).state == matching.DONE
    with pytest.raises(IllegalStep):
        await second(assigned, SECOND_CHECKER, agreed=True)
    assert (await sales.get(conn, owed.sale.lot_id)).paid_fen == 1001
    assert len(await matching.decisions(conn, VENUE, entry.id)) == 2
    await proven(conn)


async def test_held_money_stays_until_it_is_resolved(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A hold keeps a credit in the queue under a reason; it may still be sent back, and a debit is only noted."""
    await own_account(conn, now=now)
    _, (credit, debit) = await take_in(
        conn, some_entry("B-1", 9), some_entry("B-2", 5, direction="DEBIT"), now=now
    )
    assert (await decide(conn, credit.id, matching.HOLD, now=now)).state == matching.DONE
    assert await balance(conn, statement_files.unmatched(VENUE)) == 9
    await proven(conn)
    await decide(conn, credit.id, matching.RETURN, now=now)
    for action in (matching.HOLD, matching.RETURN):
        with pytest.raises(IllegalStep):
            await decide(conn, debit.id, action, now=now)
    await decide(conn, debit.id, matching.NOTE, now=now)
    assert await statement_files.entries(conn, VENUE, states=["OPEN", "HELD"]) == []
    await proven(conn)


async def test_a_released_deposit_is_sent_back_once(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A loser's deposit leaves custody through the queue of payouts, once, and only after its release."""
    await own_account(conn, now=now)
    owed = await make_owed(conn, now=now)
    await take_in(conn, some_entry("B-1", 1000, remittance=written(owed.deposit)), now=now)
    (deposit,) = await deposits.of_lot(conn, owed.sale.lot_id)

    async def refund() -> UUID:
        return await refunds.refund_deposit(
            conn, deposit.id, holder_id=VENUE, payee_name=BUYER_NAME, now=now
        )

    with pytest.raises(IllegalStep):
        await refund()
    await deposits.release(conn, deposit.id, now=now)
    assert await refund() == await refund()
    assert await balance(conn, ledger.client_money(owed.sale.buyer_id, VENUE)) == 0
    await make_account(conn, owed.sale.buyer_id, now=now + timedelta(seconds=1))
    await proven(conn)
