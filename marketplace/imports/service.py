"""Imports a portfolio file: all of it or nothing, once, with every finding told."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any, TypeAlias, TypeVar, cast
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, Forbidden, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.cases import service as cases
from marketplace.imports.cells import Reading
from marketplace.imports.checking import checked, named
from marketplace.imports.events import PortfolioImported, PortfolioRefused
from marketplace.imports.layout import LOANS, PLEDGES, VALUATIONS
from marketplace.imports.portfolio import Known, Portfolio, Reference, Rows, named_numbers, rows_of
from marketplace.imports.reading import read
from marketplace.imports.schemas import Counts, Finding, Import, ImportState, JobState, Line, Report
from marketplace.imports.template import marked_bytes
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from marketplace.outbox.service import add as tell
from marketplace.pledges import service as pledges
from marketplace.pledges.schemas import NewPledge
from marketplace.valuations import limits
from marketplace.valuations import service as valuations
from marketplace.valuations.schemas import NewValuation

_SQL = load_statements("marketplace.imports", "queries.sql")
_PART_ROWS = 5_000
Progress: TypeAlias = Callable[[JobState, int, int], Awaitable[None]]
T = TypeVar("T")


async def import_file(
    conn: Connection,
    caller: Caller,
    content: bytes,
    *,
    file_name: str,
    now: datetime,
    reading: Reading | None = None,
    progress: Progress | None = None,
) -> Import:
    """Enter a portfolio workbook of the caller's bank, in the caller's transaction.

    A file with findings is kept as refused, and nothing of it is entered; the same file again after a complete
    import gives that import back (`is_repeat`) and changes nothing. Raises `ImportFileRefused` for a file that is
    no portfolio workbook at all. `reading` is what the file holds, if it was read before `conn` was taken.
    """
    digest = hashlib.sha256(content).digest()
    if (earlier := await _completed(conn, caller, digest)) is not None:
        return earlier
    read_file = await read(content) if reading is None else reading
    tell_how_far = progress or _tell_nobody
    sheets = read_file.sheets.values()
    await tell_how_far(JobState.CHECKING, 0, sum(max(len(each) - 1, 0) for each in sheets))
    rows = await asyncio.to_thread(rows_of, read_file)
    await conn.execute(_SQL["lock_imports"], str(caller.organisation_id))
    if (earlier := await _completed(conn, caller, digest)) is not None:
        return earlier
    portfolio, findings = await asyncio.to_thread(checked, rows, await _known(conn, caller, rows))
    done = Import(
        id=uuid7(now),
        organisation_id=caller.organisation_id,
        file_name=plain_name(file_name),
        sha256=digest.hex(),
        state=ImportState.REFUSED if findings else ImportState.COMPLETED,
        counts=_counts(rows),
        findings=tuple(findings),
        created_by=caller.user_id,
        created_at=now,
    )
    await conn.execute(_SQL["insert"], *_columns(done, content))
    if not findings:
        try:
            await _enter(
                conn, caller, portfolio, import_id=done.id, now=now, tell_how_far=tell_how_far
            )
        except asyncpg.UniqueViolationError as error:
            raise Conflict(
                "something in the file was entered by another request meanwhile; import the file again",
                "文件中的内容刚被其他请求登记，请重新导入",
            ) from error
    await _record(conn, caller, done, now=now)
    return done


async def get(conn: Connection, caller: Caller, import_id: UUID) -> Import:
    """One import of the caller's bank (regulators and auditors see all), or `NotFound`."""
    row = await conn.fetchrow(_SQL["by_id"], import_id, _owner(caller))
    if row is None:
        raise NotFound(f"import {import_id}: no such import", f"导入 {import_id} 不存在")
    return _from_row(row)


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Import]:
    """Up to `limit` imports that the caller may see, with ids after `after`."""
    rows = await conn.fetch(_SQL["page"], after, _owner(caller), limit)
    return [_from_row(row) for row in rows]


