"""Routes of the audit trail: reading it, for those whose work that is."""

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery

from marketplace.audit import service
from marketplace.audit.schemas import Entry
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn
from marketplace.edge.policies import allow
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

READERS = allow(Role.AUDITOR, Role.REGULATOR, Role.PLATFORM_ADMINISTRATOR, areas=(Area.DECISIONS,))


@get("/v1/audit", opt={"policy": READERS}, summary="Audit trail 审计日志")
async def list_entries(
    reader: Conn,
    position: At,
    subject: FromQuery[str | None] = None,
    subject_id: FromQuery[str | None] = None,
) -> Page[Entry]:
    """Who did what to what, oldest first; of one subject, or of all. Entries are never changed or removed."""
    found = await service.entries(
        reader, after=position.after, rows=position.rows, subject=subject, subject_id=subject_id
    )
    return page_of(found, position, key=lambda entry: entry.id)


routes: list[HTTPRouteHandler] = [list_entries]
