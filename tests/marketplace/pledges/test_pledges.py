"""Pledge registrations: one a patent, several a copyright, and their way out of the register."""

from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection
from kit.states import IllegalStep
from marketplace.assets import service as assets
from marketplace.assets.service import AlreadyRegistered
from marketplace.assets.types import FACTS, IpType
from marketplace.cases import service as cases
from marketplace.edge.versions import VersionChanged
from marketplace.pledges import service
from marketplace.pledges.rules import (
    ONE_PLEDGE_ONLY,
    STEPS,
    changed,
    ranked,
    require_pledge_step,
    why_not_registrable,
)
from marketplace.pledges.schemas import PledgeChange, PledgeState
from tests.make_portfolio import (
    Parties,
    facts,
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


WRONG_CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("changed_on", {"changed_on": "2024-03-09", "secured_amount_fen": 1}),
    ("reason", {}),
    ("pledgee_code", {"pledgee_code": "1" * 18}),
    ("asset_ids", {"asset_ids": ["00000000-0000-7000-8000-000000000009"]}),
    ("joint_pledgees", {"lead_share_bp": 6000}),
    ("joint_pledgees", {"joint_pledgees": [{"name": "乙", "has_consented": True, "share_bp": 1}]}),
]


def some_change(**changed: Any) -> PledgeChange:
    """A change registered last spring."""
    fields = {"change_number": "B1", "changed_on": "2025-03-01", "reason": "部分还款"}
    return msgspec.convert(fields | changed, PledgeChange)


@pytest.mark.parametrize(("field", "given"), WRONG_CHANGES)
def test_a_change_that_cannot_be_is_refused(field: str, given: dict[str, Any]) -> None:
    """A change is later than the registration, changes something, adds no right, and its shares make up the whole."""
    pledge = facts().rights[0].pledges[0]
    with pytest.raises(InvalidInput) as caught:
        changed(pledge, some_change(**given))
    assert caught.value.field == field


async def test_a_changed_registration_keeps_what_was(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Shares, amount and released rights change; what was stays on record; a refusal leads back to changed."""
    case = await cases.register(conn, parties.maker, some_case(), now=now)
    rights = [await assets.register(conn, parties.maker, some_asset(), now=now) for _ in range(2)]
    new = some_pledge(case.id, *(right.id for right in rights), pledgee_code=parties.code)
    made = await service.register(conn, parties.maker, new, now=now)
    joint = [{"name": "乙银行", "has_consented": True, "share_bp": 4000}]
    given = some_change(
        joint_pledgees=joint,
        lead_share_bp=6000,
        secured_amount_fen=500_000_000,
        asset_ids=[str(rights[0].id)],
    )
    with pytest.raises(VersionChanged):
        await service.change(conn, parties.maker, made.id, given, version=2, now=now)
    after = await service.change(conn, parties.maker, made.id, given, version=1, now=now)
    assert (after.state, after.asset_ids) == (PledgeState.CHANGED, (rights[0].id,))
    [kept] = await service.changes_of(conn, parties.checker, made.id)
    assert kept.before["secured_amount_fen"] == 600_000_000
    assert kept.after["lead_share_bp"] == 6000
    assert await service.pledged_among(conn, [right.id for right in rights]) == {rights[0].id}

    async def move(state: PledgeState) -> None:
        await service.move(conn, parties.maker, made.id, state, reason="x", now=now)

    with pytest.raises(InvalidInput, match="changes"):
        await move(PledgeState.CHANGED)
    await move(PledgeState.CANCEL_PENDING)
    with pytest.raises(InvalidInput, match="changed again"):
        await move(PledgeState.REGISTERED)
    await move(PledgeState.CHANGED)
    stranger = (await make_parties(conn, now=now)).maker
    with pytest.raises(NotFound):
        await service.change(conn, stranger, made.id, given, version=9, now=now)


def test_pledges_of_one_day_share_a_rank() -> None:
    """Ranks follow the day of registration; a cancelled pledge has none (Civil Code 414)."""
    plain = facts().rights[0].pledges[0]
    days = ["2024-03-10", "2023-01-01", "2024-03-10", "2022-01-01"]
    given = [
        msgspec.structs.replace(plain, id=uuid7(plain.created_at), registered_on=day)
        for day in map(date.fromisoformat, days)
    ]
    given[3] = msgspec.structs.replace(given[3], state=PledgeState.CANCELLED)
    assert [(each.rank, str(each.pledge.registered_on)) for each in ranked(given)] == [
        (1, "2023-01-01"),
        (2, "2024-03-10"),
        (2, "2024-03-10"),
    ]
