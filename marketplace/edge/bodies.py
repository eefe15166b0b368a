"""Bodies: JSON and nothing else, decoded strictly.

The framework would take `"5"`, `1e3` and `5.0` for a whole number, the last of two equal keys, and JSON under any
content type, so that a form on another site could reach a session; and it would die of deep nesting
(reliability 0.4.14). So a request decodes its own body here, and hands the framework a finished struct, from
which it still documents the body.
"""

import json
import re
from functools import cache
from typing import Any, NoReturn

import msgspec
from litestar import Request
from litestar.datastructures import State

from kit.errors import InvalidInput, LuochuiError
from marketplace.edge.days import require_years
from marketplace.edge.decoder_words import in_chinese
from marketplace.edge.identity import Identity

DEPTH_MAX = 32
#: Strings (also one without an end) are skipped whole, so that a bracket in a text counts for nothing.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_AT = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")
_NAMED = re.compile(r"(?:unknown|required) field `([^`]*)`")


class MalformedBody(LuochuiError):
    """The body must be JSON, without repeated names, at most 32 levels deep. / 请求体不是合法的 JSON。"""

    code = "malformed_body"


class _Unfit(ValueError):
    """JSON by its grammar, but nothing that is taken here."""

    def __init__(self, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.message_zh = message_zh


class UnsupportedMediaType(LuochuiError):
    """Send the body as `Content-Type: application/json`. / 请求体须为 application/json。"""

    code = "unsupported_media_type"


class StrictRequest(Request[Identity | None, Any, State]):
    """A request whose JSON body is decoded strictly into the type that its route declares."""

    async def json(self) -> Any:
        """The decoded body; refused unless it is exactly what the route declares."""
        if self.content_type[0] != "application/json":
            raise UnsupportedMediaType()
        field = self.route_handler.parsed_data_field
        return decode(await self.body(), Any if field is None else field.annotation)


def decode(body: bytes, kind: Any) -> Any:
    """`body` as a value of `kind`. Raises MalformedBody, or InvalidInput that names the field."""
    _refuse_depth(body)
    try:
        json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=str,
            parse_float=str,
            parse_constant=_refuse_constant,
        )
        value = _decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise invalid_field(str(error)) from error
    except (ValueError, RecursionError) as error:
        # Of the kinds caught here none quotes the body at length: a position at most.
        raise MalformedBody(
            f"the body is not valid JSON: {_short(error)}",
            f"请求体不是合法的 JSON：{_short_in_chinese(error)}",
        ) from error
    require_years(value)
    return value


def invalid_field(message: str) -> InvalidInput:
    """What the decoder said ("Expected `int`, got `str` - at `$.a.b`"), as an error that names the field."""
    place = _AT.search(message)
    path = place.group(1) if place else ""
    text = message[: place.start()] if place else message
    if named := _NAMED.search(text):
        path = f"{path}.{named.group(1)}".lstrip(".")
    return InvalidInput(path or "body", text[:1].lower() + text[1:], in_chinese(text))


def _refuse_depth(body: bytes) -> None:
    depth = 0
    for token in _TOKEN.finditer(body):
        first = token[0][:1]
        if first in b"[{":
            depth += 1
        elif first in b"]}":
            depth -= 1
        if depth > DEPTH_MAX:
            raise MalformedBody(
                f"the body is nested more than {DEPTH_MAX} deep", f"请求体嵌套超过 {DEPTH_MAX} 层"
            )


def _unique(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        raise _Unfit(
            f"the name {twice[:60]!r} stands twice in one object",
            f"同一对象中重复出现名称 {twice[:60]!r}",
        )
    for name, value in pairs:
        _refuse_unstorable(name)
        _refuse_unstorable(value)


def _refuse_unstorable(value: Any) -> None:
    """No text column holds U+0000, or half of a surrogate pair."""
    if isinstance(value, list):
        for item in value:
            _refuse_unstorable(item)
    elif isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
        raise _Unfit(
            "a text contains U+0000 or half of a surrogate pair",
            "文本含 U+0000 或不成对的代理项",
        )


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _refuse_constant(name: str) -> NoReturn:
    raise _Unfit(f"{name} is not JSON", f"{name} 不是 JSON")


def _short(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)[:160]


def _short_in_chinese(error: Exception) -> str:
    match error:
        case _Unfit():
            return error.message_zh
        case json.JSONDecodeError():
            return f"第 {error.lineno} 行第 {error.colno} 列有误"
        case UnicodeDecodeError():
            return "不是 UTF-8 编码"
        case RecursionError():
            return "嵌套过深"
        case _:
            return "无法解析"


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=True)
