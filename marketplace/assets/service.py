"""Enters rights, records newer readings of the register, and finds rights for those who may see them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets.events import AssetRegistered, AssetStatusRead
from marketplace.assets.rules import contradictions, detail_contradictions, normal
from marketplace.assets.schemas import Asset, AssetParticulars, AssetStatus, NewAsset
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.edge.versions import VersionChanged
from marketplace.organisations.schemas import Caller
from marketplace.outbox.service import add as tell

_SQL = load_statements("marketplace.assets", "queries.sql")


class AlreadyRegistered(Conflict):
    """The same thing is on record already. / 该对象已登记。"""

    code = "already_registered"


async def register(conn: Connection, caller: Caller, new: NewAsset, *, now: datetime) -> Asset:
    """Enter one right of the caller's bank; `InvalidInput` says what is wrong with it."""
    right = normal(new)
    for wrong in contradictions(right):
        raise wrong
    asset = _asset(right, caller, now=now, import_id=None)
    try:
        async with conn.transaction():
            await conn.execute(_SQL["insert"], *_columns(asset))
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegistered(
            f"number: {asset.number} is on record already",
            f"编号：{asset.number} 已登记",
            field="number",
        ) from error
    await record(
        conn,
        caller,
        now=now,
        action="asset_registered",
        subject="asset",
        subject_id=asset.id,
        after=right,
    )
    await tell(
        conn, AssetRegistered(asset_id=asset.id, organisation_id=asset.organisation_id), now=now
    )
    return asset


async def register_all(
    conn: Connection, caller: Caller, news: Sequence[NewAsset], *, now: datetime, import_id: UUID
) -> list[Asset]:
    """Enter the rights of an import, checked before; the import's own audit entry stands for them."""
    assets = [_asset(new, caller, now=now, import_id=import_id) for new in news]
    await conn.executemany(_SQL["insert"], [_columns(asset) for asset in assets])
    return assets


async def record_status(
    conn: Connection,
    caller: Caller,
    asset_id: UUID,
    status: AssetStatus,
    *,
    version: int,
    now: datetime,
) -> Asset:
    """Record a newer reading of the register over version `version` of the right; an older reading is refused."""
    asset = await get(conn, caller, asset_id)
    if status.status_as_of < asset.status_as_of:
        raise InvalidInput(
            "status_as_of",
            f"{status.status_as_of} is older than the reading on record, {asset.status_as_of}",
            f"{status.status_as_of} 早于已记录的查询日 {asset.status_as_of}",
        )
    done = await conn.execute(
        _SQL["update_status"],
        asset_id,
        version,
        status.legal_status,
        status.status_as_of,
        status.status_source,
        status.fee_paid_to,
        status.has_evaluation_report,
        sorted(status.flags),
        msgspec.json.encode(status.co_owners).decode(),
        now,
    )
    if done != "UPDATE 1":
        raise VersionChanged(version=asset.version)
    before = AssetStatus(**{name: getattr(asset, name) for name in AssetStatus.__struct_fields__})
    await record(
        conn,
        caller,
        now=now,
        action="asset_status_read",
        subject="asset",
        subject_id=asset_id,
        before=before,
        after=status,
    )
    await tell(
        conn, AssetStatusRead(asset_id=asset_id, organisation_id=asset.organisation_id), now=now
    )
    return await get(conn, caller, asset_id)


async def record_particulars(
    conn: Connection,
    caller: Caller,
    asset_id: UUID,
    given: AssetParticulars,
    *,
    version: int,
    now: datetime,
) -> Asset:
    """What people found out about a right of the caller's, over version `version` of it."""
    [asset] = await lock_own(conn, caller, [asset_id])
    for wrong in detail_contradictions(asset.ip_type, given.details):
        raise wrong
    done = await conn.execute(
        _SQL["update_particulars"], asset_id, version, *_particulars(given), now
    )
    if done != "UPDATE 1":
        raise VersionChanged(version=asset.version)
    before = {name: getattr(asset, name) for name in AssetParticulars.__struct_fields__}
    await record(
        conn,
        caller,
        now=now,
        action="asset_particulars_recorded",
        subject="asset",
        subject_id=asset_id,
        before=before,
        after=given,
    )
    told = AssetStatusRead(asset_id=asset_id, organisation_id=asset.organisation_id)
    await tell(conn, told, now=now)
    return await get(conn, caller, asset_id)


