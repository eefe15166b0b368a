"""What each duty does: load, call one service. Every handler is safe to run twice, and twice at once.

A handler returns None when its duty is done, or the later time at which it turned out to be due.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol, TypeAlias
from uuid import UUID

from auction_engine.engine import Engine, NotDue
from auction_engine.rules.commands import GRACE_MS, Result
from kit.clock import from_epoch_ms
from kit.failpoints import register
from kit.sql import Connection, Pool
from marketplace.anomalies import service as anomalies
from marketplace.auctions import opening, orders, suspensions
from marketplace.bidders import service as bidders
from marketplace.bidders.disclosures import has_acknowledged
from marketplace.collections import deciding
from marketplace.diligence import service as diligence
from marketplace.disclosures import extending
from marketplace.duties.schemas import Kind
from marketplace.grants import service as grants
from marketplace.grants import signing
from marketplace.imports import jobs as import_jobs
from marketplace.licence_offers import awarding, options
from marketplace.lots import service as lots
from marketplace.lots.offered import OFFERED
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.mandates import money as mandate_money
from marketplace.mandates import service as mandates
from marketplace.monitoring import service as monitoring
from marketplace.organisations.schemas import SYSTEM_CALLER
from marketplace.plans import stepping
from marketplace.recorded_routes import service as recorded_routes
from marketplace.remedies import buyer_debts
from marketplace.resales import service as resales
from marketplace.sales import coverage, proceeds
from marketplace.sales import service as sales
from marketplace.sales.rules import Outcome
from marketplace.sessions import service as sessions
from marketplace.set_offs import service as set_offs
from marketplace.subscriptions import service as subscriptions
from settlement import deposits

_GRACE = timedelta(milliseconds=GRACE_MS)
_SOON = timedelta(milliseconds=250)
_OPENING_PAUSE = timedelta(seconds=30)
_SUSPENDED_PAUSE = timedelta(seconds=5)
_CASE_PAUSE = timedelta(hours=1)
_WATCH_PAUSE = timedelta(days=1)
_BEFORE_OPEN = frozenset({LotStatus.PUBLISHED, LotStatus.REGISTRATION})
_RUNNING = frozenset(
    {LotStatus.PUBLISHED, LotStatus.REGISTRATION, LotStatus.OPEN, LotStatus.PAUSED}
)

_after_close = register("jobs.after_engine_closed")


class JobResources(Protocol):
    """What duties work with."""

    @property
    def pool(self) -> Pool:
        """The database."""
        ...

    @property
    def engine(self) -> Engine:
        """The bid engine."""
        ...


class Step(Protocol):
    """One step of one service, on a connection whose transaction the duty commits."""

    async def __call__(self, conn: Connection, subject_id: UUID, /, *, now: datetime) -> None:
        """Take it."""
        ...


class Waiting(Protocol):
    """Such a step, which may turn out to be due later: its answer says when."""

    async def __call__(
        self, conn: Connection, subject_id: UUID, /, *, now: datetime
    ) -> datetime | None:
        """Take it, or say when it is due."""
        ...


Handler: TypeAlias = Callable[[JobResources, UUID, datetime], Awaitable[datetime | None]]


async def open_registration(resources: JobResources, lot_id: UUID, now: datetime) -> None:
    """Bidders may register from the time stated in the notice."""
    async with resources.pool.acquire() as conn, conn.transaction():
        lot = await lots.for_update(conn, lot_id)
        if lot.status is LotStatus.PUBLISHED:
            await lots.set_status(conn, SYSTEM_CALLER, lot, LotStatus.REGISTRATION, now=now)


async def create_auction(resources: JobResources, lot_id: UUID, now: datetime) -> datetime | None:
    """Registration is over: the listing goes on where its notice says so, or the auction is set up in the engine, with
    the priority holders confirmed by now.
    """
    if not await opening.is_set_up(resources.engine, lot_id):
        async with resources.pool.acquire() as conn, conn.transaction():
            lot = await extending.before_auction(conn, lot_id, now=now)
        if lot.status in _BEFORE_OPEN and now < lot.priority_closes_at:
            return lot.priority_closes_at
    await opening.create(resources.pool, resources.engine, lot_id)
    return None


async def open_auction(resources: JobResources, lot_id: UUID, now: datetime) -> datetime | None:
    """The opening has come: the engine takes bids by its own clock, and the lot's status says so."""
    async with resources.pool.acquire() as conn:
        lot = await lots.get(conn, lot_id)
    later = await _waits(resources, lot, now)
    if later is not None:
        return later
    if not await opening.create(resources.pool, resources.engine, lot_id):
        return None
    async with resources.pool.acquire() as conn:
        is_needless = await coverage.is_needless(conn, await lots.get(conn, lot_id), now=now)
    if (
        is_needless
    ):  # other lots were sold and cover the debt: the engine first, so that a repeat does both
        await resources.engine.cancel(lot_id, coverage.REASON, id=f"covered-{lot_id}")
    async with resources.pool.acquire() as conn, conn.transaction():
        lot = await lots.for_update(conn, lot_id)
        if lot.status in _BEFORE_OPEN:
            if is_needless:
                await sales.withdraw_needless(conn, lot, now=now)
            else:
                await lots.catch_up(conn, lot, LotStatus.OPEN, now=now)
    return None


