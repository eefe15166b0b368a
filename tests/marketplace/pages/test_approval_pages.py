"""The page of approvals: what waits for me with its exact content and hash, decided by its form; mine taken back."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID, uuid4

import httpx
import pytest

from kit.sql import Connection, Pool
from marketplace.app import Resources
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import ApprovalState, DecisionIn, Kind, LimitIn
from marketplace.consignments.rules import SamePerson
from marketplace.organisations.schemas import PLATFORM_ORGANISATION_ID, Caller, Role
from marketplace.pages import work_words
from tests.make_app import client_on
from tests.make_people import key_of, make_caller
from tests.marketplace.pages.test_money_pages import HOSTILE, Desk, found, value_of

YES = "looked at it 已核"


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """The application."""
    async with client_on(resources) as opened:
        yield opened


async def checker_of(conn: Connection | Pool, maker: Caller, now: datetime) -> Caller:
    """Another checker of the maker's bank."""
    return await make_caller(
        conn, Role.BANK_CHECKER, now=now, organisation_id=maker.organisation_id
    )


async def desk_of(client: httpx.AsyncClient, pool: Pool, caller: Caller, now: datetime) -> Desk:
    """This person with a browser."""
    return Desk(client, await key_of(pool, caller, now=now))


async def limited(conn: Connection, maker: Caller, now: datetime) -> None:
    """From one fen on two checkers of this bank agree."""
    one, two = await checker_of(conn, maker, now), await checker_of(conn, maker, now)
    asked = await approvals.ask_limit(
        conn, one, LimitIn(two_checkers_from_fen=1, reason="board"), now=now
    )
    given = DecisionIn(approved=True, sha256=asked.sha256, reason=YES)
    await approvals.decide(conn, two, asked.id, given, now=now)


def set_off_of(maker: Caller) -> approvals.Paper:
    """A set-off that a maker proposed."""
    return approvals.Paper(
        kind=Kind.SET_OFF,
        organisation_id=maker.organisation_id,
        subject_id=UUID(int=9),
        asked_by=maker.user_id,
        content={"price_fen": 123_456_789, "reason": HOSTILE},
        amount_fen=123_456_789,
    )


