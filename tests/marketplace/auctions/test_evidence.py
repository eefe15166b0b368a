"""What an auction proves, to whom it is shown, and what stays secret until then."""

from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import pytest

from auction_engine.bundle import Head, Published, decode_line
from auction_engine.publication import AddedHolder
from auction_engine.rules.profile import parse_profile, profile_hash
from auction_engine.verification import verify_bundle
from kit.clock import system_clock
from marketplace.organisations.schemas import Authority, OrganisationKind, Role
from tests.make_people import make_organisation
from tests.make_stage import START_FEN, STEP_FEN, Person, Stage

RESERVE_FEN = START_FEN + 5 * STEP_FEN


async def closed_lot(stage: Stage, *, top_fen: int) -> tuple[dict[str, Any], Person, Person]:
    """A final auction with a secret reserve, a priority holder, and another bidder who goes up to `top_fen`."""
    lot = await stage.published(opens_in=4.0, lasts=1.5, terms={"reserve_price_fen": RESERVE_FEN})
    holder, _ = await stage.deposited(lot, rank=1)
    other, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}/bids"
    await other.post(path, {"amount_fen": top_fen})
    await stage.until_closed(lot)
    return lot, holder, other


async def readers(stage: Stage) -> list[Person]:
    """Who reads every bundle: the authorities, the lot's venue, the consigning bank."""
    authorities = [await stage.person(role) for role in (Role.AUDITOR, Role.REGULATOR)]
    return [*authorities, stage.operator, stage.checker, stage.bank_maker, stage.bank_checker]


async def strangers(stage: Stage) -> list[Person]:
    """Signed in, but without a part in the auction."""
    roles = (Role.AGENCY_BIDDER, Role.VENUE_OPERATOR, Role.BANK_MAKER)
    return [await stage.person(role) for role in roles]


async def bundle_of(stage: Stage, person: Person, lot: dict[str, Any]) -> tuple[int, bytes]:
    """What `person` is answered who asks for the bundle."""
    answer = await stage.client.get(f"/v1/auctions/{lot['id']}/bundle", headers=person.headers)
    return answer.status_code, answer.content


async def test_bundle_of_a_sold_lot_is_for_those_who_took_part(stage: Stage) -> None:
    """Authorities, venue, bank and bidders read it; others are told that there is none, nobody signed in nothing."""
    lot, holder, other = await closed_lot(stage, top_fen=RESERVE_FEN)
    for person in [*await readers(stage), holder, other]:
        assert (await bundle_of(stage, person, lot))[0] == 200
    for person in await strangers(stage):
        assert (await bundle_of(stage, person, lot))[0] == 404
    assert (await bundle_of(stage, stage.anyone, lot))[0] == 401
    for authority, status in ((Authority.IP_OFFICE, 404), (Authority.SME, 403)):
        elsewhere = await make_organisation(
            stage.pool,
            OrganisationKind.REGULATOR,
            now=system_clock(),
            authority=authority,
            region="110000",
        )
        person = await stage.person(Role.REGULATOR, organisation_id=elsewhere)
        assert (await bundle_of(stage, person, lot))[0] == status
    administrator = await stage.person(Role.FUND_ADMINISTRATOR)
    assert (await bundle_of(stage, administrator, lot))[0] == 403


async def test_bundle_of_an_unsold_lot_is_kept_from_bidders(stage: Stage) -> None:
    """The reserve that was not met stays secret to bidders, because the lot may be offered again."""
    lot, holder, other = await closed_lot(stage, top_fen=START_FEN)
    state = await stage.anyone.get(f"/v1/auctions/{lot['id']}")
    assert (state["outcome"], state["result"]["reason"]) == ("unsold", "reserve_not_met")
    for person in (holder, other):
        status, answer = await bundle_of(stage, person, lot)
        assert (status, msgspec.json.decode(answer)["code"]) == (403, "bundle_withheld")
        assert str(RESERVE_FEN).encode() not in answer
    for person in await readers(stage):
        status, answer = await bundle_of(stage, person, lot)
        assert status == 200
        assert str(RESERVE_FEN).encode() in answer


