"""Reviews a result before it is confirmed, keeps what was found, and lets two people release what is held."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import epoch_ms
from kit.errors import Conflict, NotFound, Unavailable
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.anomalies.rules import Bid, Played, rings, scores
from marketplace.anomalies.schemas import About, Anomaly, ResultHeldBack, Review
from marketplace.audit import service as audit
from marketplace.conflicts import service as conflicts
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import service as lots
from marketplace.lots.rules import Origin
from marketplace.lots.schemas import Lot
from marketplace.monitoring import service as monitoring
from marketplace.monitoring.rules import BidderTraces, bidding_anomalies
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller, OrganisationKind
from marketplace.outbox import service as outbox

_SQL = load_statements("marketplace.anomalies", "queries.sql")
#: How many of the venue's newest auctions are looked at together.
LOTS_SEEN_MAX = 400
DEFAULTS_SINCE = timedelta(days=730)
DEFAULTS_MIN = 2
_RELEASED = frozenset({"clear", "released"})
_WATCH = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})


class ResultHeld(Conflict):
    """The result is on hold: two people of the venue must look and release it. / 成交结果待复核，须由两人解除。"""

    code = "result_held"


class NotJournalled(Unavailable):
    """The auction's journal is not complete yet; ask again in a moment. / 竞价记录尚未完整入库，请稍后再试。"""

    code = "result_not_journalled"


class ReleasedBySame(Conflict):
    """Another person than who proposed it releases a result. / 解除须由提出人以外的人员复核。"""

    code = "released_by_who_proposed"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Something that looks wrong, before it is written down."""

    kind: str
    bidder_id: UUID | None
    score_bp: int | None
    detail: dict[str, Any]


async def require_released(conn: Connection, lot: Lot, *, now: datetime) -> None:
    """Raise `ResultHeld` where a review found something that nobody has released; review now if nobody has yet.

    Units are reviewed together, in the lot that they are of.
    """
    if lot.origin is Origin.UNIT and lot.origin_lot_id is not None:
        lot = await lots.get(conn, lot.origin_lot_id)
    row = await conn.fetchrow(_SQL["review"], lot.id)
    if row is None:
        await review(conn, lot, now=now)
        row = await conn.fetchrow(_SQL["review"], lot.id)
    if row is not None and row["state"] not in _RELEASED:
        raise ResultHeld


async def review(conn: Connection, lot: Lot, *, now: datetime) -> bool:
    """Review the result of a sold lot, once; whether it is clear. Raises `NotJournalled` when it is too early."""
    sale = await conn.fetchrow(_SQL["sale"], lot.id)
    if sale is None or sale["outcome"] != "sold":
        return True
    if not await conn.fetchval(_SQL["is_journalled"], lot.id):
        raise NotJournalled(retry_after_seconds=1)
    found = await _exact(conn, lot, sale, now=now)
    found += await _in_common(conn, lot, now=now)
    played = _played(await conn.fetch(_SQL["played"], lot.venue_id, LOTS_SEEN_MAX))
    ids = {
        str(row["organisation_id"]): row["id"] for row in await conn.fetch(_SQL["bidders"], lot.id)
    }
    found += _scored(lot, played, ids)
    state = "held" if found else "clear"
    is_new = await conn.fetchval(
        _SQL["insert_review"], lot.id, lot.venue_id, now, len(played), state
    )
    if is_new is None:
        return not found
    for one in found:
        await conn.execute(
            _SQL["insert_anomaly"],
            uuid7(now),
            lot.id,
            lot.venue_id,
            one.bidder_id,
            one.kind,
            one.score_bp,
            msgspec.json.encode(one.detail).decode(),
            now,
        )
    if found:
        await audit.record(
            conn,
            SYSTEM_CALLER,
            now=now,
            action="result_held",
            subject="lot",
            subject_id=lot.id,
            after={"kinds": sorted({one.kind for one in found})},
        )
        held = ResultHeldBack(lot_id=lot.id, venue_id=lot.venue_id, findings=len(found))
        await outbox.add(conn, held, now=now)
    else:
        await duties.add(conn, Kind.ISSUE_CONFIRMATION, subject_id=lot.id, due_at=now, now=now)
    return not found


async def propose_release(
    conn: Connection, caller: Caller, lot_id: UUID, *, reason: str, now: datetime
) -> Review:
    """One person of the venue has looked and says why the result may stand."""
    await lots.owned_for_update(conn, caller, lot_id)
    standing = await _get(conn, lot_id)
    if standing.state != "held":
        raise Conflict(f"the result is {standing.state}", f"成交结果状态为 {standing.state}")
    await conn.execute(_SQL["propose"], lot_id, caller.user_id, now, reason)
    await _audited(conn, caller, lot_id, "result_release_proposed", reason=reason, now=now)
    return await _get(conn, lot_id)


async def release(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> Review:
    """Another person agrees: the result may be confirmed."""
    await lots.owned_for_update(conn, caller, lot_id)
    standing = await _get(conn, lot_id)
    if standing.state == "released":
        return standing
    if standing.state != "release_proposed":
        raise Conflict(
            f"the result is {standing.state}; somebody proposes its release first",
            f"成交结果状态为 {standing.state}，须先由他人提出解除",
        )
    if standing.proposed_by == caller.user_id:
        raise ReleasedBySame
    await conn.execute(_SQL["release"], lot_id, caller.user_id, now)
    await duties.add(conn, Kind.ISSUE_CONFIRMATION, subject_id=lot_id, due_at=now, now=now)
    await _audited(conn, caller, lot_id, "result_released", reason=standing.reason, now=now)
    return await _get(conn, lot_id)


async def of_lot(conn: Connection, caller: Caller, lot_id: UUID) -> Review:
    """The review of the venue's own lot."""
    lot = await lots.owned(conn, caller, lot_id)
    if lot.venue_id != caller.organisation_id:
        raise _none()
    return await _get(conn, lot_id)


