"""Sign-in, sessions and API keys, as a browser and as a program."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from statistics import median

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher
from litestar import Litestar

from marketplace.app import Resources, create_app, open_desk
from marketplace.edge.identity import cookie_name
from marketplace.organisations.gate import network_of
from marketplace.organisations.http import routes
from marketplace.organisations.passwords import PasswordChecksBusy, Passwords
from marketplace.organisations.schemas import Caller, Role
from tests.make_people import ORIGIN, PASSWORD, MovableClock, client_of, key_of, make_caller


@pytest.fixture
def app(resources: Resources) -> Litestar:
    return create_app(resources, routes=routes)


@pytest.fixture
async def browser(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, headers={"Origin": ORIGIN}) as opened:
        yield opened


@pytest.fixture
async def maker(resources: Resources, now: datetime) -> Caller:
    hashed = await resources.passwords.hash(PASSWORD)
    return await make_caller(
        resources.pool, Role.BANK_MAKER, Role.BANK_CHECKER, now=now, password_hash=hashed
    )


async def username_of(resources: Resources, caller: Caller) -> str:
    name = await resources.pool.fetchval(
        "SELECT username FROM market.users WHERE id = $1", caller.user_id
    )
    assert isinstance(name, str)
    return name


async def sign_in(
    browser: httpx.AsyncClient, username: str, password: str = PASSWORD
) -> httpx.Response:
    return await browser.post("/v1/session", json={"username": username, "password": password})


@pytest.fixture
async def signed(
    browser: httpx.AsyncClient, resources: Resources, maker: Caller
) -> httpx.AsyncClient:
    answer = await sign_in(browser, await username_of(resources, maker))
    assert answer.status_code == 201
    return browser


async def test_sign_in_gives_a_guarded_cookie(
    browser: httpx.AsyncClient, resources: Resources, maker: Caller
) -> None:
    """The token comes as a cookie that scripts can't read, and only its hash is stored."""
    answer = await sign_in(browser, await username_of(resources, maker))
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie
    token = browser.cookies["luochui"]
    assert token not in answer.text
    stored = await resources.pool.fetchval("SELECT token_hash FROM market.sessions")
    assert len(token) >= 43
    assert token.encode() not in stored
    assert answer.headers["cache-control"] == "no-store"


async def test_https_makes_the_cookie_a_host_cookie(
    database_url: str, resources: Resources, clock: MovableClock, maker: Caller
) -> None:
    """Where browsers come by https, the cookie is `Secure` and its name binds it to the host."""
    settings = msgspec.structs.replace(resources.settings, public_origin="https://luochui.example")
    async with (
        open_desk(settings, clock=clock) as opened,
        client_of(create_app(opened, routes=routes)) as browser,
    ):
        answer = await sign_in(browser, await username_of(resources, maker))
    assert answer.headers["set-cookie"].startswith("__Host-luochui=")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_me_says_who_i_am(signed: httpx.AsyncClient, maker: Caller) -> None:
    """The profile names user, organisation and roles, and no hash."""
    profile = (await signed.get("/v1/me")).json()
    assert profile["user"]["id"] == str(maker.user_id)
    assert profile["organisation"]["id"] == str(maker.organisation_id)
    assert profile["acting_roles"] == ["bank_checker", "bank_maker"]
    assert "argon2" not in str(profile)


async def test_signing_in_changes_the_session(
    signed: httpx.AsyncClient, app: Litestar, resources: Resources, maker: Caller
) -> None:
    """A session known before sign-in is dead after it, and a made-up token is never taken over."""
    old = signed.cookies["luochui"]
    await sign_in(signed, await username_of(resources, maker))
    new = signed.cookies["luochui"]
    assert new != old
    async with client_of(app, cookies={"luochui": old}) as thief:
        assert (await thief.get("/v1/me")).status_code == 401
    async with client_of(app, cookies={"luochui": "planted"}) as victim:
        await sign_in(victim, await username_of(resources, maker))
        assert "planted" not in [cookie.value for cookie in victim.cookies.jar if cookie.domain]


async def test_signing_out_ends_the_session(signed: httpx.AsyncClient, app: Litestar) -> None:
    """After sign-out the token is dead, not only forgotten by the browser."""
    token = signed.cookies["luochui"]
    assert (await signed.delete("/v1/session")).status_code == 204
    async with client_of(app, cookies={"luochui": token}) as again:
        assert (await again.get("/v1/me")).status_code == 401


