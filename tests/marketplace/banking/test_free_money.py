"""Free money goes back to whose it is: what was paid too much, and the price of a sale that was undone."""

from typing import Any

from marketplace.organisations.schemas import Role
from settlement import rescissions, sales
from tests.make_stage import DEPOSIT_FEN, Person, Stage, money
from tests.marketplace.remedies.test_remedies_http import books_hold
from tests.settlement.make_money import make_sale, pay_price

REFUNDS = "/v1/banking/free-money/refunds"


async def free(person: Person) -> list[tuple[str, int]]:
    """Whose free money a person's house has."""
    items = (await person.get("/v1/banking/free-money"))["items"]
    return [(one["payer_id"], one["amount_fen"]) for one in items]


async def refunded(stage: Stage) -> list[int]:
    """What is queued to go back."""
    items = (await stage.operator.get("/v1/banking/payouts"))["items"]
    return sorted(one["amount_fen"] for one in items if one["purpose"] == "refund_paid")


def wanted(payer_id: str, amount_fen: int) -> dict[str, Any]:
    """A request to send free money back."""
    return {"payer_id": payer_id, "amount_fen": amount_fen, "reason": "paid too much 多付"}


async def test_what_was_paid_too_much_goes_back(stage: Stage) -> None:
    """Up to the fen that is free and by the venue that has it alone; a released deposit goes back as such."""
    lot = await stage.published(opens_in=600.0)
    agency, bidder = await stage.deposited(lot)
    payer = str(agency.caller.organisation_id)
    assert await free(stage.operator) == []
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/deposit", money(700))
    other = await stage.person(Role.VENUE_OPERATOR)
    assert (await free(stage.operator), await free(other)) == ([(payer, 700)], [])
    refused = await stage.operator.post(REFUNDS, wanted(payer, 701), expect=400)
    assert refused["field"] == "amount_fen"
    await other.post(REFUNDS, wanted(payer, 1), expect=400)
    for person in (stage.checker, agency, stage.bank_maker):
        await person.post(REFUNDS, wanted(payer, 1), expect=403)
    await stage.operator.post(REFUNDS, wanted(payer, 300))
    page = await stage.client.get("/banking/payments", headers=stage.operator.headers)
    assert 'action="/banking/free-money"' in page.text
    fields = {"form_token": "", "payer_id": payer, "reason": "多付"}
    for amount, status in (("4.01", 400), ("4.00", 303)):
        sent = await stage.client.post(
            "/banking/free-money", headers=stage.operator.headers, data=fields | {"amount": amount}
        )
        assert sent.status_code == status, sent.text
    assert (await free(stage.operator), await refunded(stage)) == ([], [300, 400])
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/bar", {"reason": "papers withdrawn"})
    await stage.work()
    assert await free(stage.operator) == []  # the deposit is free, and due as a deposit
    await stage.operator.post(f"/v1/lots/{lot['id']}/refunds", {"bidder_id": bidder["id"]})
    assert await refunded(stage) == [300, 400, DEPOSIT_FEN]
    await books_hold(stage)


async def test_the_price_of_a_sale_undone_goes_back(stage: Stage) -> None:
    """What the buyer had paid is its free money at the venue, and leaves from there."""
    buyer = await stage.person(Role.AGENCY_BIDDER)
    buyer_id, now = buyer.caller.organisation_id, stage.resources.clock()
    async with stage.pool.acquire() as conn, conn.transaction():
        sale = await make_sale(
            conn,
            hammer_price_fen=5_000,
            buyer_id=buyer_id,
            venue_id=stage.operator.caller.organisation_id,
            now=now,
        )
        await pay_price(conn, sale, now=now)
        await conn.execute(
            "UPDATE settlement.sales SET state = 'RESCINDED' WHERE lot_id = $1", sale.lot_id
        )
        await rescissions.give_back(conn, sale.lot_id, now=now)
        assert (await sales.get(conn, sale.lot_id)).returned_fen == 5_000
    assert await free(stage.operator) == [(str(buyer_id), 5_000)]
    await stage.operator.post(REFUNDS, wanted(str(buyer_id), 5_000))
    assert (await free(stage.operator), await refunded(stage)) == ([], [5_000])
