"""Organisations and users, as the platform's administrator makes them; the audit trail, as the auditor reads it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar

from kit.errors import InvalidInput
from kit.sql import Connection, load_statements
from marketplace.app import Resources, create_app
from marketplace.audit import service as audit
from marketplace.audit.http import routes as audit_routes
from marketplace.organisations import service
from marketplace.organisations.http import routes
from marketplace.organisations.rules import (
    ROLES_OF,
    RoleNotAllowed,
    require_good_password,
    require_roles_fit,
    require_username,
)
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from tests.make_people import PASSWORD, MovableClock, client_of, key_of, make_caller


@pytest.fixture
def app(resources: Resources) -> Litestar:
    return create_app(resources, routes=[*routes, *audit_routes])


@pytest.fixture
async def boss(resources: Resources, now: datetime) -> Caller:
    return await make_caller(resources.pool, Role.PLATFORM_ADMINISTRATOR, now=now)


@pytest.fixture
async def admin(
    app: Litestar, resources: Resources, boss: Caller, now: datetime
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, headers=await key_of(resources.pool, boss, now=now)) as opened:
        yield opened


async def post(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], key: str = "k"
) -> httpx.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": f"{path}:{key}"})


def user(organisation_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "username": "wang.wei",
        "display_name": "王伟",
        "roles": ["bank_maker"],
        "password": PASSWORD,
    } | fields


async def new_bank(admin: httpx.AsyncClient) -> str:
    made = await post(admin, "/v1/organisations", {"kind": "bank", "name": "示范银行"})
    assert made.status_code == 201
    return str(made.json()["id"])


async def test_bank_gets_its_people(admin: httpx.AsyncClient, app: Litestar) -> None:
    """An administrator makes a bank and a user, who signs in and finds the bank."""
    bank = await new_bank(admin)
    made = await post(admin, "/v1/users", user(bank))
    assert made.status_code == 201
    assert made.headers["location"] == f"/v1/users/{made.json()['id']}"
    assert "password" not in made.text
    async with client_of(app) as browser:
        answer = await browser.post(
            "/v1/session", json={"username": "Wang.Wei", "password": PASSWORD}
        )
        assert answer.status_code == 201
        assert (await browser.get("/v1/me")).json()["organisation"]["name"] == "示范银行"
        assert (await browser.get(f"/v1/organisations/{bank}")).status_code == 200


async def test_others_organisation_is_not_there(
    admin: httpx.AsyncClient, app: Litestar, resources: Resources, now: datetime
) -> None:
    """Another's organisation answers 404, as one that does not exist."""
    bank = await new_bank(admin)
    stranger = await make_caller(resources.pool, Role.AUDITOR, now=now)
    async with client_of(app, headers=await key_of(resources.pool, stranger, now=now)) as other:
        theirs = await other.get(f"/v1/organisations/{bank}")
        none = await other.get(f"/v1/organisations/{stranger.user_id}")
    assert (theirs.status_code, theirs.content) == (404, none.content)


async def test_edit_needs_the_present_version(admin: httpx.AsyncClient) -> None:
    """A second edit of the same version is refused, and the ETag counts up."""
    bank = await new_bank(admin)
    first = await admin.patch(
        f"/v1/organisations/{bank}", json={"name": "新名"}, headers={"If-Match": '"1"'}
    )
    second = await admin.patch(
        f"/v1/organisations/{bank}", json={"name": "旧名"}, headers={"If-Match": '"1"'}
    )
    assert (first.status_code, first.headers["etag"], first.json()["name"]) == (200, '"2"', "新名")
    assert (second.status_code, second.json()["code"]) == (412, "version_changed")


async def test_new_roles_end_sessions(admin: httpx.AsyncClient, app: Litestar) -> None:
    """When roles change, the user signs in again."""
    made = (await post(admin, "/v1/users", user(await new_bank(admin)))).json()
    async with client_of(app) as browser:
        await browser.post("/v1/session", json={"username": "wang.wei", "password": PASSWORD})
        changed = await admin.patch(
            f"/v1/users/{made['id']}", json={"roles": ["bank_checker"]}, headers={"If-Match": "1"}
        )
        assert changed.json()["roles"] == ["bank_checker"]
        assert (await browser.get("/v1/me")).status_code == 401


