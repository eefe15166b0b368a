"""Issues statements from the books, and shows them to those whose money they tell of.

A bank sees those of its loans and of the sales it consigned, a fund those of its claims, a venue those of its sales,
regulators and auditors all. A bidder sees none: what it bought is in its confirmation.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import NotFound
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.organisations.schemas import SYSTEM_USER_ID, Caller, OrganisationKind
from marketplace.outbox import service as outbox
from marketplace.statements.schemas import Kind, Statement, StatementIssued, StatementSummary
from settlement import rendering, statements
from settlement.statement_bodies import ClearingBody
from settlement.statements import Statement as IssuedStatement

_SQL = load_statements("marketplace.statements", "queries.sql")
_READERS = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})


async def issue(
    conn: Connection, caller: Caller, kind: Kind, subject_id: UUID, *, now: datetime
) -> Statement:
    """Issue a statement as the books stand now; where nothing changed since, the last one is the answer.

    A venue issues those of its sales, a fund those of its claims; `NotFound` for another's.
    """
    own = "is_own_case" if kind == "clearing" else "is_own_sale"
    if not await conn.fetchval(_SQL[own], subject_id, caller.organisation_id):
        raise NotFound
    if kind == "clearing":
        return await issue_clearing(conn, caller, subject_id, now=now)
    return await _issue_for_sale(conn, caller, kind, subject_id, now=now)


async def issue_for_sale(
    conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime
) -> list[Statement]:
    """The settlement statement and the distribution plan of a lot; for rooms and jobs, so ownership is theirs."""
    return [
        await _issue_for_sale(conn, caller, kind, lot_id, now=now)
        for kind in (statements.SETTLEMENT, statements.DISTRIBUTION)
    ]


async def issue_clearing(
    conn: Connection, caller: Caller, case_id: UUID, *, now: datetime
) -> Statement:
    """The clearing statement of a loan; for rooms and jobs, so ownership is theirs."""
    before = await conn.fetchval(_SQL["newest"], case_id, statements.CLEARING)
    issued = await statements.issue_clearing(
        conn,
        case_id,
        now=now,
        names=await _names(conn, "names_of_case", case_id),
        issued_by=caller.user_id,
    )
    return await _noted(conn, caller, issued, before=before, now=now)


async def get(conn: Connection, caller: Caller, statement_id: UUID) -> IssuedStatement:
    """A statement as it was issued; `NotFound` when there is none that the caller may see."""
    found = await conn.fetchval(
        _SQL["visible"], statement_id, _sees_all(caller), caller.organisation_id
    )
    if found is None:
        raise NotFound
    return await statements.get(conn, statement_id)


async def newest(conn: Connection, caller: Caller, subject_id: UUID, *, kind: Kind) -> Statement:
    """The last version of a statement that the caller may see; raises `NotFound`."""
    statement_id = await conn.fetchval(_SQL["newest"], subject_id, kind)
    if statement_id is None:
        raise NotFound
    return shown(await get(conn, caller, statement_id))


async def page(
    conn: Connection,
    caller: Caller,
    *,
    after: UUID | None,
    limit: int,
    subject_id: UUID | None = None,
) -> list[StatementSummary]:
    """Up to `limit` statements that the caller may see, newest first, of one lot or loan or of all, before `after`."""
    rows = await conn.fetch(
        _SQL["page"], after, _sees_all(caller), caller.organisation_id, subject_id, limit
    )
    return [msgspec.convert(dict(row), StatementSummary) for row in rows]


def shown(issued: IssuedStatement) -> Statement:
    """A statement as the API shows it."""
    return Statement(
        id=issued.id,
        kind=msgspec.convert(issued.kind, Kind),
        subject_id=issued.subject_id,
        subject=_subject(issued),
        number=issued.number,
        version=issued.version,
        sha256=issued.sha256.hex(),
        issued_by=issued.issued_by,
        issued_at=issued.issued_at,
        document=issued.document,
    )


def _subject(issued: IssuedStatement) -> str:
    body = issued.document.body
    return body.loan_number if isinstance(body, ClearingBody) else body.lot_title


def printable(issued: IssuedStatement) -> str:
    """The statement as one HTML file for A4, which loads nothing from anywhere."""
    return rendering.html(issued)


def workbook(issued: IssuedStatement) -> bytes:
    """The statement as an XLSX workbook."""
    return rendering.xlsx(issued)


async def _issue_for_sale(
    conn: Connection, caller: Caller, kind: str, lot_id: UUID, *, now: datetime
) -> Statement:
    before = await conn.fetchval(_SQL["newest"], lot_id, kind)
    make = (
        statements.issue_settlement
        if kind == statements.SETTLEMENT
        else statements.issue_distribution
    )
    issued = await make(
        conn,
        lot_id,
        now=now,
        lot_title=await conn.fetchval(_SQL["lot_title"], lot_id) or "",
        names=await _names(conn, "names_of_sale", lot_id),
        issued_by=caller.user_id,
    )
    return await _noted(conn, caller, issued, before=before, now=now)


async def _names(conn: Connection, query: str, subject_id: UUID) -> dict[UUID, str]:
    return {row["id"]: row["name"] for row in await conn.fetch(_SQL[query], subject_id)}


async def _noted(
    conn: Connection,
    caller: Caller,
    issued: IssuedStatement,
    *,
    before: UUID | None,
    now: datetime,
) -> Statement:
    """Note a new statement; one that was there already changes nothing."""
    statement = shown(issued)
    if statement.id == before:
        return statement
    await audit.record(
        conn,
        caller,
        now=now,
        action="statement_issued",
        subject="statement",
        subject_id=statement.id,
        after={
            "kind": statement.kind,
            "subject_id": statement.subject_id,
            "number": statement.number,
            "version": statement.version,
            "sha256": statement.sha256,
        },
    )
    event = StatementIssued(
        statement_id=statement.id,
        kind=statement.kind,
        subject_id=statement.subject_id,
        number=statement.number,
        sha256=statement.sha256,
    )
    await outbox.add(conn, event, now=now)
    return statement


def _sees_all(caller: Caller) -> bool:
    return caller.organisation_kind in _READERS or caller.user_id == SYSTEM_USER_ID
