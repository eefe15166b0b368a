"""Sells to one bidder of a lot in a lot of its own: a unit of several, or the underbidder's after a default.

From here the sale is like any other: its confirmation, its price, its deposit, its plan, its transfer.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.bidders import service as bidders
from marketplace.bidders.schemas import Bidder
from marketplace.lots import successors
from marketplace.lots.rules import Origin
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import SYSTEM_CALLER
from marketplace.outbox import service as outbox
from marketplace.sales.owing import owe_price
from marketplace.sales.rules import Outcome
from marketplace.sales.schemas import LotSold
from settlement import deposits

_SQL = load_statements("marketplace.sales", "queries.sql")


async def sell_beside(
    conn: Connection,
    followed: Lot,
    bidder: Bidder,
    origin: Origin,
    *,
    suffix: str,
    price_fen: int,
    closed_at: datetime,
    now: datetime,
) -> Lot:
    """Sell to a bidder of `followed`, whose free money holds the deposit. Raises `InsufficientFunds`, `AssetOnSale`."""
    assert bidder.paddle is not None, "who is sold to has bid"
    lot = await successors.put_sold(conn, SYSTEM_CALLER, followed, origin, suffix=suffix, now=now)
    deposit_id = None
    if bidder.exempt_fen is None or bidder.exempt_fen < lot.deposit_fen:
        amount_fen = lot.deposit_fen - (bidder.exempt_fen or 0)
        held = await deposits.hold(
            conn,
            lot.id,
            bidder.organisation_id,
            holder_id=lot.venue_id,
            amount_fen=amount_fen,
            now=now,
        )
        deposit_id = held.id
    winner = await _carry_bidder(conn, bidder, lot.id, deposit_id, now=now)
    outcome = Outcome(
        outcome="sold",
        reason=None,
        winner_paddle=bidder.paddle,
        price_fen=price_fen,
        underbidder_paddle=None,
        extensions=0,
        closed_at=closed_at,
    )
    await conn.execute(
        _SQL["insert"],
        lot.id,
        outcome.outcome,
        None,
        winner.id,
        winner.paddle,
        price_fen,
        None,
        0,
        closed_at,
        now,
    )
    await owe_price(conn, lot, winner, outcome, now=now)
    sold = LotSold(lot_id=lot.id, price_fen=price_fen, winner_paddle=winner.paddle)
    await outbox.add(conn, sold, now=now)
    return lot


async def sell_units(
    conn: Connection, lot: Lot, winners: Sequence[Bidder], outcome: Outcome, *, now: datetime
) -> None:
    """Several equal units went to several buyers: each has a sale, a deposit and a confirmation of its own."""
    assert outcome.price_fen is not None, "what is sold has a price"
    for number, winner in enumerate(sorted(winners, key=lambda one: one.paddle or 0), start=1):
        if (
            winner.deposit_id is not None
        ):  # out of the lot's account, into that of the buyer's own sale
            await deposits.release(conn, winner.deposit_id, now=now)
        await sell_beside(
            conn,
            lot,
            winner,
            Origin.UNIT,
            suffix=f"-U{number}",
            price_fen=outcome.price_fen,
            closed_at=outcome.closed_at,
            now=now,
        )


async def units_of(conn: Connection, lot_id: UUID) -> list[UUID]:
    """The lots in which the units of a lot were sold; none where it went to one buyer."""
    return [row["id"] for row in await conn.fetch(_SQL["units"], lot_id)]


async def _carry_bidder(
    conn: Connection, bidder: Bidder, lot_id: UUID, deposit_id: UUID | None, *, now: datetime
) -> Bidder:
    bidder_id = uuid7(now)
    await conn.execute(_SQL["carry_bidder"], bidder.id, bidder_id, lot_id, deposit_id, now)
    await conn.execute(_SQL["carry_declaration"], bidder.id, bidder_id, lot_id)
    return await bidders.for_update(conn, bidder_id)
