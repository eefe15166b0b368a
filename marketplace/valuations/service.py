"""Enters valuations and finds them for those who may see them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.service import AlreadyRegistered
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.organisations.schemas import Caller
from marketplace.outbox.service import add as tell
from marketplace.valuations.events import ValuationRecorded
from marketplace.valuations.rules import INTERNAL_LOAN_MAX_FEN, is_kind_allowed, require_validity
from marketplace.valuations.schemas import NewValuation, Valuation

_SQL = load_statements("marketplace.valuations", "queries.sql")


class ExternalValuationNeeded(Conflict):
    """A loan of this size needs a valuation from outside. / 该笔贷款须采用外部评估。"""

    code = "external_valuation_needed"


async def register(
    conn: Connection, caller: Caller, new: NewValuation, *, now: datetime
) -> Valuation:
    """Enter one valuation of rights of the caller's bank. Source of what is allowed: domain 4.3."""
    require_validity(new.base_on, new.valid_to)
    await assets.lock_own(conn, caller, new.asset_ids)
    loan_fen = max((await largest_loans(conn, new.asset_ids)).values(), default=0)
    if not is_kind_allowed(new.kind, loan_amount_fen=loan_fen):
        limit = yuan(INTERNAL_LOAN_MAX_FEN)
        raise ExternalValuationNeeded(
            f"kind: the loan is {yuan(loan_fen)}; up to {limit} may be valued internally, above it is external",
            f"评估类型：贷款金额为 {yuan(loan_fen)} 元；{limit} 元以下（含）可内部评估，超过的须外部评估",
            field="kind",
        )
    valuation = _valuation(new, caller, now=now, import_id=None)
    try:
        async with conn.transaction():
            await _insert(conn, [valuation])
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegistered(
            f"report_number: {valuation.report_number} is on record already",
            f"评估报告编号：{valuation.report_number} 已登记",
            field="report_number",
        ) from error
    await record(
        conn,
        caller,
        now=now,
        action="valuation_recorded",
        subject="valuation",
        subject_id=valuation.id,
        after=new,
    )
    told = ValuationRecorded(valuation_id=valuation.id, organisation_id=valuation.organisation_id)
    await tell(conn, told, now=now)
    return valuation


async def register_all(
    conn: Connection,
    caller: Caller,
    news: Sequence[NewValuation],
    *,
    now: datetime,
    import_id: UUID,
) -> list[Valuation]:
    """Enter the valuations of an import, checked before; the import's own audit entry stands for them."""
    valuations = [_valuation(new, caller, now=now, import_id=import_id) for new in news]
    await _insert(conn, valuations)
    return valuations


async def get(conn: Connection, caller: Caller, valuation_id: UUID) -> Valuation:
    """One valuation, or `NotFound` when there is none that the caller may see."""
    seen = visibility_of(caller)
    row = await conn.fetchrow(_SQL["by_id"], valuation_id, seen.owner_id, seen.venue_id)
    if row is None:
        raise NotFound(
            f"valuation {valuation_id}: no such valuation", f"评估 {valuation_id} 不存在"
        )
    return msgspec.convert(dict(row), Valuation)


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[Valuation]:
    """Up to `limit` valuations that the caller may see, with ids after `after`."""
    seen = visibility_of(caller)
    rows = await conn.fetch(_SQL["page"], after, seen.owner_id, seen.venue_id, limit)
    return [msgspec.convert(dict(row), Valuation) for row in rows]


async def of_assets(conn: Connection, asset_ids: Iterable[UUID]) -> list[Valuation]:
    """Every valuation about any of these rights, newest first, for a room that has checked who asks."""
    rows = await conn.fetch(_SQL["of_assets"], sorted(set(asset_ids)))
    return [msgspec.convert(dict(row), Valuation) for row in rows]


async def largest_loans(conn: Connection, asset_ids: Iterable[UUID]) -> Mapping[UUID, int]:
    """For each of these rights that is pledged: the largest loan that it secures, in fen."""
    rows = await conn.fetch(_SQL["largest_loans"], sorted(set(asset_ids)))
    return {row["asset_id"]: row["loan_amount_fen"] for row in rows}


async def known(conn: Connection, caller: Caller, numbers: Iterable[str]) -> frozenset[str]:
    """Which of these report numbers the caller's organisation has on record."""
    rows = await conn.fetch(_SQL["known"], caller.organisation_id, sorted(set(numbers)))
    return frozenset(row["report_number"] for row in rows)


async def _insert(conn: Connection, valuations: Sequence[Valuation]) -> None:
    await conn.executemany(
        _SQL["insert"],
        [
            (
                item.id,
                item.organisation_id,
                item.report_number,
                item.kind,
                item.method,
                item.valuer_name,
                item.base_on,
                item.value_fen,
                item.valid_to,
                item.import_id,
                item.created_at,
            )
            for item in valuations
        ],
    )
    await conn.executemany(
        _SQL["insert_asset"],
        [(item.id, asset_id) for item in valuations for asset_id in sorted(set(item.asset_ids))],
    )


def _valuation(
    new: NewValuation, caller: Caller, *, now: datetime, import_id: UUID | None
) -> Valuation:
    return Valuation(
        **msgspec.structs.asdict(new),
        id=uuid7(now),
        organisation_id=caller.organisation_id,
        import_id=import_id,
        version=1,
        created_at=now,
        updated_at=now,
    )
