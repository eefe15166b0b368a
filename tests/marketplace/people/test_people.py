"""Who is let in: second factors, invitations, resets, rights by two people; what ends, ends everywhere at once."""

import base64
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from marketplace.app import Resources, open_desk
from marketplace.organisations import totp
from marketplace.organisations.passwords import Passwords
from marketplace.organisations.schemas import Caller, Role
from marketplace.settings import Settings
from tests.make_app import client_on
from tests.make_people import ORIGIN, PASSWORD, MovableClock, key_of, make_caller

NEW_PASSWORD = "another horse 98"


@pytest.fixture(scope="module")
def password_hash() -> str:
    """The hash of PASSWORD."""
    passwords = Passwords()
    try:
        return passwords._hasher.hash(PASSWORD)
    finally:
        passwords.close()


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a session."""
    async with client_on(resources, headers={"Sec-Fetch-Site": "same-origin"}) as opened:
        yield opened


@pytest.fixture
async def person(resources: Resources, password_hash: str, now: datetime) -> Caller:
    """A bank's maker who can sign in."""
    return await make_caller(resources.pool, Role.BANK_MAKER, now=now, password_hash=password_hash)


async def name_of(resources: Resources, caller: Caller) -> str:
    """The user name."""
    name: str = await resources.pool.fetchval(
        "SELECT username FROM market.users WHERE id = $1", caller.user_id
    )
    return name


async def post(
    client: httpx.AsyncClient, path: str, body: object = None, **headers: str
) -> httpx.Response:
    """A POST with a key of its own."""
    return await client.post(path, json=body, headers={"Idempotency-Key": str(uuid4())} | headers)


async def sign_in(
    client: httpx.AsyncClient, username: str, password: str = PASSWORD, code: str | None = None
) -> tuple[int, str]:
    """The status and code of an attempt."""
    body = {"username": username, "password": password} | ({"code": code} if code else {})
    answer = await client.post("/v1/session", json=body)
    return answer.status_code, str(answer.json().get("code", ""))


async def enrolled(
    client: httpx.AsyncClient, username: str, clock: MovableClock
) -> tuple[bytes, list[str]]:
    """Sign in and turn a second factor on; its secret and the recovery codes."""
    assert await sign_in(client, username) == (201, "")
    begun = (await post(client, "/v1/me/second-factor", {"password": PASSWORD})).json()
    secret = _unspelled(begun["secret"])
    code = totp.hotp(secret, totp.counter_at(clock()))
    done = await post(client, "/v1/me/second-factor/confirmation", {"code": code})
    assert done.status_code == 201, done.text
    return secret, done.json()["codes"]


def _unspelled(secret: str) -> bytes:
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