async def close_auction(resources: JobResources, lot_id: UUID, now: datetime) -> datetime | None:
    """Have the engine close; a late bid that moved the end makes the duty due later. The result is recorded once."""
    async with resources.pool.acquire() as conn:
        lot = await lots.get(conn, lot_id)
    if lot.status not in _RUNNING:
        return None
    later = await _waits(resources, lot, now)
    if later is not None:
        return max(later, lot.closes_at + _GRACE)
    await opening.create(resources.pool, resources.engine, lot_id)
    closed = await resources.engine.close(lot_id)
    if isinstance(closed, NotDue):
        return await _later(resources, lot_id, closed, now)
    _after_close()
    async with resources.pool.acquire() as conn, conn.transaction():
        await sales.record_outcome(conn, lot_id, _outcome(closed), now=now)
    return None


async def change_limit(resources: JobResources, bidder_id: UUID, now: datetime) -> None:
    """An admitted bidder changed the most that it may bid: the engine holds the new limit from here."""
    await opening.apply_limit(resources.pool, resources.engine, bidder_id)


async def admit_bidder(resources: JobResources, bidder_id: UUID, now: datetime) -> datetime | None:
    """Let a bidder bid whose deposit is held, and who has read the notice in force."""
    async with resources.pool.acquire() as conn:
        bidder = await bidders.get(conn, bidder_id)
        lot = await lots.get(conn, bidder.lot_id)
    if lot.status in _BEFORE_OPEN and now < lot.priority_closes_at:
        return lot.priority_closes_at  # its notice changed, or the listing goes on
    if not has_acknowledged(lot, bidder) and now < lot.closes_at:
        return lot.closes_at  # the acknowledgement hastens it
    later = None if lot.format in OFFERED else await _waits(resources, lot, now)
    if later is None:
        await opening.admit(resources.pool, resources.engine, bidder_id, now=now)
    return later


async def close_offers(resources: JobResources, lot_id: UUID, now: datetime) -> datetime | None:
    """The first round of a call is over, or goes on where its notice says so and too few have offered."""
    async with resources.pool.acquire() as conn, conn.transaction():
        lot = await deciding.extended(conn, lot_id, now=now)
        if now < lot.closes_at:
            return lot.closes_at
        await deciding.close_offers(conn, lot_id, now=now)
    return None


