"""A forfeited deposit waits for the re-auction and is then used up once, in the regime's order."""

from datetime import datetime

import asyncpg
import pytest

from kit.failpoints import FailpointReached
from settlement import deposits, forfeitures, ledger
from settlement.checks import check_ledger
from settlement.distribution import Payee
from settlement.errors import IdempotencyIdReused, IllegalStep
from settlement.ledger import balance
from settlement.rules.deposits import JUDICIAL_TERMS, Loss, Regime
from tests.settlement.make_money import BANK, VENUE, confirm_payouts, make_bidder, make_sale

LOSS = Loss(costs_fen=100, shortfall_fen=150)
COSTS_TO, LENDER = Payee(id=VENUE, name="venue"), Payee(id=BANK, name="bank")


async def forfeited_deposit(conn: asyncpg.Connection, now: datetime) -> deposits.Deposit:
    """A defaulting winner's deposit of 400 fen, kept."""
    bidder_id = await make_bidder(conn, money_fen=400, now=now)
    sale = await make_sale(conn, hammer_price_fen=5000, buyer_id=bidder_id, now=now)
    deposit = await deposits.hold(
        conn, sale.lot_id, bidder_id, holder_id=VENUE, amount_fen=400, now=now
    )
    with pytest.raises(IllegalStep):
        await use(conn, deposit, now=now)
    return await deposits.forfeit(conn, deposit.id, now=now)


async def use(
    conn: asyncpg.Connection,
    deposit: deposits.Deposit,
    *,
    now: datetime,
    regime: Regime = "JUDICIAL_NETWORK",
    loss: Loss = LOSS,
) -> object:
    """Use a deposit up by a regime's terms."""
    return await forfeitures.use_forfeited(
        conn,
        deposit.id,
        terms=JUDICIAL_TERMS[regime],
        loss=loss,
        costs_to=COSTS_TO,
        lender=LENDER,
        now=now,
    )


@pytest.mark.parametrize(
    ("regime", "costs_fen", "lender_fen", "back_fen"),
    [("JUDICIAL_NETWORK", 100, 300, 0), ("JUDICIAL_OFFLINE", 100, 150, 150)],
)
async def test_a_forfeited_deposit_is_used_by_regime(
    regime: Regime,
    costs_fen: int,
    lender_fen: int,
    back_fen: int,
    conn: asyncpg.Connection,
    now: datetime,
) -> None:
    """In a network sale nothing comes back and the rest pays the debt; offline the rest comes back."""
    deposit = await forfeited_deposit(conn, now)
    assert await balance(conn, ledger.forfeited(deposit.lot_id)) == 400
    first = await use(conn, deposit, regime=regime, now=now)
    assert await use(conn, deposit, regime=regime, now=now) == first
    with pytest.raises(IdempotencyIdReused):
        await use(conn, deposit, regime=regime, loss=Loss(costs_fen=1), now=now)
    await confirm_payouts(conn, deposit.lot_id, now=now)
    ref = f"lot:{deposit.lot_id}"
    assert await balance(conn, ledger.outside(VENUE, ref)) == costs_fen
    assert await balance(conn, ledger.outside(BANK, ref)) == lender_fen
    assert await balance(conn, ledger.client_money(deposit.bidder_id, VENUE)) == back_fen
    assert await balance(conn, ledger.forfeited(deposit.lot_id)) == 0
    assert (await check_ledger(conn)).ok


@pytest.mark.parametrize(
    "point", ["settlement.forfeitures.before_use", "settlement.forfeitures.after_use"]
)
async def test_a_failure_in_the_middle_uses_it_once(
    point: str, conn: asyncpg.Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that fails at either point leaves the deposit where it was, and the next one uses it."""
    deposit = await forfeited_deposit(conn, now)
    monkeypatch.setenv("LUOCHUI_FAILPOINTS", f"{point}=raise")

    async def fail() -> None:
        async with conn.transaction():
            await use(conn, deposit, now=now)

    with pytest.raises(FailpointReached):
        await fail()
    assert await balance(conn, ledger.forfeited(deposit.lot_id)) == 400
    monkeypatch.delenv("LUOCHUI_FAILPOINTS")
    await use(conn, deposit, now=now)
    assert await balance(conn, ledger.forfeited(deposit.lot_id)) == 0