async def test_second_factor_is_asked_and_each_code_counts_once(
    client: httpx.AsyncClient, resources: Resources, person: Caller, clock: MovableClock
) -> None:
    """From password alone to password and code; the same code again, an old one and a wrong one are refused."""
    name = await name_of(resources, person)
    secret, codes = await enrolled(client, name, clock)
    used = totp.hotp(secret, totp.counter_at(clock()))
    assert await sign_in(client, name) == (401, "second_factor_needed")
    assert await sign_in(client, name, "wrong password 1") == (401, "sign_in_refused")
    assert await sign_in(client, name, code=used) == (401, "second_factor_refused")
    clock.move(seconds=30)
    fresh = totp.hotp(secret, totp.counter_at(clock()))
    assert await sign_in(client, name, code=fresh) == (201, "")
    assert await sign_in(client, name, code=fresh) == (401, "second_factor_refused")
    clock.move(minutes=5)
    assert await sign_in(client, name, code=codes[0]) == (201, "")
    assert await sign_in(client, name, code=codes[0]) == (401, "second_factor_refused")
    state = (await client.get("/v1/me/second-factor")).json()
    assert state == {"is_on": True, "recovery_codes_left": totp.RECOVERY_CODES - 1}
    again = await post(client, "/v1/me/second-factor", {"password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (409, "second_factor_state")


async def test_codes_are_not_guessed(
    client: httpx.AsyncClient, resources: Resources, person: Caller, clock: MovableClock
) -> None:
    """Five guesses, then one a minute, the right one included."""
    name = await name_of(resources, person)
    secret, _ = await enrolled(client, name, clock)
    clock.move(hours=1)
    outcomes = [(await sign_in(client, name, code="000000"))[0] for _ in range(7)]
    assert outcomes == [401] * 5 + [429] * 2
    right = totp.hotp(secret, totp.counter_at(clock()))
    assert (await sign_in(client, name, code=right))[0] == 429
    clock.move(seconds=90)
    right = totp.hotp(secret, totp.counter_at(clock()))
    assert (await sign_in(client, name, code=right))[0] == 201


async def test_nothing_usable_lies_in_the_database(
    database_url: str, clock: MovableClock, now: datetime, password_hash: str, tmp_path: Path
) -> None:
    """The secret is sealed for its owner, recovery codes and tokens are digests; stored answers have neither."""
    key = tmp_path / "key"
    key.write_bytes(bytes(range(32)))
    settings = Settings(
        database_url=database_url,
        redis_url="unix:///nowhere",
        public_origin=ORIGIN,
        signing_key_path=str(key),
    )
    async with open_desk(settings, clock=clock) as resources:
        caller = await make_caller(
            resources.pool, Role.BANK_MAKER, now=now, password_hash=password_hash
        )
        async with client_on(resources, headers={"Sec-Fetch-Site": "same-origin"}) as client:
            name = await name_of(resources, caller)
            secret, codes = await enrolled(client, name, clock)
            clock.move(seconds=30)
            fresh = totp.hotp(secret, totp.counter_at(clock()))
            assert await sign_in(client, name, code=fresh) == (201, "")
        stored = await resources.pool.fetchval("SELECT secret FROM market.second_factors")
        assert secret not in stored
        dumped = b""
        for table in ("second_factors", "recovery_codes", "idempotency_keys", "audit_entries"):
            rows = await resources.pool.fetch(f"SELECT t::text FROM market.{table} t")
            dumped += "".join(row[0] for row in rows).encode()
        for hidden in (totp.spelled(secret), secret.hex(), *codes):
            assert hidden.encode() not in dumped
            assert hidden.encode().hex().encode() not in dumped


async def test_staff_without_a_second_factor_can_only_turn_it_on(
    resources: Resources, person: Caller, clock: MovableClock
) -> None:
    """Where the setting demands it, a session has no roles before the second factor is on, and all of them after."""
    settings = msgspec.structs.replace(resources.settings, second_factor_required="staff")
    async with open_desk(settings, clock=clock) as demanding:
        name = await name_of(resources, person)
        async with client_on(demanding, headers={"Sec-Fetch-Site": "same-origin"}) as client:
            assert await sign_in(client, name) == (201, "")
            assert (await client.get("/v1/me")).json()["acting_roles"] == []
            refused = await client.get("/v1/cases")
            assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_demanded")
            led = await client.get("/ledger", headers={"Accept": "text/html"})
            assert (led.status_code, led.headers["location"]) == (303, "/access")
            assert 'data-part="demanded"' in (await client.get("/access")).text
            await enrolled(client, name, clock)
            assert 'data-part="demanded"' not in (await client.get("/access")).text
            assert (await client.get("/v1/me")).json()["acting_roles"] == ["bank_maker"]
            assert (await client.get("/v1/cases")).status_code == 200


async def test_a_key_does_no_more_than_its_owner_may_without_a_second_factor(
    resources: Resources, person: Caller, clock: MovableClock
) -> None:
    """A key made before the setting demanded one has no roles either, until its owner's second factor is on."""
    key = await key_of(resources.pool, person, now=clock())
    settings = msgspec.structs.replace(resources.settings, second_factor_required="staff")
    async with open_desk(settings, clock=clock) as demanding:
        name = await name_of(resources, person)
        async with client_on(demanding, headers={"Sec-Fetch-Site": "same-origin"}) as client:
            assert (await client.get("/v1/cases", headers=key)).status_code == 403
            assert await sign_in(client, name) == (201, "")
            await enrolled(client, name, clock)
            assert (await client.get("/v1/cases", headers=key)).status_code == 200


async def administrator(resources: Resources, now: datetime) -> dict[str, str]:
    """Somebody who administers the platform, by key."""
    caller = await make_caller(resources.pool, Role.PLATFORM_ADMINISTRATOR, now=now)
    return await key_of(resources.pool, caller, now=now)


def invitation(person: Caller, **changed: Any) -> dict[str, Any]:
    """Somebody new for the person's organisation."""
    return {
        "organisation_id": str(person.organisation_id),
        "username": "new.hand",
        "display_name": "新同事 New Hand",
        "roles": ["bank_checker"],
        "reason": "joined in May",
    } | changed


async def test_an_invitation_lets_one_person_in_once(
    client: httpx.AsyncClient, resources: Resources, person: Caller, clock: MovableClock
) -> None:
    """Their own password; then the link is dead, as it is once it has run out or was taken back."""
    admin = await administrator(resources, clock())
    made = await post(client, "/v1/invitations", invitation(person), **admin)
    token = made.json()["token"]
    assert token not in (await client.get("/v1/invitations", headers=admin)).text
    path, good = "/v1/invitations/acceptance", {"token": token, "password": NEW_PASSWORD}
    weak = await client.post(path, json=good | {"password": "short"})
    assert (weak.status_code, weak.json()["code"]) == (400, "invalid_input")
    assert (await client.post(path, json=good | {"token": token[:-1] + "!"})).status_code == 422
    accepted = await client.post(path, json=good)
    assert (accepted.status_code, accepted.json()["roles"]) == (201, ["bank_checker"])
    assert (await client.post(path, json=good)).json()["code"] == "invitation_refused"
    assert await sign_in(client, "new.hand", NEW_PASSWORD) == (201, "")
    taken = await post(client, "/v1/invitations", invitation(person), **admin)
    assert (taken.status_code, taken.json()["code"]) == (409, "already_exists")
    late = await post(
        client, "/v1/invitations", invitation(person, username="late", hours=1), **admin
    )
    back = await post(client, "/v1/invitations", invitation(person, username="back"), **admin)
    gone = back.json()["invitation"]["id"]
    assert (await client.delete(f"/v1/invitations/{gone}", headers=admin)).status_code == 204
    clock.move(hours=1, seconds=1)
    for dead in (late, back):
        body = {"token": dead.json()["token"], "password": NEW_PASSWORD}
        assert (await client.post(path, json=body)).json()["code"] == "invitation_refused"


async def test_a_reset_ends_everything_and_shows_nobody_a_password(
    client: httpx.AsyncClient, resources: Resources, person: Caller, clock: MovableClock
) -> None:
    """Sessions and keys are dead at once, the old password too; the person sets a new one by the link."""
    admin = await administrator(resources, clock())
    key = await key_of(resources.pool, person, now=clock())
    name = await name_of(resources, person)
    assert await sign_in(client, name) == (201, "")
    made = await post(client, f"/v1/users/{person.user_id}/password-reset", **admin)
    clock.move(seconds=1)
    assert (await client.get("/v1/me")).status_code == 401
    client.cookies.clear()
    assert (await client.get("/v1/me", headers=key)).status_code == 401
    assert await sign_in(client, name) == (401, "sign_in_refused")
    body = {"token": made.json()["token"], "password": NEW_PASSWORD}
    assert (await client.post("/v1/invitations/acceptance", json=body)).status_code == 201
    assert await sign_in(client, name, NEW_PASSWORD) == (201, "")


async def test_two_administrators_give_rights_together(
    client: httpx.AsyncClient, resources: Resources, person: Caller, clock: MovableClock
) -> None:
    """Once there are two people, neither makes users, invites or changes roles alone; what is approved is done once."""
    one, two = [await administrator(resources, clock()) for _ in range(2)]
    direct = invitation(person) | {"password": NEW_PASSWORD}
    del direct["reason"]
    assert (await post(client, "/v1/users", direct, **one)).json()["code"] == "approval_missing"
    made = (await post(client, "/v1/invitations", invitation(person), **one)).json()
    accept = {"token": made["token"], "password": NEW_PASSWORD}
    early = await client.post("/v1/invitations/acceptance", json=accept)
    assert early.json()["code"] == "approval_missing"
    (waiting,) = (await client.get("/v1/approvals", headers=two)).json()["items"]
    yes = {"approved": True, "sha256": waiting["sha256"], "reason": "known to me"}
    decision = f"/v1/approvals/{waiting['id']}/decision"
    assert (await post(client, decision, yes, **one)).json()["code"] == "same_person"
    assert (await post(client, decision, yes, **two)).json()["state"] == "approved"
    assert (await client.post("/v1/invitations/acceptance", json=accept)).status_code == 201

    user = f"/v1/users/{person.user_id}"
    roles = {"roles": ["bank_maker", "bank_checker"]}
    change: dict[str, str] = one | {"If-Match": '"1"'}
    assert (await client.patch(user, json=roles, headers=change)).json()[
        "code"
    ] == "approval_missing"
    asked = (await post(client, f"{user}/rights", roles | {"reason": "holiday"}, **one)).json()
    yes = {"approved": True, "sha256": asked["sha256"], "reason": "agreed"}
    await post(client, f"/v1/approvals/{asked['id']}/decision", yes, **two)
    other = await client.patch(user, json={"roles": ["bank_checker"]}, headers=change)
    assert other.json()["code"] == "approval_missing"
    assert (await client.patch(user, json=roles, headers=change)).status_code == 200
    off = change | {"If-Match": '"2"'}
    alone = await client.patch(user, json={"is_active": False}, headers=off)
    assert alone.json()["code"] == "approval_missing"


async def test_a_user_switched_off_is_out_within_a_second(
    client: httpx.AsyncClient, resources: Resources, person: Caller, clock: MovableClock
) -> None:
    """In every process: another one believes what it knows for a second at most."""
    admin, name = await administrator(resources, clock()), await name_of(resources, person)
    async with (
        open_desk(resources.settings, clock=clock) as elsewhere,
        client_on(elsewhere) as other,
    ):
        assert await sign_in(client, name) == (201, "")
        other.cookies = client.cookies
        assert (await other.get("/v1/me")).status_code == 200
        change = admin | {"If-Match": '"1"'}
        path = f"/v1/users/{person.user_id}"
        answer = await client.patch(path, json={"is_active": False}, headers=change)
        assert answer.status_code == 200
        assert (await client.get("/v1/me")).status_code == 401
        clock.move(seconds=1)
        assert (await other.get("/v1/me")).status_code == 401


async def test_sessions_end_idle_and_at_last(
    client: httpx.AsyncClient, resources: Resources, person: Caller, clock: MovableClock
) -> None:
    """Thirty minutes untouched, twelve hours at most (reliability T44); each sign-in is a session of its own."""
    name = await name_of(resources, person)
    assert await sign_in(client, name) == (201, "")
    first = dict(client.cookies)
    assert await sign_in(client, name) == (201, "")
    assert dict(client.cookies) != first
    started = clock()
    while clock() < started + timedelta(hours=11, minutes=40):
        clock.move(minutes=20)
        assert (await client.get("/v1/me")).status_code == 200
    clock.move(minutes=21)
    assert (await client.get("/v1/me")).status_code == 401
    assert await sign_in(client, name) == (201, "")
    clock.move(minutes=30, seconds=1)
    assert (await client.get("/v1/me")).status_code == 401


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"kind": "agency", "is_science_branch": True}, "invalid_input"),
        ({"kind": "bank", "authority": "fiscal"}, "invalid_input"),
        ({"kind": "bank", "parent_id": str(UUID(int=9))}, "not_found"),
        ({"kind": "bank", "is_science_branch": True, "region": "420100"}, None),
        ({"kind": "regulator", "authority": "ip_office"}, None),
        ({"kind": "expert"}, None),
        ({"kind": "pledgor"}, None),
        ({"kind": "park", "region": "420115"}, None),
    ],
    ids=str,
)
async def test_organisations_of_all_kinds(
    client: httpx.AsyncClient,
    resources: Resources,
    now: datetime,
    given: dict[str, Any],
    code: str | None,
) -> None:
    """Kinds of domain 1; a branch has its bank, a regulator its authority, and nobody else has either."""
    admin = await administrator(resources, now)
    answer = await post(client, "/v1/organisations", {"name": "某机构"} | given, **admin)
    assert (answer.json().get("code") if answer.is_error else None) == code, answer.text
    if code is None:
        assert {name: answer.json()[name] for name in given} == given


