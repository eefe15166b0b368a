"""Registers bidders (竞买人) for a lot, qualifies them, takes their deposits (保证金), gives out paddles (号牌)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from auction_engine.rules.profile import RANKED
from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.bidders.disclosures import require_in_force
from marketplace.bidders.rules import (
    BidderBarred,
    BidderStatus,
    Seller,
    draw_paddle,
    require_bidder_step,
    require_independent,
)
from marketplace.bidders.schemas import (
    Barring,
    Bidder,
    BidderStatusChanged,
    DepositReceipt,
    PriorityClaim,
    PriorityConfirmed,
    Registration,
)
from marketplace.conflicts import service as conflicts
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.regimes import Regime
from marketplace.lots.rules import TAKES_BIDDERS, LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import Caller, Organisation, OrganisationKind
from marketplace.outbox import service as outbox
from settlement import deposits
from settlement.errors import InsufficientFunds
from settlement.rules.deposits import exempt_part

_SQL = load_statements("marketplace.bidders", "queries.sql")
#: While a lot is not ended, who holds which paddle is nobody's business but the holder's. Source: domain 7.
_CONFIDENTIAL = TAKES_BIDDERS | {LotStatus.PUBLISHED}


class RegistrationClosed(Conflict):
    """The lot takes no bidders now. / 标的当前不接受竞买登记。"""

    code = "registration_closed"


class AlreadyRegisteredForLot(Conflict):
    """Your organisation is already registered for this lot. / 贵机构已登记竞买本标的。"""

    code = "already_registered_for_lot"


class NotExempt(Conflict):
    """Only a judicial sale's applicant creditor is exempt. / 仅司法处置的申请执行人可免交保证金。"""

    code = "not_exempt"


class PriorityTooLate(Conflict):
    """Rights of first refusal are confirmed before the time stated in the notice. / 优先购买权确认时间已过。"""

    code = "priority_too_late"


async def register(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    given: Registration,
    *,
    now: datetime,
    origin: str | None = None,
) -> Bidder:
    """The caller's agency registers for a published lot; the seller's side is barred (domain 2.4)."""
    lot = await lots.for_update(conn, lot_id)
    require_open(lot)
    _require_acknowledged(lot, given)
    organisation = await organisations.organisation_by_id(conn, caller.organisation_id)
    _require_independent(lot, organisation)
    bidder_id = uuid7(now)
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert"],
                bidder_id,
                lot_id,
                caller.organisation_id,
                caller.user_id,
                given.disclosure_sha256,
                given.conflict_statement,
                given.limit_fen,
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredForLot from error
    await conflicts.declare(
        conn,
        caller,
        lot,
        bidder_id,
        given.declaration,
        code=organisation.credit_code,
        origin=origin,
        now=now,
    )
    bidder = await get(conn, bidder_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="bidder_registered",
        subject="bidder",
        subject_id=bidder_id,
        after=_auditable(bidder),
    )
    return bidder


async def qualify(conn: Connection, caller: Caller, bidder_id: UUID, *, now: datetime) -> Bidder:
    """The venue found the agency's papers in order."""
    lot, bidder = await _lot_and_bidder(conn, caller, bidder_id)
    require_open(lot)
    return await set_status(conn, caller, bidder, BidderStatus.QUALIFIED, now=now)


async def bar(
    conn: Connection, caller: Caller, bidder_id: UUID, given: Barring, *, now: datetime
) -> Bidder:
    """The venue bars a bidder that the engine has not admitted; an admitted one is disqualified by an order."""
    _, bidder = await _lot_and_bidder(conn, caller, bidder_id)
    if bidder.status is BidderStatus.ACTIVE:
        raise Conflict(
            "the bidder is admitted: disqualify its paddle in the auction instead",
            "该竞买人已入场，请在竞价中取消其资格",
        )
    barred = await set_status(
        conn, caller, bidder, BidderStatus.BARRED, now=now, reason=given.reason
    )
    await release_later(conn, barred, now=now)
    return barred


