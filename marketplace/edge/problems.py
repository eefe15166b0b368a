"""Errors as answers: one table from code to status, one shape (RFC 9457), one place that builds it."""

import logging
from http import HTTPStatus
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from kit.errors import Conflict, InvalidInput, LuochuiError, NotFound, Unavailable
from marketplace.consignments.rules import SamePerson
from marketplace.edge.decoder_words import in_chinese
from marketplace.edge.statuses import STATUSES

MEDIA_TYPE = "application/problem+json"
#: The framework's words for a connection that was closed within a request's body.
_CLIENT_LEFT = "client disconnected prematurely"
_log = logging.getLogger("luochui.edge")


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, for programs (`code`, `field`, `context`) and for people (the rest, in two languages)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    detail_zh: str
    field: str | None = None
    context: dict[str, Any] | None = None


class InternalError(LuochuiError):
    """Something failed inside; it has been logged. / 内部错误，已记录。"""

    code = "internal"


class MethodNotAllowed(LuochuiError):
    """This path does not answer to this method. / 此路径不支持该方法。"""

    code = "method_not_allowed"


class BodyTooLarge(LuochuiError):
    """The body is larger than this route takes. / 请求体过大。"""

    code = "body_too_large"


class TooManyRequests(LuochuiError):
    """Too many attempts; wait and try again. / 尝试过于频繁，请稍后再试。"""

    code = "too_many_requests"


def status_of(error: LuochuiError) -> int:
    """The HTTP status of an error's code, or of the nearest parent's that the table knows."""
    for kind in type(error).__mro__:
        if (status := STATUSES.get(getattr(kind, "code", ""))) is not None:
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(error: LuochuiError) -> Problem:
    """The problem document of an error."""
    context = dict(error.context)
    field = context.pop("field", None)
    return Problem(
        type=f"urn:luochui:problem:{error.code}",
        title=_title(type(error)),
        status=status_of(error),
        code=error.code,
        detail=error.message,
        detail_zh=error.message_zh,
        field=None if field is None else str(field),
        context=msgspec.to_builtins(context, str_keys=True) if context else None,
    )


def answer(error: LuochuiError) -> Response[bytes]:
    """The answer to a request that met `error`."""
    problem = problem_of(error)
    headers = {"Cache-Control": "no-store"}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="luochui"'
    if (wait := _seconds_to_wait(problem.status, error.context)) is not None:
        headers["Retry-After"] = str(wait)
    return Response(
        content=msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def _seconds_to_wait(status: int, context: dict[str, object]) -> int | None:
    """What `Retry-After` says: what the error knows, else a second where trying again makes sense."""
    if isinstance(wait_ms := context.get("retry_after_ms"), int):
        return max(1, -(-wait_ms // 1000))
    if isinstance(wait := context.get("retry_after_seconds"), int):
        return wait
    return 1 if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE) else None


def _title(kind: type[LuochuiError]) -> str:
    return (kind.__doc__ or kind.code).strip().partition(" / ")[0].splitlines()[0].strip()


def _on_luochui_error(_: Request[Any, Any, Any], error: LuochuiError) -> Response[bytes]:
    return answer(error)


def _on_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """The framework's own refusals, in our words."""
    match error.status_code:
        case 500 if error.detail == _CLIENT_LEFT:
            _log.info("client_left before its request had wholly arrived")
            return answer(Unavailable())  # nobody reads it
        case 404:
            return answer(NotFound())
        case 405:
            return answer(MethodNotAllowed())
        case 413:
            return answer(BodyTooLarge())
        case 400:
            return answer(_invalid_parameter(error))
        case _:
            _log.error("framework_error status=%s", error.status_code, exc_info=error)
            return answer(InternalError())


def _invalid_parameter(error: HTTPException) -> InvalidInput:
    """The first parameter (path, query, header or a missing body) that was refused."""
    extra = error.extra if isinstance(error, ValidationException) else None
    first = extra[0] if isinstance(extra, list) and extra else {}
    field = str(first.get("key", "request"))
    text = str(first.get("message", error.detail)).partition(" - at ")[0]
    if field == "data":
        return InvalidInput("body", "is missing; send a JSON object", "缺失；须为 JSON 对象")
    return InvalidInput(field, text, in_chinese(text))


#: What the database says when one person would take both steps of a pair (`market.two_people`).
_SAME_PERSON = "LC069"


def translate(error: Exception) -> LuochuiError:
    """What a failure of the database or the network means to a caller (reliability 0.4.16)."""
    match error:
        case LuochuiError():
            return error
        case ExceptionGroup():  # several parts of a request failed at once: what is not mere waiting counts
            found = [translate(each) for each in error.exceptions]
            return next((each for each in found if not isinstance(each, Unavailable)), found[0])
        case asyncpg.CharacterNotInRepertoireError() | asyncpg.UntranslatableCharacterError():
            return InvalidInput(
                "request", "contains a character that cannot be stored", "包含无法存储的字符"
            )
        case asyncpg.UniqueViolationError():  # a room that expects one says it in its own words
            _log.warning("same_at_once constraint=%s", error.constraint_name)
            return Conflict(
                "the same was done at the same moment; read it again, then decide",
                "同一操作已同时发生，请重新读取后再决定",
            )
        case asyncpg.PostgresError() if error.sqlstate == _SAME_PERSON:
            return SamePerson()
        case (
            asyncpg.PostgresConnectionError()
            | asyncpg.InterfaceError()
            | asyncpg.InternalClientError()
            | asyncpg.CannotConnectNowError()
            | asyncpg.AdminShutdownError()
            | asyncpg.CrashShutdownError()
            | asyncpg.TooManyConnectionsError()
            | asyncpg.SerializationError()
            | asyncpg.DeadlockDetectedError()
            | asyncpg.QueryCanceledError()
            | asyncpg.LockNotAvailableError()
            | TimeoutError()
            | ConnectionError()
        ):
            _log.warning("unavailable cause=%s", type(error).__name__, exc_info=error)
            return Unavailable()
        case _:
            _log.error("internal_error cause=%s", type(error).__name__, exc_info=error)
            return InternalError()


def _on_exception(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    return answer(translate(error))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    LuochuiError: _on_luochui_error,
    HTTPException: _on_http_exception,
    Exception: _on_exception,
}
