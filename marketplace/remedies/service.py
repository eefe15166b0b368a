"""Instalments, rescission, and what becomes of a forfeited deposit: proposed by one person, approved by another.

Source: domain 6.5 (forfeiture by regime, after the re-auction's result), 6.6 (rescission), 2.5 (instalments).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kit.errors import Conflict, NotFound
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.regimes import Regime
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.outbox import service as outbox
from marketplace.remedies import reauctions
from marketplace.remedies.schemas import (
    DepositUsed,
    ForfeitureIn,
    InstalmentsIn,
    OrderList,
    OrderView,
    RescissionIn,
    SaleRescinded,
)
from marketplace.sales.rules import party_id
from marketplace.sales.schemas import Approval
from settlement import deposits, forfeitures, instalments, orders, payments, rescissions
from settlement import sales as accounts
from settlement.distribution import Payee
from settlement.errors import PlanChanged
from settlement.rules import deposits as rules
from settlement.rules.deposits import ForfeitTerms, Forfeiture, Loss

_REGIMES: Final[Mapping[Regime, rules.Regime]] = {
    Regime.JUDICIAL_NETWORK: "JUDICIAL_NETWORK",
    Regime.COMMERCIAL_AUCTION: "COMMERCIAL_AUCTION",
    Regime.EXCHANGE: "EXCHANGE",
    Regime.AGREEMENT: "COMMERCIAL_AUCTION",  # by contract, as there
}
#: From the price until the money leaves or the title is recorded; a lot is `transferring` from then on.
_RESCINDABLE = frozenset({LotStatus.PAID})


class UseOfDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """The document: a forfeited deposit, what the default caused, and where each fen goes, with its computation."""

    lot_id: UUID
    deposit_id: UUID
    bidder_id: UUID
    regime: str
    first_price_fen: int
    reauction_lot_id: UUID | None
    second_price_fen: int | None
    terms: ForfeitTerms
    loss: Loss
    result: Forfeiture
    costs_to: Payee
    lender: Payee
    reason: str


async def propose_instalments(
    conn: Connection, caller: Caller, lot_id: UUID, given: InstalmentsIn, *, now: datetime
) -> OrderView:
    """Propose instalments of the price of the venue's lot; nothing changes until another person agrees."""
    await lots.owned_for_update(conn, caller, lot_id)
    order = await instalments.propose(
        conn,
        lot_id,
        parts=[(part.amount_fen, part.due_at) for part in given.instalments],
        interest_bp_year=given.interest_bp_year,
        security=given.security,
        reason=given.reason,
        proposed_by=caller.user_id,
        now=now,
    )
    return await _proposed(conn, caller, lot_id, order, now=now)


async def agree_to_instalments(
    conn: Connection, caller: Caller, lot_id: UUID, given: Approval, *, now: datetime
) -> OrderView:
    """Agree to the instalments as shown: from here each is due on its day."""
    await lots.owned_for_update(conn, caller, lot_id)
    await instalments.agree(
        conn,
        lot_id,
        content_hash=bytes.fromhex(given.content_hash),
        agreed_by=caller.user_id,
        now=now,
    )
    return await _decided(conn, caller, lot_id, orders.INSTALMENTS, lot_id, now=now)


