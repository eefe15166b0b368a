"""Extends a listing (延牌) at the end of registration, where the notice announced it and too few stand ready.

The worker does it, and nobody else can: how often, for how long and below how many was told to everybody before.
An auction is extended before it is set up, a call for offers when its offers close.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.disclosures import following
from marketplace.disclosures.rules import BEFORE
from marketplace.disclosures.schemas import ChangeKind, ChangeState, ListingExtended
from marketplace.lots import service as lots
from marketplace.lots.content import schedule_of
from marketplace.lots.profile import freeze, public_rules, rules_of
from marketplace.lots.relisting import is_within_a_year, longer_by
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.notices import service as notices
from marketplace.organisations.schemas import SYSTEM_CALLER
from marketplace.outbox import service as outbox

_SQL = load_statements("marketplace.disclosures", "queries.sql")


async def before_auction(conn: Connection, lot_id: UUID, *, now: datetime) -> Lot:
    """The lot, locked; with later times where its registration ended now and the notice lets it go on."""
    lot = await lots.for_update(conn, lot_id)
    if lot.status not in BEFORE or now < lot.priority_closes_at:
        return lot
    more_by = await _more_by(conn, lot, lot.priority_closes_at, now=now)
    if more_by is None:
        return lot
    longer = replace(
        lot,
        priority_closes_at=lot.priority_closes_at + more_by,
        opens_at=lot.opens_at + more_by,
        closes_at=lot.closes_at + more_by,
    )
    return await _extend(conn, lot, longer, now=now)


async def of_call(conn: Connection, lot_id: UUID, *, offers: int, now: datetime) -> Lot:
    """The lot of a call for offers, locked; with a later close where too few offered."""
    lot = await lots.for_update(conn, lot_id)
    announced = lot.conditions.listing_extension
    is_over = now >= lot.closes_at and lot.status in BEFORE | {LotStatus.OPEN}
    if announced is None or not is_over or offers >= announced.min_bidders:
        return lot
    more_by = await _more_by(conn, lot, lot.closes_at, now=now, counts_bidders=False)
    if more_by is None:
        return lot
    return await _extend(conn, lot, replace(lot, closes_at=lot.closes_at + more_by), now=now)


async def _more_by(
    conn: Connection, lot: Lot, ending_at: datetime, *, now: datetime, counts_bidders: bool = True
) -> timedelta | None:
    """By how much the listing goes on; None where it does not."""
    announced = lot.conditions.listing_extension
    if announced is None or await conn.fetchval(_SQL["cycles"], lot.id) >= announced.cycles_max:
        return None
    if counts_bidders and await conn.fetchval(_SQL["ready"], lot.id) >= announced.min_bidders:
        return None
    more_by = longer_by(ending_at, working_days=announced.working_days, now=now)
    assert lot.published_at is not None, "only what is listed is extended"
    return more_by if is_within_a_year(lot.published_at, ending_at + more_by) else None


async def _extend(conn: Connection, lot: Lot, longer: Lot, *, now: datetime) -> Lot:
    """The row of the extension, its notice, and the lot after it."""
    announced = lot.conditions.listing_extension
    assert announced is not None, "the notice announced it"
    assert lot.notice_sha256 is not None, "only what is listed is extended"
    cycle = int(await conn.fetchval(_SQL["cycles"], lot.id)) + 1
    frozen = freeze(rules_of(longer))
    reason = (
        f"fewer than {announced.min_bidders} ready: extension {cycle} of at most {announced.cycles_max}"
        f" 合格意向方不足 {announced.min_bidders} 家，第 {cycle} 次延牌（最多 {announced.cycles_max} 次）"
    )
    content: dict[str, Any] = {
        "reason": reason,
        "listing_extension": {
            "cycle": cycle,
            "cycles_max": announced.cycles_max,
            "working_days": announced.working_days,
            "min_bidders": announced.min_bidders,
            "announced_in": lot.notice_sha256,
        },
        "bidding_rules": {"profile": public_rules(frozen.text), "profile_sha256": frozen.hash},
        "schedule": schedule_of(longer),
    }
    await notices.publish_extension(
        conn, SYSTEM_CALLER, lot.id, lot_number=lot.number, content=content, now=now
    )
    await conn.execute(
        _SQL["insert"],
        *(uuid7(now), lot.id, ChangeKind.EXTENSION, cycle, ChangeState.PUBLISHED, reason, None),
        *(longer.priority_closes_at, longer.opens_at, longer.closes_at),
        *(SYSTEM_CALLER.user_id, now, SYSTEM_CALLER.user_id, now),
        *(frozen.hash, lot.notice_sha256),
    )
    extended = await following.follow(
        conn, longer, frozen, notice_sha256=lot.notice_sha256, now=now
    )
    await audit.record(
        conn,
        SYSTEM_CALLER,
        now=now,
        action="listing_extended",
        subject="lot",
        subject_id=lot.id,
        before={"opens_at": lot.opens_at, "closes_at": lot.closes_at},
        after={"opens_at": longer.opens_at, "closes_at": longer.closes_at, "cycle": cycle},
        reason=reason,
    )
    event = ListingExtended(
        lot_id=lot.id,
        number=lot.number,
        cycle=cycle,
        opens_at=longer.opens_at,
        closes_at=longer.closes_at,
    )
    await outbox.add(conn, event, now=now)
    return extended
