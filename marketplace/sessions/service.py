"""Sessions of many lots: arranged by an operator, published whole by a checker, stopped when a debt is covered."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.auctions import orders
from marketplace.audit import service as audit
from marketplace.audit.steps import moved
from marketplace.consignments import service as consignments
from marketplace.consignments.rules import require_another_person
from marketplace.lots import publication, signing
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller, OrganisationKind
from marketplace.sales import standing
from marketplace.sessions import covering
from marketplace.sessions.rules import closes, require_session_step, require_together
from marketplace.sessions.schemas import (
    Consent,
    Session,
    SessionIn,
    SessionLot,
    SessionLotIn,
    SessionState,
)

_SQL = load_statements("marketplace.sessions", "queries.sql")
_moved = partial(moved, subject="session")
_S = SessionState
_BEFORE = frozenset(
    {
        LotStatus.DRAFT,
        LotStatus.CHECKED,
        LotStatus.NOTIFIED,
        LotStatus.PUBLISHED,
        LotStatus.REGISTRATION,
    }
)
_RUNNING = frozenset({LotStatus.OPEN, LotStatus.PAUSED})
_COVERED = (
    "the debt and its costs are covered by the lots sold and what else came in (2020 auction rules, art. 14)"
    " 成交价款和其他已收回款项足以清偿债务和费用（拍卖变卖规定第十四条）"
)


class LotInSession(Conflict):
    """One of the lots is in a session already, or is no longer a draft. / 标的已在专场内，或已非草稿。"""

    code = "lot_in_session"


async def draft(conn: Connection, caller: Caller, given: SessionIn, *, now: datetime) -> Session:
    """Arrange drafted lots of the caller's venue: all open together, each closes a step after the one before."""
    session_id = uuid7(now)
    found: list[Lot] = []
    for one in given.lots:
        lot = await lots.owned_for_update(conn, caller, one.lot_id)
        if lot.status is not LotStatus.DRAFT:
            raise LotInSession(
                f"lot {lot.number} is {lot.status}; only drafts are arranged",
                f"标的 {lot.number} 状态为 {lot.status}，仅草稿可编入专场",
            )
        if lot.conditions.listing_extension is not None:
            raise InvalidInput(
                "lots",
                f"lot {lot.number} announces an extension of its own listing; a session opens all its lots together",
                f"标的 {lot.number} 约定了延牌，专场内标的须同时开始",
            )
        found.append(lot)
    contents = [set(await lots.asset_ids(conn, lot.id)) for lot in found]
    require_together(given.together, contents)
    await conn.execute(
        _SQL["insert"],
        session_id,
        caller.organisation_id,
        given.title,
        given.title_zh,
        given.opens_at,
        given.first_closes_at,
        given.stagger_seconds,
        caller.user_id,
        now,
    )
    await _put_lots(conn, caller, session_id, given, found, now=now)
    for n, group in enumerate(given.together, start=1):
        await conn.execute(_SQL["insert_group"], session_id, n, group.asset_ids, group.reason)
    await _moved(conn, caller, session_id, "", _S.DRAFT, now=now)
    for lot in found:
        await signing.file(conn, caller, await lots.get(conn, lot.id), now=now)
    return await get(conn, caller, session_id)


async def publish(conn: Connection, caller: Caller, session_id: UUID, *, now: datetime) -> Session:
    """Another person of the venue publishes every lot, or none: each is checked, and each has its notice.

    Where the venue's limit asks two checkers for one of the lots, the session waits for the second one's yes.
    """
    session, row = await _locked(conn, caller, session_id)
    require_session_step(session.state, _S.PUBLISHED, number=session.number)
    require_another_person(row["drafted_by"], caller.user_id)
    arranged = await _lots(conn, session_id)
    if not await _are_signed(conn, caller, arranged, now=now):
        return await get(conn, caller, session_id)
    for one in arranged:
        lot = await lots.get(conn, one.lot_id)
        if lot.status is LotStatus.DRAFT:
            await publication.check(conn, caller, one.lot_id, now=now)
        await publication.publish(conn, caller, one.lot_id, now=now)
    await conn.execute(_SQL["publish"], session_id, caller.user_id, now)
    await _moved(conn, caller, session_id, session.state, _S.PUBLISHED, now=now)
    return await get(conn, caller, session_id)


