"""What a defaulter owes beyond its deposit: claimed where the terms say so, paid once a credit, passed on."""

import asyncio
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from kit.errors import NotFound
from kit.failpoints import FailpointReached
from kit.ids import uuid7
from settlement import buyer_claims, deposits, dues, ledger, payments, sales, statements
from settlement.checks import check_ledger
from settlement.errors import DuplicateBankReference
from settlement.ledger import balance
from settlement.rules.deposits import Loss
from settlement.statement_bodies import SettlementBody
from tests.settlement.make_bank import BUYER_NAME, own_account, some_entry, take_in, written
from tests.settlement.make_money import BANK, VENUE, confirm_payouts, make_bidder
from tests.settlement.test_forfeitures import forfeited_deposit, use

#: Offline the deposit of 400 covers the price first: 350 of it, then 50 of the costs; 130 costs and 20 are left.
LOSS = Loss(shortfall_fen=350, costs_fen=180, commission_fen=20)


async def claimed(conn: asyncpg.Connection, now: datetime) -> UUID:
    """The lot of a buyer that owes 150 fen beyond its deposit."""
    deposit = await forfeited_deposit(conn, now)
    await use(conn, deposit, regime="JUDICIAL_OFFLINE", loss=LOSS, now=now)
    return deposit.lot_id


async def pay(
    conn: asyncpg.Connection, lot_id: UUID, reference: str, fen: int, now: datetime
) -> buyer_claims.ClaimReceipt | None:
    """The defaulter pays something."""
    return await buyer_claims.receive(
        conn, lot_id, bank_reference=reference, amount_fen=fen, received_at=now, now=now
    )


