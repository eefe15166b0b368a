"""A judicial sale's applicant creditor bids without a deposit, or pays the difference (法释〔2016〕18号 art. 17)."""

from typing import Any
from uuid import UUID

from marketplace.organisations.schemas import Role
from tests.make_stage import DEPOSIT_FEN, Person, Stage, money

STATEMENT = "applicant creditor 申请执行人"


async def applied(stage: Stage, **changed: Any) -> tuple[dict[str, Any], Person, str]:
    """A judicial lot, a person who bids for the bank that applied, and the bank's registration, qualified."""
    court = {
        "regime": "judicial_network",
        "authority": "court_order_realisation",
        "reserve_price_fen": None,
    }
    lot = await stage.published(opens_in=600.0, terms=court, **changed)
    bank = await stage.person(
        Role.AGENCY_BIDDER, organisation_id=stage.bank_maker.caller.organisation_id
    )
    given = {"disclosure_sha256": lot["notice_sha256"], "conflict_statement": STATEMENT}
    bidder = await bank.post(f"/v1/lots/{lot['id']}/bidders", given)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/qualify")
    return lot, bank, bidder["id"]


async def test_the_claim_stands_for_the_deposit(stage: Stage) -> None:
    """A claim above the deposit exempts from all of it: the paddle is given out at once, and nothing is due."""
    lot, bank, bidder_id = await applied(stage)
    _, other = await stage.registered(lot)
    refused = await stage.operator.post(f"/v1/bidders/{other['id']}/exemption", expect=409)
    assert refused["code"] == "not_exempt"
    for _ in range(2):
        bidder = await stage.operator.post(f"/v1/bidders/{bidder_id}/exemption")
    assert (bidder["status"], bidder["exempt_fen"], bidder["deposit_id"]) == (
        "deposited",
        DEPOSIT_FEN,
        None,
    )
    mine = await bank.get(f"/v1/lots/{lot['id']}/bidders/me")
    assert mine["paddle"] is not None


async def test_a_smaller_claim_leaves_a_difference(stage: Stage) -> None:
    """A claim below the deposit: only the difference is paid and held."""
    lot, _, bidder_id = await applied(stage)
    await stage.pool.execute(
        "UPDATE market.loan_cases SET principal_fen = $1, interest_fen = 0, penalty_fen = 0",
        DEPOSIT_FEN - 700,
    )
    partly = await stage.operator.post(f"/v1/bidders/{bidder_id}/exemption")
    assert (partly["status"], partly["exempt_fen"]) == ("qualified", DEPOSIT_FEN - 700)
    held = await stage.operator.post(f"/v1/bidders/{bidder_id}/deposit", money(700))
    assert held["status"] == "deposited"
    amount_fen = await stage.pool.fetchval(
        "SELECT amount_fen FROM settlement.deposits WHERE lot_id = $1", UUID(lot["id"])
    )
    assert amount_fen == 700


async def test_elsewhere_a_bank_does_not_bid(stage: Stage) -> None:
    """On an exchange the consigning bank is refused as a bidder, whatever role its person holds."""
    lot = await stage.published(opens_in=600.0)
    bank = await stage.person(
        Role.AGENCY_BIDDER, organisation_id=stage.bank_maker.caller.organisation_id
    )
    given = {"disclosure_sha256": lot["notice_sha256"], "conflict_statement": STATEMENT}
    refused = await bank.post(f"/v1/lots/{lot['id']}/bidders", given, expect=403)
    assert refused["code"] == "bidder_barred"