async def test_a_branch_belongs_to_a_bank(
    client: httpx.AsyncClient, resources: Resources, person: Caller, now: datetime
) -> None:
    """A branch of a bank, none of a branch, none of another kind."""
    admin = await administrator(resources, now)
    body = {"kind": "bank", "name": "科技支行", "parent_id": str(person.organisation_id)}
    branch = await post(client, "/v1/organisations", body, **admin)
    assert branch.status_code == 201
    nested = await post(
        client, "/v1/organisations", body | {"parent_id": branch.json()["id"]}, **admin
    )
    assert nested.json()["code"] == "invalid_input"


async def test_one_person_is_known_by_the_identity_number(
    client: httpx.AsyncClient, resources: Resources, person: Caller, now: datetime
) -> None:
    """Two accounts of one number are one person; the number itself is nowhere."""
    admin = await administrator(resources, now)
    ids = []
    one, other = "110101199003070011", "X123456"
    for name, number in (("acc.one", one), ("acc.two", one), ("acc.three", other)):
        body = invitation(person, username=name, roles=["bank_maker"]) | {
            "password": NEW_PASSWORD,
            "identity_number": number,
        }
        del body["reason"]
        ids.append(UUID((await post(client, "/v1/users", body, **admin)).json()["id"]))
    rows = await resources.pool.fetch(
        "SELECT person_id, u::text AS whole FROM market.users u WHERE id = ANY ($1) ORDER BY username",
        ids,
    )
    people = {row["person_id"] for row in rows}
    assert len(people) == 2
    assert all("1990" not in row["whole"] for row in rows)


