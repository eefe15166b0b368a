"""Approvals: by other people than who asked, on exactly what was shown; two from an amount on; told apart by person."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest

from kit.sql import Connection
from marketplace.app import Resources
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import ApprovalState, DecisionIn, Kind, LimitIn
from marketplace.consignments.rules import SamePerson
from marketplace.organisations.schemas import Caller, Role
from tests.make_app import client_on
from tests.make_people import key_of, make_caller

YES = "looked at it 已核"


@pytest.fixture
async def maker(conn: Connection, now: datetime) -> Caller:
    """A bank's maker."""
    return await make_caller(conn, Role.BANK_MAKER, now=now)


async def checker(
    conn: Connection, maker: Caller, now: datetime, *, person: UUID | None = None
) -> Caller:
    """A checker of the maker's bank; with `person`, another account of that user's person."""
    made = await make_caller(
        conn, Role.BANK_CHECKER, now=now, organisation_id=maker.organisation_id
    )
    if person is not None:
        await conn.execute(
            "UPDATE market.users SET person_id = (SELECT person_id FROM market.users WHERE id = $2) WHERE id = $1",
            made.user_id,
            person,
        )
    return made


def paper_of(maker: Caller, *, amount_fen: int | None = None, price: int = 5) -> approvals.Paper:
    """A price cut."""
    return approvals.Paper(
        kind=Kind.PRICE_CUT,
        organisation_id=maker.organisation_id,
        subject_id=UUID(int=7),
        asked_by=maker.user_id,
        content={"price_fen": price},
        amount_fen=amount_fen,
    )


async def limited(conn: Connection, maker: Caller, from_fen: int | None, now: datetime) -> None:
    """The bank's limit, agreed between two checkers."""
    one, two = await checker(conn, maker, now), await checker(conn, maker, now)
    given = LimitIn(two_checkers_from_fen=from_fen, reason="board decision 董事会决议")
    asked = await approvals.ask_limit(conn, one, given, now=now)
    done = await approvals.decide(
        conn, two, asked.id, DecisionIn(approved=True, sha256=asked.sha256, reason=YES), now=now
    )
    assert done.state is ApprovalState.USED


@pytest.mark.parametrize(
    ("amount_fen", "needed"), [(None, 1), (99, 1), (100, 2), (101, 2)], ids=str
)
async def test_two_checkers_from_the_limit_on(
    conn: Connection, maker: Caller, now: datetime, amount_fen: int | None, needed: int
) -> None:
    """The amount itself is included (Civil Code art. 1259); the newest version of the limit counts."""
    await limited(conn, maker, 1, now)
    await limited(conn, maker, 100, now)
    paper = paper_of(maker, amount_fen=amount_fen)
    for number in range(1, needed + 1):
        signed = await approvals.sign(
            conn, await checker(conn, maker, now), paper, reason=YES, now=now
        )
        assert (signed.is_complete, len(signed.decisions)) == (number == needed, number)
    versions = await approvals.limits(conn, maker)
    assert [(one.version, one.two_checkers_from_fen) for one in versions] == [(2, 100), (1, 1)]


async def test_a_limit_that_changes_before_the_decision_counts(
    conn: Connection, maker: Caller, now: datetime
) -> None:
    """Asked when one was enough: from the new limit on two must agree; a higher one later frees nobody from it."""
    asked = await approvals.ask(conn, maker, paper_of(maker, amount_fen=100), reason="x", now=now)
    small = msgspec.structs.replace(paper_of(maker, amount_fen=99), subject_id=UUID(int=8))
    below = await approvals.ask(conn, maker, small, reason="x", now=now)
    assert asked.checkers == 1
    await limited(conn, maker, 100, now)
    one, two = await checker(conn, maker, now), await checker(conn, maker, now)
    assert [(await approvals.get(conn, one, each.id)).checkers for each in (asked, below)] == [2, 1]
    await limited(conn, maker, 1_000, now)
    yes = DecisionIn(approved=True, sha256=asked.sha256, reason=YES)
    assert not (await approvals.decide(conn, one, asked.id, yes, now=now)).is_complete
    assert (await approvals.decide(conn, two, asked.id, yes, now=now)).is_complete
    assert (await approvals.decide(conn, one, below.id, yes, now=now)).is_complete


