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
from marketplace.lots.schemas import Lot
from marketplace.lots.service import owned_for_update
from marketplace.organisations.schemas import Caller

_LOOKED = "terms and notice looked through 条款与公告已复核"
#: What moves while a lot waits for its second checker, and the reserve, which is nobody's to read here.
_NOT_SIGNED = frozenset({"status", "updated_at", "checked_by", "reserve_price_fen"})


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
    paper = approvals.Paper(
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
    return (await approvals.sign(conn, caller, paper, reason=_LOOKED, now=now)).is_complete