async def test_session_dies_of_idleness(signed: httpx.AsyncClient, clock: MovableClock) -> None:
    """A session used every 29 minutes lives; one left for 30 minutes is dead."""
    for _ in range(3):
        clock.move(minutes=29)
        assert (await signed.get("/v1/me")).status_code == 200
    clock.move(minutes=30, seconds=1)
    assert (await signed.get("/v1/me")).status_code == 401


async def test_session_dies_of_age(signed: httpx.AsyncClient, clock: MovableClock) -> None:
    """However much it is used, a session ends after twelve hours."""
    for _ in range(12 * 60 // 20 - 1):
        clock.move(minutes=20)
        assert (await signed.get("/v1/me")).status_code == 200
    clock.move(minutes=21)
    assert (await signed.get("/v1/me")).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE market.users SET is_active = false WHERE id = $1",
        "UPDATE market.organisations o SET is_active = false FROM market.users u"
        " WHERE o.id = u.organisation_id AND u.id = $1",
        "UPDATE market.sessions SET ended_at = now() WHERE user_id = $1",
    ],
    ids=["user switched off", "organisation switched off", "ended elsewhere"],
)
async def test_session_dies_within_a_second(
    signed: httpx.AsyncClient, resources: Resources, maker: Caller, clock: MovableClock, change: str
) -> None:
    """What another process ends is dead here within a second."""
    assert (await signed.get("/v1/me")).status_code == 200
    await resources.pool.execute(change, maker.user_id)
    clock.move(seconds=1)
    assert (await signed.get("/v1/me")).status_code == 401


async def test_sessions_are_listed_and_ended(
    signed: httpx.AsyncClient, app: Litestar, resources: Resources, maker: Caller
) -> None:
    """I see where I am signed in, and end a session elsewhere."""
    async with client_of(app, headers={"User-Agent": "phone"}) as phone:
        await sign_in(phone, await username_of(resources, maker))
        listed = (await signed.get("/v1/sessions")).json()["items"]
        assert [(item["user_agent"] == "phone", item["is_current"]) for item in listed] in (
            [(True, False), (False, True)],
            [(False, True), (True, False)],
        )
        other = next(item for item in listed if not item["is_current"])
        assert (await signed.delete(f"/v1/sessions/{other['id']}")).status_code == 204
        assert (await phone.get("/v1/me")).status_code == 401
    assert (await signed.delete(f"/v1/sessions/{other['id']}")).status_code == 404


async def test_new_password_ends_the_other_sessions(
    signed: httpx.AsyncClient, app: Litestar, resources: Resources, maker: Caller
) -> None:
    """A new password needs the old one, ends all other sessions, and is the only one that works."""
    name = await username_of(resources, maker)
    async with client_of(app) as other:
        await sign_in(other, name)
        wrong = await signed.post(
            "/v1/me/password", json={"old_password": "no", "new_password": "new horse 8888"}
        )
        assert (wrong.status_code, wrong.json()["field"]) == (401, "old_password")
        body = {"old_password": PASSWORD, "new_password": "new horse 8888"}
        assert (await signed.post("/v1/me/password", json=body)).status_code == 204
        assert (await other.get("/v1/me")).status_code == 401
        assert (await signed.get("/v1/me")).status_code == 200
        assert (await sign_in(other, name)).status_code == 401
        assert (await sign_in(other, name, "new horse 8888")).status_code == 201


