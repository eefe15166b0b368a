"""Strict bodies: what a JSON number, name or text may be, and what is refused with which words."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import pytest

from kit.errors import InvalidInput, LuochuiError
from marketplace.edge.bodies import DEPTH_MAX, MalformedBody, decode


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    texts: list[str] = []


class Body(msgspec.Struct, forbid_unknown_fields=True):
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=10**13)]
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    inner: Inner | None = None
    free: object = None


REFUSED = [
    ("number as text", b'{"amount_fen": "5"}', InvalidInput, "amount_fen"),
    ("exponent", b'{"amount_fen": 1e3}', InvalidInput, "amount_fen"),
    ("whole float", b'{"amount_fen": 5.0}', InvalidInput, "amount_fen"),
    ("boolean", b'{"amount_fen": true}', InvalidInput, "amount_fen"),
    ("null", b'{"amount_fen": null}', InvalidInput, "amount_fen"),
    ("zero", b'{"amount_fen": 0}', InvalidInput, "amount_fen"),
    ("negative", b'{"amount_fen": -1}', InvalidInput, "amount_fen"),
    ("too large", b'{"amount_fen": 10000000000001}', InvalidInput, "amount_fen"),
    ("5,000 digits", b'{"amount_fen": ' + b"9" * 5000 + b"}", InvalidInput, "amount_fen"),
    ("missing", b"{}", InvalidInput, "amount_fen"),
    ("unknown field", b'{"amount_fen": 5, "status": "x"}', InvalidInput, "status"),
    ("unknown inner", b'{"amount_fen": 5, "inner": {"org": 1}}', InvalidInput, "inner.org"),
    ("time without zone", b'{"amount_fen": 5, "at": "2026-11-02T09:00:00"}', InvalidInput, "at"),
    ("list for object", b"[5]", InvalidInput, "body"),
    ("name twice", b'{"amount_fen": 5, "amount_fen": 6}', MalformedBody, None),
    ("name twice, escaped", b'{"amount_fen": 5, "amount\\u005ffen": 6}', MalformedBody, None),
    ("name twice, inside", b'{"amount_fen": 5, "free": [{"a": 1, "a": 2}]}', MalformedBody, None),
    ("not a number", b'{"amount_fen": NaN}', MalformedBody, None),
    ("infinity", b'{"amount_fen": -Infinity}', MalformedBody, None),
    ("more after the end", b'{"amount_fen": 5} {}', MalformedBody, None),
    ("byte order mark", b'\xef\xbb\xbf{"amount_fen": 5}', MalformedBody, None),
    ("not UTF-8", b'{"amount_fen": 5, "free": "\xff"}', MalformedBody, None),
    ("U+0000", b'{"amount_fen": 5, "free": "a\\u0000"}', MalformedBody, None),
    ("U+0000 in a list", b'{"amount_fen": 5, "free": [["\\u0000"]]}', MalformedBody, None),
    ("half a surrogate pair", b'{"amount_fen": 5, "free": "\\ud800"}', MalformedBody, None),
    (
        "33 deep",
        b'{"amount_fen": 5, "free": ' + b"[" * DEPTH_MAX + b"]" * DEPTH_MAX + b"}",
        MalformedBody,
        None,
    ),
    ("50,000 brackets", b"[" * 50_000, MalformedBody, None),
    ("1,000,000 quotes without an end", b'["' + b'\\"' * 500_000, MalformedBody, None),
    ("nothing but space", b"  ", MalformedBody, None),
]


@pytest.mark.parametrize(
    ("body", "error", "field"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_body_is_refused_by_name(body: bytes, error: type[LuochuiError], field: str | None) -> None:
    """A body that is not exactly what the route declares is refused, and the field is named."""
    with pytest.raises(error) as caught:
        decode(body, Body)
    assert caught.value.context.get("field") == field
    assert len(caught.value.message) < 400


ACCEPTED = [
    ("least", b'{"amount_fen": 1}'),
    ("most", b'{"amount_fen": 10000000000000}'),
    (
        "31 lists inside",
        b'{"amount_fen": 5, "free": ' + b"[" * (DEPTH_MAX - 1) + b"]" * (DEPTH_MAX - 1) + b"}",
    ),
    ("brackets in a text", b'{"amount_fen": 5, "free": "' + b"[{" * 100 + b'"}'),
    ("brackets after an escaped quote", b'{"amount_fen": 5, "free": "\\"' + b"[" * 100 + b'"}'),
    ("a backslash and u0000", b'{"amount_fen": 5, "free": "\\\\u0000"}'),
    ("a whole surrogate pair", b'{"amount_fen": 5, "free": "\\ud83d\\ude00"}'),
    ("Chinese", '{"amount_fen": 5, "free": "落槌"}'.encode()),
    ("time with zone", b'{"amount_fen": 5, "at": "2026-11-02T09:00:00+08:00"}'),
]


@pytest.mark.parametrize("body", [a[1] for a in ACCEPTED], ids=[a[0] for a in ACCEPTED])
def test_body_is_decoded(body: bytes) -> None:
    """What the route declares is decoded into its struct."""
    assert isinstance(decode(body, Body), Body)


def test_refusal_is_bilingual() -> None:
    """A refusal says in both languages which field and why."""
    with pytest.raises(InvalidInput) as caught:
        decode(b'{"amount_fen": 5, "status": "x"}', Body)
    assert caught.value.message == "status: object contains unknown field `status`"
    assert caught.value.message_zh == "status：未知字段，请删除"


class Every(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A field for each thing that the decoder may find wrong."""

    whole: int = 1
    few: Annotated[int, msgspec.Meta(ge=1, le=5, multiple_of=1)] = 1
    fives: Annotated[int, msgspec.Meta(multiple_of=5)] = 5
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=3, pattern="^a")] = "aa"
    items: Annotated[list[int], msgspec.Meta(min_length=1, max_length=2)] = []
    maybe: int | None = None
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    on: date | None = None
    id: UUID | None = None
    choice: Literal["x", "y"] | None = None


