"""Enters packages and finds them for those who may see them."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.service import AlreadyRegistered
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.organisations.schemas import Caller
from marketplace.packages.schemas import NewPackage, Package

_SQL = load_statements("marketplace.packages", "queries.sql")


async def register(conn: Connection, caller: Caller, new: NewPackage, *, now: datetime) -> Package:
    """Put rights of the caller's bank together under a name."""
    if len(set(new.asset_ids)) != len(new.asset_ids):
        raise InvalidInput("asset_ids", "a right stands in it twice", "知识产权重复")
    await assets.lock_own(conn, caller, new.asset_ids)
    package = Package(
        **msgspec.structs.asdict(new),
        id=uuid7(now),
        organisation_id=caller.organisation_id,
        created_at=now,
    )
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert"],
                package.id,
                package.organisation_id,
                package.name,
                package.indivisible_reason,
                list(package.asset_ids),
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegistered(
            f"name: you have a package {package.name!r} already",
            f"名称：已有资产包“{package.name}”",
            field="name",
        ) from error
    await record(
        conn,
        caller,
        now=now,
        action="package_registered",
        subject="package",
        subject_id=package.id,
        after=new,
    )
    return package


async def get(conn: Connection, caller: Caller, package_id: UUID) -> Package:
    """One package, or `NotFound` when there is none that the caller may see."""
    seen = visibility_of(caller)
    row = await conn.fetchrow(_SQL["by_id"], package_id, seen.owner_id, seen.venue_id)
    if row is None:
        raise NotFound(f"package {package_id}: no such package", f"资产包 {package_id} 不存在")
    return msgspec.convert(dict(row), Package)


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[Package]:
    """Up to `limit` packages that the caller may see, with ids after `after`."""
    seen = visibility_of(caller)
    rows = await conn.fetch(_SQL["page"], after, seen.owner_id, seen.venue_id, limit)
    return [msgspec.convert(dict(row), Package) for row in rows]