async def newest(
    conn: Connection, caller: Caller, *, before: UUID | None, limit: int
) -> list[Line]:
    """Up to `limit` imports that the caller may see, the newest first, with ids before `before`."""
    rows = await conn.fetch(_SQL["newest"], before, _owner(caller), limit)
    return [
        msgspec.convert(dict(row) | {"counts": msgspec.json.decode(row["counts"])}, Line)
        for row in rows
    ]


async def report(
    conn: Connection, caller: Caller, import_id: UUID, *, shown: int, kinds: int
) -> Report:
    """One import that the caller may see, with its first `shown` findings and most frequent kinds, or `NotFound`."""
    row = await conn.fetchrow(_SQL["report"], import_id, _owner(caller), shown)
    if row is None:
        raise NotFound(f"import {import_id}: no such import", f"导入 {import_id} 不存在")
    decoded = {name: msgspec.json.decode(row[name]) for name in ("counts", "findings")}
    found = await conn.fetch(_SQL["kinds_of_findings"], import_id, kinds)
    return msgspec.convert(dict(row) | decoded | {"kinds": [dict(each) for each in found]}, Report)


async def marked(conn: Connection, caller: Caller, import_id: UUID) -> bytes:
    """The file that was handed in, as a workbook with each wrong cell marked and all findings listed."""
    content, findings = await refused_file(conn, caller, import_id)
    return await marked_report(await read(content), findings)


async def refused_file(
    conn: Connection, caller: Caller, import_id: UUID
) -> tuple[bytes, tuple[Finding, ...]]:
    """The file that was handed in, and what was found wrong with it."""
    done = await get(conn, caller, import_id)
    return await conn.fetchval(_SQL["content"], import_id), done.findings


async def marked_report(reading: Reading, findings: tuple[Finding, ...]) -> bytes:
    """The workbook that was read, with each wrong cell marked and all findings listed."""
    texts = {
        title: [[cell.text for cell in row] for row in rows]
        for title, rows in reading.sheets.items()
    }
    return await asyncio.to_thread(marked_bytes, texts, findings)


async def maker(conn: Connection, username: str) -> Caller:
    """The bank's maker of this name, for whom the command line imports; `Forbidden` for anybody else."""
    row = await conn.fetchrow(_SQL["maker_by_username"], username)
    if row is None or Role.BANK_MAKER not in row["roles"]:
        raise Forbidden(
            f"{username} is no active maker of a bank; only makers import",
            f"{username} 不是有效的银行经办人，不能导入",
        )
    return Caller(
        user_id=row["id"],
        organisation_id=row["organisation_id"],
        organisation_kind=OrganisationKind(row["kind"]),
        roles=frozenset(map(Role, row["roles"])),
        display_name=row["display_name"],
    )


async def _completed(conn: Connection, caller: Caller, digest: bytes) -> Import | None:
    row = await conn.fetchrow(_SQL["completed"], caller.organisation_id, digest)
    return None if row is None else msgspec.structs.replace(_from_row(row), is_repeat=True)


async def _known(conn: Connection, caller: Caller, rows: Rows) -> Known:
    """What is on record of everything that the file names."""
    contracts = named(rows, LOANS.title, "contract_number") | named(
        rows, PLEDGES.title, "contract_number"
    )
    found = await assets.known(conn, caller, named_numbers(rows))
    return Known(
        contracts=await cases.known(conn, caller, contracts),
        assets=found,
        pledged=await pledges.pledged_among(conn, found.values()),
        registrations=await pledges.known(
            conn, caller, named(rows, PLEDGES.title, "registration_number")
        ),
        reports=await valuations.known(
            conn, caller, named(rows, VALUATIONS.title, "report_number")
        ),
        loans=await valuations.largest_loans(conn, found.values()),
        limits=await limits.widened(conn, caller.organisation_id, contracts),
    )


