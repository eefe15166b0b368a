"""A consignment's way through its states, and who may take which step."""

from datetime import datetime
from typing import Any

import pytest

from kit.errors import Conflict, Forbidden, InvalidInput, LuochuiError, NotFound
from kit.sql import Connection
from kit.states import IllegalStep
from marketplace.assets import service as assets
from marketplace.consignments import service
from marketplace.consignments.rules import STEPS, SamePerson, require_consignment_step
from marketplace.consignments.schemas import ConsignmentState
from marketplace.organisations.schemas import SYSTEM_CALLER, Role
from marketplace.pledges import service as pledges
from marketplace.pledges.schemas import PledgeState
from tests.make_people import make_caller
from tests.make_portfolio import (
    Parties,
    make_accepted_consignment,
    make_collateral,
    make_consignment,
    make_parties,
    some_asset,
    some_mark,
    some_terms,
)

S = ConsignmentState


@pytest.fixture
async def parties(conn: Connection, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(conn, now=now)


@pytest.mark.parametrize("current", list(S))
@pytest.mark.parametrize("wanted", list(S))
def test_only_the_table_s_steps_are_legal(current: S, wanted: S) -> None:
    """Every pair of states is tried: legal if the table has it, refused with both names otherwise."""
    if wanted in STEPS[current]:
        require_consignment_step(current, wanted, number="WT-1")
        return
    with pytest.raises(IllegalStep) as caught:
        require_consignment_step(current, wanted, number="WT-1")
    assert current in caught.value.message
    assert wanted in caught.value.message


async def test_the_whole_way_leaves_one_entry_and_one_event_a_step(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """From draft to cleared, each step writes exactly one audit entry and one outbox event."""
    made = await make_accepted_consignment(conn, parties, now=now)
    await service.begin_disposal(conn, parties.venue, made.id, now=now)
    await service.end_disposal(
        conn, SYSTEM_CALLER, made.id, is_sold=False, reason="no bid", now=now
    )
    await service.begin_disposal(conn, SYSTEM_CALLER, made.id, now=now)
    await service.end_disposal(conn, parties.venue, made.id, is_sold=True, now=now)
    done = await service.clear(conn, SYSTEM_CALLER, made.id, now=now)
    assert done.state is S.CLEARED
    actions = await conn.fetch(
        "SELECT action FROM market.audit_entries WHERE subject = 'consignment' AND subject_id = $1 ORDER BY position",
        str(made.id),
    )
    assert [row["action"] for row in actions] == [
        "consignment_drafted",
        "consignment_submitted",
        "consignment_under_review",
        "consignment_accepted",
        "consignment_disposing",
        "consignment_unsold",
        "consignment_disposing",
        "consignment_recovered",
        "consignment_cleared",
    ]
    told = await conn.fetchval(
        "SELECT count(*) FROM market.outbox WHERE payload ->> 'consignment_id' = $1", str(made.id)
    )
    assert told == len(actions)


async def test_maker_and_checker_are_two_people(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Who drafted or submitted cannot approve, also when that person holds both roles."""
    draft = await make_consignment(conn, parties, now=now)
    await service.submit(conn, parties.maker, draft.id, now=now)
    with pytest.raises(SamePerson):
        await service.approve(conn, parties.maker, draft.id, now=now)
    approved = await service.approve(conn, parties.checker, draft.id, now=now)
    assert approved.approved_by == parties.checker.user_id


async def test_the_database_refuses_a_maker_as_checker(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Past the application, the table itself holds maker and checker apart."""
    draft = await make_consignment(conn, parties, now=now)
    await service.submit(conn, parties.maker, draft.id, now=now)
    with pytest.raises(Exception, match="consignment_maker_is_not_checker"):
        await conn.execute(
            "UPDATE market.consignments SET state = 'under_review', approved_by = submitted_by WHERE id = $1",
            draft.id,
        )


async def test_it_comes_back_with_a_reason_and_goes_again(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The venue returns it, the maker changes it, and it needs the checker anew."""
    draft = await make_consignment(conn, parties, now=now)
    await service.submit(conn, parties.maker, draft.id, now=now)
    await service.approve(conn, parties.checker, draft.id, now=now)
    back = await service.send_back(conn, parties.venue, draft.id, reason="材料不全", now=now)
    assert (back.state, back.reason) == (S.RETURNED, "材料不全")
    terms = some_terms(back.venue_id, back.case_id, *back.asset_ids, title="新标题")
    changed = await service.change(
        conn, parties.maker, back.id, terms, version=back.version, now=now
    )
    assert changed.title == "新标题"
    again = await service.submit(conn, parties.maker, back.id, now=now)
    assert again.approved_by is None
    with pytest.raises(NotFound):  # not the venue's any more until approved
        await service.get(conn, parties.venue, back.id)


async def test_only_whose_turn_it_is_returns_it(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Before approval the bank's checker returns it, afterwards only the venue."""
    draft = await make_consignment(conn, parties, now=now)
    await service.submit(conn, parties.maker, draft.id, now=now)
    with pytest.raises(NotFound):
        await service.send_back(conn, parties.venue, draft.id, reason="x", now=now)
    await service.send_back(conn, parties.checker, draft.id, reason="x", now=now)
    await service.submit(conn, parties.maker, draft.id, now=now)
    await service.approve(conn, parties.checker, draft.id, now=now)
    with pytest.raises(Forbidden):
        await service.send_back(conn, parties.checker, draft.id, reason="x", now=now)


async def test_only_the_registered_pledgee_consigns(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Without a standing pledge in the bank's name, submission is refused under ELG-03."""
    draft = await make_consignment(conn, parties, now=now)
    [pledge] = await pledges.over_assets(conn, draft.asset_ids)
    for state in (PledgeState.CANCEL_PENDING, PledgeState.CANCELLED):
        await pledges.move(conn, parties.maker, pledge.id, state, reason="test", now=now)
    with pytest.raises(service.NotEligible, match="ELG-03"):
        await service.submit(conn, parties.maker, draft.id, now=now)


async def test_the_venue_cannot_accept_what_is_blocked(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """A finding that blocks stops acceptance and is named; nothing changes."""
    draft = await make_consignment(conn, parties, now=now, authority=None, authority_document="")
    await service.submit(conn, parties.maker, draft.id, now=now)
    await service.approve(conn, parties.checker, draft.id, now=now)
    with pytest.raises(service.NotEligible, match="ELG-04"):
        await service.accept(conn, parties.venue, draft.id, now=now)
    assert (await service.get(conn, parties.venue, draft.id)).state is S.UNDER_REVIEW


async def test_a_mark_left_out_is_found_on_record(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The bundle check knows the owner's other marks of the class that the bank has on record."""
    case, _ = await make_collateral(conn, parties, now=now)
    mark = await assets.register(conn, parties.maker, some_mark(), now=now)
    other = await assets.register(conn, parties.maker, some_mark(), now=now)
    terms = some_terms(parties.venue.organisation_id, case.id, mark.id, has_bundle_statement=True)
    draft = await service.draft(conn, parties.maker, terms, now=now)
    found = [f for f in await service.eligibility_of(conn, draft, now=now) if f.code == "ELG-09"]
    assert [f.evidence["left_out"] for f in found] == [other.number]
    sold = some_terms(parties.venue.organisation_id, case.id, other.id, has_bundle_statement=True)
    earlier = await service.draft(conn, parties.maker, sold, now=now)
    await conn.execute(
        "UPDATE market.consignments SET state = 'recovered', submitted_by = drafted_by, submitted_at = $2,"
        " approved_by = $3, approved_at = $2, decided_by = $4, decided_at = $2 WHERE id = $1",
        earlier.id,
        now,
        parties.checker.user_id,
        parties.venue.user_id,
    )
    found = [f for f in await service.eligibility_of(conn, draft, now=now) if f.code == "ELG-09"]
    assert not found, "a mark that was sold is its buyer's"


async def test_a_right_is_in_one_open_consignment(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """A second consignment of the same right is refused until the first is over."""
    first = await make_consignment(conn, parties, now=now)
    terms = some_terms(first.venue_id, first.case_id, *first.asset_ids)
    with pytest.raises(service.AssetConsignedElsewhere):
        async with conn.transaction():
            await service.draft(conn, parties.maker, terms, now=now)
    await service.withdraw(conn, parties.maker, first.id, reason="test", now=now)
    assert (await service.draft(conn, parties.maker, terms, now=now)).state is S.DRAFT


async def test_others_see_nothing(conn: Connection, parties: Parties, now: datetime) -> None:
    """Strangers find neither it nor its right; the regulator sees it without the reserve; its venue sees it all."""
    made = await make_accepted_consignment(conn, parties, now=now, reserve_price_fen=250_000_000)
    stranger = await make_parties(conn, now=now)
    for caller in (stranger.maker, stranger.venue):
        with pytest.raises(NotFound):
            await service.get(conn, caller, made.id)
        assert await service.page(conn, caller, after=None, limit=10) == []
        with pytest.raises(NotFound):
            await assets.get(conn, caller, made.asset_ids[0])
    for caller in (parties.maker, parties.venue, SYSTEM_CALLER):
        assert (await service.get(conn, caller, made.id)).reserve_price_fen == 250_000_000
    assert (await service.get(conn, parties.regulator, made.id)).reserve_price_fen is None
    assert (await assets.get(conn, parties.venue, made.asset_ids[0])).id == made.asset_ids[0]
    agency = await make_caller(conn, Role.AGENCY_BIDDER, now=now)
    assert await service.page(conn, agency, after=None, limit=10) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"reserve_price_fen": 1}, "reserve_price_fen"),
        ({"deposit_fen": 210_000_001}, "deposit_fen"),
        ({"authority_document": " "}, "authority_document"),
    ],
)
async def test_contradictory_terms_are_refused_by_field(
    conn: Connection, parties: Parties, now: datetime, changed: dict[str, Any], field: str
) -> None:
    """Terms that cannot be name their field."""
    with pytest.raises(InvalidInput) as caught:
        await make_consignment(conn, parties, now=now, **changed)
    assert caught.value.field == field


async def test_terms_name_own_rights_and_a_venue(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Another bank's right, or a consignee that is no venue, is refused."""
    case, asset = await make_collateral(conn, parties, now=now)
    stranger = await make_parties(conn, now=now)
    foreign = await assets.register(conn, stranger.maker, some_asset(), now=now)
    wrong = [
        some_terms(parties.venue.organisation_id, case.id, foreign.id),
        some_terms(parties.maker.organisation_id, case.id, asset.id),
        some_terms(case.id, case.id, asset.id),
        some_terms(parties.venue.organisation_id, case.id, asset.id, asset.id),
    ]
    for terms in wrong:
        with pytest.raises(InvalidInput):
            await service.draft(conn, parties.maker, terms, now=now)


async def test_what_is_underway_is_not_edited_or_withdrawn(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Terms are fixed from submission on, versions count, and a consignment on sale is not simply taken back."""
    made = await make_accepted_consignment(conn, parties, now=now)
    terms = some_terms(made.venue_id, made.case_id, *made.asset_ids)
    refused: list[LuochuiError] = []
    for version in (made.version, made.version - 1):
        with pytest.raises(LuochuiError) as caught:
            await service.change(conn, parties.maker, made.id, terms, version=version, now=now)
        refused.append(caught.value)
    assert [error.code for error in refused] == ["consignment_not_editable", "version_changed"]
    await service.begin_disposal(conn, parties.venue, made.id, now=now)
    with pytest.raises(Conflict):
        await service.withdraw(conn, parties.checker, made.id, reason="x", now=now)
