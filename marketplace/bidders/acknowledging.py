"""A registered bidder reads a notice that was disclosed anew (重新披露)."""

from datetime import datetime
from uuid import UUID

from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.bidders import service as bidders
from marketplace.bidders.disclosures import require_in_force
from marketplace.bidders.schemas import Acknowledgement, Bidder
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller

_SQL = load_statements("marketplace.bidders", "queries.sql")


async def acknowledge(
    conn: Connection, caller: Caller, lot_id: UUID, given: Acknowledgement, *, now: datetime
) -> Bidder:
    """The caller's agency has read the notice that was disclosed anew: it is admitted once its time has come."""
    lot = await lots.for_update(conn, lot_id)
    bidder = await bidders.own(conn, caller, lot_id)
    bidders.require_open(lot)
    require_in_force(lot, given.disclosure_sha256)
    if bidder.disclosure_sha256 == given.disclosure_sha256:
        return bidder
    await conn.execute(_SQL["set_disclosure"], bidder.id, given.disclosure_sha256, now)
    await audit.record(
        conn,
        caller,
        now=now,
        action="bidder_acknowledged",
        subject="bidder",
        subject_id=bidder.id,
        before={"disclosure_sha256": bidder.disclosure_sha256},
        after={"disclosure_sha256": given.disclosure_sha256},
    )
    if now >= lot.priority_closes_at:
        await duties.hasten(conn, Kind.ADMIT_BIDDER, subject_id=bidder.id, now=now)
    return await bidders.get(conn, bidder.id)
