"""Lists and search of published lots (检索), made for a million of them: newest first, a page at a time, on indexes.

A word that many lots hold is found among the newest at once; one that few hold, by the index of character pairs. So
the newest are looked at first, and the index is asked only if they did not fill the page.
"""

from uuid import UUID

from kit.errors import InvalidInput
from kit.sql import Connection, load_statements
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import PublicLot
from marketplace.lots.service import public_lot

_SQL = load_statements("marketplace.lots", "search.sql")
QUERY_MAX = 100
WORDS_MAX = 8
#: How many of the newest lots are looked through before the index is asked.
_NEWEST = 3_000


async def page(
    conn: Connection,
    *,
    after: UUID | None,
    limit: int,
    status: LotStatus | None = None,
    query: str | None = None,
) -> list[PublicLot]:
    """Published lots, newest first, from the one after `after`; with `query`, those that hold all its words."""
    if query is not None and query.strip():
        ids = await find(conn, query, after=after, limit=limit, status=status)
        rows = await conn.fetch(_SQL["by_ids"], ids)
    elif status is None:
        rows = await conn.fetch(_SQL["newest"], after, limit)
    else:
        rows = await conn.fetch(_SQL["newest_of_status"], after, limit, status)
    return [public_lot(row) for row in rows]


async def find(
    conn: Connection,
    query: str,
    *,
    after: UUID | None,
    limit: int,
    status: LotStatus | None = None,
) -> list[UUID]:
    """The ids of published lots that hold all words of `query`, wherever in a word, newest first."""
    words = await words_of(conn, query)
    rows = await conn.fetch(_SQL["found_among_newest"], after, limit, status, words, _NEWEST)
    if len(rows) < limit:
        rows = await conn.fetch(_SQL["found_by_index"], after, limit, status, words)
    return [row["lot_id"] for row in rows]


async def words_of(conn: Connection, query: str) -> list[str]:
    """The words of a query, spelled as they are stored. Raises InvalidInput."""
    if len(query) > QUERY_MAX or "\x00" in query:
        raise InvalidInput(
            "q", f"must have at most {QUERY_MAX} characters", f"检索词最长 {QUERY_MAX} 个字符"
        )
    words: list[str] = [word for word in await conn.fetchval(_SQL["words"], query) if word]
    if len(words) > WORDS_MAX:
        raise InvalidInput(
            "q", f"must have at most {WORDS_MAX} words", f"检索词最多 {WORDS_MAX} 个"
        )
    if not words or any(len(word) < 2 for word in words):
        raise InvalidInput(
            "q", "must be words of at least two characters each", "每个检索词至少两个字符"
        )
    return words