async def open_offers(resources: JobResources, lot_id: UUID, now: datetime) -> datetime | None:
    """A call opens, at the time that its notice states now."""
    async with resources.pool.acquire() as conn, conn.transaction():
        lot = await lots.get(conn, lot_id)
        if lot.status in _BEFORE_OPEN and now < lot.opens_at:
            return lot.opens_at
        await deciding.begin(conn, lot_id, now=now)
    return None


async def carry_out_order(resources: JobResources, order_id: UUID, now: datetime) -> None:
    """Do what an operator ordered, where the request that gave the order did not get so far."""
    await orders.carry_out(resources.pool, resources.engine, order_id, now=now)


async def follow_suspension(resources: JobResources, lot_id: UUID, now: datetime) -> None:
    """The engine was rebuilt and suspended the auction: the lot is paused, and a notice says why."""
    await _pause_if_suspended(resources, lot_id, now)


async def review_result(resources: JobResources, lot_id: UUID, now: datetime) -> datetime | None:
    """Look at a result before it is confirmed, as soon as all that was bid is in the database."""
    try:
        async with resources.pool.acquire() as conn, conn.transaction():
            await anomalies.review(conn, await lots.for_update(conn, lot_id), now=now)
    except anomalies.NotJournalled:
        return now + _SOON
    return None


async def release_deposit(resources: JobResources, bidder_id: UUID, now: datetime) -> None:
    """Give a loser's deposit back into its free money."""
    async with resources.pool.acquire() as conn, conn.transaction():
        bidder = await bidders.get(conn, bidder_id)
        assert bidder.deposit_id is not None, "only deposits that were held are released"
        await deposits.release(conn, bidder.deposit_id, now=now)


async def check_payment(resources: JobResources, lot_id: UUID, now: datetime) -> datetime | None:
    """The payment deadline is over: a price that is not paid forfeits the deposit. Instalments move it."""
    async with resources.pool.acquire() as conn, conn.transaction():
        again_at = await sales.next_payment_check(conn, lot_id, now=now)
        if again_at is not None:
            return again_at + sales.AFTER_DEADLINE
        await sales.mark_default(conn, lot_id, now=now)
    return None


async def share_recovery(resources: JobResources, lot_id: UUID, now: datetime) -> datetime | None:
    """Hand what was recovered to the loan's compensation case."""
    async with resources.pool.acquire() as conn, conn.transaction():
        is_settled = await proceeds.share_recovery(conn, lot_id, now=now)
    return None if is_settled else now + _CASE_PAUSE


async def share_claim_on_buyer(
    resources: JobResources, receipt_id: UUID, now: datetime
) -> datetime | None:
    """Hand what a defaulting buyer paid beyond its deposit to the loan's compensation case."""
    async with resources.pool.acquire() as conn, conn.transaction():
        is_settled = await buyer_debts.share(conn, receipt_id, now=now)
    return None if is_settled else now + _CASE_PAUSE


async def share_set_off(
    resources: JobResources, set_off_id: UUID, now: datetime
) -> datetime | None:
    """Hand the price of a set-off to the loan's compensation case."""
    async with resources.pool.acquire() as conn, conn.transaction():
        is_settled = await set_offs.share(conn, set_off_id, now=now)
    return None if is_settled else now + _CASE_PAUSE


async def share_flow(resources: JobResources, flow_id: UUID, now: datetime) -> datetime | None:
    """Hand a cash flow of a recorded route to the loan's compensation case."""
    async with resources.pool.acquire() as conn, conn.transaction():
        is_settled = await recorded_routes.share(conn, flow_id, now=now)
    return None if is_settled else now + _CASE_PAUSE


async def share_mandate_receipt(
    resources: JobResources, receipt_id: UUID, now: datetime
) -> datetime | None:
    """Hand what an agency paid of a period to the loan's compensation case."""
    async with resources.pool.acquire() as conn, conn.transaction():
        is_settled = await mandate_money.share(conn, receipt_id, now=now)
    return None if is_settled else now + _CASE_PAUSE


