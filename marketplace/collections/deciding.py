"""What time does to a call for offers, and what its answer leads to: a sale like any other, instalments, an option."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg

from kit.errors import NotFound
from kit.ids import uuid7
from kit.money import half_up
from kit.sql import Connection, load_statements
from marketplace.audit.steps import moved
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.collections import service
from marketplace.collections.rules import (
    best_of_each,
    has_final_round,
    require_repurchase_step,
    schedule,
)
from marketplace.collections.schemas import (
    AnswerDecision,
    Call,
    CallState,
    Offer,
    RepurchaseState,
)
from marketplace.disclosures import extending
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import service as lots
from marketplace.lots.offered import instalments_fen
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.sales import service as sales
from marketplace.sales.rules import Outcome
from settlement import instalments
from settlement import sales as accounts

_SQL = load_statements("marketplace.collections", "queries.sql")
_option_moved = partial(moved, subject="repurchase")


async def begin(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """The call opens; without the backstop that its terms ask for it has failed."""
    lot, call = await _locked(conn, lot_id)
    if call.state is not CallState.ANNOUNCED or lot.status is LotStatus.WITHDRAWN:
        return
    await lots.catch_up(conn, lot, LotStatus.OPEN, now=now)
    if service.terms_of(lot).needs_backstop and not call.offers:
        await _fail(conn, lot, call, "no_backstop", now=now)
        return
    await service.set_state(conn, SYSTEM_CALLER, lot, call, CallState.OFFERS, now=now)


async def extended(conn: Connection, lot_id: UUID, *, now: datetime) -> Lot:
    """The lot at the end of its first round, with a later close where too few offered and the notice lets it go on."""
    lot, call = await _locked(conn, lot_id)
    if call.state not in (CallState.ANNOUNCED, CallState.OFFERS):
        return lot
    makers = {offer.paddle for offer in call.offers}
    return await extending.of_call(conn, lot_id, offers=len(makers), now=now)


async def close_offers(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """The first round is over: sealed offers are opened next, open ones lead to the next part at once."""
    lot, call = await _locked(conn, lot_id)
    if call.state is CallState.ANNOUNCED and lot.status is not LotStatus.WITHDRAWN:
        await begin(conn, lot_id, now=now)  # whoever should have opened it was late
        lot, call = await _locked(conn, lot_id)
    if call.state is not CallState.OFFERS:
        return
    terms = service.terms_of(lot)
    if terms.mode == "sealed":
        await service.set_state(conn, SYSTEM_CALLER, lot, call, CallState.OPENING, now=now)
        await _later(conn, Kind.CLOSE_OPENING, lot, schedule(lot.closes_at, terms).opened_by, now)
        return
    await _after_first(conn, lot, call, now=now)


async def close_opening(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """The time to open sealed offers is over: what is still sealed does not count."""
    lot, call = await _locked(conn, lot_id)
    if call.state is CallState.OPENING:
        await _after_first(conn, lot, call, now=now)


async def close_final(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """Best and final is over."""
    lot, call = await _locked(conn, lot_id)
    if call.state is not CallState.FINAL:
        return
    terms = service.terms_of(lot)
    if terms.mode == "sealed":
        await service.set_state(conn, SYSTEM_CALLER, lot, call, CallState.FINAL_OPENING, now=now)
        opened_by = schedule(lot.closes_at, terms).final_opened_by
        await _later(conn, Kind.CLOSE_FINAL_OPENING, lot, opened_by, now)
        return
    await _decide_next(conn, lot, call, now=now)


async def close_final_opening(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """The time to open the last sealed offers is over."""
    lot, call = await _locked(conn, lot_id)
    if call.state is CallState.FINAL_OPENING:
        await _decide_next(conn, lot, call, now=now)


async def decision_over(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """The bank did not answer in time: the call has failed, and the plan goes on."""
    lot, call = await _locked(conn, lot_id)
    if call.state is CallState.DECIDING:
        await _fail(conn, lot, call, "not_decided", now=now)


async def decide(
    conn: Connection, caller: Caller, lot_id: UUID, given: AnswerDecision, *, now: datetime
) -> Call:
    """Another person of the bank decides on the answer proposed: the rights are sold, or all offers are declined."""
    lot, call = await service.answer_for_decision(conn, caller, lot_id, given, now=now)
    if not given.approved:
        await service.withdraw_answer(conn, caller, lot, now=now)
        return await service.call_of(conn, lot)
    if call.answer == "decline":
        await service.set_state(
            conn, caller, lot, call, CallState.DECLINED, now=now, reason=call.reason
        )
        await sales.record_outcome(conn, lot_id, _unsold("declined", now), now=now)
    else:
        chosen = next(one for one in call.offers if one.id == call.offer_id)
        await _accept(conn, caller, lot, call, chosen, now=now)
    return await service.call_of(conn, lot)


async def withdraw(
    conn: Connection, caller: Caller, lot_id: UUID, *, reason: str, now: datetime
) -> Call:
    """The venue takes an open call back, before it is decided; deposits go back."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    call = await service.call_of(conn, lot)
    await service.set_state(conn, caller, lot, call, CallState.WITHDRAWN, now=now, reason=reason)
    outcome = Outcome(
        outcome="cancelled",
        reason=reason,
        winner_paddle=None,
        price_fen=None,
        underbidder_paddle=None,
        extensions=0,
        closed_at=now,
    )
    await sales.record_outcome(conn, lot_id, outcome, now=now)
    return await service.call_of(conn, lot)


