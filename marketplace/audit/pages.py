"""The page of the audit trail (审计日志): who did what to what, when and why, each entry at its place in its chain."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery

from marketplace.approvals import service as approvals
from marketplace.audit import service
from marketplace.audit.http import READERS
from marketplace.audit.words import SUBJECTS, said_of
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn
from marketplace.edge.policies import POLICY
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of


@get("/audit", opt={POLICY: READERS}, **PAGE)
async def audit_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    position: At,
    subject: FromQuery[str | None] = None,
    subject_id: FromQuery[str | None] = None,
) -> Response[str]:
    """Entries newest first; of one kind of thing, or of one thing, with the hashes that chain them."""
    found = await service.newest(
        reader,
        before=position.after,
        rows=position.rows,
        subject=subject or None,
        subject_id=subject_id or None,
    )
    listed = page_of(found, position, key=lambda entry: entry.id)
    people = {id for entry in listed.items for id in (entry.user_id, entry.organisation_id)}
    about = {UUID(entry.subject_id) for entry in listed.items if _is_id(entry.subject_id)}
    return page(
        "audit.html",
        visitor=visitor_of(request),
        here="/audit",
        entries=listed.items,
        next_cursor=listed.next_cursor,
        names=await approvals.names(reader, people | about),
        named=lambda id: UUID(id) if _is_id(id) else None,
        subjects=SUBJECTS,
        said_of=said_of,
        raw=lambda value: msgspec.json.encode(value).decode(),
        chosen=subject or "",
        chosen_id=subject_id or "",
    )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


routes: list[HTTPRouteHandler] = [audit_page]
