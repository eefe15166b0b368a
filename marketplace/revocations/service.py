"""Sets a result aside: proposed by one person of the venue with its ground, done by another, told to the public."""

from datetime import datetime
from uuid import UUID

from kit.errors import Conflict
from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.notices import service as notices
from marketplace.notices.schemas import Kind as NoticeKind
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from marketplace.revocations.schemas import Ground, RevocationIn, RevocationView, SaleRevoked
from marketplace.sales import service as sales
from marketplace.sales.schemas import Approval
from settlement import deposits, orders, revocations

#: From the result until its money leaves or its title passes.
REVOCABLE = frozenset({LotStatus.SOLD, LotStatus.AWAITING_PAYMENT, LotStatus.PAID})
#: The winner's own fault: it is barred from these rights, as a defaulter is.
_BY_WINNER = frozenset({Ground.COLLUSION, Ground.UNQUALIFIED_WINNER})


class NotRevocable(Conflict):
    """Only a sale whose transfer has not begun can be set aside. / 仅尚未开始交割的成交可以撤销。"""

    code = "not_revocable"


async def propose(
    conn: Connection, caller: Caller, lot_id: UUID, given: RevocationIn, *, now: datetime
) -> RevocationView:
    """Propose that the result of the venue's lot be set aside; nothing changes until another person agrees."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    await _require_revocable(conn, lot)
    order = await revocations.propose(
        conn,
        lot_id,
        ground=given.ground,
        reason=given.reason,
        evidence=given.evidence,
        proposed_by=caller.user_id,
        now=now,
    )
    if order.proposed_at == now:
        await _audited(conn, caller, lot_id, "revocation_proposed", given.reason, now=now)
    return _view(lot_id, order)


async def revoke(
    conn: Connection, caller: Caller, lot_id: UUID, given: Approval, *, now: datetime
) -> RevocationView:
    """Set the result aside as shown: price and deposit are the bidder's again, and the rights can be offered anew."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    document, was_done = await revocations.revoke(
        conn,
        lot_id,
        content_hash=bytes.fromhex(given.content_hash),
        approved_by=caller.user_id,
        now=now,
    )
    if not was_done:
        await _require_revocable(conn, lot)
        await _audited(conn, caller, lot_id, "revocation_approved", document.reason, now=now)
        await _set_aside(conn, caller, lot, document, now=now)
    return _view(lot_id, await orders.standing(conn, orders.REVOCATION, lot_id))


async def of_lot(conn: Connection, caller: Caller, lot_id: UUID) -> RevocationView:
    """The revocation that was proposed or done, for the lot's venue and consignor. Raises `NotFound` for none."""
    await lots.owned(conn, caller, lot_id)
    return _view(lot_id, await orders.standing(conn, orders.REVOCATION, lot_id))


async def _set_aside(
    conn: Connection,
    caller: Caller,
    lot: Lot,
    document: revocations.Revocation,
    *,
    now: datetime,
) -> None:
    reason = f"{document.ground}: {document.reason}"
    sale = await sales.of_lot(conn, lot.id)
    assert sale.winner_id is not None, "what can be set aside was won"
    winner = await bidders.for_update(conn, sale.winner_id)
    wanted = BidderStatus.BARRED if document.ground in _BY_WINNER else BidderStatus.LOST
    await bidders.set_status(conn, caller, winner, wanted, now=now, reason=reason)
    if winner.deposit_id is not None:
        held = await deposits.lock(conn, winner.deposit_id)
        if held.state == deposits.FROZEN:  # one that became price went back with it
            await bidders.release_later(conn, winner, now=now)
    await lots.set_status(conn, caller, lot, LotStatus.REVOKED, now=now, reason=reason)
    await notices.publish_change(
        conn,
        caller,
        lot.id,
        lot_number=lot.number,
        kind=NoticeKind.REVOCATION,
        reason=reason,
        now=now,
    )
    await lots.end_disposal(conn, lot, is_sold=False, reason=reason, now=now)
    await outbox.add(conn, SaleRevoked(lot_id=lot.id, ground=Ground(document.ground)), now=now)


async def _require_revocable(conn: Connection, lot: Lot) -> None:
    if lot.status not in REVOCABLE:
        raise NotRevocable(
            f"lot {lot.number} is {lot.status}; a result is set aside before its money leaves and its title passes",
            f"标的 {lot.number} 状态为 {lot.status}，仅价款未分配且权利未转移的成交可以撤销",
        )
    if (await sales.of_lot(conn, lot.id)).winner_id is None:
        raise NotRevocable(
            f"lot {lot.number} was sold to several: set the sale of a unit aside",
            f"标的 {lot.number} 由多人受让，请就单个份额办理撤销",
        )


async def _audited(
    conn: Connection, caller: Caller, lot_id: UUID, action: str, reason: str, *, now: datetime
) -> None:
    await audit.record(
        conn, caller, now=now, action=action, subject="lot", subject_id=lot_id, reason=reason
    )


def _view(lot_id: UUID, order: orders.Order) -> RevocationView:
    document = orders.document_of(order, revocations.Revocation)
    return RevocationView(
        id=order.id,
        lot_id=lot_id,
        ground=Ground(document.ground),
        reason=document.reason,
        evidence=document.evidence,
        returned_fen=document.returned_fen,
        content_hash=order.content_hash.hex(),
        state=order.state,
        proposed_by=order.proposed_by,
        proposed_at=order.proposed_at,
        decided_by=order.decided_by,
        decided_at=order.decided_at,
    )
