"""After a default: the rights are auctioned again on the same terms, or the underbidder is asked to take them.

Source: domain 6.5, 9 (DEFAULTED → RE_AUCTION, the old winner barred).
"""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, NotFound
from kit.money import yuan
from kit.sql import Connection, load_statements
from marketplace.audit.steps import moved
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.bidders.schemas import Bidder, DepositReceipt
from marketplace.consignments.rules import require_another_person
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.rules import Origin
from marketplace.lots.schemas import Lot, LotDraft
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.outbox import service as outbox
from marketplace.plans import stepping
from marketplace.resales.rules import (
    LEFT_BY_A_BUYER,
    NotOffered,
    require_regime,
    require_underbid_step,
)
from marketplace.resales.schemas import (
    Consent,
    ReauctionIn,
    UnderbidderAsked,
    UnderbidderIn,
    UnderbidderOffer,
    UnderbidState,
)
from marketplace.sales import service as sales
from marketplace.sales import successors
from settlement import deposits
from settlement.errors import InsufficientFunds

_SQL = load_statements("marketplace.resales", "queries.sql")
_moved = partial(moved, subject="underbidder_offer")
_U = UnderbidState
_RESOLD = "on sale again after a default 违约后再次处置"


class NotDefaulted(Conflict):
    """Only what a buyer did not pay for is sold again, and once at a time. / 仅悔拍标的可再次处置，且不得重复。"""

    code = "not_defaulted"


class DepositMissing(Conflict):
    """The deposit was given back: pay it in again, then accept. / 保证金已退还，请重新缴纳后接受。"""

    code = "deposit_missing"


async def reauction(
    conn: Connection, caller: Caller, lot_id: UUID, given: ReauctionIn, *, now: datetime
) -> Lot:
    """Draft the re-auction of a defaulted lot on its own terms; it is checked and published like any other.

    A plan whose step the default holds goes on with it.
    """
    lot = await lots.owned_for_update(conn, caller, lot_id)
    await _require_free(conn, lot)
    again = LotDraft(
        consignment_id=lot.consignment_id,
        title=lot.title,
        title_zh=lot.title_zh,
        bidding=lot.bidding,
        conditions=lot.conditions,
        registration_opens_at=given.registration_opens_at,
        priority_closes_at=given.priority_closes_at,
        opens_at=given.opens_at,
        closes_at=given.closes_at,
        payment_hours=lot.payment_hours,
        release_on=lot.release_on,
        objection_days=lot.objection_days,
        round_number=lot.round_number,
        shortened_times=lot.shortened_times,
    )
    priced = intake.Priced(
        start_price_fen=lot.start_price_fen,
        reserve_price_fen=lot.reserve_price_fen,
        deposit_fen=lot.deposit_fen,
        previous_start_price_fen=lot.previous_start_price_fen,
        regime=lot.regime,
    )
    made = await lots.draft(conn, caller, again, now=now, priced=priced)
    await stepping.go_on_with(conn, lot_id, made.id, reason=_RESOLD, now=now)
    return made


async def propose(
    conn: Connection, caller: Caller, lot_id: UUID, given: UnderbidderIn, *, now: datetime
) -> UnderbidderOffer:
    """Propose to ask the underbidder at its own highest bid; the bank agrees first (拍卖法 39). Raises `NotOffered`."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    require_regime(lot.regime)
    await _require_free(conn, lot)
    sale = await sales.of_lot(conn, lot_id)
    price_fen = await conn.fetchval(_SQL["underbid"], lot_id, sale.underbidder_paddle)
    if sale.underbidder_paddle is None or price_fen is None:
        raise NotOffered(
            f"lot {lot.number} had no underbidder", f"标的 {lot.number} 没有次高出价人"
        )
    underbidder = await bidders.by_paddle(conn, lot_id, sale.underbidder_paddle)
    if underbidder.status is BidderStatus.BARRED:
        raise NotOffered("the underbidder is barred", "次高出价人已被禁止竞买")
    await conn.execute(
        _SQL["insert"],
        lot_id,
        underbidder.id,
        price_fen,
        given.answer_hours,
        given.reason,
        caller.user_id,
        now,
    )
    offer = await _lock(conn, lot_id)
    if offer.proposed_at == now:
        await _moved(conn, caller, lot_id, "", offer.state, reason=given.reason, now=now)
    return offer


async def consent(
    conn: Connection, caller: Caller, lot_id: UUID, given: Consent, *, now: datetime
) -> UnderbidderOffer:
    """The bank's checker agrees to the price, or does not; its time to answer begins for the underbidder."""
    lot = await lots.for_update(conn, lot_id)
    if lot.consignor_id != caller.organisation_id:
        raise NotFound(f"no lot {lot_id}", f"没有标的 {lot_id}")
    offer = await _lock(conn, lot_id)
    require_another_person(offer.proposed_by, caller.user_id)
    if offer.price_fen != given.price_fen:
        raise Conflict(
            f"the offer is at {yuan(offer.price_fen)} yuan",
            f"递补价格为 {yuan(offer.price_fen)} 元，请重新查看",
        )
    wanted = _U.OFFERED if given.approved else _U.REFUSED
    require_underbid_step(offer.state, wanted, number=lot.number)
    answer_by = now + timedelta(hours=offer.answer_hours) if given.approved else None
    await conn.execute(_SQL["consent"], lot_id, wanted, caller.user_id, answer_by, now)
    await _moved(conn, caller, lot_id, offer.state, wanted, now=now)
    if answer_by is not None:
        await duties.add(
            conn, Kind.LAPSE_UNDERBIDDER_OFFER, subject_id=lot_id, due_at=answer_by, now=now
        )
        asked = UnderbidderAsked(
            lot_id=lot_id,
            bidder_id=offer.bidder_id,
            price_fen=offer.price_fen,
            answer_by=answer_by,
        )
        await outbox.add(conn, asked, now=now)
    return await _lock(conn, lot_id)


