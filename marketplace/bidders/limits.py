"""The most that an agency lets itself bid (出价上限), changed by it until the end. The engine refuses more."""

from datetime import datetime
from uuid import UUID

from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.bidders.schemas import Bidder, LimitChange
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller

_SQL = load_statements("marketplace.bidders", "queries.sql")


async def change(
    conn: Connection, caller: Caller, lot_id: UUID, given: LimitChange, *, now: datetime
) -> Bidder:
    """The caller's agency raises, lowers or lifts its limit. Standing bids and maxima are not touched by it.

    The audit trail, which the venue reads too, says that there is a limit, not which. A bidder that is not admitted yet
    is admitted with the new limit.
    """
    lot = await lots.for_update(conn, lot_id)
    own = await bidders.own(conn, caller, lot_id)
    bidder = await bidders.for_update(conn, own.id)
    bidders.require_open(lot)
    bidders.require_usable(given.limit_fen, lot)
    if bidder.status is BidderStatus.BARRED or given.limit_fen == bidder.limit_fen:
        return bidder
    await conn.execute(_SQL["set_limit"], bidder.id, given.limit_fen, now)
    await audit.record(
        conn,
        caller,
        now=now,
        action="bidder_limit_changed",
        subject="bidder",
        subject_id=bidder.id,
        before={"has_limit": bidder.limit_fen is not None},
        after={"has_limit": given.limit_fen is not None},
    )
    if bidder.status is BidderStatus.ACTIVE:
        await duties.ask_again(conn, Kind.CHANGE_LIMIT, subject_id=bidder.id, due_at=now, now=now)
    return await bidders.get(conn, bidder.id)
