"""Brings a lot (标的) from the draft to its end. One function a step; each step has one audit entry."""

from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind
from marketplace.audit import service as audit
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind as DutyKind
from marketplace.edge.versions import require_version
from marketplace.lots import intake
from marketplace.lots.offered import OFFERED
from marketplace.lots.profile import Frozen, auction_object, require_readable
from marketplace.lots.rules import LotStatus, Origin, next_with_units, require_lot_step
from marketplace.lots.schemas import (
    Lot,
    LotDraft,
    LotStatusChanged,
    PublicLot,
    StoredFinding,
)
from marketplace.notices import service as notices
from marketplace.notices.schemas import Kind as NoticeKind
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.outbox import service as outbox

_SQL = load_statements("marketplace.lots", "queries.sql")
_JSON_FIELDS = ("bidding", "conditions")
#: The steps that only need their time to come; a resumed auction whose order was lost is open too.
_BY_CLOCK = {
    LotStatus.PUBLISHED: LotStatus.REGISTRATION,
    LotStatus.REGISTRATION: LotStatus.OPEN,
    LotStatus.PAUSED: LotStatus.OPEN,
}
_RETIRED = frozenset(
    {LotStatus.UNSOLD, LotStatus.WITHDRAWN, LotStatus.DEFAULTED, LotStatus.REVOKED}
)
#: Here its notice waits for the venue's checkers.
_UNPUBLISHED = frozenset({LotStatus.DRAFT, LotStatus.CHECKED, LotStatus.NOTIFIED})
#: What a plan of disposal looks at to go on.
_ENDED = _RETIRED | {LotStatus.DONE}
#: What a session of lots looks at: whether the debt is covered, and whether anything still runs.
_AUCTIONED = frozenset({LotStatus.SOLD, LotStatus.UNSOLD, LotStatus.WITHDRAWN})


class LotNotReady(Conflict):
    """The lot's check found what stands in the way of its publication. / 标的审查发现阻碍公告的问题。"""

    code = "lot_not_ready"


class AuctionSetUp(Conflict):
    """The lot's auction is set up in the engine already. / 标的竞价已设立。"""

    code = "auction_set_up"


class AssetOnSale(Conflict):
    """One of the assets is already in another lot that has not ended. / 资产已在其他未结束的标的中。"""

    code = "asset_on_sale"


async def draft(
    conn: Connection,
    caller: Caller,
    given: LotDraft,
    *,
    now: datetime,
    priced: intake.Priced | None = None,
) -> Lot:
    """A new lot of the caller's venue from a consignment that it accepted; prices are the consignment's, or those that
    the bank's plan of disposal states for this round. Where the buyer of the last lot defaulted it is the re-auction.
    """
    consigned = await intake.accepted(conn, caller, given.consignment_id, now=now)
    if priced is not None:
        consigned = priced.over(consigned)
    _require_readable_profile(given, consigned)
    lot_id = uuid7(now)
    defaulted_id = await conn.fetchval(_SQL["defaulted_before"], given.consignment_id)
    await conn.execute(
        _SQL["insert"],
        lot_id,
        now,
        given.consignment_id,
        caller.organisation_id,
        consigned.consignor_id,
        sorted(consigned.pledgor_codes),
        given.title,
        given.title_zh,
        consigned.regime,
        given.bidding.format,
        given.round_number,
        None if priced is None else priced.previous_start_price_fen,
        consigned.valuation_fen,
        consigned.start_price_fen,
        consigned.reserve_price_fen,
        consigned.deposit_fen,
        _json(given.bidding),
        _json(given.conditions),
        given.registration_opens_at or now,
        given.priority_closes_at or given.opens_at,
        given.opens_at,
        given.closes_at,
        given.payment_hours,
        given.release_on,
        given.objection_days,
        given.shortened_times,
        *(caller.user_id, defaulted_id, given.refund_working_days),
    )
    await _put_assets(conn, lot_id, consigned.asset_ids)
    lot = await get(conn, lot_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="lot_drafted",
        subject="lot",
        subject_id=lot_id,
        after=_auditable(lot),
    )
    return lot


