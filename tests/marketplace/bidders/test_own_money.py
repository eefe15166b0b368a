"""One balance over many lots: what a bidder has free with a venue holds its deposit there, once, and nowhere else."""

from typing import Any

from marketplace.organisations.schemas import Role
from tests.make_stage import DEPOSIT_FEN, Person, Stage, money
from tests.marketplace.people.test_partners import page
from tests.marketplace.remedies.test_remedies_http import books_hold
from tests.marketplace.routes.test_scoring import press


async def registered(stage: Stage, agency: Person, lot: dict[str, Any]) -> dict[str, Any]:
    """The agency at another lot, qualified."""
    given = {"disclosure_sha256": lot["notice_sha256"], "conflict_statement": "none 无关联"}
    bidder = await agency.post(f"/v1/lots/{lot['id']}/bidders", given)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/qualify")
    return dict(bidder)


async def due(stage: Stage) -> list[tuple[str, int]]:
    """The deposits that the venue is to send back."""
    items = (await stage.operator.get("/v1/banking/refunds-due"))["items"]
    return [(one["bidder_id"], one["amount_fen"]) for one in items]


async def test_a_released_deposit_serves_again(stage: Stage) -> None:
    """By the bidder's own step, whole and once; it is due back no more until it is released again."""
    first = await stage.published(opens_in=600.0)
    agency, bidder = await stage.deposited(first)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/bar", {"reason": "papers withdrawn"})
    await stage.work()
    assert await due(stage) == [(bidder["id"], DEPOSIT_FEN)]
    one, other = [await stage.published(opens_in=600.0) for _ in range(2)]
    held = f"/v1/lots/{one['id']}/bidders/me/deposit"
    await agency.post(held, expect=404)
    again = await registered(stage, agency, one)
    await registered(stage, agency, other)
    path = f"/lots/{one['id']}/registration"
    assert f'action="{path}/deposit"' in await page(agency, path)
    await stage.operator.post(held, expect=403)
    assert (await press(agency, f"{path}/deposit")).status_code == 303
    assert (await agency.post(held))["status"] == "deposited"
    assert f'action="{path}/deposit"' not in await page(agency, path)
    short = await agency.post(f"/v1/lots/{other['id']}/bidders/me/deposit", expect=409)
    assert short["code"] == "insufficient_funds"
    assert "/registration/deposit" not in await page(agency, f"/lots/{other['id']}/registration")
    assert await due(stage) == []  # it is held again: nothing is to go back
    await stage.operator.post(f"/v1/bidders/{again['id']}/bar", {"reason": "papers withdrawn"})
    await stage.work()
    assert await due(stage) == [(again["id"], DEPOSIT_FEN)]
    assert (await stage.operator.get("/v1/banking/free-money"))["items"] == []
    back = {"bidder_id": again["id"]}
    await stage.operator.post(f"/v1/lots/{one['id']}/refunds", back)
    gone = await stage.operator.post(
        f"/v1/lots/{first['id']}/refunds", {"bidder_id": bidder["id"]}, expect=409
    )
    assert (gone["code"], await due(stage)) == ("insufficient_funds", [])
    await books_hold(stage)


async def test_money_with_one_venue_holds_no_deposit_at_another(stage: Stage) -> None:
    """What is free at the lot's venue counts; what a bidder has elsewhere does not."""
    lot = await stage.published(opens_in=600.0)
    agency, bidder = await stage.registered(lot)
    elsewhere = await stage.person(Role.VENUE_OPERATOR)
    await stage.pool.execute(
        "SELECT settlement.post_move_v1(gen_random_uuid(), 'elsewhere', 'payment_in', 'r', NULL,"
        " 'outside', $1, '', 'client_money', $1, $2, $3, now())",
        agency.caller.organisation_id,
        str(elsewhere.caller.organisation_id),
        DEPOSIT_FEN,
    )
    path = f"/v1/lots/{lot['id']}/bidders/me/deposit"
    await agency.post(path, expect=409)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/deposit", money(DEPOSIT_FEN - 1))
    await agency.post(path, expect=409)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/deposit", money(1))
    assert (await agency.post(path))["status"] == "deposited"
