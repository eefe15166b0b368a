"""The page of consignments (委托与合规审查): how far each is, and the gravest thing that the rules found."""

from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from marketplace.consignments import service
from marketplace.diligence import service as diligence
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of

_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)


@get("/consignments", opt={POLICY: _READERS}, **PAGE)
async def consignments_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The consignments that I may see, oldest first, each with the outcome of its last examination."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "consignments.html",
        visitor=visitor_of(request),
        here="/consignments",
        consignments=listed.items,
        outcomes=await diligence.outcomes_of(reader, [one.id for one in listed.items]),
        next_cursor=listed.next_cursor,
    )


routes: list[HTTPRouteHandler] = [consignments_page]