async def exempt(conn: Connection, caller: Caller, bidder_id: UUID, *, now: datetime) -> Bidder:
    """Exempt the applicant creditor of a judicial sale from the deposit up to its claim, once.

    Where that is all of it the bidder has its paddle and is admitted; otherwise it pays the difference as its deposit.
    Raises `NotExempt` for anybody else. Source: 法释〔2016〕18号 art. 17.
    """
    lot, bidder = await _lot_and_bidder(conn, caller, bidder_id)
    require_open(lot)
    if lot.regime is not Regime.JUDICIAL_NETWORK or bidder.organisation_id != lot.consignor_id:
        raise NotExempt
    if bidder.exempt_fen is not None:
        return bidder
    require_bidder_step(bidder.status, BidderStatus.DEPOSITED, name=str(bidder.id))
    loan = await intake.case_of(conn, await intake.of(conn, lot.consignment_id))
    claim_fen = loan.principal_fen + loan.interest_fen + loan.penalty_fen
    exempt_fen = exempt_part(lot.deposit_fen, claim_fen=claim_fen)
    if exempt_fen == 0:
        raise NotExempt
    await conn.execute(_SQL["set_exempt"], bidder.id, exempt_fen, now)
    await audit.record(
        conn,
        caller,
        now=now,
        action="bidder_deposit_exempted",
        subject="bidder",
        subject_id=bidder.id,
        after={
            "deposit_fen": lot.deposit_fen,
            "claim_fen": claim_fen,
            "exempt_fen": exempt_fen,
            "difference_fen": lot.entry_fen - exempt_fen,
        },
    )
    bidder = await get(conn, bidder.id)
    if exempt_fen < lot.entry_fen:
        return bidder
    return await _admitted(conn, caller, lot, bidder, now=now)


async def receive_deposit(
    conn: Connection, caller: Caller, bidder_id: UUID, given: DepositReceipt, *, now: datetime
) -> Bidder:
    """Book money received, hold the deposit out of it, give out the paddle, and have the bidder admitted.

    In a sell-off the whole price is held, of which a default costs the deposit alone (domain 2.3). Money that does not
    make it up yet stays the bidder's free money, and the bidder `qualified`. Deposits count until the end
    (法释〔2016〕18号 art. 18).
    """
    lot, bidder = await _lot_and_bidder(conn, caller, bidder_id)
    require_open(lot)
    await deposits.receive(
        conn,
        bidder.organisation_id,
        holder_id=lot.venue_id,
        bank_reference=given.bank_reference,
        amount_fen=given.amount_fen,
        received_at=given.received_at,
        now=now,
    )
    if bidder.status in (BidderStatus.DEPOSITED, BidderStatus.ACTIVE):
        return bidder  # more money than the deposit is the bidder's own
    require_bidder_step(bidder.status, BidderStatus.DEPOSITED, name=str(bidder.id))
    try:
        async with conn.transaction():
            return await hold_deposit(conn, caller, lot, bidder, now=now)
    except InsufficientFunds:
        return bidder


async def hold_deposit(
    conn: Connection, caller: Caller, lot: Lot, bidder: Bidder, *, now: datetime
) -> Bidder:
    """Hold the deposit out of the bidder's free money at the venue; raises `InsufficientFunds` where that is less."""
    held = await deposits.hold(
        conn,
        lot.id,
        bidder.organisation_id,
        holder_id=lot.venue_id,
        amount_fen=lot.entry_fen - (bidder.exempt_fen or 0),
        now=now,
    )
    await conn.execute(_SQL["set_deposit"], bidder.id, held.id)
    bidder = msgspec.structs.replace(bidder, deposit_id=held.id)
    return await _admitted(conn, caller, lot, bidder, now=now)


async def _admitted(
    conn: Connection, caller: Caller, lot: Lot, bidder: Bidder, *, now: datetime
) -> Bidder:
    """The deposit is there, or need not be: the paddle is given out, and the engine will admit it."""
    bidder = await _with_paddle(conn, bidder, now=now)
    bidder = await set_status(conn, caller, bidder, BidderStatus.DEPOSITED, now=now)
    await duties.add(
        conn,
        Kind.ADMIT_BIDDER,
        subject_id=bidder.id,
        due_at=max(now, lot.priority_closes_at),
        now=now,
    )
    return bidder


