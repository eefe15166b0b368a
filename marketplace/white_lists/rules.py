"""The states of a white list and what makes one. Source: domain 1.1 三(二)7, 1.4 八, 9."""

import hashlib
from types import MappingProxyType
from typing import Final

import msgspec

from kit.errors import InvalidInput
from kit.states import require_step
from marketplace.assets.identifiers import InvalidIdentifier, credit_code
from marketplace.white_lists.schemas import ListState, NewList

_S = ListState

STEPS: Final = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.PUBLISHED}),
        _S.PUBLISHED: frozenset({_S.PUSHED, _S.SUPERSEDED}),
        # A list may go to further banks; a newer one of the same name takes its place.
        _S.PUSHED: frozenset({_S.PUSHED, _S.SUPERSEDED}),
        _S.SUPERSEDED: frozenset[ListState](),
    }
)


def require_list_step(current: ListState, wanted: ListState, *, name: str) -> None:
    """Raise `IllegalStep` unless the list may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"white list {name}")


def normal(new: NewList) -> NewList:
    """The list with its codes in their normal spelling; each enterprise stands in it once."""
    entries = []
    seen: set[str] = set()
    for place, entry in enumerate(new.entries, 1):
        try:
            code = credit_code(entry.code)
        except InvalidIdentifier as error:
            raise InvalidInput(f"entries.{place}.code", error.message, error.message_zh) from error
        if code in seen:
            raise InvalidInput(
                f"entries.{place}.code", f"{code} stands in the list twice", f"{code} 重复"
            )
        seen.add(code)
        entries.append(msgspec.structs.replace(entry, code=code))
    return msgspec.structs.replace(new, entries=tuple(entries))


def digest(new: NewList, *, number: int) -> bytes:
    """What is published, as a hash: name, number, authority, criteria, entries in order."""
    content = (new.name, number, new.authority, new.criteria, new.entries)
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).digest()