async def test_nobody_changes_their_own_roles(admin: httpx.AsyncClient, boss: Caller) -> None:
    """An administrator can't switch themselves off, nor the platform."""
    for path, body in (
        (f"/v1/users/{boss.user_id}", {"is_active": False}),
        (f"/v1/users/{boss.user_id}", {"roles": []}),
        (f"/v1/organisations/{boss.organisation_id}", {"is_active": False}),
    ):
        answer = await admin.patch(path, json=body, headers={"If-Match": "1"})
        assert answer.status_code == 409


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"roles": ["regulator"]}, 422, "roles"),
        ({"roles": ["king"]}, 400, "roles[0]"),
        ({"username": "A B"}, 400, "username"),
        ({"password": "short"}, 400, "password"),
        ({"password": "wang.wei wang"}, 400, "password"),
        ({"organisation_id": "00000000-0000-7000-8000-00000000ffff"}, 404, None),
        ({"password_hash": "x"}, 400, "password_hash"),
        ({"is_active": True}, 400, "is_active"),
        ({"id": "00000000-0000-7000-8000-00000000ffff"}, 400, "id"),
        ({"version": 7}, 400, "version"),
    ],
)
async def test_user_is_refused(
    admin: httpx.AsyncClient, fields: dict[str, Any], status: int, field: str | None
) -> None:
    """A user who does not fit is refused by field; columns that are not offered are unknown fields."""
    bank = await new_bank(admin)
    answer = await post(admin, "/v1/users", user(bank) | fields)
    assert (answer.status_code, answer.json().get("field")) == (status, field)


async def test_names_are_taken_once(admin: httpx.AsyncClient) -> None:
    """A second user of one name, and a second organisation of one credit code, are refused."""
    bank = await new_bank(admin)
    code = {"kind": "bank", "name": "B", "credit_code": "91310000MA1FL0000X"}
    assert (await post(admin, "/v1/users", user(bank), "1")).status_code == 201
    assert (await post(admin, "/v1/users", user(bank), "2")).json()["code"] == "already_exists"
    assert (await post(admin, "/v1/organisations", code, "1")).status_code == 201
    assert (await post(admin, "/v1/organisations", code, "2")).json()["field"] == "credit_code"