async def test_an_amount_that_grew_before_the_decision_counts(
    conn: Connection, maker: Caller, now: datetime
) -> None:
    """The same bytes over a higher amount: two must agree, and what one agreed to at the request is asked anew."""
    await limited(conn, maker, 100, now)
    paper = paper_of(maker, amount_fen=99)
    grown = msgspec.structs.replace(paper, amount_fen=100)
    one, two = await checker(conn, maker, now), await checker(conn, maker, now)
    await approvals.file(conn, maker, paper, reason="x", now=now)
    assert not (await approvals.sign(conn, one, grown, reason=YES, now=now)).is_complete
    assert (await approvals.sign(conn, two, paper, reason=YES, now=now)).is_complete
    asked = await approvals.file(conn, maker, paper, reason="x", now=now)
    yes = DecisionIn(approved=True, sha256=asked.sha256, reason=YES)
    assert (await approvals.decide(conn, one, asked.id, yes, now=now)).is_complete
    anew = await approvals.sign(conn, two, grown, reason=YES, now=now)
    assert (anew.is_complete, anew.id == asked.id) == (False, False)
    assert (await approvals.get(conn, one, asked.id)).state is ApprovalState.WITHDRAWN
    assert (await approvals.sign(conn, one, grown, reason=YES, now=now)).is_complete


async def test_the_database_approves_nothing_that_fewer_agreed_to(
    conn: Connection, maker: Caller, now: datetime
) -> None:
    """The number of checkers never falls, and without their decisions nothing is approved, past every service."""
    await limited(conn, maker, 1, now)
    asked = await approvals.ask(conn, maker, paper_of(maker, amount_fen=5), reason="x", now=now)
    one = await checker(conn, maker, now)
    yes = DecisionIn(approved=True, sha256=asked.sha256, reason=YES)
    await approvals.decide(conn, one, asked.id, yes, now=now)
    for forged in ("checkers = 1", "state = 'approved', settled_at = asked_at"):
        with pytest.raises(asyncpg.PostgresError) as refused:
            async with conn.transaction():
                await conn.execute(f"UPDATE market.approvals SET {forged} WHERE id = $1", asked.id)
        assert refused.value.sqlstate == "LC001"


async def test_nobody_signs_twice_or_what_they_asked(
    conn: Connection, maker: Caller, now: datetime
) -> None:
    """Neither from the same account nor from another account of the same person (reliability T69)."""
    await limited(conn, maker, 1, now)
    paper = paper_of(maker, amount_fen=5)
    twin = await checker(conn, maker, now, person=maker.user_id)
    with pytest.raises(SamePerson):
        await approvals.sign(conn, twin, paper, reason=YES, now=now)
    one = await checker(conn, maker, now)
    assert not (await approvals.sign(conn, one, paper, reason=YES, now=now)).is_complete
    again = await checker(conn, maker, now, person=one.user_id)
    for same in (one, again):
        with pytest.raises(SamePerson):
            await approvals.sign(conn, same, paper, reason=YES, now=now)
    other = await checker(conn, maker, now)
    assert (await approvals.sign(conn, other, paper, reason=YES, now=now)).is_complete


async def test_a_changed_content_is_signed_anew(
    conn: Connection, maker: Caller, now: datetime
) -> None:
    """A signature is for the bytes that were shown: other bytes need all signatures again."""
    await limited(conn, maker, 1, now)
    one, two = await checker(conn, maker, now), await checker(conn, maker, now)
    first = await approvals.sign(conn, one, paper_of(maker, amount_fen=5), reason=YES, now=now)
    changed = paper_of(maker, amount_fen=5, price=4)
    assert not (await approvals.sign(conn, two, changed, reason=YES, now=now)).is_complete
    assert (await approvals.get(conn, one, first.id)).state is ApprovalState.WITHDRAWN
    assert (await approvals.sign(conn, one, changed, reason=YES, now=now)).is_complete


async def test_what_was_approved_is_used_once_and_is_what_was_shown(
    conn: Connection, maker: Caller, now: datetime
) -> None:
    """Another content, no approval, a refused or a used one: nothing may be done on it."""
    paper = paper_of(maker)
    with pytest.raises(approvals.ApprovalMissing):
        await approvals.use(conn, paper, now=now)
    asked = await approvals.ask(conn, maker, paper, reason="no bids", now=now)
    with pytest.raises(approvals.ApprovalOpen):
        await approvals.ask(conn, maker, paper, reason="again", now=now)
    with pytest.raises(approvals.ApprovalMissing):
        await approvals.use(conn, paper, now=now)
    head = await checker(conn, maker, now)
    wrong = DecisionIn(approved=True, sha256="0" * 64, reason=YES)
    with pytest.raises(approvals.ContentChanged):
        await approvals.decide(conn, head, asked.id, wrong, now=now)
    right = msgspec.structs.replace(wrong, sha256=asked.sha256)
    assert (await approvals.decide(conn, head, asked.id, right, now=now)).is_complete
    with pytest.raises(approvals.ApprovalMissing):
        await approvals.use(conn, paper_of(maker, price=4), now=now)
    assert (await approvals.use(conn, paper, now=now)).state is ApprovalState.USED
    with pytest.raises(approvals.ApprovalMissing):
        await approvals.use(conn, paper, now=now)
    trail = await conn.fetch(
        "SELECT action FROM market.audit_entries WHERE subject = 'approval' ORDER BY position"
    )
    assert [row["action"] for row in trail] == [
        "approval_asked",
        "approval_agreed",
        "approval_approved",
    ]