async def confirm_priority(
    conn: Connection, caller: Caller, bidder_id: UUID, given: PriorityClaim, *, now: datetime
) -> Bidder:
    """The venue confirms a right of first refusal and its rank, before the time stated in the notice.

    The paddle is given out at once, because the right is tied to it when the auction is created.
    Source: 法释〔2016〕18号 art. 19.
    """
    lot, bidder = await _lot_and_bidder(conn, caller, bidder_id)
    if now >= lot.priority_closes_at:
        raise PriorityTooLate
    if lot.format not in RANKED:
        raise Conflict(
            f"format {lot.format} knows no right of first refusal",
            f"竞价方式 {lot.format} 不适用优先购买权",
        )
    if bidder.status not in (BidderStatus.QUALIFIED, BidderStatus.DEPOSITED):
        raise Conflict(
            f"the bidder is {bidder.status}; confirm its right once it is qualified",
            f"竞买人状态为 {bidder.status}，须先通过资格审查",
        )
    bidder = await _with_paddle(conn, bidder, now=now)
    await conn.execute(
        _SQL["set_priority"], bidder.id, given.rank, given.nature, caller.user_id, now
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action="bidder_priority_confirmed",
        subject="bidder",
        subject_id=bidder.id,
        before={"rank": bidder.rank},
        after={"rank": given.rank},
        reason=given.nature,
    )
    await outbox.add(conn, PriorityConfirmed(lot_id=lot.id, rank=given.rank), now=now)
    return await get(conn, bidder.id)


async def set_status(
    conn: Connection,
    caller: Caller,
    bidder: Bidder,
    wanted: BidderStatus,
    *,
    now: datetime,
    reason: str | None = None,
) -> Bidder:
    """The one way in which a bidder's status changes: a legal step, the row, one audit entry, one event."""
    require_bidder_step(bidder.status, wanted, name=str(bidder.id))
    barred_reason = reason if wanted is BidderStatus.BARRED else None
    await conn.execute(_SQL["set_status"], bidder.id, wanted, barred_reason, now)
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"bidder_{wanted}",
        subject="bidder",
        subject_id=bidder.id,
        before={"status": bidder.status},
        after={"status": wanted},
        reason=reason,
    )
    await outbox.add(
        conn,
        BidderStatusChanged(
            bidder_id=bidder.id, lot_id=bidder.lot_id, before=bidder.status, after=wanted
        ),
        now=now,
    )
    return msgspec.structs.replace(
        bidder, status=wanted, barred_reason=barred_reason, version=bidder.version + 1
    )


async def release_later(conn: Connection, bidder: Bidder, *, now: datetime) -> None:
    """Have the deposit given back, where there is one. The 24 hours of art. 23 begin now; it is done at once."""
    if bidder.deposit_id is not None:
        await duties.add(conn, Kind.RELEASE_DEPOSIT, subject_id=bidder.id, due_at=now, now=now)


async def get(conn: Connection, bidder_id: UUID) -> Bidder:
    """A bidder, for services."""
    return _bidder(await conn.fetchrow(_SQL["by_id"], bidder_id))


async def for_update(conn: Connection, bidder_id: UUID) -> Bidder:
    """A bidder, locked until the transaction ends."""
    return _bidder(await conn.fetchrow(_SQL["by_id_for_update"], bidder_id))


async def of_lot_for_update(conn: Connection, lot_id: UUID) -> list[Bidder]:
    """All bidders of a lot, locked in the order of their ids."""
    return [_bidder(row) for row in await conn.fetch(_SQL["of_lot_for_update"], lot_id)]


async def of_lot(conn: Connection, caller: Caller, lot_id: UUID) -> list[Bidder]:
    """The bidders of a lot as its venue sees them: without paddles until the lot has ended."""
    lot = await lots.owned(conn, caller, lot_id)
    if lot.venue_id != caller.organisation_id:
        raise NotFound(f"no lot {lot_id}", f"没有标的 {lot_id}")
    found = [_bidder(row) for row in await conn.fetch(_SQL["of_lot"], lot_id)]
    if lot.status not in _CONFIDENTIAL:
        return found
    return [msgspec.structs.replace(bidder, paddle=None) for bidder in found]


async def own(conn: Connection, caller: Caller, lot_id: UUID) -> Bidder:
    """The caller's organisation as a bidder at this lot."""
    row = await conn.fetchrow(_SQL["by_lot_and_organisation"], lot_id, caller.organisation_id)
    return _bidder(row)