async def check_instalment(conn: Connection, instalment_id: UUID, *, now: datetime) -> None:
    """An instalment's deadline is over: met, or missed, which is audited and told, and is the price missed (悔拍).

    A sale whose confirmation is not issued yet defaults when it is: its payment is checked at once.
    """
    row = await conn.fetchrow(_SQL["lock_instalment"], instalment_id)
    assert row is not None, "a duty's instalment exists"
    if row["state"] != "due":
        return
    sale = await accounts.get(conn, row["lot_id"])
    lot = await lots.get(conn, row["lot_id"])
    unmet = await accounts.unmet_instalment(conn, sale)
    is_there = sale.state != accounts.DEFAULTED and (unmet is None or unmet.number > row["n"])
    state = "met" if is_there else "missed"
    await conn.execute(_SQL["set_instalment"], instalment_id, state, now)
    await moved(
        conn,
        SYSTEM_CALLER,
        subject="instalment",
        subject_id=instalment_id,
        before="due",
        after=state,
        now=now,
        facts={"lot_id": lot.id, "n": row["n"]},
    )
    if state == "missed":
        await sales.mark_default(conn, lot.id, now=now)


async def exercise(
    conn: Connection, caller: Caller, lot_id: UUID, *, evidence: str, now: datetime
) -> Call:
    """The venue records that the pledgor exercised its option in time."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    row = await _option(conn, lot_id)
    wanted = RepurchaseState.EXERCISED if now < row["open_until"] else RepurchaseState.LAPSED
    require_repurchase_step(
        RepurchaseState(row["state"]), RepurchaseState.EXERCISED, number=lot.number
    )
    if wanted is RepurchaseState.LAPSED:
        raise service.OffersClosed(
            f"the option was open until {row['open_until']}",
            f"回购选择权已于 {row['open_until']} 届满",
        )
    await conn.execute(_SQL["exercise"], lot_id, evidence, caller.user_id, now)
    await _option_moved(conn, caller, lot_id, row["state"], "exercised", now=now, reason=evidence)
    return await service.call_of(conn, lot)


async def complete(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> Call:
    """The buyer confirms that it was paid and gave the rights back."""
    lot = await lots.for_update(conn, lot_id)
    row = await _option(conn, lot_id)
    if row["buyer_id"] != caller.organisation_id:
        raise NotFound
    require_repurchase_step(
        RepurchaseState(row["state"]), RepurchaseState.COMPLETED, number=lot.number
    )
    await conn.execute(_SQL["complete"], lot_id, caller.user_id, now)
    await _option_moved(conn, caller, lot_id, row["state"], "completed", now=now)
    return await service.call_of(conn, lot)


async def lapse(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """The option's time is over."""
    row = await _option(conn, lot_id)
    if row["state"] == RepurchaseState.OPEN:
        await conn.execute(_SQL["lapse"], lot_id)
        await _option_moved(conn, SYSTEM_CALLER, lot_id, "open", "lapsed", now=now)


async def _locked(conn: Connection, lot_id: UUID) -> tuple[Lot, Call]:
    lot = await lots.for_update(conn, lot_id)
    return lot, await service.call_of(conn, lot)


async def _after_first(conn: Connection, lot: Lot, call: Call, *, now: datetime) -> None:
    terms = service.terms_of(lot)
    if not has_final_round(terms, call.offers):
        await _decide_next(conn, lot, call, now=now)
        return
    await service.set_state(conn, SYSTEM_CALLER, lot, call, CallState.FINAL, now=now)
    closes_at = schedule(lot.closes_at, terms).final_closes_at
    await _later(conn, Kind.CLOSE_FINAL_OFFERS, lot, closes_at, now)


