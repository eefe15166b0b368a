"""Papers (单据) beside the three statements: issued from the books, numbered by kind, hashed and never changed.

A paper that would say the same as the last one of its subject is that one; otherwise it is the next version.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement.documents import canonical, read
from settlement.paper_bodies import PaperBody

_SQL = load_statements("settlement", "sql/papers.sql")
ROYALTY, APPLICATION, REVIEW = "royalty", "application", "review"
PAYOUT_NOTICE, RECOVERY_ADVICE = "payout_notice", "recovery_advice"
PROGRESS, QUARTERLY, BULLETIN = "progress", "quarterly", "bulletin"
TITLES: Mapping[str, tuple[str, str, str]] = {
    ROYALTY: ("Licence fee statement", "许可费结算单", "XK"),
    APPLICATION: ("Application for compensation", "风险补偿申请书", "SQ"),
    REVIEW: ("Review of a claim", "风险补偿审核表", "SH"),
    PAYOUT_NOTICE: ("Payout notice", "代偿通知", "DC"),
    RECOVERY_ADVICE: ("Recovery advice", "追偿分配通知", "FP"),
    PROGRESS: ("Progress of recovery", "追偿进展表", "ZC"),
    QUARTERLY: ("Quarterly return", "季度统计表", "TJ"),
    BULLETIN: ("Quarterly notification", "季度通报", "TB"),
}


class PaperDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON document that is stored and hashed; money is in fen, times are UTC."""

    number: str
    version: int
    title: str
    title_zh: str
    issued_at: datetime
    currency: str
    reason: str = ""
    reason_zh: str = ""
    body: PaperBody


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """An issued paper: the document, its exact bytes and their SHA-256."""

    id: UUID
    kind: str
    subject_id: UUID
    number: str
    version: int
    document: PaperDocument
    content: bytes
    sha256: bytes
    issued_by: UUID | None
    issued_at: datetime


async def issue(
    conn: Connection,
    kind: str,
    subject_id: UUID,
    body: PaperBody,
    *,
    now: datetime,
    issued_by: UUID | None = None,
) -> Paper:
    """Issue a paper, or answer with the last one when it says the same."""
    await conn.execute(_SQL["lock_kind"], kind)
    latest = await conn.fetchrow(_SQL["latest"], kind, subject_id)
    version = 1
    if latest is not None:
        paper = _paper(latest)
        if canonical(paper.document.body) == canonical(body):
            return paper
        version = paper.version + 1
    title, title_zh, prefix = TITLES[kind]
    serial = await conn.fetchval(_SQL["next_serial"], kind)
    document = PaperDocument(
        number=f"{prefix}{now.astimezone(CHINA):%Y%m%d}-{serial:06d}",
        version=version,
        title=title,
        title_zh=title_zh,
        issued_at=now,
        currency="CNY",
        body=body,
    )
    paper_id = uuid7(now)
    await conn.execute(
        _SQL["insert_paper"],
        *(paper_id, kind, subject_id, version, serial, document.number),
        *(canonical(document), issued_by, now),
    )
    return await get(conn, paper_id)


async def get(conn: Connection, paper_id: UUID) -> Paper:
    """A paper as it was issued; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["paper"], paper_id)
    if row is None:
        raise NotFound
    return _paper(row)


async def newest(conn: Connection, kind: str, subject_id: UUID) -> Paper:
    """The last version of a paper; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["latest"], kind, subject_id)
    if row is None:
        raise NotFound
    return _paper(row)


def _paper(row: asyncpg.Record) -> Paper:
    fields = dict(row)
    content = fields.pop("document")
    return Paper(**fields, content=content, document=read(content, PaperDocument))