async def test_guessing_the_old_password_is_guessing_at_sign_in(
    signed: httpx.AsyncClient, app: Litestar, resources: Resources, maker: Caller, now: datetime
) -> None:
    """Wrong old passwords spend the attempts of sign-in, and a key changes no password."""
    body = {"old_password": "no", "new_password": "new horse 8888"}
    given = [(await signed.post("/v1/me/password", json=body)).status_code for _ in range(12)]
    assert (given[0], given[-1]) == (401, 429)
    assert (await sign_in(signed, await username_of(resources, maker))).status_code == 429
    key = await key_of(resources.pool, maker, now=now)
    async with client_of(app) as program:
        refused = await program.post("/v1/me/password", json=body, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_refusals_do_not_tell_who_exists(
    browser: httpx.AsyncClient, resources: Resources, maker: Caller, now: datetime
) -> None:
    """Wrong password, unknown user, user without password, switched-off user: one answer, byte for byte."""
    silent = await make_caller(resources.pool, Role.BANK_MAKER, now=now)
    off = await make_caller(
        resources.pool,
        Role.BANK_MAKER,
        now=now,
        password_hash=await resources.passwords.hash(PASSWORD),
    )
    await resources.pool.execute(
        "UPDATE market.users SET is_active = false WHERE id = $1", off.user_id
    )
    answers = [
        await sign_in(browser, await username_of(resources, maker), "wrong password"),
        await sign_in(browser, "nobody-by-this-name"),
        await sign_in(browser, await username_of(resources, silent)),
        await sign_in(browser, await username_of(resources, off)),
        await sign_in(browser, "system"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert not browser.cookies


async def test_unknown_user_takes_as_long() -> None:
    """A password for nobody is hashed as well: the medians lie within a third of each other."""
    passwords = Passwords()
    stored = await passwords.hash(PASSWORD)
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(15):
        for is_known in (True, False):
            began = time.perf_counter()
            assert not await passwords.is_right("wrong", stored if is_known else None)
            times[is_known].append(time.perf_counter() - began)
    known, unknown = median(times[True]), median(times[False])
    assert abs(known - unknown) < max(known, unknown) / 3
    passwords.close()


async def test_stored_password_is_argon2id(resources: Resources, maker: Caller) -> None:
    """The stored hash is argon2id with at least 19 MiB and two passes."""
    stored = await resources.pool.fetchval(
        "SELECT password_hash FROM market.users WHERE id = $1", maker.user_id
    )
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_outdated_hash_is_replaced(
    browser: httpx.AsyncClient, resources: Resources, maker: Caller
) -> None:
    """Signing in renews a hash of weaker parameters, and the password stays the same."""
    weak = PasswordHasher(memory_cost=1024, time_cost=1, parallelism=1).hash(PASSWORD)
    await resources.pool.execute(
        "UPDATE market.users SET password_hash = $2 WHERE id = $1", maker.user_id, weak
    )
    name = await username_of(resources, maker)
    assert (await sign_in(browser, name)).status_code == 201
    await test_stored_password_is_argon2id(resources, maker)
    assert (await sign_in(browser, name)).status_code == 201


async def test_guessing_is_slowed_down(
    browser: httpx.AsyncClient, resources: Resources, maker: Caller, clock: MovableClock
) -> None:
    """Ten guesses, then 429 even for the right password; half a minute later one more."""
    name = await username_of(resources, maker)
    for number in range(10):
        assert (await sign_in(browser, name, f"guess {number}")).status_code == 401
    refused = await sign_in(browser, name)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) >= 1
    clock.move(seconds=31)
    assert (await sign_in(browser, name)).status_code == 201


async def test_forwarded_addresses_are_not_believed(
    browser: httpx.AsyncClient, resources: Resources, maker: Caller
) -> None:
    """Another X-Forwarded-For at each guess does not make a new guesser."""
    name = await username_of(resources, maker)
    statuses = [
        (
            await browser.post(
                "/v1/session",
                json={"username": name, "password": "guess"},
                headers={
                    "X-Forwarded-For": f"192.0.2.{number}",
                    "Forwarded": f"for=192.0.2.{number}",
                },
            )
        ).status_code
        for number in range(11)
    ]
    assert statuses == [401] * 10 + [429]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("testclient", "testclient"),
    ],
)
def test_neighbours_share_a_bucket(address: str, network: str) -> None:
    """Attempts are counted by /24 and /64."""
    assert network_of(address) == network


async def test_too_many_waiting_checks_are_turned_away() -> None:
    """Beyond what may wait, a check is refused at once instead of queued."""
    passwords = Passwords()
    results = await asyncio.gather(
        *(passwords.is_right("x", None) for _ in range(60)), return_exceptions=True
    )
    assert {type(result) for result in results} == {bool, PasswordChecksBusy}
    assert not any(result is True for result in results)
    passwords.close()


async def new_key(
    signed: httpx.AsyncClient, roles: list[str], idempotency_key: str = "k"
) -> httpx.Response:
    return await signed.post(
        "/v1/api-keys",
        json={"name": "n", "roles": roles, "days": 30},
        headers={"Idempotency-Key": idempotency_key},
    )


async def test_key_lives_from_creation_to_revocation(
    signed: httpx.AsyncClient, app: Litestar, clock: MovableClock
) -> None:
    """A key works until it is revoked, is listed without its secret, and notes when it was used."""
    made = (await new_key(signed, ["bank_maker"])).json()
    async with client_of(app, headers={"Authorization": f"Bearer {made['key']}"}) as program:
        profile = (await program.get("/v1/me")).json()
        assert profile["acting_roles"] == ["bank_maker"]
        listed = (await signed.get("/v1/api-keys")).json()["items"]
        assert [item["id"] for item in listed] == [made["api_key"]["id"]]
        assert listed[0]["last_used_at"] is not None
        assert made["key"].split("_")[3] not in str(listed)
        assert (await signed.delete(f"/v1/api-keys/{made['api_key']['id']}")).status_code == 204
        assert (await program.get("/v1/me")).status_code == 401
        assert (await signed.delete(f"/v1/api-keys/{made['api_key']['id']}")).status_code == 404


