"""Enters pledge registrations, moves their state, and finds pledges for those who may see them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.service import AlreadyRegistered
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.cases import service as cases
from marketplace.edge.versions import require_version
from marketplace.organisations.schemas import Caller
from marketplace.outbox.service import add as tell
from marketplace.pledges.events import PledgeMoved, PledgeRegistered
from marketplace.pledges.rules import (
    CHANGEABLE,
    changed,
    normal,
    ranked,
    require_pledge_step,
    why_not_registrable,
)
from marketplace.pledges.schemas import (
    NewPledge,
    Pledge,
    PledgeChange,
    PledgeState,
    RankedPledge,
    RecordedChange,
)

_SQL = load_statements("marketplace.pledges", "queries.sql")
_REGISTERED = frozenset({PledgeState.REGISTERED, PledgeState.CHANGED})


class NotRegistrable(Conflict):
    """The register would not take a pledge over this right. / 该权利不能办理质押登记。"""

    code = "pledge_not_registrable"


async def register(conn: Connection, caller: Caller, new: NewPledge, *, now: datetime) -> Pledge:
    """Enter one pledge over rights of the caller's bank, for one of its loans."""
    new = normal(new)
    await cases.get(conn, caller, new.case_id)
    rights = await assets.lock_own(conn, caller, new.asset_ids)
    pledged = await pledged_among(conn, new.asset_ids)
    for right in rights:
        reason = why_not_registrable(right.ip_type, is_pledged_already=right.id in pledged)
        if reason is not None:
            raise NotRegistrable(
                f"{right.number}: {reason[0]}", f"{right.number}：{reason[1]}", field="asset_ids"
            )
    pledge = _pledge(new, caller, now=now, import_id=None)
    try:
        async with conn.transaction():
            await _insert(conn, [pledge])
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegistered(
            f"registration_number: {pledge.registration_number} is on record already",
            f"质押登记号：{pledge.registration_number} 已登记",
            field="registration_number",
        ) from error
    await record(
        conn,
        caller,
        now=now,
        action="pledge_registered",
        subject="pledge",
        subject_id=pledge.id,
        after=new,
    )
    told = PledgeRegistered(
        pledge_id=pledge.id, case_id=pledge.case_id, organisation_id=pledge.organisation_id
    )
    await tell(conn, told, now=now)
    return pledge


async def register_all(
    conn: Connection, caller: Caller, news: Sequence[NewPledge], *, now: datetime, import_id: UUID
) -> list[Pledge]:
    """Enter the pledges of an import, checked before; the import's own audit entry stands for them."""
    pledges = [_pledge(new, caller, now=now, import_id=import_id) for new in news]
    await _insert(conn, pledges)
    return pledges


async def move(
    conn: Connection,
    caller: Caller,
    pledge_id: UUID,
    wanted: PledgeState,
    *,
    reason: str,
    now: datetime,
) -> Pledge:
    """Ask for a cancellation, record it, or record its refusal; `IllegalStep` names both states."""
    row = await conn.fetchrow(_SQL["lock"], pledge_id, caller.organisation_id)
    if row is None:
        raise NotFound(f"pledge {pledge_id}: no such pledge", f"质押 {pledge_id} 不存在")
    current = PledgeState(row["state"])
    require_pledge_step(current, wanted, number=row["registration_number"])
    if wanted in (PledgeState.CHANGED, PledgeState.REGISTERED):
        await _require_standing_as_before(
            conn, pledge_id, wanted, is_refusal=current not in _REGISTERED
        )
    await conn.execute(_SQL["set_state"], pledge_id, wanted, now)
    await record(
        conn,
        caller,
        now=now,
        action="pledge_moved",
        subject="pledge",
        subject_id=pledge_id,
        before={"state": current},
        after={"state": wanted},
        reason=reason,
    )
    told = PledgeMoved(
        pledge_id=pledge_id, organisation_id=caller.organisation_id, state=wanted.value
    )
    await tell(conn, told, now=now)
    return await get(conn, caller, pledge_id)


async def change(
    conn: Connection,
    caller: Caller,
    pledge_id: UUID,
    given: PledgeChange,
    *,
    version: int,
    now: datetime,
) -> Pledge:
    """Record a change that the office registered, over version `version`; what was before is kept for good."""
    row = await conn.fetchrow(_SQL["lock"], pledge_id, caller.organisation_id)
    if row is None:
        raise NotFound(f"pledge {pledge_id}: no such pledge", f"质押 {pledge_id} 不存在")
    before = await get(conn, caller, pledge_id)
    require_version(before.version, version)
    require_pledge_step(before.state, PledgeState.CHANGED, number=before.registration_number)
    after = changed(before, given)
    await conn.execute(
        _SQL["change"],
        pledge_id,
        after.pledgee_name,
        after.pledgee_code,
        after.secured_amount_fen,
        msgspec.json.encode(after.joint_pledgees).decode(),
        after.lead_share_bp,
        now,
    )
    await conn.execute(_SQL["release_assets"], pledge_id, list(after.asset_ids))
    old, new = _differences(before, after)
    await conn.execute(
        _SQL["insert_change"],
        pledge_id,
        caller.organisation_id,
        given.change_number,
        given.changed_on,
        msgspec.json.encode(old).decode(),
        msgspec.json.encode(new).decode(),
        given.reason,
        caller.user_id,
        now,
    )
    await record(
        conn,
        caller,
        now=now,
        action="pledge_changed",
        subject="pledge",
        subject_id=pledge_id,
        before=old,
        after=new | {"change_number": given.change_number},
        reason=given.reason,
    )
    told = PledgeMoved(
        pledge_id=pledge_id, organisation_id=caller.organisation_id, state=after.state.value
    )
    await tell(conn, told, now=now)
    return await get(conn, caller, pledge_id)