async def receive_deposit(
    conn: Connection, caller: Caller, lot_id: UUID, given: DepositReceipt, *, now: datetime
) -> UnderbidderOffer:
    """Book the deposit that the underbidder paid in again; it is held once it accepts."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    offer = await _lock(conn, lot_id)
    if offer.state is not _U.OFFERED:
        raise NotOffered(f"the offer is {offer.state}", f"递补要约状态为 {offer.state}")
    underbidder = await bidders.get(conn, offer.bidder_id)
    await deposits.receive(
        conn,
        underbidder.organisation_id,
        holder_id=lot.venue_id,
        bank_reference=given.bank_reference,
        amount_fen=given.amount_fen,
        received_at=given.received_at,
        now=now,
    )
    return offer


async def answer(
    conn: Connection, caller: Caller, lot_id: UUID, *, accepted: bool, now: datetime
) -> UnderbidderOffer:
    """The underbidder takes the rights or does not. Accepted, they are sold to it in a lot of its own."""
    lot = await lots.for_update(conn, lot_id)
    await _lock(conn, lot_id)
    offer, underbidder = await _own(conn, caller, lot_id)
    if offer.answer_by is not None and now >= offer.answer_by:
        raise NotOffered("the time to answer is over", "答复期限已过")
    wanted = _U.ACCEPTED if accepted else _U.DECLINED
    require_underbid_step(offer.state, wanted, number=lot.number)
    sold_id = None
    if accepted:
        await _require_free(conn, lot)
        sold_id = (await _sell(conn, lot, offer, underbidder, now=now)).id
    await conn.execute(_SQL["answer"], lot_id, wanted, caller.user_id, sold_id, now)
    await _moved(conn, caller, lot_id, offer.state, wanted, now=now)
    return await _lock(conn, lot_id)


async def lapse(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """The time to answer is over: the rights are for a re-auction."""
    offer = await _lock(conn, lot_id)
    if offer.state is _U.OFFERED:
        await conn.execute(_SQL["answer"], lot_id, _U.LAPSED, None, None, now)
        await _moved(conn, SYSTEM_CALLER, lot_id, offer.state, _U.LAPSED, now=now)


async def of_lot(conn: Connection, caller: Caller, lot_id: UUID) -> UnderbidderOffer:
    """The offer, for the lot's venue and bank, and for the underbidder once it is asked."""
    lot = await lots.get(conn, lot_id)
    if caller.organisation_id not in (lot.venue_id, lot.consignor_id):
        return (await _own(conn, caller, lot_id))[0]
    return _offer(await conn.fetchrow(_SQL["by_lot"], lot_id))


async def _sell(
    conn: Connection, lot: Lot, offer: UnderbidderOffer, underbidder: Bidder, *, now: datetime
) -> Lot:
    try:
        async with conn.transaction():
            sold = await successors.sell_beside(
                conn,
                lot,
                underbidder,
                Origin.UNDERBIDDER,
                suffix="-S",
                price_fen=offer.price_fen,
                closed_at=now,
                now=now,
            )
    except InsufficientFunds as error:
        raise DepositMissing(deposit_fen=lot.deposit_fen) from error
    await intake.begin_disposal(conn, SYSTEM_CALLER, lot.consignment_id, now=now)
    await duties.add(conn, Kind.REVIEW_RESULT, subject_id=sold.id, due_at=now, now=now)
    await stepping.go_on_with(conn, lot.id, sold.id, reason=_RESOLD, now=now)
    return sold


async def _require_free(conn: Connection, lot: Lot) -> None:
    """Its buyer defaulted, and nothing follows it yet."""
    if lot.status not in LEFT_BY_A_BUYER or await conn.fetchval(_SQL["successors"], lot.id):
        raise NotDefaulted


async def _own(conn: Connection, caller: Caller, lot_id: UUID) -> tuple[UnderbidderOffer, Bidder]:
    offer = _offer(await conn.fetchrow(_SQL["by_lot"], lot_id))
    underbidder = await bidders.get(conn, offer.bidder_id)
    is_asked = offer.state not in (_U.PROPOSED, _U.REFUSED)
    if underbidder.organisation_id != caller.organisation_id or not is_asked:
        raise NotFound(f"no lot {lot_id}", f"没有标的 {lot_id}")
    return offer, underbidder


async def _lock(conn: Connection, lot_id: UUID) -> UnderbidderOffer:
    return _offer(await conn.fetchrow(_SQL["lock"], lot_id))


def _offer(row: asyncpg.Record | None) -> UnderbidderOffer:
    if row is None:
        raise NotFound("the underbidder was not asked", "尚未向次高出价人递补")
    return msgspec.convert(dict(row), UnderbidderOffer)
