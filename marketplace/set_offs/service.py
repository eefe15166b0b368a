"""Set-offs: proposed by a bank's maker or by its plan of disposal, decided by its checker, shared as a recovery."""

from datetime import datetime, time
from functools import partial
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind as ApprovalKind
from marketplace.audit.steps import moved
from marketplace.claims import recovering
from marketplace.consignments import service as consignments
from marketplace.consignments.dossier import facts_of
from marketplace.consignments.rules import require_another_person
from marketplace.consignments.schemas import Authority
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import NOT_OF_SET_OFFS, Cause
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.organisations.schemas import (
    SYSTEM_CALLER,
    SYSTEM_USER_ID,
    Caller,
    OrganisationKind,
)
from marketplace.set_offs.rules import dispose_by, ground_of, require_set_off_step
from marketplace.set_offs.schemas import SetOff, SetOffDecision, SetOffIn, SetOffState
from settlement.rules.case import RecoveryEvent

_SQL = load_statements("marketplace.set_offs", "queries.sql")
_moved = partial(moved, subject="set_off")
_AGREED = "price and ground looked through 价款与依据已复核"
_WATCH = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})


class SetOffExists(Conflict):
    """The consignment has a set-off already. / 该委托已有以物抵债。"""

    code = "set_off_exists"


class PriceDiffers(Conflict):
    """The price is not the one proposed: read it again. / 抵债价与提请不符，请重新查看。"""

    code = "price_differs"


async def propose(conn: Connection, caller: Caller, given: SetOffIn, *, now: datetime) -> SetOff:
    """Propose that the caller's bank takes the rights of one of its consignments."""
    consignment = await consignments.get(conn, caller, given.consignment_id)
    if consignment.organisation_id != caller.organisation_id:
        raise NotFound
    ground = ground_of(
        unsold_price_fen=await conn.fetchval(_SQL["unsold_price"], consignment.id),
        has_agreement=consignment.authority is Authority.POST_DEFAULT_AGREEMENT,
        price_fen=given.price_fen,
    )
    set_off_id = uuid7(now)
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert"],
                set_off_id,
                consignment.id,
                consignment.case_id,
                consignment.organisation_id,
                consignment.venue_id,
                given.price_fen,
                ground,
                given.reason,
                caller.user_id,
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise SetOffExists from error
    await _moved(conn, caller, set_off_id, "", SetOffState.PROPOSED, now=now, reason=given.reason)
    proposed = await get(conn, caller, set_off_id)
    await approvals.file(conn, caller, _paper(proposed), reason=given.reason, now=now)
    return proposed


async def decide(
    conn: Connection, caller: Caller, set_off_id: UUID, given: SetOffDecision, *, now: datetime
) -> SetOff:
    """Another person of the bank decides. A yes makes the price a recovery and starts the clock for the disposal; the
    rules on the rights are run before it, and what they hold against it is passed over or cured first.
    """
    before = await _locked_own(conn, caller, set_off_id)
    require_another_person(before.proposed_by, caller.user_id)
    if before.price_fen != given.price_fen:
        raise PriceDiffers
    wanted = SetOffState.APPROVED if given.approved else SetOffState.REFUSED
    require_set_off_step(before.state, wanted, number=before.number)
    latest = None
    if given.approved:
        await diligence.require_clear(
            conn,
            caller,
            before.consignment_id,
            cause=Cause.DECIDED,
            leaving_out=NOT_OF_SET_OFFS,
            now=now,
        )
        signed = await approvals.sign(conn, caller, _paper(before), reason=_AGREED, now=now)
        if not signed.is_complete:
            return await get(conn, caller, set_off_id)
        consignment = await consignments.get(conn, SYSTEM_CALLER, before.consignment_id)
        today = now.astimezone(CHINA).date()
        facts = await facts_of(conn, consignment, today=today)
        ends = [right.asset.expires_on for right in facts.rights if right.asset.expires_on]
        latest = dispose_by(today, rights_expire_on=min(ends) if ends else None)
        await consignments.begin_disposal(conn, SYSTEM_CALLER, consignment.id, now=now)
        await consignments.end_disposal(
            conn, SYSTEM_CALLER, consignment.id, is_sold=True, now=now, reason="set off 以物抵债"
        )
        await duties.add(conn, Kind.SHARE_SET_OFF, subject_id=before.id, due_at=now, now=now)
        over = datetime.combine(latest, time(23, 59, 59), CHINA)
        await duties.add(conn, Kind.CHECK_DISPOSAL, subject_id=before.id, due_at=over, now=now)
    else:
        await approvals.drop(
            conn, caller, ApprovalKind.SET_OFF, before.id, reason="refused", now=now
        )
    await conn.execute(_SQL["decide"], set_off_id, wanted, caller.user_id, now, latest)
    await duties.add(conn, Kind.FOLLOW_PLAN, subject_id=set_off_id, due_at=now, now=now)
    await _moved(conn, caller, set_off_id, before.state, wanted, now=now)
    return await get(conn, caller, set_off_id)