async def changes_of(conn: Connection, caller: Caller, pledge_id: UUID) -> list[RecordedChange]:
    """What was changed in a pledge that the caller may see, oldest first."""
    await get(conn, caller, pledge_id)
    rows = await conn.fetch(_SQL["changes"], pledge_id)
    return [
        msgspec.convert(
            dict(row) | {name: msgspec.json.decode(row[name]) for name in ("before", "after")},
            RecordedChange,
        )
        for row in rows
    ]


async def ranked_over(conn: Connection, caller: Caller, asset_id: UUID) -> list[RankedPledge]:
    """The pledges that stand over a right that the caller may see, by rank."""
    await assets.get(conn, caller, asset_id)
    return ranked(await over_assets(conn, [asset_id]))


async def get(conn: Connection, caller: Caller, pledge_id: UUID) -> Pledge:
    """One pledge, or `NotFound` when there is none that the caller may see."""
    seen = visibility_of(caller)
    row = await conn.fetchrow(_SQL["by_id"], pledge_id, seen.owner_id, seen.venue_id)
    if row is None:
        raise NotFound(f"pledge {pledge_id}: no such pledge", f"质押 {pledge_id} 不存在")
    return _from_row(row)


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Pledge]:
    """Up to `limit` pledges that the caller may see, with ids after `after`."""
    seen = visibility_of(caller)
    rows = await conn.fetch(_SQL["page"], after, seen.owner_id, seen.venue_id, limit)
    return [_from_row(row) for row in rows]


async def over_assets(conn: Connection, asset_ids: Iterable[UUID]) -> list[Pledge]:
    """Every pledge over any of these rights, in order of registration, for a room that has checked who asks."""
    return [_from_row(row) for row in await conn.fetch(_SQL["over_assets"], sorted(set(asset_ids)))]


async def pledged_among(conn: Connection, asset_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Which of these rights stand under a pledge that is not cancelled."""
    rows = await conn.fetch(_SQL["pledged_assets"], sorted(set(asset_ids)))
    return frozenset(row["asset_id"] for row in rows)


async def known(conn: Connection, caller: Caller, numbers: Iterable[str]) -> frozenset[str]:
    """Which of these registration numbers the caller's organisation has on record."""
    rows = await conn.fetch(_SQL["known"], caller.organisation_id, sorted(set(numbers)))
    return frozenset(row["registration_number"] for row in rows)


async def _require_standing_as_before(
    conn: Connection, pledge_id: UUID, wanted: PledgeState, *, is_refusal: bool
) -> None:
    """A refused cancellation leaves the pledge as it was; a change is recorded with its number, not as a mere state."""
    has_changes = bool(await conn.fetch(_SQL["changes"], pledge_id))
    if not is_refusal:
        raise InvalidInput(
            "state",
            "a change is entered with its registration: use the pledge's `changes`",
            "变更登记请通过该质押的变更接口录入",
        )
    right = PledgeState.CHANGED if has_changes else PledgeState.REGISTERED
    if wanted is not right:
        raise InvalidInput(
            "state",
            f"after a refused cancellation the pledge is {right} again",
            f"注销被驳回后质押恢复为 {right}",
        )


def _differences(before: Pledge, after: Pledge) -> tuple[dict[str, object], dict[str, object]]:
    names = [name for name in CHANGEABLE if getattr(before, name) != getattr(after, name)]
    return (
        {name: getattr(before, name) for name in names},
        {name: getattr(after, name) for name in names},
    )


async def _insert(conn: Connection, pledges: Sequence[Pledge]) -> None:
    await conn.executemany(_SQL["insert"], [_columns(pledge) for pledge in pledges])
    await conn.executemany(
        _SQL["insert_asset"],
        [(pledge.id, asset_id) for pledge in pledges for asset_id in sorted(set(pledge.asset_ids))],
    )


def _pledge(new: NewPledge, caller: Caller, *, now: datetime, import_id: UUID | None) -> Pledge:
    return Pledge(
        **msgspec.structs.asdict(new),
        id=uuid7(now),
        organisation_id=caller.organisation_id,
        state=PledgeState.REGISTERED,
        import_id=import_id,
        version=1,
        created_at=now,
        updated_at=now,
    )


def _columns(pledge: Pledge) -> tuple[object, ...]:
    return (
        pledge.id,
        pledge.organisation_id,
        pledge.case_id,
        pledge.registration_number,
        pledge.registered_on,
        pledge.pledgee_name,
        pledge.pledgee_code,
        pledge.pledgor_name,
        pledge.pledgor_code,
        pledge.secured_amount_fen,
        pledge.is_maximum,
        msgspec.json.encode(pledge.joint_pledgees).decode(),
        pledge.state,
        pledge.import_id,
        pledge.created_at,
        pledge.lead_share_bp,
    )


def _from_row(row: asyncpg.Record) -> Pledge:
    joint = msgspec.json.decode(row["joint_pledgees"])
    return msgspec.convert(dict(row) | {"joint_pledgees": joint}, Pledge)