async def revise(
    conn: Connection, caller: Caller, lot_id: UUID, given: LotDraft, *, version: int, now: datetime
) -> Lot:
    """New terms of an unpublished lot; a checked lot becomes a draft again."""
    lot = await owned_for_update(conn, caller, lot_id, version=version)
    if given.consignment_id != lot.consignment_id:
        raise InvalidInput("consignment_id", "a lot stays with its consignment", "标的不得更换委托")
    if lot.status in (LotStatus.CHECKED, LotStatus.NOTIFIED):
        lot = await set_status(conn, caller, lot, LotStatus.DRAFT, now=now, reason="terms revised")
    elif lot.status is not LotStatus.DRAFT:
        raise LotNotReady(
            f"lot {lot.number} is {lot.status}: its terms are frozen",
            f"标的 {lot.number} 状态为 {lot.status}，条款已固定",
        )
    await intake.accepted(conn, caller, lot.consignment_id, now=now)
    # Its own prices: those of a plan's later round are not the consignment's.
    _require_readable_profile(given, lot)
    await conn.execute(
        _SQL["revise"],
        lot_id,
        given.title,
        given.title_zh,
        given.bidding.format,
        _json(given.bidding),
        _json(given.conditions),
        given.registration_opens_at or now,
        given.priority_closes_at or given.opens_at,
        given.opens_at,
        given.closes_at,
        given.payment_hours,
        given.release_on,
        given.objection_days,
        given.shortened_times,
        *(given.round_number, now, given.refund_working_days),
    )
    after = await get(conn, lot_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="lot_revised",
        subject="lot",
        subject_id=lot_id,
        before=_auditable(lot),
        after=_auditable(after),
    )
    return after


async def reschedule(
    conn: Connection,
    caller: Caller,
    lot: Lot,
    *,
    opens_at: datetime,
    closes_at: datetime,
    now: datetime,
) -> None:
    """Give a draft, whose row the caller has locked, the times of its session."""
    assert lot.status is LotStatus.DRAFT, "only drafts are arranged"
    if closes_at <= opens_at:
        raise InvalidInput("first_closes_at", "must be after the opening", "须晚于开始时间")
    await conn.execute(_SQL["reschedule"], lot.id, opens_at, closes_at, now)
    await audit.record(
        conn,
        caller,
        now=now,
        action="lot_rescheduled",
        subject="lot",
        subject_id=lot.id,
        before={"opens_at": lot.opens_at, "closes_at": lot.closes_at},
        after={"opens_at": opens_at, "closes_at": closes_at},
    )


async def set_notified(
    conn: Connection, caller: Caller, lot: Lot, last_on: date, *, now: datetime
) -> Lot:
    """Everybody was told, the last on that day: the checked lot, locked by the caller, goes on to `notified`."""
    await conn.execute(_SQL["set_notified"], lot.id, last_on)
    return await set_status(conn, caller, lot, LotStatus.NOTIFIED, now=now)


async def notified_on(conn: Connection, lot_id: UUID) -> date | None:
    """The day on which the last party counts as told."""
    found: date | None = await conn.fetchval(_SQL["notified_on"], lot_id)
    return found


async def asset_ids(conn: Connection, lot_id: UUID) -> list[UUID]:
    """The rights of a lot, for services."""
    return [row["asset_id"] for row in await conn.fetch(_SQL["asset_ids"], lot_id)]


async def withdraw(
    conn: Connection, caller: Caller, lot_id: UUID, *, reason: str, now: datetime
) -> Lot:
    """Take a lot back before its auction is set up; afterwards the auction is cancelled. Source: domain 2.10."""
    lot = await owned_for_update(conn, caller, lot_id)
    is_set_up = (
        lot.published_at is not None and now >= lot.priority_closes_at and lot.format not in OFFERED
    )
    if is_set_up or lot.status in (LotStatus.OPEN, LotStatus.PAUSED):
        raise AuctionSetUp(
            f"lot {lot.number}: its auction is set up; cancel the auction instead",
            f"标的 {lot.number} 的竞价已设立，请改为终止竞价",
        )
    return await end_withdrawn(conn, caller, lot, reason=reason, now=now)


