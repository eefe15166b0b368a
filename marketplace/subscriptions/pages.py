"""The page of kept searches (检索订阅): what is looked for, what was found."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, signed_in
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.subscriptions import service
from marketplace.subscriptions.schemas import SubscriptionIn

_STEPS = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/subscriptions", opt={POLICY: signed_in()}, **PAGE)
async def subscriptions_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The kept searches of my organisation, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "subscriptions.html",
        visitor=visitor_of(request),
        here="/subscriptions",
        subscriptions=listed.items,
        next_cursor=listed.next_cursor,
    )


@post("/subscriptions", opt={POLICY: signed_in()}, **_STEPS)
async def keep_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Redirect:
    """Keep a search; without a name it is called by its words."""
    fields = await form_of(request)
    fields["name"] = fields.get("name", "").strip() or fields.get("query", "")
    made = await service.keep(conn, caller, given(fields, SubscriptionIn), now=now)
    return Redirect(f"/subscriptions/{made.id}", status_code=303)


@get("/subscriptions/{subscription_id:uuid}", opt={POLICY: signed_in()}, **PAGE)
async def subscription_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, subscription_id: FromPath[UUID]
) -> Response[str]:
    """One kept search and the lots that it found, newest first, a hundred at most."""
    return page(
        "subscription.html",
        visitor=visitor_of(request),
        here="/subscriptions",
        subscription=await service.get(reader, caller, subscription_id),
        hits=await service.hits(reader, caller, subscription_id),
    )


@post("/subscriptions/{subscription_id:uuid}/end", opt={POLICY: signed_in()}, **_STEPS)
async def end_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    subscription_id: FromPath[UUID],
) -> Redirect:
    """Keep it no longer."""
    await form_of(request)
    await service.end(conn, caller, subscription_id, now=now)
    return Redirect("/subscriptions", status_code=303)


routes: list[HTTPRouteHandler] = [
    subscriptions_page,
    keep_by_form,
    subscription_page,
    end_by_form,
]