async def test_a_limit_is_agreed_to_by_its_form(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """Shown with who, when, what, why and its hash to another checker alone; a stale hash is refused; then in force."""
    pool = resources.pool
    maker = await make_caller(pool, Role.BANK_MAKER, now=now)
    one, two = await checker_of(pool, maker, now), await checker_of(pool, maker, now)
    async with pool.acquire() as conn, conn.transaction():
        given = LimitIn(two_checkers_from_fen=500_000_000, reason=f"董事会决议 {HOSTILE}")
        asked = await approvals.ask_limit(conn, one, given, now=now)
    path = f"/approvals/{asked.id}/decision"
    for caller in (maker, one, await make_caller(pool, Role.BANK_CHECKER, now=now)):
        assert path not in await (await desk_of(client, pool, caller, now)).see("/approvals")
    desk = await desk_of(client, pool, two, now)
    shown = await desk.see("/approvals")
    assert found(shown, r"/approvals/[0-9a-f-]{36}/decision") == path
    for part in ("¥5,000,000.00", one.display_name, "董事会决议 &lt;script&gt;", "待我复核 1 项"):
        assert part in shown, part
    sha256 = value_of(shown, "sha256")
    assert sha256 == asked.sha256
    await desk.send(path, 400, approved="true", sha256=sha256, reason="")
    await desk.send(path, 409, approved="true", sha256="0" * 64, reason=YES)
    mine = await desk_of(client, pool, one, now)
    await mine.send(path, 403, approved="true", sha256=sha256, reason=YES)
    await desk.send(path, approved="true", sha256=sha256, reason=YES)
    after = await desk.see("/approvals")
    assert path not in after
    assert "没有待我复核的事项" in after
    assert YES in await desk.see("/approvals?approval_state=used")
    assert YES not in await desk.see("/approvals?approval_state=pending")
    async with pool.acquire() as conn:
        assert (await approvals.limits(conn, two))[0].two_checkers_from_fen == 500_000_000


async def test_rights_name_whose_and_which_and_are_refused_with_a_reason(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """An administrator sees whose rights and which, never decides about their own, refuses; who asked takes back."""
    pool = resources.pool
    asker, other, third = [
        await make_caller(pool, Role.PLATFORM_ADMINISTRATOR, now=now) for _ in range(3)
    ]

    async def asked_about(subject_id: UUID, step: str) -> str:
        paper = approvals.Paper(
            kind=Kind.USER_RIGHTS,
            organisation_id=PLATFORM_ORGANISATION_ID,
            subject_id=subject_id,
            asked_by=asker.user_id,
            content={"subject_id": subject_id, "step": step},
        )
        async with pool.acquire() as conn, conn.transaction():
            return str((await approvals.ask(conn, asker, paper, reason="left 离职", now=now)).id)

    about_third = await asked_about(third.user_id, "switch_off")
    path = f"/approvals/{about_third}/decision"
    desk, own = await desk_of(client, pool, other, now), await desk_of(client, pool, third, now)
    shown = await desk.see("/approvals")
    for part in (path, "停用用户", third.display_name, asker.display_name):
        assert part in shown, part
    assert path not in await own.see("/approvals")
    sha256 = value_of(shown, "sha256")
    await own.send(path, 403, approved="true", sha256=sha256, reason=YES)
    await desk.send(path, approved="false", sha256=sha256, reason="仍在职")
    mine = await desk_of(client, pool, asker, now)
    listed = await mine.see("/approvals?approval_state=refused")
    assert "仍在职" in listed
    again = f"/approvals/{await asked_about(uuid4(), 'password_reset')}/withdrawal"
    assert again in await mine.see("/approvals")
    assert again not in await desk.see("/approvals")
    await desk.send(again, 403)
    await mine.send(again)
    assert again not in await mine.see("/approvals")


async def test_the_second_agreement_by_the_page_is_carried_out_in_its_room(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """The first checker signs in the room, the second agrees here: a checker carries it out, the asker never."""
    pool = resources.pool
    maker = await make_caller(pool, Role.BANK_MAKER, now=now)
    async with pool.acquire() as conn, conn.transaction():
        await limited(conn, maker, now)
        one, two = await checker_of(conn, maker, now), await checker_of(conn, maker, now)
        paper = set_off_of(maker)
        first = await approvals.sign(conn, one, paper, reason=YES, now=now)
        assert not first.is_complete
    path = f"/approvals/{first.id}/decision"
    assert path not in await (await desk_of(client, pool, one, now)).see("/approvals")
    desk = await desk_of(client, pool, two, now)
    shown = await desk.see("/approvals")
    assert "¥1,234,567.89" in shown
    assert '<span class="number">1 / 2</span>' in shown
    await desk.send(path, approved="true", sha256=first.sha256, reason=YES)
    assert 'data-state="approved"' in await desk.see("/approvals")
    twin = await checker_of(pool, maker, now)
    await pool.execute(
        "UPDATE market.users SET person_id = (SELECT person_id FROM market.users WHERE id = $2) WHERE id = $1",
        twin.user_id,
        maker.user_id,
    )
    async with pool.acquire() as conn, conn.transaction():
        with pytest.raises(SamePerson):
            await approvals.sign(conn, twin, paper, reason=YES, now=now)
        done = await approvals.sign(conn, one, paper, reason=YES, now=now)
        assert (done.id, done.state) == (first.id, ApprovalState.USED)
        assert [word.decided_by for word in done.decisions] == [one.user_id, two.user_id]


async def test_who_may_look(client: httpx.AsyncClient, resources: Resources, now: datetime) -> None:
    """Supervisors see every request and find nothing to press; bidders have no such page."""
    pool = resources.pool
    maker = await make_caller(pool, Role.BANK_MAKER, now=now)
    one = await checker_of(pool, maker, now)
    async with pool.acquire() as conn, conn.transaction():
        asked = await approvals.ask_limit(
            conn, one, LimitIn(two_checkers_from_fen=None, reason="r"), now=now
        )
    for role in (Role.REGULATOR, Role.AUDITOR):
        desk = await desk_of(client, pool, await make_caller(pool, role, now=now), now)
        shown = await desk.see("/approvals")
        assert f'data-approval="{asked.id}"' in shown
        assert "<form" not in shown.split('id="content"')[1]
    bidder = await make_caller(pool, Role.AGENCY_BIDDER, now=now)
    headers = await key_of(pool, bidder, now=now)
    assert (await client.get("/approvals", headers=headers)).status_code == 403


def test_every_kind_and_state_has_words() -> None:
    """Nothing is shown by its code."""
    assert set(work_words.APPROVAL_KINDS) == {kind.value for kind in Kind}
    assert set(work_words.APPROVAL_STATES) == {state.value for state in ApprovalState}
