"""Papers of quarters: a bank's return (季度统计表), and the notification of all banks (季度通报)."""

from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from kit.errors import NotFound
from kit.sql import Connection, load_statements
from marketplace.organisations.schemas import Caller
from marketplace.returns import service
from marketplace.returns.schemas import Alert, Content
from settlement import papers
from settlement.paper_bodies import BulletinBody, BulletinRow, QuarterlyBody
from settlement.papers import Paper
from settlement.rules import quarters

_SQL = load_statements("marketplace.returns", "queries.sql")


async def quarterly(conn: Connection, caller: Caller, return_id: UUID, *, now: datetime) -> Paper:
    """The 季度统计表 of a return that was submitted; raises `NotFound` before."""
    found = await service.get(conn, caller, return_id)
    if found.submitted_at is None or found.receipt is None:
        raise NotFound
    ids = [found.organisation_id, *found.recipients]
    names = {row["id"]: row["name"] for row in await conn.fetch(_SQL["names"], ids)}
    content = found.content
    body = QuarterlyBody(
        return_id=return_id,
        bank=names[found.organisation_id],
        quarter=found.quarter,
        due_on=found.due_on,
        submitted_at=found.submitted_at,
        is_late=bool(found.is_late),
        receipt=found.receipt,
        recipients=tuple(names[recipient] for recipient in found.recipients),
        branches=tuple(content.branches),
        tolerance=tuple(content.tolerance),
        figures=msgspec.structs.replace(content.figures, alerts=len(found.alerts)),
    )
    return await papers.issue(
        conn, papers.QUARTERLY, return_id, body, now=now, issued_by=caller.user_id
    )


async def bulletin(conn: Connection, caller: Caller, quarter: str, *, now: datetime) -> Paper:
    """The 季度通报 of a quarter over the banks that the caller's authority oversees, as their returns stand now.

    Where nothing changed, the authority's last one is the answer.
    """
    quarters.span(quarter)
    rows = []
    for row in await conn.fetch(_SQL["submitted"], quarter, caller.organisation_id):
        content = msgspec.json.decode(row["content"], type=Content)
        alerts = msgspec.json.decode(row["alerts"], type=list[Alert])
        rows.append(
            BulletinRow(
                bank=row["name"],
                is_late=row["is_late"],
                ip_opening_fen=sum(branch.ip_opening_fen for branch in content.branches),
                ip_new_fen=sum(branch.ip_new_fen for branch in content.branches),
                ip_balance_fen=sum(branch.ip_balance_fen for branch in content.branches),
                ip_npl_fen=sum(branch.ip_npl_fen for branch in content.branches),
                not_tolerated=sum(not test.is_tolerated for test in content.tolerance),
                figures=msgspec.structs.replace(content.figures, alerts=len(alerts)),
            )
        )
    silent = await conn.fetch(_SQL["silent_banks"], quarter)
    body = BulletinBody(
        quarter=quarter, rows=tuple(rows), missing=tuple(row["name"] for row in silent)
    )
    subject_id = uuid5(NAMESPACE_URL, f"urn:luochui:bulletin:{quarter}:{caller.organisation_id}")
    return await papers.issue(
        conn, papers.BULLETIN, subject_id, body, now=now, issued_by=caller.user_id
    )