def _in_a_transaction(step: Step) -> Handler:
    """A duty that is one call of one service."""

    async def handle(resources: JobResources, subject_id: UUID, now: datetime) -> None:
        async with resources.pool.acquire() as conn, conn.transaction():
            await step(conn, subject_id, now=now)

    return handle


def _until_it_is_due(step: Waiting) -> Handler:
    """The same, of a service that says when it is due instead."""

    async def handle(resources: JobResources, subject_id: UUID, now: datetime) -> datetime | None:
        async with resources.pool.acquire() as conn, conn.transaction():
            return await step(conn, subject_id, now=now)

    return handle


async def watch_case(resources: JobResources, case_id: UUID, now: datetime) -> datetime | None:
    """Look at a loan and what secures it; tomorrow again, until it is over."""
    async with resources.pool.acquire() as conn, conn.transaction():
        is_watched = await monitoring.watch_case(conn, case_id, now=now)
    return now + _WATCH_PAUSE if is_watched else None


async def follow_plan(resources: JobResources, subject_id: UUID, now: datetime) -> None:
    """Something ended: the plan that began it goes on, and so does the option that was exercised by it."""
    async with resources.pool.acquire() as conn, conn.transaction():
        await options.follow(conn, subject_id, now=now)
        await stepping.follow(conn, subject_id, now=now)


async def recheck_consignment(resources: JobResources, consignment_id: UUID, now: datetime) -> None:
    """Something beneath a consignment under way changed: the eligibility rules run again, for whoever signs too."""
    async with resources.pool.acquire() as conn, conn.transaction():
        await diligence.recheck(conn, consignment_id, now=now)
        await signing.look_at_consignment(conn, consignment_id, now=now)


HANDLERS: Mapping[Kind, Handler] = MappingProxyType(
    {
        Kind.OPEN_REGISTRATION: open_registration,
        Kind.CREATE_AUCTION: create_auction,
        Kind.OPEN_AUCTION: open_auction,
        Kind.CLOSE_AUCTION: close_auction,
        Kind.ADMIT_BIDDER: admit_bidder,
        Kind.CHANGE_LIMIT: change_limit,
        Kind.CARRY_OUT_ORDER: carry_out_order,
        Kind.FOLLOW_SUSPENSION: follow_suspension,
        Kind.REVIEW_RESULT: review_result,
        Kind.ISSUE_CONFIRMATION: _in_a_transaction(sales.confirm_when_released),
        Kind.LAPSE_UNDERBIDDER_OFFER: _in_a_transaction(resales.lapse),
        Kind.RELEASE_DEPOSIT: release_deposit,
        Kind.CHECK_PAYMENT: check_payment,
        Kind.SHARE_RECOVERY: share_recovery,
        Kind.MATCH_SUBSCRIPTIONS: _in_a_transaction(subscriptions.match),
        Kind.FOLLOW_SESSION: _in_a_transaction(sessions.follow),
        Kind.FOLLOW_PLAN: follow_plan,
        Kind.SHARE_SET_OFF: share_set_off,
        Kind.CHECK_DISPOSAL: _in_a_transaction(set_offs.check_disposal),
        Kind.SHARE_FLOW: share_flow,
        Kind.OPEN_OFFERS: open_offers,
        Kind.CLOSE_OFFERS: close_offers,
        Kind.CLOSE_OPENING: _in_a_transaction(deciding.close_opening),
        Kind.CLOSE_FINAL_OFFERS: _in_a_transaction(deciding.close_final),
        Kind.CLOSE_FINAL_OPENING: _in_a_transaction(deciding.close_final_opening),
        Kind.DECISION_OVER: _in_a_transaction(deciding.decision_over),
        Kind.SHARE_CLAIM_ON_BUYER: share_claim_on_buyer,
        Kind.CHECK_INSTALMENT: _in_a_transaction(deciding.check_instalment),
        Kind.LAPSE_REPURCHASE: _in_a_transaction(deciding.lapse),
        Kind.CLOSE_LICENCE_OFFER: _until_it_is_due(awarding.close),
        Kind.CLOSE_LICENCE_OPENING: _in_a_transaction(awarding.close_opening),
        Kind.FOLLOW_LICENCE_OFFER: _in_a_transaction(awarding.follow),
        Kind.LET_LICENCE_GO: _until_it_is_due(signing.let_go),
        Kind.LAPSE_OPTION: _in_a_transaction(options.lapse),
        Kind.CHECK_RECORDAL: _in_a_transaction(grants.check_recordal),
        Kind.ACTIVATE_LICENCE: _in_a_transaction(grants.activate),
        Kind.END_LICENCE: _in_a_transaction(grants.expire),
        Kind.START_MANDATE: _in_a_transaction(mandates.start),
        Kind.ASK_MANDATE_REPORT: _in_a_transaction(mandates.ask_report),
        Kind.CHECK_MANDATE_REPORT: _in_a_transaction(mandates.check_report),
        Kind.REMIND_MANDATE_PAYMENT: _in_a_transaction(mandates.remind_payment),
        Kind.CHECK_MANDATE_PAYMENT: _in_a_transaction(mandates.check_payment),
        Kind.END_MANDATE: _in_a_transaction(mandates.expire),
        Kind.SHARE_MANDATE_RECEIPT: share_mandate_receipt,
        Kind.WATCH_CASE: watch_case,
        Kind.RECHECK_CONSIGNMENT: recheck_consignment,
        Kind.RUN_IMPORT: import_jobs.run,
    }
)


