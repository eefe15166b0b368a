"""What a request asks for (申请内容), part by part, as people read it: labelled, with amounts, times and names."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from marketplace.lots.schemas import Bidding
from marketplace.pages import content_words, formats, vocabulary
from marketplace.pages.rules_in_words import rules_in_words
from marketplace.pages.vocabulary import Words

#: Contents within the content, written as JSON so that their own hash can be checked.
_NESTED: Final = frozenset({"plan", "change"})
#: In which order people read the parts; the content itself has them by name, for its hash.
_PLACE: Final = {name: place for place, name in enumerate(content_words.PARTS)}
_YES, _NO = Words("是", "Yes"), Words("否", "No")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what is to be approved: its label, what it says, or the parts that it has itself."""

    label: Words
    said: Words | str | None = None
    lines: tuple[Words, ...] = ()
    parts: "tuple[Part, ...]" = ()
    is_hash: bool = False


def parts_of(content: str, names: Mapping[UUID, str]) -> list[Part]:
    """The content part by part; what is not stated, and numbers within the house, are left out."""
    return list(_parts(decoded(content), names))


def ids_in(content: str) -> set[UUID]:
    """Whom and what the content names."""
    return set(_ids(decoded(content)))


def decoded(content: str) -> dict[str, Any]:
    """The content as the object that it is."""
    found = msgspec.json.decode(content)
    return found if isinstance(found, dict) else {"content": found}


def _parts(found: Mapping[str, Any], names: Mapping[UUID, str]) -> Iterator[Part]:
    for name, value in sorted(found.items(), key=lambda item: _PLACE.get(item[0], len(_PLACE))):
        if value is None or value in ([], {}, ""):
            continue
        yield _part(name, value, names)


def _part(name: str, value: Any, names: Mapping[UUID, str]) -> Part:
    label = label_of(name)
    if name in _NESTED and isinstance(value, str):
        value = msgspec.json.decode(value)
    if name == "bidding":
        rules = msgspec.convert(value, Bidding)
        form = vocabulary.of(vocabulary.FORMATS, rules.format)
        return Part(label=label, lines=(form, *rules_in_words(rules)))
    if isinstance(value, dict):
        if set(value) == {"en", "zh"}:
            return Part(label=label, said=Words(value["zh"], value["en"]))
        return Part(label=label, parts=tuple(_parts(value, names)))
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return Part(label=label, parts=tuple(_numbered(value, names)))
    return Part(
        label=label, said=said(name, value, names), is_hash="sha256" in name or "hash" in name
    )


def _numbered(values: list[dict[str, Any]], names: Mapping[UUID, str]) -> Iterator[Part]:
    for n, one in enumerate(values, start=1):
        yield Part(label=Words(f"第 {n} 项", f"No. {n}"), parts=tuple(_parts(one, names)))


def label_of(name: str) -> Words:
    """The words for a part; one that has none stands under its own name in both languages."""
    return content_words.PARTS.get(name) or Words(name, name)


def said(name: str, value: Any, names: Mapping[UUID, str]) -> Words | str:
    """A plain value as people read it."""
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, list):
        words = [said(name, one, names) for one in value]
        return "、".join(one if isinstance(one, str) else f"{one.zh} {one.en}" for one in words)
    if isinstance(value, int):
        return _number(name, value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if name == "roles":
        return vocabulary.of(vocabulary.ROLES, text)
    if name in content_words.VALUES:
        return vocabulary.of(content_words.VALUES[name], text)
    if name.endswith("_at"):
        return formats.moment(msgspec.convert(text, datetime))
    known = _uuid(text)
    return text if known is None else names.get(known, text)


def _number(name: str, value: int) -> Words | str:
    if name.endswith("_fen"):
        return formats.money(value)
    if name.endswith("_bp") or name == "late_bp_year":
        return formats.percent(value)
    if name.endswith("_seconds"):
        return Words(formats.length_zh(value * 1000), formats.length_en(value * 1000))
    return str(value)


def _ids(value: Any) -> Iterator[UUID]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _ids(
                msgspec.json.decode(one) if name in _NESTED and isinstance(one, str) else one
            )
    elif isinstance(value, list):
        for one in value:
            yield from _ids(one)
    else:
        known = _uuid(value)
        if known is not None:
            yield known


def _uuid(value: Any) -> UUID | None:
    try:
        return msgspec.convert(value, UUID)
    except msgspec.ValidationError:
        return None