async def _are_signed(
    conn: Connection, caller: Caller, arranged: Sequence[SessionLot], *, now: datetime
) -> bool:
    """Whether enough have agreed to every lot; what one checker is enough for is signed again with the rest."""
    signed = [
        await signing.is_signed(conn, caller, await lots.get(conn, one.lot_id), now=now)
        for one in arranged
    ]
    return all(signed)


async def withdraw(
    conn: Connection, caller: Caller, session_id: UUID, *, reason: str, now: datetime
) -> Session:
    """An unpublished session is given up; its lots stay drafts of their own, for another session if need be."""
    session, _ = await _locked(conn, caller, session_id)
    require_session_step(session.state, _S.WITHDRAWN, number=session.number)
    await conn.execute(_SQL["set_state"], session_id, _S.WITHDRAWN, reason, now)
    for one in await _lots(conn, session_id):
        await signing.drop(conn, caller, one.lot_id, now=now)
    await conn.execute(_SQL["free"], session_id, now)
    await _moved(conn, caller, session_id, session.state, _S.WITHDRAWN, now=now, reason=reason)
    return await get(conn, caller, session_id)


async def consent(
    conn: Connection, caller: Caller, session_id: UUID, given: Consent, *, now: datetime
) -> Session:
    """Record that a debtor agrees to the sale of everything, although its debt may be covered before the end.

    Raises InvalidInput for a loan behind none of the session's lots.
    """
    await _locked(conn, caller, session_id)
    if not await conn.fetchval(_SQL["has_case"], session_id, given.case_id):
        raise InvalidInput(
            "case_id", "is behind none of the session's lots", "不是本专场标的所涉债权"
        )
    await conn.execute(
        _SQL["insert_consent"],
        session_id,
        given.case_id,
        given.document_sha256,
        caller.user_id,
        now,
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action="session_consent_recorded",
        subject="session",
        subject_id=session_id,
        after=given,
    )
    return await get(conn, caller, session_id)


