"""The fields of an HTML form as the struct that the same step takes over the API: one set of rules for both."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from kit.errors import InvalidInput

T = TypeVar("T", bound=msgspec.Struct)
_NOT_OURS = frozenset({"form_token"})


def given(fields: Mapping[str, str], kind: type[T]) -> T:
    """The struct; a field that was left empty is left out, "true" and "false" are what they say.

    Raises `InvalidInput` that names the field.
    """
    values = {name: value.strip() for name, value in fields.items() if name not in _NOT_OURS}
    try:
        return msgspec.convert(
            {name: value for name, value in values.items() if value}, kind, strict=False
        )
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        field = path.rstrip("`").lstrip(".") or _named(what)
        raise InvalidInput(field, what, "填写有误，请核对") from error


def _named(what: str) -> str:
    """The field that a message about the whole names between backticks."""
    return what.split("`")[1] if what.count("`") >= 2 else "form"