async def test_lists_page_without_gap_or_repetition(
    admin: httpx.AsyncClient, resources: Resources, clock: MovableClock
) -> None:
    """Page after page, every user comes once, in order."""
    for _ in range(7):
        clock.move(seconds=1)
        await make_caller(resources.pool, Role.BANK_MAKER, now=clock.now)
    seen: list[str] = []
    cursor = ""
    for _ in range(9):
        page = (await admin.get(f"/v1/users?limit=2{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    everybody = [
        str(row["id"])
        for row in await resources.pool.fetch("SELECT id FROM market.users ORDER BY id")
    ]
    assert seen == everybody


async def test_first_administrator_is_made_once(conn: Connection, now: datetime) -> None:
    """The command line makes the first administrator, and no second one."""
    made = await service.bootstrap(
        conn, username="root", password=PASSWORD, password_hash="x", now=now
    )
    assert made.roles == [Role.PLATFORM_ADMINISTRATOR]
    with pytest.raises(service.AlreadyBootstrapped):
        await service.bootstrap(
            conn, username="root2", password=PASSWORD, password_hash="x", now=now
        )


@pytest.mark.parametrize("kind", list(OrganisationKind))
def test_roles_fit_one_kind_of_organisation(kind: OrganisationKind) -> None:
    """Each kind takes its own roles and refuses all others."""
    require_roles_fit(kind, ROLES_OF[kind])
    for role in set(Role) - ROLES_OF[kind]:
        with pytest.raises(RoleNotAllowed):
            require_roles_fit(kind, [role])


@pytest.mark.parametrize(
    "username", ["ab", "-ab", "ab-", "a b", "Ab1", "a" * 101, "abc\n", "王伟伟", ""]
)
def test_username_is_refused(username: str) -> None:
    """What is not 3 to 100 small letters, digits and marks is no user name."""
    with pytest.raises(InvalidInput, match="username"):
        require_username(username)


@pytest.mark.parametrize(
    "password", ["x" * 11, "aaaaaaaaaaaaaa", "x" * 129, "my-wang.wei-password"]
)
def test_password_is_refused(password: str) -> None:
    """Too short, too long, too plain, or holding the user's name."""
    with pytest.raises(InvalidInput, match="password"):
        require_good_password(password, username="wang.wei")


async def test_changes_are_in_the_trail(
    admin: httpx.AsyncClient, app: Litestar, resources: Resources, boss: Caller, now: datetime
) -> None:
    """The auditor reads who changed what, before and after; a bank's maker may not."""
    bank = await new_bank(admin)
    await admin.patch(f"/v1/organisations/{bank}", json={"name": "新名"}, headers={"If-Match": "1"})
    auditor = await make_caller(resources.pool, Role.AUDITOR, now=now)
    maker = await make_caller(resources.pool, Role.BANK_MAKER, now=now)
    async with client_of(app, headers=await key_of(resources.pool, auditor, now=now)) as reader:
        found = (await reader.get(f"/v1/audit?subject=organisation&subject_id={bank}")).json()[
            "items"
        ]
    assert [entry["action"] for entry in found] == ["organisation_created", "organisation_changed"]
    assert [entry["position"] for entry in found] == [1, 2]
    assert found[1]["previous_hash"] == found[0]["hash"]
    assert (found[1]["before"]["name"], found[1]["after"]["name"]) == ("示范银行", "新名")
    assert found[1]["user_id"] == str(boss.user_id)
    async with client_of(app, headers=await key_of(resources.pool, maker, now=now)) as reader:
        assert (await reader.get("/v1/audit")).status_code == 403


@pytest.fixture
async def trail(conn: Connection, now: datetime) -> Connection:
    caller = await make_caller(conn, Role.BANK_MAKER, now=now)
    for subject_id in ("a", "a", "b", "a"):
        await audit.record(
            conn,
            caller,
            now=now,
            action="changed",
            subject="thing",
            subject_id=subject_id,
            after={"x": 1},
            reason="r",
        )
    return conn


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE market.audit_entries SET action = 'x'",
        "DELETE FROM market.audit_entries",
        "TRUNCATE market.audit_entries",
    ],
)
async def test_trail_is_append_only(trail: Connection, statement: str) -> None:
    """The application's role can't change, remove or empty the trail."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await trail.execute(statement)


TAMPERING = [
    "UPDATE market.audit_entries SET action = 'x' WHERE subject_id = 'a' AND position = 2",
    "UPDATE market.audit_entries SET reason = NULL WHERE subject_id = 'a' AND position = 3",
    "UPDATE market.audit_entries SET after = '{\"x\": 2}' WHERE subject_id = 'b'",
    "UPDATE market.audit_entries SET at = at + interval '1 second' WHERE subject_id = 'b'",
    "UPDATE market.audit_entries SET user_id = gen_random_uuid() WHERE subject_id = 'b'",
    "DELETE FROM market.audit_entries WHERE subject_id = 'a' AND position = 2",
    "DELETE FROM market.audit_entries WHERE subject_id = 'a' AND position = 1",
]


@pytest.mark.parametrize("statement", TAMPERING)
async def test_tampering_is_found(trail: Connection, statement: str) -> None:
    """What the owner of the tables changes behind the trigger's back breaks the chain."""
    assert await audit.broken_entries(trail) == []
    await trail.execute(
        "RESET ROLE; SET LOCAL ROLE postgres; SET LOCAL session_replication_role = replica"
    )
    await trail.execute(statement)
    assert await audit.broken_entries(trail) != []


@pytest.mark.parametrize(
    "package",
    ["marketplace.organisations", "marketplace.audit", "marketplace.outbox", "marketplace.edge"],
)
async def test_every_statement_is_valid(conn: Connection, package: str) -> None:
    """Each named statement prepares against the migrated schema."""
    for statement in load_statements(package, "queries.sql").values():
        await conn.prepare(statement)