class Inner(msgspec.Struct, rename={"on": "day"}):
    """A day whose name in JSON is another."""

    on: date


class Days(msgspec.Struct, kw_only=True):
    """Days and instants at every depth."""

    on: date | None = None
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    text: str = ""
    listed: list[Inner] = []
    named: dict[str, date] = {}
    either: tuple[int, date] | None = None


FAR_AWAY = [
    (b'{"on": "9999-12-31"}', "on"),
    (b'{"on": "0001-01-01"}', "on"),
    (b'{"on": "1899-12-31"}', "on"),
    (b'{"on": "2201-01-01"}', "on"),
    (b'{"at": "9999-12-31T23:59:59Z"}', "at"),
    (b'{"at": "0001-01-01T00:00:00+08:00"}', "at"),
    (b'{"listed": [{"day": "2026-11-02"}, {"day": "9999-12-31"}]}', "listed[1].day"),
    (b'{"named": {"x": "9999-12-31"}}', "named.x"),
    (b'{"either": [1, "9999-12-31"]}', "either[1]"),
]


@pytest.mark.parametrize(("body", "field"), FAR_AWAY)
def test_days_at_the_ends_of_the_calendar_are_refused(body: bytes, field: str) -> None:
    """Terms can't be counted on from them, nor can they be shown in Chinese time; what is text stays text."""
    with pytest.raises(InvalidInput) as caught:
        decode(body, Days)
    assert caught.value.message == f"{field}: must be a day from 1900 to 2200"
    near = b'{"on": "1900-01-01", "at": "2200-12-31T23:59:59Z", "text": "9999-12-31"}'
    assert decode(near, Days).text == "9999-12-31"


class Needed(msgspec.Struct):
    """A field that must be given."""

    amount_fen: int


IN_CHINESE = [
    (b"5", Every, "body：须为对象，不能是整数"),
    (b'{"whole": "5"}', Every, "whole：须为整数，不能是文本"),
    (b'{"whole": null}', Every, "whole：须为整数，不能是空值"),
    (b'{"maybe": true}', Every, "maybe：须为整数或空值，不能是布尔值"),
    (b'{"few": 9}', Every, "few：不得大于 5"),
    (b'{"few": 0}', Every, "few：不得小于 1"),
    (b'{"fives": 4}', Every, "fives：须为 5 的整数倍"),
    (b'{"name": "a"}', Every, "name：长度不得少于 2 个字符"),
    (b'{"name": "bb"}', Every, "name：格式须符合 ^a"),
    (b'{"items": []}', Every, "items：长度不得少于 1 项"),
    (b'{"items": ["x"]}', Every, "items[0]：须为整数，不能是文本"),
    (b'{"at": "2026-11-02T09:00:00"}', Every, "at：须带时区"),
    (b'{"at": "x"}', Every, "at：须为带时区的 RFC 3339 时间"),
    (b'{"on": "x"}', Every, "on：须为 YYYY-MM-DD 日期"),
    (b'{"id": "x"}', Every, "id：须为 UUID"),
    (b'{"choice": "z"}', Every, "choice：取值不在允许范围内"),
    (b'{"other": 1}', Every, "other：未知字段，请删除"),
    (b"{}", Needed, "amount_fen：必填字段缺失"),
    (b"{", Needed, "请求体不是合法的 JSON：第 1 行第 2 列有误"),
    (b'{"a": NaN}', Needed, "请求体不是合法的 JSON：NaN 不是 JSON"),
    (b'{"a": 1, "a": 2}', Needed, "请求体不是合法的 JSON：同一对象中重复出现名称 'a'"),
    (b"\xff", Needed, "请求体不是合法的 JSON：不是 UTF-8 编码"),
]


@pytest.mark.parametrize(("body", "kind", "said"), IN_CHINESE, ids=[each[2] for each in IN_CHINESE])
def test_refusal_is_chinese_throughout(body: bytes, kind: type, said: str) -> None:
    """What the decoder says in English alone is said in Chinese: types, limits, missing and unknown fields."""
    with pytest.raises(LuochuiError) as caught:
        decode(body, kind)
    assert caught.value.message_zh == said