async def end_withdrawn(
    conn: Connection, caller: Caller, lot: Lot, *, reason: str, now: datetime
) -> Lot:
    """Withdrawn, with a notice of why where the public had been told of the lot."""
    published = lot.published_at is not None
    lot = await set_status(conn, caller, lot, LotStatus.WITHDRAWN, now=now, reason=reason)
    if published:
        await notices.publish_change(
            conn,
            caller,
            lot.id,
            lot_number=lot.number,
            kind=NoticeKind.WITHDRAWAL,
            reason=reason,
            now=now,
        )
        await intake.end_disposal(
            conn, caller, lot.consignment_id, is_sold=False, reason=reason, now=now
        )
    return lot


async def set_status(
    conn: Connection,
    caller: Caller,
    lot: Lot,
    wanted: LotStatus,
    *,
    now: datetime,
    reason: str | None = None,
) -> Lot:
    """The one way in which a lot's status changes: a legal step, the row, one audit entry, one event.

    The caller holds the row's lock (`for_update`).
    """
    require_lot_step(lot.status, wanted, number=lot.number)
    await conn.execute(_SQL["set_status"], lot.id, wanted, now)
    if lot.status in _UNPUBLISHED and wanted in (LotStatus.DRAFT, LotStatus.WITHDRAWN):
        await approvals.drop(conn, caller, Kind.LISTING, lot.id, reason=f"lot {wanted}", now=now)
    if wanted in _RETIRED:
        await conn.execute(_SQL["retire_assets"], lot.id)
    if wanted in _ENDED:
        await duties.add(conn, DutyKind.FOLLOW_PLAN, subject_id=lot.id, due_at=now, now=now)
    if wanted in _AUCTIONED:
        await duties.add(conn, DutyKind.FOLLOW_SESSION, subject_id=lot.id, due_at=now, now=now)
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"lot_{wanted}",
        subject="lot",
        subject_id=lot.id,
        before={"status": lot.status},
        after={"status": wanted},
        reason=reason,
    )
    await outbox.add(
        conn,
        LotStatusChanged(lot_id=lot.id, number=lot.number, before=lot.status, after=wanted),
        now=now,
    )
    if lot.origin is Origin.UNIT and lot.origin_lot_id is not None:
        await _follow_units(conn, lot.origin_lot_id, now=now)
    return msgspec.structs.replace(lot, status=wanted, version=lot.version + 1, updated_at=now)


async def end_disposal(
    conn: Connection, lot: Lot, *, is_sold: bool, now: datetime, reason: str | None = None
) -> None:
    """The lot has ended, and with it its consignment's disposal; that of several units ends with the last of them."""
    if lot.origin is not Origin.UNIT:
        await intake.end_disposal(
            conn, SYSTEM_CALLER, lot.consignment_id, is_sold=is_sold, reason=reason, now=now
        )


