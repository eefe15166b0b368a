"""Enters valuations and finds them for those who may see them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.money import yuan
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.service import AlreadyRegistered
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.organisations.schemas import Caller
from marketplace.outbox.service import add as tell
from marketplace.valuations import limits
from marketplace.valuations.events import RecognitionMoved, ValuationRecorded
from marketplace.valuations.rules import (
    INTERNAL_LOAN_MAX_FEN,
    LoanSize,
    farthest,
    is_kind_allowed,
    is_valid_on,
    require_computation,
    require_validity,
)
from marketplace.valuations.schemas import NewValuation, Recognition, RegistryEntry, Valuation
from marketplace.valuations.scoring import scored

_SQL = load_statements("marketplace.valuations", "queries.sql")


class ExternalValuationNeeded(Conflict):
    """A loan of this size needs a valuation from outside. / 该笔贷款须采用外部评估。"""

    code = "external_valuation_needed"


async def register(
    conn: Connection, caller: Caller, new: NewValuation, *, now: datetime
) -> Valuation:
    """Enter one valuation of rights of the caller's bank. Source of what is allowed: domain 4.3."""
    require_validity(new.base_on, new.valid_to)
    require_computation(new)
    await assets.lock_own(conn, caller, new.asset_ids)
    loan = farthest((await largest_loans(conn, new.asset_ids)).values())
    if not is_kind_allowed(new.kind, loan=loan):
        limit = yuan(loan.limit_fen)
        raise ExternalValuationNeeded(
            f"kind: the loan is {yuan(loan.amount_fen)}; up to {limit} may be valued internally, above it is external",
            f"评估类型：贷款金额为 {yuan(loan.amount_fen)} 元；{limit} 元以下（含）可内部评估，超过的须外部评估",
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
    return _from_row(row)


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[Valuation]:
    """Up to `limit` valuations that the caller may see, with ids after `after`."""
    seen = visibility_of(caller)
    rows = await conn.fetch(_SQL["page"], after, seen.owner_id, seen.venue_id, limit)
    return [_from_row(row) for row in rows]


async def of_assets(conn: Connection, asset_ids: Iterable[UUID]) -> list[Valuation]:
    """Every valuation about any of these rights, newest first, for a room that has checked who asks."""
    rows = await conn.fetch(_SQL["of_assets"], sorted(set(asset_ids)))
    return [_from_row(row) for row in rows]


async def largest_loans(conn: Connection, asset_ids: Iterable[UUID]) -> Mapping[UUID, LoanSize]:
    """For each of these rights that is pledged: the loan it secures that is largest by its own scheme's limit."""
    rows = await conn.fetch(_SQL["largest_loans"], sorted(set(asset_ids)))
    numbers: dict[UUID, set[str]] = {}
    for row in rows:
        numbers.setdefault(row["organisation_id"], set()).add(row["contract_number"])
    wider = {lender: await limits.widened(conn, lender, own) for lender, own in numbers.items()}
    sizes: dict[UUID, LoanSize] = {}
    for row in rows:
        limit_fen = wider[row["organisation_id"]].get(row["contract_number"], INTERNAL_LOAN_MAX_FEN)
        size = LoanSize(row["loan_amount_fen"], limit_fen)
        sizes[row["asset_id"]] = farthest([size, sizes.get(row["asset_id"], size)])
    return sizes


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
                item.valuer_licence,
                item.is_filed,
                _json_or_none(item.computation),
                _json_or_none(item.scores),
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
    given = msgspec.structs.asdict(new)
    given["scores"] = None if new.scores is None else scored(new.scores)
    return Valuation(
        **given,
        id=uuid7(now),
        organisation_id=caller.organisation_id,
        import_id=import_id,
        version=1,
        created_at=now,
        updated_at=now,
    )


async def registry_of(conn: Connection, number: str, *, now: datetime) -> list[RegistryEntry]:
    """Reports from outside about a right that hold today, of whichever bank, with the banks that recognise them."""
    today = now.astimezone(CHINA).date()
    async with everything(conn):  # the register is common to all banks
        rows = await conn.fetch(_SQL["registry"], number, today)
        told = await conn.fetch(_SQL["recognitions"], [row["valuation_id"] for row in rows])
    return [
        msgspec.convert(
            dict(row)
            | {
                "recognised_by": [
                    msgspec.convert(dict(each), Recognition)
                    for each in told
                    if each["valuation_id"] == row["valuation_id"]
                ]
            },
            RegistryEntry,
        )
        for row in rows
    ]


async def recognise(conn: Connection, caller: Caller, valuation_id: UUID, *, now: datetime) -> None:
    """The caller's bank takes another bank's report as its own, while it holds. Source: domain 1.3-13, 4.3."""
    async with everything(conn):
        row = await conn.fetchrow(_SQL["lock_any"], valuation_id)
    if row is None or row["organisation_id"] == caller.organisation_id:
        raise NotFound(
            f"valuation {valuation_id}: no report of another bank",
            f"评估 {valuation_id} 不是其他银行的报告",
        )
    today = now.astimezone(CHINA).date()
    if not is_valid_on(today, base_on=row["base_on"], valid_to=row["valid_to"]):
        raise Conflict(
            f"report {row['report_number']} holds to {row['valid_to']}; a report that is over is not recognised",
            f"报告 {row['report_number']} 有效期至 {row['valid_to']}，已失效不得互认",
        )
    done = await conn.execute(
        _SQL["recognise"], valuation_id, caller.organisation_id, caller.user_id, now
    )
    if done == "INSERT 0 1":
        await _note_recognition(conn, caller, valuation_id, is_recognised=True, now=now)


async def recognised_over(
    conn: Connection, asset_ids: Sequence[UUID], *, organisation_id: UUID, today: date
) -> list[Valuation]:
    """Other banks' reports that this bank recognises about these rights of its own and that hold, the newest first.

    For a room that has checked who asks. A report about more than these rights says nothing of their part of it.
    """
    async with everything(conn):
        rows = await conn.fetch(_SQL["recognised_over"], list(asset_ids), organisation_id, today)
    return [
        found
        for found in map(_from_row, rows)
        if is_valid_on(today, base_on=found.base_on, valid_to=found.valid_to)
    ]


async def withdraw_recognition(
    conn: Connection, caller: Caller, valuation_id: UUID, *, reason: str, now: datetime
) -> None:
    """The caller's bank takes the report as its own no more."""
    done = await conn.execute(_SQL["clear_own"], valuation_id, caller.organisation_id, now, reason)
    if done != "UPDATE 1":
        raise NotFound(
            f"valuation {valuation_id}: your bank does not recognise it",
            f"贵行未互认评估 {valuation_id}",
        )
    await _note_recognition(conn, caller, valuation_id, is_recognised=False, reason=reason, now=now)


async def clear_recognitions(
    conn: Connection, caller: Caller, *, ip_type: str, number: str, reason: str, now: datetime
) -> int:
    """An event (MON-04) befell a right: every recognition of a report about it ends; how many did."""
    rows = await conn.fetch(_SQL["clear_all"], ip_type, number, now, reason)
    for row in rows:
        acting = msgspec.structs.replace(caller, organisation_id=row["organisation_id"])
        await _note_recognition(
            conn, acting, row["valuation_id"], is_recognised=False, reason=reason, now=now
        )
    return len(rows)


async def _note_recognition(
    conn: Connection,
    caller: Caller,
    valuation_id: UUID,
    *,
    is_recognised: bool,
    now: datetime,
    reason: str | None = None,
) -> None:
    await record(
        conn,
        caller,
        now=now,
        action="valuation_recognised" if is_recognised else "recognition_cleared",
        subject="valuation",
        subject_id=valuation_id,
        reason=reason,
    )
    told = RecognitionMoved(
        valuation_id=valuation_id,
        organisation_id=caller.organisation_id,
        is_recognised=is_recognised,
    )
    await tell(conn, told, now=now)


def _json_or_none(value: msgspec.Struct | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _from_row(row: asyncpg.Record) -> Valuation:
    decoded = {
        name: None if row[name] is None else msgspec.json.decode(row[name])
        for name in ("computation", "scores")
    }
    return msgspec.convert(dict(row) | decoded, Valuation)