async def test_who_is_invited_is_known_as_a_person_too(
    client: httpx.AsyncClient, resources: Resources, person: Caller, now: datetime
) -> None:
    """A second account by an invitation is the same person: it cannot check what the first one made."""
    admin = await administrator(resources, now)
    number = "110101199003070011"
    first = invitation(person, username="acc.maker", roles=["bank_maker"]) | {
        "password": NEW_PASSWORD,
        "identity_number": number,
    }
    del first["reason"]
    made = await post(client, "/v1/users", first, **admin)
    second = invitation(person, username="acc.checker") | {"identity_number": number}
    asked = await post(client, "/v1/invitations", second, **admin)
    assert asked.status_code == 201, asked.text
    assert "identity" not in asked.text
    link = {"token": asked.json()["token"], "password": NEW_PASSWORD}
    let_in = await post(client, "/v1/invitations/acceptance", link)
    assert let_in.status_code == 201, let_in.text
    rows = await resources.pool.fetch(
        "SELECT person_id FROM market.users WHERE id = ANY ($1)",
        [UUID(made.json()["id"]), UUID(let_in.json()["id"])],
    )
    assert len(rows) == 2
    assert len({row["person_id"] for row in rows}) == 1
    wrong = invitation(person, username="acc.third") | {"identity_number": "x"}
    assert (await post(client, "/v1/invitations", wrong, **admin)).json()["code"] == "invalid_input"
