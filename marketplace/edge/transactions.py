"""One request, one transaction: opened for a handler that asks for `conn`, committed before its answer leaves.

A request under an Idempotency-Key keeps its transaction open until the answer is complete, so that the answer is
stored with the work or not at all; the work itself sits in a savepoint, so that a refusal by rule undoes the work
and is still remembered. `AnswerKeeper` holds the answer back until that commit has succeeded.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeAlias, cast
from uuid import UUID

import asyncpg
import msgspec
from asyncpg.transaction import Transaction
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from kit.sql import Connection, Pool
from marketplace.edge import idempotency, problems
from marketplace.edge.identity import identity_of
from marketplace.edge.reach import enter_request

_SCOPE_KEY = "luochui.work"
_ACQUIRE_SECONDS = 5.0
#: Refusals by rule, which are answers and are kept; everything else above 399 leaves the key free.
_KEPT_REFUSALS = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})

#: What needs another dependency is provided after all that need none: who comes with a cursor that is none, or without
#: a version, is refused before a connection is taken, not while it is (the framework provides the rest all at once).
_After: TypeAlias = NamedDependency[SkipValidation[datetime]]

#: In a route's `opt`: "stored" (default of POST under /v1), "own" (the route keeps its own ids, as bids do), "none".
IDEMPOTENCY = "idempotency"
#: In a route's `opt`: names of answer fields that are shown once and never stored.
SHOWN_ONCE = "shown_once"


class _Work:
    """The open transaction of a request under an Idempotency-Key."""

    def __init__(self, request: Request[Any, Any, Any], pool: Pool, conn: Connection) -> None:
        self.request = request
        self.pool = pool
        self.conn = conn
        self.transaction: Transaction = conn.transaction()
        self.key = ""
        self.fingerprint = b""
        self.organisation_id: UUID | None = None
        self.is_open = True

    async def begin(self) -> None:
        """Start the transaction and take the key."""
        await self.transaction.start()
        identity = identity_of(self.request)
        assert identity is not None, (
            "a route that stores its answers needs a policy that asks who calls"
        )
        await enter_request(self.conn, self.request)
        self.key = idempotency.key_of(self.request)
        self.organisation_id = identity.caller.organisation_id
        self.fingerprint = await idempotency.fingerprint_of(self.request, identity.caller.user_id)
        await idempotency.claim(self.conn, self.organisation_id, self.key, self.fingerprint)

    async def finish(self, answer: idempotency.StoredAnswer) -> None:
        """Store the answer and commit, or roll back an answer that is not one."""
        assert self.organisation_id is not None
        if answer.status >= HTTPStatus.BAD_REQUEST and answer.status not in _KEPT_REFUSALS:
            await self.abandon()
            return
        hidden = self.request.route_handler.opt.get(SHOWN_ONCE, ())
        await idempotency.store(
            self.conn,
            self.organisation_id,
            self.key,
            fingerprint=self.fingerprint,
            answer=_without(answer, hidden) if answer.status < HTTPStatus.BAD_REQUEST else answer,
            now=self.request.app.state.resources.clock(),
        )
        await self.transaction.commit()
        await self._release()

    async def abandon(self) -> None:
        """Undo everything; does nothing once finished, nor when the connection broke: the pool has it back then."""
        if not self.is_open:
            return
        try:
            with suppress(asyncpg.InterfaceError):
                if not self.conn.is_closed() and self.conn.is_in_transaction():
                    await self.transaction.rollback()
        finally:
            await self._release()

    async def _release(self) -> None:
        self.is_open = False
        await self.pool.release(cast("Any", self.conn))


async def provide_conn(
    request: Request[Any, Any, Any], now: _After
) -> AsyncGenerator[Connection, None]:
    """The connection of a handler that changes something, inside its transaction.

    The body is read first: who sends it a byte a minute would hold a connection that everybody else needs.
    """
    await request.body()
    pool: Pool = request.app.state.resources.requests
    if is_stored(request.method, request.scope["path"], request.route_handler.opt):
        work = _Work(request, pool, await pool.acquire(timeout=_ACQUIRE_SECONDS))
        try:
            await work.begin()
        except BaseException:
            await work.abandon()
            raise
        request.scope[_SCOPE_KEY] = work  # type: ignore[literal-required]  # our own key beside ASGI's
        async with work.conn.transaction():
            yield work.conn
        return
    async with transaction_of(request) as conn:
        yield conn


@asynccontextmanager
async def transaction_of(request: Request[Any, Any, Any]) -> AsyncGenerator[Connection, None]:
    """A transaction for the request's caller, for a handler that must do something slow before it opens one."""
    pool: Pool = request.app.state.resources.requests
    async with pool.acquire(timeout=_ACQUIRE_SECONDS) as conn, conn.transaction():
        await enter_request(conn, request)
        yield conn


