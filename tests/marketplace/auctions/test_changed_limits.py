"""An agency changes the most that it may bid: the engine holds the newest limit, whoever works; nobody reads it."""

import asyncio
from uuid import UUID

from kit.clock import system_clock
from marketplace.auctions import opening
from marketplace.duties.schemas import Kind
from marketplace.jobs.handlers import HANDLERS
from marketplace.organisations.schemas import Role
from tests.make_stage import START_FEN, STEP_FEN, Person, Stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press


async def bid(person: Person, lot: dict[str, object], steps: int) -> str | None:
    """Why a bid of so many steps above the start is refused; None where it counts."""
    told = await person.client.post(
        f"/v1/auctions/{lot['id']}/bids",
        json={"amount_fen": START_FEN + steps * STEP_FEN},
        headers=person.headers | {"Idempotency-Key": f"{steps}-{system_clock().timestamp()}"},
    )
    return None if told.is_success else str(told.json()["code"])


async def test_a_limit_is_raised_while_the_auction_runs(stage: Stage) -> None:
    """Over the limit a bid is refused; once it is raised by form the same bid counts; lowered and lifted likewise."""
    lot = await stage.published(opens_in=4, lasts=30)
    one, bidder = await stage.deposited(lot, limit_fen=START_FEN)
    form = f"/lots/{lot['id']}/registration/limit"
    assert 'value="2,100,000.00"' in await page(one, f"/lots/{lot['id']}/registration")
    await stage.until_open(lot)
    assert await bid(one, lot, 3) == "over_limit"
    low = await press(one, form, limit="1")
    assert (low.status_code, "低于起拍价 2,100,000.00 元" in low.text) == (400, True)
    assert (await press(one, form, limit="2,130,000")).status_code == 303
    await stage.work()
    assert await bid(one, lot, 3) is None
    again = await one.post(f"/v1/lots/{lot['id']}/bidders/me/limit", {"limit_fen": START_FEN})
    assert again["limit_fen"] == START_FEN
    await stage.work()
    other, _ = await stage.deposited(lot)
    await stage.work()
    assert await bid(other, lot, 4) is None
    assert await bid(one, lot, 5) == "over_limit"
    assert (await press(one, form, limit="")).status_code == 303
    await stage.work()
    assert await bid(one, lot, 5) is None
    entries = await stage.pool.fetch(
        "SELECT before::text || after::text AS said FROM market.audit_entries WHERE action = 'bidder_limit_changed'"
    )
    assert len(entries) == 3
    assert not any("210000000" in row["said"] or "213" in row["said"] for row in entries)
    stranger = await stage.person(Role.AGENCY_BIDDER)
    assert (await press(stranger, form, limit="3,000,000")).status_code == 404
    assert UUID(bidder["id"])


async def test_of_many_workers_none_leaves_an_older_limit(stage: Stage) -> None:
    """Changes and the workers that carry them out run at once: what the engine holds in the end is the last one."""
    lot = await stage.published(opens_in=3, lasts=60)
    one, bidder = await stage.deposited(lot, limit_fen=START_FEN)
    await stage.until_open(lot)
    path, bidder_id = f"/v1/lots/{lot['id']}/bidders/me/limit", UUID(bidder["id"])
    apply = HANDLERS[Kind.CHANGE_LIMIT]

    async def change(steps: int) -> None:
        await one.post(path, {"limit_fen": START_FEN + steps * STEP_FEN})
        await apply(stage, bidder_id, system_clock())

    await asyncio.gather(*(change(steps) for steps in range(1, 9)))
    await one.post(path, {"limit_fen": START_FEN + STEP_FEN})
    await asyncio.gather(*(stage.work() for _ in range(3)))
    assert await bid(one, lot, 2) == "over_limit"
    assert await bid(one, lot, 1) is None


async def test_a_limit_that_changes_while_a_worker_dies_is_set_by_the_next(stage: Stage) -> None:
    """Admitted with the old limit, the worker gone before it wrote that down: the next one has the new limit set."""
    lot = await stage.published(opens_in=4, lasts=60)
    one, bidder = await stage.deposited(lot, limit_fen=START_FEN)
    lot_id, paddle = UUID(lot["id"]), bidder["paddle"]
    await asyncio.sleep(0.1)
    await opening.create(stage.pool, stage.engine, lot_id)
    await stage.engine.admit(lot_id, paddle, limit_fen=START_FEN, id=f"admit-{paddle}")
    await one.post(f"/v1/lots/{lot['id']}/bidders/me/limit", {"limit_fen": START_FEN + STEP_FEN})
    await stage.until_open(lot)
    await stage.work()
    assert (await one.get(f"/v1/lots/{lot['id']}/bidders/me"))["status"] == "active"
    assert await bid(one, lot, 2) == "over_limit"
    assert await bid(one, lot, 1) is None
