"""The edge as a caller meets it: policies, problems, strict bodies, idempotency, headers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from litestar import Litestar, Request, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from kit.errors import Conflict
from kit.ids import uuid7
from marketplace.app import Resources, create_app
from marketplace.audit import service as audit
from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now, Visitor
from marketplace.edge.guards import RouteRefused
from marketplace.edge.policies import allow, public, signed_in
from marketplace.organisations.http import routes as organisation_routes
from marketplace.organisations.schemas import Caller, Role
from tests.make_people import ORIGIN, MovableClock, client_of, key_of, make_caller


class Note(msgspec.Struct, forbid_unknown_fields=True):
    amount_fen: Annotated[int, msgspec.Meta(ge=1)]
    refuse: bool = False
    fail: bool = False
    wait: bool = False


class Noted(msgspec.Struct):
    id: UUID
    amount_fen: int


#: Says that a handler is inside its transaction, and holds it there until a test lets it go.
entered, gate = asyncio.Event(), asyncio.Event()


@post("/v1/notes", opt={"policy": allow(Role.BANK_MAKER)}, request_max_body_size=1024)
async def write_note(conn: Conn, caller: Me, now: Now, data: JSONBody[Note]) -> Noted:
    """Write an audit entry, then refuse, fail or wait as the body says."""
    entry = await audit.record(
        conn, caller, now=now, action="noted", subject="note", subject_id="1", after=data
    )
    if data.wait:
        entered.set()
        await gate.wait()
    if data.refuse:
        raise Conflict("refused by rule")
    if data.fail:
        raise RuntimeError("a failure with a secret in its text")
    return Noted(id=entry, amount_fen=data.amount_fen)


@post("/v1/plain", opt={"policy": signed_in(), "idempotency": "none"})
async def write_plainly(conn: Conn, caller: Me, now: Now, data: JSONBody[Note]) -> None:
    """Write an audit entry without a key."""
    await audit.record(conn, caller, now=now, action="noted", subject="plain", subject_id="1")
    if data.fail:
        raise Conflict()


@get("/v1/whoami", opt={"policy": public()})
async def whoami(visitor: Visitor) -> dict[str, str]:
    """The caller's name, if known."""
    return {"name": "" if visitor is None else visitor.display_name}


@get("/v1/scope", opt={"policy": signed_in()})
async def scope(reader: Conn, n: FromQuery[int] = 0) -> dict[str, Any]:
    """The organisation that row-level security would see."""
    return {
        "organisation": await reader.fetchval("SELECT current_setting('app.organisation', true)"),
        "n": n,
    }


@get("/v1/broken-database", opt={"policy": public()})
async def broken(error: FromQuery[str]) -> None:
    """Fail as a database does."""
    raise {
        "timeout": TimeoutError,
        "gone": ConnectionResetError,
        "deadlock": asyncpg.DeadlockDetectedError,
        "twice": asyncpg.UniqueViolationError,
    }[error]()


@patch("/v1/notes/{note_id:uuid}", opt={"policy": signed_in()})
async def edit(note_id: FromPath[UUID], if_match: IfMatch, data: JSONBody[Note]) -> int:
    """The version that the caller changes."""
    return if_match


@get("/v1/pages", opt={"policy": signed_in()})
async def pages(position: At) -> list[str]:
    """The position asked for."""
    return [str(position.after), str(position.limit)]


@post("/v1/turned", opt={"policy": signed_in()})
async def turn(conn: Conn, position: At, if_match: IfMatch) -> int:
    """The version given, by who needs a connection too."""
    return if_match


@post("/form", opt={"policy": signed_in()})
async def take_form(request: Request[Any, Any, Any], conn: Conn) -> list[str]:
    """The names in a form."""
    return sorted(await request.form())


PROBES = [write_note, write_plainly, whoami, scope, broken, edit, pages, turn, take_form]


@pytest.fixture
async def maker(resources: Resources, now: datetime) -> Caller:
    return await make_caller(resources.pool, Role.BANK_MAKER, now=now)


@pytest.fixture
def app(resources: Resources) -> Litestar:
    entered.clear()
    gate.clear()
    return create_app(resources, routes=[*PROBES, *organisation_routes])


@pytest.fixture
async def client(
    app: Litestar, resources: Resources, maker: Caller, now: datetime
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, headers=await key_of(resources.pool, maker, now=now)) as opened:
        yield opened


