"""The venue's checkers sign a lot for its notice: one, or two from the venue's limit on (domain 7: listing).

A lot of a plan is not signed again: the bank's people agreed to its terms with the plan, and the venue started that.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind
from marketplace.lots import publication
from marketplace.lots.rules import LotStatus, require_lot_step
from marketplace.lots.schemas import Lot, LotCheck
from marketplace.lots.service import owned_for_update
from marketplace.organisations.schemas import Caller

_CHECKED = "checked for its notice 已审查，待发布公告"
_LOOKED = "terms and notice looked through 条款与公告已复核"
#: What moves while a lot waits for its checkers, and the reserve, which is nobody's to read here.
_NOT_SIGNED = frozenset({"status", "version", "updated_at", "checked_by", "reserve_price_fen"})


async def check(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> LotCheck:
    """Check the lot; once nothing blocks it waits for the venue's checkers. Raises as `publication.check` does."""
    checked = await publication.check(conn, caller, lot_id, now=now)
    if checked.lot.status is LotStatus.CHECKED:
        await file(conn, caller, checked.lot, now=now)
    return checked


async def file(conn: Connection, caller: Caller, lot: Lot, *, now: datetime) -> None:
    """What the venue's people propose to publish waits for its checkers among the approvals."""
    await approvals.file(conn, caller, _paper(lot), reason=_CHECKED, now=now)


async def drop(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> None:
    """The lot is no longer up for publication: nobody is asked about it."""
    reason = "no longer in a session"
    await approvals.drop(conn, caller, Kind.LISTING, lot_id, reason=reason, now=now)


async def publish(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> Lot:
    """Sign, and publish once enough have; before, the lot stays as it is. Raises as `publication.publish` does."""
    lot = await owned_for_update(conn, caller, lot_id)
    if caller.user_id == lot.drafted_by:
        raise publication.SamePersonTwice
    require_lot_step(lot.status, LotStatus.PUBLISHED, number=lot.number)
    if not await is_signed(conn, caller, lot, now=now):
        return lot
    return await publication.publish(conn, caller, lot_id, now=now)


async def is_signed(conn: Connection, caller: Caller, lot: Lot, *, now: datetime) -> bool:
    """Whether enough of the venue's checkers have agreed to the lot as it stands, the caller among them."""
    return (await approvals.sign(conn, caller, _paper(lot), reason=_LOOKED, now=now)).is_complete


def _paper(lot: Lot) -> approvals.Paper:
    return approvals.Paper(
        kind=Kind.LISTING,
        organisation_id=lot.venue_id,
        subject_id=lot.id,
        asked_by=lot.drafted_by,
        content={
            name: value
            for name, value in msgspec.structs.asdict(lot).items()
            if name not in _NOT_SIGNED
        },
        amount_fen=lot.start_price_fen,
    )
