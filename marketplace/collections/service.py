"""A call for offers (收储): a backstop in advance, offers, best and final, and the answer of the bank's two people.

The lot's row lock orders everything. What was accepted goes on as any sale does: confirmation, price, distribution.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import in_china
from kit.commitments import commitment
from kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from kit.ids import uuid7
from kit.money import yuan
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.audit.steps import moved
from marketplace.bidders import service as bidders
from marketplace.bidders.disclosures import require_acknowledged
from marketplace.bidders.rules import BidderStatus
from marketplace.bidders.schemas import Bidder
from marketplace.collections.rules import Schedule, best_of_each, require_call_step, schedule
from marketplace.collections.schemas import (
    AnswerDecision,
    AnswerIn,
    BackstopIn,
    Call,
    CallState,
    Instalment,
    Offer,
    OfferIn,
    OpeningIn,
    Repurchase,
)
from marketplace.consignments.rules import require_another_person
from marketplace.lots import service as lots
from marketplace.lots.offered import OFFERED, OfferTerms, offer_terms
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller

_SQL = load_statements("marketplace.collections", "queries.sql")
_MAY_OFFER = frozenset({BidderStatus.ACTIVE, BidderStatus.DEPOSITED})
_ROUNDS = {CallState.OFFERS: 1, CallState.FINAL: 2}
_OPENINGS = {CallState.OPENING: 1, CallState.FINAL_OPENING: 2}


class NotCollected(Conflict):
    """This lot is not sold by offers. / 本标的不以收储报价方式处置。"""

    code = "not_collected"


class OffersClosed(Conflict):
    """Offers are not taken now. / 当前不接受报价。"""

    code = "offers_closed"


class OfferTooLow(Conflict):
    """The offer is below what it must be. / 报价过低。"""

    code = "offer_too_low"


class OfferUnproved(Conflict):
    """This is not what the commitment was to. / 与报价承诺不符。"""

    code = "offer_unproved"


class AnswerDiffers(Conflict):
    """The answer proposed is another one, or there is none. / 拟定答复不符或尚未拟定。"""

    code = "answer_differs"


async def give_backstop(
    conn: Connection, caller: Caller, lot_id: UUID, given: BackstopIn, *, now: datetime
) -> Call:
    """An agency commits itself, before the call opens, to take the rights if nobody offers more; once a lot."""
    lot, bidder = await _offering(conn, caller, lot_id)
    if now >= lot.opens_at:
        raise OffersClosed(
            f"a backstop is given before the call opens at {in_china(lot.opens_at)} (UTC+8)",
            f"兜底承诺应于 {in_china(lot.opens_at)} 前作出",
        )
    _require_floor(given.amount_fen, lot.start_price_fen)
    await conn.execute(_SQL["ensure"], lot_id, now)
    try:
        async with conn.transaction():
            await _put_offer(
                conn, caller, lot, bidder, round_=0, amount_fen=given.amount_fen, now=now
            )
    except asyncpg.UniqueViolationError as error:
        raise OffersClosed("the lot has its backstop", "本标的已有兜底承诺") from error
    return await call_of(conn, lot)


async def offer(
    conn: Connection, caller: Caller, lot_id: UUID, given: OfferIn, *, now: datetime
) -> Call:
    """An offer in the round that is open. It is never taken back; a higher one may follow."""
    lot, bidder = await _offering(conn, caller, lot_id)
    terms = offer_terms(lot.bidding.format_terms)
    call = await call_of(conn, lot)
    round_ = _ROUNDS.get(call.state)
    if round_ is None or now >= _closes_at(schedule(lot.closes_at, terms), round_):
        raise OffersClosed
    own = [one for one in call.offers if one.paddle == bidder.paddle]
    if round_ == 2 and not own:
        raise OffersClosed(
            "best and final is for those who offered before", "最终报价仅限已报价的机构"
        )
    if terms.mode == "sealed":
        if given.commitment is None or given.amount_fen is not None:
            raise InvalidInput("commitment", "a sealed call takes this alone", "密封报价仅提交承诺")
        # Who could seal several would see what others open, and open the lowest that still wins.
        if any(one.round == round_ for one in own):
            raise OffersClosed("one sealed offer a round", "每轮仅可提交一份密封报价")
    elif given.amount_fen is None or given.commitment is not None:
        raise InvalidInput("amount_fen", "an open call takes this alone", "公开报价仅提交金额")
    else:
        best = best_of_each(own)
        least = lot.start_price_fen if not best else (best[0].amount_fen or 0) + 1
        _require_floor(given.amount_fen, least)
    await _put_offer(
        conn,
        caller,
        lot,
        bidder,
        round_=round_,
        amount_fen=given.amount_fen,
        sealed=given.commitment,
        now=now,
    )
    return await call_of(conn, lot)


async def open_offer(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    offer_id: UUID,
    given: OpeningIn,
    *,
    now: datetime,
) -> Call:
    """The maker of a sealed offer opens it, after the close and in time; what is not opened does not count."""
    lot, bidder = await _offering(conn, caller, lot_id)
    terms = offer_terms(lot.bidding.format_terms)
    call = await call_of(conn, lot)
    if await conn.fetchval(_SQL["bidder_of_offer"], offer_id, lot_id) != bidder.id:
        raise NotFound
    made = next(one for one in call.offers if one.id == offer_id)
    if made.amount_fen is not None:
        return call
    times = schedule(lot.closes_at, terms)
    until = times.opened_by if made.round == 1 else times.final_opened_by
    if _OPENINGS.get(call.state) != made.round or now >= until:
        raise OffersClosed("sealed offers are not opened now", "当前不能开封报价")
    shown = commitment(
        f"collection:{lot_id}:{made.round}",
        str(bidder.paddle),
        amount_fen=given.amount_fen,
        nonce=given.nonce,
    )
    if shown != made.commitment:
        raise OfferUnproved
    _require_floor(given.amount_fen, lot.start_price_fen)
    await conn.execute(_SQL["open_offer"], offer_id, given.amount_fen, given.nonce, now)
    await _audit(conn, caller, lot, "collection_offer_opened", {"paddle": bidder.paddle}, now=now)
    return await call_of(conn, lot)


async def propose_answer(
    conn: Connection, caller: Caller, lot_id: UUID, given: AnswerIn, *, now: datetime
) -> Call:
    """The bank's maker proposes to accept an opened offer, or to decline all."""
    lot = await _banks_lot(conn, caller, lot_id)
    call = await call_of(conn, lot)
    _require_deciding(call, lot, now=now)
    if given.offer_id is not None and given.offer_id not in [
        one.id for one in best_of_each(call.offers)
    ]:
        raise InvalidInput(
            "offer_id", "must be a maker's best opened offer", "须为某机构已开封的最高报价"
        )
    answer = "decline" if given.offer_id is None else "accept"
    await conn.execute(
        _SQL["propose"], lot_id, answer, given.offer_id, given.reason, caller.user_id, now
    )
    await _audit(conn, caller, lot, "collection_answer_proposed", given, now=now)
    return await call_of(conn, lot)