async def test_the_database_keeps_what_was_decided(
    conn: Connection, maker: Caller, now: datetime
) -> None:
    """Whoever writes past the service: no decision of the asker, none changed, no content exchanged."""
    asked = await approvals.ask(conn, maker, paper_of(maker), reason="r", now=now)
    head = await checker(conn, maker, now)
    insert = (
        "INSERT INTO market.approval_decisions (approval_id, decided_by, is_yes, reason, sha256, decided_at)"
        " VALUES ($1, $2, true, 'r', $3, $4)"
    )
    for statement, given, state in (
        (insert, (asked.id, maker.user_id, asked.sha256, now), "LC069"),
        (insert, (asked.id, head.user_id, "0" * 64, now), "23514"),
        ("UPDATE market.approvals SET content = '{}' WHERE id = $1", (asked.id,), "LC001"),
        (
            "UPDATE market.approvals SET asked_by = $2 WHERE id = $1",
            (asked.id, head.user_id),
            "LC001",
        ),
        (
            "UPDATE market.approvals SET state = 'used', settled_at = $2 WHERE id = $1",
            (asked.id, now),
            "LC001",
        ),
    ):
        with pytest.raises(asyncpg.PostgresError) as refused:
            async with conn.transaction():
                await conn.execute(statement, *given)
        assert refused.value.sqlstate == state, statement


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """The application."""
    async with client_on(resources) as opened:
        yield opened


async def test_decisions_over_http(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """Makers do not decide; strangers find nothing; regulators read and change nothing; the asker takes it back."""
    pool = resources.pool
    maker = await make_caller(pool, Role.BANK_MAKER, now=now)
    one, two = [
        await make_caller(pool, Role.BANK_CHECKER, now=now, organisation_id=maker.organisation_id)
        for _ in range(2)
    ]
    stranger = await make_caller(pool, Role.BANK_CHECKER, now=now)
    regulator = await make_caller(pool, Role.REGULATOR, now=now)
    headers = {
        name: await key_of(pool, caller, now=now)
        for name, caller in {
            "maker": maker, "one": one, "two": two, "stranger": stranger, "regulator": regulator,
        }.items()
    }  # fmt: skip

    async def post(name: str, path: str, body: object = None) -> httpx.Response:
        own = headers[name] | {"Idempotency-Key": str(uuid4())}
        return await client.post(path, json=body, headers=own)

    limit = {"two_checkers_from_fen": 100, "reason": "board"}
    asked = (await post("one", "/v1/approval-limits", limit)).json()
    path = f"/v1/approvals/{asked['id']}"
    yes = {"approved": True, "sha256": asked["sha256"], "reason": YES}
    outcomes = {name: (await post(name, f"{path}/decision", yes)).status_code for name in headers}
    assert outcomes == {"maker": 403, "one": 403, "two": 200, "stranger": 404, "regulator": 403}
    seen = {
        name: (await client.get(path, headers=own)).status_code for name, own in headers.items()
    }
    assert seen == {"maker": 200, "one": 200, "two": 200, "stranger": 404, "regulator": 200}
    assert (await client.get("/v1/approval-limits", headers=headers["one"])).json()[0][
        "version"
    ] == 1
    again = (await post("one", "/v1/approval-limits", limit)).json()
    assert (await post("two", f"/v1/approvals/{again['id']}/withdrawal")).status_code == 403
    gone = await post("one", f"/v1/approvals/{again['id']}/withdrawal")
    assert gone.json()["state"] == "withdrawn"
    assert (await post("two", f"/v1/approvals/{again['id']}/decision", yes)).status_code == 409
    listed = (await client.get("/v1/approvals?status=withdrawn", headers=headers["one"])).json()
    assert [item["id"] for item in listed["items"]] == [again["id"]]