async def test_bundle_ties_the_rules_played_to_the_notice(stage: Stage) -> None:
    """The bundle holds the notice that was shown, and the one difference to its rules is the confirmed holder."""
    lot, holder, _ = await closed_lot(stage, top_fen=RESERVE_FEN)
    _, bundle = await bundle_of(stage, stage.bank_checker, lot)
    proved = verify_bundle(bundle, needs_notice=True).notice
    assert proved is not None
    notice = (await stage.anyone.get(f"/v1/lots/{lot['id']}/notices"))["items"][0]
    mine = await holder.get(f"/v1/lots/{lot['id']}/bidders/me")
    assert (proved.number, proved.sha256) == (notice["number"], notice["sha256"])
    assert proved.added == [AddedHolder(paddle=mine["paddle"], rank=1)]
    lines = [decode_line(raw) for raw in bundle.splitlines()]
    published = next(line for line in lines if isinstance(line, Published))
    salted = sha256((published.salt + published.profile).encode()).hexdigest()
    stated = msgspec.json.decode(notice["content"])["bidding_rules"]["profile_sha256"]
    assert salted == stated == proved.profile_hash


async def test_one_hash_is_public_and_it_is_salted(stage: Stage) -> None:
    """Lot, state, hall, notice and event show one hash; the unsalted one, from which the reserve could be guessed,
    is nowhere: not in answers, receipts, live events, nor in the engine's own table.
    """
    lot, _, other = await closed_lot(stage, top_fen=RESERVE_FEN)
    path = f"/v1/auctions/{lot['id']}"
    bundle = (await bundle_of(stage, stage.operator, lot))[1]
    head = decode_line(bundle.splitlines()[0])
    assert isinstance(head, Head)
    profile = parse_profile(head.profile)
    bare = parse_profile(head.profile | {"priority": []})
    hashes = {profile_hash(profile), profile_hash(bare)}
    assert head.profile_hash not in hashes
    public = lot["profile_hash"]
    texts = [
        (await stage.client.get(address, headers=other.headers)).text
        for address in (
            f"/v1/lots/{lot['id']}",
            path,
            f"{path}/bids",
            f"{path}/receipts",
            f"/v1/lots/{lot['id']}/notices",
            f"/lots/{lot['id']}",
            f"/auctions/{lot['id']}",
            f"/lots/{lot['id']}/notices/1",
        )
    ]
    feed = stage.resources.hall.feed
    await feed.open(UUID(lot["id"]))
    watching = feed.watch(UUID(lot["id"]), after=0)
    texts += [(await anext(watching)).decode() for _ in range(2)]
    await watching.aclose()  # type: ignore[attr-defined]  # it is a generator
    for text in texts:
        assert not any(each in text or each[:16] in text for each in hashes)
        assert head.profile_hash not in text or head.profile_hash == public
    assert public in texts[0]
    assert public in texts[1]
    assert public in texts[4]
    stored = await stage.pool.fetchval(
        "SELECT profile_hash FROM engine.auctions WHERE auction_id = $1", UUID(lot["id"])
    )
    assert stored == head.profile_hash


UNTAKABLE = [-(10**30), -1, 0, 10**13 + 1, 2**53 + 1, 99_999_999_999_999_999, 2**64, 10**30]


async def test_amounts_that_cannot_be_taken_are_refused_by_rule(stage: Stage) -> None:
    """Whole numbers of any size reach the engine, clamped, and are refused and journalled as `invalid_amount`."""
    lot = await stage.published(opens_in=4.0, lasts=20)
    bidder, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}"
    for amount in UNTAKABLE:
        for body, route in (({"amount_fen": amount}, "bids"), ({"max_fen": amount}, "proxies")):
            refused = await bidder.post(f"{path}/{route}", body, expect=409)
            assert refused["code"] == "invalid_amount"
            assert refused.get("decided", True) is True
    await stage.project()
    record = (await stage.anyone.get(f"{path}/bids"))["items"]
    refusals = [each for each in record if each["reason"] == "invalid_amount"]
    assert len(refusals) == 2 * len(UNTAKABLE)
    assert {each["amount_fen"] for each in refusals} == {None}


@pytest.mark.parametrize("value", ["5", 5.5, True, None, [], {}])
async def test_amounts_of_another_type_are_malformed(stage: Stage, value: object) -> None:
    """What is no whole number is no bid: 400, told in Chinese throughout."""
    bidder = await stage.person(Role.AGENCY_BIDDER)
    refused = await bidder.post(
        "/v1/auctions/01930000-0000-7000-8000-000000000001/bids",
        {"amount_fen": value},
        expect=400,
    )
    assert refused["code"] == "invalid_input"
    assert refused["detail_zh"].startswith("amount_fen：须为整数，不能是")
    assert "xpected" not in refused["detail_zh"]
