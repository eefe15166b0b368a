"""Several things in one cell: parted by separators; one that holds a separator stands in double quotes, as in CSV."""

from collections.abc import Iterable
from typing import Final

#: What parts items when a file is read; exports write the first.
SEPARATORS: Final = "；;、，,\n"
_QUOTE: Final = '"'


class UnclosedQuote(ValueError):
    """A quote is not closed, or something stands behind one that is."""


def split_list(
    text: str, *, separators: str = SEPARATORS, keeps_empty: bool = False
) -> tuple[str, ...]:
    """The items, without the blanks around them. A quote counts only at an item's beginning; within, two are one."""
    items: list[str] = []
    place = 0
    while place <= len(text):
        while place < len(text) and text[place].isspace() and text[place] not in separators:
            place += 1
        if place < len(text) and text[place] == _QUOTE:
            item, place = _quoted(text, place + 1)
            while place < len(text) and text[place].isspace() and text[place] not in separators:
                place += 1
            if place < len(text) and text[place] not in separators:
                raise UnclosedQuote
            items.append(item)
        else:
            end = next((n for n in range(place, len(text)) if text[n] in separators), len(text))
            item, place = text[place:end].strip(), end
            if item or keeps_empty:
                items.append(item)
        place += 1
    return tuple(items)


def joined(items: Iterable[str], *, separators: str = SEPARATORS) -> str:
    """The items in one text that `split_list` takes apart again."""
    return separators[0].join(_written(item, separators) for item in items)


def _quoted(text: str, place: int) -> tuple[str, int]:
    """The item whose opening quote stands before `place`, and the place behind its closing quote."""
    item = ""
    while True:
        end = text.find(_QUOTE, place)
        if end < 0:
            raise UnclosedQuote
        item += text[place:end]
        if text[end + 1 : end + 2] != _QUOTE:
            return item, end + 1
        item += _QUOTE
        place = end + 2


def _written(item: str, separators: str) -> str:
    is_plain = item and item == item.strip() and not any(c in separators for c in item)
    if is_plain and not item.startswith(_QUOTE):
        return item
    return _QUOTE + item.replace(_QUOTE, _QUOTE * 2) + _QUOTE
