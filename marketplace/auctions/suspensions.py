"""What a suspension that nobody ordered makes of the lot: the engine was rebuilt, and the public is told at once.

Source: reliability 3.6.
"""

from datetime import datetime

from kit.sql import Connection, load_statements
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.notices import service as notices
from marketplace.notices.schemas import Kind as NoticeKind
from marketplace.organisations.schemas import SYSTEM_CALLER

_SQL = load_statements("marketplace.auctions", "queries.sql")
_RUNNING = frozenset({LotStatus.PUBLISHED, LotStatus.REGISTRATION, LotStatus.OPEN})


async def follow(conn: Connection, lot: Lot, *, now: datetime) -> Lot:
    """Pause a lot whose auction the engine suspended, with the reason on the audit trail and in a notice.

    The caller holds the lot's row lock. A lot that is paused already, or has ended, stays as it is.
    """
    if lot.status not in _RUNNING:
        return lot
    found = await conn.fetchval(_SQL["engine_suspension"], lot.id)
    reason = f"the bid engine suspended the auction 竞价系统暂停竞价: {found or 'see its journal'}"
    lot = await lots.catch_up(conn, lot, LotStatus.OPEN, now=now)
    lot = await lots.set_status(conn, SYSTEM_CALLER, lot, LotStatus.PAUSED, now=now, reason=reason)
    await notices.publish_change(
        conn,
        SYSTEM_CALLER,
        lot.id,
        lot_number=lot.number,
        kind=NoticeKind.SUSPENSION,
        reason=reason,
        now=now,
    )
    return lot
