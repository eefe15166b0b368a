"""A bidder holds a deposit out of the free money that it has with the lot's venue: one balance over many lots.

A deposit that was released, or what was paid too much, serves again without being sent there and back. That is the
bidder's own decision: what is held may be forfeited. Source: domain 6.5.
"""

from datetime import datetime
from uuid import UUID

from kit.reach import everything
from kit.sql import Connection
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus, require_bidder_step
from marketplace.bidders.schemas import Bidder
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller
from settlement import ledger


async def hold(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> Bidder:
    """Hold the caller's deposit for a lot; held already, it is answered as it is.

    Raises `NotFound` for who is not registered, `InsufficientFunds` where that much is not free at the venue.
    """
    lot = await lots.for_update(conn, lot_id)
    own = await bidders.own(conn, caller, lot_id)
    bidder = await bidders.for_update(conn, own.id)
    bidders.require_open(lot)
    if bidder.status in (BidderStatus.DEPOSITED, BidderStatus.ACTIVE):
        return bidder
    require_bidder_step(bidder.status, BidderStatus.DEPOSITED, name=str(bidder.id))
    return await bidders.hold_deposit(conn, caller, lot, bidder, now=now)


async def suffices(conn: Connection, lot_id: UUID, bidder: Bidder) -> bool:
    """Whether a bidder that waits for its deposit has that much free with the lot's venue."""
    if bidder.status is not BidderStatus.QUALIFIED:
        return False
    async with everything(conn):  # how much is free at the venue is said of this bidder's own money
        lot = await lots.get(conn, lot_id)
        key = ledger.client_money(bidder.organisation_id, lot.venue_id)
        free_fen = await ledger.balance(conn, key)
    return free_fen >= lot.entry_fen - (bidder.exempt_fen or 0) > 0