async def get(conn: Connection, caller: Caller, asset_id: UUID) -> Asset:
    """One right, or `NotFound` when there is none that the caller may see."""
    seen = visibility_of(caller)
    row = await conn.fetchrow(_SQL["by_id"], asset_id, seen.owner_id, seen.venue_id)
    if row is None:
        raise NotFound(f"asset {asset_id}: no such right", f"知识产权 {asset_id} 不存在")
    return _from_row(row)


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Asset]:
    """Up to `limit` rights that the caller may see, with ids after `after`."""
    seen = visibility_of(caller)
    rows = await conn.fetch(_SQL["page"], after, seen.owner_id, seen.venue_id, limit)
    return [_from_row(row) for row in rows]


async def newest(conn: Connection, caller: Caller, *, limit: int) -> list[Asset]:
    """The rights that the caller's organisation entered last."""
    rows = await conn.fetch(_SQL["newest"], caller.organisation_id, limit)
    return [_from_row(row) for row in rows]


async def lock_own(conn: Connection, caller: Caller, asset_ids: Iterable[UUID]) -> list[Asset]:
    """The caller's own rights with these ids, locked until the transaction ends; `InvalidInput` names a missing one."""
    wanted = sorted(set(asset_ids))
    rows = await conn.fetch(_SQL["by_ids"], wanted, caller.organisation_id)
    missing = set(wanted) - {row["id"] for row in rows}
    if missing:
        first = min(missing)
        raise InvalidInput(
            "asset_ids", f"{first} is not a right of yours", f"{first} 不是贵机构登记的知识产权"
        )
    return [_from_row(row) for row in rows]


async def of_ids(
    conn: Connection, asset_ids: Iterable[UUID], *, organisation_id: UUID
) -> list[Asset]:
    """The rights of `organisation_id` with these ids, for another room that has checked who asks."""
    rows = await conn.fetch(_SQL["of_ids"], sorted(set(asset_ids)), organisation_id)
    return [_from_row(row) for row in rows]


async def known(
    conn: Connection, caller: Caller, numbers: Iterable[str]
) -> Mapping[tuple[str, str, int | None], UUID]:
    """Which of `numbers` the caller's organisation has on record: (type, number, class) -> id."""
    rows = await conn.fetch(_SQL["known"], caller.organisation_id, sorted(set(numbers)))
    return {(row["ip_type"], row["number"], row["nice_class"]): row["id"] for row in rows}


def _asset(new: NewAsset, caller: Caller, *, now: datetime, import_id: UUID | None) -> Asset:
    return Asset(
        **msgspec.structs.asdict(new),
        id=uuid7(now),
        organisation_id=caller.organisation_id,
        import_id=import_id,
        version=1,
        created_at=now,
        updated_at=now,
    )


def _columns(asset: Asset) -> tuple[object, ...]:
    return (
        asset.id,
        asset.organisation_id,
        asset.ip_type,
        asset.number,
        asset.nice_class,
        asset.title,
        asset.owner_name,
        asset.owner_code,
        msgspec.json.encode(asset.co_owners).decode(),
        asset.filed_on,
        asset.granted_on,
        asset.expires_on,
        asset.legal_status,
        asset.status_as_of,
        asset.status_source,
        asset.fee_paid_to,
        asset.has_evaluation_report,
        sorted(asset.flags),
        asset.import_id,
        asset.created_at,
        *_particulars(asset),
    )


def _particulars(asset: AssetParticulars | NewAsset) -> tuple[object, ...]:
    details = None if asset.details is None else msgspec.json.encode(asset.details).decode()
    return (details, asset.export_class, asset.grade, asset.region, asset.industry)


def _from_row(row: asyncpg.Record) -> Asset:
    decoded = {"co_owners": msgspec.json.decode(row["co_owners"])}
    if row["details"] is not None:
        decoded["details"] = msgspec.json.decode(row["details"])
    return msgspec.convert(dict(row) | decoded, Asset)
