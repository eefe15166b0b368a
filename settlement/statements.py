"""Statements (结算单, 分配方案, 清算单): issued from the database, numbered, hashed and never changed.

A statement that would say the same as the last one of its subject is that one; otherwise it is the next version, which
says why it was issued. Each kind counts by itself.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement.documents import canonical, read
from settlement.statement_bodies import (
    Body,
    clearing_body,
    distribution_body,
    settlement_body,
)
from settlement.statement_reasons import FIRST, reason_between

_SQL = load_statements("settlement", "sql/statements.sql")
SETTLEMENT, DISTRIBUTION, CLEARING = "settlement", "distribution", "clearing"
TITLES = {
    SETTLEMENT: ("Settlement statement", "结算单", "JS"),
    DISTRIBUTION: ("Distribution plan", "分配方案", "FP"),
    CLEARING: ("Clearing statement", "清算单", "QS"),
}
_NO_NAMES: Mapping[UUID, str] = {}

_before_issue = register("settlement.statements.before_issue")
_after_issue = register("settlement.statements.after_issue")


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON document that is stored and hashed; money is in fen, times are UTC.

    `reason` says why this version was issued; it is empty in documents of before there were reasons.
    """

    number: str
    version: int
    title: str
    title_zh: str
    issued_at: datetime
    currency: str
    reason: str = ""
    reason_zh: str = ""
    body: Body


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """An issued statement: the document, its exact bytes and their SHA-256."""

    id: UUID
    kind: str
    subject_id: UUID
    number: str
    version: int
    document: Document
    content: bytes
    sha256: bytes
    issued_by: UUID | None
    issued_at: datetime


async def issue_settlement(
    conn: Connection,
    lot_id: UUID,
    *,
    now: datetime,
    lot_title: str = "",
    names: Mapping[UUID, str] = _NO_NAMES,
    issued_by: UUID | None = None,
) -> Statement:
    """Issue the 结算单 of a lot as it stands."""
    body = await settlement_body(conn, lot_id, lot_title=lot_title, names=names)
    return await _issue(conn, SETTLEMENT, lot_id, body, issued_by=issued_by, now=now)


async def issue_distribution(
    conn: Connection,
    lot_id: UUID,
    *,
    now: datetime,
    lot_title: str = "",
    names: Mapping[UUID, str] = _NO_NAMES,
    issued_by: UUID | None = None,
) -> Statement:
    """Issue the standing 分配方案 of a lot."""
    body = await distribution_body(conn, lot_id, lot_title=lot_title, names=names)
    return await _issue(conn, DISTRIBUTION, lot_id, body, issued_by=issued_by, now=now)


async def issue_clearing(
    conn: Connection,
    case_id: UUID,
    *,
    now: datetime,
    names: Mapping[UUID, str] = _NO_NAMES,
    issued_by: UUID | None = None,
) -> Statement:
    """Issue the 清算单 of a case as it stands."""
    body = await clearing_body(conn, case_id, names=names)
    return await _issue(conn, CLEARING, case_id, body, issued_by=issued_by, now=now)


async def get(conn: Connection, statement_id: UUID) -> Statement:
    """A statement as it was issued; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["statement"], statement_id)
    if row is None:
        raise NotFound
    return _statement(row)


async def of_subject(conn: Connection, subject_id: UUID) -> list[Statement]:
    """Every statement of a lot or a case, by kind and version."""
    return [_statement(row) for row in await conn.fetch(_SQL["by_subject"], subject_id)]


async def _issue(
    conn: Connection,
    kind: str,
    subject_id: UUID,
    body: Body,
    *,
    issued_by: UUID | None,
    now: datetime,
) -> Statement:
    await conn.execute(_SQL["lock_subject"], kind, subject_id)
    latest = await conn.fetchrow(_SQL["latest"], kind, subject_id)
    version, reason = 1, FIRST
    if latest is not None:
        statement = _statement(latest)
        if canonical(statement.document.body) == canonical(body):
            return statement
        version = statement.version + 1
        reason = reason_between(statement.document.body, body)
    title, title_zh, prefix = TITLES[kind]
    serial = await conn.fetchval(_SQL["next_number"], kind)
    document = Document(
        number=f"{prefix}{now.astimezone(CHINA):%Y%m%d}-{serial:06d}",
        version=version,
        title=title,
        title_zh=title_zh,
        issued_at=now,
        currency="CNY",
        reason=reason.en,
        reason_zh=reason.zh,
        body=body,
    )
    statement_id = uuid7(now)
    _before_issue()
    await conn.execute(
        _SQL["insert_statement"],
        *(statement_id, kind, subject_id, version, document.number),
        *(canonical(document), issued_by, now),
    )
    _after_issue()
    return await get(conn, statement_id)


def _statement(row: asyncpg.Record) -> Statement:
    fields = dict(row)
    content = fields.pop("document")
    return Statement(**fields, content=content, document=read(content, Document))