async def propose_rescission(
    conn: Connection, caller: Caller, lot_id: UUID, given: RescissionIn, *, now: datetime
) -> OrderView:
    """Propose that a sale be undone because the registry refused the transfer."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    _must_be_rescindable(lot)
    order = await rescissions.propose(
        conn,
        lot_id,
        refused_on=given.refused_on,
        refusal_number=given.refusal_number,
        reason=given.reason,
        proposed_by=caller.user_id,
        now=now,
    )
    return await _proposed(conn, caller, lot_id, order, now=now)


async def rescind(
    conn: Connection, caller: Caller, lot_id: UUID, given: Approval, *, now: datetime
) -> OrderView:
    """Undo the sale as shown: the price is the buyer's free money again, and the right can be offered anew."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    sale = await rescissions.rescind(
        conn,
        lot_id,
        content_hash=bytes.fromhex(given.content_hash),
        approved_by=caller.user_id,
        now=now,
    )
    if lot.status in _RESCINDABLE:
        reason = "rescinded: the registry refused the transfer 登记机构不予转移登记，成交撤销"
        await lots.set_status(conn, caller, lot, LotStatus.WITHDRAWN, now=now, reason=reason)
        await intake.end_disposal(
            conn, SYSTEM_CALLER, lot.consignment_id, is_sold=False, reason=reason, now=now
        )
        await outbox.add(
            conn, SaleRescinded(lot_id=lot_id, returned_fen=sale.returned_fen), now=now
        )
    return await _decided(conn, caller, lot_id, orders.RESCISSION, lot_id, now=now)


async def propose_forfeiture(
    conn: Connection, caller: Caller, lot_id: UUID, given: ForfeitureIn, *, now: datetime
) -> OrderView:
    """Propose what a forfeited deposit is used for, once the re-auction's result is known. Raises `ResultNotKnown`."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    sale = await accounts.lock(conn, lot_id)
    held = next(
        (d for d in await deposits.of_lot(conn, lot_id) if d.bidder_id == sale.buyer_id), None
    )
    if held is None or held.state not in (deposits.FORFEITED, deposits.PARTLY_FORFEITED):
        raise NotFound("no deposit was forfeited at this lot", "本标的没有被没收的保证金")
    second_fen = await reauctions.second_price(conn, lot, sale, given.reauction_lot_id)
    agreed = None
    if given.terms is not None:
        agreed = msgspec.convert(given.terms, ForfeitTerms, from_attributes=True)
    regime = _REGIMES[lot.regime]
    terms = rules.forfeit_terms(regime, agreed)
    loss = Loss(
        costs_fen=given.costs_fen,
        shortfall_fen=0
        if second_fen is None
        else rules.shortfall(sale.hammer_price_fen, second_fen),
        commission_fen=given.commission_fen,
    )
    bank = await organisations.organisation_by_id(conn, lot.consignor_id)
    document = UseOfDeposit(
        lot_id=lot_id,
        deposit_id=held.id,
        bidder_id=held.bidder_id,
        regime=regime,
        first_price_fen=sale.hammer_price_fen,
        reauction_lot_id=given.reauction_lot_id,
        second_price_fen=second_fen,
        terms=terms,
        loss=loss,
        result=rules.forfeit(held.kept_fen, terms, loss),
        costs_to=Payee(id=party_id(given.costs_payee_code), name=given.costs_payee_name),
        lender=Payee(id=bank.id, name=bank.name),
        reason=given.reason,
    )
    order = await orders.propose(
        conn, orders.FORFEITURE, held.id, document, proposed_by=caller.user_id, now=now
    )
    return await _proposed(conn, caller, lot_id, order, now=now)


async def use_forfeited(
    conn: Connection, caller: Caller, lot_id: UUID, given: Approval, *, now: datetime
) -> OrderView:
    """Use the deposit as shown, once; what was paid of the price goes back, what goes to the debt is a recovery."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    sale = await accounts.lock(conn, lot_id)
    held = next(d for d in await deposits.of_lot(conn, lot_id) if d.bidder_id == sale.buyer_id)
    order, was_done = await orders.approve(
        conn,
        orders.FORFEITURE,
        held.id,
        content_hash=bytes.fromhex(given.content_hash),
        approved_by=caller.user_id,
        now=now,
    )
    if not was_done:
        use = orders.document_of(order, UseOfDeposit)
        again_fen = await reauctions.second_price(conn, lot, sale, use.reauction_lot_id)
        if again_fen != use.second_price_fen:
            raise PlanChanged
        result = await forfeitures.use_forfeited(
            conn,
            held.id,
            terms=use.terms,
            loss=use.loss,
            costs_to=use.costs_to,
            lender=use.lender,
            now=now,
        )
        await rescissions.give_back(conn, lot_id, now=now)
        await duties.add(conn, Kind.SHARE_RECOVERY, subject_id=lot_id, due_at=now, now=now)
        to_debt_fen = result.amount("shortfall") + result.amount("debt")
        await outbox.add(
            conn,
            DepositUsed(
                lot_id=lot_id,
                deposit_id=held.id,
                to_debt_fen=to_debt_fen,
                excess_fen=result.excess_fen,
            ),
            now=now,
        )
    return await _decided(conn, caller, lot_id, orders.FORFEITURE, held.id, now=now)