async def _tell_nobody(state: JobState, done: int, total: int) -> None:
    """For an import that is done within its request."""


async def _enter(
    conn: Connection,
    caller: Caller,
    portfolio: Portfolio,
    *,
    import_id: UUID,
    now: datetime,
    tell_how_far: Progress,
) -> None:
    """Everything into its room, rights before what refers to them; told how far it is after every few thousand rows."""
    total = sum(len(getattr(portfolio, name)) for name in portfolio.__struct_fields__)
    await tell_how_far(JobState.ENTERING, 0, total)
    loans, rights = [], []
    for loan_part in _parts(portfolio.loans):
        loans += await cases.register_all(conn, caller, loan_part, now=now, import_id=import_id)
        await tell_how_far(JobState.ENTERING, len(loans), total)
    for right_part in _parts(portfolio.rights):
        rights += await assets.register_all(conn, caller, right_part, now=now, import_id=import_id)
        await tell_how_far(JobState.ENTERING, len(loans) + len(rights), total)
    names = [row.contract_number for row in portfolio.pledges]
    case_ids = {
        number: found[0] for number, found in (await cases.known(conn, caller, names)).items()
    }
    case_ids |= {case.contract_number: case.id for case in loans}

    def ids(references: tuple[Reference, ...]) -> tuple[UUID, ...]:
        return tuple(
            rights[reference.index].id
            if reference.index is not None
            else cast("UUID", reference.asset_id)
            for reference in references
        )

    new_pledges = [
        NewPledge(
            case_id=case_ids[row.contract_number],
            asset_ids=ids(row.rights),
            **cast("dict[str, Any]", row.fields),
        )
        for row in portfolio.pledges
    ]
    new_valuations = [
        NewValuation(asset_ids=ids(row.rights), **cast("dict[str, Any]", row.fields))
        for row in portfolio.valuations
    ]
    await pledges.register_all(conn, caller, new_pledges, now=now, import_id=import_id)
    await valuations.register_all(conn, caller, new_valuations, now=now, import_id=import_id)


async def _record(conn: Connection, caller: Caller, done: Import, *, now: datetime) -> None:
    await record(
        conn,
        caller,
        now=now,
        action=f"import_{done.state}",
        subject="import",
        subject_id=done.id,
        after={
            "file_name": done.file_name,
            "sha256": done.sha256,
            "counts": done.counts,
            "findings": len(done.findings),
        },
    )
    is_entered = done.state is ImportState.COMPLETED
    kind = PortfolioImported if is_entered else PortfolioRefused
    await tell(conn, kind(import_id=done.id, organisation_id=done.organisation_id), now=now)


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _PART_ROWS):
        yield items[start : start + _PART_ROWS]


def _counts(rows: Rows) -> Counts:
    loans, pledged, rights, valued = (len(found) for found in rows.by_sheet.values())
    return Counts(loans=loans, pledges=pledged, assets=rights, valuations=valued)


def plain_name(file_name: str) -> str:
    """The last part of a file's name, printable, at most 120 characters."""
    name = PurePath(file_name.replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable())[:120] or "portfolio.xlsx"


def _owner(caller: Caller) -> UUID | None:
    """Whose imports the caller may see: a file is seen by its bank and by those who read everything."""
    seen = visibility_of(caller)
    return seen.owner_id or seen.venue_id


def _columns(done: Import, content: bytes) -> tuple[object, ...]:
    return (
        done.id,
        done.organisation_id,
        done.file_name,
        bytes.fromhex(done.sha256),
        content,
        done.state,
        msgspec.json.encode(done.counts).decode(),
        msgspec.json.encode(done.findings).decode(),
        done.created_by,
        done.created_at,
    )


def _from_row(row: asyncpg.Record) -> Import:
    decoded = {name: msgspec.json.decode(row[name]) for name in ("counts", "findings")}
    return msgspec.convert(dict(row) | decoded, Import)