async def _waits(resources: JobResources, lot: Lot, now: datetime) -> datetime | None:
    """When to look again at a lot that does not open yet, because its notice changed or its listing may go on.

    Where an extension is announced, the duty at the end of registration alone decides whether the auction is set up.
    """
    if lot.status not in _BEFORE_OPEN:
        return None
    if now < lot.opens_at:
        return lot.opens_at
    if lot.conditions.listing_extension is None:
        return None
    return None if await opening.is_set_up(resources.engine, lot.id) else now + _SOON


async def _later(resources: JobResources, lot_id: UUID, not_due: NotDue, now: datetime) -> datetime:
    """When to ask again. The fence may have suspended the auction without an order: the lot then says so too."""
    if not_due.opening_due:
        return now + _OPENING_PAUSE  # the opening itself hastens the close
    if not_due.ends_at_ms is not None:
        return max(from_epoch_ms(not_due.ends_at_ms) + _GRACE, now + _SOON)
    is_suspended = await _pause_if_suspended(resources, lot_id, now)
    return now + (_SUSPENDED_PAUSE if is_suspended else _SOON)


async def _pause_if_suspended(resources: JobResources, lot_id: UUID, now: datetime) -> bool:
    """Bring the lot after an engine that suspended its auction; whether it is suspended.

    The engine is asked while the lot's row is locked: a resumption that it has not decided then has not been written
    to the lot either, and one that it has decided is not undone here.
    """
    async with resources.pool.acquire() as conn, conn.transaction():
        lot = await lots.for_update(conn, lot_id)
        view = await resources.engine.view(lot_id)
        is_suspended: bool = view["status"] == "suspended"
        if is_suspended:
            await suspensions.follow(conn, lot, now=now)
    return is_suspended


def _outcome(result: Result) -> Outcome:
    assert result.closed_at is not None, "a final auction has an end"
    units = tuple(share.paddle for share in result.winners or ())
    is_one = len(units) == 1
    return Outcome(
        outcome=result.outcome,
        reason=result.reason,
        winner_paddle=units[0] if is_one else result.winner,
        price_fen=result.price_fen,
        underbidder_paddle=result.underbidder,
        extensions=result.extensions,
        closed_at=from_epoch_ms(result.closed_at),
        unit_winners=() if is_one else units,
    )