async def of_organisation(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[Bidder]:
    """Where the caller's organisation is registered, newest first."""
    rows = await conn.fetch(_SQL["of_organisation"], caller.organisation_id, after, limit)
    return [_bidder(row) for row in rows]


async def by_paddle(conn: Connection, lot_id: UUID, paddle: int) -> Bidder:
    """Who holds a paddle."""
    return _bidder(await conn.fetchrow(_SQL["by_paddle"], lot_id, paddle))


async def priority_holders(conn: Connection, lot_id: UUID) -> list[dict[str, int]]:
    """Confirmed holders as the engine's profile lists them: paddle and rank."""
    return [dict(row) for row in await conn.fetch(_SQL["priority_holders"], lot_id)]


async def confirmed_holders(conn: Connection, lot_id: UUID) -> list[dict[str, Any]]:
    """All who were ever confirmed as holders: paddle, rank, and whether they have been barred."""
    return [dict(row) for row in await conn.fetch(_SQL["confirmed_holders"], lot_id)]


async def _with_paddle(conn: Connection, bidder: Bidder, *, now: datetime) -> Bidder:
    """The bidder with a paddle; the lot's row lock, which the caller holds, makes the draw unique."""
    if bidder.paddle is not None:
        return bidder
    taken = {row["paddle"] for row in await conn.fetch(_SQL["taken_paddles"], bidder.lot_id)}
    paddle = draw_paddle(taken)
    await conn.execute(_SQL["set_paddle"], bidder.id, paddle, now)
    return msgspec.structs.replace(bidder, paddle=paddle, version=bidder.version + 1)


async def _lot_and_bidder(conn: Connection, caller: Caller, bidder_id: UUID) -> tuple[Lot, Bidder]:
    """The bidder and its lot, both locked (the lot first, as everywhere), for the lot's venue only."""
    found = await get(conn, bidder_id)
    lot = await lots.owned_for_update(conn, caller, found.lot_id)
    return lot, await for_update(conn, bidder_id)


def _require_acknowledged(lot: Lot, given: Registration) -> None:
    """The notice in force was read, and the limit makes sense."""
    require_in_force(lot, given.disclosure_sha256)
    require_usable(given.limit_fen, lot)


def require_usable(limit_fen: int | None, lot: Lot) -> None:
    """Refuse a limit with which nobody could bid at all."""
    if limit_fen is not None and limit_fen < lot.start_price_fen:
        raise InvalidInput(
            "limit_fen",
            f"is below the start price of CNY {yuan(lot.start_price_fen)}",
            f"低于起拍价 {yuan(lot.start_price_fen)} 元",
        )


def _require_independent(lot: Lot, organisation: Organisation) -> None:
    """The organisation itself is not on the selling side."""
    is_applicant = lot.regime is Regime.JUDICIAL_NETWORK and organisation.id == lot.consignor_id
    if organisation.kind is OrganisationKind.BANK and not is_applicant:
        raise BidderBarred(
            "a bank bids only as the applicant creditor of a judicial sale",
            "银行仅可作为司法处置的申请执行人参与竞买",
        )
    seller = Seller(
        consignor_id=str(lot.consignor_id),
        venue_id=str(lot.venue_id),
        pledgor_codes=frozenset(lot.pledgor_codes),
    )
    require_independent(
        seller,
        organisation_id=str(organisation.id),
        credit_code=organisation.credit_code or "",
        may_consignor_bid=is_applicant,
    )


def require_open(lot: Lot) -> None:
    """Raise `RegistrationClosed` unless the lot takes bidders."""
    if lot.status not in TAKES_BIDDERS:
        raise RegistrationClosed(
            f"lot {lot.number} is {lot.status}; it takes bidders while {', '.join(sorted(TAKES_BIDDERS))}",
            f"标的 {lot.number} 状态为 {lot.status}，当前不接受登记或保证金",
        )


def _auditable(bidder: Bidder) -> dict[str, object]:
    """The bidder for the audit trail, which others read too: that it has a limit, not which."""
    shown = msgspec.structs.asdict(bidder)
    del shown["limit_fen"]
    return shown | {"has_limit": bidder.limit_fen is not None}


def _bidder(row: asyncpg.Record | None) -> Bidder:
    if row is None:
        raise NotFound("no such bidder", "没有该竞买人")
    return msgspec.convert(dict(row), Bidder)
