"""What is not needed to cover the debt is announced and sold only if the debtor agreed in writing."""

from typing import Any
from uuid import UUID

from marketplace.organisations.schemas import Role
from tests.make_stage import START_FEN, Stage

LETTER = {"document_sha256": "ab" * 32}


async def of_one_loan(stage: Stage, lots: list[dict[str, Any]]) -> None:
    """All lots stand for the first one's loan, of which five fen are owed."""
    first, *others = [UUID(lot["consignment_id"]) for lot in lots]
    await stage.pool.execute(
        "UPDATE market.consignments c SET case_id = o.case_id FROM market.consignments o"
        " WHERE o.id = $1 AND c.id = ANY ($2)",
        first,
        others,
    )
    await stage.pool.execute(
        "UPDATE market.loan_cases SET principal_fen = 5, interest_fen = 0, penalty_fen = 0"
    )


async def test_a_covered_debt_is_sold_for_with_consent_alone(stage: Stage) -> None:
    """Agreed to: stays announced. Not: withdrawn. A new one is published once the debtor's document is recorded."""
    draft = await stage.draft(opens_in=3600.0)
    agreed, left = [await stage.published(opens_in=3600.0) for _ in range(2)]
    lot = await stage.published(opens_in=4.0, lasts=6.0)
    await of_one_loan(stage, [draft, lot, agreed, left])
    consent = f"/v1/lots/{agreed['id']}/debtor-consent"
    await _only_by_its_venue(stage, consent)
    recorded = [await stage.operator.post(consent, LETTER) for _ in range(2)]
    assert recorded[0] == recorded[1]
    assert recorded[0]["consent_sha256"] == LETTER["document_sha256"]
    shown = await stage.bank_checker.get(f"/v1/lots/{agreed['id']}/coverage")
    assert shown["consent_sha256"] == LETTER["document_sha256"]
    other = await stage.operator.post(consent, {"document_sha256": "cd" * 32}, expect=400)
    assert other["field"] == "document_sha256"
    one, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    assert (await stage.anyone.get(f"/v1/lots/{left['id']}"))["status"] == "withdrawn"
    assert (await stage.anyone.get(f"/v1/lots/{agreed['id']}"))["status"] == "registration"
    await _published_with_consent(stage, f"/v1/lots/{draft['id']}")
    events = await stage.pool.fetchval(
        "SELECT count(*) FROM market.audit_entries WHERE action = 'debtor_consent_recorded'"
    )
    assert events == 2


async def _only_by_its_venue(stage: Stage, path: str) -> None:
    """The bank has no say in it, another venue finds nothing, and a digest is a digest."""
    await stage.bank_maker.post(path, LETTER, expect=403)
    stranger = await stage.person(Role.VENUE_OPERATOR)
    await stranger.post(path, LETTER, expect=404)
    wrong = await stage.operator.post(path, {"document_sha256": "letter"}, expect=400)
    assert wrong["field"] == "document_sha256"


async def _published_with_consent(stage: Stage, path: str) -> None:
    """Refused by the field that lacks; with the document on record the notice is published."""
    checked = await stage.operator.post(f"{path}/check")
    assert checked["lot"]["status"] == "checked", checked["findings"]
    refused = await stage.checker.post(f"{path}/publish", expect=400)
    assert refused["field"] == "debtor_consent"
    await stage.operator.post(f"{path}/debtor-consent", LETTER)
    published = await stage.checker.post(f"{path}/publish")
    assert published["status"] == "registration"
