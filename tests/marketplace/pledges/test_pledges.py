"""Pledge registrations: one a patent, several a copyright, and their way out of the register."""

from datetime import datetime

import pytest

from kit.errors import InvalidInput, NotFound
from kit.sql import Connection
from kit.states import IllegalStep
from marketplace.assets import service as assets
from marketplace.assets.service import AlreadyRegistered
from marketplace.assets.types import FACTS, IpType
from marketplace.cases import service as cases
from marketplace.pledges import service
from marketplace.pledges.rules import (
    ONE_PLEDGE_ONLY,
    STEPS,
    require_pledge_step,
    why_not_registrable,
)
from marketplace.pledges.schemas import PledgeState
from tests.make_portfolio import (
    Parties,
    make_collateral,
    make_parties,
    some_asset,
    some_case,
    some_mark,
    some_pledge,
)


@pytest.fixture
async def parties(conn: Connection, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(conn, now=now)


@pytest.mark.parametrize("ip_type", list(IpType))
def test_the_register_takes_what_the_law_lets_it(ip_type: IpType) -> None:
    """A first pledge depends on the type, a second only on its being no patent."""
    first = why_not_registrable(ip_type, is_pledged_already=False)
    second = why_not_registrable(ip_type, is_pledged_already=True)
    assert (first is None) == FACTS[ip_type].is_pledge_registrable
    assert (second is None) == (first is None and ip_type not in ONE_PLEDGE_ONLY)


@pytest.mark.parametrize("current", list(PledgeState))
@pytest.mark.parametrize("wanted", list(PledgeState))
def test_only_the_table_s_steps_are_legal(current: PledgeState, wanted: PledgeState) -> None:
    """Every pair of states is tried."""
    if wanted in STEPS[current]:
        require_pledge_step(current, wanted, number="Y1")
    else:
        with pytest.raises(IllegalStep, match=current):
            require_pledge_step(current, wanted, number="Y1")


async def test_a_patent_is_pledged_again_only_after_cancellation(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The second registration over one patent is refused until the first is cancelled."""
    case, asset = await make_collateral(conn, parties, now=now)
    again = some_pledge(case.id, asset.id, pledgee_code=parties.code)
    with pytest.raises(service.NotRegistrable):
        await service.register(conn, parties.maker, again, now=now)
    [first] = await service.over_assets(conn, [asset.id])
    for state in (PledgeState.CANCEL_PENDING, PledgeState.CANCELLED):
        await service.move(conn, parties.maker, first.id, state, reason="repaid", now=now)
    made = await service.register(conn, parties.maker, again, now=now)
    assert await service.pledged_among(conn, [asset.id]) == {asset.id}
    assert await service.get(conn, parties.checker, made.id) == made


async def test_marks_may_carry_several_pledges_in_order_of_registration(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The earlier registered ranks first, whenever it was entered."""
    case = await cases.register(conn, parties.maker, some_case(), now=now)
    mark = await assets.register(conn, parties.maker, some_mark(), now=now)
    days = ("2024-05-02", "2024-05-01")
    for day in days:
        pledge = some_pledge(case.id, mark.id, pledgee_code=parties.code, registered_on=day)
        await service.register(conn, parties.maker, pledge, now=now)
    found = await service.over_assets(conn, [mark.id])
    assert [str(pledge.registered_on) for pledge in found] == sorted(days)


async def test_wrong_pledges_are_refused(conn: Connection, parties: Parties, now: datetime) -> None:
    """A wrong code, a repeated number, another bank's right or loan: each is refused by name."""
    case, asset = await make_collateral(conn, parties, now=now)
    [first] = await service.over_assets(conn, [asset.id])
    mark = await assets.register(conn, parties.maker, some_mark(), now=now)
    wrong = some_pledge(case.id, mark.id, pledgee_code="911100008021004330")
    with pytest.raises(InvalidInput, match="pledgee_code"):
        await service.register(conn, parties.maker, wrong, now=now)
    same = some_pledge(
        case.id,
        mark.id,
        pledgee_code=parties.code,
        registration_number=first.registration_number,
    )
    with pytest.raises(AlreadyRegistered):
        await service.register(conn, parties.maker, same, now=now)
    stranger = await make_parties(conn, now=now)
    theirs = await assets.register(conn, stranger.maker, some_asset(), now=now)
    foreign = some_pledge(case.id, theirs.id, pledgee_code=parties.code)
    with pytest.raises(InvalidInput, match="asset_ids"):
        await service.register(conn, parties.maker, foreign, now=now)
    loan = some_pledge(case.id, theirs.id, pledgee_code=parties.code)
    with pytest.raises(NotFound):
        await service.register(conn, stranger.maker, loan, now=now)
    with pytest.raises(NotFound):
        await service.move(
            conn, stranger.maker, first.id, PledgeState.CANCEL_PENDING, reason="x", now=now
        )