async def refuse(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    order_id: UUID,
    reason: str,
    *,
    now: datetime,
) -> OrderView:
    """Refuse an order about the venue's lot, or take one's own back; another may be proposed then."""
    await lots.owned_for_update(conn, caller, lot_id)
    order = next((one for one in await _of_lot(conn, lot_id) if one.id == order_id), None)
    if order is None:
        raise NotFound(f"no order {order_id}", f"没有指令 {order_id}")
    kind = msgspec.convert(order.kind, orders.Kind)
    await orders.refuse(
        conn, kind, order.subject_id, refused_by=caller.user_id, reason=reason, now=now
    )
    after = next(one for one in await _of_lot(conn, lot_id) if one.id == order_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"{order.kind.lower()}_refused",
        subject="lot",
        subject_id=lot_id,
        after={"order_id": order_id, "content_hash": order.content_hash.hex()},
        reason=reason,
    )
    return _view(after)


async def of_lot(conn: Connection, caller: Caller, lot_id: UUID) -> OrderList:
    """Every order about a lot, for its venue and consignor."""
    await lots.owned(conn, caller, lot_id)
    return OrderList(items=[_view(order) for order in await _of_lot(conn, lot_id)])


async def _of_lot(conn: Connection, lot_id: UUID) -> list[orders.Order]:
    held = [deposit.id for deposit in await deposits.of_lot(conn, lot_id)]
    leaving = [payout.id for payout in await payments.payouts_of(conn, lot_id)]
    found = [
        order
        for subject_id in (lot_id, *held, *leaving)
        for order in await orders.of_subject(conn, subject_id)
    ]
    return sorted(found, key=lambda order: (order.proposed_at, order.id))


def _must_be_rescindable(lot: Lot) -> None:
    if lot.status not in _RESCINDABLE:
        raise Conflict(
            f"lot {lot.number} is {lot.status}; only a paid sale is rescinded",
            f"标的 {lot.number} 状态为 {lot.status}，仅已付款的成交可以撤销",
        )


async def _proposed(
    conn: Connection, caller: Caller, lot_id: UUID, order: orders.Order, *, now: datetime
) -> OrderView:
    return await _audited(conn, caller, lot_id, order, action="proposed", now=now)


async def _decided(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    kind: orders.Kind,
    subject_id: UUID,
    *,
    now: datetime,
) -> OrderView:
    order = await orders.standing(conn, kind, subject_id)
    return await _audited(conn, caller, lot_id, order, action="approved", now=now)


async def _audited(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    order: orders.Order,
    *,
    action: str,
    now: datetime,
) -> OrderView:
    """The order as it is shown; an entry for what was done just now, none for a repeat."""
    done_at = order.proposed_at if action == "proposed" else order.decided_at
    if done_at == now:
        await audit.record(
            conn,
            caller,
            now=now,
            action=f"{order.kind.lower()}_{action}",
            subject="lot",
            subject_id=lot_id,
            after={"order_id": order.id, "content_hash": order.content_hash.hex()},
        )
    return _view(order)


def _view(order: orders.Order) -> OrderView:
    return OrderView(
        id=order.id,
        kind=order.kind,
        subject_id=order.subject_id,
        document=msgspec.json.decode(order.content),
        content_hash=order.content_hash.hex(),
        state=order.state,
        proposed_by=order.proposed_by,
        proposed_at=order.proposed_at,
        decided_by=order.decided_by,
        decided_at=order.decided_at,
        refusal=order.refusal,
    )
