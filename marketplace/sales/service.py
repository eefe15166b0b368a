"""What follows the close: the result recorded once, the confirmation, the price, or the default (悔拍)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kit.errors import Conflict, NotFound
from kit.failpoints import register
from kit.sql import Connection, load_statements
from marketplace.anomalies import service as anomalies
from marketplace.audit import service as audit
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.bidders.schemas import Bidder
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller, OrganisationKind
from marketplace.outbox import service as outbox
from marketplace.sales import coverage, successors
from marketplace.sales.owing import owe_price
from marketplace.sales.rules import (
    Buyer,
    Outcome,
    confirmation_content,
    digest,
)
from marketplace.sales.schemas import (
    BuyerDefaulted,
    Confirmation,
    LotPassed,
    LotSold,
    PaymentDone,
    PaymentReceipt,
    PricePaid,
    Sale,
    SaleConfirmed,
)
from settlement import deposits, payments
from settlement import sales as accounts

_SQL = load_statements("marketplace.sales", "queries.sql")
#: A payment that arrives at the deadline is in time.
AFTER_DEADLINE = timedelta(seconds=1)
_ENDED = frozenset({BidderStatus.WON, BidderStatus.LOST, BidderStatus.BARRED})

_before_recorded = register("sales.before_result_recorded")
_after_recorded = register("sales.after_result_recorded")


class ResultDiffers(Conflict):
    """The lot has another result on record: an operator must look. / 标的已记录不同的竞价结果。"""

    code = "result_differs"


class NothingSold(Conflict):
    """The lot was not sold. / 标的未成交。"""

    code = "nothing_sold"


async def record_outcome(
    conn: Connection, lot_id: UUID, outcome: Outcome, *, now: datetime
) -> Sale:
    """Record how an auction ended, with all that follows in the same transaction: the lot's and the bidders' status,
    what the buyer owes, the duty to release the losers' deposits, the event. A second time it changes nothing.
    """
    lot = await lots.for_update(conn, lot_id)
    known = await of_lot_or_none(conn, lot_id)
    if known is not None:
        if (known.outcome, known.winner_paddle, known.price_fen) != (
            outcome.outcome,
            outcome.winner_paddle,
            outcome.price_fen,
        ):
            raise ResultDiffers
        return known
    _before_recorded()
    all_bidders = await bidders.of_lot_for_update(conn, lot_id)
    winner = next((b for b in all_bidders if b.paddle == outcome.winner_paddle), None)
    of_units = [b for b in all_bidders if b.paddle in outcome.unit_winners]
    winners = of_units if winner is None else [winner]
    assert bool(winners) == (outcome.outcome == "sold"), "a winner's paddle is a bidder's"
    await conn.execute(
        _SQL["insert"],
        lot_id,
        outcome.outcome,
        outcome.reason,
        winner.id if winner else None,
        outcome.winner_paddle,
        outcome.price_fen,
        outcome.underbidder_paddle,
        outcome.extensions,
        outcome.closed_at,
        now,
    )
    await _end_lot(conn, lot, outcome, now=now)
    for one in of_units:
        await conn.execute(
            _SQL["insert_unit_winner"], lot_id, one.id, one.paddle, outcome.price_fen
        )
    await dismiss(conn, all_bidders, winners=winners, now=now)
    if winners:
        await duties.add(conn, Kind.REVIEW_RESULT, subject_id=lot_id, due_at=now, now=now)
        if winner is not None:
            await owe_price(conn, lot, winner, outcome, now=now)
        else:
            await successors.sell_units(conn, lot, of_units, outcome, now=now)
        for needless in await coverage.needless_lots(conn, lot, now=now):
            await withdraw_needless(conn, needless, now=now)
    _after_recorded()
    return await of_lot(conn, lot_id)


async def dismiss(
    conn: Connection, all_bidders: list[Bidder], *, winners: Sequence[Bidder], now: datetime
) -> None:
    """Tell won from lost, and have every loser's deposit released (within 24 hours: 法释〔2016〕18号 art. 23)."""
    won = {winner.id for winner in winners}
    for bidder in all_bidders:
        if bidder.status in _ENDED:
            continue
        if bidder.id in won:
            await bidders.set_status(conn, SYSTEM_CALLER, bidder, BidderStatus.WON, now=now)
            continue
        lost = await bidders.set_status(conn, SYSTEM_CALLER, bidder, BidderStatus.LOST, now=now)
        await bidders.release_later(conn, lost, now=now)