def key(text: str = "k1") -> dict[str, str]:
    return {"Idempotency-Key": text}


async def notes(resources: Resources) -> int:
    found = await resources.pool.fetchval(
        "SELECT count(*) FROM market.audit_entries WHERE action = 'noted'"
    )
    assert isinstance(found, int)
    return found


async def test_repeated_request_gets_the_first_answer(
    client: httpx.AsyncClient, resources: Resources
) -> None:
    """The same key and the same body are answered with the stored answer, and the work is done once."""
    first = await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    second = await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert await notes(resources) == 1


async def test_key_with_another_request_is_refused(
    client: httpx.AsyncClient, resources: Resources
) -> None:
    """A key that came with another body before is refused, and nothing is done."""
    await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    other = await client.post("/v1/notes", json={"amount_fen": 6}, headers=key())
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert await notes(resources) == 1


async def test_refusal_by_rule_is_stored_and_its_work_undone(
    client: httpx.AsyncClient, resources: Resources
) -> None:
    """A refusal by rule is an answer: the work is rolled back, and a repetition gets the same refusal."""
    body = {"amount_fen": 5, "refuse": True}
    first = await client.post("/v1/notes", json=body, headers=key())
    second = await client.post("/v1/notes", json=body, headers=key())
    assert (first.status_code, second.status_code) == (409, 409)
    assert second.content == first.content
    assert second.headers["content-type"] == "application/problem+json"
    assert second.headers["idempotent-replayed"] == "true"
    assert await notes(resources) == 0


async def test_failure_leaves_the_key_free(client: httpx.AsyncClient, resources: Resources) -> None:
    """A failure of ours stores nothing, tells nothing of its cause, and the key may be used again."""
    failed = await client.post("/v1/notes", json={"amount_fen": 5, "fail": True}, headers=key())
    assert failed.status_code == 500
    assert "secret" not in failed.text
    assert await notes(resources) == 0
    assert (
        await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    ).status_code == 201


async def test_malformed_request_leaves_the_key_free(client: httpx.AsyncClient) -> None:
    """A malformed body is no use of its key."""
    assert (
        await client.post("/v1/notes", json={"amount_fen": "5"}, headers=key())
    ).status_code == 400
    assert (
        await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    ).status_code == 201


async def test_concurrent_request_is_told_so(
    client: httpx.AsyncClient, resources: Resources
) -> None:
    """While the first request runs, a second with its key gets 409 and does nothing; afterwards the answer."""
    body = {"amount_fen": 5, "wait": True}
    running = asyncio.create_task(client.post("/v1/notes", json=body, headers=key()))
    async with asyncio.timeout(5):
        await entered.wait()
        meanwhile = await client.post("/v1/notes", json=body, headers=key())
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency_in_progress")
    assert meanwhile.headers["retry-after"] == "1"
    gate.set()
    first = await running
    after = await client.post("/v1/notes", json=body, headers=key())
    assert (first.status_code, after.status_code) == (201, 201)
    assert after.content == first.content
    assert await notes(resources) == 1


