"""The pages of offers of licences (二次许可)."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me
from marketplace.edge.policies import POLICY, signed_in
from marketplace.licence_offers import service
from marketplace.pages import route_words
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of


@get("/licence-offers", opt={POLICY: signed_in()}, **PAGE)
async def licence_offers_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """What is offered, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda offer: offer.id)
    return page(
        "licence_offers.html",
        visitor=visitor_of(request),
        here="/licence-offers",
        names=route_words,
        rows=[(offer, offer.terms) for offer in listed.items],
        next_cursor=listed.next_cursor,
    )


@get("/licence-offers/{offer_id:uuid}", opt={POLICY: signed_in()}, **PAGE)
async def licence_offer_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, offer_id: FromPath[UUID]
) -> Response[str]:
    """One offer: what is licensed, for how much, and the applications that I may see."""
    offer = await service.get(reader, caller, offer_id)
    return page(
        "licence_offer.html",
        visitor=visitor_of(request),
        here="",
        names=route_words,
        offer=offer,
        terms=offer.terms,
    )


routes: list[HTTPRouteHandler] = [licence_offers_page, licence_offer_page]
