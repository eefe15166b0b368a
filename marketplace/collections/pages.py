"""The page of a call for offers (收储): its rounds, the offers by paddle, the bank's answer."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.collections import service
from marketplace.edge.dependencies import Conn, Me
from marketplace.edge.policies import POLICY, allow
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Role
from marketplace.pages import route_words
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of

_READERS: Final = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.AGENCY_BIDDER,
)


@get("/lots/{lot_id:uuid}/call", opt={POLICY: _READERS}, **PAGE)
async def call_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, lot_id: FromPath[UUID]
) -> Response[str]:
    """A call for offers, for its sides and for who may offer; a sealed amount is shown once its maker opened it."""
    call = await service.get(reader, caller, lot_id)
    return page(
        "call.html",
        visitor=visitor_of(request),
        here="",
        names=route_words,
        lot=await lots.public(reader, lot_id),
        call=call,
    )


routes: list[HTTPRouteHandler] = [call_page]
