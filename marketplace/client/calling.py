"""How the client calls: keys, repetitions, errors. Written by hand; the methods in `rooms/` are made from the routes.

Every POST that the API keeps answers for has an Idempotency-Key, the caller's or a new one. When nobody knows whether
a request was carried out (the connection broke, or the answer is 503 or 504), it is sent again under the same key: the
API then gives the first answer, or does it now. A request without a key that changes something is never repeated.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import msgspec

from kit.errors import InvalidInput, LuochuiError

T = TypeVar("T")
PROBLEM = "application/problem+json"
_AGAIN = frozenset({429, 503, 504})
_IN_PROGRESS = "idempotency_in_progress"
_SAFE = frozenset({"GET", "HEAD"})
_OWN = frozenset({"type", "title", "status", "code", "detail", "detail_zh", "field", "context"})


class ApiRefused(LuochuiError):
    """The API refused; `code` says why. / 接口拒绝了请求，原因见 code。"""

    code = "api_refused"
    status: int = 0


class OutcomeUnknown(LuochuiError):
    """Nobody knows whether it was done; ask again under the same key. / 结果未知，请用同一幂等键再次询问。"""

    code = "client_outcome_unknown"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A server-sent event: its id (to come back with), its kind, and its data as JSON."""

    id: str | None
    kind: str
    data: Any


class Calls:
    """Sends requests for the rooms. `pause_seconds` is the first pause between repetitions; each one doubles it."""

    def __init__(
        self, http: httpx.AsyncClient, *, attempts: int = 5, pause_seconds: float = 0.2
    ) -> None:
        assert attempts >= 1
        self._http = http
        self._attempts = attempts
        self._pause_seconds = pause_seconds

    async def struct(
        self,
        method: str,
        path: str,
        returns: type[T],
        *,
        query: Mapping[str, object] | None = None,
        body: object = msgspec.UNSET,
        content: tuple[bytes, str] | None = None,
        key: str | None = None,
        version: int | None = None,
    ) -> T:
        """The answer as a struct (or a list of them)."""
        response = await self._send(method, path, query, body, content, key, version)
        return msgspec.json.decode(response.content, type=returns)

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = msgspec.UNSET,
        content: tuple[bytes, str] | None = None,
        key: str | None = None,
        version: int | None = None,
    ) -> bytes:
        """The answer as it is: a file, or nothing."""
        return (await self._send(method, path, query, body, content, key, version)).content

    async def events(
        self, path: str, *, query: Mapping[str, object] | None = None, last: str | None = None
    ) -> AsyncIterator[Event]:
        """Server-sent events until the server ends; who comes back gives the `last` id that it has seen."""
        headers = {} if last is None else {"Last-Event-ID": last}
        async with self._http.stream(
            "GET",
            path,
            params=_params(query),
            headers=headers,
            timeout=httpx.Timeout(30.0, read=None),
        ) as response:
            if not response.is_success:
                await response.aread()
                raise error_of(response)
            async for event in _parsed(response.aiter_lines()):
                yield event

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None,
        body: object,
        content: tuple[bytes, str] | None,
        key: str | None,
        version: int | None,
    ) -> httpx.Response:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        if key is not None:
            headers["Idempotency-Key"] = key
        sent: bytes | None = None
        if content is not None:
            sent, headers["Content-Type"] = content
        elif body is not msgspec.UNSET:
            sent, headers["Content-Type"] = msgspec.json.encode(body), "application/json"
        may_repeat = method in _SAFE or key is not None
        for attempt in range(1, self._attempts + 1):
            is_last = attempt == self._attempts or not may_repeat
            try:
                response = await self._http.request(
                    method, path, params=_params(query), headers=headers, content=sent
                )
            except httpx.TransportError as error:
                if is_last:
                    raise OutcomeUnknown(f"{method} {path}: {error}", key=key) from error
                await self._pause(attempt, None)
                continue
            if not is_last and _is_for_later(response):
                await self._pause(attempt, response.headers.get("retry-after"))
                continue
            if response.headers.get("content-type", "").startswith(PROBLEM):
                raise error_of(response)
            return response
        raise AssertionError("the last attempt returns or raises")

    async def _pause(self, attempt: int, retry_after: str | None) -> None:
        seconds = self._pause_seconds * (1 << (attempt - 1))
        if retry_after is not None and retry_after.isdigit():
            seconds = max(seconds, float(retry_after)) if self._pause_seconds else 0.0
        await asyncio.sleep(seconds)


def new_key() -> str:
    """An Idempotency-Key that nobody has used."""
    return str(uuid4())


def error_of(response: httpx.Response) -> LuochuiError:
    """A problem document as the error that it was: of its own class where this process knows it."""
    try:
        problem = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.DecodeError:
        problem = {}
    code = str(problem.get("code", f"http_{response.status_code}"))
    context = dict(problem.get("context") or {})
    context |= {name: value for name, value in problem.items() if name not in _OWN}
    if problem.get("field") is not None:
        context["field"] = problem["field"]
    kind: type[LuochuiError] = _known(LuochuiError, code) or type(
        "ApiRefused", (ApiRefused,), {"code": code}
    )
    error: LuochuiError = Exception.__new__(kind)  # its own constructor may want other things
    LuochuiError.__init__(
        error,
        str(problem.get("detail", response.reason_phrase)),
        str(problem.get("detail_zh", "")) or None,
        **context,
    )
    if isinstance(error, InvalidInput):
        error.field = str(context.get("field", ""))
    if isinstance(error, ApiRefused):
        error.status = response.status_code
    return error


def _known(kind: type[LuochuiError], code: str) -> type[LuochuiError] | None:
    if kind.__dict__.get("code") == code and not issubclass(kind, ApiRefused):
        return kind
    return next((found for below in kind.__subclasses__() if (found := _known(below, code))), None)


def _is_for_later(response: httpx.Response) -> bool:
    if response.status_code in _AGAIN:
        return True
    return response.status_code == 409 and _IN_PROGRESS in response.text


def _params(query: Mapping[str, object] | None) -> dict[str, str]:
    return {
        name: str(msgspec.to_builtins(value))
        for name, value in (query or {}).items()
        if value is not None
    }


async def _parsed(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = (
                f"{fields[name]}\n{value}" if name == "data" and name in fields else value
            )
            continue
        if "data" in fields:
            yield Event(
                id=fields.get("id"),
                kind=fields.get("event", "message"),
                data=msgspec.json.decode(fields["data"]),
            )
        fields = {}
