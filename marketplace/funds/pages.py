"""The page of a compensation fund (补偿资金): balance, exposure, what is free to promise, unreturned money by age."""

from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from marketplace.claim_ends import service as claim_ends
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.funds import service
from marketplace.organisations.schemas import Role
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of


@get("/fund", opt={POLICY: allow(Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER)}, **PAGE)
async def fund_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now
) -> Response[str]:
    """Where my fund stands, and what should have come back to it by how late it is."""
    return page(
        "fund.html",
        visitor=visitor_of(request),
        here="/fund",
        fund=await service.get(reader, caller, caller.organisation_id),
        ageing=await claim_ends.unreturned(reader, caller, caller.organisation_id, now=now),
    )


routes: list[HTTPRouteHandler] = [fund_page]
