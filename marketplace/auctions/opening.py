"""What sets an auction up in the engine and lets bidders in, with their limits: safe to take twice, in any order."""

from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from auction_engine.engine import Engine
from auction_engine.errors import NoSuchAuction
from auction_engine.rules.profile import parse_profile
from kit.errors import Conflict
from kit.sql import Pool
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.bidders.schemas import Bidder
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
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
    sent_fen, is_held = bidder.limit_fen, True
    if lot.format not in OFFERED:  # offers are made without the engine
        await create(pool, engine, lot.id)
        done = await engine.admit(
            lot.id, bidder.paddle, limit_fen=bidder.limit_fen, id=f"admit-{bidder.paddle}"
        )
        # A worker that died here admitted it with the limit of then: the new one is set below.
        is_held = done.decision.accepted
        if not is_held and done.decision.reason != "id_reused":
            return  # over or barred: the close, or the order that barred it, settles the bidder's status
    async with pool.acquire() as conn, conn.transaction():
        await lots.for_update(conn, lot.id)
        bidder = await bidders.for_update(conn, bidder_id)
        if bidder.status is BidderStatus.DEPOSITED:
            await bidders.set_status(conn, SYSTEM_CALLER, bidder, BidderStatus.ACTIVE, now=now)
            if not is_held or bidder.limit_fen != sent_fen:  # changed since the engine was asked
                await duties.ask_again(
                    conn, Kind.CHANGE_LIMIT, subject_id=bidder_id, due_at=now, now=now
                )


async def apply_limit(pool: Pool, engine: Engine, bidder_id: UUID) -> None:
    """Give the engine the limit that an admitted bidder has now; one that changes meanwhile is given once more.

    Whoever writes last has read last: of two workers neither leaves an older limit behind.
    """
    given: Bidder | None = None
    while True:
        async with pool.acquire() as conn:
            bidder = await bidders.get(conn, bidder_id)
            lot = await lots.get(conn, bidder.lot_id)
        has_it = given is not None and given.limit_fen == bidder.limit_fen
        if has_it or bidder.status is not BidderStatus.ACTIVE or lot.format in OFFERED:
            return
        assert bidder.paddle is not None, "who is admitted has a paddle"
        # Each time a command of its own: an earlier one with the same limit is no longer what holds.
        done = await engine.admit(
            lot.id, bidder.paddle, limit_fen=bidder.limit_fen, id=f"limit-{uuid4()}"
        )
        if not done.decision.accepted:
            return  # over or barred: no bid of this paddle counts any more
        given = bidder