async def provide_reader(
    request: Request[Any, Any, Any], now: _After
) -> AsyncGenerator[Connection, None]:
    """The connection of a handler that only reads: no transaction, given back when the answer is ready."""
    async with reader_of(request) as conn:
        yield conn


@asynccontextmanager
async def reader_of(request: Request[Any, Any, Any]) -> AsyncGenerator[Connection, None]:
    """A connection to read by, for a handler that does something slow afterwards and holds none meanwhile."""
    pool: Pool = request.app.state.resources.requests
    async with pool.acquire(timeout=_ACQUIRE_SECONDS) as conn:
        await enter_request(conn, request)
        yield conn


def is_stored(method: str, path: str, opt: dict[str, Any]) -> bool:
    """Whether the answers of a route are stored under their Idempotency-Key."""
    default = "stored" if method == "POST" and path.startswith("/v1/") else "none"
    return bool(opt.get(IDEMPOTENCY, default) == "stored")


class AnswerKeeper:
    """Middleware: an answer whose work is still open leaves only after the work is committed with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through, but for requests under an Idempotency-Key."""
        started: list[Message] = []
        body: list[bytes] = []

        async def keep(message: Message) -> None:
            work = _work_of(scope)
            if work is None or not work.is_open:
                await send(message)
            elif message["type"] == "http.response.start":
                started.append(message)
            elif message["type"] == "http.response.body":
                body.append(message.get("body", b""))
                if not message.get("more_body", False):
                    for held in await _commit(work, started[0], b"".join(body)):
                        await send(held)

        try:
            await self.app(scope, receive, keep)
        finally:
            if (work := _work_of(scope)) is not None:
                await work.abandon()


async def _commit(work: _Work, start: Message, body: bytes) -> list[Message]:
    """The messages to send: the answer once it is committed, or the problem that kept it from being so."""
    try:
        await work.finish(_answer(start, body))
    except (
        Exception
    ) as error:  # too late for the framework's handlers: they take the answer for sent
        await work.abandon()
        refusal = problems.answer(problems.translate(error))
        body = refusal.content
        headers = refusal.headers | {
            "content-type": problems.MEDIA_TYPE,
            "content-length": str(len(body)),
        }
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        status = refusal.status_code or HTTPStatus.INTERNAL_SERVER_ERROR
        start = {"type": "http.response.start", "status": status, "headers": encoded}
    return [start, {"type": "http.response.body", "body": body, "more_body": False}]


def _work_of(scope: Scope) -> _Work | None:
    return cast("_Work | None", scope.get(_SCOPE_KEY))


def _answer(start: Message, body: bytes) -> idempotency.StoredAnswer:
    assert start["type"] == "http.response.start"
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]
    }
    return idempotency.StoredAnswer(status=start["status"], headers=headers, body=body)


def _without(answer: idempotency.StoredAnswer, fields: tuple[str, ...]) -> idempotency.StoredAnswer:
    """The answer with `fields` emptied: what is shown once is not stored."""
    if not fields:
        return answer
    content = msgspec.json.decode(answer.body, type=dict[str, Any])
    content |= dict.fromkeys(fields)
    return msgspec.structs.replace(answer, body=msgspec.json.encode(content))
