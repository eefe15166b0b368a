"""The pages of concentrated auctions (专场)."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Visitor
from marketplace.edge.policies import POLICY, public
from marketplace.pages import route_words
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of
from marketplace.sessions import service


@get("/auction-sessions", opt={POLICY: public()}, **PAGE)
async def sessions_page(
    request: Request[Any, Any, Any], reader: Conn, visitor: Visitor, position: At
) -> Response[str]:
    """What is published, newest first."""
    found = await service.page(reader, visitor, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda session: session.id)
    return page(
        "sessions.html",
        visitor=visitor_of(request),
        here="/auction-sessions",
        names=route_words,
        sessions=listed.items,
        next_cursor=listed.next_cursor,
    )


@get("/auction-sessions/{session_id:uuid}", opt={POLICY: public()}, **PAGE)
async def session_page(
    request: Request[Any, Any, Any], reader: Conn, visitor: Visitor, session_id: FromPath[UUID]
) -> Response[str]:
    """One session with its lots, in the order in which they close."""
    return page(
        "session.html",
        visitor=visitor_of(request),
        here="",
        names=route_words,
        session=await service.get(reader, visitor, session_id),
    )


routes: list[HTTPRouteHandler] = [sessions_page, session_page]