async def dispose(
    conn: Connection, caller: Caller, set_off_id: UUID, *, disposal: str, now: datetime
) -> SetOff:
    """The bank says how it disposed of what it had taken: the clock stops."""
    before = await _locked_own(conn, caller, set_off_id)
    require_set_off_step(before.state, SetOffState.DISPOSED, number=before.number)
    await conn.execute(_SQL["dispose"], set_off_id, disposal, now)
    await _moved(
        conn, caller, set_off_id, before.state, SetOffState.DISPOSED, now=now, reason=disposal
    )
    return await get(conn, caller, set_off_id)


async def share(conn: Connection, set_off_id: UUID, *, now: datetime) -> bool:
    """Hand the price to the loan's compensation case as recovered, once; False while that is not ready."""
    set_off = _set_off(await conn.fetchrow(_SQL["lock"], set_off_id))
    if set_off.shared_at is not None:
        return True
    event = RecoveryEvent(id=f"set_off:{set_off.id}", gross_fen=set_off.price_fen, costs=())
    if not await recovering.record_other_recovery(
        conn, SYSTEM_CALLER, case_id=set_off.case_id, event=event, now=now
    ):
        return False
    await conn.execute(_SQL["mark_shared"], set_off_id, now)
    return True


async def check_disposal(conn: Connection, set_off_id: UUID, *, now: datetime) -> None:
    """The clock ran out: what was not disposed of is marked, audited and told."""
    set_off = _set_off(await conn.fetchrow(_SQL["lock"], set_off_id))
    if set_off.state is SetOffState.APPROVED and not set_off.is_overdue:
        await conn.execute(_SQL["mark_overdue"], set_off_id, now)
        await _moved(conn, SYSTEM_CALLER, set_off_id, set_off.state, "overdue", now=now)


async def get(conn: Connection, caller: Caller, set_off_id: UUID) -> SetOff:
    """A set-off that the caller may see; raises `NotFound`."""
    sees_all = caller.organisation_kind in _WATCH or caller.user_id == SYSTEM_USER_ID
    return _set_off(
        await conn.fetchrow(_SQL["by_id"], set_off_id, caller.organisation_id, sees_all)
    )


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[SetOff]:
    """Set-offs that the caller may see, newest first."""
    sees_all = caller.organisation_kind in _WATCH
    rows = await conn.fetch(_SQL["page"], after, caller.organisation_id, sees_all, limit)
    return [_set_off(row) for row in rows]


def _paper(set_off: SetOff) -> approvals.Paper:
    return approvals.Paper(
        kind=ApprovalKind.SET_OFF,
        organisation_id=set_off.organisation_id,
        subject_id=set_off.id,
        asked_by=set_off.proposed_by,
        content={"price_fen": set_off.price_fen, "reason": set_off.reason},
        amount_fen=set_off.price_fen,
    )


async def _locked_own(conn: Connection, caller: Caller, set_off_id: UUID) -> SetOff:
    set_off = _set_off(await conn.fetchrow(_SQL["lock"], set_off_id))
    if set_off.organisation_id != caller.organisation_id:
        raise NotFound
    return set_off


def _set_off(row: asyncpg.Record | None) -> SetOff:
    if row is None:
        raise NotFound("no such set-off", "没有该以物抵债")
    return msgspec.convert(dict(row), SetOff)
