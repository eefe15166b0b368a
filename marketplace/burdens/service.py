"""Enters what rests on rights, ends it, and answers whether a licence may be granted."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.identifiers import InvalidIdentifier, credit_code
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.burdens import rules
from marketplace.burdens.events import BurdenRecorded
from marketplace.burdens.schemas import (
    Burden,
    BurdenEnd,
    BurdenState,
    LicenceAnswer,
    LicenceQuestion,
    NewBurden,
)
from marketplace.organisations.schemas import Caller
from marketplace.outbox.service import add as tell
from marketplace.pledges import service as pledges

_SQL = load_statements("marketplace.burdens", "queries.sql")


class LicenceBlocked(Conflict):
    """Another licence, or the state of the right, stands in this one's way. / 已有许可或权利状态妨碍本许可。"""

    code = "licence_blocked"


async def register(conn: Connection, caller: Caller, new: NewBurden, *, now: datetime) -> Burden:
    """Enter what rests on a right of the caller's bank; what a licence conflicts with is recorded all the same.

    The record says what is, not what should be: two licences that cannot stand together are a finding, not a refusal.
    """
    if new.holder_code is not None:
        try:
            new = msgspec.structs.replace(new, holder_code=credit_code(new.holder_code))
        except InvalidIdentifier as error:
            raise InvalidInput("holder_code", error.message, error.message_zh) from error
    [asset] = await assets.lock_own(conn, caller, [new.asset_id])
    for wrong in rules.contradictions(new, asset.ip_type):
        raise wrong
    burden = Burden(
        **msgspec.structs.asdict(new),
        id=uuid7(now),
        organisation_id=caller.organisation_id,
        state=BurdenState.STANDING,
        ended_on=None,
        reason=None,
        version=1,
        created_at=now,
        updated_at=now,
    )
    await conn.execute(_SQL["insert"], *_columns(burden))
    await record(
        conn,
        caller,
        now=now,
        action="burden_registered",
        subject="asset",
        subject_id=asset.id,
        after=new,
    )
    await _tell(conn, burden, now=now)
    return burden


async def end(
    conn: Connection, caller: Caller, burden_id: UUID, given: BurdenEnd, *, now: datetime
) -> Burden:
    """A burden rests on the right no more: the licence ran out, the preservation was lifted."""
    row = await conn.fetchrow(_SQL["lock"], burden_id, caller.organisation_id)
    burden = _from_row(row, burden_id)
    rules.require_burden_step(burden.state, BurdenState.ENDED, holder=burden.holder_name)
    if given.ended_on < burden.starts_on:
        raise InvalidInput(
            "ended_on",
            f"{given.ended_on} is before {burden.starts_on}, the first day",
            f"{given.ended_on} 早于起始日 {burden.starts_on}",
        )
    await conn.execute(_SQL["end"], burden_id, given.ended_on, given.reason, now)
    await record(
        conn,
        caller,
        now=now,
        action="burden_ended",
        subject="asset",
        subject_id=burden.asset_id,
        before={"burden_id": burden_id, "state": burden.state},
        after={"burden_id": burden_id, "state": BurdenState.ENDED, "ended_on": given.ended_on},
        reason=given.reason,
    )
    after = await get(conn, caller, burden_id)
    await _tell(conn, after, now=now)
    return after


async def get(conn: Connection, caller: Caller, burden_id: UUID) -> Burden:
    """One burden, or `NotFound` when there is none that the caller may see."""
    seen = visibility_of(caller)
    row = await conn.fetchrow(_SQL["by_id"], burden_id, seen.owner_id, seen.venue_id)
    return _from_row(row, burden_id)


async def of_asset(conn: Connection, caller: Caller, asset_id: UUID) -> list[Burden]:
    """Everything that rested on a right that the caller may see, oldest first."""
    await assets.get(conn, caller, asset_id)
    return await of_assets(conn, [asset_id])


async def of_assets(conn: Connection, asset_ids: Iterable[UUID]) -> list[Burden]:
    """Everything that rested on these rights, for a room that has checked who asks."""
    rows = await conn.fetch(_SQL["of_assets"], sorted(set(asset_ids)))
    return [msgspec.convert(dict(row), Burden) for row in rows]


async def may_be_licensed(
    conn: Connection, caller: Caller, asset_id: UUID, question: LicenceQuestion, *, now: datetime
) -> LicenceAnswer:
    """Whether a licence may be granted over a right that the caller may see; nothing is changed."""
    asset = await assets.get(conn, caller, asset_id)
    today = now.astimezone(CHINA).date()
    burdens = await of_assets(conn, [asset_id])
    return rules.answer(
        question,
        rules.with_burdens(asset, burdens, on=today),
        burdens,
        is_pledged=bool(await pledges.pledged_among(conn, [asset_id])),
        today=today,
    )


async def require_no_conflict(
    conn: Connection, asset_ids: Iterable[UUID], question: LicenceQuestion, *, names: bool
) -> None:
    """Raise `LicenceBlocked` with each licence that stands on one of these rights and that a new one meets.

    Source: domain 3.4, asked again where a licence that was offered before is signed and takes effect. Whose they are
    is said with `names` alone.
    """
    standing = await of_assets(conn, asset_ids)
    found = rules.conflicts_of(question, standing, names=names)
    if found:
        raise LicenceBlocked(
            "; ".join(dict.fromkeys(one.message for one in found)),
            "；".join(dict.fromkeys(one.message_zh for one in found)),
        )


async def _tell(conn: Connection, burden: Burden, *, now: datetime) -> None:
    told = BurdenRecorded(
        burden_id=burden.id,
        asset_id=burden.asset_id,
        organisation_id=burden.organisation_id,
        state=burden.state.value,
    )
    await tell(conn, told, now=now)


def _columns(burden: Burden) -> tuple[object, ...]:
    return (
        burden.id,
        burden.organisation_id,
        burden.asset_id,
        burden.kind,
        burden.holder_name,
        burden.holder_code,
        sorted(burden.territories),
        sorted(burden.fields),
        burden.starts_on,
        burden.ends_on,
        burden.record_number,
        burden.recorded_on,
        burden.has_pledgee_consent,
        burden.terms,
        burden.royalty_fen_a_year,
        burden.source,
        burden.created_at,
    )


def _from_row(row: asyncpg.Record | None, burden_id: UUID) -> Burden:
    if row is None:
        raise NotFound(f"burden {burden_id}: no such burden", f"权利负担 {burden_id} 不存在")
    return msgspec.convert(dict(row), Burden)