async def answer_for_decision(
    conn: Connection, caller: Caller, lot_id: UUID, given: AnswerDecision, *, now: datetime
) -> tuple[Lot, Call]:
    """The call whose proposed answer another person of the bank may decide on now."""
    lot = await _banks_lot(conn, caller, lot_id)
    call = await call_of(conn, lot)
    _require_deciding(call, lot, now=now)
    if call.answer is None or call.offer_id != given.offer_id:
        raise AnswerDiffers
    require_another_person(call.proposed_by, caller.user_id)
    return lot, call


async def withdraw_answer(conn: Connection, caller: Caller, lot: Lot, *, now: datetime) -> None:
    """The bank's checker does not agree: the call waits for another answer."""
    await conn.execute(_SQL["withdraw_answer"], lot.id, now)
    await _audit(conn, caller, lot, "collection_answer_refused", None, now=now)


async def get(conn: Connection, caller: Caller, lot_id: UUID) -> Call:
    """The call of a published lot; for its sides, and for who may offer."""
    lot = await lots.get(conn, lot_id)
    _require_offered(lot)
    if lot.published_at is None:
        raise NotFound
    if caller.organisation_id not in (lot.venue_id, lot.consignor_id):
        await bidders.own(conn, caller, lot_id)
    return await call_of(conn, lot)


async def call_of(conn: Connection, lot: Lot) -> Call:
    """The call of a lot as it stands; `announced` while nothing happened."""
    terms = offer_terms(lot.bidding.format_terms)
    times = schedule(lot.closes_at, terms)
    async with everything(conn):  # who may see the call sees all offers, by paddle
        offers = await conn.fetch(_SQL["offers"], lot.id)
        bought_back = await conn.fetchrow(_SQL["repurchase"], lot.id)
    row = await conn.fetchrow(_SQL["by_lot"], lot.id)
    known: dict[str, Any] = {"state": "announced"} if row is None else dict(row)
    return Call(
        lot_id=lot.id,
        state=CallState(known["state"]),
        mode=terms.mode,
        floor_fen=lot.start_price_fen,
        offers_close_at=times.offers_close_at,
        final_closes_at=times.final_closes_at if terms.final_seconds else None,
        decision_by=times.decision_by,
        answer=known.get("answer"),
        offer_id=known.get("offer_id"),
        reason=known.get("reason"),
        proposed_by=known.get("proposed_by"),
        decided_by=known.get("decided_by"),
        offers=[msgspec.convert(dict(each), Offer) for each in offers],
        instalments=[
            msgspec.convert(dict(each), Instalment)
            for each in await conn.fetch(_SQL["instalments"], lot.id)
        ],
        repurchase=None if bought_back is None else msgspec.convert(dict(bought_back), Repurchase),
    )