async def _follow_units(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """A unit went a step on: the lot that it is of goes as far as the slowest, and ends with the last."""
    lot = await for_update(conn, lot_id)
    units = [LotStatus(row["status"]) for row in await conn.fetch(_SQL["unit_statuses"], lot_id)]
    before = lot.status
    while lot.status not in _ENDED:
        following = next_with_units(lot.status, units)
        if following is None:
            break
        lot = await set_status(conn, SYSTEM_CALLER, lot, following, now=now)
    if lot.status in _ENDED and before not in _ENDED:
        await end_disposal(conn, lot, is_sold=lot.status is LotStatus.DONE, now=now)


async def catch_up(conn: Connection, lot: Lot, wanted: LotStatus, *, now: datetime) -> Lot:
    """Take, one by one, the steps that the clock has made due since the lot's status was last written.

    Registration and opening happen at their times whether or not a worker was there to write it down.
    """
    while lot.status is not wanted:
        following = _BY_CLOCK.get(lot.status)
        if following is None:
            require_lot_step(lot.status, wanted, number=lot.number)
            following = wanted
        lot = await set_status(conn, SYSTEM_CALLER, lot, following, now=now)
    return lot


async def get(conn: Connection, lot_id: UUID) -> Lot:
    """The whole lot, for services; callers' rights are checked by `owned`."""
    return _lot(await conn.fetchrow(_SQL["by_id"], lot_id), lot_id)


async def for_update(conn: Connection, lot_id: UUID) -> Lot:
    """The whole lot, locked until the transaction ends."""
    return _lot(await conn.fetchrow(_SQL["by_id_for_update"], lot_id), lot_id)


async def owned(conn: Connection, caller: Caller, lot_id: UUID) -> Lot:
    """The whole lot, for its venue and its consignor; to others it does not exist."""
    lot = await get(conn, lot_id)
    if caller.organisation_id not in (lot.venue_id, lot.consignor_id):
        raise _no_lot(lot_id)
    return lot


async def owned_for_update(
    conn: Connection, caller: Caller, lot_id: UUID, *, version: int | None = None
) -> Lot:
    """The caller's venue's lot, locked; with `version`, refused if it has changed since."""
    lot = await for_update(conn, lot_id)
    if lot.venue_id != caller.organisation_id:
        raise _no_lot(lot_id)
    if version is not None:
        require_version(lot.version, version)
    return lot


async def public(conn: Connection, lot_id: UUID) -> PublicLot:
    """What everyone may see of a published lot."""
    row = await conn.fetchrow(_SQL["public_by_id"], lot_id)
    if row is None:
        raise _no_lot(lot_id)
    return public_lot(row)


def public_lot(row: asyncpg.Record) -> PublicLot:
    """A published lot's row as everyone may see it."""
    return msgspec.convert(_decoded(row), PublicLot)


async def page_of_organisation(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[Lot]:
    """The lots that the caller's venue sells or its bank consigned, newest first, drafts included."""
    rows = await conn.fetch(_SQL["of_organisation"], caller.organisation_id, after, limit)
    return [msgspec.convert(_decoded(row), Lot) for row in rows]


async def count_paused(conn: Connection) -> int:
    """How many lots stand still and wait for their venue."""
    return int(await conn.fetchval(_SQL["count_paused"]))


async def findings(conn: Connection, lot_id: UUID) -> list[StoredFinding]:
    """What the last check found."""
    rows = await conn.fetch(_SQL["findings"], lot_id)
    return [msgspec.convert(dict(row), StoredFinding) for row in rows]


async def frozen_profile(conn: Connection, lot_id: UUID) -> Frozen:
    """The rule profile of a published lot with its salt: never shown while the auction is not final, because it may
    hold a secret reserve.
    """
    row = await conn.fetchrow(_SQL["profile"], lot_id)
    if row is None:
        raise _no_lot(lot_id)
    return msgspec.convert(dict(row), Frozen)


async def _put_assets(conn: Connection, lot_id: UUID, asset_ids: tuple[UUID, ...]) -> None:
    try:
        async with conn.transaction():
            await conn.executemany(_SQL["insert_asset"], [(lot_id, asset) for asset in asset_ids])
    except asyncpg.UniqueViolationError as error:
        raise AssetOnSale from error


def _require_readable_profile(given: LotDraft, priced: intake.Consigned | Lot) -> None:
    """Refuse terms that the engine could not run, naming the field."""
    auction = auction_object(
        given.bidding,
        opens_at=given.opens_at,
        closes_at=given.closes_at,
        start_price_fen=priced.start_price_fen,
        reserve_price_fen=priced.reserve_price_fen,
    )
    require_readable(auction, bidding=given.bidding, payment_hours=given.payment_hours)


def _auditable(lot: Lot) -> dict[str, object]:
    """The lot for the audit trail, which others read too: that there is a reserve, not which."""
    shown = msgspec.structs.asdict(lot)
    del shown["reserve_price_fen"]
    return shown | {"has_reserve": lot.reserve_price_fen is not None}


def _lot(row: asyncpg.Record | None, lot_id: UUID) -> Lot:
    if row is None:
        raise _no_lot(lot_id)
    return msgspec.convert(_decoded(row), Lot)


def _decoded(row: asyncpg.Record) -> dict[str, object]:
    fields = dict(row)
    for name in _JSON_FIELDS:
        fields[name] = msgspec.json.decode(fields[name])
    return fields


def _no_lot(lot_id: UUID) -> NotFound:
    return NotFound(f"no lot {lot_id}", f"没有标的 {lot_id}")


def _json(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