async def test_fifty_requests_with_one_key_work_once(
    client: httpx.AsyncClient, resources: Resources
) -> None:
    """However many arrive at once, one works; the others get its answer or are told that it runs."""
    answers = await asyncio.gather(
        *(client.post("/v1/notes", json={"amount_fen": 5}, headers=key()) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert await notes(resources) == 1


async def test_keys_belong_to_an_organisation(
    client: httpx.AsyncClient, app: Litestar, resources: Resources, now: datetime
) -> None:
    """Another organisation's equal key is another key."""
    stranger = await make_caller(resources.pool, Role.BANK_MAKER, now=now)
    await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    async with client_of(app, headers=await key_of(resources.pool, stranger, now=now)) as other:
        answer = await other.post("/v1/notes", json={"amount_fen": 6}, headers=key())
    assert answer.status_code == 201
    assert await notes(resources) == 2


async def test_colleague_does_not_get_the_answer(
    client: httpx.AsyncClient, app: Litestar, resources: Resources, maker: Caller, now: datetime
) -> None:
    """A colleague's equal request under the same key is another request, and is refused."""
    colleague = await make_caller(
        resources.pool, Role.BANK_MAKER, now=now, organisation_id=maker.organisation_id
    )
    await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    async with client_of(app, headers=await key_of(resources.pool, colleague, now=now)) as other:
        answer = await other.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    assert answer.json()["code"] == "idempotency_key_reused"


async def test_failed_commit_is_no_success(
    client: httpx.AsyncClient, resources: Resources, database_url: str
) -> None:
    """A constraint that fails at the commit itself gives a problem, stores no answer and leaves the key free."""
    owner = await asyncpg.connect(database_url)
    await owner.execute(
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON market.audit_entries DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.action = 'noted') EXECUTE FUNCTION market.refuse_change()"
    )
    failed = await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    assert (failed.status_code, failed.json()["code"]) == (500, "internal")
    assert failed.headers["content-type"] == "application/problem+json"
    assert await notes(resources) == 0
    await owner.execute("DROP TRIGGER late ON market.audit_entries")
    await owner.close()
    assert (
        await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    ).status_code == 201
    assert resources.requests.get_idle_size() == resources.requests.get_size()


async def test_connection_lost_in_the_commit_is_a_problem(
    client: httpx.AsyncClient, resources: Resources, database_url: str
) -> None:
    """Nobody knows what became of the commit; the caller is told to ask again, under the same key."""
    owner = await asyncpg.connect(database_url)
    await owner.execute(
        "CREATE FUNCTION public.cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'"
    )
    await owner.execute(
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON market.audit_entries DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.action = 'noted') EXECUTE FUNCTION public.cut()"
    )
    failed = await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    assert (failed.status_code, failed.json()["code"]) == (503, "unavailable")
    assert failed.headers["content-type"] == "application/problem+json"
    await owner.execute("DROP TRIGGER late ON market.audit_entries")
    await owner.close()
    again = await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    assert again.status_code == 201
    assert await notes(resources) == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [(None, "idempotency_key_missing"), ("a b", "invalid_input"), ("x" * 256, "invalid_input")],
    ids=["none", "with a space", "256 long"],
)
async def test_key_has_a_form(client: httpx.AsyncClient, given: str | None, code: str) -> None:
    """A POST without a key, or with one of another form, is refused before any work."""
    headers = {} if given is None else key(given)
    answer = await client.post("/v1/notes", json={"amount_fen": 5}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_unkeyed_transaction_is_rolled_back_by_a_refusal(
    client: httpx.AsyncClient, resources: Resources
) -> None:
    """Without a key too, a refusal undoes the work and success keeps it."""
    assert (await client.post("/v1/plain", json={"amount_fen": 1, "fail": True})).status_code == 409
    assert await notes(resources) == 0
    assert (await client.post("/v1/plain", json={"amount_fen": 1})).status_code == 201
    assert await notes(resources) == 1


async def test_every_connection_goes_back(client: httpx.AsyncClient, resources: Resources) -> None:
    """After any outcome, no connection is kept and none stays in a transaction or a role of another's."""
    for number, body in enumerate(({}, {"refuse": True}, {"fail": True}, {"amount_fen": 0})):
        for _ in range(8):
            await client.post("/v1/notes", json={"amount_fen": 5} | body, headers=key(f"k{number}"))
    assert resources.requests.get_idle_size() == resources.requests.get_size()
    async with resources.requests.acquire() as connection:
        assert not connection.is_in_transaction()
        for name in ("app.organisation", "app.kind", "app.scope"):
            told = await connection.fetchval("SELECT current_setting($1, true)", name)
            assert told in (None, ""), name
        assert await connection.fetchval("SELECT current_user") == "luochui_app"
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "30s"


MEDIA = [
    ("text/plain", b'{"amount_fen": 5}'),
    ("application/x-www-form-urlencoded", b"amount_fen=5"),
    ("multipart/form-data; boundary=x", b"--x--"),
    ("application/msgpack", b"\x80"),
    ("", b'{"amount_fen": 5}'),
]


@pytest.mark.parametrize(("media", "body"), MEDIA, ids=[m[0] or "none" for m in MEDIA])
async def test_body_of_another_type_is_refused(
    client: httpx.AsyncClient, media: str, body: bytes
) -> None:
    """Only application/json is read; a form of another site can't pass for it."""
    headers = key() | ({"Content-Type": media} if media else {})
    answer = await client.post("/v1/notes", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_problem_has_its_shape(client: httpx.AsyncClient) -> None:
    """A refusal is a problem document with a stable code, the field, and both languages."""
    answer = await client.post("/v1/notes", json={"amount_fen": "5"}, headers=key())
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:luochui:problem:invalid_input",
        "title": "A field holds something that it may not hold.",
        "status": 400,
        "code": "invalid_input",
        "detail": "amount_fen: expected `int`, got `str`",
        "detail_zh": "amount_fen：须为整数，不能是文本",
        "field": "amount_fen",
    }


REFUSALS = [
    ("unknown path", "GET", "/v1/nothing", 404, "not_found"),
    ("wrong method", "PUT", "/v1/notes", 405, "method_not_allowed"),
    ("not a uuid", "GET", "/v1/users/7", 404, "not_found"),
    ("query of another type", "GET", "/v1/scope?n=x", 400, "invalid_input"),
    ("limit too large", "GET", "/v1/pages?limit=201", 400, "invalid_input"),
    ("cursor made up", "GET", "/v1/pages?cursor=x", 400, "invalid_cursor"),
    ("framework's own pages", "GET", "/.openapi/openapi.json", 403, "forbidden"),
    ("role missing", "GET", "/v1/users", 403, "forbidden"),
    ("database slow", "GET", "/v1/broken-database?error=timeout", 503, "unavailable"),
    ("database gone", "GET", "/v1/broken-database?error=gone", 503, "unavailable"),
    ("the same at once", "GET", "/v1/broken-database?error=twice", 409, "conflict"),
    ("database deadlock", "GET", "/v1/broken-database?error=deadlock", 503, "unavailable"),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS]
)
async def test_refusal_has_status_and_code(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    """Whatever refuses a request, the answer is a problem document with the table's status."""
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_large_body_is_refused(client: httpx.AsyncClient) -> None:
    """A body beyond the route's limit is refused with 413."""
    answer = await client.post("/v1/notes", json={"amount_fen": 5, "x": "y" * 2000}, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_missing_body_is_named(client: httpx.AsyncClient) -> None:
    """A POST without a body is told that the body is missing."""
    answer = await client.post("/v1/notes", headers=key() | {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["field"]) == (400, "body")


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (None, 428, "version_missing"),
        ("*", 400, "invalid_input"),
        ('"3"', 200, None),
        ('W/"3"', 400, "invalid_input"),
    ],
)
async def test_edit_names_its_version(
    client: httpx.AsyncClient, now: datetime, given: str | None, status: int, code: str | None
) -> None:
    """An edit says by If-Match which version it changes."""
    headers = {} if given is None else {"If-Match": given}
    answer = await client.patch(f"/v1/notes/{uuid7(now)}", json={"amount_fen": 1}, headers=headers)
    assert answer.status_code == status
    assert code is None or answer.json()["code"] == code


async def test_reader_sees_for_its_organisation(client: httpx.AsyncClient, maker: Caller) -> None:
    """Row-level security learns for whom a connection works."""
    assert (await client.get("/v1/scope")).json()["organisation"] == str(maker.organisation_id)


async def test_unknown_caller_is_refused(app: Litestar) -> None:
    """Without credentials a route that asks for someone answers 401, and a public one answers."""
    async with client_of(app) as nobody:
        refused = await nobody.get("/v1/scope")
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert (await nobody.get("/v1/whoami")).json() == {"name": ""}


async def test_bad_key_is_refused_everywhere(app: Litestar) -> None:
    """Who sends a bad key is told so on public routes too."""
    async with client_of(app, headers={"Authorization": "Bearer lc_live_x_y"}) as stranger:
        assert (await stranger.get("/v1/whoami")).status_code == 401


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    """Pages, files, refusals: no foreign or inline script, no framing, no guessing of types."""
    for path in ("/healthz", "/docs", "/static/docs.js", "/v1/nothing", "/v1/users"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
    assert (await client.get("/v1/me")).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["%00", "docs.js%00", "docs.js/x", "x" * 300, "x/" * 2000, ""])
async def test_what_is_no_file_of_ours_is_not_found(client: httpx.AsyncClient, name: str) -> None:
    """Also what could be the name of no file anywhere: a system's error would be ours."""
    assert (await client.get(f"/static/{name}")).status_code == 404


async def test_no_connection_is_taken_for_who_is_refused_before(
    client: httpx.AsyncClient, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor that is none, and a missing version, cost no connection, nor the cancelling of one's query."""
    taken: list[object] = []
    acquire = resources.requests.acquire

    def counted(*, timeout: float) -> object:
        taken.append(timeout)
        return acquire(timeout=timeout)

    monkeypatch.setattr(resources.requests, "acquire", counted)
    cursor = await client.post("/v1/turned?cursor=!", headers=key() | {"If-Match": '"1"'})
    assert (cursor.status_code, cursor.json()["field"]) == (400, "cursor")
    version = await client.post("/v1/turned", headers=key())
    assert (version.status_code, version.json()["field"]) == (428, "If-Match")
    assert taken == []
    good = await client.post("/v1/turned", headers=key() | {"If-Match": '"3"'})
    assert (good.status_code, good.text, len(taken)) == (201, "3", 1)


@pytest.mark.parametrize(
    ("path", "kind", "parts", "answer"),
    [
        ("/v1/turned", "application/json", [b"{", b"}"], "3"),
        ("/form", "application/x-www-form-urlencoded", [b"a=1&", b"b=2"], '["a","b"]'),
        (
            "/form",
            "multipart/form-data; boundary=x",
            [b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n', b"1\r\n--x--\r\n"],
            '["a"]',
        ),
    ],
)
async def test_no_connection_waits_for_a_slow_body(
    client: httpx.AsyncClient,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    kind: str,
    parts: list[bytes],
    answer: str,
) -> None:
    """It is taken once the body is there, also where no handler declares one: a form, a step that needs none."""
    taken: list[int] = []
    acquire = resources.requests.acquire
    sent = 0

    def counted(*, timeout: float) -> object:
        taken.append(sent)
        return acquire(timeout=timeout)

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal sent
        for part in parts:
            await asyncio.sleep(0.05)
            sent += 1
            yield part

    monkeypatch.setattr(resources.requests, "acquire", counted)
    headers = key() | {"If-Match": '"3"', "Content-Type": kind}
    given = await client.post(path, content=slowly(), headers=headers)
    assert (given.status_code, given.text, taken) == (201, answer, [len(parts)])


def without_policy() -> Any:
    """A route that forgot to say who may call it."""

    @get("/v1/forgotten")
    async def forgotten() -> None: ...

    return forgotten


def with_wrong_policy() -> Any:
    """A route whose policy is a mere text."""

    @get("/v1/wrong", opt={"policy": "everybody"})
    async def wrong() -> None: ...

    return wrong


class Lenient(msgspec.Struct):
    name: str


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: list[Lenient] | None = None


def with_lenient_body() -> Any:
    """A route whose body has, deep inside, a struct that ignores unknown fields."""

    @post("/v1/lenient", opt={"policy": public(), "idempotency": "none"})
    async def lenient(data: JSONBody[Outer]) -> None: ...

    return lenient


def without_conn() -> Any:
    """A POST whose answers can't be stored, and that does not say so."""

    @post("/v1/unstored", opt={"policy": signed_in()})
    async def unstored(data: JSONBody[Note]) -> None: ...

    return unstored


@pytest.mark.parametrize(
    "route", [without_policy, with_wrong_policy, with_lenient_body, without_conn]
)
async def test_application_does_not_start(resources: Resources, route: Any) -> None:
    """A route that declares too little stops the start."""
    with pytest.raises(RouteRefused):
        create_app(resources, routes=[route()])


SITES = [
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"}, 403),
    ({"Origin": ORIGIN}, 401),
    ({"Sec-Fetch-Site": "same-origin"}, 401),
    ({}, 401),
]


@pytest.mark.parametrize(("headers", "status"), SITES, ids=[str(s[0]) for s in SITES])
async def test_other_sites_cannot_send_requests(
    app: Litestar, headers: dict[str, str], status: int
) -> None:
    """A browser's request for another site's page is refused, whoever is signed in; our own goes on."""
    async with client_of(app) as browser:
        answer = await browser.post("/v1/plain", json={"amount_fen": 5}, headers=headers)
    assert answer.status_code == status


async def test_clock_is_read_once_a_request(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock
) -> None:
    """What a request writes carries the application clock's time."""
    clock.move(hours=2)
    await client.post("/v1/notes", json={"amount_fen": 5}, headers=key())
    assert (
        await resources.pool.fetchval("SELECT at FROM market.audit_entries WHERE action = 'noted'")
        == clock.now
    )