async def _decide_next(conn: Connection, lot: Lot, call: Call, *, now: datetime) -> None:
    if not best_of_each(call.offers):
        await _fail(conn, lot, call, "no_offers", now=now)
        return
    await service.set_state(conn, SYSTEM_CALLER, lot, call, CallState.DECIDING, now=now)
    await _later(conn, Kind.DECISION_OVER, lot, call.decision_by, now)


async def _accept(
    conn: Connection, caller: Caller, lot: Lot, call: Call, chosen: Offer, *, now: datetime
) -> None:
    assert chosen.amount_fen is not None, "an accepted offer is open"
    await service.set_state(
        conn, caller, lot, call, CallState.ACCEPTED, now=now, reason=call.reason
    )
    winner = await bidders.by_paddle(conn, lot.id, chosen.paddle)
    if winner.status is BidderStatus.DEPOSITED:
        await bidders.set_status(conn, SYSTEM_CALLER, winner, BidderStatus.ACTIVE, now=now)
    others = [one for one in best_of_each(call.offers) if one.paddle != chosen.paddle]
    outcome = Outcome(
        outcome="sold",
        reason=None,
        winner_paddle=chosen.paddle,
        price_fen=chosen.amount_fen,
        underbidder_paddle=others[0].paddle if others else None,
        extensions=0,
        closed_at=now,
    )
    await sales.record_outcome(conn, lot.id, outcome, now=now)
    await _put_instalments(conn, caller, lot, call, chosen.amount_fen, now=now)
    option = service.terms_of(lot).repurchase
    if option is not None:
        until = now + timedelta(days=option.open_days)
        price_fen = half_up(chosen.amount_fen, option.price_bp)
        await conn.execute(
            _SQL["insert_repurchase"], lot.id, winner.organisation_id, price_fen, until
        )
        await _later(conn, Kind.LAPSE_REPURCHASE, lot, until, now)


async def _put_instalments(
    conn: Connection, caller: Caller, lot: Lot, call: Call, price_fen: int, *, now: datetime
) -> None:
    """The instalments of the notice, for settlement, which computes their interest and counts what is paid of them."""
    terms = service.terms_of(lot)
    if not terms.instalments:
        return
    assert call.proposed_by is not None, "an accepted answer was proposed"
    parts = [
        (amount_fen, now + timedelta(hours=part.due_after_hours))
        for part, amount_fen in zip(
            terms.instalments, instalments_fen(price_fen, terms.instalments), strict=True
        )
    ]
    await instalments.of_notice(
        conn,
        lot.id,
        parts=parts,
        interest_bp_year=terms.interest_bp_year,
        reason="as the call for offers states 按收储公告",
        proposed_by=call.proposed_by,
        agreed_by=caller.user_id,
        now=now,
    )
    for n, (amount_fen, due_at) in enumerate(parts, start=1):
        instalment_id, look_at = uuid7(now), due_at + sales.AFTER_DEADLINE
        await conn.execute(_SQL["insert_instalment"], instalment_id, lot.id, n, amount_fen, due_at)
        await duties.add(
            conn, Kind.CHECK_INSTALMENT, subject_id=instalment_id, due_at=look_at, now=now
        )


async def _fail(conn: Connection, lot: Lot, call: Call, reason: str, *, now: datetime) -> None:
    await service.set_state(
        conn, SYSTEM_CALLER, lot, call, CallState.FAILED, now=now, reason=reason
    )
    await sales.record_outcome(conn, lot.id, _unsold(reason, now), now=now)


def _unsold(reason: str, now: datetime) -> Outcome:
    return Outcome(
        outcome="unsold",
        reason=reason,
        winner_paddle=None,
        price_fen=None,
        underbidder_paddle=None,
        extensions=0,
        closed_at=now,
    )


async def _later(conn: Connection, kind: Kind, lot: Lot, due_at: datetime, now: datetime) -> None:
    await duties.add(conn, kind, subject_id=lot.id, due_at=due_at, now=now)


async def _option(conn: Connection, lot_id: UUID) -> asyncpg.Record:
    row = await conn.fetchrow(_SQL["lock_repurchase"], lot_id)
    if row is None:
        raise NotFound("this sale has no repurchase option", "该成交未设回购选择权")
    return row