async def set_state(
    conn: Connection,
    caller: Caller,
    lot: Lot,
    call: Call,
    wanted: CallState,
    *,
    now: datetime,
    reason: str | None = None,
) -> Call:
    """The one way in which a call's state changes."""
    require_call_step(call.state, wanted, number=lot.number)
    await conn.execute(_SQL["ensure"], lot.id, now)
    decider = caller.user_id if wanted in (CallState.ACCEPTED, CallState.DECLINED) else None
    await conn.execute(_SQL["set_state"], lot.id, wanted, decider, now)
    await moved(
        conn,
        caller,
        subject="collection",
        subject_id=lot.id,
        before=call.state,
        after=wanted,
        now=now,
        reason=reason,
    )
    return await call_of(conn, lot)


async def _offering(conn: Connection, caller: Caller, lot_id: UUID) -> tuple[Lot, Bidder]:
    """The lot, locked, and the caller's organisation as a bidder whose deposit is held."""
    lot = await lots.for_update(conn, lot_id)
    _require_offered(lot)
    reserved_for = offer_terms(lot.bidding.format_terms).reserved_for
    if reserved_for not in (None, caller.organisation_id):
        raise Forbidden("this sale is reserved for another organisation", "本次处置已指定受让方")
    bidder = await bidders.own(conn, caller, lot_id)
    if bidder.status not in _MAY_OFFER:
        raise Forbidden(
            f"your organisation is {bidder.status} here; offers are made once the deposit is held",
            f"贵机构状态为 {bidder.status}，缴纳保证金后方可报价",
        )
    if lot.status not in (LotStatus.PUBLISHED, LotStatus.REGISTRATION, LotStatus.OPEN):
        raise OffersClosed
    require_acknowledged(lot, bidder)
    return lot, bidder


async def _banks_lot(conn: Connection, caller: Caller, lot_id: UUID) -> Lot:
    lot = await lots.for_update(conn, lot_id)
    if lot.consignor_id != caller.organisation_id:
        raise NotFound(f"no lot {lot_id}", f"没有标的 {lot_id}")
    _require_offered(lot)
    return lot


async def _put_offer(
    conn: Connection,
    caller: Caller,
    lot: Lot,
    bidder: Bidder,
    *,
    round_: int,
    amount_fen: int | None,
    sealed: str | None = None,
    now: datetime,
) -> None:
    await conn.execute(
        _SQL["insert_offer"],
        uuid7(now),
        lot.id,
        bidder.id,
        bidder.paddle,
        round_,
        amount_fen,
        sealed,
        caller.user_id,
        now,
    )
    facts = {"paddle": bidder.paddle, "round": round_, "amount_fen": amount_fen, "sealed": sealed}
    # In the platform's name: who made which offer is told by the paddle alone while the call runs (domain 7).
    await _audit(conn, SYSTEM_CALLER, lot, "collection_offer_made", facts, now=now)


def _require_deciding(call: Call, lot: Lot, *, now: datetime) -> None:
    if call.state is not CallState.DECIDING or now >= call.decision_by:
        raise Conflict(
            f"the call of lot {lot.number} is {call.state}; it is decided between its last round and"
            f" {call.decision_by}",
            f"标的 {lot.number} 的收储状态为 {call.state}，应于最后一轮结束后至 {call.decision_by} 前答复",
        )


def _require_offered(lot: Lot) -> None:
    if lot.format not in OFFERED:
        raise NotCollected


def _require_floor(amount_fen: int, least_fen: int) -> None:
    if amount_fen < least_fen:
        raise OfferTooLow(
            f"an offer of CNY {yuan(amount_fen)} is below CNY {yuan(least_fen)}",
            f"报价 {yuan(amount_fen)} 元低于 {yuan(least_fen)} 元",
            minimum_fen=least_fen,
        )


def _closes_at(times: Schedule, round_: int) -> datetime:
    return times.offers_close_at if round_ == 1 else times.final_closes_at


async def _audit(
    conn: Connection, caller: Caller, lot: Lot, action: str, facts: object, *, now: datetime
) -> None:
    await audit.record(
        conn, caller, now=now, action=action, subject="lot", subject_id=lot.id, after=facts
    )


def terms_of(lot: Lot) -> OfferTerms:
    """The terms of a lot that is sold by offers."""
    return offer_terms(lot.bidding.format_terms)
