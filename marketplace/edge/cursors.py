"""Lists page by cursor: an opaque position, so that a page is found by index and nothing is skipped or shown twice."""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from litestar.params import FromQuery, QueryParameter

from kit.errors import LuochuiError

T = TypeVar("T")
LIMIT_DEFAULT = 50
LIMIT_MAX = 200


class InvalidCursor(LuochuiError):
    """Send `cursor` as it came in `next_cursor`. / cursor 须原样使用返回的 next_cursor。"""

    code = "invalid_cursor"


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page begins (after `after`; None: at the beginning) and how many items it has at most."""

    after: UUID | None
    limit: int

    @property
    def rows(self) -> int:
        """How many rows to ask for: one more than the page has, to know whether there is another."""
        return self.limit + 1


Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]


async def provide_position(
    cursor: FromQuery[str | None] = None, limit: Limit = LIMIT_DEFAULT
) -> Position:
    """The position asked for by `cursor` and `limit`."""
    return Position(after=None if cursor is None else decode_cursor(cursor), limit=limit)


def page_of(rows: Sequence[T], position: Position, *, key: Callable[[T], UUID]) -> Page[T]:
    """A page out of `position.rows` rows, sorted by `key`."""
    items = list(rows[: position.limit])
    has_more = len(rows) > position.limit
    return Page(items=items, next_cursor=encode_cursor(key(items[-1])) if has_more else None)


def encode_cursor(after: UUID) -> str:
    """The cursor of the page after `after`."""
    return base64.urlsafe_b64encode(after.bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> UUID:
    """The position in a cursor. Raises InvalidCursor."""
    try:
        raw = base64.b64decode(cursor + "==", altchars=b"-_", validate=True)
        return UUID(bytes=raw)
    except ValueError as error:
        raise InvalidCursor(field="cursor") from error
