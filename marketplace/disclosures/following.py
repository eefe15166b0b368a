"""The published lot after a change of its notice, as the database's trigger lets it follow."""

from datetime import datetime

import msgspec

from kit.sql import Connection, load_statements
from marketplace.lots import service as lots
from marketplace.lots.profile import Frozen
from marketplace.lots.schemas import Lot

_SQL = load_statements("marketplace.disclosures", "queries.sql")


async def follow(
    conn: Connection, after: Lot, frozen: Frozen, *, notice_sha256: str, now: datetime
) -> Lot:
    """Write the times, the words and the frozen rules of `after`; the change's own row stands already."""
    await conn.execute(
        _SQL["follow"],
        after.id,
        frozen.text,
        frozen.salt,
        frozen.hash,
        notice_sha256,
        msgspec.json.encode(after.conditions).decode(),
        after.priority_closes_at,
        after.opens_at,
        after.closes_at,
        now,
    )
    return await lots.get(conn, after.id)