async def of_venue(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int, only_held: bool = False
) -> list[Anomaly]:
    """What was found at the caller's venue, or for supervisors wherever they look, newest first."""
    venue_id = None if caller.organisation_kind in _WATCH else caller.organisation_id
    rows = await conn.fetch(_SQL["of_venue"], venue_id, after, limit, only_held)
    return [_anomaly(row) for row in rows]


async def about(conn: Connection, found: Iterable[Anomaly]) -> dict[UUID, About]:
    """What people call what these anomalies, which the caller may see, are about."""
    async with everything(
        conn
    ):  # a bidder is another organisation, whose name the venue's review needs
        rows = await conn.fetch(_SQL["about"], [one.id for one in found])
    return {row["id"]: msgspec.convert(dict(row), About) for row in rows}


async def _exact(conn: Connection, lot: Lot, sale: asyncpg.Record, *, now: datetime) -> list[Found]:
    """What is certain about the winners: conflicts that came to light since they registered, and repeated defaults."""
    winners = [(sale["winner_id"], sale["winner_organisation_id"])]
    if sale["winner_id"] is None:
        rows = await conn.fetch(_SQL["unit_winners"], lot.id)
        winners = [(row["bidder_id"], row["organisation_id"]) for row in rows]
    return [
        one
        for winner, organisation in winners
        for one in await _about(conn, lot, winner, organisation, now=now)
    ]


async def _in_common(conn: Connection, lot: Lot, *, now: datetime) -> list[Found]:
    """MON-07: what bidders of the lot have in common, and who of them defaulted repeatedly. The venue is alarmed.

    Registration refuses what is the same then; parties that several call related to themselves, and what became the
    same since, come to light here.
    """
    traces = [
        BidderTraces(
            paddle=row["paddle"],
            traces={row["kind"]: row["value"]} if row["kind"] else {},
            defaults_before=row["defaults"],
        )
        for row in await conn.fetch(_SQL["traces"], lot.id, now - DEFAULTS_SINCE)
    ]
    found = []
    for signal in bidding_anomalies(lot.number, traces):
        await monitoring.raise_alert(conn, signal, organisation_id=lot.venue_id, now=now)
        if "kind" in signal.evidence:
            found.append(
                Found(kind="in_common", bidder_id=None, score_bp=None, detail=signal.evidence)
            )
    return found


async def _about(
    conn: Connection, lot: Lot, winner: UUID, organisation: UUID, *, now: datetime
) -> list[Found]:
    grounds = await conflicts.still_found(conn, lot, winner, organisation, now=now)
    found = [
        Found(kind=ground.value, bidder_id=winner, score_bp=None, detail={}) for ground in grounds
    ]
    defaults = await conflicts.defaults_since(conn, organisation, now - DEFAULTS_SINCE)
    if defaults >= DEFAULTS_MIN:
        found.append(
            Found(
                kind="repeated_default",
                bidder_id=winner,
                score_bp=None,
                detail={"defaults": defaults},
            )
        )
    return found


def _scored(lot: Lot, played: list[Played], ids: dict[str, UUID]) -> list[Found]:
    """What is likely about the bidders of this lot."""
    seller = str(lot.consignor_id)
    found = [
        Found(
            kind="shill_score",
            bidder_id=ids[score.bidder],
            score_bp=score.score_bp,
            detail={"lots": score.lots, "parts": score.parts},
        )
        for score in scores(played)
        if score.is_suspect and score.seller == seller and score.bidder in ids
    ]
    found += [
        Found(
            kind="ring_of_low_raises",
            bidder_id=ids[ring.bidders[0]],
            score_bp=None,
            detail={"lots": ring.lots, "bidders": [str(ids[one]) for one in ring.bidders]},
        )
        for ring in rings(played)
        if ring.seller == seller and all(one in ids for one in ring.bidders)
    ]
    return found


def _played(rows: Iterable[asyncpg.Record]) -> list[Played]:
    played = []
    for _, group in groupby(rows, key=lambda row: row["id"]):
        bids = list(group)
        first = bids[0]
        played.append(
            Played(
                lot=str(first["id"]),
                seller=str(first["consignor_id"]),
                opens_ms=epoch_ms(first["opens_at"]),
                ends_ms=epoch_ms(first["closed_at"]),
                winner=None if first["winner"] is None else str(first["winner"]),
                bids=[
                    Bid(bidder=str(row["bidder"]), amount_fen=row["amount_fen"], at_ms=row["at_ms"])
                    for row in bids
                ],
            )
        )
    return played


async def _audited(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    action: str,
    *,
    reason: str | None,
    now: datetime,
) -> None:
    await audit.record(
        conn, caller, now=now, action=action, subject="lot", subject_id=lot_id, reason=reason
    )


async def _get(conn: Connection, lot_id: UUID) -> Review:
    row = await conn.fetchrow(_SQL["review"], lot_id)
    if row is None:
        raise _none()
    anomalies = [_anomaly(found) for found in await conn.fetch(_SQL["of_lot"], lot_id)]
    return msgspec.convert(dict(row) | {"anomalies": anomalies}, Review)


def _anomaly(row: asyncpg.Record) -> Anomaly:
    return msgspec.convert(dict(row) | {"detail": msgspec.json.decode(row["detail"])}, Anomaly)


def _none() -> NotFound:
    return NotFound("the result of this lot has not been reviewed", "本标的成交结果尚未复核")
