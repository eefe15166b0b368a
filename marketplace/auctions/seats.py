"""A visitor's own place in an auction (席位). A hidden maximum is only said to be there, never how high it is."""

from uuid import UUID

import msgspec

from kit.errors import NotFound
from kit.sql import Connection, load_statements
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.organisations.schemas import Caller, Role

_SQL = load_statements("marketplace.auctions", "pages.sql")


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """How far the visitor's organisation has come at a lot, its paddle, and what it has done with it."""

    status: BidderStatus
    paddle: int | None
    has_bid: bool
    has_maximum: bool


async def seat_of(reader: Connection, caller: Caller | None, lot_id: UUID) -> Seat | None:
    """The seat of an agency that registered for the lot; None for everybody else."""
    if caller is None or not caller.has(Role.AGENCY_BIDDER):
        return None
    try:
        bidder = await bidders.own(reader, caller, lot_id)
    except NotFound:
        return None
    marks = await reader.fetchrow(_SQL["own_marks"], lot_id, bidder.paddle)
    assert marks is not None
    return Seat(
        status=bidder.status,
        paddle=bidder.paddle,
        has_bid=marks["has_bid"],
        has_maximum=marks["has_maximum"],
    )
