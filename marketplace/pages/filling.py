"""A form as a person filled it in, with what was refused: shown again with the reason at the field it is about."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from kit.errors import Conflict, InvalidInput, LuochuiError
from marketplace.edge.problems import status_of
from marketplace.pages import content_words
from marketplace.pages.serving import said_of
from marketplace.pages.vocabulary import Words
from marketplace.pages.written import ROWS_MAX

#: What a person can put right in the form itself.
REFUSALS: Final = (InvalidInput, Conflict)
_INDEX: Final = re.compile(r"\[[^\]]*\]")
#: A field of one of several steps on a page: `s2.price`.
_STEP: Final = re.compile(r"s([0-9]{1,2})\.")
_ROW: Final = re.compile(r"_[0-9]{1,2}\Z")
_UNITS: Final = ("_fen", "_bp", "_seconds", "_ms")
#: A list whose rows are few is shown with so many empty ones.
_EMPTY_ROWS: Final = 2


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What was written in the form `which` of a page, by field; `chosen` holds fields of several values."""

    which: str = ""
    values: Mapping[str, str] = {}
    chosen: Mapping[str, frozenset[str]] = {}
    error: LuochuiError | None = None

    @property
    def status_code(self) -> int:
        """Of the answer that shows it."""
        return 200 if self.error is None else status_of(self.error)

    @property
    def refusal(self) -> Words | None:
        """What was wrong, with the field as people call it; where it has no name, the field itself shows it."""
        if not isinstance(self.error, InvalidInput):
            return None if self.error is None else said_of(self.error)
        named = [name for name in names_of(self.error.field) if name in content_words.FIELDS]
        label = content_words.FIELDS[max(named, key=len)] if named else None
        if label is not None and (step := _STEP.match(self.error.field)):
            label = Words(f"第 {step[1]} 步，{label.zh}", f"Step {step[1]}, {label.en}")
        said = _without(self.error)
        return said if label is None else Words(f"{label.zh}：{said.zh}", f"{label.en}: {said.en}")

    def at(self, which: str) -> "Form":
        """This form, if it is the one named so; otherwise an empty one."""
        return self if self.which == which else Form(which=which)

    def value(self, name: str, otherwise: object = "") -> str:
        """What stands in a field: what was written, or what is proposed there."""
        return self.values.get(name, "" if otherwise is None else str(otherwise))

    def is_chosen(self, name: str, value: object, *, otherwise: bool = False) -> bool:
        """Whether a value is picked."""
        if self.error is None and name not in self.values and name not in self.chosen:
            return otherwise
        return str(value) in self.chosen.get(name, ()) or self.values.get(name) == str(value)

    def rows(self, *names: str) -> range:
        """The numbers of a list's rows to show: those written in, and some more. Row 3 of `name` is `name_3`."""
        filled = [
            row
            for row in range(1, ROWS_MAX + 1)
            if any(self.values.get(f"{name}_{row}", "").strip() for name in names)
        ]
        return range(1, min(max(filled, default=1) + _EMPTY_ROWS, ROWS_MAX) + 1)

    def wrong(self, name: str) -> Words | None:
        """What was wrong with this field, without its name; None for the others."""
        if not isinstance(self.error, InvalidInput):
            return None
        if name != self.error.field and name not in names_of(self.error.field):
            return None
        return _without(self.error)


def _without(error: InvalidInput) -> Words:
    """What was wrong, without the field's name in the API."""
    return Words(
        error.message_zh.removeprefix(f"{error.field}："),
        error.message.removeprefix(f"{error.field}: "),
    )


def names_of(field: str) -> frozenset[str]:
    """By which names a form may have what the service calls `conditions.viewing.zh`, `asset_ids[0]` or `price_fen`."""
    parts = _INDEX.sub("", field).split(".")
    found = {"_".join(parts[start:]) for start in range(len(parts))} | {parts[-1], parts[0]}
    found |= {name.removesuffix(unit) for name in found for unit in _UNITS}
    found |= {_ROW.sub("", name) for name in found}
    found |= {name.removesuffix(f"_{language}") for name in found for language in ("zh", "en")}
    return frozenset(found)


async def digests_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """SHA-256 in hex of each file that was chosen, by `NAME_sha256`: the document stays with whoever has it."""
    form = await request.form()
    files = [(name, file) for name, file in form.multi_items() if isinstance(file, UploadFile)]
    contents = [(name, await file.read()) for name, file in files]
    return {f"{name}_sha256": sha256(content).hexdigest() for name, content in contents if content}


async def chosen_of(request: Request[Any, Any, Any], *names: str) -> dict[str, frozenset[str]]:
    """The fields that may have several values, such as boxes that were ticked; `form_of` has looked at the form."""
    form = await request.form()
    return {
        name: frozenset(one for one in form.getall(name, []) if isinstance(one, str))
        for name in names
    }
