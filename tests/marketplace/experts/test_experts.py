"""The expert base: who is left out, a lot that anybody can repeat, and who takes a seat that was given up."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection
from kit.states import IllegalStep
from marketplace.app import Resources, create_app
from marketplace.experts import rules, service
from marketplace.experts.http import routes
from marketplace.experts.schemas import (
    Declaration,
    Expert,
    ExpertChange,
    ExpertField,
    ExpertState,
    NewDraw,
    NewExpert,
    Party,
    Purpose,
    Quota,
    SeatState,
)
from marketplace.organisations.schemas import Caller, Role
from tests.make_people import client_of, key_of, make_caller
from tests.make_portfolio import some_credit_code

MOMENT = datetime(2026, 11, 2, 1, tzinfo=UTC)
SEED = bytes(range(32))
BANK = Party(name="示例银行（南京）", code=some_credit_code(3))


def entry(number: int, **changed: Any) -> NewExpert:
    """An expert of technology without ties."""
    fields: dict[str, Any] = {
        "name": f"专家{number}",
        "employer_name": f"示例大学{number}",
        "fields": ["technology"],
    }
    return msgspec.convert(fields | changed, NewExpert)


def stored(number: int, **changed: Any) -> Expert:
    """The same as on record."""
    state = changed.pop("state", ExpertState.ACTIVE)
    return Expert(
        **msgspec.structs.asdict(entry(number, **changed)),
        id=UUID(int=number),
        organisation_id=UUID(int=0),
        state=state,
        version=1,
        created_at=MOMENT,
        updated_at=MOMENT,
    )


def asked(subject_id: UUID, count: int = 3, **changed: Any) -> NewDraw:
    """Three experts of technology for a weighted tender in which one bank has a stake."""
    fields: dict[str, Any] = {
        "subject": "lot",
        "subject_id": subject_id,
        "purpose": "weighted_tender",
        "quotas": [{"field": "technology", "count": count}],
        "parties": [msgspec.to_builtins(BANK)],
    }
    return msgspec.convert(fields | changed, NewDraw)


TIES: list[tuple[str, dict[str, Any]]] = [
    ("employer by code", {"employer_code": BANK.code}),
    ("employer by name", {"employer_name": "示例银行(南京)"}),
    ("interest by code", {"interests": [{"name": "甲", "code": BANK.code, "nature": "股东"}]}),
    ("interest by name", {"interests": [{"name": "示例银行 (南京)", "nature": "顾问"}]}),
    ("the same person", {"name": BANK.name}),
]


@pytest.mark.parametrize(("tie", "changed"), TIES, ids=[tie for tie, _ in TIES])
def test_who_is_tied_to_a_party_is_left_out(tie: str, changed: dict[str, Any]) -> None:
    """Employment, declared interests and identity exclude, by code or by a name however it is written."""
    found = rules.conflict_of(stored(1, **changed), [BANK])
    assert found is not None
    assert "示例银行" in found.reason_zh
    assert found.reason != found.reason_zh


def test_another_code_under_the_same_name_is_another_party() -> None:
    """Codes decide where both are known; an expert without ties is free."""
    other = stored(1, employer_name=BANK.name, employer_code=some_credit_code(4))
    assert rules.conflict_of(other, [BANK]) is None
    assert rules.conflict_of(stored(2), [BANK]) is None


def test_a_lot_can_be_repeated_and_depends_on_its_seed() -> None:
    """The same seed and base give the same panel in whatever order the base is read; another seed another ranking."""
    base = [stored(number) for number in range(1, 40)]
    quota = [Quota(field=ExpertField.TECHNOLOGY, count=5)]
    draw_id = UUID(int=7)
    first = rules.draw(base, quota, [BANK], seed=SEED, draw_id=draw_id)
    again = rules.draw(base[::-1], quota, [BANK], seed=SEED, draw_id=draw_id)
    other = rules.draw(base, quota, [BANK], seed=SEED[::-1], draw_id=draw_id)
    assert first == again
    assert first.candidates != other.candidates
    tickets = [candidate.ticket for candidate in first.candidates]
    assert tickets == sorted(tickets)
    assert [seat.expert_id for seat in first.seats] == [c.expert_id for c in first.candidates[:5]]


def test_every_candidate_is_drawn_about_equally_often() -> None:
    """Over 3,000 seeds, each of ten experts is first between 200 and 400 times (a fair lot gives 300 on average)."""
    base = [stored(number) for number in range(1, 11)]
    quota = [Quota(field=ExpertField.TECHNOLOGY, count=1)]
    wins: dict[UUID, int] = {}
    for number in range(3_000):
        seed = number.to_bytes(32, "big")
        drawn = rules.draw(base, quota, [BANK], seed=seed, draw_id=UUID(int=9))
        winner = drawn.seats[0].expert_id
        wins[winner] = wins.get(winner, 0) + 1
    assert len(wins) == 10
    assert all(200 < count < 400 for count in wins.values()), wins


def test_each_field_takes_its_number_and_nobody_sits_twice() -> None:
    """An expert of two fields fills one seat; suspended ones take no part; what lacks is counted by field."""
    base = [
        stored(1, fields=["law", "technology"]),
        stored(2, fields=["law"]),
        stored(3, fields=["technology"]),
        stored(4, fields=["technology"], state=ExpertState.SUSPENDED),
    ]
    quotas = [Quota(field=ExpertField.LAW, count=1), Quota(field=ExpertField.TECHNOLOGY, count=3)]
    drawn = rules.draw(base, quotas, [BANK], seed=SEED, draw_id=UUID(int=1))
    seated = [seat.expert_id for seat in drawn.seats]
    assert len(seated) == len(set(seated))
    assert UUID(int=4) in {each.expert_id for each in drawn.excluded}
    assert rules.missing(quotas, drawn.seats)[ExpertField.TECHNOLOGY] >= 1
    assert rules.panel(quotas, drawn.seats) is None


@pytest.mark.parametrize(
    ("counts", "purpose", "is_fine"),
    [
        ([3], Purpose.WEIGHTED_TENDER, True),
        ([1, 2], Purpose.WEIGHTED_TENDER, True),
        ([2], Purpose.WEIGHTED_TENDER, False),
        ([1], Purpose.WEIGHTED_TENDER, False),
        ([2, 2], Purpose.WEIGHTED_TENDER, False),
        ([2], Purpose.VALUATION_REVIEW, True),
        ([99, 1], Purpose.ELIGIBILITY_REVIEW, False),
    ],
)
def test_a_tender_needs_an_odd_panel_of_three(
    counts: list[int], purpose: Purpose, is_fine: bool
) -> None:
    """Three or more and odd for a weighted tender (domain 2.8); other panels may be of any size."""
    quotas = [
        Quota(field=field, count=count) for field, count in zip(ExpertField, counts, strict=False)
    ]
    if is_fine:
        rules.require_panel(quotas, purpose)
    else:
        with pytest.raises(InvalidInput, match="quotas"):
            rules.require_panel(quotas, purpose)


def test_a_field_counts_once_in_a_panel() -> None:
    """A field named twice is refused rather than added up."""
    twice = [Quota(field=ExpertField.LAW, count=1), Quota(field=ExpertField.LAW, count=2)]
    with pytest.raises(InvalidInput, match="twice"):
        rules.require_panel(twice, Purpose.WEIGHTED_TENDER)


@pytest.mark.parametrize("current", list(ExpertState))
@pytest.mark.parametrize("wanted", list(ExpertState))
def test_every_step_of_an_entry_is_tried(current: ExpertState, wanted: ExpertState) -> None:
    """Removed experts stay removed; every other pair is in the table or refused."""
    if current is wanted or wanted in rules.EXPERT_STEPS[current]:
        rules.require_expert_step(current, wanted, name="甲")
    else:
        with pytest.raises(IllegalStep, match=current):
            rules.require_expert_step(current, wanted, name="甲")


@pytest.mark.parametrize("current", list(SeatState))
@pytest.mark.parametrize("wanted", list(SeatState))
def test_every_step_of_a_seat_is_tried(current: SeatState, wanted: SeatState) -> None:
    """A seat given up is not taken up again."""
    if wanted in rules.SEAT_STEPS[current]:
        rules.require_seat_step(current, wanted, name="甲")
    else:
        with pytest.raises(IllegalStep, match=current):
            rules.require_seat_step(current, wanted, name="甲")


@pytest.fixture
async def keeper(conn: Connection, now: datetime) -> Caller:
    """The operator of a venue with an expert base."""
    return await make_caller(conn, Role.VENUE_OPERATOR, now=now)


async def test_who_steps_back_is_replaced_by_the_next_by_lot(
    conn: Connection, keeper: Caller, now: datetime
) -> None:
    """The panel is whole once everybody seated has declared; the replacement is the next by rank."""
    for number in range(5):
        await service.register(conn, keeper, entry(number), now=now)
    tied = await service.register(conn, keeper, entry(9, employer_code=BANK.code), now=now)
    lot_id = uuid7(now)
    drawn = await service.draw(conn, keeper, asked(lot_id), now=now)
    assert [each.expert_id for each in drawn.excluded] == [tied.id]
    assert len(drawn.candidates) == 5
    redone = rules.draw(
        await service.page(conn, keeper, after=None, limit=50),
        drawn.quotas,
        drawn.parties,
        seed=bytes.fromhex(drawn.seed),
        draw_id=drawn.id,
    )
    assert redone.seats == drawn.seats
    first, second, third = (seat.expert_id for seat in drawn.seats)

    async def says(expert_id: UUID, *, free: bool) -> Any:
        said = Declaration(is_free=free, statement="声明")
        return await service.declare(conn, keeper, drawn.id, expert_id, said, now=now)

    after = await says(first, free=False)
    assert after.seats[-1].expert_id == drawn.candidates[3].expert_id
    for expert_id in (second, third):
        await says(expert_id, free=True)
    asked_for = {"organisation_id": keeper.organisation_id, "subject_id": lot_id}
    assert await service.panel_of(conn, purpose=Purpose.WEIGHTED_TENDER, **asked_for) is None
    await says(drawn.candidates[3].expert_id, free=True)
    panel = await service.panel_of(conn, purpose=Purpose.WEIGHTED_TENDER, **asked_for)
    assert panel == (second, third, drawn.candidates[3].expert_id)
    with pytest.raises(IllegalStep):
        await says(first, free=True)


async def test_nobody_draws_until_the_panel_pleases(
    conn: Connection, keeper: Caller, now: datetime
) -> None:
    """One standing draw a matter; another person sets it aside with a reason, and a draw can't be rewritten."""
    for number in range(3):
        await service.register(conn, keeper, entry(number), now=now)
    lot_id = uuid7(now)
    with pytest.raises(service.TooFewExperts, match="2 of technology"):
        await service.draw(conn, keeper, asked(lot_id, count=5), now=now)
    drawn = await service.draw(conn, keeper, asked(lot_id), now=now)
    with pytest.raises(service.DrawnAlready):
        await service.draw(conn, keeper, asked(lot_id), now=now)
    with pytest.raises(service.DrawerSetsAside):
        await service.set_aside(conn, keeper, drawn.id, reason="x", now=now)
    checker = await make_caller(
        conn, Role.VENUE_CHECKER, now=now, organisation_id=keeper.organisation_id
    )
    gone = await service.set_aside(conn, checker, drawn.id, reason="名单有误", now=now)
    assert gone.reason == "名单有误"
    second = await service.draw(conn, keeper, asked(lot_id), now=now)
    assert second.id != drawn.id
    assert len(await service.draws_page(conn, checker, after=None, limit=10)) == 2