async def withdraw_needless(conn: Connection, lot: Lot, *, now: datetime) -> None:
    """The debt is covered: a lot that has not opened is withdrawn, and its bidders get their deposits back."""
    await lots.end_withdrawn(conn, SYSTEM_CALLER, lot, reason=coverage.REASON, now=now)
    await dismiss(conn, await bidders.of_lot_for_update(conn, lot.id), winners=(), now=now)


async def of_lot_or_none(conn: Connection, lot_id: UUID) -> Sale | None:
    """How the auction ended, if it has."""
    row = await conn.fetchrow(_SQL["by_lot"], lot_id)
    return None if row is None else msgspec.convert(dict(row), Sale)


async def of_lot(conn: Connection, lot_id: UUID) -> Sale:
    """How the auction ended. Raises `NotFound` before that."""
    sale = await of_lot_or_none(conn, lot_id)
    if sale is None:
        raise NotFound("the auction has no result yet", "竞价尚无结果")
    return sale


async def confirm_when_released(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """Nothing holds the result: its confirmation is issued by itself (法释〔2016〕18号 art. 22)."""
    lot = await lots.for_update(conn, lot_id)
    if lot.status is LotStatus.SOLD:
        venue = msgspec.structs.replace(
            SYSTEM_CALLER,
            organisation_id=lot.venue_id,
            organisation_kind=OrganisationKind.VENUE,
        )
        for one_id in await successors.units_of(conn, lot_id) or [lot_id]:
            await confirm(conn, venue, one_id, now=now)


async def confirm(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> Confirmation:
    """Issue the confirmation with the winner's true identity; from here the price is awaited, or paid already.

    It is issued once, by a duty as soon as nothing holds the result, or by the venue; asked for again, it is the same.
    """
    lot = await lots.owned_for_update(conn, caller, lot_id)
    issued = await _confirmation_or_none(conn, lot_id)
    if issued is not None:
        return issued
    sale = await of_lot(conn, lot_id)
    if sale.winner_id is None or sale.price_fen is None:
        raise NothingSold(f"lot {lot.number} was not sold", f"标的 {lot.number} 未成交")
    await anomalies.require_released(conn, lot, now=now)
    owed = await accounts.get(conn, lot_id)
    buyer = await _buyer(conn, sale.winner_id)
    venue = await organisations.organisation_by_id(conn, lot.venue_id)
    number = f"QR-{lot.number}"  # QR: 确认
    content = confirmation_content(
        number=number,
        lot={
            "number": lot.number,
            "title": {"en": lot.title, "zh": lot.title_zh},
            "regime": lot.regime.value,
            "notice_sha256": lot.notice_sha256,
            "profile_sha256": lot.profile_hash,
            "rehearsal": lot.shortened_times,
        },
        buyer=buyer,
        venue=venue.name,
        price_fen=sale.price_fen,
        deposit_fen=lot.entry_fen,
        closed_at=sale.closed_at,
        due_at=owed.deadline_at,
        now=now,
    )
    lot = await lots.set_status(conn, caller, lot, LotStatus.AWAITING_PAYMENT, now=now)
    await conn.execute(
        _SQL["insert_confirmation"],
        lot_id,
        number,
        content,
        digest(content),
        owed.deadline_at,
        caller.user_id,
        now,
    )
    first_at = await next_payment_check(conn, lot_id, now=now)
    if (
        first_at is None
    ):  # a missed instalment is looked at now, a price that is paid never mind when
        first_at = now if owed.state == accounts.PRICE_DUE else owed.deadline_at
    await duties.add(conn, Kind.CHECK_PAYMENT, subject_id=lot_id, due_at=first_at, now=now)
    confirmation = await confirmation_of(conn, lot_id)
    await outbox.add(
        conn, SaleConfirmed(lot_id=lot_id, number=number, sha256=confirmation.sha256), now=now
    )
    if lot.format == "sell_off":  # what was paid in to take part may be all of the price
        owed = await _use_deposit(conn, await bidders.get(conn, sale.winner_id), owed, now=now)
    await _go_on_if_paid(conn, caller, lot, owed, now=now)
    return confirmation


async def confirmation_of(conn: Connection, lot_id: UUID) -> Confirmation:
    """The confirmation of a sale. Raises `NotFound` before it is issued."""
    issued = await _confirmation_or_none(conn, lot_id)
    if issued is None:
        raise NotFound("no confirmation has been issued for this lot", "本标的尚未出具成交确认书")
    return issued


async def _confirmation_or_none(conn: Connection, lot_id: UUID) -> Confirmation | None:
    row = await conn.fetchrow(_SQL["confirmation"], lot_id)
    return None if row is None else msgspec.convert(dict(row), Confirmation)


async def receive_payment(
    conn: Connection, caller: Caller, lot_id: UUID, given: PaymentReceipt, *, now: datetime
) -> PaymentDone:
    """Book money for the price. The winner's deposit becomes part of the price when the rest is there.

    Until then it stays a deposit, because a winner who never pays the rest forfeits it (domain 6.5). Whether the rest
    is there is asked of what is booked, never of what is reported: a credit reported twice is booked once.
    """
    lot = await lots.owned_for_update(conn, caller, lot_id)
    sale = await of_lot(conn, lot_id)
    if sale.winner_id is None:
        raise NothingSold(f"lot {lot.number} was not sold", f"标的 {lot.number} 未成交")
    winner = await bidders.get(conn, sale.winner_id)
    before = await accounts.lock(conn, lot_id)
    booked = await payments.receive(
        conn,
        winner.organisation_id,
        bank_reference=given.bank_reference,
        amount_fen=given.amount_fen,
        received_at=given.received_at,
        lot_id=lot_id,
        now=now,
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action="price_payment_booked",
        subject="lot",
        subject_id=lot_id,
        after={"bank_reference": booked.bank_reference, "amount_fen": booked.amount_fen},
    )
    owed = await accounts.get(conn, lot_id)
    were, are = ((one.paid_fen, one.interest_paid_fen) for one in (before, owed))
    if are != were:  # a credit that was booked before counts for nothing now
        owed = await _use_deposit(conn, winner, owed, now=now)
    lot = await _go_on_if_paid(conn, caller, lot, owed, now=now)
    return PaymentDone(
        bank_reference=booked.bank_reference,
        amount_fen=booked.amount_fen,
        applied_fen=booked.applied_fen,
        match=booked.match,
        still_due_fen=owed.due_fen - owed.paid_fen + _open_interest(owed),
        lot_status=lot.status,
    )


async def _use_deposit(
    conn: Connection, winner: Bidder, owed: accounts.Sale, *, now: datetime
) -> accounts.Sale:
    """Make the winner's deposit the last part of the price, where it is enough; the sale as it is then.

    A price that was paid without it leaves the deposit the winner's: it is given back.
    """
    if owed.deposit_fen or winner.deposit_id is None:  # the applicant creditor may hold none
        return owed
    if owed.state == accounts.PRICE_PAID:
        await bidders.release_later(conn, winner, now=now)
        return owed
    deposit = await deposits.lock(conn, winner.deposit_id)
    if owed.paid_fen + deposit.amount_fen < owed.due_fen or _open_interest(owed):
        return owed
    await deposits.apply_to_price(conn, deposit.id, now=now)
    return await accounts.get(conn, owed.lot_id)


def _open_interest(owed: accounts.Sale) -> int:
    return owed.interest_due_fen - owed.interest_paid_fen


async def _go_on_if_paid(
    conn: Connection, caller: Caller, lot: Lot, owed: accounts.Sale, *, now: datetime
) -> Lot:
    """A lot whose confirmation is issued and whose price is paid is `paid`, whichever of the two came last."""
    if owed.state != accounts.PRICE_PAID or lot.status is not LotStatus.AWAITING_PAYMENT:
        return lot
    lot = await lots.set_status(conn, caller, lot, LotStatus.PAID, now=now)
    await outbox.add(conn, PricePaid(lot_id=lot.id, price_fen=owed.hammer_price_fen), now=now)
    return lot


async def next_payment_check(conn: Connection, lot_id: UUID, *, now: datetime) -> datetime | None:
    """When to look at the price again: at the next instalment, or the deadline; None where it is late or settled."""
    owed = await accounts.lock(conn, lot_id)
    if owed.state != accounts.PRICE_DUE:
        return None
    if await accounts.missed_instalment(conn, owed, now=now) is not None:
        return None
    days = [part.due_at for part in await accounts.instalments(conn, lot_id)]
    return min((day for day in (*days, owed.deadline_at) if day >= now), default=None)


async def mark_default(conn: Connection, lot_id: UUID, *, now: datetime) -> bool:
    """The payment deadline has come: where the price is not paid the deposit is forfeited, once; whether it was.

    Source: domain 6.5. The money is kept until the re-auction's result is known.
    """
    lot = await lots.for_update(conn, lot_id)
    if lot.status is not LotStatus.AWAITING_PAYMENT:
        return False
    await accounts.mark_defaulted(conn, lot_id, now=now)
    sale = await of_lot(conn, lot_id)
    assert sale.winner_id is not None, "a lot that awaits payment was won"
    winner = await bidders.for_update(conn, sale.winner_id)
    if winner.deposit_id is not None:  # the applicant creditor may hold none
        await _keep_deposit(conn, lot, winner, winner.deposit_id, now=now)
    reason = "the price was not paid by the deadline"
    await bidders.set_status(
        conn, SYSTEM_CALLER, winner, BidderStatus.BARRED, now=now, reason=reason
    )
    await lots.set_status(conn, SYSTEM_CALLER, lot, LotStatus.DEFAULTED, now=now, reason=reason)
    await lots.end_disposal(conn, lot, is_sold=False, reason=reason, now=now)
    await outbox.add(conn, BuyerDefaulted(lot_id=lot_id), now=now)
    return True


async def _keep_deposit(
    conn: Connection, lot: Lot, winner: Bidder, deposit_id: UUID, *, now: datetime
) -> None:
    """All that was held is kept; in a sell-off the deposit of its notice, and the rest goes back (domain 2.3)."""
    kept_fen = None
    if lot.format == "sell_off":
        kept_fen = lot.deposit_fen - (winner.exempt_fen or 0)
        if kept_fen <= 0:
            await bidders.release_later(conn, winner, now=now)
            return
    await deposits.forfeit(conn, deposit_id, now=now, kept_fen=kept_fen)


async def _end_lot(conn: Connection, lot: Lot, outcome: Outcome, *, now: datetime) -> None:
    if outcome.outcome == "cancelled":
        await lots.end_withdrawn(
            conn, SYSTEM_CALLER, lot, reason=outcome.reason or "auction cancelled", now=now
        )
    else:
        lot = await lots.catch_up(conn, lot, LotStatus.OPEN, now=now)
        is_sold = outcome.outcome == "sold"
        wanted = LotStatus.SOLD if is_sold else LotStatus.UNSOLD
        await lots.set_status(conn, SYSTEM_CALLER, lot, wanted, now=now, reason=outcome.reason)
        if not is_sold:
            await intake.end_disposal(
                conn,
                SYSTEM_CALLER,
                lot.consignment_id,
                is_sold=False,
                reason=outcome.reason,
                now=now,
            )
    if outcome.outcome == "sold":
        assert outcome.price_fen is not None, "what is sold has a price"
        event: msgspec.Struct = LotSold(
            lot_id=lot.id,
            price_fen=outcome.price_fen,
            winner_paddle=outcome.winner_paddle,
            unit_winners=list(outcome.unit_winners),
        )
    else:
        event = LotPassed(lot_id=lot.id, outcome=outcome.outcome, reason=outcome.reason)
    await outbox.add(conn, event, now=now)


async def _buyer(conn: Connection, winner_id: UUID) -> Buyer:
    winner = await bidders.get(conn, winner_id)
    organisation = await organisations.organisation_by_id(conn, winner.organisation_id)
    assert winner.paddle is not None, "who won has a paddle"
    return Buyer(
        organisation_id=winner.organisation_id,
        name=organisation.name,
        credit_code=organisation.credit_code,
        paddle=winner.paddle,
    )