async def test_what_the_deposit_did_not_cover_is_claimed_and_paid_in_order(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Costs, then the commission; in pieces; a fen too much is the payer's; every fen reaches who bore the loss."""
    lot_id = await claimed(conn, now)
    claim = await buyer_claims.find(conn, lot_id)
    assert claim is not None
    assert [(line.to, line.amount_fen) for line in claim.content.lines] == [
        ("costs", 130),
        ("commission", 20),
    ]
    assert (
        claim.content.lines[0].computation == "1.80 lost 损失 - 0.50 out of the deposit 保证金已抵"
    )
    first = await pay(conn, lot_id, "C-1", 100, now)
    assert await pay(conn, lot_id, "C-1", 100, now) == first
    with pytest.raises(DuplicateBankReference):
        await pay(conn, lot_id, "C-1", 99, now)
    last = await pay(conn, lot_id, "C-2", 60, now)
    assert last is not None
    assert (last.applied_fen, last.costs_fen) == (50, 50)
    assert await pay(conn, lot_id, "C-3", 7, now) is None
    assert await balance(conn, ledger.client_money(claim.debtor_id, VENUE)) == 17
    await confirm_payouts(conn, lot_id, now=now)
    assert await balance(conn, ledger.outside(VENUE, f"lot:{lot_id}")) == 50 + 150
    assert await balance(conn, ledger.outside(BANK, f"lot:{lot_id}")) == 350
    statement = await statements.issue_settlement(conn, lot_id, now=now)
    body = statement.document.body
    assert isinstance(body, SettlementBody)
    assert (body.claim_on_buyer_fen, body.claim_paid_fen) == (150, 150)
    assert (await check_ledger(conn)).ok


async def test_the_lenders_part_is_a_recovery(conn: asyncpg.Connection, now: datetime) -> None:
    """What makes good the price goes to the lender; what makes good costs is the recovery's cost."""
    deposit = await forfeited_deposit(conn, now)
    loss = Loss(shortfall_fen=500, costs_fen=30)
    await use(conn, deposit, regime="JUDICIAL_OFFLINE", loss=loss, now=now)
    receipt = await pay(conn, deposit.lot_id, "C-1", 130, now)
    assert receipt is not None
    event = buyer_claims.as_recovery(receipt)
    assert (event.gross_fen, [cost.amount_fen for cost in event.costs]) == (130, [30])
    await confirm_payouts(conn, deposit.lot_id, now=now)
    assert await balance(conn, ledger.outside(BANK, f"lot:{deposit.lot_id}")) == 400 + 100


async def test_nothing_is_claimed_where_it_is_disputed_or_covered(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A court's network sale keeps a flag; a deposit that covers the loss leaves nothing."""
    network = await forfeited_deposit(conn, now)
    await use(conn, network, loss=LOSS, now=now)
    covered = await forfeited_deposit(conn, now)
    await use(conn, covered, regime="JUDICIAL_OFFLINE", loss=Loss(costs_fen=400), now=now)
    for deposit in (network, covered):
        assert await buyer_claims.find(conn, deposit.lot_id) is None
        with pytest.raises(NotFound):
            await pay(conn, deposit.lot_id, "C-1", 1, now)


async def test_a_bidder_that_was_not_the_buyer_owes_its_deposit_alone(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A second deposit of the lot is used up by its own loss; the claim stays the buyer's."""
    lot_id = await claimed(conn, now)
    other_id = await make_bidder(conn, money_fen=400, now=now)
    other = await deposits.hold(conn, lot_id, other_id, holder_id=VENUE, amount_fen=400, now=now)
    await deposits.forfeit(conn, other.id, now=now)
    await use(conn, other, regime="JUDICIAL_OFFLINE", loss=Loss(costs_fen=900), now=now)
    claim = await buyer_claims.find(conn, lot_id)
    assert claim is not None
    assert (claim.amount_fen, claim.debtor_id) == (150, (await sales.get(conn, lot_id)).buyer_id)
    assert (await check_ledger(conn)).ok


async def test_a_credit_that_was_free_money_pays_no_claim_as_well(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """What was booked under its reference before is not taken a second time, out of other money of the payer."""
    lot_id = await claimed(conn, now)
    debtor_id = (await sales.get(conn, lot_id)).buyer_id
    for reference, fen in (("F-1", 90), ("F-2", 500)):
        await deposits.receive(
            conn,
            debtor_id,
            holder_id=VENUE,
            bank_reference=reference,
            amount_fen=fen,
            received_at=now,
            now=now,
        )
    with pytest.raises(DuplicateBankReference):
        await pay(conn, lot_id, "F-1", 90, now)
    assert await balance(conn, ledger.client_money(debtor_id, VENUE)) == 590
    claim = await buyer_claims.find(conn, lot_id)
    assert claim is not None
    assert claim.paid_fen == 0


@pytest.mark.parametrize("point", ["buyer_claims.before_receive", "buyer_claims.after_receive"])
async def test_a_credit_at_once_and_after_a_failure_moves_its_money_once(
    point: str, database: asyncpg.Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails at either point, then eight book it at the same moment."""
    async with database.acquire() as conn, conn.transaction():
        lot_id = await claimed(conn, now)
        debtor_id = (await sales.get(conn, lot_id)).buyer_id

    async def book() -> int:
        async with database.acquire() as conn, conn.transaction():
            receipt = await pay(conn, lot_id, "C-1", 90, now)
            assert receipt is not None
            return receipt.applied_fen

    monkeypatch.setenv("LUOCHUI_FAILPOINTS", f"{point}=raise")
    with pytest.raises(FailpointReached):
        await book()
    monkeypatch.delenv("LUOCHUI_FAILPOINTS")
    assert await asyncio.gather(*(book() for _ in range(8))) == [90] * 8
    async with database.acquire() as conn:
        claim = await buyer_claims.find(conn, lot_id)
        assert claim is not None
        assert claim.paid_fen == 90
        queued = await payments.payouts_of(conn, lot_id)
        assert sum(payout.amount_fen for payout in queued) == 400 + 90
        assert await balance(conn, ledger.client_money(debtor_id, VENUE)) == 0
        assert (await check_ledger(conn)).ok


async def test_a_payment_of_a_claim_is_no_deposit_when_a_statement_shows_it(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Booked by hand for the claim, its line is that money for the claim alone; one that names a deposit waits."""
    await own_account(conn, now=now)
    lot_id = await claimed(conn, now)
    claim = await buyer_claims.find(conn, lot_id)
    assert claim is not None
    owed = {"party_id": claim.debtor_id, "party_name": BUYER_NAME, "holder_id": VENUE, "now": now}
    deposit = await dues.give(conn, "DEPOSIT", subject_id=uuid7(now), amount_fen=100, **owed)
    due = await dues.give(conn, "CLAIM", subject_id=lot_id, amount_fen=None, **owed)
    for reference in ("C-1", "C-2"):
        await pay(conn, lot_id, reference, 50, now)
    lines = [
        some_entry("C-1", 50, remittance=written(due)),
        some_entry("C-2", 50, remittance=written(deposit)),
    ]
    _, entries = await take_in(conn, *lines, now=now)
    assert [(entry.state, entry.verdict) for entry in entries] == [
        ("BOOKED", "BOOKED_BEFORE"),
        ("OPEN", "REFERENCE_IN_USE"),
    ]
    assert await dues.open_fen(conn, deposit) == 100


async def test_a_claims_receipt_is_of_money_that_came_in(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A receipt forged past the service, of no payment, is refused by the database."""
    lot_id = await claimed(conn, now)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await conn.execute(
            "INSERT INTO settlement.buyer_claim_receipts (id, lot_id, bank_reference, amount_fen, applied_fen,"
            " costs_fen, received_at, recorded_at) VALUES ($1, $2, 'NOTHING', 1, 1, 0, $3, $3)",
            *(uuid7(now), lot_id, now),
        )