async def test_the_base_is_its_venue_s(conn: Connection, keeper: Caller, now: datetime) -> None:
    """Another venue sees neither experts nor draws and can't declare for anybody; the regulator sees both."""
    made = [await service.register(conn, keeper, entry(n), now=now) for n in range(3)]
    drawn = await service.draw(conn, keeper, asked(uuid7(now)), now=now)
    stranger = await make_caller(conn, Role.VENUE_OPERATOR, now=now)
    with pytest.raises(NotFound):
        await service.get(conn, stranger, made[0].id)
    with pytest.raises(NotFound):
        await service.get_draw(conn, stranger, drawn.id)
    said = Declaration(is_free=True, statement="声明")
    with pytest.raises(NotFound):
        await service.declare(conn, stranger, drawn.id, drawn.seats[0].expert_id, said, now=now)
    assert await service.page(conn, stranger, after=None, limit=9) == []
    regulator = await make_caller(conn, Role.REGULATOR, now=now)
    assert await service.get_draw(conn, regulator, drawn.id) == drawn


async def test_entries_are_changed_over_their_version_and_by_the_table(
    conn: Connection, keeper: Caller, now: datetime
) -> None:
    """A wrong code, somebody's second entry, a stale version and an illegal step are refused by name."""
    with pytest.raises(InvalidInput, match="employer_code"):
        await service.register(conn, keeper, entry(1, employer_code="1" * 18), now=now)
    with pytest.raises(InvalidInput, match="user_id"):
        await service.register(conn, keeper, entry(1, user_id=str(uuid7(now))), now=now)
    made = await service.register(conn, keeper, entry(1, user_id=str(keeper.user_id)), now=now)
    with pytest.raises(InvalidInput, match="another expert"):
        await service.register(conn, keeper, entry(2, user_id=str(keeper.user_id)), now=now)
    fields = msgspec.structs.asdict(entry(1, fields=["law"]))
    gone = ExpertChange(**fields, state=ExpertState.REMOVED)
    with pytest.raises(service.VersionChanged):
        await service.change(conn, keeper, made.id, gone, version=2, now=now)
    after = await service.change(conn, keeper, made.id, gone, version=1, now=now)
    assert (after.state, after.fields, after.version) == (
        ExpertState.REMOVED,
        frozenset({ExpertField.LAW}),
        2,
    )
    back = ExpertChange(**fields, state=ExpertState.ACTIVE)
    with pytest.raises(IllegalStep):
        await service.change(conn, keeper, made.id, back, version=2, now=now)


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the experts' routes."""
    async with client_of(create_app(resources, routes=routes)) as opened:
        yield opened


