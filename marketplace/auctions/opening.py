"""What sets an auction up in the engine and lets bidders in: each step safe to take twice, in any order of workers."""

from datetime import datetime
from uuid import UUID

import msgspec

from auction_engine.engine import Engine
from auction_engine.errors import NoSuchAuction
from auction_engine.rules.profile import parse_profile
from kit.errors import Conflict
from kit.sql import Pool
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.lots import service as lots
from marketplace.lots.offered import OFFERED
from marketplace.lots.rules import LotStatus
from marketplace.organisations.schemas import SYSTEM_CALLER
from marketplace.sealings import service as sealings

#: Bidders are admitted while the lot is one of these; before, the auction is not set up, after, it is over.
_LIVE = frozenset({LotStatus.REGISTRATION, LotStatus.OPEN, LotStatus.PAUSED})


class NotCreated(Conflict):
    """The engine refused to set the auction up as published. / 引擎拒绝按公告设立竞价。"""

    code = "auction_not_created"


async def is_set_up(engine: Engine, lot_id: UUID) -> bool:
    """Whether the engine knows the lot's auction."""
    try:
        await engine.view(lot_id)
    except NoSuchAuction:
        return False
    return True


async def create(pool: Pool, engine: Engine, lot_id: UUID) -> bool:
    """Set the auction up with the published profile and the holders confirmed by now; False for a withdrawn lot."""
    async with pool.acquire() as conn:
        lot = await lots.get(conn, lot_id)
        frozen = await lots.frozen_profile(conn, lot_id)
        holders = await bidders.priority_holders(conn, lot_id)
        sealing = await sealings.engine_sealing(conn, lot_id)
    if lot.status is LotStatus.WITHDRAWN:
        return False
    priority = {"priority": holders} if holders else {}
    profile = parse_profile(msgspec.json.decode(frozen.text) | priority)
    if not await is_set_up(engine, lot_id):
        done = await engine.create_auction(lot_id, profile, sealing=sealing, salt=frozen.salt)
        if not done.decision.accepted:
            raise NotCreated(f"the engine answered {done.decision.reason}")
    async with pool.acquire() as conn:
        lot = await lots.get(conn, lot_id)
    if lot.status is LotStatus.WITHDRAWN:  # withdrawn while the engine was being asked
        await engine.cancel(lot_id, "the lot was withdrawn", id=f"withdrawn-{lot_id}")
    return True


async def admit(pool: Pool, engine: Engine, bidder_id: UUID, *, now: datetime) -> None:
    """Let a bidder whose deposit is held bid, and write down that it may."""
    async with pool.acquire() as conn:
        bidder = await bidders.get(conn, bidder_id)
        lot = await lots.get(conn, bidder.lot_id)
    if bidder.status is not BidderStatus.DEPOSITED or lot.status not in _LIVE:
        return
    assert bidder.paddle is not None, "who has paid the deposit has a paddle"
    if lot.format not in OFFERED:  # offers are made without the engine
        await create(pool, engine, lot.id)
        done = await engine.admit(
            lot.id, bidder.paddle, limit_fen=bidder.limit_fen, id=f"admit-{bidder.paddle}"
        )
        if not done.decision.accepted:
            return  # over or barred: the close, or the order that barred it, settles the bidder's status
    async with pool.acquire() as conn, conn.transaction():
        await lots.for_update(conn, lot.id)
        bidder = await bidders.for_update(conn, bidder_id)
        if bidder.status is BidderStatus.DEPOSITED:
            await bidders.set_status(conn, SYSTEM_CALLER, bidder, BidderStatus.ACTIVE, now=now)