async def follow(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """A lot ended: those whose loans are all covered are stopped; with the last lot the session closes."""
    place = await conn.fetchrow(_SQL["session_of_lot"], lot_id)
    if place is None:
        return
    row = await conn.fetchrow(_SQL["lock"], place["session_id"])
    session = _session(row)
    if session.state is not _S.PUBLISHED:
        return
    places = await covering.places_of(conn, await conn.fetch(_SQL["of_session"], session.id))
    covered = await covering.coverage_of(conn, places, lot_id, now=now)
    venue = msgspec.structs.replace(
        SYSTEM_CALLER,
        organisation_id=session.venue_id,
        organisation_kind=OrganisationKind.VENUE,
        user_id=row["published_by"] if row else SYSTEM_CALLER.user_id,
    )
    for other in covering.needless(places, covered):
        why = [covered[loan].computation for loan in other.loans]
        await _stop(conn, venue, other, session, why, now=now)
    if not await conn.fetchval(_SQL["running"], session.id):
        await conn.execute(_SQL["set_state"], session.id, _S.CLOSED, None, now)
        await _moved(conn, SYSTEM_CALLER, session.id, session.state, _S.CLOSED, now=now)


async def get(conn: Connection, caller: Caller | None, session_id: UUID) -> Session:
    """A session with its lots: its venue's, or a published one."""
    own = None if caller is None else caller.organisation_id
    session = _session(await conn.fetchrow(_SQL["by_id"], session_id, own))
    found = await _lots(conn, session_id)
    if own != session.venue_id:  # whose debts a lot stands for is not for the public
        found = [msgspec.structs.replace(lot, other_loans=[]) for lot in found]
    return msgspec.structs.replace(session, lots=found)


async def page(
    conn: Connection, caller: Caller | None, *, after: UUID | None, limit: int
) -> list[Session]:
    """Published sessions, and those of the caller's venue; newest first, without their lots."""
    own = None if caller is None else caller.organisation_id
    return [_session(row) for row in await conn.fetch(_SQL["page"], after, own, limit)]


async def _put_lots(
    conn: Connection,
    caller: Caller,
    session_id: UUID,
    given: SessionIn,
    found: Sequence[Lot],
    *,
    now: datetime,
) -> None:
    times = closes(
        given.first_closes_at, stagger_seconds=given.stagger_seconds, count=len(given.lots)
    )
    for position, (one, lot, closes_at) in enumerate(
        zip(given.lots, found, times, strict=True), start=1
    ):
        consignment = await consignments.get(conn, SYSTEM_CALLER, lot.consignment_id)
        await lots.reschedule(
            conn, caller, lot, opens_at=given.opens_at, closes_at=closes_at, now=now
        )
        try:
            async with conn.transaction():
                await conn.execute(
                    _SQL["insert_lot"],
                    session_id,
                    position,
                    lot.id,
                    consignment.case_id,
                    one.costs_fen,
                    await _other_loans(conn, lot, consignment.case_id, one, position),
                )
        except asyncpg.UniqueViolationError as error:
            raise LotInSession from error


async def _other_loans(
    conn: Connection, lot: Lot, own: UUID, given: SessionLotIn, position: int
) -> list[UUID]:
    """The further loans that a lot stands for: as stated, else as the register has its rights pledged."""
    if given.other_loans is None:
        asset_ids = list(await lots.asset_ids(conn, lot.id))
        rows = await conn.fetch(_SQL["pledged_loans"], asset_ids, own)
        return [row["case_id"] for row in rows]
    await standing.require_further(
        conn,
        own,
        given.other_loans,
        field=lambda index: f"lots.{position - 1}.other_loans.{index}",
    )
    return given.other_loans


async def _stop(
    conn: Connection,
    venue: Caller,
    other: covering.Place,
    session: Session,
    why: Sequence[str],
    *,
    now: datetime,
) -> None:
    """Take a lot out that has not sold: before its auction is set up it is withdrawn, afterwards cancelled."""
    lot = await lots.for_update(conn, other.lot_id)
    if lot.status not in _BEFORE | _RUNNING:
        return
    if lot.status in _RUNNING or now >= lot.priority_closes_at:
        await orders.give(
            conn,
            venue,
            lot.id,
            action="cancel",
            reason=_COVERED,
            key=f"session:{session.id}",
            now=now,
        )
    else:
        await orders.withdraw(conn, venue, lot.id, reason=_COVERED, now=now)
    await conn.execute(_SQL["stop"], lot.id, now)
    await moved(
        conn,
        venue,
        subject="session_lot",
        subject_id=lot.id,
        before="selling",
        after="stopped",
        now=now,
        reason=_COVERED,
        facts={"session_id": session.id, "computation": "; ".join(why)},
    )


async def _locked(
    conn: Connection, caller: Caller, session_id: UUID
) -> tuple[Session, dict[str, Any]]:
    row = await conn.fetchrow(_SQL["lock"], session_id)
    session = _session(row)
    if row is None or session.venue_id != caller.organisation_id:
        raise NotFound
    return session, dict(row)


async def _lots(conn: Connection, session_id: UUID) -> list[SessionLot]:
    return [
        msgspec.convert(dict(row), SessionLot) for row in await conn.fetch(_SQL["lots"], session_id)
    ]


def _session(row: asyncpg.Record | None) -> Session:
    if row is None:
        raise NotFound("no such session", "没有该专场")
    return msgspec.convert(dict(row), Session)