async def test_an_expert_declares_with_their_own_account(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """Over HTTP: enter three, draw, see one's task, declare; somebody else's account finds no seat."""
    keeper = await make_caller(resources.pool, Role.VENUE_OPERATOR, now=now)
    person = await make_caller(resources.pool, Role.AGENCY_BIDDER, now=now)
    keys = {who.user_id: await key_of(resources.pool, who, now=now) for who in (keeper, person)}
    mine = {"user_id": str(person.user_id)}
    for number in range(3):
        body = msgspec.to_builtins(entry(number, **(mine if number == 1 else {})))
        sent = {**keys[keeper.user_id], "Idempotency-Key": f"e{number}"}
        made = await client.post("/v1/experts", json=body, headers=sent)
        assert made.status_code == 201, made.text
    sent = {**keys[keeper.user_id], "Idempotency-Key": "d"}
    drawn = await client.post(
        "/v1/expert-draws", json=msgspec.to_builtins(asked(uuid7(now))), headers=sent
    )
    assert drawn.status_code == 201, drawn.text
    [task] = (await client.get("/v1/me/expert-tasks", headers=keys[person.user_id])).json()
    assert task["id"] == drawn.json()["id"]
    listed = (await client.get("/v1/experts", headers=keys[keeper.user_id])).json()["items"]
    [me] = [each["id"] for each in listed if each["user_id"] == str(person.user_id)]
    others = [each["id"] for each in listed if each["id"] != me]
    path = f"/v1/expert-draws/{task['id']}/experts"
    body = {"is_free": True, "statement": "与各方无利害关系"}
    for number, (expert_id, status) in enumerate([(me, 200), (others[0], 404)]):
        sent = {**keys[person.user_id], "Idempotency-Key": f"s{number}"}
        said = await client.post(f"{path}/{expert_id}/declaration", json=body, headers=sent)
        assert said.status_code == status, said.text
