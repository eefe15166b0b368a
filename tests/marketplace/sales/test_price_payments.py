"""The price's payments: told twice, before the confirmation, beyond the price."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from kit.clock import system_clock
from marketplace.jobs.running import run_due_duties
from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Stage, money

HALF_FEN = START_FEN // 2 - DEPOSIT_FEN // 2


async def sold(stage: Stage, *, confirmed: bool = True) -> dict[str, Any]:
    """A lot that one bidder won at the start price; not confirmed, because its review holds it."""
    lot = await stage.published(lasts=1.0)
    one, _ = await stage.deposited(lot)
    if not confirmed:
        await stage.pool.execute(
            "INSERT INTO market.result_reviews (lot_id, venue_id, reviewed_at, lots_seen, state)"
            " SELECT id, venue_id, now(), 1, 'held' FROM market.lots WHERE id = $1",
            UUID(lot["id"]),
        )
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    if confirmed:
        await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation")
    return lot


async def pay(stage: Stage, lot: dict[str, Any], credit: dict[str, Any]) -> dict[str, Any]:
    """A credit told to the venue under a new key."""
    return dict(await stage.operator.post(f"/v1/lots/{lot['id']}/payments", credit))


async def deposit_state(stage: Stage, lot: dict[str, Any]) -> str:
    """What became of the winner's deposit."""
    state: str = await stage.pool.fetchval(
        "SELECT state FROM settlement.deposits WHERE lot_id = $1", UUID(lot["id"])
    )
    return state


async def status(person: Person, lot: dict[str, Any]) -> str:
    """The lot's status as anyone sees it."""
    return str((await person.get(f"/v1/lots/{lot['id']}"))["status"])


async def test_a_credit_told_twice_does_not_spend_the_deposit(stage: Stage) -> None:
    """Half of the price reported twice is booked once; the deposit stays held and a default still forfeits it."""
    lot = await sold(stage)
    credit = money(HALF_FEN)
    first = await pay(stage, lot, credit)
    second = await pay(stage, lot, credit)
    assert first["still_due_fen"] == second["still_due_fen"] == START_FEN - HALF_FEN
    assert second["lot_status"] == "awaiting_payment"
    assert await deposit_state(stage, lot) == "FROZEN"
    await run_due_duties(stage, system_clock() + timedelta(hours=121))
    assert await status(stage.anyone, lot) == "defaulted"
    assert await deposit_state(stage, lot) == "FORFEITED"


async def test_two_credits_of_one_amount_pay_the_price(stage: Stage) -> None:
    """Two transfers of half the rest each, with references of their own, use the deposit as the last part."""
    lot = await sold(stage)
    await pay(stage, lot, money(START_FEN // 2 - DEPOSIT_FEN // 2))
    rest = START_FEN - DEPOSIT_FEN - HALF_FEN
    done = await pay(stage, lot, money(rest))
    assert (done["still_due_fen"], done["lot_status"]) == (0, "paid")
    assert await deposit_state(stage, lot) == "APPLIED_TO_PRICE"


async def test_a_price_paid_without_the_deposit_gives_it_back(stage: Stage) -> None:
    """Who transfers the whole price has the deposit back."""
    lot = await sold(stage)
    done = await pay(stage, lot, money(START_FEN))
    assert (done["match"], done["lot_status"]) == ("EXACT", "paid")
    await stage.work()
    assert await deposit_state(stage, lot) == "RELEASED"


async def test_a_price_paid_before_the_confirmation_makes_the_lot_paid(stage: Stage) -> None:
    """Money may come before the confirmation: with it the lot is paid, and nothing defaults later."""
    lot = await sold(stage, confirmed=False)
    early = await pay(stage, lot, money(START_FEN - DEPOSIT_FEN))
    assert (early["still_due_fen"], early["lot_status"]) == (0, "sold")
    path = f"/v1/lots/{lot['id']}"
    await stage.operator.post(f"{path}/review/release", {"reason": "a namesake"})
    await stage.checker.post(f"{path}/review/release/approve")
    await stage.work()  # released, it is confirmed by itself
    assert await stage.anyone.get(f"{path}/confirmation")
    assert await status(stage.anyone, lot) == "paid"
    await run_due_duties(stage, system_clock() + timedelta(hours=121))
    assert await status(stage.anyone, lot) == "paid"
    stuck = await stage.pool.fetchval("SELECT count(*) FROM market.duties WHERE attempts > 0")
    assert stuck == 0


async def test_money_beyond_the_price_is_booked(stage: Stage) -> None:
    """A further transfer after the price is paid is the payer's free money, not refused: the bank has it."""
    lot = await sold(stage)
    await pay(stage, lot, money(START_FEN - DEPOSIT_FEN))
    more = await pay(stage, lot, money(700))
    assert (more["match"], more["applied_fen"], more["still_due_fen"]) == ("OVER", 0, 0)
    free_fen = await stage.pool.fetchval(
        "SELECT sum(amount_fen - applied_fen) FROM settlement.payments_in WHERE lot_id = $1",
        UUID(lot["id"]),
    )
    assert free_fen == 700