async def test_what_proves_one_thing_proves_no_other(
    signed: httpx.AsyncClient, app: Litestar
) -> None:
    """Also while it is believed without asking: a key under another id, a key as a session."""
    key: str = (await new_key(signed, ["bank_maker"])).json()["key"]
    _, _, public_id, secret = key.split("_")
    other = f"lc_live_{public_id[::-1]}_{secret}"
    async with client_of(app) as stranger:
        for header in (
            {"Authorization": f"Bearer {other}"},
            {"Cookie": f"{cookie_name(ORIGIN)}={secret}"},
        ):
            own = await stranger.get("/v1/me", headers={"Authorization": f"Bearer {key}"})
            assert own.status_code == 200
            assert (await stranger.get("/v1/me", headers=header)).status_code == 401, header


async def test_key_expires(signed: httpx.AsyncClient, app: Litestar, clock: MovableClock) -> None:
    """A key of thirty days is dead on the thirty-first."""
    made = (await new_key(signed, ["bank_maker"])).json()
    async with client_of(app, headers={"Authorization": f"Bearer {made['key']}"}) as program:
        clock.move(days=29, hours=23)
        assert (await program.get("/v1/me")).status_code == 200
        clock.move(hours=1, seconds=1)
        assert (await program.get("/v1/me")).status_code == 401


async def test_key_is_nowhere_in_the_database(
    signed: httpx.AsyncClient, resources: Resources
) -> None:
    """Neither the key table nor the stored answer nor the audit trail holds the secret; a repetition shows none."""
    first = await new_key(signed, ["bank_maker"])
    secret = first.json()["key"].split("_")[3]
    for table in ("api_keys", "idempotency_keys", "audit_entries", "sessions"):
        rows = await resources.pool.fetch(f"SELECT t::text, t.* FROM market.{table} t")
        assert rows
        assert secret not in str([list(row.values()) for row in rows])
    again = await new_key(signed, ["bank_maker"])
    assert again.json() == first.json() | {"key": None}


async def test_key_has_no_more_roles_than_its_owner(
    signed: httpx.AsyncClient,
    app: Litestar,
    resources: Resources,
    maker: Caller,
    clock: MovableClock,
) -> None:
    """A key can't be made with a role I lack, can't make keys, and loses a role together with me."""
    refused = await new_key(signed, ["platform_administrator"])
    assert (refused.status_code, refused.json()["code"]) == (422, "role_not_allowed")
    made = (await new_key(signed, ["bank_maker"], "k2")).json()
    async with client_of(app, headers={"Authorization": f"Bearer {made['key']}"}) as program:
        assert (await new_key(program, ["bank_maker"], "k3")).status_code == 400
        await resources.pool.execute(
            "UPDATE market.users SET roles = '{bank_checker}' WHERE id = $1", maker.user_id
        )
        clock.move(seconds=1)
        assert (await program.get("/v1/me")).json()["acting_roles"] == []


@pytest.mark.parametrize(
    "change",
    ["", "lc_live_", "x" * 100, "{key}\n", "{key}x", "Bearer {key}"],
)
async def test_almost_a_key_is_none(signed: httpx.AsyncClient, app: Litestar, change: str) -> None:
    """Whatever is not exactly a key is refused."""
    made = (await new_key(signed, ["bank_maker"])).json()
    wrong = change.replace("{key}", made["key"]).replace("\n", "%0a")
    async with client_of(app, headers={"Authorization": f"Bearer {wrong}"}) as program:
        assert (await program.get("/v1/me")).status_code == 401


@pytest.mark.parametrize("place", [0, 1])
async def test_key_with_a_changed_letter_is_refused(
    signed: httpx.AsyncClient, app: Litestar, place: int
) -> None:
    """One letter of the id or of the secret changed: no key."""
    parts = (await new_key(signed, ["bank_maker"])).json()["key"].split("_")
    part = parts[2 + place]
    parts[2 + place] = part[:-1] + ("a" if part[-1] != "a" else "b")
    async with client_of(app, headers={"Authorization": f"Bearer {'_'.join(parts)}"}) as program:
        assert (await program.get("/v1/me")).status_code == 401


async def test_no_token_of_another_kind_is_taken(app: Litestar) -> None:
    """There are no JSON web tokens here, unsigned ones included (reliability T48)."""
    token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"luochui={token}"}):
        async with client_of(app, headers=headers) as program:
            assert (await program.get("/v1/me")).status_code == 401
